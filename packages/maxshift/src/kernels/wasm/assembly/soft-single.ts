/**
 * Losses with class weights for float32 rows, one after the other: kernels/js/soft-single.ts in vector lanes, the same bits.
 */
import { demote, select } from './lanes'
import {
  LOG,
  logSumExpOrNaN,
  OTHERS,
  reduceRow,
  reduceSoftRow,
  SECOND_POWER,
  sumOfDifferences,
  TOTAL,
  UNIFORM,
  WEIGHTED,
} from './single-row'
import { loadTail, MAX, SECOND, state, storeTail } from './single-top'
import { temperature } from './temperature'

/** What a call has for all its rows: how differences are summed, the weight that all classes share, the sum of a shared base, z. */
export let kind: i32 = 0
export let uniform: f64 = 0
export let shared: f64 = 0
export let zLoss: f64 = 0

export function setTargets(kindOfBase: i32, weight: f64, sum: f64, z: f64): void {
  kind = kindOfBase
  uniform = weight
  shared = sum
  zLoss = z
}

/** Σ base_k in four lanes. */
export function sumOfBase(base: usize, classes: usize): f64 {
  let sum0 = f64x2.splat(0)
  let sum1 = sum0
  const end = base + ((classes & ~3) << 3)
  for (; base < end; base += 32) {
    sum0 = f64x2.add(sum0, v128.load(base))
    sum1 = f64x2.add(sum1, v128.load(base, 16))
  }
  const left = classes & 3
  if (left > 0) sum0 = f64x2.add(sum0, left > 1 ? v128.load(base) : v128.load64_zero(base))
  if (left > 2) sum1 = f64x2.add(sum1, v128.load64_zero(base, 16))
  const sum = f64x2.add(sum0, sum1)
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/** Σ base_k · (m − x_k) where some are 0 · ∞: an entry at a time, in the lanes of the vectors. */
export function maskedDifferences(x: usize, classes: usize, base: usize): f64 {
  const max = state(MAX)
  let even = f64x2.splat(0)
  let odd = even
  for (let k: usize = 0; k < classes; k++) {
    const weight = f64.load(base + (k << 3))
    if (!(weight > 0)) continue
    const term = weight * (max - <f64>f32.load(x + (k << 2)))
    const lanes = k & 1 ? f64x2(0, term) : f64x2(term, 0)
    if (k & 2) odd = f64x2.add(odd, lanes)
    else even = f64x2.add(even, lanes)
  }
  const sum = f64x2.add(even, odd)
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/** In the gradient a larger log-sum-exp counts as this. */
export const LARGEST: f64 = 1e120

let weight: f64 = 0
let loss: f64 = 0

/** Reads a row: its loss to `loss`, M to `weight`; false if it must be left to the reference. */
// @ts-expect-error: decorator
@inline
function reduce(
  x: usize,
  classes: usize,
  base: usize,
  stride: usize,
  label: isize,
  peak: f64,
  scratch: usize,
  keep: bool,
): bool {
  const isRead =
    kind === UNIFORM
      ? reduceSoftRow(x, classes, scratch, keep, true, UNIFORM, base)
      : kind === WEIGHTED
        ? reduceSoftRow(x, classes, scratch, keep, true, WEIGHTED, base)
        : reduceRow(x, classes, scratch, keep)
  if (!isRead) return false
  const max = state(MAX)
  const sum = (stride ? sumOfBase(base, classes) : shared) + peak
  let differences: f64 = 0
  if (kind === UNIFORM) {
    const gap = isFinite(state(SECOND)) ? max - state(SECOND) : 0
    differences = uniform * (<f64>(classes - 1) * gap - sumOfDifferences())
  } else if (kind === WEIGHTED) {
    differences = sumOfDifferences()
    if (isNaN(differences)) differences = maskedDifferences(x, classes, base)
  }
  if (peak > 0) differences += peak * (max - <f64>f32.load(x + (<usize>label << 2)))
  weight = sum
  loss = differences / temperature + sum * state(LOG)
  if (zLoss > 0) {
    const logSumExp = logSumExpOrNaN(classes)
    if (isNaN(logSumExp)) return false
    loss += zLoss * (logSumExp * logSumExp)
    weight = sum + Math.max(-LARGEST, Math.min(2 * zLoss * logSumExp, LARGEST))
  }
  return true
}

export function softRow(
  x: usize,
  classes: usize,
  base: usize,
  stride: usize,
  label: isize,
  peak: f64,
  losses: usize,
): bool {
  if (!reduce(x, classes, base, stride, label, peak, 0, false)) return false
  f64.store(losses, loss)
  return true
}

/** One entry of the gradient from its exponential; never −0. */
function entryOf(isTop: bool, t: f64, target: f64, scale: f64): f32 {
  const top = 1 / state(TOTAL)
  if (isTop) return <f32>(scale * ((weight - target) * top - target * (state(OTHERS) * top))) + 0
  return <f32>(t * (state(SECOND_POWER) * top * weight * scale) - target * scale) + 0
}

/** The gradient for the weights in `base`, from the exponentials in `scratch`. */
function writeGradient(x: usize, classes: usize, base: usize, scale: f64, scratch: usize, out: usize): void {
  const factor = f64x2.splat((state(SECOND_POWER) * (1 / state(TOTAL))) * weight * scale)
  const scales = f64x2.splat(scale)
  const max = f32x4.splat(topOrNaN())
  for (let left = classes; left > 0; ) {
    const count = min<usize>(left, 4)
    const v = count === 4 ? v128.load(x) : loadTail(x, count)
    const low = f64x2.sub(f64x2.mul(v128.load(scratch), factor), f64x2.mul(v128.load(base), scales))
    const high = f64x2.sub(f64x2.mul(v128.load(scratch, 16), factor), f64x2.mul(v128.load(base, 16), scales))
    const g = f32x4.add(demote(low, high), f32x4.splat(0))
    if (count === 4) v128.store(out, g)
    else storeTail(out, g, count)
    const isTop = f32x4.eq(v, max)
    if (v128.any_true(isTop)) {
      const lane = ctz(i32x4.bitmask(isTop))
      f32.store(out + (lane << 2), entryOf(true, 0, f64.load(base + (lane << 3)), scale))
    }
    left -= count
    x += 16
    out += 16
    scratch += 32
    base += 32
  }
}

/** The maximum where it has no equal, else NaN. */
function topOrNaN(): f32 {
  return state(SECOND) < state(MAX) ? <f32>state(MAX) : f32.NaN
}

/** The same for the one weight of all classes. */
function writeUniformGradient(x: usize, classes: usize, scale: f64, scratch: usize, out: usize): void {
  const factor = f64x2.splat((state(SECOND_POWER) * (1 / state(TOTAL))) * weight * scale)
  const part = f64x2.splat(uniform * scale)
  const max = f32x4.splat(topOrNaN())
  const top = f32x4.splat(entryOf(true, 0, uniform, scale))
  const end = x + ((classes & ~3) << 2)
  for (; x < end; x += 16) {
    v128.store(out, uniformEntries(v128.load(x), scratch, factor, part, max, top))
    scratch += 32
    out += 16
  }
  const left = classes & 3
  if (left) storeTail(out, uniformEntries(loadTail(x, left), scratch, factor, part, max, top), left)
}

// @ts-expect-error: decorator
@inline
function uniformEntries(v: v128, scratch: usize, factor: v128, part: v128, max: v128, top: v128): v128 {
  const low = f64x2.sub(f64x2.mul(v128.load(scratch), factor), part)
  const high = f64x2.sub(f64x2.mul(v128.load(scratch, 16), factor), part)
  return f32x4.add(select(f32x4.eq(v, max), top, demote(low, high)), f32x4.splat(0)) // −0 becomes +0
}

export function softGradientRow(
  x: usize,
  classes: usize,
  base: usize,
  stride: usize,
  label: isize,
  peak: f64,
  scale: f64,
  scratch: usize,
  losses: usize,
  gradient: usize,
): bool {
  if (!reduce(x, classes, base, stride, label, peak, scratch, true)) return false
  f64.store(losses, loss)
  const at = <usize>max<isize>(label, 0)
  const value = <f64>f32.load(x + (at << 2))
  if (kind === WEIGHTED) writeGradient(x, classes, base, scale, scratch, gradient)
  else writeUniformGradient(x, classes, scale, scratch, gradient)
  if (label >= 0) {
    const target = f64.load(base + (at << 3)) + peak
    const isTop = value === state(MAX) && state(SECOND) < state(MAX)
    f32.store(gradient + (at << 2), entryOf(isTop, f64.load(scratch + (at << 3)), target, scale))
  }
  return true
}
