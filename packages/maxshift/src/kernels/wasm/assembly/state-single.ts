/**
 * What a row of float32 leaves behind, in float64 lanes: one row in both lanes, or two rows side by side.
 * Formulas and names as in kernels/js/single.ts.
 */
import { powerSingle } from './exp2-single'
import { temperature } from './temperature'

/** Where m + L cancels below this share of L, the row goes to the reference, which has the digits. */
export const CANCELLATION: f64 = 0.03125
export const CANCELLATION_PER_CLASS: f64 = 0.000003814697265625

/** A margin beyond which the others are nothing. */
const LARGEST_GAP: f64 = 690

/** exp((m₂ − m)/T), 0 from a gap of LARGEST_GAP on and where there is no second entry. */
// @ts-expect-error: decorator
@inline
export function secondPower(max: v128, second: v128): v128 {
  const inside = f64x2.lt(f64x2.div(f64x2.sub(max, second), f64x2.splat(temperature)), f64x2.splat(LARGEST_GAP))
  return v128.and(powerSingle(f64x2.sub(second, max)), inside)
}

/** What is subtracted from the entries: the second entry, or the maximum if there is none. */
// @ts-expect-error: decorator
@inline
export function finiteSecond(max: v128, second: v128): v128 {
  return v128.bitselect(max, second, f64x2.eq(second, f64x2.splat(-Infinity)))
}

/** Lanes with a finite maximum: all bits set. NaN was looked for apart. */
// @ts-expect-error: decorator
@inline
export function finite(max: v128): v128 {
  return f64x2.lt(f64x2.abs(max), f64x2.splat(Infinity))
}
