/**
 * float64 rows, accurate mode: the two passes over the entries of kernels/js/double.ts in vector lanes, the same bits.
 * This file writes rows, from a factor or a logarithm that is made in double-row.ts, or by a caller in TypeScript.
 */
import { KEPT } from './double-sum'
import { loadLast } from './double-top'
import { powerDouble, powerExponent, powerHi, powerLo, powerOfTwo } from './exp-double'
import { select } from './lanes'
import { productErrorOfHalves, sumError, sumErrorOfAny, upperHalf } from './pairs'
import { halved, isScaled, over, overLow } from './temperature-double'

/** Differences below the second are clamped, as in the reference. */
const EXP_UNDERFLOW: f64 = -1600

/** (hi + lo) · 2^exponent, rounded once, as scaleRounded in special/bits.ts; hi ≥ 0. */
export function scaleRounded(hi: f64, lo: f64, exponent: i64): f64 {
  if (hi === 0 || exponent < -1200) return 0
  const top = exponent + ((reinterpret<i64>(hi) >> 52) - 1023)
  if (top >= -1022) {
    if (exponent >= -1022 && exponent <= 1023) return hi * reinterpret<f64>((exponent + 1023) << 52)
    const half = exponent >> 1
    return hi * reinterpret<f64>((half + 1023) << 52) * reinterpret<f64>((exponent - half + 1023) << 52)
  }
  const grid = reinterpret<f64>((-1074 - exponent + 52 + 1023) << 52)
  const sum = grid + hi
  const rounded = sum + (hi - (sum - grid) + lo) - grid
  return rounded * reinterpret<f64>((exponent + 600 + 1023) << 52) * reinterpret<f64>(<i64>(1023 - 600) << 52)
}

/** From this exponent on, results are normal numbers whatever the factor. */
export const NORMAL: i64 = -950

/** scaleRounded in lanes, for 0 or 2^−60 < hi < 2^23. */
// @ts-expect-error: decorator
@inline
export function scaleLanes(hi: v128, lo: v128, exponent: v128): v128 {
  const e0 = i64x2.extract_lane(exponent, 0)
  const e1 = i64x2.extract_lane(exponent, 1)
  if (min(e0, e1) >= NORMAL) return f64x2.mul(hi, powerOfTwo(exponent))
  return f64x2(
    scaleRounded(f64x2.extract_lane(hi, 0), f64x2.extract_lane(lo, 0), e0),
    scaleRounded(f64x2.extract_lane(hi, 1), f64x2.extract_lane(lo, 1), e1),
  )
}

// What weighted leaves: exp((v − second)/T) · (factorHi + factorLo) as a pair with an exponent.
export let productHi = f64x2.splat(0)
export let productLo = f64x2.splat(0)

/** What the product of two pairs has beyond the product of their heads, one of them in halves. */
// @ts-expect-error: decorator
@inline
function errorOf(
  hi: v128,
  lo: v128,
  factorHi: v128,
  factorHead: v128,
  factorTail: v128,
  factorLo: v128,
  product: v128,
): v128 {
  return f64x2.add(
    productErrorOfHalves(hi, factorHead, factorTail, product),
    f64x2.add(f64x2.mul(hi, factorLo), f64x2.mul(lo, factorHi)),
  )
}

/** Fills productHi, productLo and powerExponent; anything finite where `isMax`. */
// @ts-expect-error: decorator
@inline
export function weighted(
  scaled: bool,
  v: v128,
  second: v128,
  isMax: v128,
  factorHi: v128,
  factorHead: v128,
  factorTail: v128,
  factorLo: v128,
): void {
  const a = halved(scaled, v)
  const b = halved(scaled, second)
  const difference = f64x2.sub(a, b)
  const quotient = over(scaled, difference)
  const inside = f64x2.gt(quotient, f64x2.splat(EXP_UNDERFLOW))
  const tail = v128.and(overLow(scaled, difference, sumError(a, f64x2.neg(b), difference), quotient), inside)
  // The maximum may lie far above the second; it is selected in the end, so anything finite will do in its place.
  const d = f64x2.pmin(f64x2.pmax(quotient, f64x2.splat(EXP_UNDERFLOW)), f64x2.splat(0))
  powerDouble(d, v128.andnot(tail, isMax))
  const product = f64x2.mul(powerHi, factorHi)
  const error = errorOf(powerHi, powerLo, factorHi, factorHead, factorTail, factorLo, product)
  const rounded = f64x2.add(product, error)
  productHi = rounded
  productLo = f64x2.add(f64x2.sub(product, rounded), error)
}

/** The pair of weighted with its exponent, rounded once; `top` where v is the maximum. */
// @ts-expect-error: decorator
@inline
function probs(
  scaled: bool,
  v: v128,
  second: v128,
  factorHi: v128,
  factorHead: v128,
  factorTail: v128,
  factorLo: v128,
  exponent: v128,
  max: v128,
  top: v128,
): v128 {
  const isMax = f64x2.eq(v, max)
  weighted(scaled, v, second, isMax, factorHi, factorHead, factorTail, factorLo)
  return select(isMax, top, scaleLanes(productHi, productLo, i64x2.add(powerExponent, exponent)))
}

// @ts-expect-error: decorator
@inline
function writeSoftmax(
  scaled: bool,
  x: usize,
  classes: usize,
  out: usize,
  maximum: f64,
  shift: f64,
  factorHi: f64,
  factorLo: f64,
  exponent: i32,
  topValue: f64,
): void {
  const second = f64x2.splat(shift)
  const hi = f64x2.splat(factorHi)
  const head = upperHalf(hi)
  const tail = f64x2.sub(hi, head)
  const lo = f64x2.splat(factorLo)
  const e = i64x2.splat(<i64>exponent)
  const max = f64x2.splat(maximum)
  const top = f64x2.splat(topValue)
  const end = x + ((classes & ~1) << 3)
  for (; x < end; x += 16) {
    v128.store(out, probs(scaled, v128.load(x), second, hi, head, tail, lo, e, max, top))
    out += 16
  }
  if (classes & 1) {
    const p = probs(scaled, loadLast(x), second, hi, head, tail, lo, e, max, top)
    f64.store(out, f64x2.extract_lane(p, 0))
  }
}

/** One row of weight · softmax from its factor, as the caller made it of the sums; the factor is positive. */
export function writeSoftmax_f64(
  x: usize,
  classes: usize,
  out: usize,
  maximum: f64,
  shift: f64,
  factorHi: f64,
  factorLo: f64,
  exponent: i32,
  topValue: f64,
): void {
  if (isScaled) writeSoftmax(true, x, classes, out, maximum, shift, factorHi, factorLo, exponent, topValue)
  else writeSoftmax(false, x, classes, out, maximum, shift, factorHi, factorLo, exponent, topValue)
}

/** The same from the exponentials that sumOfOthers kept. */
export function writeKept(
  x: usize,
  classes: usize,
  out: usize,
  kept: usize,
  maximum: f64,
  factorHi: f64,
  factorLo: f64,
  exponent: i64,
  topValue: f64,
): void {
  const hi = f64x2.splat(factorHi)
  const head = upperHalf(hi)
  const tail = f64x2.sub(hi, head)
  const lo = f64x2.splat(factorLo)
  const e = i64x2.splat(exponent)
  const max = f64x2.splat(maximum)
  const top = f64x2.splat(topValue)
  const last = x + (classes << 3) - 8
  for (; x <= last; x += 16) {
    const v = x < last ? v128.load(x) : loadLast(x)
    const power = v128.load(kept)
    const product = f64x2.mul(power, hi)
    const error = errorOf(power, v128.load(kept, 16), hi, head, tail, lo, product)
    const rounded = f64x2.add(product, error)
    const rest = f64x2.add(f64x2.sub(product, rounded), error)
    const p = select(f64x2.eq(v, max), top, scaleLanes(rounded, rest, i64x2.add(v128.load(kept, 32), e)))
    if (x < last) v128.store(out, p)
    else f64.store(out, f64x2.extract_lane(p, 0))
    kept += KEPT
    out += 16
  }
}

/** What rounding takes from the losses, where it is kept; at the maximum it means nothing. */
export let lossLow = f64x2.splat(0)

/** (m − x)/T + (logHi + logLo), rounded once; `top` at the maximum. With `keep` lossLow is filled. */
// @ts-expect-error: decorator
@inline
export function losses(scaled: bool, v: v128, max: v128, logHi: v128, logLo: v128, top: v128, keep: bool): v128 {
  const a = halved(scaled, max)
  const b = halved(scaled, v)
  const difference = f64x2.sub(a, b)
  const quotient = over(scaled, difference)
  const quotientLow = overLow(scaled, difference, sumErrorOfAny(a, f64x2.neg(b), difference), quotient)
  const sum = f64x2.add(quotient, logHi)
  const rest = f64x2.add(sumError(quotient, logHi, sum), f64x2.add(quotientLow, logLo))
  const overflown = f64x2.eq(sum, f64x2.splat(Infinity))
  const loss = select(overflown, sum, f64x2.add(sum, rest))
  if (keep) lossLow = v128.andnot(f64x2.add(f64x2.sub(sum, loss), rest), overflown)
  return select(f64x2.eq(v, max), top, loss)
}

// @ts-expect-error: decorator
@inline
function logProbs(scaled: bool, v: v128, max: v128, logHi: v128, logLo: v128, top: v128): v128 {
  return f64x2.sub(f64x2.splat(0), losses(scaled, v, max, logHi, logLo, top, false))
}

// @ts-expect-error: decorator
@inline
function writeLogSoftmax(
  scaled: bool,
  x: usize,
  classes: usize,
  out: usize,
  maximum: f64,
  logHi: f64,
  logLo: f64,
  topLoss: f64,
): void {
  const max = f64x2.splat(maximum)
  const hi = f64x2.splat(logHi)
  const lo = f64x2.splat(logLo)
  const top = f64x2.splat(topLoss)
  const end = x + ((classes & ~1) << 3)
  for (; x < end; x += 16) {
    v128.store(out, logProbs(scaled, v128.load(x), max, hi, lo, top))
    out += 16
  }
  if (classes & 1) f64.store(out, f64x2.extract_lane(logProbs(scaled, loadLast(x), max, hi, lo, top), 0))
}

/** One row of logSoftmax from its logarithm; `topLoss` is what the maximum costs. */
export function writeLogSoftmax_f64(
  x: usize,
  classes: usize,
  out: usize,
  maximum: f64,
  logHi: f64,
  logLo: f64,
  topLoss: f64,
): void {
  if (isScaled) writeLogSoftmax(true, x, classes, out, maximum, logHi, logLo, topLoss)
  else writeLogSoftmax(false, x, classes, out, maximum, logHi, logLo, topLoss)
}
