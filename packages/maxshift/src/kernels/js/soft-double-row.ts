/**
 * Class weights instead of a label, float64: what is computed once a row, on top of double-row.ts. Formulas as in soft-single.ts; the
 * sums of the weights and of their differences are pairs, and so is everything behind them.
 *
 * The differences are summed relative to the second entry, m₂, where the exponentials need them anyway:
 * Σ c_k (m − x_k) = G · (m − m₂) + Σ_{k≠top} c_k (m₂ − x_k), with G the weights of all but the top entry, added up without it where
 * it is most of the sum, so that nothing cancels. Label peaks are added one by one.
 */
import type { FloatArray } from '../../arrays.ts'
import { powerOfTwo, scaleRounded } from '../../special/bits.ts'
import {
  addLoosely,
  addPairs,
  dividePairs,
  multiplyHalves,
  multiplyLoosely,
  multiplyPairs,
  type Pair,
  productErrorOfLarge,
  sumError,
} from '../../special/double-double.ts'
import { type ExpParts, expParts } from '../../special/exp.ts'
import type { Targets } from '../kernels.ts'
import { finishLog, logScale, logSumExpPair, power, roundLoss, row, shift, weightOf } from './double-row.ts'
import { baseLowOf, baseOf, peakLowOf, type SharedPairs, sumOfBasePair, sumOfDifferencesPair } from './targets.ts'
import { DOWN, entryScale, overLifted, UP } from './temperature.ts'

const pair = (): Pair => ({ hi: 0, lo: 0 })
/** C, and M = C + 2 z · lse, the latter with an exponent, 0 or 600. */
const sum = pair()
const weight: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const logSumExp = pair()
const differences = pair()
const product = pair()
const total = pair()
/** scale / Σ exp. */
const quotient = pair()
const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/** Entries that overflow when they are subtracted are brought down by this, and the result up again. */
const SMALLER = 1.90109156629516e-211 // 0x1430000000000000, 2^−700
const LARGER = 5.260135901548374e210 // 0x6bb0000000000000, 2^700

/** Whether the row has one largest entry; then its place is row.index. */
const hasTop = (): boolean => row.second < row.max

/** Sums of the base of a row as pairs: over all classes, over those without the top entry, and Σ base_k (m₂ − min(x_k, m₂)). */
export interface BaseSums {
  readonly sum: Pair
  readonly others: Pair
  readonly fromSecond: Pair
}

/** Fills them for row r (after its reduction) from what all rows share. */
export function sumBase(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  shared: SharedPairs,
  sums: BaseSums,
): void {
  const { sum, others } = sums
  const first = r * targets.stride
  if (targets.stride === 0) copyPair(shared.sum, sum)
  else sumOfBasePair(targets, first, classes, -1, sum)
  if (!Number.isNaN(shared.uniform)) copyPair(shared.others, others)
  else if (hasTop()) {
    const top = first + row.index
    if (targets.base[top] > 0.5 * sum.hi) sumOfBasePair(targets, first, classes, row.index, others)
    else addPairs(sum.hi, sum.lo, -targets.base[top], -baseLowOf(targets, top), others)
  }
  sumFromSecond(logits, targets, r, classes, shared.uniform, entryScale(row.temperature), sums)
}

function sumFromSecond(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  uniform: number,
  scale: number,
  { fromSecond }: BaseSums,
): void {
  const first = r * targets.stride
  sumOfDifferencesPair(targets, first, uniform, logits, r * classes, classes, shift(), scale, fromSecond)
}

function copyPair(from: Readonly<Pair>, to: Pair): void {
  to.hi = from.hi
  to.lo = from.lo
}

/** differences = Σ c_k (m − x_k) · scale, entries multiplied with it before they are subtracted. */
function collect(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  sums: BaseSums,
  scale: number,
): void {
  const { labels, peaks } = targets
  copyPair(sums.fromSecond, differences)
  const max = row.max * scale
  if (hasTop()) addProduct(sums.others, max, shift() * scale)
  if (labels !== null && peaks !== null && peaks[r] > 0) {
    total.hi = peaks[r]
    total.lo = peakLowOf(targets, r)
    addProduct(total, max, logits[r * classes + labels[r]] * scale)
  }
}

/** differences += factor · (a − b). */
function addProduct(factor: Pair, a: number, b: number): void {
  const difference = a - b
  multiplyLoosely(difference, sumError(a, -b, difference), factor.hi, factor.lo, product)
  addLoosely(differences.hi, differences.lo, product.hi, product.lo, differences)
}

const isFinitePair = ({ hi, lo }: Pair): boolean => Number.isFinite(hi + lo)

/** Σ c_k (m − x_k)/T into `total`; false if it overflows. */
function divideDifferences(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  uniform: number,
  sums: BaseSums,
): boolean {
  const { temperature } = row
  let up = 1
  collect(logits, targets, r, classes, sums, entryScale(temperature))
  if (!isFinitePair(differences)) {
    up = LARGER
    const scale = entryScale(temperature) * SMALLER
    sumFromSecond(logits, targets, r, classes, uniform, scale, sums)
    collect(logits, targets, r, classes, sums, scale)
    if (!isFinitePair(differences)) return false
  }
  overLifted(temperature, differences.hi, differences.lo, total)
  total.hi *= up
  total.lo *= up
  return isFinitePair(total)
}

/** Beyond this the log-sum-exp is brought down before it is squared or multiplied, and what it is added to as well. */
const LARGEST_SQUARED = 1e140

/**
 * The loss of the row in `row`, rounded once, from the sums over its base, entries multiplied with entryScale; `fromSecond` may be
 * overwritten. Leaves behind what the gradient needs, and row.lossLow.
 */
export function softLoss(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  uniform: number,
  zLoss: number,
  sums: BaseSums,
): number {
  finishLog()
  row.lossLow = 0
  addPairs(sums.sum.hi, sums.sum.lo, targets.peaks === null ? 0 : targets.peaks[r], peakLowOf(targets, r), sum)
  copyPair(sum, weight)
  weight.exponent = 0
  if (zLoss > 0) addLogSumExp(logits, r, classes, zLoss)
  if (!divideDifferences(logits, targets, r, classes, uniform, sums)) return Number.POSITIVE_INFINITY
  multiplyPairs(sum.hi, sum.lo, row.log.hi, row.log.lo, product)
  if (total.hi === 0) {
    // Without differences the logarithm counts however small it is.
    total.hi = roundLoss(product.hi, product.lo, row.log.exponent)
    if (!(zLoss > 0)) return total.hi
    total.lo = row.lossLow
    row.lossLow = 0
  } else {
    const scale = logScale()
    addLoosely(total.hi, total.lo, product.hi * scale, product.lo * scale, total)
  }
  if (zLoss > 0) addSquare(zLoss)
  if (!Number.isFinite(total.hi)) return Number.POSITIVE_INFINITY
  const loss = total.hi + total.lo
  row.lossLow = total.hi - loss + total.lo
  return loss
}

/** M, for the gradient; there a log-sum-exp beyond the format counts as the largest number. */
function addLogSumExp(logits: FloatArray, r: number, classes: number, zLoss: number): void {
  logSumExpPair(logits, r * classes, classes, logSumExp)
  const { hi, lo } = logSumExp
  weight.exponent = Math.abs(hi) > LARGEST_SQUARED ? 600 : 0
  const down = weight.exponent === 0 ? 1 : DOWN
  const bounded = Math.max(-Number.MAX_VALUE, Math.min(hi, Number.MAX_VALUE))
  multiplyPairs(bounded * down, lo * down, 2 * zLoss, 0, product)
  addPairs(sum.hi * down, sum.lo * down, product.hi, product.lo, weight)
}

/** total += z · lse². */
function addSquare(zLoss: number): void {
  const isLarge = Math.abs(logSumExp.hi) > LARGEST_SQUARED
  const down = isLarge ? DOWN : 1
  const up = isLarge ? UP : 1
  const hi = logSumExp.hi * down
  const lo = logSumExp.lo * down
  multiplyPairs(hi, lo, hi, lo, product)
  multiplyPairs(product.hi, product.lo, zLoss, 0, product)
  addPairs(total.hi * down * down, total.lo * down * down, product.hi, product.lo, total)
  total.hi = total.hi * up * up
  total.lo = total.lo * up * up
}

/** What a row of the gradient is made of: p_k · M · scale = exp((x_k − m₂)/T) · factor · 2^exponent of the scale, and the scale. */
export interface SoftWeights {
  readonly factor: ExpParts
  readonly scale: ExpParts
}

/** Exponentials at or below 2^−2308, among them all that stand for less than exp(EXP_UNDERFLOW), are 0 here: M may be very large. */
const VANISHED = -2308

/** Fills `weights.factor` for `weights.scale` (after softLoss). */
export function softWeights({ factor, scale }: SoftWeights): void {
  const { secondPower, total: sumOfAll } = row
  dividePairs(scale.hi, scale.lo, sumOfAll.hi, sumOfAll.lo, quotient)
  multiplyPairs(secondPower.hi, secondPower.lo, quotient.hi, quotient.lo, factor)
  if (secondPower.exponent <= VANISHED) factor.hi = factor.lo = 0
  const sign = weight.hi < 0 ? -1 : 1
  weightOf(sign * weight.hi, sign * weight.lo, term)
  multiplyPairs(factor.hi, factor.lo, sign * term.hi, sign * term.lo, factor)
  factor.exponent = secondPower.exponent + term.exponent + weight.exponent
}

/** (hi + lo) · 2^exponent of either sign, rounded once; never −0. */
function roundSigned(hi: number, lo: number, exponent: number): number {
  const head = hi + lo
  const tail = sumError(hi, lo, head)
  return head < 0 ? 0 - scaleRounded(-head, -tail, exponent) : scaleRounded(head, tail, exponent)
}

/** 2^exponent, or 0 where that is no normal number. */
const flushedPower = (exponent: number): number => (exponent < -1022 ? 0 : powerOfTwo(exponent))

/** The gradient at an entry, for its class weight target + targetLow. */
export function softGradient(value: number, target: number, targetLow: number, weights: SoftWeights): number {
  const { factor, scale } = weights
  if (value === row.max && hasTop()) return gradientAtTop(target, targetLow, scale)
  power(value, shift(), expParts, term)
  if (term.exponent <= VANISHED) term.hi = term.lo = 0
  multiplyHalves(term.hi, term.lo, factor.hi, factor.lo, total)
  const exponent = term.exponent + factor.exponent
  if (target === 0) return roundSigned(total.hi, total.lo, exponent + scale.exponent)
  const lift = liftOf(exponent, target)
  const unit = flushedPower(exponent + lift)
  const lifted = powerOfTwo(lift)
  return subtractTarget(total.hi * unit, total.lo * unit, target * lifted, targetLow * lifted, scale, lift)
}

/** A power of two that brings both terms of an entry, where they are very small or one is very large, to where products are exact. */
function liftOf(exponent: number, target: number): number {
  if (exponent > FAR) return -600
  return exponent < -FAR && target < DOWN ? 600 : 0
}
const FAR = 600

/** The gradient at the label of row r, for its base and its peak. */
export function softGradientAtLabel(value: number, targets: Targets, r: number, weights: SoftWeights): number {
  const { stride, labels, peaks } = targets
  const at = r * stride + (labels === null ? 0 : labels[r])
  const base = baseOf(targets, at)
  const peak = peaks === null ? 0 : peaks[r]
  const target = base + peak
  const low = sumError(base, peak, target) + (baseLowOf(targets, at) + peakLowOf(targets, r))
  return softGradient(value, target, low, weights)
}

/** ((hi + lo) − (target + targetLow) · scale), rounded once; what is given is multiplied with 2^lift. */
function subtractTarget(
  hi: number,
  lo: number,
  target: number,
  targetLow: number,
  scale: Readonly<ExpParts>,
  lift: number,
): number {
  const part = target * scale.hi
  const partLow = productErrorOfLarge(target, scale.hi, part) + (target * scale.lo + targetLow * scale.hi)
  const difference = hi - part
  return roundSigned(difference, sumError(hi, -part, difference) + (lo - partLow), scale.exponent - lift)
}

/** At a maximum without equal: ((M − c) − c · s) / total, times the scale. */
function gradientAtTop(target: number, targetLow: number, scale: Readonly<ExpParts>): number {
  const { others } = row
  const down = weight.exponent === 0 ? 1 : DOWN
  const exponent = weight.exponent + scale.exponent
  multiplyLoosely(others.hi, others.lo, target * down, targetLow * down, product)
  multiplyLoosely(product.hi, product.lo, quotient.hi, quotient.lo, product)
  if (others.exponent <= VANISHED) product.hi = product.lo = 0
  addPairs(weight.hi, weight.lo, -target * down, -targetLow * down, total)
  if (total.hi === 0) return roundSigned(-product.hi, -product.lo, others.exponent + exponent)
  multiplyLoosely(total.hi, total.lo, quotient.hi, quotient.lo, total)
  const unit = flushedPower(others.exponent)
  addLoosely(total.hi, total.lo, -product.hi * unit, -product.lo * unit, total)
  return roundSigned(total.hi, total.lo, exponent)
}
