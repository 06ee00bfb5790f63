/**
 * The softmax family for float64 in accurate mode: passes over the entries in WebAssembly, what is done once a row in TypeScript, by the
 * code of the reference (js/double-row.ts). Rows without a finite maximum go to the reference as they are.
 */
import type { FloatArray } from '../../arrays.ts'
import {
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
} from '../js/double-row.ts'
import { referenceFamily } from '../js/reference-family.ts'
import { type Temperature, temperatureOf } from '../js/temperature.ts'
import type { FamilyKernels } from '../kernels.ts'
import { type Arena, RECORD } from './arena.ts'
import { overBlocks, rowOf } from './blocks.ts'

const weights: Weights = { factor: { hi: 0, lo: 0, exponent: 0 }, top: 0 }
const sums: Slices = { slice26: 0, slice52: 0, slice78: 0, slice104: 0 }

/** Restores the row whose record begins at `at`; false if it has no finite maximum. */
export function restore(records: Float64Array, at: number, temperature: Temperature): boolean {
  if (!Number.isFinite(records[at])) return false
  sums.slice26 = records[at + 2]
  sums.slice52 = records[at + 3]
  sums.slice78 = records[at + 4]
  sums.slice104 = records[at + 5]
  restoreRow(records[at], records[at + 1], sums, temperature)
  return true
}

/**
 * Calls `each` with the row restored from its sums, its number in the whole, and the addresses of its logits and results; rows
 * without a finite maximum go to `limit` in the end.
 */
export function overDoubleRows(
  base: Arena,
  logits: FloatArray,
  rows: number,
  classes: number,
  temperature: number,
  out: FloatArray | null,
  each: (arena: Arena, r: number, from: number, to: number) => void,
  limit: (r: number) => void,
): void {
  const left: number[] = []
  const scaled = temperatureOf(temperature)
  overBlocks(base, logits, rows, classes, out, classes, (block) => {
    const { arena } = block
    arena.passes.setTemperature_f64(scaled.half, scaled.inverse, scaled.inverseLow)
    arena.passes.sums_f64(block.logits, block.rows, classes, arena.records)
    const records = new Float64Array(arena.memory.buffer, arena.records, block.rows * RECORD)
    for (let r = 0; r < block.rows; r++) {
      const offset = r * classes * 8
      if (!restore(records, r * RECORD, scaled)) left.push(block.first + r)
      else each(arena, block.first + r, block.logits + offset, block.out + offset)
    }
  })
  for (const r of left) limit(r)
}

/** Writes a row of weight · softmax. */
export function writeSoftmax(
  arena: Arena,
  classes: number,
  weight: Parameters<typeof softmaxWeights>[0],
  from: number,
  to: number,
): void {
  softmaxWeights(weight, weights)
  const { factor, top } = weights
  arena.passes.softmax_f64(from, classes, to, row.max, shift(), factor.hi, factor.lo, factor.exponent, top)
}

/** The backend of the family for float64 in accurate mode: passes over the entries in WebAssembly, the row in pairs here. */
export function doubleKernels(base: Arena): FamilyKernels {
  return {
    name: 'wasm, float64',
    softmax(logits, rows, classes, temperature, out) {
      const each = (arena: Arena, _: number, from: number, to: number): void =>
        writeSoftmax(arena, classes, UNIT, from, to)
      overDoubleRows(base, logits, rows, classes, temperature, out, each, (r) =>
        referenceFamily.softmax(rowOf(logits, r, classes), 1, classes, temperature, rowOf(out, r, classes)),
      )
    },
    logSoftmax(logits, rows, classes, temperature, out) {
      const each = (arena: Arena, _: number, from: number, to: number): void => {
        finishLog()
        const scale = logScale()
        const topLoss = lossOf(row.max)
        arena.passes.logSoftmax_f64(from, classes, to, row.max, row.log.hi * scale, row.log.lo * scale, topLoss)
      }
      overDoubleRows(base, logits, rows, classes, temperature, out, each, (r) =>
        referenceFamily.logSoftmax(rowOf(logits, r, classes), 1, classes, temperature, rowOf(out, r, classes)),
      )
    },
    logSumExp(logits, rows, classes, temperature, out) {
      const limit = (r: number): void =>
        referenceFamily.logSumExp(rowOf(logits, r, classes), 1, classes, temperature, rowOf(out, r, 1))
      const cancelled: number[] = []
      const each = (_: Arena, r: number): void => {
        finishLog()
        out[r] = logSumExpOrNaN()
        if (Number.isNaN(out[r])) cancelled.push(r)
      }
      overDoubleRows(base, logits, rows, classes, temperature, null, each, limit)
      cancelled.forEach(limit)
    },
  }
}
