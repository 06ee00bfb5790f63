/**
 * From the float32 logits of a tile to the gradient of their cross-entropies, and the sums of columns; ../../linear-products.ts has the
 * description, ../../js/residuals.ts the reference.
 */
import { upper } from './layout'

// @ts-expect-error: decorator
@inline
function constant(table: usize, index: i32): v128 {
  return v128.load32_splat(table + (<usize>index << 2))
}

// @ts-expect-error: decorator
@inline
function step(a: v128, b: v128, k: v128): v128 {
  return f32x4.add(k, f32x4.mul(a, b))
}

/** e^d for d ≤ 0, 0 below the smallest normal number; NaN stays. */
// @ts-expect-error: decorator
@inline
function power(d: v128, table: usize): v128 {
  const lowest = constant(table, 4)
  const outside = f32x4.lt(d, lowest)
  const e = f32x4.pmax(d, lowest)
  const rounder = constant(table, 0)
  const shifted = step(e, constant(table, 1), rounder)
  const n = f32x4.sub(shifted, rounder)
  const r = step(n, constant(table, 3), step(n, constant(table, 2), e))
  const one = constant(table, 5)
  let q = step(r, constant(table, 10), constant(table, 9))
  q = step(r, q, constant(table, 8))
  q = step(r, q, constant(table, 7))
  q = step(r, q, constant(table, 6))
  q = step(r, q, one)
  q = step(r, q, one)
  return v128.andnot(i32x4.add(q, i32x4.shl(shifted, 23)), outside)
}

/** The last `left` entries of a row, from 1 to 3, and −∞ for the rest of the vector. */
// @ts-expect-error: decorator
@inline
function loadTail(x: usize, left: usize): v128 {
  const nothing = f32x4.splat(-Infinity)
  let v = v128.load32_lane(x, nothing, 0)
  if (left > 1) v = v128.load32_lane(x + 4, v, 1)
  return left > 2 ? v128.load32_lane(x + 8, v, 2) : v
}

// @ts-expect-error: decorator
@inline
function storeTail(x: usize, v: v128, left: usize): void {
  v128.store32_lane(x, v, 0)
  if (left > 1) v128.store32_lane(x + 4, v, 1)
  if (left > 2) v128.store32_lane(x + 8, v, 2)
}

// @ts-expect-error: decorator
@inline
function largest(x: usize, classes: usize): f32 {
  const end = x + ((classes & ~3) << 2)
  let max = f32x4.splat(-Infinity)
  for (; x < end; x += 16) max = f32x4.pmax(max, v128.load(x))
  if (classes & 3) max = f32x4.pmax(max, loadTail(x, classes & 3))
  max = f32x4.pmax(max, upper(max))
  const first = f32x4.extract_lane(max, 0)
  const second = f32x4.extract_lane(max, 1)
  return first < second ? second : first
}

/** Vectors whose terms are added in float32. */
const BLOCK: usize = 16

/** Replaces a row by its exponentials and returns their sum. */
// @ts-expect-error: decorator
@inline
function exponentials(x: usize, classes: usize, shift: f32, table: usize): f64 {
  const max = f32x4.splat(shift)
  const end = x + ((classes & ~3) << 2)
  let low = f64x2.splat(0)
  let high = low
  while (x < end) {
    const stop = min(end, x + (BLOCK << 4))
    let sum = f32x4.splat(0)
    for (; x < stop; x += 16) {
      const t = power(f32x4.sub(v128.load(x), max), table)
      v128.store(x, t)
      sum = f32x4.add(sum, t)
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum))
    high = f64x2.add(high, f64x2.promote_low_f32x4(upper(sum)))
  }
  const left = classes & 3
  if (left) {
    const t = power(f32x4.sub(loadTail(x, left), max), table)
    storeTail(x, t, left)
    low = f64x2.add(low, f64x2.promote_low_f32x4(t))
    high = f64x2.add(high, f64x2.promote_low_f32x4(upper(t)))
  }
  const both = f64x2.add(low, high)
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
}

export function residuals_f32(
  logits: usize,
  rows: i32,
  classes: usize,
  labels: usize,
  weights: usize,
  sums: usize,
  gaps: usize,
  table: usize,
): void {
  const stride = classes << 2
  for (let r = 0; r < rows; r++, logits += stride, labels += 4, sums += 8, gaps += 8) {
    const weight = weights ? f64.load(weights + (<usize>r << 3)) : 1
    if (weight === 0) {
      memory.fill(logits, 0, stride)
      f64.store(sums, 1)
      f64.store(gaps, 0)
      continue
    }
    const label = logits + (<usize>load<u32>(labels) << 2)
    const shift = largest(logits, classes)
    f64.store(gaps, <f64>shift - <f64>f32.load(label))
    const sum = exponentials(logits, classes, shift, table)
    f64.store(sums, sum)
    const share = weight / sum
    const own = -(sum - <f64>f32.load(label)) * share
    const factor = f32x4.splat(<f32>share)
    let x = logits
    const end = logits + ((classes & ~3) << 2)
    for (; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), factor))
    const last = logits + stride
    for (; x < last; x += 4) f32.store(x, f32.load(x) * <f32>share)
    f32.store(label, <f32>own)
  }
}

/** sums[k] += Σ_r values[r, k], row after row, in float64. */
export function addColumns_f32(values: usize, rows: i32, classes: usize, sums: usize): void {
  const stride = classes << 2
  const end = values + ((classes & ~3) << 2)
  const last = values + stride
  for (; values < end; values += 16, sums += 32) {
    let low = v128.load(sums)
    let high = v128.load(sums, 16)
    let x = values
    for (let r = 0; r < rows; r++, x += stride) {
      const v = v128.load(x)
      low = f64x2.add(low, f64x2.promote_low_f32x4(v))
      high = f64x2.add(high, f64x2.promote_low_f32x4(upper(v)))
    }
    v128.store(sums, low)
    v128.store(sums, high, 16)
  }
  for (; values < last; values += 4, sums += 8) {
    let sum = f64.load(sums)
    let x = values
    for (let r = 0; r < rows; r++, x += stride) sum += <f64>f32.load(x)
    f64.store(sums, sum)
  }
}

export function addColumns_f64(values: usize, rows: i32, classes: usize, sums: usize): void {
  const stride = classes << 3
  const end = values + ((classes & ~1) << 3)
  for (; values < end; values += 16, sums += 16) {
    let sum = v128.load(sums)
    let x = values
    for (let r = 0; r < rows; r++, x += stride) sum = f64x2.add(sum, v128.load(x))
    v128.store(sums, sum)
  }
  if (classes & 1) {
    let sum = f64.load(sums)
    let x = values
    for (let r = 0; r < rows; r++, x += stride) sum += f64.load(x)
    f64.store(sums, sum)
  }
}
