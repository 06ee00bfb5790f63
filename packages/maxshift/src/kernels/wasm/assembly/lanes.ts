/**
 * Small pieces for code in vector lanes: constants, halves, selections, and one step of a polynomial.
 *
 * Constants are loaded from memory where a loop needs many of them: V8 would otherwise rebuild each one from integer registers
 * at every use (three instructions), because it does not keep vector constants in registers across a loop.
 */

/** One float64 of a table in memory, in both lanes. */
// @ts-expect-error: decorator
@inline
export function constant(table: usize, index: i32): v128 {
  return v128.load64_splat(table + (<usize>index << 3))
}

/** The upper two float32 of v, in the lower places. */
// @ts-expect-error: decorator
@inline
export function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)
}

/** Four float64 in two vectors, rounded to float32. */
// @ts-expect-error: decorator
@inline
export function demote(low: v128, high: v128): v128 {
  return i8x16.shuffle(
    f32x4.demote_f64x2_zero(low),
    f32x4.demote_f64x2_zero(high),
    0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23,
  )
}

/** k + a · b. */
// @ts-expect-error: decorator
@inline
export function step(a: v128, b: v128, k: v128): v128 {
  return f64x2.add(k, f64x2.mul(a, b))
}

/** mask ? a : b, bit by bit. */
// @ts-expect-error: decorator
@inline
export function select(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask)
}

/** k + a · b in float32 lanes; one rounding instead of two where the module is built with relaxed SIMD. */
// @ts-expect-error: decorator
@inline
export function stepFast(a: v128, b: v128, k: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, k)
  return f32x4.add(k, f32x4.mul(a, b))
}

/** The same in float64 lanes. */
// @ts-expect-error: decorator
@inline
export function stepFastDouble(a: v128, b: v128, k: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, k)
  return f64x2.add(k, f64x2.mul(a, b))
}
