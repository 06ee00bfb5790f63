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
  addPairs,
  dividePairs,
  multiplyPairs,
  type Pair,
  productErrorOfLarge,
  sumError,
} from '../../special/double-double.ts'
import { type ExpParts, expParts } from '../../special/exp.ts'
import type { Targets } from '../kernels.ts'
import { finishLog, logScale, logSumExpPair, power, roundLoss, row, shift } from './double-row.ts'
import { baseLowOf, peakLowOf, sumOfBasePair, sumOfDifferencesPair } from './targets.ts'
import { DOWN, entryScale, overLifted, UP } from './temperature.ts'

const pair = (): Pair => ({ hi: 0, lo: 0 })
/** C, and M = C + 2 z · lse. */
const sum = pair()
const weight = pair()
const logSumExp = pair()
const differences = pair()
const product = pair()
const total = pair()

/** Entries that overflow when they are subtracted are brought down by this, and the result up again. */
const SMALLER = 1.90109156629516e-211 // 0x1430000000000000, 2^−700
const LARGER = 5.260135901548374e210 // 0x6bb0000000000000, 2^700

/** Whether the row has one largest entry; then its place is row.index. */
const hasTop = (): boolean => row.second < row.max

/** differences = Σ c_k (m − x_k) · scale from the sum relative to the second entry. */
function collect(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  baseSum: Pair,
  fromSecond: Pair,
  scale: number,
): void {
  const { base, stride, labels, peaks } = targets
  differences.hi = 0 - fromSecond.hi
  differences.lo = 0 - fromSecond.lo
  const max = row.max * scale
  if (hasTop()) {
    const first = r * stride
    const top = base[first + row.index]
    if (top > 0.5 * baseSum.hi) sumOfBasePair(targets, first, classes, row.index, total)
    else addPairs(baseSum.hi, baseSum.lo, -top, -baseLowOf(targets, first + row.index), total)
    addProduct(total, max, shift() * scale)
  }
  if (labels !== null && peaks !== null && peaks[r] > 0) {
    total.hi = peaks[r]
    total.lo = peakLowOf(targets, r)
    addProduct(total, max, logits[r * classes + labels[r]] * scale)
  }
}

/** differences += factor · (a − b). */
function addProduct(factor: Pair, a: number, b: number): void {
  const difference = a - b
  multiplyPairs(factor.hi, factor.lo, difference, sumError(a, -b, difference), product)
  addPairs(differences.hi, differences.lo, product.hi, product.lo, differences)
}

const isFinitePair = ({ hi, lo }: Pair): boolean => Number.isFinite(hi + lo)

/** Σ c_k (m − x_k)/T into `total`; false if it overflows. */
function divideDifferences(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  uniform: number,
  baseSum: Pair,
  fromSecond: Pair,
): boolean {
  const { temperature } = row
  let up = 1
  collect(logits, targets, r, classes, baseSum, fromSecond, entryScale(temperature))
  if (!isFinitePair(differences)) {
    up = LARGER
    const scale = entryScale(temperature) * SMALLER
    const first = r * targets.stride
    sumOfDifferencesPair(targets, first, uniform, logits, r * classes, classes, shift(), scale, fromSecond)
    collect(logits, targets, r, classes, baseSum, fromSecond, scale)
    if (!isFinitePair(differences)) return false
  }
  overLifted(temperature, differences.hi, differences.lo, total)
  total.hi *= up
  total.lo *= up
  return isFinitePair(total)
}

/** Beyond this the log-sum-exp is brought down before it is squared, and the sum with it. */
const LARGEST_SQUARED = 1e140
/** In the gradient a larger 2 z · lse, or lse, counts as this, so that nothing is ∞ · 0. */
const LARGEST = 1e290

/**
 * The loss of the row in `row`, rounded once, from the sums Σ base_k and Σ base_k (min(x_k, m₂) − m₂), entries
 * multiplied with entryScale; the latter, `fromSecond`, is overwritten. Leaves behind what the gradient needs, and row.lossLow.
 */
export function softLoss(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  uniform: number,
  zLoss: number,
  baseSum: Pair,
  fromSecond: Pair,
): number {
  finishLog()
  row.lossLow = 0
  addPairs(baseSum.hi, baseSum.lo, targets.peaks === null ? 0 : targets.peaks[r], peakLowOf(targets, r), sum)
  weight.hi = sum.hi
  weight.lo = sum.lo
  if (zLoss > 0) {
    logSumExpPair(logits, r * classes, classes, logSumExp)
    const bound = LARGEST / Math.max(2 * zLoss, 1)
    const bounded = Math.max(-bound, Math.min(logSumExp.hi, bound))
    multiplyPairs(bounded, bounded === logSumExp.hi ? logSumExp.lo : 0, 2 * zLoss, 0, weight)
    addPairs(sum.hi, sum.lo, weight.hi, weight.lo, weight)
  }
  if (!divideDifferences(logits, targets, r, classes, uniform, baseSum, fromSecond)) return Number.POSITIVE_INFINITY
  multiplyPairs(sum.hi, sum.lo, row.log.hi, row.log.lo, product)
  // Without differences the logarithm counts however small it is.
  if (total.hi === 0 && !(zLoss > 0)) return roundLoss(product.hi, product.lo, row.log.exponent)
  const scale = logScale()
  addPairs(total.hi, total.lo, product.hi * scale, product.lo * scale, total)
  if (zLoss > 0) addSquare(zLoss)
  if (!Number.isFinite(total.hi)) return Number.POSITIVE_INFINITY
  row.lossLow = total.lo
  return total.hi
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

/** What a row of the gradient is made of: p_k · M · weight = exp((x_k − m₂)/T) · factor, and the weight. */
export interface SoftWeights {
  readonly factor: ExpParts
  readonly scale: ExpParts
}

/** Fills `weights.factor` for `weights.scale` (after softLoss). */
export function softWeights({ factor, scale }: SoftWeights): void {
  multiplyPairs(weight.hi, weight.lo, scale.hi, scale.lo, total)
  dividePairs(total.hi, total.lo, row.total.hi, row.total.lo, total)
  multiplyPairs(total.hi, total.lo, row.secondPower.hi, row.secondPower.lo, factor)
  factor.exponent = row.secondPower.exponent
}

/** (hi + lo) · 2^exponent of either sign, rounded once; never −0. */
function roundSigned(hi: number, lo: number, exponent: number): number {
  const head = hi + lo
  const tail = sumError(hi, lo, head)
  return head < 0 ? 0 - scaleRounded(-head, -tail, exponent) : scaleRounded(head, tail, exponent)
}

const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/** 2^exponent, or 0 where that is no normal number. */
const flushedPower = (exponent: number): number => (exponent < -1022 ? 0 : powerOfTwo(exponent))

/** The gradient at an entry, for its class weight target + targetLow. */
export function softGradient(value: number, target: number, targetLow: number, weights: SoftWeights): number {
  const { factor, scale } = weights
  if (value === row.max && hasTop()) return gradientAtTop(target, targetLow, scale)
  power(value, shift(), expParts, term)
  multiplyPairs(term.hi, term.lo, factor.hi, factor.lo, total)
  const exponent = term.exponent + factor.exponent
  if (target === 0) return roundSigned(total.hi, total.lo, exponent + scale.exponent)
  const unit = flushedPower(exponent)
  return subtractTarget(total.hi * unit, total.lo * unit, target, targetLow, scale)
}

/** The gradient at the label of row r, for its base and its peak. */
export function softGradientAtLabel(value: number, targets: Targets, r: number, weights: SoftWeights): number {
  const { base, stride, labels, peaks } = targets
  const at = r * stride + (labels === null ? 0 : labels[r])
  const peak = peaks === null ? 0 : peaks[r]
  const target = base[at] + peak
  const low = sumError(base[at], peak, target) + (baseLowOf(targets, at) + peakLowOf(targets, r))
  return softGradient(value, target, low, weights)
}

/** ((hi + lo) − (target + targetLow) · weight) · 2^exponent of the weight. */
function subtractTarget(hi: number, lo: number, target: number, targetLow: number, scale: Readonly<ExpParts>): number {
  const part = target * scale.hi
  const partLow = productErrorOfLarge(target, scale.hi, part) + (target * scale.lo + targetLow * scale.hi)
  const difference = hi - part
  return roundSigned(difference, sumError(hi, -part, difference) + (lo - partLow), scale.exponent)
}

/** At a maximum without equal: (M − c)/total − c · s/total, times the weight. */
function gradientAtTop(target: number, targetLow: number, scale: Readonly<ExpParts>): number {
  const { others, total: sumOfAll } = row
  multiplyPairs(others.hi, others.lo, target, targetLow, product)
  multiplyPairs(product.hi, product.lo, scale.hi, scale.lo, product)
  dividePairs(product.hi, product.lo, sumOfAll.hi, sumOfAll.lo, product)
  addPairs(weight.hi, weight.lo, -target, -targetLow, total)
  if (total.hi === 0) return roundSigned(-product.hi, -product.lo, others.exponent + scale.exponent)
  multiplyPairs(total.hi, total.lo, scale.hi, scale.lo, total)
  dividePairs(total.hi, total.lo, sumOfAll.hi, sumOfAll.lo, total)
  const unit = flushedPower(others.exponent)
  addPairs(total.hi, total.lo, -product.hi * unit, -product.lo * unit, total)
  return roundSigned(total.hi, total.lo, scale.exponent)
}
