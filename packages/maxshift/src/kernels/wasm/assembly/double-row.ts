/**
 * What is done once a row of float64, for two rows side by side: kernels/js/double-row.ts, operation for operation, its branches as
 * selections. The lanes are rows; names as there.
 */
import { losses, lossLow, scaleLanes, scaleRounded } from './double'
import { addPairs, dividePairs, hi, lo, multiplyPairs, normalize } from './double-pairs'
import { SLICE_104, SLICE_26, SLICE_52, SLICE_78 } from './double-sum'
import { MAX, SECOND } from './double-top'
import { powerDouble, powerExponent, powerHi, powerLo, powerOfTwo } from './exp-double'
import { select } from './lanes'
import { log1pFull } from './log-full'
import { sumError, sumErrorOfAny } from './pairs'
import { halved, over, overLow } from './temperature-double'

/** Two records, of SLOT bytes each; losses with class weights use all of it, the others 80. */
export const SLOTS = memory.data(448, 16)
export const SLOT: usize = 224

const EXP_UNDERFLOW: f64 = -1600
/** 2^−120. */
const TINY: f64 = 7.52316384526264e-37
export const CANCELLATION: f64 = 0.00390625
/** 2^−800 and 2^600. */
const SMALL_MAX: f64 = 1.499696813895631e-241
const LIFT: f64 = 4.149515568880993e180
const LIFT_EXPONENT: i64 = 600

export let max = f64x2.splat(0)
/** What is subtracted from the entries: the second entry, or the maximum if there is none. */
export let shift = f64x2.splat(0)
let secondHi = f64x2.splat(0)
let secondLo = f64x2.splat(0)
export let secondExponent = i64x2.splat(0)
export let othersHi = f64x2.splat(0)
export let othersLo = f64x2.splat(0)
let totalHi = f64x2.splat(0)
let totalLo = f64x2.splat(0)
export let logHi = f64x2.splat(0)
export let logLo = f64x2.splat(0)
export let logExponent = i64x2.splat(0)
export let logUnit = f64x2.splat(0)
export let weightHi = f64x2.splat(0)
export let weightLo = f64x2.splat(0)
export let weightExponent = i64x2.splat(0)

/** One number of each of the two records. */
// @ts-expect-error: decorator
@inline
export function both(offset: usize): v128 {
  return v128.load64_lane(SLOTS + SLOT + offset, v128.load64_zero(SLOTS + offset), 1)
}

// @ts-expect-error: decorator
@inline
export function largerOf(exponent: v128, bound: i64): v128 {
  const bounds = i64x2.splat(bound)
  return select(i64x2.gt_s(exponent, bounds), exponent, bounds)
}

/** exp((value − from)/T), value ≤ from, to powerHi, powerLo and powerExponent. */
// @ts-expect-error: decorator
@inline
export function power(scaled: bool, value: v128, from: v128): void {
  const a = halved(scaled, value)
  const b = halved(scaled, from)
  const difference = f64x2.sub(a, b)
  const quotient = over(scaled, difference)
  const smallest = f64x2.splat(EXP_UNDERFLOW)
  const inside = f64x2.gt(quotient, smallest)
  const tail = overLow(scaled, difference, sumErrorOfAny(a, f64x2.neg(b), difference), quotient)
  powerDouble(f64x2.pmax(quotient, smallest), v128.and(tail, inside))
}

/** Completes the state of the rows from their records. */
// @ts-expect-error: decorator
@inline
export function finishRows(scaled: bool): void {
  max = both(MAX)
  const second = both(SECOND)
  const exists = f64x2.ne(second, f64x2.splat(-Infinity))
  shift = select(exists, second, max)
  power(scaled, shift, max)
  secondHi = v128.and(powerHi, exists)
  secondLo = v128.and(powerLo, exists)
  secondExponent = v128.and(powerExponent, exists)
  const slice26 = both(SLICE_26)
  const slice52 = both(SLICE_52)
  const sum = f64x2.add(slice26, slice52)
  addPairs(sum, sumError(slice26, slice52, sum), both(SLICE_78), both(SLICE_104))
  multiplyPairs(hi, lo, secondHi, secondLo)
  othersHi = v128.and(hi, exists)
  othersLo = v128.and(lo, exists)
  const scale = powerOfTwo(largerOf(secondExponent, -1022))
  addPairs(f64x2.splat(1), f64x2.splat(0), f64x2.mul(othersHi, scale), f64x2.mul(othersLo, scale))
  totalHi = hi
  totalLo = lo
}

/** The logarithms of the totals. */
export function finishLogs(): void {
  const scale = powerOfTwo(largerOf(secondExponent, -1022))
  const s = f64x2.mul(othersHi, scale)
  log1pFull(s, f64x2.mul(othersLo, scale))
  const isTiny = f64x2.lt(s, f64x2.splat(TINY))
  logHi = select(isTiny, othersHi, hi)
  logLo = select(isTiny, othersLo, lo)
  logExponent = v128.and(isTiny, secondExponent)
  logUnit = powerOfTwo(largerOf(logExponent, -1022))
}

/** L as a pair in float64, and what the maximum costs, for writeLogSoftmax_f64. */
export let finalLogHi = f64x2.splat(0)
export let finalLogLo = f64x2.splat(0)
export let topLoss = f64x2.splat(0)

// @ts-expect-error: decorator
@inline
export function finalLogs(): void {
  finalLogHi = f64x2.mul(logHi, logUnit)
  finalLogLo = f64x2.mul(logLo, logUnit)
  topLoss = scaleLanes(logHi, logLo, logExponent)
}

/** What rounding took from the losses of two entries: roundLoss and lossOf of kernels/js/double-row.ts. */
export let lossRest = f64x2.splat(0)
/** Below this exponent a rest is left out. */
const LOWEST: i64 = -1010

/** The losses of two entries, and lossRest. */
// @ts-expect-error: decorator
@inline
export function lossesOf(scaled: bool, values: v128): v128 {
  finalLogs()
  const result = losses(scaled, values, max, finalLogHi, finalLogLo, topLoss, true)
  const topRest = v128.and(finalLogLo, i64x2.ge_s(logExponent, i64x2.splat(LOWEST)))
  lossRest = select(f64x2.eq(values, max), topRest, lossLow)
  return result
}

/** A number that was lifted, rounded once. */
function lowered(head: v128, tail: v128, lane: i32): f64 {
  normalize(head, tail)
  const a = lane ? f64x2.extract_lane(hi, 1) : f64x2.extract_lane(hi, 0)
  const b = lane ? f64x2.extract_lane(lo, 1) : f64x2.extract_lane(lo, 0)
  const sign: f64 = a < 0 ? -1 : 1
  return sign * scaleRounded(sign * a, sign * b, -LIFT_EXPONENT)
}

/** m/T + L of the rows, NaN where digits cancel. */
// @ts-expect-error: decorator
@inline
export function logSumExps(scaled: bool, temperature: f64): v128 {
  const isSmall = f64x2.lt(f64x2.abs(f64x2.div(max, f64x2.splat(temperature))), f64x2.splat(SMALL_MAX))
  const lifted = halved(scaled, f64x2.mul(max, select(isSmall, f64x2.splat(LIFT), f64x2.splat(1))))
  const quotient = over(scaled, lifted)
  const quotientLow = overLow(scaled, lifted, f64x2.splat(0), quotient)
  const exponent = i64x2.add(logExponent, v128.and(isSmall, i64x2.splat(LIFT_EXPONENT)))
  const scale = v128.and(powerOfTwo(exponent), i64x2.ge_s(exponent, i64x2.splat(-900)))
  const log = f64x2.mul(logHi, scale)
  const head = f64x2.add(quotient, log)
  const tail = f64x2.add(sumError(quotient, log, head), f64x2.add(quotientLow, f64x2.mul(logLo, scale)))
  let sum = f64x2.add(head, tail)
  if (v128.any_true(isSmall)) {
    if (i64x2.extract_lane(isSmall, 0)) sum = f64x2.replace_lane(sum, 0, lowered(head, tail, 0))
    if (i64x2.extract_lane(isSmall, 1)) sum = f64x2.replace_lane(sum, 1, lowered(head, tail, 1))
  }
  sum = select(f64x2.eq(f64x2.abs(quotient), f64x2.splat(Infinity)), quotient, sum)
  const least = f64x2.mul(f64x2.mul(f64x2.splat(CANCELLATION), logHi), logUnit)
  const cancels = v128.and(f64x2.lt(max, f64x2.splat(0)), f64x2.lt(f64x2.abs(sum), least))
  return v128.or(sum, cancels)
}

/** The weights whose pairs are hi + low. */
// @ts-expect-error: decorator
@inline
export function setWeights(head: v128, low: v128): void {
  const exponent = largerOf(i64x2.sub(i64x2.shr_s(head, 52), i64x2.splat(1023)), -1000)
  const most = i64x2.splat(1000)
  weightExponent = select(i64x2.gt_s(exponent, most), most, exponent)
  const scale = powerOfTwo(i64x2.neg(weightExponent))
  weightHi = f64x2.mul(head, scale)
  weightLo = f64x2.mul(low, scale)
}

/** The factors of the exponentials, their exponents, and the results at the maxima. */
export let factorHi = f64x2.splat(0)
export let factorLo = f64x2.splat(0)
export let factorExponent = i64x2.splat(0)
export let top = f64x2.splat(0)
export let quotientHi = f64x2.splat(0)
export let quotientLo = f64x2.splat(0)

/** Fills them for the weights. */
export function finishWeights(): void {
  dividePairs(weightHi, weightLo, totalHi, totalLo)
  quotientHi = hi
  quotientLo = lo
  multiplyPairs(secondHi, secondLo, quotientHi, quotientLo)
  factorHi = hi
  factorLo = lo
  factorExponent = i64x2.add(secondExponent, weightExponent)
  top = scaleLanes(quotientHi, quotientLo, weightExponent)
}

/** weight · Σ_{i≠y} exp((x_i − m)/T) / total (after finishWeights), minus the gradient at the labels with these entries. */
// @ts-expect-error: decorator
@inline
export function complements(scaled: bool, values: v128): v128 {
  const isMax = f64x2.eq(values, max)
  power(scaled, f64x2.pmin(values, shift), shift)
  const termExponent = powerExponent
  multiplyPairs(powerHi, powerLo, secondHi, secondLo)
  const scale = powerOfTwo(largerOf(i64x2.add(termExponent, secondExponent), -1022))
  addPairs(totalHi, totalLo, f64x2.neg(f64x2.mul(hi, scale)), f64x2.neg(f64x2.mul(lo, scale)))
  multiplyPairs(select(isMax, othersHi, hi), select(isMax, othersLo, lo), quotientHi, quotientLo)
  return scaleLanes(hi, lo, i64x2.add(weightExponent, v128.and(isMax, secondExponent)))
}
