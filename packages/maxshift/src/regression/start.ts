/**
 * Where a fit begins: at weights of the caller, or at 0.
 */
import type { FloatArray } from '../arrays.ts'
import { describe } from '../check.ts'
import type { Label } from './labels.ts'

/** Weights to start from: a model, or the two arrays of one. */
export interface WarmStart {
  /** classes × features, for features as they are. */
  readonly weights: FloatArray
  /** One per class. */
  readonly intercepts: FloatArray
  /** If they are there, they must be those of the labels. */
  readonly classNames?: readonly Label[]
}

export interface Start {
  readonly weights: Float64Array
  readonly intercepts: Float64Array
}

/** Copies of finite weights and intercepts for these classes, features and settings. */
export function checkWarmStart(
  who: string,
  given: WarmStart,
  classNames: readonly Label[],
  featureCount: number,
  intercept: boolean,
): Start {
  if (typeof given !== 'object' || given === null || !('weights' in given && 'intercepts' in given)) {
    throw new TypeError(`${who}: expected warmStart to be a model or { weights, intercepts }, got ${describe(given)}`)
  }
  const classes = classNames.length
  checkClassNames(who, given.classNames, classNames)
  const weights = checkNumbers(
    who,
    'weights',
    given.weights,
    `${classes} classes × ${featureCount} features`,
    classes * featureCount,
  )
  const intercepts = checkNumbers(who, 'intercepts', given.intercepts, `${classes} classes`, classes)
  const first = intercepts.findIndex((value) => value !== 0)
  if (!intercept && first >= 0) {
    throw new RangeError(
      `${who}: expected warmStart.intercepts of 0 together with intercept: false, got ${intercepts[first]} at ${first}`,
    )
  }
  return { weights, intercepts }
}

function checkClassNames(who: string, given: unknown, classNames: readonly Label[]): void {
  if (given === undefined) return
  const names: readonly unknown[] = Array.isArray(given) ? given : []
  const all = Math.max(names.length, classNames.length)
  for (let k = 0; k < all; k++) {
    if (names[k] === classNames[k]) continue
    const name = (list: readonly unknown[]): string => (k < list.length ? describe(list[k]) : 'none')
    throw new RangeError(
      `${who}: expected warmStart for the classes of the labels, got ${name(names)} as class ${k} where the labels have ${name(classNames)}`,
    )
  }
}

function checkNumbers(who: string, name: string, given: unknown, shape: string, length: number): Float64Array {
  if (!(given instanceof Float64Array || given instanceof Float32Array)) {
    throw new TypeError(
      `${who}: expected warmStart.${name} to be a Float32Array or a Float64Array, got ${describe(given)}`,
    )
  }
  if (given.length !== length) {
    throw new RangeError(`${who}: expected warmStart.${name} for ${shape}, ${length} in all, got ${given.length}`)
  }
  const bad = given.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new RangeError(`${who}: expected warmStart.${name} to be finite, got ${given[bad]} at ${bad}`)
  return Float64Array.from(given)
}
