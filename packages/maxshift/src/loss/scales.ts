/**
 * What the rows of gradients are multiplied with, and the reduction that goes with it.
 */
import type { FloatArray } from '../arrays.ts'
import { dividePairs, multiplyPairs, type Pair, productErrorOfLarge } from '../special/double-double.ts'
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
 * a temperature near the smallest number takes them out of the format, they end at the largest.
 */
export function gradientScales(plan: Reducing, temperature: number): RowWeights {
  const { rows, reduction, factors, divisors } = plan
  const scales = new Float64Array(2 * rows)
  divisor.hi = reduction === 'mean' ? rows : 1
  divisor.lo = 0
  if (reduction === 'mean' && divisors !== null) sumOfWeights(divisors, divisor)
  if (divisor.hi === 0) return scales

  const lift = balance(divisor.hi)
  const cool = balance(temperature)
  multiplyPairs(divisor.hi * lift, divisor.lo * lift, temperature * cool, 0, unit)
  dividePairs(1, 0, unit.hi, unit.lo, unit)
  for (let r = 0; r < rows; r++) {
    const hi = factors === null ? 1 : factors[2 * r]
    const lo = factors === null ? 0 : factors[2 * r + 1]
    multiplyPairs(hi * lift, lo * lift, unit.hi, unit.lo, scale)
    scales[2 * r] = Math.min(Number.MAX_VALUE, scale.hi * cool)
    scales[2 * r + 1] = scales[2 * r] < Number.MAX_VALUE ? scale.lo * cool : 0
  }
  return scales
}

/** The row losses of a kernel, with their factors and reduced; 'none' in the dtype of `like`. */
export function reduceLosses(losses: Float64Array, plan: Reducing, like: FloatArray): number | FloatArray {
  const { reduction, factors, divisors, rows } = plan
  if (reduction === 'none') {
    if (factors !== null)
      for (let r = 0; r < rows; r++) losses[r] = weigh(losses[r], factors[2 * r], factors[2 * r + 1])
    return like instanceof Float32Array ? Float32Array.from(losses) : losses
  }
  const isMean = reduction === 'mean'
  if (factors === null) return meanOf(losses, isMean ? rows : 1)
  return weightedMeanOf(losses, factors, isMean ? divisors : null)
}

/** loss · (hi + lo), rounded once; 0 for a weight of 0, whatever the loss is. */
function weigh(loss: number, hi: number, lo: number): number {
  if (hi === 0) return 0
  const product = loss * hi
  if (lo === 0) return product
  const rounded = product + (productErrorOfLarge(loss, hi, product) + loss * lo)
  return Number.isNaN(rounded) ? product : rounded
}
