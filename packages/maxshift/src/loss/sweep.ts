/**
 * The pass over the rows that a plan asks for. Rows come from overRows, contiguous and masked. Where they need nothing but a kernel they
 * go through in one call; otherwise in pieces that stay in the cache: cap, facts about the rows, target gradient, loss and gradient.
 */
import type { FloatArray } from '../arrays.ts'
import type { Kernels } from '../kernels/kernels.ts'
import { takeScratch, withScratch } from '../kernels/scratch.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import { overRows } from '../ops/rows.ts'
import { isDouble, type Plan } from './plan.ts'
import { fillRowStats } from './row-stats.ts'
import { softCapAll, softCapChain } from './soft-cap.ts'
import { createTargets, type TargetRows } from './soft-targets.ts'
import { fillTargetGradient } from './target-gradient.ts'

/** Where the results go, whole arrays in the layout of the plan. */
export interface Results {
  /** The kernel's loss of each row, without its factor. */
  readonly losses: Float64Array
  /** What rounding took from these, where it is needed and known. */
  readonly lossesLow: Float64Array | null
  readonly gradient: FloatArray | null
  readonly targetGradient: FloatArray | null
  /** What the rows of the gradient are multiplied with, in pairs, perhaps one for all; null without a gradient. */
  readonly scales: Float64Array | null
  /** The same without the temperature, for the target gradient. */
  readonly targetScales: Float64Array | null
}

/** Contiguous rows of everything. */
interface Piece extends TargetRows {
  readonly logits: FloatArray
  readonly gradient: FloatArray | null
  readonly targetGradient: FloatArray | null
}

/** Entries of a piece: 128 KiB in float64. */
const PIECE_ENTRIES = 16384

type LowPlan = Pick<Plan, 'values' | 'softCap' | 'mode' | 'factors' | 'reduction' | 'rows'>

/** Room for what rounding takes from the losses; null where nothing is to be done with them, or nobody knows it. */
export const newLossesLow = (plan: LowPlan): Float64Array | null =>
  isDouble(plan) && (plan.factors !== null || plan.reduction !== 'none') ? new Float64Array(plan.rows) : null

export function sweep(plan: Plan, results: Results): void {
  const { values, layout, mask, targets } = plan
  const { gradient, targetGradient } = results
  const kernels = selectLossKernels(values.length, plan.mode)
  const run = plan.soft ? softRunner(plan, kernels, results) : plainRunner(plan, kernels, results)
  const simple = isSimple(plan)
  if (simple && mask === null && layout.inner === 1) {
    run({ first: 0, rows: plan.rows, logits: values, targets, gradient, targetGradient }, values)
    return
  }
  const passengers = {
    logits: [values],
    mask,
    others: targets === null ? [] : [targets],
    outputs: [gradient, targetGradient].filter((array) => array !== null),
    inPlace: gradient !== null,
  }
  overRows(layout, passengers, (block) => {
    const piece = {
      first: block.first,
      rows: block.rows,
      logits: block.logits[0],
      targets: targets === null ? null : block.others[0],
      gradient: gradient === null ? null : block.outputs[0],
      targetGradient: targetGradient === null ? null : block.outputs[block.outputs.length - 1],
    }
    if (simple) run(piece, piece.logits)
    else runInPieces(plan, kernels, results, piece, run)
  })
}

/** Whether one call of a kernel does all. */
const isSimple = ({ targets, smoothing, mask, softCap, rowStats, zeroDead }: Plan): boolean =>
  targets === null && (smoothing === 0 || mask === null) && softCap === null && rowStats === null && !zeroDead

/** The entries from `first` on, the array itself if these are all; a subarray takes longer than a short row. */
const cut = <T extends Float64Array | Int32Array>(array: T, first: number, length: number): T =>
  array.length === length ? array : (array.subarray(first, first + length) as T)

/** The scales of some rows, or the one of all. */
const cutScales = (scales: Float64Array, first: number, rows: number): Float64Array =>
  scales.length === 2 ? scales : cut(scales, 2 * first, 2 * rows)

/** Calls the kernel for rows with these logits, capped or not. The gradient is that of these logits, and may be written over them. */
type Runner = (piece: Piece, logits: FloatArray) => void

function plainRunner(
  { labels, classes, temperature }: Plan,
  kernels: Kernels,
  { losses, lossesLow, scales }: Results,
): Runner {
  return ({ first, rows, gradient }, logits) => {
    const ofRows = cut(labels as Int32Array, first, rows)
    const into = cut(losses, first, rows)
    const low = lossesLow === null ? null : cut(lossesLow, first, rows)
    if (gradient === null || scales === null) {
      kernels.crossEntropy(logits, ofRows, rows, classes, temperature, into, low)
    } else {
      const factors = cutScales(scales, first, rows)
      kernels.crossEntropyWithGradient(logits, ofRows, rows, classes, temperature, factors, into, gradient, low)
    }
  }
}

function softRunner(plan: Plan, kernels: Kernels, { losses, lossesLow, scales }: Results): Runner {
  const { classes, temperature, zLoss } = plan
  const targetsOf = createTargets(plan)
  return (piece, logits) => {
    const { first, rows, gradient } = piece
    const targets = targetsOf(piece)
    const into = cut(losses, first, rows)
    const low = lossesLow === null ? null : cut(lossesLow, first, rows)
    if (gradient === null || scales === null) {
      kernels.softCrossEntropy(logits, targets, rows, classes, temperature, zLoss, into, low)
    } else {
      const factors = cutScales(scales, first, rows)
      const both = [factors, into, gradient, low] as const
      kernels.softCrossEntropyWithGradient(logits, targets, rows, classes, temperature, zLoss, ...both)
    }
  }
}

function runInPieces(plan: Plan, kernels: Kernels, results: Results, block: Piece, run: Runner): void {
  const { classes } = plan
  const most = Math.max(1, Math.floor(PIECE_ENTRIES / classes))
  for (let row = 0; row < block.rows; row += most) {
    const rows = Math.min(most, block.rows - row)
    const part = <T extends FloatArray | null>(array: T): T =>
      (array === null ? null : array.subarray(row * classes, (row + rows) * classes)) as T
    const piece = {
      first: block.first + row,
      rows,
      logits: part(block.logits),
      targets: part(block.targets),
      gradient: part(block.gradient),
      targetGradient: part(block.targetGradient),
    }
    withScratch(() => runPiece(plan, kernels, results, piece, run))
  }
}

function runPiece(plan: Plan, kernels: Kernels, results: Results, piece: Piece, run: Runner): void {
  const { classes, temperature, softCap, rowStats, zeroDead } = plan
  const { first, rows, logits, gradient } = piece
  const dead = zeroDead ? deadRows(logits, rows, classes) : NO_ROWS
  for (const r of dead) silence(results, first + r)
  const capped = softCap === null ? logits : (takeScratch(DOUBLES, rows * classes) as Float64Array)
  if (softCap !== null) softCapAll(logits, softCap, capped as Float64Array)
  if (rowStats !== null) fillRowStats(rowStats, kernels, { logits, capped, first, rows }, classes, temperature)
  if (piece.targetGradient !== null && results.targetScales !== null) {
    const scales = results.targetScales.subarray(2 * first, 2 * (first + rows))
    fillTargetGradient(plan, kernels, capped, rows, scales, piece.targetGradient)
  }
  run(softCap === null || gradient === null ? piece : { ...piece, gradient: capped }, capped)
  if (softCap !== null && gradient !== null) softCapChain(logits, softCap, capped as Float64Array, gradient)
  for (const r of dead) results.losses[first + r] = 0
}

const DOUBLES = new Float64Array(0)
const NO_ROWS: readonly number[] = []

/** The rows in which no entry is above −∞, and none is NaN. */
function deadRows(logits: FloatArray, rows: number, classes: number): readonly number[] {
  const dead: number[] = []
  for (let r = 0; r < rows; r++) {
    let k = r * classes
    const end = k + classes
    while (k < end && logits[k] === Number.NEGATIVE_INFINITY) k++
    if (k === end) dead.push(r)
  }
  return dead
}

/** No gradient for row r. */
function silence({ scales, targetScales }: Results, r: number): void {
  for (const array of [scales, targetScales]) {
    if (array !== null) array[2 * r] = array[2 * r + 1] = 0
  }
}
