/**
 * Losses with class weights for float64 rows, accurate mode: kernels/js/soft-double.ts and soft-double-row.ts in vector lanes, the same
 * bits. Two rows at a time, as in double-rows.ts; this file adds the losses to what double-row.ts has of them, soft-double-gradient.ts
 * the gradients. Left to the reference are rows without two finite entries, and those in which something overflows, or cancels beside
 * a z-loss.
 */
import { addPairs, hi, lo, multiplyPairs } from './double-pairs'
import {
  both,
  CANCELLATION,
  finishLogs,
  finishRows,
  logExponent,
  logHi,
  logLo,
  logUnit,
  max,
  shift,
  SLOT,
  SLOTS,
} from './double-row'
import { ADDRESS, KEPT_CLASSES, LABELLED, lane, NUMBER, SCALE } from './double-rows'
import { DOT, DOT_LOW, NONE, sumOfOthers, UNIFORM, WEIGHTED } from './double-sum'
import { findTopDouble, MAX, SECOND } from './double-top'
import { firsts, powerOfTwo, seconds } from './exp-double'
import { productLow, sumError, sumLow } from './pairs'
import { finishGradients, writeGradient } from './soft-double-gradient'
import {
  BASE,
  baseLow,
  kind,
  OTHERS,
  OTHERS_LOW,
  PEAK,
  PEAK_LOW,
  recordBase,
  recordLabel,
  SUM,
  SUM_LOW,
  TOP_BASE,
  TOP_BASE_LOW,
  zLoss,
} from './soft-double-record'
import { halved, isScaled, over, overLow } from './temperature-double'

/** Up to here a log-sum-exp is squared as it is. */
const LARGEST_SQUARED: f64 = 1e140
/** Losses below this, unless all weights are 0, are left to the reference, where products lose other digits, or none. */
const SMALLEST: f64 = 1e-270

/** M = C + 2 z · lse of the rows. */
export let totalWeight = f64x2.splat(0)
export let totalWeightLow = f64x2.splat(0)
let losses = f64x2.splat(0)
/** What rounding took from them. */
let rests = f64x2.splat(0)
/** Lanes that are left to the reference. */
let unfit = f64x2.splat(0)

/** One of two lanes of a field of both records. */
// @ts-expect-error: decorator
@inline
function firstLanes(offset: usize): v128 {
  return firsts(v128.load(SLOTS + offset), v128.load(SLOTS + SLOT + offset))
}

// @ts-expect-error: decorator
@inline
function secondLanes(offset: usize): v128 {
  return seconds(v128.load(SLOTS + offset), v128.load(SLOTS + SLOT + offset))
}

/** The rows' losses from their records. */
function finishLosses(scaled: bool): void {
  finishRows(scaled)
  finishLogs()
  const zero = f64x2.splat(0)
  let head = zero
  let low = zero
  if (kind) {
    const dot0 = f64x2.neg(firstLanes(DOT))
    const dot1 = f64x2.neg(secondLanes(DOT))
    head = f64x2.add(dot0, dot1)
    low = sumLow(dot0, f64x2.neg(firstLanes(DOT_LOW)), dot1, f64x2.neg(secondLanes(DOT_LOW)), head)
    if (kind === UNIFORM) {
      const weight = both(TOP_BASE)
      const product = f64x2.mul(head, weight)
      low = productLow(head, low, weight, both(TOP_BASE_LOW), product)
      head = product
    }
  }
  const a = halved(scaled, max)
  const b = halved(scaled, shift)
  const gap = f64x2.sub(a, b)
  const others = both(OTHERS)
  const ofTop = f64x2.mul(gap, others)
  const ofTopLow = productLow(gap, sumError(a, f64x2.neg(b), gap), others, both(OTHERS_LOW), ofTop)
  const withTop = f64x2.add(head, ofTop)
  low = sumLow(head, low, ofTop, ofTopLow, withTop)

  const peak = both(PEAK)
  const peakLow = both(PEAK_LOW)
  const hasPeak = f64x2.gt(peak, zero)
  const y = halved(scaled, both(LABELLED))
  const difference = f64x2.sub(a, y)
  const product = f64x2.mul(difference, peak)
  const rest = productLow(difference, sumError(a, f64x2.neg(y), difference), peak, peakLow, product)
  const ofLabel = v128.and(product, hasPeak)
  head = f64x2.add(withTop, ofLabel)
  low = sumLow(withTop, low, ofLabel, v128.and(rest, hasPeak), head)
  const quotient = over(scaled, head)
  low = overLow(scaled, head, low, quotient)

  addPairs(both(SUM), both(SUM_LOW), peak, peakLow)
  totalWeight = hi
  totalWeightLow = lo
  multiplyPairs(hi, lo, logHi, logLo)
  // Without differences the logarithm counts however small it is.
  unfit = v128.and(f64x2.eq(quotient, zero), i64x2.ne(logExponent, i64x2.splat(0)))
  const ofLog = f64x2.mul(hi, logUnit)
  head = f64x2.add(quotient, ofLog)
  low = sumLow(quotient, low, ofLog, f64x2.mul(lo, logUnit), head)
  if (zLoss > 0) {
    addSquares(scaled, head, low)
    head = hi
    low = lo
  }
  losses = f64x2.add(head, low)
  rests = f64x2.add(f64x2.sub(head, losses), low)
  const isSmall = v128.and(f64x2.lt(losses, f64x2.splat(SMALLEST)), f64x2.ne(totalWeight, zero))
  unfit = v128.or(unfit, v128.or(isSmall, f64x2.eq(losses, f64x2.splat(Infinity))))
  unfit = v128.or(unfit, f64x2.ne(losses, losses))
}

/** z · lse² of the rows, added to these pairs, to hi and lo; and M. */
function addSquares(scaled: bool, head: v128, low: v128): void {
  const a = halved(scaled, max)
  const quotient = over(scaled, a)
  const scale = v128.and(powerOfTwo(logExponent), i64x2.ge_s(logExponent, i64x2.splat(-900)))
  const log = f64x2.mul(logHi, scale)
  const sum = f64x2.add(quotient, log)
  const rest = sumLow(quotient, overLow(scaled, a, f64x2.splat(0), quotient), log, f64x2.mul(logLo, scale), sum)
  const least = f64x2.mul(f64x2.mul(f64x2.splat(CANCELLATION), logHi), logUnit)
  const near = f64x2.lt(f64x2.abs(f64x2.div(sum, f64x2.splat(64))), least)
  const cancels = v128.and(f64x2.lt(max, f64x2.splat(0)), near)
  const isLarge = v128.not(f64x2.le(f64x2.abs(sum), f64x2.splat(LARGEST_SQUARED)))
  unfit = v128.or(unfit, v128.or(cancels, isLarge))
  const logSumExp = f64x2.add(sum, rest)
  const logSumExpLow = sumError(sum, rest, logSumExp)
  multiplyPairs(logSumExp, logSumExpLow, f64x2.splat(2 * zLoss), f64x2.splat(0))
  addPairs(totalWeight, totalWeightLow, hi, lo)
  totalWeight = hi
  totalWeightLow = lo
  multiplyPairs(logSumExp, logSumExpLow, logSumExp, logSumExpLow)
  multiplyPairs(hi, lo, f64x2.splat(zLoss), f64x2.splat(0))
  addPairs(head, low, hi, lo)
}

/** Finishes `count` rows whose records are complete; how many of them are left. */
function finish(
  withGradient: bool,
  scaled: bool,
  count: i32,
  classes: usize,
  values: usize,
  lowOffset: usize,
  out: usize,
  flags: usize,
  kept: usize,
  keptBytes: usize,
): i32 {
  finishLosses(scaled)
  if (withGradient) finishGradients()
  const bad = i64x2.bitmask(unfit)
  let left = 0
  for (let i = 0; i < count; i++) {
    const slot = SLOTS + <usize>i * SLOT
    const r = <usize>load<u32>(slot, NUMBER)
    if (bad & (1 << i)) {
      store<u8>(flags + r, 1)
      left++
      continue
    }
    f64.store(values + (r << 3), lane(losses, i))
    f64.store(values + lowOffset + (r << 3), lane(rests, i))
    if (withGradient) {
      writeGradient(i, scaled, classes, out + ((r * classes) << 3), kept ? kept + <usize>i * keptBytes : 0)
    }
  }
  return left
}

/** The slices of S₂ and the sums of differences. */
function reduce(scaled: bool, x: usize, classes: usize, slot: usize, base: usize, kept: usize): void {
  if (kind === UNIFORM) {
    if (scaled) sumOfOthers(true, x, classes, slot, kept !== 0, kept, UNIFORM, 0, 0)
    else if (kept) sumOfOthers(false, x, classes, slot, true, kept, UNIFORM, 0, 0)
    else sumOfOthers(false, x, classes, slot, false, 0, UNIFORM, 0, 0)
  } else if (kind === WEIGHTED) {
    if (kept) sumOfOthers(scaled, x, classes, slot, true, kept, WEIGHTED, base, baseLow)
    else sumOfOthers(scaled, x, classes, slot, false, 0, WEIGHTED, base, baseLow)
  } else sumOfOthers(scaled, x, classes, slot, kept !== 0, kept, NONE, 0, 0)
}

// @ts-expect-error: decorator
@inline
function overRows(
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
  values: usize,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  const scaled = isScaled
  const keptBytes = ((classes + 1) >> 1) * 48
  const kept = withGradient && classes <= KEPT_CLASSES ? scratch : 0
  const lowOffset = <usize>rows << 3
  let left = 0
  let pending = 0
  for (let r = 0; r < rows; r++) {
    const slot = SLOTS + <usize>pending * SLOT
    findTopDouble(x, classes, slot)
    const isRegular = isFinite(f64.load(slot, MAX)) && isFinite(f64.load(slot, SECOND))
    store<u8>(flags + r, isRegular ? 0 : 1)
    if (!isRegular) left++
    else {
      reduce(scaled, x, classes, slot, base, kept ? kept + <usize>pending * keptBytes : 0)
      recordBase(x, classes, base, stride, slot)
      const at = <usize>r
      if (labels) {
        const peak = peaks + (at << 3)
        recordLabel(x, base, load<i32>(labels + (at << 2)), f64.load(peak), f64.load(peak + lowOffset), slot)
      } else recordLabel(x, base, -1, 0, 0, slot)
      if (withGradient) v128.store(slot, v128.load(scales + at * scaleStride), SCALE)
      store<u32>(slot, x, ADDRESS)
      store<u32>(slot, r, NUMBER)
      store<u32>(slot, base, BASE)
      if (pending) left += finish(withGradient, scaled, 2, classes, values, lowOffset, out, flags, kept, keptBytes)
      pending ^= 1
    }
    x += classes << 3
    base += stride
  }
  if (pending) {
    memory.copy(SLOTS + SLOT, SLOTS, SLOT)
    left += finish(withGradient, scaled, 1, classes, values, lowOffset, out, flags, kept, keptBytes)
  }
  return left
}

export function softCrossEntropy_f64(
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
  return overRows(false, x, base, stride, labels, peaks, rows, classes, 0, 0, losses, 0, flags, 0)
}

export function softCrossEntropyWithGradient_f64(
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
  scratch: usize,
): i32 {
  return overRows(
    true, x, base, stride, labels, peaks, rows, classes, scales, scaleStride, losses, gradient, flags, scratch,
  )
}
