/**
 * The backend for float64 in accurate mode: passes over the entries in WebAssembly, what is done once a row in TypeScript, by the
 * code of the reference (js/double-row.ts). Rows without a finite maximum go to the reference as they are.
 */
import type { FloatArray } from '../../arrays.ts'
import type { ExpParts } from '../../special/exp.ts'
import {
  complement,
  finishLog,
  logScale,
  logSumExpOrNaN,
  lossOf,
  restoreRow,
  row,
  type Slices,
  shift,
  softmaxWeights,
  UNIT,
  type Weights,
  weightOf,
} from '../js/double-row.ts'
import { referenceKernels } from '../js/reference.ts'
import { temperatureOf } from '../js/temperature.ts'
import type { Kernels } from '../kernels.ts'
import { type Arena, RECORD } from './arena.ts'
import { overBlocks, rowOf } from './blocks.ts'

const scale: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const weights: Weights = { factor: { hi: 0, lo: 0, exponent: 0 }, top: 0 }
const sums: Slices = { slice26: 0, slice52: 0, slice78: 0, slice104: 0 }

/**
 * Calls `each` with the row restored from its sums, its number in the whole, and the addresses of its logits and results; rows
 * without a finite maximum go to `limit` in the end.
 */
function overDoubleRows(
  base: Arena,
  logits: FloatArray,
  rows: number,
  classes: number,
  out: FloatArray | null,
  each: (arena: Arena, r: number, from: number, to: number) => void,
  limit: (r: number) => void,
): void {
  const left: number[] = []
  overBlocks(base, logits, rows, classes, out, classes, (block) => {
    const { arena } = block
    arena.passes.sums_f64(block.logits, block.rows, classes, arena.records)
    const records = new Float64Array(arena.memory.buffer, arena.records, block.rows * RECORD)
    for (let r = 0; r < block.rows; r++) {
      const at = r * RECORD
      if (!Number.isFinite(records[at])) {
        left.push(block.first + r)
        continue
      }
      sums.slice26 = records[at + 2]
      sums.slice52 = records[at + 3]
      sums.slice78 = records[at + 4]
      sums.slice104 = records[at + 5]
      restoreRow(records[at], records[at + 1], sums, temperatureOf(1))
      const offset = r * classes * 8
      each(arena, block.first + r, block.logits + offset, block.out + offset)
    }
  })
  for (const r of left) limit(r)
}

/** Writes a row of weight · softmax with the weights in `weights`. */
function writeSoftmax(arena: Arena, classes: number, from: number, to: number): void {
  const { factor, top } = weights
  arena.passes.softmax_f64(from, classes, to, row.max, shift(), factor.hi, factor.lo, factor.exponent, top)
}

/** The backend for float64 in accurate mode: passes over the entries in WebAssembly, the row in pairs here. */
export function doubleKernels(base: Arena): Kernels {
  return {
    name: 'wasm, float64',
    softmax(logits, rows, classes, _temperature, out) {
      const each = (arena: Arena, _: number, from: number, to: number): void => {
        softmaxWeights(UNIT, weights)
        writeSoftmax(arena, classes, from, to)
      }
      overDoubleRows(base, logits, rows, classes, out, each, (r) =>
        referenceKernels.softmax(rowOf(logits, r, classes), 1, classes, 1, rowOf(out, r, classes)),
      )
    },
    logSoftmax(logits, rows, classes, _temperature, out) {
      const each = (arena: Arena, _: number, from: number, to: number): void => {
        finishLog()
        const scale = logScale()
        const topLoss = lossOf(row.max)
        arena.passes.logSoftmax_f64(from, classes, to, row.max, row.log.hi * scale, row.log.lo * scale, topLoss)
      }
      overDoubleRows(base, logits, rows, classes, out, each, (r) =>
        referenceKernels.logSoftmax(rowOf(logits, r, classes), 1, classes, 1, rowOf(out, r, classes)),
      )
    },
    logSumExp(logits, rows, classes, _temperature, out) {
      const limit = (r: number): void =>
        referenceKernels.logSumExp(rowOf(logits, r, classes), 1, classes, 1, rowOf(out, r, 1))
      const cancelled: number[] = []
      const each = (_: Arena, r: number): void => {
        finishLog()
        out[r] = logSumExpOrNaN()
        if (Number.isNaN(out[r])) cancelled.push(r)
      }
      overDoubleRows(base, logits, rows, classes, null, each, limit)
      cancelled.forEach(limit)
    },
    crossEntropy(logits, labels, rows, classes, _temperature, losses) {
      const each = (_: Arena, r: number): void => {
        finishLog()
        losses[r] = lossOf(logits[r * classes + labels[r]])
      }
      overDoubleRows(base, logits, rows, classes, null, each, (r) =>
        referenceKernels.crossEntropy(
          rowOf(logits, r, classes),
          rowOf(labels, r, 1),
          1,
          classes,
          1,
          rowOf(losses, r, 1),
        ),
      )
    },
    crossEntropyWithGradient(logits, labels, rows, classes, _temperature, scales, losses, gradient) {
      const each = (arena: Arena, r: number, from: number, to: number): void => {
        const value = logits[r * classes + labels[r]]
        finishLog()
        losses[r] = lossOf(value)
        weightOf(scales[2 * r], scales[2 * r + 1], scale)
        const rest = complement(value, scale)
        softmaxWeights(scale, weights)
        writeSoftmax(arena, classes, from, to)
        new Float64Array(arena.memory.buffer, to, classes)[labels[r]] = 0 - rest
      }
      overDoubleRows(base, logits, rows, classes, gradient, each, (r) =>
        referenceKernels.crossEntropyWithGradient(
          rowOf(logits, r, classes),
          rowOf(labels, r, 1),
          1,
          classes,
          1,
          rowOf(scales, r, 2),
          rowOf(losses, r, 1),
          rowOf(gradient, r, classes),
        ),
      )
    },
    softCrossEntropy: referenceKernels.softCrossEntropy,
    softCrossEntropyWithGradient: referenceKernels.softCrossEntropyWithGradient,
  }
}
