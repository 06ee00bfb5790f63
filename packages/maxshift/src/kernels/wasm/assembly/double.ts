/**
 * float64 rows, accurate mode: the two passes over the entries of kernels/js/double.ts in vector lanes, the same bits.
 *
 * What is done once a row, in pairs, stays with the caller in TypeScript: `sums_f64` leaves the exact sums, the caller makes the
 * factor or the logarithm of them, and `softmax_f64` or `logSoftmax_f64` write the row.
 */
import { findTopDouble, loadLast, MAX, SECOND } from './double-top'
import { powerDouble, powerExponent, powerHi, powerLo, powerOfTwo } from './exp-double'
import { BLOCK, GRID_104_BITS, GRID_78_BITS, ONE_BITS, UNIT_104, UNIT_26, UNIT_52, UNIT_78 } from './grid'
import { select } from './lanes'
import { productErrorOfHalves, sumError, upperHalf } from './pairs'
import { difference, differenceLow, divide, divideAny, quotient, quotientLow } from './temperature-double'

/** Fields of the record of a row, as float64, after MAX and SECOND. */
const SLICE_26: usize = 16
const SLICE_52: usize = 24
const SLICE_78: usize = 32
const SLICE_104: usize = 40
/** Bytes per record. */
const RECORD: usize = 48

/** Terms below 2^−105 vanish on the finest grid, and differences below the second are clamped, as in the reference. */
const BELOW_GRID: f64 = -75
const EXP_UNDERFLOW: f64 = -1600

let units = i64x2.splat(0)
let units78 = i64x2.splat(0)
let units104 = i64x2.splat(0)

/** Adds exp(v − second) to the three integer sums; entries more than 75 below count as 0, as in the reference. */
// @ts-expect-error: decorator
@inline
function addTerms(v: v128, second: v128): void {
  divide(f64x2.pmin(v, second), second)
  const inside = f64x2.gt(quotient, f64x2.splat(BELOW_GRID))
  powerDouble(f64x2.pmax(quotient, f64x2.splat(BELOW_GRID)), v128.and(quotientLow, inside))
  const scale = v128.and(powerOfTwo(powerExponent), inside)
  const value = f64x2.mul(powerHi, scale)
  const one = f64x2.splat(1)
  const shifted = f64x2.add(value, one)
  units = i64x2.add(units, shifted)
  const afterMiddle = f64x2.add(f64x2.sub(value, f64x2.sub(shifted, one)), f64x2.mul(powerLo, scale))
  const grid78 = i64x2.splat(GRID_78_BITS)
  const third = f64x2.add(afterMiddle, grid78)
  units78 = i64x2.add(units78, third)
  const last = f64x2.sub(afterMiddle, f64x2.sub(third, grid78))
  units104 = i64x2.add(units104, f64x2.add(last, i64x2.splat(GRID_104_BITS)))
}

/** Sums of differences beside S₂, for losses with class weights: none, Σ (x_k − m₂), or Σ base_k · (x_k − m₂). */
const WEIGHTED: i32 = 2

// Compensated sums in two lanes, as in kernels/js/targets.ts.
export let dot = f64x2.splat(0)
export let dotLow = f64x2.splat(0)

export function clearDifferences(): void {
  dot = dotLow = f64x2.splat(0)
}

// @ts-expect-error: decorator
@inline
function addToDot(value: v128, error: v128): void {
  const next = f64x2.add(dot, value)
  dotLow = f64x2.add(dotLow, f64x2.add(sumError(dot, value, next), error))
  dot = next
}

/** Adds the differences that addTerms has left, times their weights, in the lanes that exist. */
// @ts-expect-error: decorator
@inline
function addDifferences(kind: i32, weight: v128, existing: v128): void {
  const d = v128.and(difference, existing)
  const low = v128.and(differenceLow, existing)
  if (kind === WEIGHTED) {
    const product = f64x2.mul(weight, d)
    const head = upperHalf(weight)
    const error = productErrorOfHalves(d, head, f64x2.sub(weight, head), product)
    addToDot(product, f64x2.add(error, f64x2.mul(weight, low)))
  } else addToDot(d, low)
}

// @ts-expect-error: decorator
@inline
function sumOfOthers(x: usize, classes: usize, record: usize, soft: bool, kind: i32, base: usize): void {
  const second = f64x2.splat(f64.load(record, SECOND))
  let high: i64 = 0
  let low: i64 = 0
  units78 = i64x2.splat(0)
  units104 = i64x2.splat(0)
  let left = classes
  while (left > 0) {
    const entries = min(left, BLOCK)
    left -= entries
    units = i64x2.splat(0)
    const end = x + ((entries & ~1) << 3)
    for (; x < end; x += 16) {
      addTerms(v128.load(x), second)
      if (soft && kind) {
        addDifferences(kind, kind === WEIGHTED ? v128.load(base) : second, i64x2.splat(-1))
        base += 16
      }
    }
    if (entries & 1) {
      addTerms(loadLast(x), second)
      if (soft && kind) addDifferences(kind, kind === WEIGHTED ? v128.load64_zero(base) : second, i64x2(-1, 0))
    }
    const lanes = <i64>((entries + 1) & ~1)
    const sum = i64x2.extract_lane(units, 0) + i64x2.extract_lane(units, 1) - lanes * ONE_BITS
    high += sum >> 26
    low += sum & 0x3ffffff
  }
  const lanes = <i64>((classes + 1) & ~1)
  const sum78 = i64x2.extract_lane(units78, 0) + i64x2.extract_lane(units78, 1) - lanes * GRID_78_BITS
  const sum104 = i64x2.extract_lane(units104, 0) + i64x2.extract_lane(units104, 1) - lanes * GRID_104_BITS
  f64.store(record, <f64>(high - (1 << 26)) * UNIT_26, SLICE_26)
  f64.store(record, <f64>low * UNIT_52, SLICE_52)
  f64.store(record, <f64>sum78 * UNIT_78, SLICE_78)
  f64.store(record, <f64>sum104 * UNIT_104, SLICE_104)
}

/** For each row its maximum, the largest other entry, and, where both are finite, the slices of S₂. */
export function sums_f64(x: usize, rows: i32, classes: usize, records: usize): void {
  for (let r = 0; r < rows; r++) {
    findTopDouble(x, classes, records)
    if (isFinite(f64.load(records, MAX)) && isFinite(f64.load(records, SECOND))) sumOfOthers(x, classes, records, false, 0, 0)
    x += classes << 3
    records += RECORD
  }
}

/** sums_f64 for one row of a loss with class weights; the sums of the differences stay in `dot`. */
export function softSums(x: usize, classes: usize, kind: i32, base: usize, record: usize): void {
  clearDifferences()
  sumOfOthers(x, classes, record, true, kind, base)
}

/** (hi + lo) · 2^exponent, rounded once, as scaleRounded in special/bits.ts; hi > 0. */
function scaleRounded(hi: f64, lo: f64, exponent: i64): f64 {
  if (exponent < -1200) return 0
  const top = exponent + ((reinterpret<i64>(hi) >> 52) - 1023)
  if (top >= -1022) {
    if (exponent >= -1022) return hi * reinterpret<f64>((exponent + 1023) << 52)
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

// What weighted leaves: exp((v − second)/T) · (factorHi + factorLo) as a pair with an exponent.
export let productHi = f64x2.splat(0)
export let productLo = f64x2.splat(0)

/** Fills productHi, productLo and powerExponent; anything finite where `isMax`. */
// @ts-expect-error: decorator
@inline
export function weighted(
  v: v128,
  second: v128,
  isMax: v128,
  factorHi: v128,
  factorHead: v128,
  factorTail: v128,
  factorLo: v128,
): void {
  divide(v, second)
  const inside = f64x2.gt(quotient, f64x2.splat(EXP_UNDERFLOW))
  const tail = v128.and(quotientLow, inside)
  // The maximum may lie far above the second; it is selected in the end, so anything finite will do in its place.
  const d = f64x2.pmin(f64x2.pmax(quotient, f64x2.splat(EXP_UNDERFLOW)), f64x2.splat(0))
  powerDouble(d, v128.andnot(tail, isMax))
  const product = f64x2.mul(powerHi, factorHi)
  const error = f64x2.add(
    productErrorOfHalves(powerHi, factorHead, factorTail, product),
    f64x2.add(f64x2.mul(powerHi, factorLo), f64x2.mul(powerLo, factorHi)),
  )
  const rounded = f64x2.add(product, error)
  productHi = rounded
  productLo = f64x2.add(f64x2.sub(product, rounded), error)
}

/** The pair of weighted with its exponent, rounded once; `top` where v is the maximum. */
// @ts-expect-error: decorator
@inline
function probs(
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
  weighted(v, second, isMax, factorHi, factorHead, factorTail, factorLo)
  const e = i64x2.add(powerExponent, exponent)
  const e0 = i64x2.extract_lane(e, 0)
  const e1 = i64x2.extract_lane(e, 1)
  let p: v128
  if (min(e0, e1) >= NORMAL) p = f64x2.mul(productHi, powerOfTwo(e))
  else {
    p = f64x2(
      scaleRounded(f64x2.extract_lane(productHi, 0), f64x2.extract_lane(productLo, 0), e0),
      scaleRounded(f64x2.extract_lane(productHi, 1), f64x2.extract_lane(productLo, 1), e1),
    )
  }
  return select(isMax, top, p)
}

/** One row of weight · softmax from its factor, as the caller made it of the sums; the factor is positive. */
export function softmax_f64(
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
    v128.store(out, probs(v128.load(x), second, hi, head, tail, lo, e, max, top))
    out += 16
  }
  if (classes & 1) {
    const p = probs(loadLast(x), second, hi, head, tail, lo, e, max, top)
    f64.store(out, f64x2.extract_lane(p, 0))
  }
}

/** (x − m)/T − (logHi + logLo), rounded once; `top` at the maximum. */
// @ts-expect-error: decorator
@inline
function logProbs(v: v128, max: v128, logHi: v128, logLo: v128, top: v128): v128 {
  divideAny(max, v)
  const sum = f64x2.add(quotient, logHi)
  const rest = f64x2.add(sumError(quotient, logHi, sum), f64x2.add(quotientLow, logLo))
  const overflown = f64x2.eq(sum, f64x2.splat(Infinity))
  const loss = select(overflown, sum, f64x2.add(sum, rest))
  return f64x2.sub(f64x2.splat(0), select(f64x2.eq(v, max), top, loss))
}

/** One row of logSoftmax from its logarithm; `topLoss` is what the maximum costs. */
export function logSoftmax_f64(
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
    v128.store(out, logProbs(v128.load(x), max, hi, lo, top))
    out += 16
  }
  if (classes & 1) f64.store(out, f64x2.extract_lane(logProbs(loadLast(x), max, hi, lo, top), 0))
}
