/**
 * exp in float64 lanes, fast mode: within about 1 ulp, 0 below the smallest normal number.
 *
 * As exp-fast.ts, with Q of degree 9.
 */
import { constant as entry, stepFastDouble } from './lanes'

/** 1.5 · 2^52, log2 e, −ln 2 in two parts, the logarithm of 2^−1022, 1, and the coefficients. */
const TABLE = memory.data<f64>([
  6755399441055744.0, 1.4426950408889634, -0.6931471805598903, -5.497923018708371e-14, -708.3964185322641, 1.0,
  0.5000000000000001, 0.16666666666666669, 0.041666666666624164, 0.008333333333330065, 0.0013888888917196719,
  0.00019841269863040545, 0.000024801521322368692, 0.0000027557268480310024, 2.7620075879983367e-7,
  2.5100375832561234e-8,
])

// @ts-expect-error: decorator
@inline
function constant(index: i32): v128 {
  return entry(TABLE, index)
}

/** exp(difference), for a difference ≤ 0 (or −∞). */
// @ts-expect-error: decorator
@inline
export function powerDoubleFast(difference: v128): v128 {
  const lowest = constant(4)
  const inside = f64x2.ge(difference, lowest)
  const d = f64x2.pmax(difference, lowest)
  const rounder = constant(0)
  const shifted = stepFastDouble(d, constant(1), rounder)
  const n = f64x2.sub(shifted, rounder)
  const head = stepFastDouble(n, constant(2), d)
  const tail = f64x2.mul(n, constant(3))
  const r = ASC_FEATURE_RELAXED_SIMD ? stepFastDouble(n, constant(3), head) : f64x2.add(head, tail)
  const w = f64x2.mul(r, r)
  let odd = stepFastDouble(w, constant(15), constant(13))
  let even = stepFastDouble(w, constant(14), constant(12))
  odd = stepFastDouble(w, odd, constant(11))
  even = stepFastDouble(w, even, constant(10))
  odd = stepFastDouble(w, odd, constant(9))
  even = stepFastDouble(w, even, constant(8))
  odd = stepFastDouble(w, odd, constant(7))
  even = stepFastDouble(w, even, constant(6))
  const q = stepFastDouble(r, odd, even)
  const one = constant(5)
  let fraction: v128
  if (ASC_FEATURE_RELAXED_SIMD) fraction = f64x2.add(one, stepFastDouble(w, q, r))
  else {
    // Without fused steps r has an error of its own: 1 + head is taken exactly, as a sum and the rest.
    const sum = f64x2.add(one, head)
    const rest = f64x2.sub(head, f64x2.sub(sum, one))
    fraction = f64x2.add(sum, f64x2.add(rest, stepFastDouble(w, q, tail)))
  }
  return v128.and(i64x2.add(fraction, i64x2.shl(shifted, 52)), inside)
}
