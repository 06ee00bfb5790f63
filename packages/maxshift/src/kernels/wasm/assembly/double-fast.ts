/**
 * float64 rows in fast mode: single-fast.ts with two float64 lanes. The formulas are the accurate ones, in plain arithmetic.
 */
import { findTopDouble, loadLast, MAX, SECOND } from './double-top'
import { powerDoubleFast } from './exp-double-fast'
import { log1pLanes } from './log1p'
import { sumError } from './pairs'
import { inverse, temperature } from './temperature'

const STATE = memory.data(64, 16)
const SECOND_POWER: usize = 16
const OTHERS: usize = 24
const SHIFT: usize = 32

// @ts-expect-error: decorator
@inline
function get(field: usize): f64 {
  return f64.load(STATE + field)
}

// @ts-expect-error: decorator
@inline
function power(difference: f64): f64 {
  return f64x2.extract_lane(powerDoubleFast(f64x2.splat(difference * inverse)), 0)
}

// The running sum and what its additions rounded away (Neumaier): only pairs of terms are added plainly.
let sum = f64x2.splat(0)
let errors = f64x2.splat(0)

// @ts-expect-error: decorator
@inline
export function add(term: v128): void {
  const next = f64x2.add(sum, term)
  errors = f64x2.add(errors, sumError(sum, term, next))
  sum = next
}

// @ts-expect-error: decorator
@inline
function term(v: v128, second: v128, factor: v128): v128 {
  return powerDoubleFast(f64x2.mul(f64x2.sub(f64x2.pmin(v, second), second), factor))
}

/** S₂; with `keep`, the exponentials go to `out`. */
// @ts-expect-error: decorator
@inline
function sumOfOthers(x: usize, classes: usize, shift: f64, out: usize, keep: bool): f64 {
  const second = f64x2.splat(shift)
  const factor = f64x2.splat(inverse)
  sum = f64x2.splat(0)
  errors = f64x2.splat(0)
  let end = x + ((classes & ~7) << 3)
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
    add(f64x2.add(t0, t1))
    add(f64x2.add(t2, t3))
  }
  end = x + ((classes & 6) << 3)
  for (; x < end; x += 16) {
    const t = term(v128.load(x), second, factor)
    if (keep) {
      v128.store(out, t)
      out += 16
    }
    add(t)
  }
  if (classes & 1) {
    const t = term(loadLast(x), second, factor)
    if (keep) f64.store(out, f64x2.extract_lane(t, 0))
    add(t)
  }
  const total = f64x2.add(sum, errors)
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1) - 1
}

/** Finds the two largest entries; false if the row must be left to the reference. */
// @ts-expect-error: decorator
@inline
export function isRegular(x: usize, classes: usize): bool {
  findTopDouble(x, classes, STATE)
  return isFinite(get(MAX))
}

/** Fills STATE for a row that isRegular has seen. In place, `out` overwrites x: who needs an entry of it takes it before. */
// @ts-expect-error: decorator
@inline
export function reduceRow(x: usize, classes: usize, out: usize, keep: bool): void {
  const max = get(MAX)
  const second = get(SECOND)
  const alone = second === -Infinity
  const shift = alone ? max : second
  const sum = sumOfOthers(x, classes, shift, out, keep)
  // Near the smallest normal number exp(m₂ − m) is taken as a square, so that the sum of the others still is normal.
  const gap = second - max
  const isWide = gap * inverse < -700
  const root = alone ? 0 : power(isWide ? gap * 0.5 : gap)
  const again = isWide ? root : 1
  f64.store(STATE, shift, SHIFT)
  f64.store(STATE, root * again, SECOND_POWER)
  f64.store(STATE, sum * root * again, OTHERS)
}

// @ts-expect-error: decorator
@inline
export function log(): f64 {
  return f64x2.extract_lane(log1pLanes(f64x2.splat(get(OTHERS))), 0)
}

/** The place of the first maximum. It is there. */
export function placeOfMax(x: usize): usize {
  const max = get(MAX)
  let at = x
  while (f64.load(at) !== max) at += 8
  return at - x
}

function scaleRow(classes: usize, weight: f64, place: usize, out: usize): void {
  const total = 1 + get(OTHERS)
  const top = weight / total
  const factor = (get(SECOND_POWER) * weight) / total // one rounding less than through top
  const factors = f64x2.splat(factor)
  const end = out + ((classes & ~1) << 3)
  let at = out
  for (; at < end; at += 16) v128.store(at, f64x2.mul(v128.load(at), factors))
  if (classes & 1) f64.store(at, f64.load(at) * factor)
  f64.store(out + place, top)
}

export function softmaxRow(x: usize, classes: usize, out: usize): bool {
  if (!isRegular(x, classes)) return false
  const place = placeOfMax(x)
  reduceRow(x, classes, out, true)
  scaleRow(classes, 1, place, out)
  return true
}

export function logSoftmaxRow(x: usize, classes: usize, out: usize): bool {
  if (!isRegular(x, classes)) return false
  reduceRow(x, classes, 0, false)
  const max = get(MAX)
  const l = log()
  const maxLanes = f64x2.splat(max)
  const logLanes = f64x2.splat(l)
  const factor = f64x2.splat(inverse)
  const end = x + ((classes & ~1) << 3)
  for (; x < end; x += 16) {
    v128.store(out, f64x2.sub(f64x2.mul(f64x2.sub(v128.load(x), maxLanes), factor), logLanes))
    out += 16
  }
  if (classes & 1) f64.store(out, (f64.load(x) - max) * inverse - l)
  return true
}

export function logSumExpRow(x: usize, classes: usize, out: usize): bool {
  if (!isRegular(x, classes)) return false
  reduceRow(x, classes, 0, false)
  f64.store(out, get(MAX) / temperature + log())
  return true
}

export function crossEntropyRow(x: usize, classes: usize, label: usize, loss: usize): bool {
  if (!isRegular(x, classes)) return false
  reduceRow(x, classes, 0, false)
  f64.store(loss, (get(MAX) - f64.load(x + (label << 3))) / temperature + log())
  return true
}

export function crossEntropyGradientRow(
  x: usize,
  classes: usize,
  label: usize,
  scale: f64,
  loss: usize,
  gradient: usize,
): bool {
  if (!isRegular(x, classes)) return false
  const value = f64.load(x + (label << 3))
  const place = placeOfMax(x)
  reduceRow(x, classes, gradient, true)
  f64.store(loss, (get(MAX) - value) / temperature + log())
  const others = get(OTHERS)
  const total = 1 + others
  const rest = value === get(MAX) ? others : total - power(min<f64>(value - get(SHIFT), 0)) * get(SECOND_POWER)
  scaleRow(classes, scale, place, gradient)
  f64.store(gradient + (label << 3), 0 - (rest / total) * scale)
  return true
}

/** The state of the row, for soft-fast.ts: its two largest entries, the sum of the others, and exp(m₂ − m). */
export function maximum(): f64 {
  return get(MAX)
}
export function second(): f64 {
  return get(SECOND)
}
export function sumOfRest(): f64 {
  return get(OTHERS)
}
export function powerOfSecond(): f64 {
  return get(SECOND_POWER)
}

/** The compensated sum, for soft-fast.ts. */
export function clearSum(): void {
  sum = errors = f64x2.splat(0)
}

export function total(): f64 {
  const both = f64x2.add(sum, errors)
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1)
}
