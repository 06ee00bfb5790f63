/**
 * The slices of Σ exp(x_i) for a stream, kernels/js/sum-terms.ts in vector lanes, the same integers; and for float32 the second pass, of
 * kernels/js/stream-row.ts (float64 has one in double.ts).
 *
 * A slice has 52 bits. The bits of grid + t, less those of the grid, are R(t) in units of the grid's spacing, so that a slice is one addition
 * in floating point and one in integers; the exact rest goes to the next grid. Entries above the second count as the second.
 *
 * A module of its own, which only the accumulator loads; its constants lie apart from those of the row kernels (stream-module.ts).
 */
import { findTopDouble, loadLast } from './double-top'
import { powerDouble, powerExponent, powerHi, powerLo, powerOfTwo } from './exp-double'
import { binaryLogarithm, powerScaled, powerSingle } from './exp2-single'
import { BLOCK } from './grid'
import { constant, demote, select, upper } from './lanes'
import { sumError } from './pairs'
import { findTop, loadTail, MAX, SECOND, state, storeTail } from './single-top'

export { table_f64 } from './exp-double'

/** The first address behind the constants. */
export function heapBase(): usize {
  return __heap_base
}

/** The grids of the three slices: 1, 1.5 · 2^−52, 1.5 · 2^−104. */
const GRIDS = memory.data<i64>([0x3ff0000000000000, 0x3cb8000000000000, 0x3978000000000000])

/**
 * What a loop needs in all lanes. In locals, V8 makes them anew in every round; and a conversion to float32 waits for what its register
 * held in the round before, which took a third of the time.
 */
const LANES = memory.data(96, 16)
const CAP: i32 = 0
const FLOOR: i32 = 1
const BASE: i32 = 2
const HIGH: i32 = 3
const MIDDLE: i32 = 4
const LOW: i32 = 5

// @ts-expect-error: decorator
@inline
function lanes(index: i32): v128 {
  return v128.load(LANES + (<usize>index << 4))
}

// @ts-expect-error: decorator
@inline
function setLanes(index: i32, value: v128): void {
  v128.store(LANES + (<usize>index << 4), value)
}

// @ts-expect-error: decorator
@inline
function grid(slice: i32): v128 {
  return constant(GRIDS, slice)
}

/** The two largest entries to the record, as two float64; the first is NaN if there is a NaN. */
export function top_f32(x: usize, count: usize, record: usize): void {
  const valid = findTop(x, count)
  f64.store(record, valid ? state(MAX) : NaN)
  f64.store(record, state(SECOND), 8)
}

export function top_f64(x: usize, count: usize, record: usize): void {
  findTopDouble(x, count, record)
}

/** Adds slice j's sum over one block, without the bits of `terms` grids, to the record: its 26 low bits, and the rest. */
// @ts-expect-error: decorator
@inline
function flush(slice: v128, terms: i64, j: i32, record: usize): void {
  const at = record + (<usize>j << 4)
  const bits = i64.load(GRIDS + (<usize>j << 3))
  const sum = i64x2.extract_lane(slice, 0) + i64x2.extract_lane(slice, 1) - terms * bits
  i64.store(at, i64.load(at) + (sum >> 26))
  i64.store(at, i64.load(at, 8) + (sum & 0x3ffffff), 8)
}

// @ts-expect-error: decorator
@inline
function terms_f32(
  x: usize,
  count: usize,
  second: f64,
  base: f64,
  lowest: f64,
  far: bool,
  high: f64,
  middle: f64,
  deep: bool,
  record: usize,
): void {
  setLanes(CAP, f32x4.splat(<f32>second))
  setLanes(FLOOR, f32x4.splat(<f32>lowest))
  setLanes(BASE, f64x2.splat(6755399441055744 - base))
  setLanes(HIGH, f64x2.splat(high))
  setLanes(MIDDLE, f64x2.splat(middle))
  let left = count
  while (left > 0) {
    const entries = min(left, BLOCK)
    left -= entries
    let slice1 = i64x2.splat(0)
    let slice2 = slice1
    let slice3 = slice1
    const end = x + (entries << 2)
    for (; x < end; x += 16) {
      const entry = x + 16 <= end ? v128.load(x) : loadTail(x, (end - x) >> 2)
      const v = f32x4.pmax(f32x4.pmin(entry, lanes(CAP)), lanes(FLOOR))
      let y0 = f64x2.promote_low_f32x4(v)
      let y1 = f64x2.promote_low_f32x4(upper(v))
      if (far) {
        y0 = f64x2.sub(f64x2.sub(y0, lanes(HIGH)), lanes(MIDDLE))
        y1 = f64x2.sub(f64x2.sub(y1, lanes(HIGH)), lanes(MIDDLE))
      }
      const t0 = powerScaled(binaryLogarithm(y0), lanes(BASE))
      const t1 = powerScaled(binaryLogarithm(y1), lanes(BASE))
      const first0 = f64x2.add(t0, grid(0))
      const first1 = f64x2.add(t1, grid(0))
      const rest0 = f64x2.sub(t0, f64x2.sub(first0, grid(0)))
      const rest1 = f64x2.sub(t1, f64x2.sub(first1, grid(0)))
      const second0 = f64x2.add(rest0, grid(1))
      const second1 = f64x2.add(rest1, grid(1))
      slice1 = i64x2.add(slice1, i64x2.add(first0, first1))
      slice2 = i64x2.add(slice2, i64x2.add(second0, second1))
      if (deep) {
        const third0 = f64x2.add(f64x2.sub(rest0, f64x2.sub(second0, grid(1))), grid(2))
        const third1 = f64x2.add(f64x2.sub(rest1, f64x2.sub(second1, grid(1))), grid(2))
        slice3 = i64x2.add(slice3, i64x2.add(third0, third1))
      }
    }
    const terms = <i64>((entries + 3) & ~3)
    flush(slice1, terms, 0, record)
    flush(slice2, terms, 1, record)
    if (deep) flush(slice3, terms, 2, record)
  }
}

/**
 * Adds two slices of every term to the record: per slice, its sum divided by 2^26 and the remainder, as i64. The window lies in the cell
 * around 0.
 */
export function terms2_f32(x: usize, count: usize, second: f64, base: f64, lowest: f64, record: usize): void {
  terms_f32(x, count, second, base, lowest, false, 0, 0, false, record)
}

/** The same for three slices. */
export function terms3_f32(x: usize, count: usize, second: f64, base: f64, lowest: f64, record: usize): void {
  terms_f32(x, count, second, base, lowest, false, 0, 0, true, record)
}

/** Two slices for a window in another cell, that which begins at high + middle. */
export function far2_f32(
  x: usize,
  count: usize,
  second: f64,
  base: f64,
  lowest: f64,
  high: f64,
  middle: f64,
  record: usize,
): void {
  terms_f32(x, count, second, base, lowest, true, high, middle, false, record)
}

/** The same for three slices. */
export function far3_f32(
  x: usize,
  count: usize,
  second: f64,
  base: f64,
  lowest: f64,
  high: f64,
  middle: f64,
  record: usize,
): void {
  terms_f32(x, count, second, base, lowest, true, high, middle, true, record)
}

/** The three slices of float64 entries, all of the window in the cell that begins at high + middle + low; entries below `lowest` count as 0. */
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
  setLanes(CAP, f64x2.splat(second))
  setLanes(FLOOR, f64x2.splat(lowest))
  setLanes(BASE, i64x2.splat(<i64>base))
  setLanes(HIGH, f64x2.splat(high))
  setLanes(MIDDLE, f64x2.splat(middle))
  setLanes(LOW, f64x2.splat(low))
  let left = count
  while (left > 0) {
    const entries = min(left, BLOCK)
    left -= entries
    let slice1 = i64x2.splat(0)
    let slice2 = slice1
    let slice3 = slice1
    const end = x + (entries << 3)
    for (; x < end; x += 16) {
      const v = x + 16 <= end ? v128.load(x) : loadLast(x)
      const near = f64x2.sub(f64x2.pmax(f64x2.pmin(v, lanes(CAP)), lanes(FLOOR)), lanes(HIGH))
      const y = f64x2.sub(near, lanes(MIDDLE))
      powerDouble(y, f64x2.sub(sumError(near, f64x2.neg(lanes(MIDDLE)), y), lanes(LOW)))
      const scale = v128.and(powerOfTwo(i64x2.sub(powerExponent, lanes(BASE))), f64x2.ge(v, lanes(FLOOR)))
      const t = f64x2.mul(powerHi, scale)
      const first = f64x2.add(t, grid(0))
      const rest = f64x2.sub(t, f64x2.sub(first, grid(0)))
      const second0 = f64x2.add(rest, grid(1))
      const third0 = f64x2.add(f64x2.sub(rest, f64x2.sub(second0, grid(1))), grid(2))
      // The second half of the pair is at most 2^−53 and has nothing in the first slice.
      const u = f64x2.mul(powerLo, scale)
      const second1 = f64x2.add(u, grid(1))
      const third1 = f64x2.add(f64x2.sub(u, f64x2.sub(second1, grid(1))), grid(2))
      slice1 = i64x2.add(slice1, first)
      slice2 = i64x2.add(slice2, i64x2.add(second0, second1))
      slice3 = i64x2.add(slice3, i64x2.add(third0, third1))
    }
    const terms = <i64>((entries + 1) & ~1)
    flush(slice1, terms, 0, record)
    flush(slice2, 2 * terms, 1, record)
    flush(slice3, 2 * terms, 2, record)
  }
}

// @ts-expect-error: decorator
@inline
function finishProbs(v: v128, second: v128, factor: v128, max: v128, top: v128): v128 {
  const zero = f64x2.splat(0)
  const low = powerSingle(f64x2.pmin(f64x2.sub(f64x2.promote_low_f32x4(v), second), zero))
  const high = powerSingle(f64x2.pmin(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), second), zero))
  return select(f32x4.eq(v, max), top, demote(f64x2.mul(low, factor), f64x2.mul(high, factor)))
}

/** out = exp(x − second) · factor, and `top` at the maximum: softmax of a part of a row, as writeSoftmax in kernels/js/single.ts. */
export function probs_f32(x: usize, count: usize, out: usize, maximum: f64, second: f64, factor: f64, top: f64): void {
  const shift = f64x2.splat(second)
  const factors = f64x2.splat(factor)
  const max = f32x4.splat(<f32>maximum)
  const tops = f32x4.splat(<f32>top)
  const end = x + ((count & ~3) << 2)
  for (; x < end; x += 16) {
    v128.store(out, finishProbs(v128.load(x), shift, factors, max, tops))
    out += 16
  }
  const left = count & 3
  if (left) storeTail(out, finishProbs(loadTail(x, left), shift, factors, max, tops), left)
}

// @ts-expect-error: decorator
@inline
function finishLogProbs(v: v128, max: v128, log: v128): v128 {
  const low = f64x2.sub(f64x2.sub(f64x2.promote_low_f32x4(v), max), log)
  const high = f64x2.sub(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), max), log)
  return f32x4.add(demote(low, high), f32x4.splat(0)) // −0 becomes +0
}

/** out = (x − maximum) − log. */
export function logProbs_f32(x: usize, count: usize, out: usize, maximum: f64, log: f64): void {
  const max = f64x2.splat(maximum)
  const logs = f64x2.splat(log)
  const end = x + ((count & ~3) << 2)
  for (; x < end; x += 16) {
    v128.store(out, finishLogProbs(v128.load(x), max, logs))
    out += 16
  }
  const left = count & 3
  if (left) storeTail(out, finishLogProbs(loadTail(x, left), max, logs), left)
}
