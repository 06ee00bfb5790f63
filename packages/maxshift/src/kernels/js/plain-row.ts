/**
 * One row of float32 logits as a distribution, in plain float64: the counterpart of scaled-row.ts. Names and formulas are the
 * same; the exponential is good to 2^−40, everything else to 2^−50, so that one rounding to float32 at the end decides.
 * Float64 reaches far beyond the smallest float32, so no exponents are kept apart. Plain sums cost n · 2^−53: rows of more than
 * SINGLE_CLASSES (reference.ts) belong to scaled-row.ts.
 */
import type { FloatArray } from '../../arrays.ts'
import { EXP2_UNDERFLOW, exp2Single, LOG2_E } from '../../special/exp-single.ts'
import { log1p } from '../../special/log.ts'
import { findTop, type Top } from './top.ts'

export interface PlainRow extends Top {
  logits: FloatArray
  start: number
  temperature: number
  others: number
  total: number
  log: number
}

export const newPlainRow = (): PlainRow => ({
  logits: new Float32Array(0),
  start: 0,
  max: 0,
  index: 0,
  second: 0,
  temperature: 1,
  others: 0,
  total: 1,
  log: 0,
})

/** gap_i = (m − x_i)/T; +∞ for an entry of −∞. */
export const gapOf = (row: PlainRow, i: number): number => (row.max - row.logits[row.start + i]) / row.temperature

/** exp(−gap). A gap of +∞, or beyond the reach of float32, gives 0 or a number that counts as it. */
export const weightOfGap = (gap: number): number =>
  gap < 690 ? exp2Single(Math.max(gap * -LOG2_E, EXP2_UNDERFLOW)) : 0

/** Reads a row; false if it has no finite maximum, where only max, index and second are set. */
export function readPlainRow(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  row: PlainRow,
): boolean {
  findTop(logits, start, classes, row)
  if (!Number.isFinite(row.max)) return false
  row.logits = logits
  row.start = start
  row.temperature = temperature
  let sum = 0
  for (let i = 0; i < classes; i++) if (i !== row.index) sum += weightOfGap(gapOf(row, i))
  row.others = sum
  row.total = 1 + row.others
  row.log = log1p(row.others)
  return true
}
