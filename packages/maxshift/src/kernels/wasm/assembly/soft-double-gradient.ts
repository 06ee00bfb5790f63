/**
 * The gradients of losses with class weights for float64 rows, after soft-double.ts; as kernels/js/soft-double-row.ts has them.
 */
import { NORMAL, scaleRounded } from './double'
import { addPairs, hi, lo, multiplyPairs } from './double-pairs'
import {
  both,
  factorHi,
  factorLo,
  finishWeights,
  largerOf,
  max,
  othersHi,
  othersLo,
  power,
  quotientHi,
  quotientLo,
  secondExponent,
  setWeights,
  shift,
  SLOT,
  SLOTS,
  weightExponent,
  weightHi,
  weightLo,
} from './double-row'
import { ADDRESS, LABELLED, lane, SCALE, SCALE_LOW } from './double-rows'
import { KEPT, WEIGHTED } from './double-sum'
import { loadLast, loadLow } from './double-top'
import { powerExponent, powerHi, powerLo, powerOfTwo } from './exp-double'
import { select } from './lanes'
import { productErrorOfHalves, productLow, sumError, sumLow, upperHalf } from './pairs'
import { totalWeight, totalWeightLow } from './soft-double'
import {
  BASE,
  baseLow,
  kind,
  LABEL,
  LABEL_BASE,
  LABEL_BASE_LOW,
  PEAK,
  PEAK_LOW,
  placeOfMax,
  TOP_BASE,
  TOP_BASE_LOW,
} from './soft-double-record'

// Of both rows: the factor of the exponentials, the gradient at a top entry, which lanes have their label there, and the weight at the label.
let softFactorHi = f64x2.splat(0)
let softFactorLo = f64x2.splat(0)
let softExponent = i64x2.splat(0)
let topHi = f64x2.splat(0)
let topLo = f64x2.splat(0)
let topExponent = i64x2.splat(0)
let hasTop = i64x2.splat(0)
let isLabelTop = i64x2.splat(0)
let labelTarget = f64x2.splat(0)
let labelTargetLow = f64x2.splat(0)

/** Fills them for the scales of the rows. */
export function finishGradients(): void {
  setWeights(both(SCALE), both(SCALE_LOW))
  finishWeights()
  const most = i64x2.splat(1000)
  const exponent = largerOf(i64x2.sub(i64x2.shr_s(f64x2.abs(totalWeight), 52), i64x2.splat(1023)), -1000)
  const bounded = select(i64x2.gt_s(exponent, most), most, exponent)
  const down = powerOfTwo(i64x2.neg(bounded))
  multiplyPairs(factorHi, factorLo, f64x2.mul(totalWeight, down), f64x2.mul(totalWeightLow, down))
  const counts = i64x2.gt_s(secondExponent, i64x2.splat(VANISHED))
  softFactorHi = v128.and(hi, counts)
  softFactorLo = v128.and(lo, counts)
  softExponent = i64x2.add(secondExponent, bounded)
  hasTop = f64x2.lt(shift, max)
  isLabelTop = v128.and(hasTop, f64x2.eq(both(LABELLED), max))
  const base = both(LABEL_BASE)
  const peak = both(PEAK)
  labelTarget = f64x2.add(base, peak)
  labelTargetLow = sumLow(base, both(LABEL_BASE_LOW), peak, both(PEAK_LOW), labelTarget)
  const target = select(isLabelTop, labelTarget, both(TOP_BASE))
  const targetLow = select(isLabelTop, labelTargetLow, both(TOP_BASE_LOW))

  // ((M − c) − c · s) / total.
  const share = f64x2.mul(othersHi, target)
  const shareLow = productLow(othersHi, othersLo, target, targetLow, share)
  const product = f64x2.mul(share, quotientHi)
  const less = v128.and(product, counts)
  const lessLow = v128.and(productLow(share, shareLow, quotientHi, quotientLo, product), counts)
  addPairs(totalWeight, totalWeightLow, f64x2.neg(target), f64x2.neg(targetLow))
  const more = f64x2.mul(hi, quotientHi)
  const moreLow = productLow(hi, lo, quotientHi, quotientLo, more)
  const isAlone = f64x2.eq(hi, f64x2.splat(0))
  const unit = v128.and(powerOfTwo(secondExponent), i64x2.ge_s(secondExponent, i64x2.splat(-1022)))
  const minus = f64x2.neg(f64x2.mul(less, unit))
  const sum = f64x2.add(more, minus)
  topHi = select(isAlone, f64x2.neg(less), sum)
  topLo = select(isAlone, f64x2.neg(lessLow), sumLow(more, moreLow, minus, f64x2.neg(f64x2.mul(lessLow, unit)), sum))
  topExponent = i64x2.add(weightExponent, v128.and(isAlone, secondExponent))
}

// Of the row whose gradient is written: the factor and the scale as numbers with exponents, for single entries.
let rowFactorHi: f64 = 0
let rowFactorHead: f64 = 0
let rowFactorTail: f64 = 0
let rowExponent: i64 = 0
let rowScale: f64 = 0
let rowScaleLow: f64 = 0
let rowScaleExponent: i64 = 0

/** (hi + lo) · 2^exponent of either sign, rounded once; never −0. */
function roundSigned(a: f64, b: f64, exponent: i64): f64 {
  const head = a + b
  const virtual = head - a
  const tail = a - (head - virtual) + (b - virtual)
  return head < 0 ? 0 - scaleRounded(-head, -tail, exponent) : scaleRounded(head, tail, exponent)
}

// @ts-expect-error: decorator
@inline
function truncated(a: f64): f64 {
  return reinterpret<f64>(reinterpret<i64>(a) & ~0x7ffffff)
}

/** productErrorOfLarge of special/double-double.ts. */
function productError(a: f64, b: f64, product: f64): f64 {
  const aHead = truncated(a)
  const aTail = a - aHead
  const scaled = 134217729 * b
  const bHead = scaled - (scaled - b)
  const bTail = b - bHead
  return aTail * bTail - (product - aHead * bHead - aHead * bTail - aTail * bHead)
}

/** Exponentials at or below 2^−2308 are 0. */
const VANISHED: i64 = -2308
/** Where both terms of an entry are lifted, or one lowered. */
const FAR: i64 = 600
const SMALL: f64 = 2.409919865102884e-181

/** One entry from its exponential, (head + tail) · 2^exponent, and its weight. */
function entryOf(head: f64, tail: f64, exponent: i64, target: f64, targetLow: f64): f64 {
  const a = exponent > VANISHED ? head : 0
  const b = exponent > VANISHED ? tail : 0
  const aHead = truncated(a)
  const product = aHead * rowFactorHead
  const low = aHead * rowFactorTail + (a - aHead + b) * rowFactorHi
  const e = exponent + rowExponent
  if (target === 0) return roundSigned(product, low, e + rowScaleExponent)
  const lift: i64 = e > FAR ? -FAR : e < -FAR && target < SMALL ? FAR : 0
  const lifted = reinterpret<f64>((lift + 1023) << 52)
  const unit = e + lift < -1022 ? 0 : reinterpret<f64>((e + lift + 1023) << 52)
  const t = target * lifted
  const part = t * rowScale
  const partLow = productError(t, rowScale, part) + (t * rowScaleLow + targetLow * lifted * rowScale)
  const p = product * unit
  const difference = p - part
  const virtual = difference - p
  const error = p - (difference - virtual) + (-part - virtual)
  return roundSigned(difference, error + (low * unit - partLow), rowScaleExponent - lift)
}

/** The row of the gradient, its label and its top as any other entry; `kept` is where the exponentials are, if `keep`. */
// @ts-expect-error: decorator
@inline
function writeRow(
  keep: bool,
  weighted: bool,
  scaled: bool,
  x: usize,
  classes: usize,
  base: usize,
  out: usize,
  kept: usize,
  from: f64,
): void {
  const second = f64x2.splat(from)
  const factor = f64x2.splat(rowFactorHi)
  const factorHead = f64x2.splat(rowFactorHead)
  const factorTail = f64x2.splat(rowFactorTail)
  const exponent = i64x2.splat(rowExponent + 1023)
  const weight = f64x2.splat(rowScale)
  const weightHead = upperHalf(weight)
  const weightTail = f64x2.sub(weight, weightHead)
  const weightLow = f64x2.splat(rowScaleLow)
  const scale = powerOfTwo(i64x2.splat(rowScaleExponent))
  // Squares of entries that are normal numbers when they are scaled.
  const smallest = powerOfTwo(i64x2.splat(max_i64(-2042 - 2 * rowScaleExponent, -1000)))
  const lowest = i64x2.splat(NORMAL + 1022)
  let target = f64x2.splat(f64.load(base))
  let targetLow = f64x2.splat(baseLow ? f64.load(base + baseLow) : 0)
  let part = f64x2.neg(f64x2.mul(target, weight))
  let partLow = f64x2.add(
    productErrorOfHalves(target, weightHead, weightTail, f64x2.neg(part)),
    f64x2.add(f64x2.mul(target, weightLow), f64x2.mul(targetLow, weight)),
  )
  const end = out + (classes << 3)
  for (; out < end; out += 16) {
    const isTwo = out + 8 < end
    let hi = second
    let lo = second
    let e = second
    if (keep) {
      hi = v128.load(kept)
      lo = v128.load(kept, 16)
      e = v128.load(kept, 32)
      kept += KEPT
    } else {
      power(scaled, f64x2.pmin(isTwo ? v128.load(x) : loadLast(x), second), second)
      hi = powerHi
      lo = powerLo
      e = powerExponent
      x += 16
    }
    if (weighted) {
      target = isTwo ? v128.load(base) : v128.load64_zero(base)
      targetLow = loadLow(base, baseLow, isTwo)
      const product = f64x2.mul(target, weight)
      part = f64x2.neg(product)
      partLow = f64x2.add(
        productErrorOfHalves(target, weightHead, weightTail, product),
        f64x2.add(f64x2.mul(target, weightLow), f64x2.mul(targetLow, weight)),
      )
      base += 16
    }
    const head = v128.and(hi, i64x2.splat(~0x7ffffff))
    const tail = f64x2.add(f64x2.sub(hi, head), lo)
    const low = f64x2.add(f64x2.mul(head, factorTail), f64x2.mul(tail, factor))
    const biased = i64x2.add(e, exponent)
    const unit = i64x2.shl(biased, 52)
    const p = f64x2.mul(f64x2.mul(head, factorHead), unit)
    const difference = f64x2.add(p, part)
    const rest = f64x2.add(sumError(p, part, difference), f64x2.sub(f64x2.mul(low, unit), partLow))
    const sum = f64x2.add(difference, rest)
    let g = f64x2.mul(sum, scale)
    const isNormal = v128.and(i64x2.gt_s(biased, lowest), f64x2.ge(f64x2.mul(sum, sum), smallest))
    const lanes = i64x2.bitmask(isNormal)
    if (lanes !== 3) {
      if (!(lanes & 1)) {
        const entry = entryOf(lane(hi, 0), lane(lo, 0), i64x2.extract_lane(e, 0), lane(target, 0), lane(targetLow, 0))
        g = f64x2.replace_lane(g, 0, entry)
      }
      if (!(lanes & 2)) {
        const entry = entryOf(lane(hi, 1), lane(lo, 1), i64x2.extract_lane(e, 1), lane(target, 1), lane(targetLow, 1))
        g = f64x2.replace_lane(g, 1, entry)
      }
    }
    if (isTwo) v128.store(out, g)
    else f64.store(out, f64x2.extract_lane(g, 0))
  }
}

// @ts-expect-error: decorator
@inline
function max_i64(a: i64, b: i64): i64 {
  return a > b ? a : b
}

/** Writes the gradient of row i of the two. */
export function writeGradient(i: i32, scaled: bool, classes: usize, out: usize, kept: usize): void {
  rowScale = lane(weightHi, i)
  if (rowScale === 0) {
    memory.fill(out, 0, classes << 3)
    return
  }
  const slot = SLOTS + <usize>i * SLOT
  const x = <usize>load<u32>(slot, ADDRESS)
  const base = <usize>load<u32>(slot, BASE)
  rowScaleLow = lane(weightLo, i)
  rowScaleExponent = i ? i64x2.extract_lane(weightExponent, 1) : i64x2.extract_lane(weightExponent, 0)
  rowFactorHi = lane(softFactorHi, i)
  const split = 134217729 * rowFactorHi
  rowFactorHead = split - (split - rowFactorHi)
  rowFactorTail = rowFactorHi - rowFactorHead + lane(softFactorLo, i)
  rowExponent = i ? i64x2.extract_lane(softExponent, 1) : i64x2.extract_lane(softExponent, 0)
  const label = load<i32>(slot, LABEL)
  const topShift = i ? i64x2.extract_lane(topExponent, 1) : i64x2.extract_lane(topExponent, 0)
  const top = roundSigned(lane(topHi, i), lane(topLo, i), topShift)
  const isSingle = bitOf(hasTop, i)
  const place = isSingle ? placeOfMax(x, classes, lane(max, i)) : 0
  const from = lane(shift, i)

  let atLabel: f64 = 0
  const isOwn = label >= 0 && !bitOf(isLabelTop, i)
  if (isOwn) {
    const target = lane(labelTarget, i)
    const targetLow = lane(labelTargetLow, i)
    if (kept) {
      const at = kept + <usize>(label >> 1) * KEPT + (<usize>(label & 1) << 3)
      atLabel = entryOf(f64.load(at), f64.load(at, 16), load<i64>(at, 32), target, targetLow)
    } else {
      power(scaled, f64x2.splat(f64.load(slot, LABELLED)), f64x2.splat(from))
      atLabel = entryOf(lane(powerHi, 0), lane(powerLo, 0), i64x2.extract_lane(powerExponent, 0), target, targetLow)
    }
  }
  if (!kept) writeRow(false, kind === WEIGHTED, scaled, x, classes, base, out, 0, from)
  else if (kind === WEIGHTED) writeRow(true, true, scaled, x, classes, base, out, kept, from)
  else writeRow(true, false, scaled, x, classes, base, out, kept, from)
  if (isSingle) f64.store(out + place, top)
  if (isOwn) f64.store(out + (<usize>label << 3), atLabel)
}

// @ts-expect-error: decorator
@inline
function bitOf(mask: v128, i: i32): bool {
  return (i64x2.bitmask(mask) & (1 << i)) !== 0
}
