/**
 * log(1 + s) of pairs in float64 lanes: special/log-full.ts and expm1Full of special/exp-full.ts, operation for operation.
 */
import { addPairs, hi, lo, multiplyPairs, normalize } from './double-pairs'
import {
  coarsePart,
  exponentOf,
  firsts,
  lowestPart,
  middlePart,
  powerOfTwo,
  seconds,
  shiftedSteps,
  stepsOf,
  tablePair,
} from './exp-double'
import { constant, select, step } from './lanes'
import { log1pLanes } from './log1p'
import { sumError } from './pairs'

/** 1/3!, 1/4!, 1/5! as pairs, 1/6! … 1/11!. */
const TABLE = memory.data<f64>([
  0.16666666666666666, 9.25185853854297e-18, 0.041666666666666664, 2.3129646346357427e-18,
  0.008333333333333333, 1.1564823173178714e-19, 0.001388888888888889, 0.0001984126984126984, 0.0000248015873015873,
  0.0000027557319223985893, 2.755731922398589e-7, 2.505210838544172e-8,
])

// @ts-expect-error: decorator
@inline
function c(index: i32): v128 {
  return constant(TABLE, index)
}

/** exp(x) − 1 as a pair, for 0 ≤ x ≤ 700. */
function expm1Full(x: v128): void {
  const zero = f64x2.splat(0)
  const shifted = shiftedSteps(x)
  const k = stepsOf(shifted)
  const coarse = coarsePart(x, k)
  const product = f64x2.neg(middlePart(k))
  const near = f64x2.add(coarse, product)
  normalize(near, f64x2.add(sumError(coarse, product, near), f64x2.sub(zero, lowestPart(k))))
  const r = hi
  const rLow = lo
  let q = step(r, c(11), c(10))
  q = step(r, q, c(9))
  q = step(r, q, c(8))
  q = step(r, q, c(7))
  q = f64x2.mul(r, step(r, q, c(6)))
  addPairs(c(4), c(5), q, zero)
  multiplyPairs(hi, lo, r, rLow)
  addPairs(c(2), c(3), hi, lo)
  multiplyPairs(hi, lo, r, rLow)
  addPairs(c(0), c(1), hi, lo)
  multiplyPairs(hi, lo, r, rLow)
  addPairs(f64x2.splat(0.5), zero, hi, lo)
  multiplyPairs(hi, lo, r, rLow)
  multiplyPairs(hi, lo, r, rLow)
  addPairs(r, rLow, hi, lo)
  const series = hi
  const seriesLow = lo

  const pair0 = tablePair(i64x2.extract_lane(shifted, 0))
  const pair1 = tablePair(i64x2.extract_lane(shifted, 1))
  const scale = powerOfTwo(exponentOf(shifted))
  const power = f64x2.mul(firsts(pair0, pair1), scale)
  const powerLow = f64x2.mul(seconds(pair0, pair1), scale)
  multiplyPairs(power, powerLow, series, seriesLow)
  const one = f64x2.splat(1)
  const less = f64x2.sub(power, one)
  addPairs(less, f64x2.add(sumError(power, f64x2.neg(one), less), powerLow), hi, lo)
  const isEmpty = f64x2.eq(k, zero)
  normalize(select(isEmpty, series, hi), select(isEmpty, seriesLow, lo))
}

/** log(1 + s + low) as a pair, for 2^−900 < s < 2^900; anything for s = 0. */
export function log1pFull(s: v128, low: v128): void {
  const start = log1pLanes(s)
  expm1Full(start)
  const two = f64x2.splat(2)
  const remainder = f64x2.add(f64x2.sub(s, hi), f64x2.sub(low, lo))
  normalize(start, f64x2.div(f64x2.mul(two, remainder), f64x2.add(f64x2.add(two, s), hi)))
}
