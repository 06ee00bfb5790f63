/**
 * 2^z in float64 lanes for float32 data: special/exp-single.ts, operation for operation.
 */
import { constant, step } from './lanes'

/** 1.5 · 2^52, log2(e)/T, −1000, 1, and the coefficients P0 … P7. */
const TABLE = memory.data<f64>([
  6755399441055744.0, 1.4426950408889634, -1000.0, 1.0,
  0.6931471805568324, 0.24022650695888503, 0.055504109063258665, 0.00961812913523614,
  0.0013333478473685416, 0.00015403475186530786, 0.000015303700711365693, 0.000001325080551750225,
])

// @ts-expect-error: decorator
@inline
function p(index: i32): v128 {
  return constant(TABLE, 4 + index)
}

/** Sets log2(e)/T for the calls that follow: among the constants, T costs nothing. */
export function setRate(rate: f64): void {
  f64.store(TABLE, rate, 8)
}

/** exp(difference/T), for a difference ≤ 0 (or −∞). */
// @ts-expect-error: decorator
@inline
export function powerSingle(difference: v128): v128 {
  return powerScaled(f64x2.pmax(f64x2.mul(difference, constant(TABLE, 1)), constant(TABLE, 2)), constant(TABLE, 0))
}

/** x · log2 e. */
// @ts-expect-error: decorator
@inline
export function binaryLogarithm(x: v128): v128 {
  return f64x2.mul(x, constant(TABLE, 1))
}

/** 2^z / 2^base for rounder = 1.5 · 2^52 − base, with an even base. */
// @ts-expect-error: decorator
@inline
export function powerScaled(z: v128, rounder: v128): v128 {
  const shifted = f64x2.add(z, rounder)
  const f = f64x2.sub(z, f64x2.sub(shifted, rounder))
  const w = f64x2.mul(f, f)
  const odd = step(w, step(w, step(w, p(7), p(5)), p(3)), p(1))
  const even = step(w, step(w, step(w, p(6), p(4)), p(2)), p(0))
  const fraction = step(f, step(f, odd, even), constant(TABLE, 3))
  // n − base sits in the lowest bits of `shifted`; moved to the exponent it multiplies by its power of two.
  return i64x2.add(fraction, i64x2.shl(shifted, 52))
}

/** The bits of 1 + t: for t in [0, 1] those of 1 plus t in units of 2^−52, rounded. Adding them up is the grid sum. */
// @ts-expect-error: decorator
@inline
export function gridBits(t: v128): v128 {
  return f64x2.add(t, constant(TABLE, 3))
}
