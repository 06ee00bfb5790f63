/**
 * The slices of Σ exp(x_i) for a stream: kernels/js/sum-terms.ts in vector lanes, the same integers.
 *
 * A slice has 52 bits. The bits of grid + t, less those of the grid, are R(t) in units of the grid's spacing, so that a slice is one addition
 * in floating point and one in integers; the exact rest goes to the next grid. Entries above the second count as the second.
 */
import { findTopDouble, loadLast } from './double-top'
import { powerDouble, powerExponent, powerHi, powerLo, powerOfTwo } from './exp-double'
import { binaryLogarithm, powerScaled } from './exp2-single'
import { BLOCK, ONE_BITS } from './grid'
import { upper } from './lanes'
import { sumError } from './pairs'
import { findTop, loadTail, MAX, SECOND, state } from './single-top'

/** The grids of the second and third slice, 1.5 · 2^−52 and 1.5 · 2^−104; that of the first is 1. */
const GRID_2_BITS: i64 = 0x3cb8000000000000
const GRID_3_BITS: i64 = 0x3978000000000000

/** Terms this many bits below the window's upper end are nothing in any slice. */
const BELOW_WINDOW: f64 = 165

/** The two largest entries to the record, as two float64; the first is NaN if there is a NaN. */
export function top_f32(x: usize, count: usize, record: usize): void {
  const valid = findTop(x, count)
  f64.store(record, valid ? state(MAX) : NaN)
  f64.store(record, state(SECOND), 8)
}

export function top_f64(x: usize, count: usize, record: usize): void {
  findTopDouble(x, count, record)
}

let slice1 = i64x2.splat(0)
let slice2 = i64x2.splat(0)
let slice3 = i64x2.splat(0)

/** Adds the slices of 0 ≤ t < ½. */
// @ts-expect-error: decorator
@inline
function addSlices(t: v128, deep: bool): void {
  const one = i64x2.splat(ONE_BITS)
  const shifted = f64x2.add(t, one)
  slice1 = i64x2.add(slice1, shifted)
  addLowSlices(f64x2.sub(t, f64x2.sub(shifted, one)), deep)
}

/** The same for |t| ≤ 2^−53, which has nothing in the first. */
// @ts-expect-error: decorator
@inline
function addLowSlices(t: v128, deep: bool): void {
  const grid2 = i64x2.splat(GRID_2_BITS)
  const shifted = f64x2.add(t, grid2)
  slice2 = i64x2.add(slice2, shifted)
  if (deep) {
    const rest = f64x2.sub(t, f64x2.sub(shifted, grid2))
    slice3 = i64x2.add(slice3, f64x2.add(rest, i64x2.splat(GRID_3_BITS)))
  }
}

/** Adds a slice's sum over one block, without the bits of `terms` grids, to its 26 low bits and the rest in the record. */
// @ts-expect-error: decorator
@inline
function flush(slice: v128, terms: i64, gridBits: i64, record: usize): void {
  const sum = i64x2.extract_lane(slice, 0) + i64x2.extract_lane(slice, 1) - terms * gridBits
  i64.store(record, i64.load(record) + (sum >> 26))
  i64.store(record, i64.load(record, 8) + (sum & 0x3ffffff), 8)
}

// @ts-expect-error: decorator
@inline
function clear(): void {
  slice1 = slice2 = slice3 = i64x2.splat(0)
}

// @ts-expect-error: decorator
@inline
function terms_f32(x: usize, count: usize, second: f64, base: f64, deep: bool, record: usize): void {
  const cap = f32x4.splat(<f32>second)
  const rounder = f64x2.splat(6755399441055744 - base)
  const lowest = f64x2.splat(base - BELOW_WINDOW)
  let left = count
  while (left > 0) {
    const entries = min(left, BLOCK)
    left -= entries
    clear()
    for (let i: usize = 0; i < entries; i += 4) {
      const v = f32x4.pmin(i + 4 <= entries ? v128.load(x) : loadTail(x, entries - i), cap)
      addSlices(powerScaled(f64x2.pmax(binaryLogarithm(f64x2.promote_low_f32x4(v)), lowest), rounder), deep)
      addSlices(powerScaled(f64x2.pmax(binaryLogarithm(f64x2.promote_low_f32x4(upper(v))), lowest), rounder), deep)
      x += 16
    }
    const terms = <i64>((entries + 3) & ~3)
    flush(slice1, terms, ONE_BITS, record)
    flush(slice2, terms, GRID_2_BITS, record + 16)
    if (deep) flush(slice3, terms, GRID_3_BITS, record + 32)
  }
}

/** Adds two slices of every term to the record: per slice, its sum divided by 2^26 and the remainder, as i64. */
export function terms2_f32(x: usize, count: usize, second: f64, base: f64, record: usize): void {
  terms_f32(x, count, second, base, false, record)
}

/** The same for three slices. */
export function terms3_f32(x: usize, count: usize, second: f64, base: f64, record: usize): void {
  terms_f32(x, count, second, base, true, record)
}

/** Adds the slices of exp(v), whose cell begins at high + middle + low; lanes below `lowest` count as 0. */
// @ts-expect-error: decorator
@inline
function addTerm(v: v128, second: v128, lowest: v128, high: v128, middle: v128, low: v128, base: v128): void {
  const capped = f64x2.pmax(f64x2.pmin(v, second), lowest)
  const near = f64x2.sub(capped, high)
  const y = f64x2.sub(near, middle)
  powerDouble(y, f64x2.sub(sumError(near, f64x2.neg(middle), y), low))
  const scale = v128.and(powerOfTwo(i64x2.sub(powerExponent, base)), f64x2.ge(v, lowest))
  addSlices(f64x2.mul(powerHi, scale), true)
  addLowSlices(f64x2.mul(powerLo, scale), true)
}

/** The three slices of float64 entries, all of the window in one cell. */
export function terms3_f64(
  x: usize,
  count: usize,
  second: f64,
  base: i32,
  lowest: f64,
  high: f64,
  middle: f64,
  low: f64,
  record: usize,
): void {
  const cap = f64x2.splat(second)
  const floor = f64x2.splat(lowest)
  const cellHigh = f64x2.splat(high)
  const cellMiddle = f64x2.splat(middle)
  const cellLow = f64x2.splat(low)
  const bases = i64x2.splat(<i64>base)
  let left = count
  while (left > 0) {
    const entries = min(left, BLOCK)
    left -= entries
    clear()
    for (let i: usize = 0; i < entries; i += 2) {
      const v = i + 2 <= entries ? v128.load(x) : loadLast(x)
      addTerm(v, cap, floor, cellHigh, cellMiddle, cellLow, bases)
      x += 16
    }
    const terms = <i64>((entries + 1) & ~1)
    flush(slice1, terms, ONE_BITS, record)
    flush(slice2, 2 * terms, GRID_2_BITS, record + 16)
    flush(slice3, 2 * terms, GRID_3_BITS, record + 32)
  }
}
