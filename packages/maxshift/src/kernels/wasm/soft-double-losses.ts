/**
 * Losses with class weights for float64 in accurate mode: passes over the entries in WebAssembly (assembly/soft-double.ts), what is done
 * once a row in TypeScript, by the code of the reference (js/soft-double-row.ts).
 */
import type { FloatArray } from '../../arrays.ts'
import { addPairs, type Pair } from '../../special/double-double.ts'
import { row, shift, weightOf } from '../js/double-row.ts'
import { referenceLosses } from '../js/reference-losses.ts'
import { type SoftWeights, softGradient, softGradientAtLabel, softLoss, softWeights } from '../js/soft-double-row.ts'
import { baseLowOf, kindOf, scaleDot, sumOfBasePair, sumOfDifferencesPair, uniformWeight } from '../js/targets.ts'
import { entryScale, temperatureOf } from '../js/temperature.ts'
import type { LossKernels, Targets } from '../kernels.ts'
import { type Arena, BLOCK_ROWS, RECORD } from './arena.ts'
import { type Block, lowOf, overBlocks, rowOf, setBasePairs, targetsOf } from './blocks.ts'
import { restore } from './double-records.ts'
import { lossesOf } from './loss-module.ts'

/** Numbers per record that softSums_f64 leaves for a row. */
const SOFT_RECORD = 16
/** Rows per call, so that the records fit. */
const SOFT_ROWS = Math.floor((BLOCK_ROWS * RECORD) / SOFT_RECORD)

const sharedSum: Pair = { hi: 0, lo: 0 }
const baseSum: Pair = { hi: 0, lo: 0 }
const fromSecond: Pair = { hi: 0, lo: 0 }
const weights: SoftWeights = {
  factor: { hi: 0, lo: 0, exponent: 0 },
  scale: { hi: 0, lo: 0, exponent: 0 },
}

/** Calls `each` with every row restored, its loss computed; rows without a finite maximum go to `limit` in the end. */
function overSoftRows(
  base: Arena,
  logits: FloatArray,
  targets: Targets,
  rows: number,
  classes: number,
  temperature: number,
  zLoss: number,
  losses: Float64Array,
  lossesLow: Float64Array | null,
  gradient: FloatArray | null,
  each: (block: Block, r: number, lowOffset: number) => void,
  limit: (r: number) => void,
): void {
  const left: number[] = []
  const scaled = temperatureOf(temperature)
  const uniform = uniformWeight(targets, classes)
  const stride = targets.stride
  if (stride === 0) sumOfBasePair(targets, 0, classes, -1, sharedSum)
  let previous: Arena | undefined
  const run = (block: Block): void => {
    const { arena } = block
    const passes = lossesOf(arena).softPasses
    const lowOffset = setBasePairs(block, targets, classes, arena !== previous)
    previous = arena
    passes.setTemperature_f64(scaled.half, scaled.inverse, scaled.inverseLow)
    for (let first = 0; first < block.rows; first += SOFT_ROWS) {
      const count = Math.min(SOFT_ROWS, block.rows - first)
      const from = block.logits + first * classes * 8
      const weightsFrom = arena.base + first * stride * 8
      passes.softSums_f64(from, count, classes, weightsFrom, stride * 8, kindOf(uniform), arena.records, lowOffset)
      const records = new Float64Array(arena.memory.buffer, arena.records, count * SOFT_RECORD)
      for (let i = 0; i < count; i++) {
        const at = i * SOFT_RECORD
        const r = block.first + first + i
        if (!restore(records, at, scaled)) {
          left.push(r)
          continue
        }
        row.index = records[at + 14]
        if (stride === 0) copyPair(sharedSum, baseSum)
        else addPairs(records[at + 10], records[at + 12], records[at + 11], records[at + 13], baseSum)
        addPairs(records[at + 6], records[at + 8], records[at + 7], records[at + 9], fromSecond)
        scaleDot(targets, uniform, fromSecond)
        // 0 · ∞ is NaN there, and without a second entry there is nothing; neither is common.
        if (!Number.isFinite(fromSecond.hi + fromSecond.lo) || !Number.isFinite(row.second)) {
          const scale = entryScale(scaled)
          const start = r * classes
          sumOfDifferencesPair(targets, r * stride, uniform, logits, start, classes, shift(), scale, fromSecond)
        }
        losses[r] = softLoss(logits, targets, r, classes, uniform, zLoss, baseSum, fromSecond)
        if (lossesLow !== null) lossesLow[r] = row.lossLow
        each(block, r, lowOffset)
      }
    }
  }
  overBlocks(base, logits, rows, classes, gradient, classes, run, stride > 0)
  for (const r of left) limit(r)
}

function copyPair(from: Pair, to: Pair): void {
  to.hi = from.hi
  to.lo = from.lo
}

/** The memory of a block in which the gradient of row r goes. */
const gradientOf = ({ arena, first, out }: Block, r: number, classes: number): Float64Array =>
  new Float64Array(arena.memory.buffer, out + (r - first) * classes * 8, classes)

/** Writes the gradient of row r of a block, whose loss has just been computed. */
function writeGradient(
  block: Block,
  r: number,
  lowOffset: number,
  logits: FloatArray,
  targets: Targets,
  classes: number,
): void {
  const { base, stride, labels } = targets
  const { factor, scale } = weights
  const { arena, first } = block
  const gradient = gradientOf(block, r, classes)
  const label = labels === null ? -1 : labels[r]
  const value = label < 0 ? 0 : logits[r * classes + label]
  const weightsFrom = arena.base + (r - first) * stride * 8
  const passes = lossesOf(arena).softPasses
  const left = passes.softGradient_f64(
    block.logits + (r - first) * classes * 8,
    classes,
    weightsFrom,
    gradient.byteOffset,
    shift(),
    factor.hi,
    factor.lo,
    factor.exponent,
    scale.hi,
    scale.lo,
    scale.exponent,
    arena.scratch,
    lowOffset,
  )
  const entry = (k: number, value: number): number => {
    const at = r * stride + k
    return softGradient(value, base[at], baseLowOf(targets, at), weights)
  }
  if (left > 0) {
    const values = new Float64Array(arena.memory.buffer, arena.scratch, classes)
    for (let k = 0; k < classes; k++) {
      if (Number.isNaN(gradient[k])) gradient[k] = entry(k, values[k])
    }
  }
  if (row.second < row.max) gradient[row.index] = entry(row.index, row.max)
  if (label >= 0) gradient[label] = softGradientAtLabel(value, targets, r, weights)
}

export function softDoubleLosses(base: Arena): Pick<LossKernels, 'softCrossEntropy' | 'softCrossEntropyWithGradient'> {
  return {
    softCrossEntropy(logits, targets, rows, classes, temperature, zLoss, losses, lossesLow = null) {
      const limit = (r: number): void => {
        const values = rowOf(logits, r, classes)
        const loss = rowOf(losses, r, 1)
        const own = targetsOf(targets, r, classes)
        const low = lowOf(lossesLow, r)
        referenceLosses.softCrossEntropy(values, own, 1, classes, temperature, zLoss, loss, low)
      }
      const each = (): void => {}
      overSoftRows(base, logits, targets, rows, classes, temperature, zLoss, losses, lossesLow, null, each, limit)
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
      lossesLow = null,
    ) {
      const limit = (r: number): void =>
        referenceLosses.softCrossEntropyWithGradient(
          rowOf(logits, r, classes),
          targetsOf(targets, r, classes),
          1,
          classes,
          temperature,
          zLoss,
          rowOf(scales, r, 2),
          rowOf(losses, r, 1),
          rowOf(gradient, r, classes),
          lowOf(lossesLow, r),
        )
      const negative: number[] = []
      const each = (block: Block, r: number, lowOffset: number): void => {
        weightOf(scales[2 * r], scales[2 * r + 1], weights.scale)
        softWeights(weights)
        if (weights.factor.hi < 0) negative.push(r)
        else if (weights.scale.hi === 0) gradientOf(block, r, classes).fill(0)
        else writeGradient(block, r, lowOffset, logits, targets, classes)
      }
      overSoftRows(base, logits, targets, rows, classes, temperature, zLoss, losses, lossesLow, gradient, each, limit)
      for (const r of negative) limit(r)
    },
  }
}
