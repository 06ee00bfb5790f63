/**
 * exp in float32 lanes, fast mode: within 1 ulp of the exponential of its argument, 0 below e^−87.
 *
 * d = n · ln 2 + r with |r| ≤ ln 2/2; e^r = 1 + r + r² Q(r) with Q of degree 3 (scripts/constants.mjs). Rounding to an integer by a
 * large constant, because `nearest` is slow on x86.
 */
import { stepFast } from './lanes'

/** 1.5 · 2^23, log2 e, −ln 2 in two parts, −87, 1, and the coefficients. */
const TABLE = memory.data<f32>([
  12582912.0, 1.44269502162933349609375, -0.693115234375, -0.00003194618329871446, -87.0, 1.0,
  0.49999749660491943, 0.16666631400585175, 0.04183380305767059, 0.008357199840247631,
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
  const q = stepFast(r, stepFast(r, stepFast(r, constant(9), constant(8)), constant(7)), constant(6))
  const fraction = f32x4.add(constant(5), stepFast(f32x4.mul(r, r), q, r))
  return v128.and(i32x4.add(fraction, i32x4.shl(shifted, 23)), inside)
}
