/**
 * Losses with class weights for float32 rows of few classes, four side by side, where all rows share one base. The formulas and the
 * bits are those of soft-single.ts; a group in which digits cancel, or 0 meets ∞, is left to the caller.
 */
import { demote, select, upper } from './lanes'
import { log1pLanes } from './log1p'
import {
  atRows,
  cancels,
  ENTRIES,
  labelled,
  max01,
  max23,
  onePlus,
  others01,
  others23,
  over,
  POWERS,
  power01,
  power23,
  reduceGroup,
  second01,
  second23,
  storeAtLabels,
} from './single-group'
import { NO_WEIGHTS, UNIFORM, WEIGHTED } from './single-row'
import { kind, LARGEST, shared, uniform, zLoss } from './soft-single'
import { finiteSecond } from './state-single'
import { storeTile } from './transpose'

// Per row, rows (0, 1) and (2, 3): the sums of the differences, then the losses; and M.
let loss01 = f64x2.splat(0)
let loss23 = f64x2.splat(0)
let weight01 = f64x2.splat(0)
let weight23 = f64x2.splat(0)

/** Σ base_k · (m − x_k) to the losses, for one weight by way of the second entries, each row in the four lanes of kernels/js/targets.ts, one after the other. */
function sumDifferences(classes: usize, base: usize): void {
  const end = ENTRIES + (classes << 4)
  loss01 = loss23 = f64x2.splat(0)
  if (kind === NO_WEIGHTS) return
  let even01 = loss01
  let even23 = loss01
  const shift01 = finiteSecond(max01, second01)
  const shift23 = finiteSecond(max23, second23)
  const cap = kind === UNIFORM ? demote(shift01, shift23) : f32x4.splat(f32.MAX_VALUE)
  const from01 = kind === UNIFORM ? shift01 : max01
  const from23 = kind === UNIFORM ? shift23 : max23
  for (let lane: usize = 0; lane < 4; lane++) {
    let sum01 = f64x2.splat(0)
    let sum23 = sum01
    let weight = base + (lane << 3)
    for (let at = ENTRIES + (lane << 4); at < end; at += 64) {
      const v = f32x4.pmin(v128.load(at), cap)
      let d01 = f64x2.sub(from01, f64x2.promote_low_f32x4(v))
      let d23 = f64x2.sub(from23, f64x2.promote_low_f32x4(upper(v)))
      if (kind === WEIGHTED) {
        const c = v128.load64_splat(weight)
        d01 = f64x2.mul(d01, c)
        d23 = f64x2.mul(d23, c)
        weight += 32
      }
      sum01 = f64x2.add(sum01, d01)
      sum23 = f64x2.add(sum23, d23)
    }
    if (lane === 0) {
      even01 = sum01
      even23 = sum23
    } else if (lane === 1) {
      loss01 = sum01
      loss23 = sum23
    } else if (lane === 2) {
      even01 = f64x2.add(even01, sum01)
      even23 = f64x2.add(even23, sum23)
    } else {
      loss01 = f64x2.add(even01, f64x2.add(loss01, sum01))
      loss23 = f64x2.add(even23, f64x2.add(loss23, sum23))
    }
  }
  if (kind === UNIFORM) {
    const others = f64x2.splat(<f64>(classes - 1))
    loss01 = f64x2.mul(f64x2.splat(uniform), f64x2.add(f64x2.mul(others, f64x2.sub(max01, shift01)), loss01))
    loss23 = f64x2.mul(f64x2.splat(uniform), f64x2.add(f64x2.mul(others, f64x2.sub(max23, shift23)), loss23))
  }
}

/** peak · (m − value), 0 for no peak. */
// @ts-expect-error: decorator
@inline
function atPeak(peak: v128, max: v128, value: v128): v128 {
  return v128.and(f64x2.mul(peak, f64x2.sub(max, value)), f64x2.gt(peak, f64x2.splat(0)))
}

/** z · lse². */
// @ts-expect-error: decorator
@inline
function square(logSumExp: v128): v128 {
  return f64x2.mul(f64x2.splat(zLoss), f64x2.mul(logSumExp, logSumExp))
}

/** sum + 2 z · lse. */
// @ts-expect-error: decorator
@inline
function weightOf(sum: v128, logSumExp: v128): v128 {
  const pull = f64x2.mul(f64x2.splat(2 * zLoss), logSumExp)
  return f64x2.add(sum, f64x2.pmax(f64x2.pmin(pull, f64x2.splat(LARGEST)), f64x2.splat(-LARGEST)))
}

/** Reads four rows, their losses and M; false if they must be taken one by one. */
// @ts-expect-error: decorator
@inline
function reduce(x: usize, classes: usize, base: usize, labels: usize, peaks: usize, keep: bool): bool {
  if (!reduceGroup(x, classes, keep)) return false
  sumDifferences(classes, base)
  let sum01 = f64x2.splat(shared)
  let sum23 = sum01
  if (labels) {
    const values = labelled(labels)
    const peak01 = v128.load(peaks)
    const peak23 = v128.load(peaks, 16)
    sum01 = f64x2.add(sum01, peak01)
    sum23 = f64x2.add(sum23, peak23)
    loss01 = f64x2.add(loss01, atPeak(peak01, max01, f64x2.promote_low_f32x4(values)))
    loss23 = f64x2.add(loss23, atPeak(peak23, max23, f64x2.promote_low_f32x4(upper(values))))
  }
  const log01 = log1pLanes(others01)
  const log23 = log1pLanes(others23)
  loss01 = f64x2.add(over(loss01), f64x2.mul(sum01, log01))
  loss23 = f64x2.add(over(loss23), f64x2.mul(sum23, log23))
  weight01 = sum01
  weight23 = sum23
  if (zLoss > 0) {
    const lse01 = f64x2.add(over(max01), log01)
    const lse23 = f64x2.add(over(max23), log23)
    if (v128.any_true(v128.or(cancels(max01, log01, lse01), cancels(max23, log23, lse23)))) return false
    loss01 = f64x2.add(loss01, square(lse01))
    loss23 = f64x2.add(loss23, square(lse23))
    weight01 = weightOf(sum01, lse01)
    weight23 = weightOf(sum23, lse23)
  }
  return !v128.any_true(v128.or(f64x2.ne(loss01, loss01), f64x2.ne(loss23, loss23)))
}

export function softGroup(x: usize, classes: usize, base: usize, labels: usize, peaks: usize, losses: usize): bool {
  if (!reduce(x, classes, base, labels, peaks, false)) return false
  v128.store(losses, loss01)
  v128.store(losses, loss23, 16)
  return true
}

/** The gradient at the largest entries of two rows. */
// @ts-expect-error: decorator
@inline
function gradientAtTop(target: v128, weight: v128, top: v128, rest: v128, scale: v128): v128 {
  return f64x2.mul(scale, f64x2.sub(f64x2.mul(f64x2.sub(weight, target), top), f64x2.mul(target, rest)))
}

/** Entries of two rows of the gradient. `maxOrNaN` is the maximum where it has no equal. */
// @ts-expect-error: decorator
@inline
function gradients(
  value: v128,
  t: v128,
  target: v128,
  maxOrNaN: v128,
  factor: v128,
  weight: v128,
  top: v128,
  rest: v128,
  scale: v128,
): v128 {
  const general = f64x2.sub(f64x2.mul(t, factor), f64x2.mul(target, scale))
  return select(f64x2.eq(value, maxOrNaN), gradientAtTop(target, weight, top, rest, scale), general)
}

// @ts-expect-error: decorator
@inline
function maxWithoutEqual(max: v128, second: v128): v128 {
  return v128.or(max, f64x2.ge(second, max)) // all bits set are a NaN
}

export function softGradientGroup(
  x: usize,
  classes: usize,
  base: usize,
  labels: usize,
  peaks: usize,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  gradient: usize,
): bool {
  if (!reduce(x, classes, base, labels, peaks, true)) return false
  v128.store(losses, loss01)
  v128.store(losses, loss23, 16)
  const scale01 = v128.load64_lane(scales, v128.load64_splat(scales + scaleStride), 0)
  const scales23 = scales + (scaleStride << 1)
  const scale23 = v128.load64_lane(scales23, v128.load64_splat(scales23 + scaleStride), 0)
  const top01 = f64x2.div(f64x2.splat(1), onePlus(others01))
  const top23 = f64x2.div(f64x2.splat(1), onePlus(others23))
  const rest01 = f64x2.mul(others01, top01)
  const rest23 = f64x2.mul(others23, top23)
  const factor01 = f64x2.mul(f64x2.mul(f64x2.mul(power01, top01), weight01), scale01)
  const factor23 = f64x2.mul(f64x2.mul(f64x2.mul(power23, top23), weight23), scale23)
  const alone01 = maxWithoutEqual(max01, second01)
  const alone23 = maxWithoutEqual(max23, second23)
  let marks = f32x4.splat(0)
  if (labels) {
    const values = labelled(labels)
    const value01 = f64x2.promote_low_f32x4(values)
    const value23 = f64x2.promote_low_f32x4(upper(values))
    const target01 = f64x2.add(atRows(base, labels, 3, 0), v128.load(peaks))
    const target23 = f64x2.add(atRows(base, labels + 8, 3, 0), v128.load(peaks, 16))
    const t01 = atRows(POWERS, labels, 5, 8)
    const t23 = atRows(POWERS + 16, labels + 8, 5, 8)
    const g01 = gradients(value01, t01, target01, alone01, factor01, weight01, top01, rest01, scale01)
    const g23 = gradients(value23, t23, target23, alone23, factor23, weight23, top23, rest23, scale23)
    marks = f32x4.add(demote(g01, g23), f32x4.splat(0))
  }
  const end = ENTRIES + (classes << 4)
  let powers = POWERS
  if (kind === WEIGHTED) {
    for (let at = ENTRIES; at < end; at += 16) {
      const v = v128.load(at)
      const target = v128.load64_splat(base)
      const v01 = f64x2.promote_low_f32x4(v)
      const v23 = f64x2.promote_low_f32x4(upper(v))
      const g01 = gradients(v01, v128.load(powers), target, alone01, factor01, weight01, top01, rest01, scale01)
      const g23 = gradients(v23, v128.load(powers, 16), target, alone23, factor23, weight23, top23, rest23, scale23)
      v128.store(at, f32x4.add(demote(g01, g23), f32x4.splat(0)))
      base += 8
      powers += 32
    }
  } else {
    // The target is the same for all classes, and so is what is computed from it.
    const target = f64x2.splat(uniform)
    const c01 = f64x2.mul(target, scale01)
    const c23 = f64x2.mul(target, scale23)
    const max = demote(alone01, alone23)
    const atTop = demote(
      gradientAtTop(target, weight01, top01, rest01, scale01),
      gradientAtTop(target, weight23, top23, rest23, scale23),
    )
    for (let at = ENTRIES; at < end; at += 16) {
      const g01 = f64x2.sub(f64x2.mul(v128.load(powers), factor01), c01)
      const g23 = f64x2.sub(f64x2.mul(v128.load(powers, 16), factor23), c23)
      const g = select(f32x4.eq(v128.load(at), max), atTop, demote(g01, g23))
      v128.store(at, f32x4.add(g, f32x4.splat(0)))
      powers += 32
    }
  }
  storeTile(ENTRIES, classes, gradient)
  if (labels) storeAtLabels(marks, labels, classes, gradient)
  return true
}
