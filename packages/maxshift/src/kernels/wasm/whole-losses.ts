/**
 * The backends in which a whole loss is one call of the module: both dtypes in both modes. Rows that the
 * kernels leave go to the reference, as in whole-kernels.ts.
 */
import type { FloatArray } from '../../arrays.ts'
import { referenceLosses } from '../js/reference-losses.ts'
import { scaleOf, softScaleOf } from '../js/single-row.ts'
import { kindOf, sharedPairs, sharedTargets } from '../js/targets.ts'
import type { LossKernels, Targets } from '../kernels.ts'
import type { Arena } from './arena.ts'
import {
  type Block,
  flagged,
  lowOf,
  overBlocks,
  rowOf,
  setBase,
  setBasePairs,
  setLabels,
  setPeaks,
  targetsOf,
} from './blocks.ts'
import type { SoftKernels, WholeLosses } from './loss-module.ts'

/** Copies the scales of a block into its arena, for float32 bounded as the reference does; returns the bytes from one to the next. */
function setScales(
  { arena, first, rows }: Block,
  scales: Float64Array,
  bounded: ((scales: Float64Array, r: number) => number) | null,
): number {
  const isShared = scales.length === 2
  const from = isShared ? 0 : first
  const count = isShared ? 1 : rows
  const copy = new Float64Array(arena.memory.buffer, arena.scales, 2 * count)
  if (bounded === null) copy.set(scales.subarray(2 * from, 2 * (from + count)))
  else for (let r = 0; r < count; r++) copy[2 * r] = bounded(scales, from + r)
  return isShared ? 0 : 16
}

/** What is done after a kernel has run: its losses are fetched, and the rows that it left are noted. */
function finish(block: Block, count: number, losses: Float64Array, left: number[]): void {
  const { arena, first, rows } = block
  losses.set(new Float64Array(arena.memory.buffer, arena.losses, rows), first)
  left.push(...flagged(block, count))
}

/** Fetches what rounding took from the losses of a block, which lies behind them. */
function fetchLow({ arena, first, rows }: Block, lossesLow: Float64Array): void {
  lossesLow.set(new Float64Array(arena.memory.buffer, arena.losses + 8 * rows, rows), first)
}

/** Labels, on the kernels that `kernelsOf` picks from an arena; `hasLow` tells whether they know what rounding took from their losses. */
export function wholeLosses(
  base: Arena,
  kernelsOf: (arena: Arena) => WholeLosses,
  hasLow: boolean = false,
): Pick<LossKernels, 'crossEntropy' | 'crossEntropyWithGradient'> {
  return {
    crossEntropy(logits, labels, rows, classes, temperature, losses, given = null) {
      const lossesLow = hasLow ? given : null
      const left: number[] = []
      overBlocks(base, logits, rows, classes, null, 0, (block) => {
        const { arena } = block
        setLabels(block, labels)
        const kernel = kernelsOf(arena).crossEntropy
        const count = kernel(block.logits, arena.labels, block.rows, classes, temperature, arena.losses, arena.flags)
        finish(block, count, losses, left)
        if (lossesLow !== null) fetchLow(block, lossesLow)
      })
      for (const r of left) {
        const loss = rowOf(losses, r, 1)
        const low = lowOf(lossesLow, r)
        referenceLosses.crossEntropy(rowOf(logits, r, classes), rowOf(labels, r, 1), 1, classes, temperature, loss, low)
      }
    },
    crossEntropyWithGradient(logits, labels, rows, classes, temperature, scales, losses, gradient, given = null) {
      const lossesLow = hasLow ? given : null
      const left: number[] = []
      overBlocks(base, logits, rows, classes, gradient, classes, (block) => {
        const { arena } = block
        setLabels(block, labels)
        const scaleStride = setScales(block, scales, logits instanceof Float32Array ? scaleOf : null)
        const kernel = kernelsOf(arena).crossEntropyWithGradient
        const count = kernel(
          block.logits,
          arena.labels,
          block.rows,
          classes,
          temperature,
          arena.scales,
          scaleStride,
          arena.losses,
          block.out,
          arena.flags,
          arena.scratch,
        )
        finish(block, count, losses, left)
        if (lossesLow !== null) fetchLow(block, lossesLow)
      })
      for (const r of left) {
        referenceLosses.crossEntropyWithGradient(
          rowOf(logits, r, classes),
          rowOf(labels, r, 1),
          1,
          classes,
          temperature,
          scaleRow(scales, r),
          rowOf(losses, r, 1),
          rowOf(gradient, r, classes),
          lowOf(lossesLow, r),
        )
      }
    },
  }
}

/** Prepares kernels for a block: the first one in its arena copies what all have in common. */
type SetTargets = (kernels: SoftKernels, block: Block, temperature: number, isFirst: boolean) => void

function setter(targets: Targets, classes: number, zLoss: number): SetTargets {
  const { sum, uniform } = sharedTargets(targets, classes)
  return (kernels, block, temperature, isFirst) => {
    kernels.setSoft(temperature, kindOf(uniform), uniform, sum, zLoss)
    setBase(block, targets, classes, isFirst)
  }
}

/** The same with what rounding took. */
function pairSetter(targets: Targets, classes: number, zLoss: number): SetTargets {
  const { uniform, sum, others } = sharedPairs(targets, classes)
  const kind = kindOf(uniform)
  return (kernels, block, temperature, isFirst) => {
    const lowOffset = setBasePairs(block, targets, classes, isFirst)
    kernels.setSoftPairs?.(temperature, kind, sum.hi, sum.lo, others.hi, others.lo, zLoss, lowOffset)
  }
}

/** The scale of row r alone. */
const scaleRow = (scales: Float64Array, r: number): Float64Array =>
  scales.length === 2 ? scales : scales.subarray(2 * r, 2 * r + 2)

/** Class weights, on the kernels that `kernelsOf` picks from an arena; `hasLow` as above, for those with setSoftPairs. */
export function softLosses(
  base: Arena,
  kernelsOf: (arena: Arena) => SoftKernels,
  hasLow: boolean = false,
): Pick<LossKernels, 'softCrossEntropy' | 'softCrossEntropyWithGradient'> {
  /** Calls `run` for each block, with its targets in memory and the distance of their rows in bytes. */
  function overSoftBlocks(
    logits: FloatArray,
    targets: Targets,
    rows: number,
    classes: number,
    temperature: number,
    zLoss: number,
    gradient: FloatArray | null,
    run: (block: Block, stride: number, labels: number) => void,
  ): void {
    const setTargets = hasLow ? pairSetter(targets, classes, zLoss) : setter(targets, classes, zLoss)
    let previous: Arena | undefined
    const each = (block: Block): void => {
      const { arena } = block
      setTargets(kernelsOf(arena), block, temperature, arena !== previous)
      previous = arena
      const hasLabels = setPeaks(block, targets)
      run(block, targets.stride * 8, hasLabels ? arena.labels : 0)
    }
    overBlocks(base, logits, rows, classes, gradient, classes, each, targets.stride > 0)
  }
  return {
    softCrossEntropy(logits, targets, rows, classes, temperature, zLoss, losses, given = null) {
      const lossesLow = hasLow ? given : null
      const left: number[] = []
      overSoftBlocks(logits, targets, rows, classes, temperature, zLoss, null, (block, stride, labels) => {
        const { arena } = block
        const kernel = kernelsOf(arena).softCrossEntropy
        const count = kernel(
          block.logits,
          arena.base,
          stride,
          labels,
          arena.peaks,
          block.rows,
          classes,
          arena.losses,
          arena.flags,
        )
        finish(block, count, losses, left)
        if (lossesLow !== null) fetchLow(block, lossesLow)
      })
      for (const r of left) {
        const row = rowOf(logits, r, classes)
        const loss = rowOf(losses, r, 1)
        const own = targetsOf(targets, r, classes)
        const low = lowOf(lossesLow, r)
        referenceLosses.softCrossEntropy(row, own, 1, classes, temperature, zLoss, loss, low)
      }
    },
    softCrossEntropyWithGradient(
      logits,
      targets,
      rows,
      classes,
      temperature,
      zLoss,
      scales,
      losses,
      gradient,
      given = null,
    ) {
      const lossesLow = hasLow ? given : null
      const left: number[] = []
      overSoftBlocks(logits, targets, rows, classes, temperature, zLoss, gradient, (block, stride, labels) => {
        const { arena } = block
        const scaleStride = setScales(block, scales, logits instanceof Float32Array ? softScaleOf : null)
        const kernel = kernelsOf(arena).softCrossEntropyWithGradient
        const count = kernel(
          block.logits,
          arena.base,
          stride,
          labels,
          arena.peaks,
          block.rows,
          classes,
          arena.scales,
          scaleStride,
          arena.losses,
          block.out,
          arena.flags,
          arena.scratch,
        )
        finish(block, count, losses, left)
        if (lossesLow !== null) fetchLow(block, lossesLow)
      })
      for (const r of left) {
        referenceLosses.softCrossEntropyWithGradient(
          rowOf(logits, r, classes),
          targetsOf(targets, r, classes),
          1,
          classes,
          temperature,
          zLoss,
          scaleRow(scales, r),
          rowOf(losses, r, 1),
          rowOf(gradient, r, classes),
          lowOf(lossesLow, r),
        )
      }
    },
  }
}
