/**
 * float32 rows of few classes, four side by side: the lanes are rows, so that ten classes are no scalar loop.
 *
 * The formulas and the bits are those of single-row.ts. A group in which any row has no finite maximum is left to the caller, who
 * takes its rows one by one.
 */
import { gridBits, powerSingle } from './exp2-single'
import { ONE_BITS, UNIT_52 } from './grid'
import { demote, select, upper } from './lanes'
import { log1pLanes } from './log1p'
import { CANCELLATION, finite, finiteSecond, secondPower } from './state-single'
import { inverse, temperature } from './temperature'
import { loadTile, storeTile } from './transpose'

/** The largest number of classes: a tile of entries and one of exponentials stay in the first-level cache. */
export const GROUP_CLASSES: usize = 64
export const GROUP_ROWS: i32 = 4

export const ENTRIES = memory.data(1024, 16) // GROUP_CLASSES vectors of four float32
export const POWERS = memory.data(2048, 16) // GROUP_CLASSES times four float64

// What reduceGroup leaves, for the rows in lanes (0, 1) and (2, 3).
export let max01 = f64x2.splat(0)
export let max23 = f64x2.splat(0)
export let second01 = f64x2.splat(0)
export let second23 = f64x2.splat(0)
export let power01 = f64x2.splat(0)
export let power23 = f64x2.splat(0)
export let others01 = f64x2.splat(0)
export let others23 = f64x2.splat(0)

/** S₂ from a sum of grid bits, less the maximum's own 1. */
// @ts-expect-error: decorator
@inline
function sumFromBits(bits: v128, classes: usize): v128 {
  const excess = (<i64>classes) * ONE_BITS + (<i64>1 << 52)
  const sum = f64x2(
    <f64>(i64x2.extract_lane(bits, 0) - excess),
    <f64>(i64x2.extract_lane(bits, 1) - excess),
  )
  return f64x2.mul(sum, f64x2.splat(UNIT_52))
}

/** Reads four rows; false if one of them must be left to the reference. With `keep`, POWERS holds the exponentials. */
// @ts-expect-error: decorator
@inline
export function reduceGroup(x: usize, classes: usize, keep: bool): bool {
  loadTile(x, classes, ENTRIES)
  const end = ENTRIES + (classes << 4)
  let max = f32x4.splat(-Infinity)
  let second = max
  let invalid = i32x4.splat(0)
  for (let at = ENTRIES; at < end; at += 16) {
    const v = v128.load(at)
    invalid = v128.or(invalid, f32x4.ne(v, v))
    second = f32x4.pmax(second, f32x4.pmin(max, v))
    max = f32x4.pmax(max, v)
  }
  max01 = f64x2.promote_low_f32x4(max)
  max23 = f64x2.promote_low_f32x4(upper(max))
  if (v128.any_true(invalid) || !i64x2.all_true(v128.and(finite(max01), finite(max23)))) return false
  second01 = f64x2.promote_low_f32x4(second)
  second23 = f64x2.promote_low_f32x4(upper(second))
  power01 = secondPower(max01, second01)
  power23 = secondPower(max23, second23)
  const shift01 = finiteSecond(max01, second01)
  const shift23 = finiteSecond(max23, second23)
  const cap = demote(shift01, shift23)
  let sum01 = i64x2.splat(0)
  let sum23 = i64x2.splat(0)
  let powers = POWERS
  for (let at = ENTRIES; at < end; at += 16) {
    const v = f32x4.pmin(v128.load(at), cap)
    const t01 = powerSingle(f64x2.sub(f64x2.promote_low_f32x4(v), shift01))
    const t23 = powerSingle(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), shift23))
    sum01 = i64x2.add(sum01, gridBits(t01))
    sum23 = i64x2.add(sum23, gridBits(t23))
    if (keep) {
      v128.store(powers, t01)
      v128.store(powers, t23, 16)
      powers += 32
    }
  }
  others01 = f64x2.mul(sumFromBits(sum01, classes), power01)
  others23 = f64x2.mul(sumFromBits(sum23, classes), power23)
  return true
}

// @ts-expect-error: decorator
@inline
export function onePlus(others: v128): v128 {
  return f64x2.add(f64x2.splat(1), others)
}

/** out = weight · softmax for the four rows in ENTRIES and POWERS, a weight per row. */
function writeSoftmax(classes: usize, weight01: v128, weight23: v128, out: usize): void {
  const top01 = f64x2.div(weight01, onePlus(others01))
  const top23 = f64x2.div(weight23, onePlus(others23))
  const factor01 = f64x2.mul(power01, top01)
  const factor23 = f64x2.mul(power23, top23)
  const top = demote(top01, top23)
  const max = demote(max01, max23)
  const end = ENTRIES + (classes << 4)
  let powers = POWERS
  for (let at = ENTRIES; at < end; at += 16) {
    const p = demote(f64x2.mul(v128.load(powers), factor01), f64x2.mul(v128.load(powers, 16), factor23))
    v128.store(at, select(f32x4.eq(v128.load(at), max), top, p))
    powers += 32
  }
  storeTile(ENTRIES, classes, out)
}

export function softmaxGroup(x: usize, classes: usize, out: usize): bool {
  if (!reduceGroup(x, classes, true)) return false
  const one = f64x2.splat(1)
  writeSoftmax(classes, one, one, out)
  return true
}

export function logSoftmaxGroup(x: usize, classes: usize, out: usize): bool {
  if (!reduceGroup(x, classes, false)) return false
  const log01 = log1pLanes(others01)
  const log23 = log1pLanes(others23)
  const factor = f64x2.splat(inverse)
  const end = ENTRIES + (classes << 4)
  for (let at = ENTRIES; at < end; at += 16) {
    const v = v128.load(at)
    const low = f64x2.sub(f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(v), max01), factor), log01)
    const high = f64x2.sub(f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), max23), factor), log23)
    v128.store(at, f32x4.add(demote(low, high), f32x4.splat(0)))
  }
  storeTile(ENTRIES, classes, out)
  return true
}

/** Divided by T. */
// @ts-expect-error: decorator
@inline
export function over(v: v128): v128 {
  return f64x2.div(v, f64x2.splat(temperature))
}

// @ts-expect-error: decorator
@inline
export function cancels(max: v128, log: v128, sum: v128): v128 {
  const small = f64x2.lt(f64x2.abs(sum), f64x2.mul(f64x2.splat(CANCELLATION), log))
  return v128.and(small, f64x2.lt(max, f64x2.splat(0)))
}

export function logSumExpGroup(x: usize, classes: usize, out: usize): bool {
  if (!reduceGroup(x, classes, false)) return false
  const log01 = log1pLanes(others01)
  const log23 = log1pLanes(others23)
  const sum01 = f64x2.add(over(max01), log01)
  const sum23 = f64x2.add(over(max23), log23)
  if (v128.any_true(v128.or(cancels(max01, log01, sum01), cancels(max23, log23, sum23)))) return false
  v128.store(out, demote(sum01, sum23))
  return true
}

/** The labels' entries of the four rows, from the tile: ENTRIES is overwritten by the gradient later. */
// @ts-expect-error: decorator
@inline
export function labelled(labels: usize): v128 {
  let v = v128.load32_zero(ENTRIES + (<usize>load<u32>(labels) << 4))
  v = v128.load32_lane(ENTRIES + (<usize>load<u32>(labels + 4) << 4) + 4, v, 1)
  v = v128.load32_lane(ENTRIES + (<usize>load<u32>(labels + 8) << 4) + 8, v, 2)
  return v128.load32_lane(ENTRIES + (<usize>load<u32>(labels + 12) << 4) + 12, v, 3)
}

// @ts-expect-error: decorator
@inline
function storeLosses(values: v128, losses: usize): void {
  v128.store(losses, f64x2.add(over(f64x2.sub(max01, f64x2.promote_low_f32x4(values))), log1pLanes(others01)))
  const high = over(f64x2.sub(max23, f64x2.promote_low_f32x4(upper(values))))
  v128.store(losses, f64x2.add(high, log1pLanes(others23)), 16)
}

export function crossEntropyGroup(x: usize, labels: usize, classes: usize, losses: usize): bool {
  if (!reduceGroup(x, classes, false)) return false
  storeLosses(labelled(labels), losses)
  return true
}

/** The gradient at the labels of two rows, from the labels' entries and exponentials. */
// @ts-expect-error: decorator
@inline
function atLabel(value: v128, t: v128, max: v128, power: v128, others: v128, scale: v128): v128 {
  const total = onePlus(others)
  const rest = select(f64x2.eq(value, max), others, f64x2.sub(total, f64x2.mul(t, power)))
  return f64x2.mul(f64x2.div(f64x2.neg(rest), total), scale)
}

export function crossEntropyGradientGroup(
  x: usize,
  labels: usize,
  classes: usize,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  gradient: usize,
): bool {
  if (!reduceGroup(x, classes, true)) return false
  const values = labelled(labels)
  storeLosses(values, losses)
  const scale01 = v128.load64_lane(scales, v128.load64_splat(scales + scaleStride), 0)
  const scales23 = scales + (scaleStride << 1)
  const scale23 = v128.load64_lane(scales23, v128.load64_splat(scales23 + scaleStride), 0)
  const t01 = atRows(POWERS, labels, 5, 8)
  const t23 = atRows(POWERS + 16, labels + 8, 5, 8)
  const low = atLabel(f64x2.promote_low_f32x4(values), t01, max01, power01, others01, scale01)
  const high = atLabel(f64x2.promote_low_f32x4(upper(values)), t23, max23, power23, others23, scale23)
  const marks = f32x4.add(demote(low, high), f32x4.splat(0))
  writeSoftmax(classes, scale01, scale23, gradient)
  storeAtLabels(marks, labels, classes, gradient)
  return true
}

/** The float64 numbers of two rows at their labels: at base + (label << shift), the second row's `step` bytes further. */
// @ts-expect-error: decorator
@inline
export function atRows(base: usize, labels: usize, shift: usize, step: usize): v128 {
  const first = v128.load64_zero(base + (<usize>load<u32>(labels) << shift))
  return v128.load64_lane(base + (<usize>load<u32>(labels + 4) << shift) + step, first, 1)
}

/** Writes the gradients of four rows at their labels. */
// @ts-expect-error: decorator
@inline
export function storeAtLabels(marks: v128, labels: usize, classes: usize, gradient: usize): void {
  const stride = classes << 2
  v128.store32_lane(gradient + (<usize>load<u32>(labels) << 2), marks, 0)
  v128.store32_lane(gradient + stride + (<usize>load<u32>(labels + 4) << 2), marks, 1)
  v128.store32_lane(gradient + 2 * stride + (<usize>load<u32>(labels + 8) << 2), marks, 2)
  v128.store32_lane(gradient + 3 * stride + (<usize>load<u32>(labels + 12) << 2), marks, 3)
}
