/**
 * float32 rows one after the other, for more than a few classes: kernels/js/single.ts in vector lanes, the same bits.
 *
 * A row is read twice: for the two largest entries, and for the exponentials, which stay in scratch memory (float64) for a
 * third, cheap pass where the result needs them again. The sum is an integer sum of grid bits, exact in any order.
 * Rows without a finite maximum are left alone and flagged; the caller gives them to the reference.
 */
import { gridBits, powerSingle } from './exp2-single'
import { BLOCK, ONE_BITS, UNIT_52 } from './grid'
import { demote, select, upper } from './lanes'
import { log1pLanes } from './log1p'
import { findTop, loadTail, MAX, SECOND, STATE, state, storeTail } from './single-top'
import { CANCELLATION, CANCELLATION_PER_CLASS, finiteSecond, secondPower } from './state-single'
import { inverse, temperature } from './temperature'

/** The rest of the state of the row, as float64, after MAX and SECOND. */
export const SECOND_POWER: usize = 16
export const OTHERS: usize = 24
export const TOTAL: usize = 32
export const LOG: usize = 40

/** Sums of differences beside S₂, for losses with class weights: none, Σ (m − x_k), or Σ base_k · (m − x_k). */
export const NO_WEIGHTS: i32 = 0
export const UNIFORM: i32 = 1
export const WEIGHTED: i32 = 2

// What sumOfOthers leaves of the differences, four lanes as in kernels/js/targets.ts.
let differences0 = f64x2.splat(0)
let differences1 = f64x2.splat(0)

/** The sum of the differences' lanes. */
// @ts-expect-error: decorator
@inline
export function sumOfDifferences(): f64 {
  const sum = f64x2.add(differences0, differences1)
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/**
 * S₂ of the row, exact on the grid, rounded once. With `keep`, the exponentials go to `scratch`, padded to whole vectors. With
 * `soft`, the differences of `kind` are summed as well, from the weights in `base`.
 */
// @ts-expect-error: decorator
@inline
function sumOfOthers(
  x: usize,
  classes: usize,
  shift: f64,
  scratch: usize,
  keep: bool,
  soft: bool,
  kind: i32,
  base: usize,
): f64 {
  const second = f64x2.splat(shift)
  const cap = f32x4.splat(<f32>shift)
  const max = f64x2.splat(state(MAX))
  let d0 = f64x2.splat(0)
  let d1 = d0
  let high: i64 = 0
  let low: i64 = 0
  let left = classes
  while (left > 0) {
    const entries = min(left, BLOCK)
    left -= entries
    let sum0 = i64x2.splat(0)
    let sum1 = i64x2.splat(0)
    const end = x + ((entries & ~3) << 2)
    for (; x < end; x += 16) {
      const v = v128.load(x)
      const capped = f32x4.pmin(v, cap)
      const e0 = f64x2.sub(f64x2.promote_low_f32x4(capped), second)
      const e1 = f64x2.sub(f64x2.promote_low_f32x4(upper(capped)), second)
      if (soft && kind === UNIFORM) {
        d0 = f64x2.add(d0, e0)
        d1 = f64x2.add(d1, e1)
      } else if (soft && kind === WEIGHTED) {
        const a = f64x2.mul(f64x2.sub(max, f64x2.promote_low_f32x4(v)), v128.load(base))
        const b = f64x2.mul(f64x2.sub(max, f64x2.promote_low_f32x4(upper(v))), v128.load(base, 16))
        d0 = f64x2.add(d0, a)
        d1 = f64x2.add(d1, b)
        base += 32
      }
      const t0 = powerSingle(e0)
      const t1 = powerSingle(e1)
      sum0 = i64x2.add(sum0, gridBits(t0))
      sum1 = i64x2.add(sum1, gridBits(t1))
      if (keep) {
        v128.store(scratch, t0)
        v128.store(scratch, t1, 16)
        scratch += 32
      }
    }
    const rest = entries & 3
    if (rest) {
      const v = loadTail(x, rest)
      const capped = f32x4.pmin(v, cap)
      const e0 = f64x2.sub(f64x2.promote_low_f32x4(capped), second)
      const e1 = f64x2.sub(f64x2.promote_low_f32x4(upper(capped)), second)
      if (soft && kind === UNIFORM) {
        d0 = f64x2.add(d0, v128.and(e0, existing(rest)))
        d1 = f64x2.add(d1, v128.and(e1, existing(rest - 2)))
      } else if (soft && kind === WEIGHTED) {
        const a = f64x2.mul(f64x2.sub(max, f64x2.promote_low_f32x4(v)), v128.load(base))
        const b = f64x2.mul(f64x2.sub(max, f64x2.promote_low_f32x4(upper(v))), v128.load(base, 16))
        d0 = f64x2.add(d0, v128.and(a, existing(rest)))
        d1 = f64x2.add(d1, v128.and(b, existing(rest - 2)))
      }
      const t0 = powerSingle(e0)
      const t1 = powerSingle(e1)
      sum0 = i64x2.add(sum0, gridBits(t0))
      sum1 = i64x2.add(sum1, gridBits(t1))
      if (keep) {
        v128.store(scratch, t0)
        v128.store(scratch, t1, 16)
      }
    }
    const sum = i64x2.add(sum0, sum1)
    const lanes = <i64>((entries + 3) & ~3)
    const units = i64x2.extract_lane(sum, 0) + i64x2.extract_lane(sum, 1) - lanes * ONE_BITS
    high += units >> 26
    low += units & 0x3ffffff
  }
  if (soft) {
    differences0 = d0
    differences1 = d1
  }
  // The maximum counted as 1 leaves again. Both parts are exact, so their sum is rounded once.
  return (<f64>(high - (1 << 26)) * 67108864 + <f64>low) * UNIT_52
}

/** Which of two lanes exist, if `count` do (negative: none). */
function existing(count: usize): v128 {
  return i64x2(<isize>count > 0 ? -1 : 0, <isize>count > 1 ? -1 : 0)
}

/** Fills STATE; false if the row must be left to the reference. */
// @ts-expect-error: decorator
@inline
export function reduceRow(x: usize, classes: usize, scratch: usize, keep: bool): bool {
  return reduceSoftRow(x, classes, scratch, keep, false, NO_WEIGHTS, 0)
}

/** The same with sums of differences, see sumOfOthers. */
// @ts-expect-error: decorator
@inline
export function reduceSoftRow(
  x: usize,
  classes: usize,
  scratch: usize,
  keep: bool,
  soft: bool,
  kind: i32,
  base: usize,
): bool {
  if (!findTop(x, classes)) return false
  const max = state(MAX)
  if (!isFinite(max)) return false
  const maxLanes = f64x2.splat(max)
  const secondLanes = f64x2.splat(state(SECOND))
  const power = f64x2.extract_lane(secondPower(maxLanes, secondLanes), 0)
  const shift = f64x2.extract_lane(finiteSecond(maxLanes, secondLanes), 0)
  const others = sumOfOthers(x, classes, shift, scratch, keep, soft, kind, base) * power
  f64.store(STATE, power, SECOND_POWER)
  f64.store(STATE, others, OTHERS)
  f64.store(STATE, 1 + others, TOTAL)
  f64.store(STATE, f64x2.extract_lane(log1pLanes(f64x2.splat(others)), 0), LOG)
  return true
}

/** out = weight · softmax for one row, whose exponentials are in `scratch`. */
function writeSoftmax(x: usize, classes: usize, weight: f64, scratch: usize, out: usize): void {
  const top = weight / state(TOTAL)
  const factor = f64x2.splat(state(SECOND_POWER) * top)
  const topLanes = f32x4.splat(<f32>top)
  const max = f32x4.splat(<f32>state(MAX))
  const end = x + ((classes & ~3) << 2)
  for (; x < end; x += 16) {
    const p = demote(f64x2.mul(v128.load(scratch), factor), f64x2.mul(v128.load(scratch, 16), factor))
    v128.store(out, select(f32x4.eq(v128.load(x), max), topLanes, p))
    scratch += 32
    out += 16
  }
  const left = classes & 3
  if (left) {
    const p = demote(f64x2.mul(v128.load(scratch), factor), f64x2.mul(v128.load(scratch, 16), factor))
    const v = select(f32x4.eq(loadTail(x, left), max), topLanes, p)
    storeTail(out, v, left)
  }
}

export function softmaxRow(x: usize, classes: usize, scratch: usize, out: usize): bool {
  if (!reduceRow(x, classes, scratch, true)) return false
  writeSoftmax(x, classes, 1, scratch, out)
  return true
}

// @ts-expect-error: decorator
@inline
function logProbs(v: v128, max: v128, factor: v128, log: v128): v128 {
  const low = f64x2.sub(f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(v), max), factor), log)
  const high = f64x2.sub(f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), max), factor), log)
  return f32x4.add(demote(low, high), f32x4.splat(0)) // −0 becomes +0
}

export function logSoftmaxRow(x: usize, classes: usize, out: usize): bool {
  if (!reduceRow(x, classes, 0, false)) return false
  const max = f64x2.splat(state(MAX))
  const factor = f64x2.splat(inverse)
  const log = f64x2.splat(state(LOG))
  const end = x + ((classes & ~3) << 2)
  for (; x < end; x += 16) {
    v128.store(out, logProbs(v128.load(x), max, factor, log))
    out += 16
  }
  const left = classes & 3
  if (left) {
    storeTail(out, logProbs(loadTail(x, left), max, factor, log), left)
  }
  return true
}

/** m/T + L of the row in STATE; NaN if digits cancel. */
export function logSumExpOrNaN(classes: usize): f64 {
  const max = state(MAX)
  const log = state(LOG)
  const sum = max / temperature + log
  const share = Math.max(CANCELLATION, <f64>classes * CANCELLATION_PER_CLASS)
  return max < 0 && abs(sum) < share * log ? NaN : sum
}

export function logSumExpRow(x: usize, classes: usize, out: usize): bool {
  if (!reduceRow(x, classes, 0, false)) return false
  const sum = logSumExpOrNaN(classes)
  if (isNaN(sum)) return false
  f32.store(out, <f32>sum)
  return true
}

export function crossEntropyRow(x: usize, classes: usize, label: usize, loss: usize): bool {
  if (!reduceRow(x, classes, 0, false)) return false
  f64.store(loss, (state(MAX) - <f64>f32.load(x + (label << 2))) / temperature + state(LOG))
  return true
}

export function crossEntropyGradientRow(
  x: usize,
  classes: usize,
  label: usize,
  scale: f64,
  scratch: usize,
  loss: usize,
  gradient: usize,
): bool {
  if (!reduceRow(x, classes, scratch, true)) return false
  const value = <f64>f32.load(x + (label << 2))
  const total = state(TOTAL)
  const rest =
    value === state(MAX) ? state(OTHERS) : total - f64.load(scratch + (label << 3)) * state(SECOND_POWER)
  f64.store(loss, (state(MAX) - value) / temperature + state(LOG))
  writeSoftmax(x, classes, scale, scratch, gradient)
  f32.store(gradient + (label << 2), <f32>((-rest / total) * scale) + <f32>0)
  return true
}
