/**
 * The reference kernels for float64 data, accurate mode: double-double inside, one rounding at the end.
 *
 * The formulas are those of single.ts. What differs is that float64 has no wider format to hide in, so three things are
 * carried as unevaluated pairs: the difference x_i − m₂ with its rounding error (the error alone would cost up to 500 ulp in
 * exp), the exponentials (expParts, 2^−68), and sums, logarithm and quotient behind them. Exponents of exponentials are kept
 * apart as integers until the last step, scaleRounded, so that nothing underflows early and subnormal results are rounded once.
 *
 * Where log-sum-exp cancels (m < 0 and L ≈ −m), the row is reduced again with exponentials good to 2^−100.
 */
import type { FloatArray } from '../../arrays.ts'
import { powerOfTwo, scaleRounded } from '../../special/bits.ts'
import {
  addPairs,
  dividePairs,
  multiplyPairs,
  normalize,
  type Pair,
  productError,
  sumError,
} from '../../special/double-double.ts'
import { EXP_UNDERFLOW, type ExpParts, expParts } from '../../special/exp.ts'
import { expFull } from '../../special/exp-full.ts'
import { GRID_26, GRID_52, GRID_78, GRID_104 } from '../../special/grid.ts'
import { log1pFull } from '../../special/log-full.ts'
import { limitGradient, limitLogSoftmax, limitLoss, limitSoftmax } from './limits.ts'
import { findTop, type Top } from './top.ts'

/** What the passes over a row leave for the finishing loops. Names as in single.ts; a pair with an exponent is (hi + lo) · 2^e. */
interface Row extends Top {
  readonly secondPower: ExpParts
  readonly others: ExpParts
  readonly total: Pair
  readonly log: ExpParts
}

const row: Row = {
  max: 0,
  index: 0,
  second: 0,
  secondPower: { hi: 0, lo: 0, exponent: 0 },
  others: { hi: 0, lo: 0, exponent: 0 },
  total: { hi: 0, lo: 0 },
  log: { hi: 0, lo: 0, exponent: 0 },
}
const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const factor: Pair = { hi: 0, lo: 0 }
const quotient: Pair = { hi: 0, lo: 0 }

/** exp(value − shift) into `term`, from the exact difference. Far below, also at −∞ and after overflow, it is 2^−2309. */
function power(value: number, shift: number, exponential: typeof expParts, out: ExpParts): void {
  const difference = value - shift
  if (difference > EXP_UNDERFLOW) exponential(difference, sumError(value, -shift, difference), out)
  else exponential(EXP_UNDERFLOW, 0, out)
}

/** Terms below 2^−105 vanish on the finest grid: e^−75 = 2^−108. */
const BELOW_GRID = -75

/** S₂ as a pair into `out`, exact but for the 2^−105 dropped below the last grid of each term. */
function sumOfOthers(
  logits: FloatArray,
  start: number,
  classes: number,
  second: number,
  exponential: typeof expParts,
  out: Pair,
): void {
  let slice26 = 0
  let slice52 = 0
  let slice78 = 0
  let slice104 = 0
  const skipped = start + row.index
  for (let i = start; i < start + classes; i++) {
    if (i === skipped || !(logits[i] - second > BELOW_GRID)) continue
    power(logits[i], second, exponential, term)
    const scale = powerOfTwo(term.exponent)
    const value = term.hi * scale
    const first = value + GRID_26 - GRID_26
    const afterFirst = value - first
    const middle = afterFirst + GRID_52 - GRID_52
    const afterMiddle = afterFirst - middle + term.lo * scale
    const third = afterMiddle + GRID_78 - GRID_78
    slice26 += first
    slice52 += middle
    slice78 += third
    slice104 += afterMiddle - third + GRID_104 - GRID_104
  }
  const sum = slice26 + slice52
  addPairs(sum, sumError(slice26, slice52, sum), slice78, slice104, out)
}

/** Below 2^−120, log1p(s) = s to more digits than a pair holds; there its exponent is kept apart as well. */
const TINY = 7.52316384526264e-37 // 0x3870000000000000, 2^−120

/** Fills `row`; false if the row has no finite maximum, where only max, index and second are set. */
function reduceRow(logits: FloatArray, start: number, classes: number, exponential: typeof expParts): boolean {
  findTop(logits, start, classes, row)
  if (!Number.isFinite(row.max)) return false
  const { secondPower, others, total, log } = row
  if (row.second === Number.NEGATIVE_INFINITY) {
    others.hi = others.lo = others.exponent = 0
    secondPower.hi = secondPower.lo = secondPower.exponent = 0
  } else {
    power(row.second, row.max, exponential, secondPower)
    sumOfOthers(logits, start, classes, row.second, exponential, others)
    multiplyPairs(others.hi, others.lo, secondPower.hi, secondPower.lo, others)
    others.exponent = secondPower.exponent
  }
  const scale = powerOfTwo(Math.max(others.exponent, -1022))
  const hi = others.hi * scale
  const lo = others.lo * scale
  addPairs(1, 0, hi, lo, total)
  if (hi < TINY) {
    log.hi = others.hi
    log.lo = others.lo
    log.exponent = others.exponent
  } else {
    log1pFull(hi, lo, log)
    log.exponent = 0
  }
  return true
}

/** out_i = weight · softmax_i for the pair `weight`, the common part of softmax and the gradient. */
function writeSoftmax(
  logits: FloatArray,
  start: number,
  classes: number,
  weightHi: number,
  weightLo: number,
  out: FloatArray,
): void {
  dividePairs(weightHi, weightLo, row.total.hi, row.total.lo, quotient)
  multiplyPairs(row.secondPower.hi, row.secondPower.lo, quotient.hi, quotient.lo, factor)
  const exponent = row.secondPower.exponent
  const second = row.second === Number.NEGATIVE_INFINITY ? row.max : row.second
  for (let i = start; i < start + classes; i++) {
    const value = logits[i]
    if (value === row.max) {
      out[i] = quotient.hi
      continue
    }
    power(value, second, expParts, term)
    const product = term.hi * factor.hi
    const error = productError(term.hi, factor.hi, product) + (term.hi * factor.lo + term.lo * factor.hi)
    const rounded = product + error
    out[i] = scaleRounded(rounded, product - rounded + error, term.exponent + exponent)
  }
}

export function softmaxDouble(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes, expParts)) writeSoftmax(logits, start, classes, 1, 0, out)
    else limitSoftmax(row, start, classes, out)
  }
}

/** What L's pair must be multiplied with; where that underflows, L no longer counts beside a difference. */
const logScale = (): number => powerOfTwo(Math.max(row.log.exponent, -1022))

/** (m − value) + L, the loss of an entry: two terms ≥ 0, nothing cancels. At the maximum it is L alone, rounded once. */
function lossOf(value: number): number {
  const { log, max } = row
  if (value === max) return scaleRounded(log.hi, log.lo, log.exponent)
  const difference = max - value
  const scale = logScale()
  const sum = difference + log.hi * scale
  if (sum === Number.POSITIVE_INFINITY) return sum
  return sum + (sumError(difference, log.hi * scale, sum) + (sumError(max, -value, difference) + log.lo * scale))
}

export function logSoftmaxDouble(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes, expParts)) {
      for (let i = 0; i < classes; i++) out[start + i] = 0 - lossOf(logits[start + i])
    } else limitLogSoftmax(row, start, classes, out)
  }
}

/** Below this the maximum is lifted by LIFT before L is added, so that nothing of either is lost to underflow. */
const SMALL_MAX = 1.499696813895631e-241 // 0x0df0000000000000, 2^−800
const LIFT = 600

/** m + L of the row in `row`, rounded once. */
function maxPlusLog(): number {
  const { log, max } = row
  const lift = Math.abs(max) < SMALL_MAX ? LIFT : 0
  const lifted = max * powerOfTwo(lift)
  // L beside a large maximum, or below 2^−1400 beside any, is nothing.
  const exponent = log.exponent + lift
  const scale = exponent < -900 ? 0 : powerOfTwo(exponent)
  const sum = lifted + log.hi * scale
  const rest = sumError(lifted, log.hi * scale, sum) + log.lo * scale
  if (lift === 0) return sum + rest
  normalize(sum, rest, factor)
  const sign = factor.hi < 0 ? -1 : 1
  return sign * scaleRounded(sign * factor.hi, sign * factor.lo, -lift)
}

/** Where m and L cancel to less than this share of L, the error of the first reduction (2^−68) comes near an ulp. */
const CANCELLATION = 0.00390625

/** log Σ exp of one row, in float64 from either dtype. */
export function logSumExpDouble(logits: FloatArray, start: number, classes: number): number {
  if (!reduceRow(logits, start, classes, expParts)) return row.max
  const sum = maxPlusLog()
  if (row.max >= 0 || Math.abs(sum) >= CANCELLATION * row.log.hi * logScale()) return sum
  reduceRow(logits, start, classes, expFull)
  return maxPlusLog()
}

export function logSumExpRowsDouble(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let r = 0; r < rows; r++) out[r] = logSumExpDouble(logits, r * classes, classes)
}

export function crossEntropyDouble(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  losses: Float64Array,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    losses[r] = reduceRow(logits, start, classes, expParts)
      ? lossOf(logits[start + labels[r]])
      : limitLoss(row, labels[r])
  }
}

/** weight · Σ_{i≠y} exp(x_i − m) / total, rounded once: minus the gradient at the label. */
function complement(value: number, weightHi: number, weightLo: number): number {
  const { others, secondPower, total } = row
  dividePairs(weightHi, weightLo, total.hi, total.lo, quotient)
  if (value === row.max) {
    multiplyPairs(others.hi, others.lo, quotient.hi, quotient.lo, factor)
    return scaleRounded(factor.hi, factor.lo, others.exponent)
  }
  // The label's own share is at most half of the total: the subtraction keeps every digit that matters.
  power(value, row.second, expParts, term)
  multiplyPairs(term.hi, term.lo, secondPower.hi, secondPower.lo, term)
  const scale = powerOfTwo(Math.max(term.exponent + secondPower.exponent, -1022))
  addPairs(total.hi, total.lo, -term.hi * scale, -term.lo * scale, factor)
  multiplyPairs(factor.hi, factor.lo, quotient.hi, quotient.lo, factor)
  return factor.hi
}

export function crossEntropyWithGradientDouble(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  scaleHi: number,
  scaleLo: number,
  losses: Float64Array,
  gradient: FloatArray,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const label = labels[r]
    if (reduceRow(logits, start, classes, expParts)) {
      const value = logits[start + label]
      losses[r] = lossOf(value)
      const rest = complement(value, scaleHi, scaleLo)
      writeSoftmax(logits, start, classes, scaleHi, scaleLo, gradient)
      gradient[start + label] = 0 - rest
    } else {
      losses[r] = limitLoss(row, label)
      limitGradient(row, start, classes, label, scaleHi, gradient)
    }
  }
}
