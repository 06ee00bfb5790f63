/**
 * Losses with class weights for float64 rows, accurate mode: the two passes over the entries of kernels/js/soft-double.ts in vector
 * lanes, the same bits. What is done once a row stays with the caller, as in double.ts.
 */
import { NORMAL, productHi, productLo, weighted } from './double'
import { dot, dotLow, softSums } from './double-sum'
import { findTopDouble, loadLast, loadLow, MAX, SECOND } from './double-top'
import { powerExponent, powerOfTwo } from './exp-double'
import { productErrorOfHalves, sumError, upperHalf } from './pairs'
import { isScaled } from './temperature-double'

/** Fields of the record of a row, as float64, after those of double.ts: the lanes of the sums, and the place of the maximum. */
const DOT: usize = 48
const DOT_LOW: usize = 64
const BASE: usize = 80
const BASE_LOW: usize = 96
const INDEX: usize = 112
/** Bytes per record. */
const RECORD: usize = 128

/** Σ base_k, compensated, in two lanes; `lowOffset` as in softSums. */
function sumOfBase(base: usize, classes: usize, record: usize, lowOffset: usize): void {
  let sum = f64x2.splat(0)
  let low = sum
  const end = base + (classes << 3)
  for (; base < end; base += 16) {
    const both = base + 8 < end
    const value = both ? v128.load(base) : v128.load64_zero(base)
    const next = f64x2.add(sum, value)
    low = f64x2.add(low, f64x2.add(sumError(sum, value, next), loadLow(base, lowOffset, both)))
    sum = next
  }
  v128.store(record, sum, BASE)
  v128.store(record, low, BASE_LOW)
}

/** The place of the first maximum. It is there. */
function placeOfMax(x: usize, max: f64): usize {
  let at = x
  while (f64.load(at) !== max) at += 8
  return (at - x) >> 3
}

/** The records of rows (double-sum.ts), with the sums of the differences, of the weights (unless the rows share a base, stride 0), and the place of the maximum. */
export function softSums_f64(
  x: usize,
  rows: i32,
  classes: usize,
  base: usize,
  stride: usize,
  kind: i32,
  records: usize,
  lowOffset: usize,
): void {
  for (let r = 0; r < rows; r++) {
    findTopDouble(x, classes, records)
    const max = f64.load(records, MAX)
    if (isFinite(max)) {
      f64.store(records, <f64>placeOfMax(x, max), INDEX)
      if (isFinite(f64.load(records, SECOND))) softSums(x, classes, kind, base, lowOffset, records)
      v128.store(records, dot, DOT)
      v128.store(records, dotLow, DOT_LOW)
      if (stride) sumOfBase(base, classes, records, lowOffset)
    }
    x += classes << 3
    base += stride
    records += RECORD
  }
}

/**
 * One row of exp((x − shift)/T) · factor − base · weight, times 2^exponent of the weight. Entries that are not normal numbers are left:
 * NaN in `out`, what they were in `scratch`; their number is returned. So is the place of the maximum, unless it is normal.
 */
export function softGradient_f64(
  x: usize,
  classes: usize,
  base: usize,
  out: usize,
  shift: f64,
  factorHi: f64,
  factorLo: f64,
  factorExponent: i32,
  weightHi: f64,
  weightLo: f64,
  weightExponent: i32,
  scratch: usize,
  lowOffset: usize,
): i32 {
  const second = f64x2.splat(shift)
  const hi = f64x2.splat(factorHi)
  const head = upperHalf(hi)
  const tail = f64x2.sub(hi, head)
  const lo = f64x2.splat(factorLo)
  const exponent = i64x2.splat(<i64>factorExponent)
  const weight = f64x2.splat(weightHi)
  const weightHead = upperHalf(weight)
  const weightTail = f64x2.sub(weight, weightHead)
  const weightLow = f64x2.splat(weightLo)
  const scale = powerOfTwo(i64x2.splat(<i64>weightExponent))
  const smallest = powerOfTwo(i64x2.splat(<i64>max(-1021 - weightExponent, -1021)))
  let left = 0
  const end = x + (classes << 3)
  for (; x < end; x += 16) {
    const both = x + 8 < end
    const v = both ? v128.load(x) : loadLast(x)
    weighted(isScaled, v, second, f64x2.gt(v, second), hi, head, tail, lo)
    const e = i64x2.add(powerExponent, exponent)
    const unit = powerOfTwo(e)
    const p = f64x2.mul(productHi, unit)
    const target = both ? v128.load(base) : v128.load64_zero(base)
    const part = f64x2.mul(target, weight)
    const partLow = f64x2.add(
      productErrorOfHalves(target, weightHead, weightTail, part),
      f64x2.add(f64x2.mul(target, weightLow), f64x2.mul(loadLow(base, lowOffset, both), weight)),
    )
    const difference = f64x2.sub(p, part)
    const rest = f64x2.add(
      sumError(p, f64x2.neg(part), difference),
      f64x2.sub(f64x2.mul(productLo, unit), partLow),
    )
    const sum = f64x2.add(difference, rest)
    const isNormal = v128.and(
      i64x2.ge_s(e, i64x2.splat(NORMAL)),
      f64x2.ge(f64x2.abs(sum), smallest),
    )
    // A NaN has all bits set.
    const g = v128.or(f64x2.mul(sum, scale), v128.not(isNormal))
    if (!i64x2.all_true(isNormal)) {
      f64.store(scratch, f64x2.extract_lane(v, 0))
      if (both) f64.store(scratch, f64x2.extract_lane(v, 1), 8)
      left++
    }
    if (both) v128.store(out, g)
    else f64.store(out, f64x2.extract_lane(g, 0))
    scratch += 16
    out += 16
    base += 16
  }
  return left
}
