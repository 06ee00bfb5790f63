/**
 * What the rows of gradients are multiplied with, and the reduction that goes with it.
 */
import type { FloatArray } from '../arrays.ts'
import { weightOf } from '../kernels/js/double-row.ts'
import { scaleRounded } from '../special/bits.ts'
import { dividePairs, multiplyPairs, type Pair, productError } from '../special/double-double.ts'
import type { ExpParts } from '../special/exp.ts'
import type { WeightPlan } from './plan.ts'
import { meanOf, type RowWeights, sumOfWeights, weightedMeanOf } from './reduction.ts'

/** What the reduction of `rows` losses needs of a plan. */
export type Reducing = Pick<WeightPlan, 'rows' | 'reduction' | 'factors' | 'divisors'>

const divisor: Pair = { hi: 0, lo: 0 }
const unit: Pair = { hi: 0, lo: 0 }
const scale: Pair = { hi: 0, lo: 0 }

const LARGE = 2.037035976334486e90 // 0x52b0000000000000, 2^300
const SMALL = 4.909093465297727e-91 // 0x2d30000000000000, 2^−300
const LIFT = 4.149515568880993e180 // 0x6570000000000000, 2^600
const LOWER = 2.409919865102884e-181 // 0x1a70000000000000, 2^−600

/** A power of two that brings x, if it is very large or very small, to where products and quotients of pairs are exact enough. */
const balance = (x: number): number => (x < SMALL ? LIFT : x > LARGE ? LOWER : 1)

/**
 * factor_r / (divisor · temperature) for each row, as pairs: the scales of the kernels' gradients. All 0 where the divisor is 0. Where
 * a temperature near the smallest number takes them out of the format, they end at the largest. Where all rows have the same and
 * `mayShare`, it is given once (kernels.ts). Without `inPairs`, for logits that are computed in float32, the second numbers are 0.
 */
export function gradientScales(
  plan: Reducing,
  temperature: number,
  mayShare: boolean = false,
  inPairs: boolean = true,
): RowWeights {
  const { reduction, factors, divisors } = plan
  const rows = mayShare && factors === null ? Math.min(plan.rows, 1) : plan.rows
  const scales = new Float64Array(2 * rows)
  divisor.hi = reduction === 'mean' ? plan.rows : 1
  divisor.lo = 0
  if (reduction === 'mean' && divisors !== null) sumOfWeights(divisors, divisor)
  if (divisor.hi === 0) return scales

  const lift = balance(divisor.hi)
  const cool = balance(temperature)
  multiplyPairs(divisor.hi * lift, divisor.lo * lift, temperature * cool, 0, unit)
  dividePairs(1, 0, unit.hi, unit.lo, unit)
  if (!inPairs && factors !== null) {
    for (let r = 0; r < rows; r++) scales[2 * r] = Math.min(Number.MAX_VALUE, factors[2 * r] * lift * unit.hi * cool)
    return scales
  }
  for (let r = 0; r < rows; r++) {
    const hi = factors === null ? 1 : factors[2 * r]
    const lo = factors === null ? 0 : factors[2 * r + 1]
    multiplyPairs(hi * lift, lo * lift, unit.hi, unit.lo, scale)
    scales[2 * r] = Math.min(Number.MAX_VALUE, scale.hi * cool)
    scales[2 * r + 1] = scales[2 * r] < Number.MAX_VALUE ? scale.lo * cool : 0
  }
  return scales
}

/**
 * The row losses of a kernel, with what rounding took from them where that is known, with their factors and reduced; 'none' in the dtype
 * of `like`.
 */
export function reduceLosses(
  losses: Float64Array,
  plan: Reducing,
  like: FloatArray,
  lossesLow: Float64Array | null = null,
): number | FloatArray {
  const { reduction, factors, divisors, rows } = plan
  if (reduction === 'none') {
    if (factors !== null)
      for (let r = 0; r < rows; r++)
        losses[r] = multiplyRounded(losses[r], lossesLow?.[r] ?? 0, factors[2 * r], factors[2 * r + 1])
    return like instanceof Float32Array ? Float32Array.from(losses) : losses
  }
  const isMean = reduction === 'mean'
  if (factors === null) return meanOf(losses, isMean ? rows : 1, lossesLow)
  return weightedMeanOf(losses, factors, isMean ? divisors : null, lossesLow)
}

/** Between these, products of pairs need no care about the ends of the format. */
const LARGEST_PLAIN = 1e290
const SMALLEST_PLAIN = 1e-270

const first: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const second: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/** (loss + low) · (hi + lo) for numbers ≥ 0, rounded once; 0 for a weight of 0, whatever the loss is. */
export function multiplyRounded(loss: number, low: number, hi: number, lo: number): number {
  if (hi === 0) return 0
  const product = loss * hi
  if (low === 0 && lo === 0) return product
  const isPlain = product > SMALLEST_PLAIN && product < LARGEST_PLAIN && loss < LARGEST_PLAIN && hi < LARGEST_PLAIN
  if (isPlain) return product + (productError(loss, hi, product) + (loss * lo + low * hi))
  if (loss === 0 || !Number.isFinite(loss)) return product
  weightOf(loss, low, first)
  weightOf(hi, lo, second)
  multiplyPairs(first.hi, first.lo, second.hi, second.lo, scale)
  return scaleRounded(scale.hi, scale.lo, first.exponent + second.exponent)
}
