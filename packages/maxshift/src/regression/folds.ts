/**
 * Which rows are held out together in cross-validation. Rows of each class are shuffled and dealt to the folds in turn, one class
 * after the other without starting over: the sizes of folds differ by at most one, and so do the rows of a class in them.
 */
import { checkInteger, describe, isIntegerArray } from '../check.ts'
import { uniform } from '../ops/sampling/uniform.ts'
import type { EncodedLabels } from './labels.ts'
import { classTotals, sum } from './row-weights.ts'

/** How many folds, or the fold of each row: integers from 0. */
export type Folds =
  | number
  | readonly number[]
  | Int32Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | Int16Array
  | Int8Array

/** The fold of each row, and how many there are. */
export interface FoldPlan {
  readonly folds: Int32Array
  readonly count: number
}

const DEFAULT_FOLDS = 5

/** Folds of which each leaves something to learn of every class, and something to be tested with. */
export function planFolds(
  who: string,
  given: Folds | undefined,
  labels: EncodedLabels,
  weights: Float64Array,
  seed: number,
): FoldPlan {
  const plan =
    given === undefined || typeof given === 'number' ? dealt(who, given, labels, seed) : read(who, given, labels)
  for (const check of [checkHeldOut, checkOthers]) {
    for (let fold = 0; fold < plan.count; fold++) check(who, plan, fold, labels, weights)
  }
  return plan
}

function dealt(who: string, given: number | undefined, labels: EncodedLabels, seed: number): FoldPlan {
  const { rows } = labels
  const count = checkInteger(who, 'folds', given ?? DEFAULT_FOLDS, 2, Math.max(2, rows))
  const keys = new Float64Array(rows)
  const u = { hi: 0, lo: 0 }
  for (let r = 0; r < rows; r++) {
    uniform(seed, 0, r, 0, u)
    keys[r] = u.hi
  }
  const classes = likeliest(labels)
  const order = Int32Array.from(keys.keys()).sort((a, b) => classes[a] - classes[b] || keys[a] - keys[b] || a - b)
  const folds = new Int32Array(rows)
  order.forEach((row, place) => {
    folds[row] = place % count
  })
  return { folds, count }
}

/** The class of each row, or that of its largest target. */
function likeliest({ labels, targets, rows, classNames }: EncodedLabels): Int32Array {
  if (labels || !targets) return labels ?? new Int32Array(rows)
  const classes = classNames.length
  return Int32Array.from({ length: rows }, (_, r) => {
    let best = 0
    for (let k = 1; k < classes; k++) if (targets[r * classes + k] > targets[r * classes + best]) best = k
    return best
  })
}

function read(who: string, given: Exclude<Folds, number>, { rows }: EncodedLabels): FoldPlan {
  if (!(Array.isArray(given) || isIntegerArray(given))) {
    throw new TypeError(`${who}: expected folds to be a number, an integer array or a number[], got ${describe(given)}`)
  }
  if (given.length !== rows) {
    throw new RangeError(`${who}: expected folds to hold one fold per row, ${rows} in all, got ${given.length}`)
  }
  const folds = new Int32Array(rows)
  let count = 0
  for (let r = 0; r < rows; r++) {
    folds[r] = checkInteger(who, `folds[${r}]`, given[r], 0, rows - 1)
    count = Math.max(count, folds[r] + 1)
  }
  if (count < 2) throw new RangeError(`${who}: expected folds of at least two kinds, got only 0`)
  return { folds, count }
}

type Check = (who: string, plan: FoldPlan, fold: number, labels: EncodedLabels, weights: Float64Array) => void

const checkHeldOut: Check = (who, { folds }, fold, _, weights) => {
  if (sum(weightsOf(folds, fold, weights, true)) > 0) return
  throw new RangeError(`${who}: expected rows of positive weight in every fold, got none in fold ${fold}`)
}

const checkOthers: Check = (who, { folds }, fold, labels, weights) => {
  const missing = classTotals(labels, weightsOf(folds, fold, weights, false)).findIndex((total) => !(total > 0))
  if (missing < 0) return
  const name = describe(labels.classNames[missing])
  throw new RangeError(
    `${who}: expected rows of positive weight for every class outside of every fold, got none for ${name} outside of fold ${fold} (a class needs rows in two folds)`,
  )
}

/** Weights of the rows inside a fold, or outside of it, 0 for the others. */
export function weightsOf(folds: Int32Array, fold: number, weights: Float64Array, inside: boolean): Float64Array {
  return weights.map((weight, r) => ((folds[r] === fold) === inside ? weight : 0))
}
