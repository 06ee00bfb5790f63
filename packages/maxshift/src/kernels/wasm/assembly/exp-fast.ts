/**
 * exp in float32 lanes, fast mode: within about 1 ulp of the exponential of its argument, 0 below the smallest normal number.
 *
 * d = n · ln 2 + r with |r| ≤ ln 2/2; e^r = 1 + r + r² Q(r) with Q of degree 4 (scripts/constants.mjs). Rounding to an integer by a
 * large constant, because `nearest` is slow on x86.
 */
import { stepFast } from './lanes'

/** 1.5 · 2^23, log2 e, −ln 2 in two parts, the logarithm of 2^−126, 1, and the coefficients. */
const TABLE = memory.data<f32>([
  12582912.0, 1.4426950216293335, -0.693115234375, -0.00003194618329871446, -87.33654022216797, 1.0,
  0.5, 0.16666577756404877, 0.041666556149721146, 0.008363173343241215, 0.0013926175888627768,
])

// @ts-expect-error: decorator
@inline
function constant(index: i32): v128 {
  return v128.load32_splat(TABLE + (<usize>index << 2))
}

/** exp(difference), for a difference ≤ 0 (or −∞). */
// @ts-expect-error: decorator
@inline
export function powerFast(difference: v128): v128 {
  const lowest = constant(4)
  const inside = f32x4.ge(difference, lowest)
  const d = f32x4.pmax(difference, lowest)
  const rounder = constant(0)
  const shifted = stepFast(d, constant(1), rounder)
  const n = f32x4.sub(shifted, rounder)
  const head = stepFast(n, constant(2), d)
  const tail = f32x4.mul(n, constant(3))
  const r = ASC_FEATURE_RELAXED_SIMD ? stepFast(n, constant(3), head) : f32x4.add(head, tail)
  let q = stepFast(r, constant(10), constant(9))
  q = stepFast(r, q, constant(8))
  q = stepFast(r, q, constant(7))
  q = stepFast(r, q, constant(6))
  const one = constant(5)
  let fraction: v128
  if (ASC_FEATURE_RELAXED_SIMD) fraction = f32x4.add(one, stepFast(f32x4.mul(r, r), q, r))
  else {
    // Without fused steps r has an error of its own: 1 + head is taken exactly, as a sum and the rest.
    const sum = f32x4.add(one, head)
    const rest = f32x4.sub(head, f32x4.sub(sum, one))
    fraction = f32x4.add(sum, f32x4.add(rest, stepFast(f32x4.mul(r, r), q, tail)))
  }
  return v128.and(i32x4.add(fraction, i32x4.shl(shifted, 23)), inside)
}
