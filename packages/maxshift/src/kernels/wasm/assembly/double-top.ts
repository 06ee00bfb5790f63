/**
 * The first pass over a row of float64: the two largest entries.
 */

/** Fields of the record that findTopDouble writes. */
export const MAX: usize = 0
export const SECOND: usize = 8

/** An odd row's last entry and −∞. */
// @ts-expect-error: decorator
@inline
export function loadLast(x: usize): v128 {
  return f64x2.replace_lane(f64x2.splat(-Infinity), 0, f64.load(x))
}

/** The low parts of class weights at `base`, which lie `lowOffset` bytes behind them; 0 if that is 0. */
// @ts-expect-error: decorator
@inline
export function loadLow(base: usize, lowOffset: usize, both: bool): v128 {
  if (!lowOffset) return f64x2.splat(0)
  return both ? v128.load(base + lowOffset) : v128.load64_zero(base + lowOffset)
}

/** The two largest entries to the record; the maximum is NaN if there is a NaN. */
export function findTopDouble(x: usize, classes: usize, record: usize): void {
  let max = f64x2.splat(-Infinity)
  let second = max
  let invalid = i64x2.splat(0)
  const end = x + ((classes & ~1) << 3)
  for (; x < end; x += 16) {
    const v = v128.load(x)
    invalid = v128.or(invalid, f64x2.ne(v, v))
    second = f64x2.pmax(second, f64x2.pmin(max, v))
    max = f64x2.pmax(max, v)
  }
  if (classes & 1) {
    const v = loadLast(x)
    invalid = v128.or(invalid, f64x2.ne(v, v))
    second = f64x2.pmax(second, f64x2.pmin(max, v))
    max = f64x2.pmax(max, v)
  }
  const a = f64x2.extract_lane(max, 0)
  const b = f64x2.extract_lane(max, 1)
  const s0 = f64x2.extract_lane(second, 0)
  const s1 = f64x2.extract_lane(second, 1)
  const low = a < b ? a : b
  const s = s0 < s1 ? s1 : s0
  f64.store(record, v128.any_true(invalid) ? NaN : a < b ? b : a, MAX)
  f64.store(record, low < s ? s : low, SECOND)
}

