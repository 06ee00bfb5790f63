/**
 * One row of float64: its state, and everything that is computed once a row.
 *
 * The formulas are those of single.ts. What differs is that float64 has no wider format to hide in, so three things are
 * carried as unevaluated pairs: the difference x_i − m₂ with its rounding error (the error alone would cost up to 500 ulp in
 * exp), divided by T as a pair (temperature.ts), the exponentials (expParts, 2^−68), and sums, logarithm and quotient behind them. Exponents of exponentials are kept
 * apart as integers until the last step, scaleRounded, so that nothing underflows early and subnormal results are rounded once.
 *
 * Where log-sum-exp cancels (m < 0 and L ≈ −m), the row is reduced again with exponentials good to 2^−100. Backends that read the
 * entries themselves come in through restoreRow and get the same bits.
 */
import type { FloatArray } from '../../arrays.ts'
import { highWord, powerOfTwo, scaleRounded } from '../../special/bits.ts'
import { addPairs, dividePairs, multiplyPairs, normalize, type Pair, sumError } from '../../special/double-double.ts'
import { EXP_UNDERFLOW, type ExpParts, expParts } from '../../special/exp.ts'
import { expFull } from '../../special/exp-full.ts'
import { GRID_26, GRID_52, GRID_78, GRID_104 } from '../../special/grid.ts'
import { log1pFull } from '../../special/log-full.ts'
import { differenceOver, overTemperature, type Temperature, temperatureOf } from './temperature.ts'
import { findTop, type Top } from './top.ts'

/** exp of an unevaluated sum as a pair with an exponent: expParts, or expFull where digits cancel. */
type Exponential = typeof expParts

/** What the passes over a row leave for the finishing loops. Names as in single.ts; a pair with an exponent is (hi + lo) · 2^e. */
interface Row extends Top {
  temperature: Temperature
  readonly secondPower: ExpParts
  readonly others: ExpParts
  readonly total: Pair
  readonly log: ExpParts
  /** What rounding took from the loss that has been computed last. */
  lossLow: number
}

/** The current row. */
export const row: Row = {
  max: 0,
  index: 0,
  second: 0,
  temperature: temperatureOf(1),
  secondPower: { hi: 0, lo: 0, exponent: 0 },
  others: { hi: 0, lo: 0, exponent: 0 },
  total: { hi: 0, lo: 0 },
  log: { hi: 0, lo: 0, exponent: 0 },
  lossLow: 0,
}
const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const factor: Pair = { hi: 0, lo: 0 }
const quotient: Pair = { hi: 0, lo: 0 }

/** exp((value − shift)/T) into `out`, from the exact difference. Far below, also at −∞ and after overflow, it is 2^−2309. */
export function power(value: number, shift: number, exponential: Exponential, out: ExpParts): void {
  differenceOver(row.temperature, value, shift, quotient)
  if (quotient.hi > EXP_UNDERFLOW) exponential(quotient.hi, quotient.lo, out)
  else exponential(EXP_UNDERFLOW, 0, out)
}

/** Terms below 2^−105 vanish on the finest grid: e^−75 = 2^−108. */
const BELOW_GRID = -75

/** S₂ in slices, each the exact sum of its slice of every term (special/grid.ts). */
export interface Slices {
  slice26: number
  slice52: number
  slice78: number
  slice104: number
}

const slices: Slices = { slice26: 0, slice52: 0, slice78: 0, slice104: 0 }

/** Fills `slices`: exact, but for what lies below the last grid of each term. */
function sumOfOthers(logits: FloatArray, start: number, classes: number, exponential: Exponential): void {
  let slice26 = 0
  let slice52 = 0
  let slice78 = 0
  let slice104 = 0
  const { second, temperature } = row
  const skipped = start + row.index
  for (let i = start; i < start + classes; i++) {
    if (i === skipped) continue
    differenceOver(temperature, logits[i], second, quotient)
    if (!(quotient.hi > BELOW_GRID)) continue
    exponential(quotient.hi, quotient.lo, term)
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
  slices.slice26 = slice26
  slices.slice52 = slice52
  slices.slice78 = slice78
  slices.slice104 = slice104
}

/** Below 2^−120, log1p(s) = s to more digits than a pair holds; there its exponent is kept apart as well. */
const TINY = 7.52316384526264e-37 // 0x3870000000000000, 2^−120

/** Completes `row` from its two largest entries, both finite or the second −∞, and the slices of S₂. */
function finishRow({ slice26, slice52, slice78, slice104 }: Slices, exponential: Exponential): void {
  const { secondPower, others, total } = row
  if (row.second === Number.NEGATIVE_INFINITY) {
    others.hi = others.lo = others.exponent = 0
    secondPower.hi = secondPower.lo = secondPower.exponent = 0
  } else {
    power(row.second, row.max, exponential, secondPower)
    const sum = slice26 + slice52
    addPairs(sum, sumError(slice26, slice52, sum), slice78, slice104, others)
    multiplyPairs(others.hi, others.lo, secondPower.hi, secondPower.lo, others)
    others.exponent = secondPower.exponent
  }
  const scale = powerOfTwo(Math.max(others.exponent, -1022))
  addPairs(1, 0, others.hi * scale, others.lo * scale, total)
}

/** Fills row.log, which not every operation needs, from the sum of the others. */
export function finishLog(): void {
  const { others, log } = row
  const scale = powerOfTwo(Math.max(others.exponent, -1022))
  const hi = others.hi * scale
  if (hi < TINY) {
    log.hi = others.hi
    log.lo = others.lo
    log.exponent = others.exponent
  } else {
    log1pFull(hi, others.lo * scale, log)
    log.exponent = 0
  }
}

/** Reads a row; false if it has no finite maximum, where only max, index and second are set. */
export function reduceRow(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: Temperature,
  exponential: Exponential = expParts,
): boolean {
  row.temperature = temperature
  findTop(logits, start, classes, row)
  if (!Number.isFinite(row.max)) return false
  if (row.second !== Number.NEGATIVE_INFINITY) sumOfOthers(logits, start, classes, exponential)
  finishRow(slices, exponential)
  return true
}

/** The same for a row that another backend has read: a finite maximum, the second entry, and the slices of S₂. */
export function restoreRow(max: number, second: number, sums: Slices, temperature: Temperature): void {
  row.temperature = temperature
  row.max = max
  row.second = second
  finishRow(sums, expParts)
}

/** A weight hi + lo ≥ 0 as (hi + lo) · 2^exponent, with a head near 1 so that pairs neither overflow nor lose digits. */
export function weightOf(hi: number, lo: number, out: ExpParts): void {
  out.exponent = Math.max(-1000, Math.min((highWord(hi) >> 20) - 1023, 1000))
  const scale = powerOfTwo(-out.exponent)
  out.hi = hi * scale
  out.lo = lo * scale
}

/** The weight 1. */
export const UNIT: Readonly<ExpParts> = { hi: 1, lo: 0, exponent: 0 }

/** What a row of weight · softmax is made of: `factor` times exp((x_i − m₂)/T), and `top` at the maximum. */
export interface Weights {
  readonly factor: ExpParts
  top: number
}

/** Fills `weights` for a weight. */
export function softmaxWeights(weight: Readonly<ExpParts>, weights: Weights): void {
  const { secondPower, total } = row
  dividePairs(weight.hi, weight.lo, total.hi, total.lo, quotient)
  multiplyPairs(secondPower.hi, secondPower.lo, quotient.hi, quotient.lo, weights.factor)
  weights.factor.exponent = secondPower.exponent + weight.exponent
  weights.top = scaleRounded(quotient.hi, quotient.lo, weight.exponent)
}

/** What is subtracted from the entries: the second entry, or the maximum if there is none. */
export const shift = (): number => (row.second === Number.NEGATIVE_INFINITY ? row.max : row.second)

/** What L's pair must be multiplied with; where that underflows, L no longer counts beside a difference. */
export const logScale = (): number => powerOfTwo(Math.max(row.log.exponent, -1022))

/** (hi + lo) · 2^exponent ≥ 0 as a loss: rounded once, with the rest in row.lossLow. */
export function roundLoss(hi: number, lo: number, exponent: number): number {
  row.lossLow = exponent < LOWEST ? 0 : lo * powerOfTwo(exponent)
  return scaleRounded(hi, lo, exponent)
}

/** Below this exponent the rest of a loss, a multiple of 2^−1074, is too coarse to be of use. */
const LOWEST = -1010

/**
 * (m − value)/T + L, the loss of an entry (after finishLog): two terms ≥ 0, nothing cancels. At the maximum it is L alone, rounded
 * once. What rounding takes is in row.lossLow.
 */
export function lossOf(value: number): number {
  const { log, max } = row
  if (value === max) return roundLoss(log.hi, log.lo, log.exponent)
  differenceOver(row.temperature, max, value, quotient)
  const scale = logScale()
  const sum = quotient.hi + log.hi * scale
  row.lossLow = 0
  if (sum === Number.POSITIVE_INFINITY) return sum
  const rest = sumError(quotient.hi, log.hi * scale, sum) + (quotient.lo + log.lo * scale)
  const loss = sum + rest
  row.lossLow = sum - loss + rest
  return loss
}

/** Below this m/T is lifted by LIFT before L is added, so that nothing of either is lost to underflow. */
const SMALL_MAX = 1.499696813895631e-241 // 0x0df0000000000000, 2^−800
const LIFT = 600

/** (m/T + L) · 2^lift of the row in `row` as a pair; an infinite m/T is the sum by itself. */
function addMaxAndLog(lift: number, out: Pair): void {
  const { log, max, temperature } = row
  overTemperature(temperature, max * powerOfTwo(lift) * temperature.half, 0, quotient)
  if (!Number.isFinite(quotient.hi)) {
    out.hi = quotient.hi
    out.lo = 0
    return
  }
  // L beside a large maximum, or below 2^−1400 beside any, is nothing.
  const exponent = log.exponent + lift
  const scale = exponent < -900 ? 0 : powerOfTwo(exponent)
  out.hi = quotient.hi + log.hi * scale
  out.lo = sumError(quotient.hi, log.hi * scale, out.hi) + (quotient.lo + log.lo * scale)
}

/** m/T + L of the row in `row`, rounded once. */
export function maxPlusLog(): number {
  const lift = Math.abs(row.max / row.temperature.value) < SMALL_MAX ? LIFT : 0
  addMaxAndLog(lift, factor)
  if (lift === 0) return factor.hi + factor.lo
  normalize(factor.hi, factor.lo, factor)
  const sign = factor.hi < 0 ? -1 : 1
  return sign * scaleRounded(sign * factor.hi, sign * factor.lo, -lift)
}

/** Where m/T and L cancel to less than this share of L, the error of the first reduction (2^−68) comes near an ulp. */
const CANCELLATION = 0.00390625

const cancels = (sum: number): boolean => row.max < 0 && Math.abs(sum) < CANCELLATION * row.log.hi * logScale()

/** log Σ exp of the row in `row` (after finishLog); NaN stands for "digits cancel, reduce it again in full". */
export function logSumExpOrNaN(): number {
  const sum = maxPlusLog()
  return cancels(sum) ? Number.NaN : sum
}

/** log Σ exp(x/T) of one row, in float64 from either dtype. */
export function logSumExpDouble(logits: FloatArray, start: number, classes: number, temperature: number): number {
  const scaled = temperatureOf(temperature)
  if (!reduceRow(logits, start, classes, scaled)) return row.max
  finishLog()
  const sum = logSumExpOrNaN()
  if (!Number.isNaN(sum)) return sum
  reduceRow(logits, start, classes, scaled, expFull)
  finishLog()
  return maxPlusLog()
}

/** The same of the row in `row` (after finishLog) as a pair; where digits cancel, the row in `logits` is reduced again in full. */
export function logSumExpPair(logits: FloatArray, start: number, classes: number, out: Pair): void {
  addMaxAndLog(0, out)
  // Squared, its error counts twice, and nothing may be beside it: reduced in full earlier than where it is rounded alone.
  if (cancels(out.hi / 64)) {
    reduceRow(logits, start, classes, row.temperature, expFull)
    finishLog()
    addMaxAndLog(0, out)
  }
  const sum = out.hi + out.lo
  out.lo = Number.isFinite(sum) ? sumError(out.hi, out.lo, sum) : 0
  out.hi = sum
}

/** weight · Σ_{i≠y} exp((x_i − m)/T) / total, rounded once: minus the gradient at the label. */
export function complement(value: number, weight: Readonly<ExpParts>): number {
  const { others, secondPower, total } = row
  if (value === row.max) {
    dividePairs(weight.hi, weight.lo, total.hi, total.lo, quotient)
    multiplyPairs(others.hi, others.lo, quotient.hi, quotient.lo, factor)
    return scaleRounded(factor.hi, factor.lo, others.exponent + weight.exponent)
  }
  // The label's own share is at most half of the total: the subtraction keeps every digit that matters.
  power(value, row.second, expParts, term)
  multiplyPairs(term.hi, term.lo, secondPower.hi, secondPower.lo, term)
  const scale = powerOfTwo(Math.max(term.exponent + secondPower.exponent, -1022))
  addPairs(total.hi, total.lo, -term.hi * scale, -term.lo * scale, factor)
  dividePairs(weight.hi, weight.lo, total.hi, total.lo, quotient)
  multiplyPairs(factor.hi, factor.lo, quotient.hi, quotient.lo, factor)
  return scaleRounded(factor.hi, factor.lo, weight.exponent)
}
