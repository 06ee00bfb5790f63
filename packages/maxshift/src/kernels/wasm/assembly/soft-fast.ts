/**
 * Losses with class weights in fast mode, both dtypes: the formulas of soft-single.ts on the rows of single-fast.ts and double-fast.ts.
 * The differences are summed in a pass of their own, in float64.
 */
import * as double from './double-fast'
import { demote, upper } from './lanes'
import * as single from './single-fast'
import { UNIFORM, WEIGHTED } from './single-row'
import { loadTail, storeTail } from './single-top'
import { kind, LARGEST, maskedDifferences, shared, sumOfBase, uniform, zLoss } from './soft-single'
import { temperature } from './temperature'

/** Σ (m − x_k), or Σ base_k · (m − x_k), of a float32 row. */
function differencesSingle(x: usize, classes: usize, base: usize, max: f64): f64 {
  const m = f64x2.splat(max)
  let sum0 = f64x2.splat(0)
  let sum1 = sum0
  const end = x + ((classes & ~3) << 2)
  for (; x < end; x += 16) {
    const v = v128.load(x)
    let a = f64x2.sub(m, f64x2.promote_low_f32x4(v))
    let b = f64x2.sub(m, f64x2.promote_low_f32x4(upper(v)))
    if (kind === WEIGHTED) {
      a = f64x2.mul(a, v128.load(base))
      b = f64x2.mul(b, v128.load(base, 16))
      base += 32
    }
    sum0 = f64x2.add(sum0, a)
    sum1 = f64x2.add(sum1, b)
  }
  const sum = f64x2.add(sum0, sum1)
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
  for (let k: usize = 0; k < (classes & 3); k++) {
    const d = max - <f64>f32.load(x + (k << 2))
    total += kind === WEIGHTED ? d * f64.load(base + (k << 3)) : d
  }
  return total
}

/** The same of a float64 row. */
function differencesDouble(x: usize, classes: usize, base: usize, max: f64): f64 {
  const m = f64x2.splat(max)
  double.clearSum()
  const end = x + ((classes & ~3) << 3)
  for (; x < end; x += 32) {
    let a = f64x2.sub(m, v128.load(x))
    let b = f64x2.sub(m, v128.load(x, 16))
    if (kind === WEIGHTED) {
      a = f64x2.mul(a, v128.load(base))
      b = f64x2.mul(b, v128.load(base, 16))
      base += 32
    }
    double.add(f64x2.add(a, b))
  }
  for (let k: usize = 0; k < (classes & 3); k++) {
    const d = max - f64.load(x + (k << 3))
    double.add(f64x2(kind === WEIGHTED ? d * f64.load(base + (k << 3)) : d, 0))
  }
  return double.total()
}

let weight: f64 = 0

/** The loss from the sum of the differences of `base`; M to `weight`. NaN where 0 met ∞, which is left to accurate mode. */
function lossOf(base: usize, classes: usize, stride: usize, differences: f64, peak: f64, gap: f64, max: f64, log: f64): f64 {
  const sum = (stride ? sumOfBase(base, classes) : shared) + peak
  let total = kind === UNIFORM ? uniform * differences : kind === WEIGHTED ? differences : 0
  if (peak > 0) total += peak * gap
  weight = sum
  const loss = total / temperature + sum * log
  if (!(zLoss > 0)) return loss
  const logSumExp = max / temperature + log
  weight = sum + Math.max(-LARGEST, Math.min(2 * zLoss * logSumExp, LARGEST))
  return loss + zLoss * (logSumExp * logSumExp)
}

/** The gradient at a maximum without equal. */
// @ts-expect-error: decorator
@inline
function atTop(target: f64, others: f64, scale: f64): f64 {
  const total = 1 + others
  return scale * (((weight - target) - target * others) / total) + 0
}

// @ts-expect-error: decorator
@inline
function rowSingle(
  withGradient: bool,
  x: usize,
  classes: usize,
  base: usize,
  stride: usize,
  label: isize,
  peak: f64,
  scale: f64,
  losses: usize,
  out: usize,
): bool {
  if (!single.isRegular(x, classes)) return false
  const max = single.maximum()
  const at = <usize>max2(label, 0)
  const value = <f64>f32.load(x + (at << 2))
  let differences: f64 = kind ? differencesSingle(x, classes, base, max) : 0
  if (isNaN(differences)) differences = maskedDifferences(x, classes, base)
  const place = withGradient ? single.findMax(x, classes) : 0
  single.reduceRow(x, classes, out, withGradient)
  f64.store(losses, lossOf(base, classes, stride, differences, peak, max - value, max, single.log()))
  if (!withGradient) return true
  const t = <f64>f32.load(out + (at << 2))
  const others = single.sumOfRest()
  const factor = (single.powerOfSecond() / (1 + others)) * weight * scale
  const factors = f32x4.splat(<f32>factor)
  const scales = f32x4.splat(<f32>scale)
  const first = f64.load(base + (place << 1))
  const target = f64.load(base + (at << 3)) + peak
  let to = out
  for (let left = classes; left > 0; ) {
    const count = min<usize>(left, 4)
    const c = demote(v128.load(base), v128.load(base, 16))
    const p = f32x4.mul(count === 4 ? v128.load(to) : loadTail(to, count), factors)
    const g = f32x4.add(f32x4.sub(p, f32x4.mul(c, scales)), f32x4.splat(0))
    if (count === 4) v128.store(to, g)
    else storeTail(to, g, count)
    left -= count
    to += 16
    base += 32
  }
  const alone = single.second() < max
  if (alone) f32.store(out + place, <f32>atTop(first, others, scale) + 0)
  if (label >= 0) {
    const g = alone && value === max ? atTop(target, others, scale) : t * factor - target * scale + 0
    f32.store(out + (at << 2), <f32>g + 0)
  }
  return true
}

// @ts-expect-error: decorator
@inline
function rowDouble(
  withGradient: bool,
  x: usize,
  classes: usize,
  base: usize,
  stride: usize,
  label: isize,
  peak: f64,
  scale: f64,
  losses: usize,
  out: usize,
): bool {
  if (!double.isRegular(x, classes)) return false
  const max = double.maximum()
  const at = <usize>max2(label, 0)
  const value = f64.load(x + (at << 3))
  const differences: f64 = kind ? differencesDouble(x, classes, base, max) : 0
  if (isNaN(differences)) return false
  const place = withGradient ? double.placeOfMax(x) : 0
  double.reduceRow(x, classes, out, withGradient)
  const loss = lossOf(base, classes, stride, differences, peak, max - value, max, double.log())
  f64.store(losses, loss)
  if (!withGradient) return isFinite(loss)
  const t = f64.load(out + (at << 3))
  const others = double.sumOfRest()
  const factor = (double.powerOfSecond() / (1 + others)) * weight * scale
  const factors = f64x2.splat(factor)
  const scales = f64x2.splat(scale)
  const first = f64.load(base + place)
  const target = f64.load(base + (at << 3)) + peak
  const end = out + ((classes & ~1) << 3)
  let to = out
  for (; to < end; to += 16) {
    const g = f64x2.sub(f64x2.mul(v128.load(to), factors), f64x2.mul(v128.load(base), scales))
    v128.store(to, f64x2.add(g, f64x2.splat(0)))
    base += 16
  }
  if (classes & 1) f64.store(to, f64.load(to) * factor - f64.load(base) * scale + 0)
  const alone = double.second() < max
  if (alone) f64.store(out + place, atTop(first, others, scale))
  if (label >= 0) {
    f64.store(out + (at << 3), alone && value === max ? atTop(target, others, scale) : t * factor - target * scale + 0)
  }
  return true
}

// @ts-expect-error: decorator
@inline
function max2(a: isize, b: isize): isize {
  return a > b ? a : b
}

// @ts-expect-error: decorator
@inline
function overRows(
  isDouble: bool,
  withGradient: bool,
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  out: usize,
  flags: usize,
): i32 {
  const step = classes << (isDouble ? 3 : 2)
  let left = 0
  for (let r = 0; r < rows; r++) {
    const label: isize = labels ? load<i32>(labels + (r << 2)) : -1
    const peak = labels ? f64.load(peaks + (r << 3)) : 0
    const scale = withGradient ? f64.load(scales + <usize>r * scaleStride) : 0
    const loss = losses + (r << 3)
    const done = isDouble
      ? rowDouble(withGradient, x, classes, base, stride, label, peak, scale, loss, out)
      : rowSingle(withGradient, x, classes, base, stride, label, peak, scale, loss, out)
    store<u8>(flags + r, done ? 0 : 1)
    left += done ? 0 : 1
    x += step
    out += step
    base += stride
  }
  return left
}

export function softCrossEntropyFast_f32(
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(false, false, x, base, stride, labels, peaks, rows, classes, 0, 0, losses, 0, flags)
}

export function softCrossEntropyWithGradientFast_f32(
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  gradient: usize,
  flags: usize,
): i32 {
  return overRows(false, true, x, base, stride, labels, peaks, rows, classes, scales, scaleStride, losses, gradient, flags)
}

export function softCrossEntropyFast_f64(
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(true, false, x, base, stride, labels, peaks, rows, classes, 0, 0, losses, 0, flags)
}

export function softCrossEntropyWithGradientFast_f64(
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  gradient: usize,
  flags: usize,
): i32 {
  return overRows(true, true, x, base, stride, labels, peaks, rows, classes, scales, scaleStride, losses, gradient, flags)
}
