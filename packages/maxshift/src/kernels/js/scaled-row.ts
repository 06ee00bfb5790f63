/**
 * One row of float64 logits as a distribution, in Scaled numbers (special/scaled.ts): what entropy, divergences, Jacobian
 * products and focal loss are made of.
 *
 * With m the maximum, k its first index and T the temperature,
 *
 *   gap_i = (m − x_i)/T ≥ 0, from the exact difference      weight_i = exp(−gap_i)
 *   others = Σ_{i≠k} weight_i      total = 1 + others      log = log1p(others)      p_i = weight_i / total
 *
 * Entries are computed when they are asked for: a second exponential costs less than memory for rows of any length. Everything
 * is good to 2^−62 relative or better, also others and log where they are e^−700.
 */
import type { FloatArray } from '../../arrays.ts'
import { powerOfTwo } from '../../special/bits.ts'
import { QUICK } from '../../special/precision.ts'
import {
  addScaled,
  approximately,
  divideScaled,
  exactSum,
  type Scaled,
  scaled,
  scaledOf,
} from '../../special/scaled.ts'
import { findTop, type Top } from './top.ts'

export interface ScaledRow extends Top {
  logits: FloatArray
  start: number
  readonly temperature: Scaled
  /** Whether the temperature is 1, which saves the divisions. */
  isUnit: boolean
  readonly others: Scaled
  readonly total: Scaled
  readonly log: Scaled
}

export const newScaledRow = (): ScaledRow => ({
  logits: new Float64Array(0),
  start: 0,
  max: 0,
  index: 0,
  second: 0,
  temperature: scaled(),
  isUnit: true,
  others: scaled(),
  total: scaled(),
  log: scaled(),
})

export const ONE: Readonly<Scaled> = { hi: 1, lo: 0, exponent: 0 }
const term = scaled()

/** out = 0. */
export function clear(out: Scaled): void {
  out.hi = out.lo = out.exponent = 0
}

/** out = exp(−a) for a ≥ 0; 0 beyond e^−1600, where no product with a number of the format is left. */
export function expOfNegative(a: Scaled, out: Scaled): void {
  const scale = powerOfTwo(Math.max(-1022, Math.min(a.exponent, 1023)))
  const { hi, lo } = a
  if (approximately(a) < 1600) QUICK.exp(-hi * scale, -lo * scale, out)
  else clear(out)
}

/** out = a − b without rounding, also beyond the format; false, and out without meaning, where one of them is infinite. */
export function exactDifference(a: number, b: number, out: Scaled): boolean {
  if (Number.isFinite(a - b)) exactSum(a, -b, out)
  else if (Number.isFinite(a) && Number.isFinite(b)) {
    exactSum(a / 2, -b / 2, out)
    out.exponent++
  } else return false
  return true
}

/** out = (a − b)/T; false where one of them is infinite. */
export function differenceOver(row: ScaledRow, a: number, b: number, out: Scaled): boolean {
  if (!exactDifference(a, b, out)) return false
  if (!row.isUnit) divideScaled(out, row.temperature, out)
  return true
}

/** Leaves gap_i and exp(−gap_i), if that is not 0; else, also for an entry of −∞, returns false. */
export function readEntry(row: ScaledRow, i: number, gap: Scaled, weight: Scaled): boolean {
  if (!differenceOver(row, row.max, row.logits[row.start + i], gap)) return false
  expOfNegative(gap, weight)
  return weight.hi !== 0
}

/** Reads a row; false if it has no finite maximum, where only max, index and second are set. */
export function readScaledRow(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  row: ScaledRow,
): boolean {
  findTop(logits, start, classes, row)
  if (!Number.isFinite(row.max)) return false
  row.logits = logits
  row.start = start
  row.isUnit = temperature === 1
  scaledOf(temperature, row.temperature)
  clear(row.others)
  for (let i = 0; i < classes; i++) {
    if (i !== row.index && readEntry(row, i, term, term)) addScaled(row.others, term, row.others)
  }
  addScaled(row.others, ONE, row.total)
  QUICK.log1p(row.others, row.log)
  return true
}
