/**
 * Sums and means of row losses, rounded correctly: the float64 nearest to the exact sum or mean of the given numbers.
 *
 * A compensated sum (Neumaier 1974) carries all but the last digits; if its error bound leaves the rounding open, about once
 * in a million calls, or the numbers are huge or tiny, the sum is done again in integers. Losses are ≥ 0, +∞ or NaN.
 * Because the result is the correctly rounded one, it does not depend on the order of the rows.
 */
import { powerOfTwo } from '../special/bits.ts'
import { productError, sumError } from '../special/double-double.ts'

/** How row losses become the result: their mean, their sum, or themselves. */
export type Reduction = 'mean' | 'sum' | 'none'

/** Outside, the products and their errors could leave the format. */
const LARGEST = 1e280
const SMALLEST = 1e-250

/** What n² is multiplied with in the bound on the error of a compensated sum of n terms. */
const PAIR_ERROR = 2.465190328815662e-32 // 0x3960000000000000, 2^−105

/** (Σ losses) / divisor for a positive integer divisor. */
export function meanOf(losses: Float64Array, divisor: number): number {
  let sum = 0
  let errors = 0
  for (let i = 0; i < losses.length; i++) {
    const next = sum + losses[i]
    errors += sumError(sum, losses[i], next)
    sum = next
  }
  if (sum === 0 || Number.isNaN(sum)) return sum
  if (sum > LARGEST || sum < SMALLEST)
    return hasInfinity(losses) ? Number.POSITIVE_INFINITY : exactMean(losses, divisor)

  const quotient = sum / divisor
  const product = quotient * divisor
  const tail = (sum - product - productError(quotient, divisor, product) + errors) / divisor
  // The errors of n additions are at most n · 2^−53 of the sum each, and adding them up errs by n · 2^−53 of that:
  // n² · 2^−106, taken twice to be safe.
  const bound = quotient * (losses.length * losses.length * PAIR_ERROR + 1e-30)
  const rounded = quotient + (tail - bound)
  return rounded === quotient + (tail + bound) ? rounded : exactMean(losses, divisor)
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

/** The mean as a ratio of integers, rounded once, ties to even. */
function exactMean(losses: Float64Array, divisor: number): number {
  let sum = 0n
  for (const loss of losses) sum += toUnits(loss)
  // A quotient of 67 or 68 bits in units of 2^(−1074 − shift), and whether anything was left over.
  const shift = 68 - (bitLength(sum) - bitLength(BigInt(divisor)))
  const numerator = shift > 0 ? sum << BigInt(shift) : sum
  const denominator = shift > 0 ? BigInt(divisor) : BigInt(divisor) << BigInt(-shift)
  const quotient = numerator / denominator
  const sticky = numerator % denominator === 0n ? 0n : 1n
  // Keep 53 bits, or fewer if the unit 2^−1074 is reached first.
  const dropped = Math.max(shift, bitLength(quotient) - 53)
  const kept = quotient >> BigInt(dropped)
  const unit = 1n << BigInt(dropped)
  const twiceRest = 2n * (quotient - kept * unit) + sticky
  const roundsUp = twiceRest > unit || (twiceRest === unit && (kept & 1n) === 1n)
  const exponent = dropped - shift - 1074
  const normal = Math.max(exponent, -1000)
  return Number(kept + (roundsUp ? 1n : 0n)) * powerOfTwo(normal) * powerOfTwo(exponent - normal)
}
