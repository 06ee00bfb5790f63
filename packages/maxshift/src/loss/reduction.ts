/**
 * Sums and means of row losses, weighted or not, rounded correctly: the float64 nearest to the exact result for the given numbers, which
 * may come with what rounding took from them (`low`).
 *
 * A compensated sum (Neumaier 1974) carries all but the last digits; if its error bound leaves the
 * rounding open, about once in a million calls, or the numbers are huge or tiny, the sum is done again in integers. Losses are ≥ 0,
 * +∞ or NaN. Because the result is the correctly rounded one, it does not depend on the order of the rows.
 */
import { powerOfTwo } from '../special/bits.ts'
import { addPairs, dividePairs, type Pair, productError, sumError } from '../special/double-double.ts'

/** How row losses become the result: their mean, their sum, or themselves. */
export type Reduction = 'mean' | 'sum' | 'none'

/** Outside, the products and their errors could leave the format. */
const LARGEST = 1e280
const SMALLEST = 1e-250

/** What n² is multiplied with in the bound on the error of a compensated sum of n terms. */
const PAIR_ERROR = 4.930380657631324e-32 // 0x3970000000000000, 2^−104

/** (Σ losses) / divisor for a positive integer divisor. */
export function meanOf(losses: Float64Array, divisor: number, low: Float64Array | null = null): number {
  let sum = 0
  let errors = 0
  for (let i = 0; i < losses.length; i++) {
    const next = sum + losses[i]
    errors += sumError(sum, losses[i], next)
    sum = next
  }
  if (low !== null) for (let i = 0; i < low.length; i++) errors += low[i]
  if (sum === 0 || Number.isNaN(sum)) return sum
  if (sum > LARGEST || sum < SMALLEST)
    return hasInfinity(losses) ? Number.POSITIVE_INFINITY : exactMean(losses, divisor, low)

  const quotient = sum / divisor
  const product = quotient * divisor
  const tail = (sum - product - productError(quotient, divisor, product) + errors) / divisor
  // The errors of n additions are at most n · 2^−53 of the sum each, and adding them up errs by n · 2^−53 of that:
  // n² · 2^−106. What rounding took is as much again, and both are taken twice to be safe.
  const bound = quotient * (losses.length * losses.length * PAIR_ERROR + 1e-30)
  const rounded = quotient + (tail - bound)
  return rounded === quotient + (tail + bound) ? rounded : exactMean(losses, divisor, low)
}

/**
 * One weight per row, each the unevaluated sum of two numbers: row r has [2r] + [2r + 1]. The product of two float64 weights is such a
 * pair. A weight of 0 takes the row out, whatever its loss is.
 */
export type RowWeights = Float64Array

/** So many rows are summed with one compensation; the blocks are then added as pairs, so the error does not grow with the square of all rows. */
const BLOCK = 1024
/** Relative error of a block and more: BLOCK² · 2^−106 for the additions, as above, above and below the line. */
const BLOCK_ERROR = 8.271806125530277e-25 // 0x3af0000000000000, 2^−80
/** Relative error of adding one more block, with room to spare. */
const PER_BLOCK_ERROR = 1.9721522630525295e-31 // 0x3990000000000000, 2^−102

const above: Pair = { hi: 0, lo: 0 }
const below: Pair = { hi: 0, lo: 0 }

/** total = Σ factors · losses over the rows that have a weight; all finite and in range. */
function addUp(losses: Float64Array, low: Float64Array | null, factors: RowWeights, total: Pair): void {
  total.hi = total.lo = 0
  for (let start = 0; start < losses.length; start += BLOCK) {
    const end = Math.min(losses.length, start + BLOCK)
    let sum = 0
    let errors = 0
    for (let r = start; r < end; r++) {
      const factor = factors[2 * r]
      if (factor === 0) continue
      const product = losses[r] * factor
      const next = sum + product
      errors +=
        sumError(sum, product, next) + (productError(losses[r], factor, product) + losses[r] * factors[2 * r + 1])
      if (low !== null) errors += low[r] * factor
      sum = next
    }
    addPairs(total.hi, total.lo, sum, errors, total)
  }
}

/** total = Σ weights, within 2^−80. */
export function sumOfWeights(weights: RowWeights, total: Pair): void {
  total.hi = total.lo = 0
  for (let start = 0; start < weights.length; start += 2 * BLOCK) {
    const end = Math.min(weights.length, start + 2 * BLOCK)
    let sum = 0
    let errors = 0
    for (let i = start; i < end; i += 2) {
      const next = sum + weights[i]
      errors += sumError(sum, weights[i], next) + weights[i + 1]
      sum = next
    }
    addPairs(total.hi, total.lo, sum, errors, total)
  }
}

/** The largest loss among rows that have a weight; NaN if one of them is NaN. */
function largestLoss(losses: Float64Array, factors: RowWeights): number {
  let largest = 0
  for (let r = 0; r < losses.length; r++) {
    if (factors[2 * r] !== 0 && !(losses[r] <= largest)) largest = losses[r]
    if (Number.isNaN(largest)) break
  }
  return largest
}

/**
 * Fills `above` with (Σ factors · losses) / Σ divisors as a pair; false if the numbers are too large or too small for pairs, or not
 * finite. The divisors' sum, not 0, is in `below`. (A loss too large for the error of its product makes that and the sum NaN.)
 */
function divideSums(losses: Float64Array, low: Float64Array | null, factors: RowWeights): boolean {
  addUp(losses, low, factors, above)
  const inside = above.hi < LARGEST && above.hi > SMALLEST && below.hi > SMALLEST
  if (inside) dividePairs(above.hi, above.lo, below.hi, below.lo, above)
  return inside
}

/** (Σ factors · losses) / Σ divisors, or without divisors the sum; 0 where the divisors sum to 0. */
export function weightedMeanOf(
  losses: Float64Array,
  factors: RowWeights,
  divisors: RowWeights | null,
  low: Float64Array | null = null,
): number {
  below.hi = 1
  below.lo = 0
  if (divisors !== null) sumOfWeights(divisors, below)
  if (below.hi === 0) return 0
  if (!divideSums(losses, low, factors)) {
    const largest = largestLoss(losses, factors)
    if (largest === 0 || !Number.isFinite(largest)) return largest
    return exactWeightedMean(losses, low, factors, divisors)
  }

  const bound = above.hi * (BLOCK_ERROR + (losses.length / BLOCK + 8) * PER_BLOCK_ERROR)
  const rounded = above.hi + (above.lo - bound)
  const isCertain = rounded > SMALLEST && rounded === above.hi + (above.lo + bound)
  return isCertain ? rounded : exactWeightedMean(losses, low, factors, divisors)
}

/**
 * mean = (Σ weights · losses) / Σ weights as a pair, within 2^−79, for what would magnify the rounding of a float64; null: all
 * weights are 1. Where the mean is not finite, or the weights sum to 0, it is in `mean.hi` as weightedMeanOf has it.
 */
export function meanPairOf(
  losses: Float64Array,
  weights: RowWeights | null,
  mean: Pair,
  low: Float64Array | null = null,
): void {
  const factors = weights ?? new Float64Array(2 * losses.length).map((_, i) => 1 - (i & 1))
  sumOfWeights(factors, below)
  const largest = largestLoss(losses, factors)
  mean.hi = below.hi === 0 ? 0 : largest
  mean.lo = 0
  if (mean.hi === 0 || !Number.isFinite(largest)) return
  if (divideSums(losses, low, factors)) {
    mean.hi = above.hi
    mean.lo = above.lo
    return
  }
  const { dividend, divisor } = exactSums(losses, low, factors, factors)
  mean.hi = roundedRatio(dividend, divisor)
  const rest = mean.hi < Number.POSITIVE_INFINITY ? dividend - toUnits(mean.hi) * divisor : 0n
  mean.lo = rest < 0n ? -roundedRatio(-rest, divisor) : roundedRatio(rest, divisor)
}

const hasInfinity = (losses: Float64Array): boolean => losses.includes(Number.POSITIVE_INFINITY)

const float = new Float64Array(1)
const word = new BigUint64Array(float.buffer)

/** x ≥ 0 as an integer multiple of 2^−1074. */
function toUnits(x: number): bigint {
  float[0] = x
  const exponent = word[0] >> 52n
  const fraction = word[0] & 0xfffffffffffffn
  return exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n)
}

const bitLength = (x: bigint): number => x.toString(2).length

/** Any finite x as an integer multiple of 2^−1074. */
const toSignedUnits = (x: number): bigint => (x < 0 ? -toUnits(-x) : toUnits(x))

/** The mean as a ratio of integers. */
function exactMean(losses: Float64Array, divisor: number, low: Float64Array | null): number {
  let sum = 0n
  for (const loss of losses) sum += toUnits(loss)
  if (low !== null) for (const rest of low) sum += toSignedUnits(rest)
  return roundedRatio(sum, BigInt(divisor))
}

/** The same with weights. */
function exactWeightedMean(
  losses: Float64Array,
  low: Float64Array | null,
  factors: RowWeights,
  divisors: RowWeights | null,
): number {
  const { dividend, divisor } = exactSums(losses, low, factors, divisors)
  return roundedRatio(dividend, divisor)
}

/** Σ factors · losses in units of 2^−2148, and Σ divisors in units of 2^−1074. */
function exactSums(
  losses: Float64Array,
  low: Float64Array | null,
  factors: RowWeights,
  divisors: RowWeights | null,
): { dividend: bigint; divisor: bigint } {
  const weightOf = (weights: RowWeights, r: number): bigint =>
    toUnits(weights[2 * r]) + toSignedUnits(weights[2 * r + 1])
  let dividend = 0n
  let divisor = divisors === null ? 1n << 1074n : 0n
  for (let r = 0; r < losses.length; r++) {
    const factor = weightOf(factors, r)
    if (factor !== 0n) dividend += (toUnits(losses[r]) + toSignedUnits(low?.[r] ?? 0)) * factor
    if (divisors !== null) divisor += weightOf(divisors, r)
  }
  return { dividend, divisor }
}

/** dividend / divisor · 2^−1074 for integers ≥ 0 and > 0, rounded once, ties to even. */
function roundedRatio(dividend: bigint, divisor: bigint): number {
  if (dividend === 0n) return 0
  // A quotient of 67 or 68 bits in units of 2^(−1074 − shift), and whether anything was left over.
  const shift = 68 - (bitLength(dividend) - bitLength(divisor))
  const numerator = shift > 0 ? dividend << BigInt(shift) : dividend
  const denominator = shift > 0 ? divisor : divisor << BigInt(-shift)
  const quotient = numerator / denominator
  const sticky = numerator % denominator === 0n ? 0n : 1n
  // Keep 53 bits, or fewer if the unit 2^−1074 is reached first.
  const dropped = Math.max(shift, bitLength(quotient) - 53)
  const kept = quotient >> BigInt(dropped)
  const unit = 1n << BigInt(dropped)
  const twiceRest = 2n * (quotient - kept * unit) + sticky
  const roundsUp = twiceRest > unit || (twiceRest === unit && (kept & 1n) === 1n)
  const exponent = dropped - shift - 1074
  if (exponent > 971) return Number.POSITIVE_INFINITY
  const normal = Math.max(exponent, -1000)
  return Number(kept + (roundsUp ? 1n : 0n)) * powerOfTwo(normal) * powerOfTwo(exponent - normal)
}
