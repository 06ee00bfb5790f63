/**
 * How much each row counts: its sample weight times the weight of its class,
 *
 *   'balanced': classWeight_k = Σ_r s_r / (classes · Σ_{r of class k} s_r)        s the sample weights, 1 if none are given,
 *
 * so that every class counts the same in all (King & Zeng, Political Analysis 9, 2001; scikit-learn's formula). Weights are divided by
 * a power of two that brings the largest into [1, 2): nothing is rounded by that, nothing overflows afterwards, and the
 * objective, a weighted mean, stays as it is.
 */
import { checkOptions, describe } from '../check.ts'
import { checkWeight } from '../loss/checks.ts'
import type { Numbers } from '../loss/options.ts'
import { checkSampleWeights } from './checks.ts'
import type { EncodedLabels, Label } from './labels.ts'

/** Weights of classes by their names. */
export type ClassWeights = 'balanced' | Readonly<Record<string, number>>

/** Weights in units of `unit`, a power of two. */
export interface RowWeights {
  /** One per row; undefined stands for all 1. */
  readonly weights: Float64Array | undefined
  /** Their sum. */
  readonly totalWeight: number
  readonly unit: number
}

/** Weights of the rows, every class with some. */
export function weighRows(
  who: string,
  labels: EncodedLabels,
  sampleWeights: Numbers | undefined,
  classWeights: ClassWeights | undefined,
): RowWeights {
  const { rows, classNames } = labels
  const samples = checkSampleWeights(who, rows, sampleWeights)
  const totals = classTotals(labels, samples)
  checkTotals(who, totals, classNames)
  const factors = checkClassWeights(who, labels, classWeights, totals)
  if (samples === undefined && factors === undefined) return { weights: undefined, totalWeight: rows, unit: 1 }
  if (factors)
    checkTotals(
      who,
      totals.map((total, k) => total * factors[k]),
      classNames,
    )
  const weights = samples ?? new Float64Array(rows).fill(1)
  if (factors && labels.labels) for (let r = 0; r < rows; r++) weights[r] *= factors[labels.labels[r]]
  const unit = powerBelow(weights.reduce((a, b) => Math.max(a, b), 0))
  for (let r = 0; r < rows; r++) weights[r] /= unit
  return { weights, totalWeight: sum(weights), unit }
}

export const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

/** What the rows of each class count in all. */
export function classTotals(
  { labels, targets, rows, classNames }: EncodedLabels,
  weights: Float64Array | undefined,
): Float64Array {
  const classes = classNames.length
  const totals = new Float64Array(classes)
  for (let r = 0; r < rows; r++) {
    const weight = weights === undefined ? 1 : weights[r]
    if (labels) totals[labels[r]] += weight
    else if (targets) for (let k = 0; k < classes; k++) totals[k] += weight * targets[r * classes + k]
  }
  return totals
}

/** A class that does not count would be the less probable the better, without end. */
function checkTotals(who: string, totals: Float64Array, classNames: readonly Label[]): void {
  const missing = totals.findIndex((total) => !(total > 0))
  if (missing < 0) return
  throw new RangeError(
    `${who}: expected rows of positive weight for every class, got none for ${describe(classNames[missing])}`,
  )
}

/** One factor per class. */
function checkClassWeights(
  who: string,
  { targets, classNames }: EncodedLabels,
  given: ClassWeights | undefined,
  totals: Float64Array,
): Float64Array | undefined {
  if (given === undefined) return undefined
  if (targets) {
    throw new TypeError(
      `${who}: expected classWeights only with one label per row, got targets too (multiply their columns instead)`,
    )
  }
  if (given === 'balanced') {
    const total = sum(totals)
    return totals.map((own) => total / (totals.length * own))
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given) || ArrayBuffer.isView(given)) {
    const ErrorKind = typeof given === 'string' ? RangeError : TypeError
    throw new ErrorKind(
      `${who}: expected classWeights to be 'balanced' or an object with a number for each class, got ${describe(given)}`,
    )
  }
  checkOptions(who, given, classNames.map(String), 'classWeights')
  const weights = new Map<string, unknown>(Object.entries(given))
  return Float64Array.from(classNames, (name) => {
    return checkWeight(who, `classWeights[${describe(name)}]`, weights.get(String(name)))
  })
}

/** The largest power of two up to a positive number. */
export function powerBelow(value: number): number {
  let power = 1
  while (power > value) power /= 2
  while (power <= value / 2) power *= 2
  return power
}
