/**
 * log((Σ_i exp(x_i/T))/n) of one row, in double-double arithmetic, with relative accuracy also next to 0.
 *
 * Where all x_i/T lie in [−½, ½], it is log1p((Σ expm1(x_i/T))/n), whose terms are as small as the x_i: they are divided by a power of two near
 * the largest and added exactly on grids. Where they are so small that expm1 is the identity, the x_i themselves are added. Elsewhere the
 * sum of exponentials keeps enough digits; see signed-row.ts.
 */
import { powerOfTwo } from '../../special/bits.ts'
import type { Pair } from '../../special/double-double.ts'
import { expm1Full } from '../../special/exp-full.ts'
import { addToGridSum, clearGridSum, type GridSum, gridSum, gridTotal } from '../../special/grid-sum.ts'
import { FULL } from '../../special/precision.ts'
import { divideScaled, roundScaled, type Scaled, scaled, scaledOf } from '../../special/scaled.ts'
import { exponentOf, type SignedLog, signedLogSumExp, type WeightedRow } from './signed-row.ts'
import { overTemperature, temperatureOf } from './temperature.ts'

const term: Pair = { hi: 0, lo: 0 }
const divisor: Scaled = scaled()
const total: Scaled = scaled()
const slices: GridSum = gridSum()
const signed: SignedLog = { log: 0, sign: 0 }

/** Up to this |x_i/T| the sum of expm1 serves. */
const NEAR = 0.5
/** Up to this, expm1(x) is x to all digits. */
const LINEAR = 7.703719777548943e-34 // 0x3910000000000000, 2^−110

/**
 * `count` is n, the number of entries that are not masked: an entry of −∞ counts among them, and its exponential is 0. The mean of nothing is NaN.
 * The row's weights are null.
 */
export function logMeanExpRow(row: WeightedRow, temperature: number, count: number): number {
  const { logits, start, classes } = row
  const limit = NEAR * temperature
  let size = 0
  let removed = 0
  for (let i = start; i < start + classes && size <= limit; i++) {
    if (logits[i] === Number.NEGATIVE_INFINITY) removed++
    else size = Math.max(size, Math.abs(logits[i])) // a NaN ends the loop as well
  }
  if (size <= limit && removed === classes - count && count > 0) {
    if (size <= LINEAR * temperature) meanOfEntries(row, size, temperature, count)
    else meanOfExpm1(row, size, temperature, count)
    return roundScaled(total)
  }
  signedLogSumExp(row, temperature, count, signed)
  return count === 0 ? Number.NaN : signed.log
}

/** Leaves log1p((Σ expm1(x_i/T))/n) in `total`; `size` is the largest |x_i|. */
function meanOfExpm1({ logits, start, classes }: WeightedRow, size: number, temperature: number, count: number): void {
  const scale = temperatureOf(temperature)
  const exponent = exponentOf(size / temperature) + 2
  const unit = powerOfTwo(-exponent)
  clearGridSum(slices)
  for (let i = start; i < start + classes; i++) {
    if (logits[i] === Number.NEGATIVE_INFINITY) continue
    overTemperature(scale, logits[i] * scale.half, 0, term)
    expm1Full(term.hi, term.lo, term)
    addToGridSum(term.hi * unit, term.lo * unit, slices)
  }
  gridTotal(slices, total)
  total.exponent = exponent
  scaledOf(count, divisor)
  divideScaled(total, divisor, total)
  FULL.log1p(total, total)
}

/** Leaves (Σ x_i)/(n · T) in `total`. */
function meanOfEntries(
  { logits, start, classes }: WeightedRow,
  size: number,
  temperature: number,
  count: number,
): void {
  scaledOf(size, total)
  const exponent = exponentOf(total.hi) + total.exponent + 1
  const half = powerOfTwo(-(exponent >> 1))
  const rest = powerOfTwo((exponent >> 1) - exponent)
  clearGridSum(slices)
  for (let i = start; i < start + classes; i++) {
    if (logits[i] !== Number.NEGATIVE_INFINITY) addToGridSum(logits[i] * half * rest, 0, slices)
  }
  gridTotal(slices, total)
  total.exponent = exponent
  scaledOf(temperature, divisor)
  divideScaled(total, divisor, total)
  scaledOf(count, divisor)
  divideScaled(total, divisor, total)
}
