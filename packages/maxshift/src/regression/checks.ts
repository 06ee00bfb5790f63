/**
 * Checks of the arguments of softmax regression, with their messages; the general ones are in check.ts.
 */
import type { FloatArray } from '../arrays.ts'
import { describe, isIntegerArray } from '../check.ts'
import type { Features } from '../kernels/kernels.ts'
import { checkWeights, isFloatArray } from '../loss/checks.ts'
import type { Numbers } from '../loss/options.ts'
import { GRID_TERMS } from '../special/grid.ts'
import { checkCsrEntries, checkCsrKind, isRecord } from './csr.ts'
import { type CsrFeatures, isSparse } from './data.ts'
import type { EncodedLabels, Labels } from './labels.ts'

/** The kind of features, and of the parts of sparse ones. */
export function checkFeatureKind(who: string, features: unknown): Features | CsrFeatures {
  if (features instanceof Float32Array || features instanceof Float64Array || features instanceof Uint8Array) {
    return features
  }
  if (isRecord(features)) return checkCsrKind(who, features)
  const expected = 'a Float32Array, a Float64Array, a Uint8Array or { indptr, indices, values, columns }'
  throw new TypeError(`${who}: expected features to be ${expected}, got ${describe(features)}`)
}

/** The same where sparse features have no place. */
export function checkDenseKind(who: string, given: unknown): Features {
  const features = checkFeatureKind(who, given)
  if (!isSparse(features)) return features
  throw new TypeError(`${who}: expected features with all their zeros, got sparse features`)
}

/** The kind of labels; what they hold is checked where they are read. */
export function checkLabelKind(who: string, labels: unknown, also: string = ''): Labels {
  if (Array.isArray(labels) || isIntegerArray(labels)) return labels
  const expected = `a string[], a number[]${also === '' ? ' or' : ','} an integer array${also}`
  throw new TypeError(`${who}: expected labels to be ${expected}, got ${describe(labels)}`)
}

/** Features per row, from the number of labels, at least 1. */
export function checkFeatureCount(who: string, features: Features | CsrFeatures, rows: number): number {
  if (isSparse(features)) {
    if (features.indptr.length - 1 === rows) return features.columns
    const found = `${features.indptr.length} offsets and ${rows} labels`
    throw new RangeError(`${who}: expected one offset more in features.indptr than there are labels, got ${found}`)
  }
  if (features.length === 0) throw new RangeError(`${who}: expected at least one feature per row, got none`)
  if (features.length % rows !== 0) {
    throw new RangeError(
      `${who}: expected the length of features to be a multiple of the number of labels, got ${features.length} features ` +
        `and ${rows} labels`,
    )
  }
  return features.length / rows
}

/** Rows of features for a model of `featureCount` features. */
export function checkRowCount(who: string, features: Features | CsrFeatures, featureCount: number): number {
  if (isSparse(features)) {
    if (features.columns === featureCount) return features.indptr.length - 1
    const found = `features.columns ${features.columns}`
    throw new RangeError(
      `${who}: expected rows of ${featureCount} features, as the model was fitted with, got ${found}`,
    )
  }
  if (features.length % featureCount === 0) return features.length / featureCount
  throw new RangeError(
    `${who}: expected rows of ${featureCount} features, as the model was fitted with, got ${features.length} features in all`,
  )
}

/** One label per row of a model of `featureCount` features. */
export function checkLabelCount(who: string, rows: number, labels: Labels): void {
  if (rows === 0) throw new RangeError(`${who}: expected at least one row, got none`)
  if (labels.length !== rows) {
    throw new RangeError(`${who}: expected one label per row, ${rows} in all, got ${labels.length}`)
  }
}

/** One weight per row, not all 0, if they are given. */
export function checkSampleWeights(who: string, rows: number, given: Numbers | undefined): Float64Array | undefined {
  const weights = checkWeights(who, 'sampleWeights', given, 'row', rows) ?? undefined
  if (weights?.every((weight) => weight === 0)) {
    throw new RangeError(`${who}: expected sampleWeights with a sum above 0, got 0 for each of ${rows} rows`)
  }
  return weights
}

/** A model needs two classes to tell apart; more than the row kernels add up exactly cannot be served. */
export function checkClassCount(who: string, classNames: readonly (string | number)[]): void {
  if (classNames.length === 0) throw new RangeError(`${who}: expected at least two classes, got none`)
  if (classNames.length < 2) {
    throw new RangeError(`${who}: expected labels of at least two classes, got only ${describe(classNames[0])}`)
  }
  if (classNames.length > GRID_TERMS) {
    throw new RangeError(`${who}: expected labels of at most ${GRID_TERMS} classes, got ${classNames.length}`)
  }
}

/** An AbortSignal, if one is given. */
export function checkSignal(who: string, signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new TypeError(`${who}: expected signal to be an AbortSignal, got ${describe(signal)}`)
}

const SUSPECT_BLOCK = 4096

/** Finite numbers only, and sparse ones in their places. */
export function checkFinite(who: string, features: Features | CsrFeatures, featureCount: number): void {
  if (isSparse(features)) {
    checkCsrEntries(who, features)
    return
  }
  if (features instanceof Uint8Array) return
  for (let i = firstSuspect(features); i < features.length; i++) {
    if (features[i] - features[i] !== 0) {
      const place = `row ${Math.floor(i / featureCount)}, column ${i % featureCount}`
      throw new RangeError(`${who}: expected features to be finite, got ${features[i]} at ${place}`)
    }
  }
}

/**
 * No number before this place is NaN or ±∞; without any it is at most three places from the end. x − x is 0 for every finite number and
 * NaN for the others; four sums do not wait for each other.
 */
function firstSuspect(numbers: FloatArray): number {
  const whole = numbers.length - (numbers.length % 4)
  for (let begin = 0; begin < whole; begin += SUSPECT_BLOCK) {
    const end = Math.min(whole, begin + SUSPECT_BLOCK)
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let i = begin; i < end; i += 4) {
      a += numbers[i] - numbers[i]
      b += numbers[i + 1] - numbers[i + 1]
      c += numbers[i + 2] - numbers[i + 2]
      d += numbers[i + 3] - numbers[i + 3]
    }
    if (a + b + c + d !== 0) return begin
  }
  return whole
}

/** A finite number in [low, high]. */
export function checkNumber(who: string, name: string, value: unknown, low: number, high: number): number {
  const range = high === Number.MAX_VALUE ? `a finite number of at least ${low}` : `a number in [${low}, ${high}]`
  if (typeof value !== 'number') throw new TypeError(`${who}: expected ${name} to be ${range}, got ${describe(value)}`)
  if (value >= low && value <= high) return value
  throw new RangeError(`${who}: expected ${name} to be ${range}, got ${value}`)
}

/** Finite numbers, rows × classes. */
export function checkOffset(
  who: string,
  offset: FloatArray | undefined,
  { rows, classNames }: Pick<EncodedLabels, 'rows' | 'classNames'>,
): FloatArray | undefined {
  if (offset === undefined) return undefined
  if (!isFloatArray(offset)) {
    throw new TypeError(`${who}: expected offset to be a Float32Array or a Float64Array, got ${describe(offset)}`)
  }
  const classes = classNames.length
  if (offset.length !== rows * classes) {
    throw new RangeError(
      `${who}: expected offset for ${rows} rows × ${classes} classes, ${rows * classes} in all, got ${offset.length}`,
    )
  }
  const bad = offset.findIndex((value) => !Number.isFinite(value))
  if (bad < 0) return offset
  const place = `row ${Math.floor(bad / classes)}, class ${describe(classNames[bad % classes])}`
  throw new RangeError(`${who}: expected offset to be finite, got ${offset[bad]} at ${place}`)
}
