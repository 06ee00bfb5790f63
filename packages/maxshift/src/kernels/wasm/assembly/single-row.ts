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

/** The rest of the state of the row, as float64, after MAX and SECOND. */
const SECOND_POWER: usize = 16
const OTHERS: usize = 24
const TOTAL: usize = 32
const LOG: usize = 40

/** S₂ of the row, exact on the grid, rounded once. With `keep`, the exponentials go to `scratch`, padded to whole vectors. */
// @ts-expect-error: decorator
@inline
function sumOfOthers(x: usize, classes: usize, shift: f64, scratch: usize, keep: bool): f64 {
  const second = f64x2.splat(shift)
  const cap = f32x4.splat(<f32>shift)
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
      const v = f32x4.pmin(v128.load(x), cap)
      const t0 = powerSingle(f64x2.sub(f64x2.promote_low_f32x4(v), second))
      const t1 = powerSingle(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), second))
      sum0 = i64x2.add(sum0, gridBits(t0))
      sum1 = i64x2.add(sum1, gridBits(t1))
      if (keep) {
        v128.store(scratch, t0)
        v128.store(scratch, t1, 16)
        scratch += 32
      }
    }
    if (entries & 3) {
      const v = f32x4.pmin(loadTail(x, entries & 3), cap)
      const t0 = powerSingle(f64x2.sub(f64x2.promote_low_f32x4(v), second))
      const t1 = powerSingle(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), second))
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
  // The maximum counted as 1 leaves again. Both parts are exact, so their sum is rounded once.
  return (<f64>(high - (1 << 26)) * 67108864 + <f64>low) * UNIT_52
}

/** Fills STATE; false if the row must be left to the reference. */
// @ts-expect-error: decorator
@inline
export function reduceRow(x: usize, classes: usize, scratch: usize, keep: bool): bool {
  if (!findTop(x, classes)) return false
  const max = state(MAX)
  if (!isFinite(max)) return false
  const maxLanes = f64x2.splat(max)
  const secondLanes = f64x2.splat(state(SECOND))
  const power = f64x2.extract_lane(secondPower(maxLanes, secondLanes), 0)
  const shift = f64x2.extract_lane(finiteSecond(maxLanes, secondLanes), 0)
  const others = sumOfOthers(x, classes, shift, scratch, keep) * power
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
function logProbs(v: v128, max: v128, log: v128): v128 {
  const low = f64x2.sub(f64x2.sub(f64x2.promote_low_f32x4(v), max), log)
  const high = f64x2.sub(f64x2.sub(f64x2.promote_low_f32x4(upper(v)), max), log)
  return f32x4.add(demote(low, high), f32x4.splat(0)) // −0 becomes +0
}

export function logSoftmaxRow(x: usize, classes: usize, out: usize): bool {
  if (!reduceRow(x, classes, 0, false)) return false
  const max = f64x2.splat(state(MAX))
  const log = f64x2.splat(state(LOG))
  const end = x + ((classes & ~3) << 2)
  for (; x < end; x += 16) {
    v128.store(out, logProbs(v128.load(x), max, log))
    out += 16
  }
  const left = classes & 3
  if (left) {
    storeTail(out, logProbs(loadTail(x, left), max, log), left)
  }
  return true
}

export function logSumExpRow(x: usize, classes: usize, out: usize): bool {
  if (!reduceRow(x, classes, 0, false)) return false
  const max = state(MAX)
  const log = state(LOG)
  const sum = max + log
  const share = Math.max(CANCELLATION, <f64>classes * CANCELLATION_PER_CLASS)
  if (max < 0 && abs(sum) < share * log) return false
  f32.store(out, <f32>sum)
  return true
}

export function crossEntropyRow(x: usize, classes: usize, label: usize, loss: usize): bool {
  if (!reduceRow(x, classes, 0, false)) return false
  f64.store(loss, state(MAX) - <f64>f32.load(x + (label << 2)) + state(LOG))
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
  f64.store(loss, state(MAX) - value + state(LOG))
  writeSoftmax(x, classes, scale, scratch, gradient)
  f32.store(gradient + (label << 2), <f32>((-rest / total) * scale) + <f32>0)
  return true
}
