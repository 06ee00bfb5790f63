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
  const r = stepFast(n, constant(3), stepFast(n, constant(2), d))
  let q = stepFast(r, constant(10), constant(9))
  q = stepFast(r, q, constant(8))
  q = stepFast(r, q, constant(7))
  q = stepFast(r, q, constant(6))
  const fraction = f32x4.add(constant(5), stepFast(f32x4.mul(r, r), q, r))
  return v128.and(i32x4.add(fraction, i32x4.shl(shifted, 23)), inside)
}
