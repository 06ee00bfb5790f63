/**
 * float32 rows in fast mode: everything in float32 lanes but the sums and what is done once a row, which are float64.
 *
 * The formulas are the accurate ones (maximum left out of the sum, log1p, complement); what is given up is the exact difference:
 * x_i − m₂ is rounded once, as everywhere else, and costs |x_i − m₂| ulps at worst. Exponentials below e^−87 are 0.
 * They are kept in `out` itself and scaled there, so a row needs no scratch memory.
 */
import { powerFast } from './exp-fast'
import { powerSingle } from './exp2-single'
import { select, upper } from './lanes'
import { log1pLanes } from './log1p'
import { findTop, loadTail, MAX, SECOND, state, storeTail } from './single-top'
import { finiteSecond, secondPower } from './state-single'
import { inverse, temperature } from './temperature'

const STATE = memory.data(48, 16)
const SECOND_POWER: usize = 0
const OTHERS: usize = 8
const TOTAL: usize = 16
const LOG: usize = 24
const SHIFT: usize = 32

// @ts-expect-error: decorator
@inline
function get(field: usize): f64 {
  return f64.load(STATE + field)
}

// @ts-expect-error: decorator
@inline
function widen(sum: v128, t: v128): v128 {
  return f64x2.add(sum, f64x2.add(f64x2.promote_low_f32x4(t), f64x2.promote_low_f32x4(upper(t))))
}

/** exp((v − second)/T), the maximum counted as the second. */
// @ts-expect-error: decorator
@inline
function term(v: v128, second: v128, factor: v128): v128 {
  return powerFast(f32x4.mul(f32x4.sub(f32x4.pmin(v, second), second), factor))
}

/** S₂; with `keep`, the exponentials go to `out`. Four vectors are added in float32, then widened. */
// @ts-expect-error: decorator
@inline
function sumOfOthers(x: usize, classes: usize, shift: f32, out: usize, keep: bool): f64 {
  const second = f32x4.splat(shift)
  const factor = f32x4.splat(<f32>inverse)
  let sum = f64x2.splat(0)
  let end = x + ((classes & ~15) << 2)
  for (; x < end; x += 64) {
    const t0 = term(v128.load(x), second, factor)
    const t1 = term(v128.load(x, 16), second, factor)
    const t2 = term(v128.load(x, 32), second, factor)
    const t3 = term(v128.load(x, 48), second, factor)
    if (keep) {
      v128.store(out, t0)
      v128.store(out, t1, 16)
      v128.store(out, t2, 32)
      v128.store(out, t3, 48)
      out += 64
    }
    sum = widen(sum, f32x4.add(f32x4.add(t0, t1), f32x4.add(t2, t3)))
  }
  end = x + ((classes & 12) << 2)
  for (; x < end; x += 16) {
    const t = term(v128.load(x), second, factor)
    if (keep) {
      v128.store(out, t)
      out += 16
    }
    sum = widen(sum, t)
  }
  const left = classes & 3
  if (left) {
    const t = term(loadTail(x, left), second, factor)
    if (keep) storeTail(out, t, left)
    sum = widen(sum, t)
  }
  // The maximum counted as 1 leaves again; the runner-up's own 1 keeps what is left well above 0.
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1) - 1
}

/** Finds the two largest entries; false if the row must be left to the reference. */
// @ts-expect-error: decorator
@inline
export function isRegular(x: usize, classes: usize): bool {
  return findTop(x, classes) && isFinite(state(MAX))
}

/** Fills STATE for a row that isRegular has seen. In place, `out` overwrites x: who needs an entry of it takes it before. */
// @ts-expect-error: decorator
@inline
export function reduceRow(x: usize, classes: usize, out: usize, keep: bool): void {
  const max = f64x2.splat(state(MAX))
  const second = f64x2.splat(state(SECOND))
  const power = f64x2.extract_lane(secondPower(max, second), 0)
  const shift = <f32>f64x2.extract_lane(finiteSecond(max, second), 0)
  const others = sumOfOthers(x, classes, shift, out, keep) * power
  f64.store(STATE, power, SECOND_POWER)
  f64.store(STATE, others, OTHERS)
  f64.store(STATE, 1 + others, TOTAL)
  f64.store(STATE, <f64>shift, SHIFT)
}

// @ts-expect-error: decorator
@inline
export function log(): f64 {
  return f64x2.extract_lane(log1pLanes(f64x2.splat(get(OTHERS))), 0)
}

/** The place of the first maximum. It is there. */
function placeOfMax(x: usize, max: f32): usize {
  let at = x
  while (f32.load(at) !== max) at += 4
  return at - x
}

/** The place of the first maximum, four vectors at a time. */
export function findMax(x: usize, classes: usize): usize {
  const max = f32x4.splat(<f32>state(MAX))
  const end = x + ((classes & ~15) << 2)
  let at = x
  for (; at < end; at += 64) {
    const a = v128.or(f32x4.eq(v128.load(at), max), f32x4.eq(v128.load(at, 16), max))
    const b = v128.or(f32x4.eq(v128.load(at, 32), max), f32x4.eq(v128.load(at, 48), max))
    if (v128.any_true(v128.or(a, b))) break
  }
  return at - x + placeOfMax(at, <f32>state(MAX))
}

/** out = weight · softmax from the exponentials in `out`. */
function scaleRow(classes: usize, weight: f64, place: usize, out: usize): void {
  const top = weight / get(TOTAL)
  const factor = f32x4.splat(<f32>(get(SECOND_POWER) * top))
  let at = out
  const end = out + ((classes & ~3) << 2)
  for (; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor))
  const left = classes & 3
  if (left) storeTail(at, f32x4.mul(loadTail(at, left), factor), left)
  f32.store(out + place, <f32>top)
}

export function softmaxRowFast(x: usize, classes: usize, out: usize): bool {
  if (!isRegular(x, classes)) return false
  const place = findMax(x, classes)
  reduceRow(x, classes, out, true)
  scaleRow(classes, 1, place, out)
  return true
}

export function logSoftmaxRowFast(x: usize, classes: usize, out: usize): bool {
  if (!isRegular(x, classes)) return false
  reduceRow(x, classes, 0, false)
  const max = f32x4.splat(<f32>state(MAX))
  const l = f32x4.splat(<f32>log())
  const factor = f32x4.splat(<f32>inverse)
  const end = x + ((classes & ~3) << 2)
  for (; x < end; x += 16) {
    v128.store(out, f32x4.sub(f32x4.mul(f32x4.sub(v128.load(x), max), factor), l))
    out += 16
  }
  const left = classes & 3
  if (left) storeTail(out, f32x4.sub(f32x4.mul(f32x4.sub(loadTail(x, left), max), factor), l), left)
  return true
}

export function logSumExpRowFast(x: usize, classes: usize, out: usize): bool {
  if (!isRegular(x, classes)) return false
  reduceRow(x, classes, 0, false)
  f32.store(out, <f32>(state(MAX) / temperature + log()))
  return true
}

export function crossEntropyRowFast(x: usize, classes: usize, label: usize, loss: usize): bool {
  if (!isRegular(x, classes)) return false
  reduceRow(x, classes, 0, false)
  f64.store(loss, (state(MAX) - <f64>f32.load(x + (label << 2))) / temperature + log())
  return true
}

export function crossEntropyGradientRowFast(
  x: usize,
  classes: usize,
  label: usize,
  scale: f64,
  loss: usize,
  gradient: usize,
): bool {
  if (!isRegular(x, classes)) return false
  const value = <f64>f32.load(x + (label << 2))
  const place = findMax(x, classes)
  reduceRow(x, classes, gradient, true)
  f64.store(loss, (state(MAX) - value) / temperature + log())
  const total = get(TOTAL)
  const t = f64x2.extract_lane(powerSingle(f64x2.splat(min<f64>(value - get(SHIFT), 0))), 0)
  const rest = value === state(MAX) ? get(OTHERS) : total - t * get(SECOND_POWER)
  scaleRow(classes, scale, place, gradient)
  f32.store(gradient + (label << 2), <f32>((-rest / total) * scale) + <f32>0)
  return true
}

/** The state of the row, for soft-fast.ts: its two largest entries, the sum of the others, and exp(m₂ − m). */
export function maximum(): f64 {
  return state(MAX)
}
export function second(): f64 {
  return state(SECOND)
}
export function sumOfRest(): f64 {
  return get(OTHERS)
}
export function powerOfSecond(): f64 {
  return get(SECOND_POWER)
}
