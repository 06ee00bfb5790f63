/**
 * The first pass over a row of float32, the two largest entries, and the handling of its last, incomplete vector.
 */
import { upper } from './lanes'

/** What is known of the current row, as float64; findTop fills the first two. */
export const STATE = memory.data(64, 16)
export const MAX: usize = 0
export const SECOND: usize = 8

// @ts-expect-error: decorator
@inline
export function state(field: usize): f64 {
  return f64.load(STATE + field)
}

/** The vector at `x`, of which `count` < 4 entries exist; −∞ in the others. Lane by lane: memory.copy is a call out of the module. */
export function loadTail(x: usize, count: usize): v128 {
  let v = v128.load32_lane(x, f32x4.splat(-Infinity), 0)
  if (count > 1) v = v128.load32_lane(x, v, 1, 4)
  if (count > 2) v = v128.load32_lane(x, v, 2, 8)
  return v
}

/** Stores `count` < 4 entries of v. */
export function storeTail(out: usize, v: v128, count: usize): void {
  v128.store32_lane(out, v, 0)
  if (count > 1) v128.store32_lane(out, v, 1, 4)
  if (count > 2) v128.store32_lane(out, v, 2, 8)
}

/** The largest entry and the largest of the others to MAX and SECOND of STATE; false if there is a NaN. */
export function findTop(x: usize, classes: usize): bool {
  const lowest = f32x4.splat(-Infinity)
  let max0 = lowest
  let max1 = lowest
  let second0 = lowest
  let second1 = lowest
  let invalid = i32x4.splat(0)
  const end = x + ((classes & ~7) << 2)
  for (; x < end; x += 32) {
    const v0 = v128.load(x)
    const v1 = v128.load(x, 16)
    invalid = v128.or(invalid, v128.or(f32x4.ne(v0, v0), f32x4.ne(v1, v1)))
    second0 = f32x4.pmax(second0, f32x4.pmin(max0, v0))
    second1 = f32x4.pmax(second1, f32x4.pmin(max1, v1))
    max0 = f32x4.pmax(max0, v0)
    max1 = f32x4.pmax(max1, v1)
  }
  let left = classes & 7
  while (left > 0) {
    const count = min<usize>(left, 4)
    const v = count === 4 ? v128.load(x) : loadTail(x, count)
    invalid = v128.or(invalid, f32x4.ne(v, v))
    second0 = f32x4.pmax(second0, f32x4.pmin(max0, v))
    max0 = f32x4.pmax(max0, v)
    x += 16
    left -= count
  }
  // Eight candidates become one, half against half: the loser's maximum is a candidate for the second place.
  second0 = f32x4.pmax(f32x4.pmax(second0, second1), f32x4.pmin(max0, max1))
  max0 = f32x4.pmax(max0, max1)
  const max2 = upper(max0)
  second0 = f32x4.pmax(f32x4.pmax(second0, upper(second0)), f32x4.pmin(max0, max2))
  max0 = f32x4.pmax(max0, max2)
  const a = f32x4.extract_lane(max0, 0)
  const b = f32x4.extract_lane(max0, 1)
  const low = a < b ? a : b
  const s0 = f32x4.extract_lane(second0, 0)
  const s1 = f32x4.extract_lane(second0, 1)
  const s = s0 < s1 ? s1 : s0
  f64.store(STATE, <f64>(a < b ? b : a), MAX)
  f64.store(STATE, <f64>(low < s ? s : low), SECOND)
  return !v128.any_true(invalid)
}

