/**
 * The sum of the exponentials of a float64 row, accurate mode: sumOfOthers of kernels/js/double-row.ts in vector lanes, the same bits.
 */
import { loadLast, loadLow, SECOND } from './double-top'
import {
  coarsePart,
  exponentOf,
  firsts,
  headOf,
  lowOf,
  middlePart,
  powerOfTwo,
  restOf,
  seconds,
  seriesOf,
  shiftedSteps,
  stepsOf,
  tableHeadOf,
  tablePair,
} from './exp-double'
import { BLOCK, GRID_104_BITS, GRID_78_BITS, ONE_BITS, UNIT_104, UNIT_26, UNIT_52, UNIT_78 } from './grid'
import { constant } from './lanes'
import { productErrorOfHalves, sumError, upperHalf } from './pairs'
import { halved, over, overLow } from './temperature-double'

/** Fields of the record of a row, as float64, after MAX and SECOND. */
export const SLICE_26: usize = 16
export const SLICE_52: usize = 24
export const SLICE_78: usize = 32
export const SLICE_104: usize = 40

/**
 * Terms below 2^−105, e^−75, vanish on the finest grid; differences below −1600 are clamped; and 1, GRID_78 and GRID_104. In memory, as
 * lanes.ts says.
 */
const TABLE = memory.data<f64>([-75.0, -1600.0, 1.0, 2.2351741790771484e-8, 3.3306690738754696e-16])

// @ts-expect-error: decorator
@inline
function c(index: i32): v128 {
  return constant(TABLE, index)
}

/** Bytes of the pairs with exponents of two entries, where they are kept. */
export const KEPT: usize = 48

/** Sums of differences beside S₂, for losses with class weights: none, Σ (x_k − m₂), or Σ base_k · (x_k − m₂). */
export const NONE: i32 = 0
export const UNIFORM: i32 = 1
export const WEIGHTED: i32 = 2

/** Where these go in the record: two lanes, compensated, as in kernels/js/targets.ts. */
export const DOT: usize = 80
export const DOT_LOW: usize = 96

/**
 * The slices of S₂ to the record, which has a finite MAX and SECOND, as integers in units of the grids: the maximum counts as 1 and leaves
 * again, entries more than 75 below count as 0, as in the reference. With `keep` the exponentials go to `kept`, KEPT bytes for two
 * entries. The differences of `kind` are added up as well, for weights at `base` with low parts as loadLow has them.
 */
// @ts-expect-error: decorator
@inline
export function sumOfOthers(
  scaled: bool,
  x: usize,
  classes: usize,
  record: usize,
  keep: bool,
  kept: usize,
  kind: i32,
  base: usize,
  lowOffset: usize,
): void {
  const second = f64x2.splat(f64.load(record, SECOND))
  const shift = halved(scaled, second)
  let units78 = i64x2.splat(0)
  let units104 = i64x2.splat(0)
  let dot = f64x2.splat(0)
  let dotLow = dot
  let high: i64 = 0
  let low: i64 = 0
  let left = classes
  while (left > 0) {
    const entries = min(left, BLOCK)
    left -= entries
    let units = i64x2.splat(0)
    const last = x + (entries << 3) - 8
    for (; x <= last; x += 16) {
      const v = x < last ? v128.load(x) : loadLast(x)
      const a = halved(scaled, f64x2.pmin(v, second))
      const difference = f64x2.sub(a, shift)
      const differenceLow = sumError(a, f64x2.neg(shift), difference)
      const quotient = over(scaled, difference)
      const inside = f64x2.gt(quotient, c(0))
      const exists = keep ? f64x2.gt(quotient, c(1)) : inside
      const d = f64x2.pmax(quotient, keep ? c(1) : c(0))
      const tail = v128.and(overLow(scaled, difference, differenceLow, quotient), exists)

      // powerDouble of exp-double.ts, step for step.
      const shifted = shiftedSteps(d)
      const k = stepsOf(shifted)
      const coarse = coarsePart(d, k)
      const product = middlePart(k)
      const near = f64x2.sub(coarse, product)
      const rest = restOf(coarse, product, near, k, tail)
      const r = f64x2.add(near, rest)
      const u = seriesOf(r, f64x2.add(f64x2.sub(near, r), rest))
      const pair0 = tablePair(i64x2.extract_lane(shifted, 0))
      const pair1 = tablePair(i64x2.extract_lane(shifted, 1))
      const table = firsts(pair0, pair1)
      const rHead = headOf(r)
      const tableHead = tableHeadOf(table)
      const head = f64x2.mul(tableHead, rHead)
      const sum = f64x2.add(table, head)
      const beyond = lowOf(table, seconds(pair0, pair1), tableHead, r, rHead, u, head, sum)
      const powerHi = f64x2.add(sum, beyond)
      const powerLo = f64x2.add(f64x2.sub(sum, powerHi), beyond)
      const exponent = exponentOf(shifted)
      if (keep) {
        v128.store(kept, powerHi)
        v128.store(kept, powerLo, 16)
        v128.store(kept, exponent, 32)
        kept += KEPT
      }

      const scale = v128.and(powerOfTwo(exponent), inside)
      const value = f64x2.mul(powerHi, scale)
      const one = c(2)
      const first = f64x2.add(value, one)
      units = i64x2.add(units, first)
      const afterMiddle = f64x2.add(f64x2.sub(value, f64x2.sub(first, one)), f64x2.mul(powerLo, scale))
      const grid78 = c(3)
      const third = f64x2.add(afterMiddle, grid78)
      units78 = i64x2.add(units78, third)
      const fourth = f64x2.sub(afterMiddle, f64x2.sub(third, grid78))
      units104 = i64x2.add(units104, f64x2.add(fourth, c(4)))
      if (kind) {
        let value = difference
        let error = differenceLow
        if (kind === UNIFORM) {
          if (x === last) {
            value = v128.and(value, i64x2(-1, 0))
            error = v128.and(error, i64x2(-1, 0))
          }
        } else {
          const isTwo = x < last
          const weight = isTwo ? v128.load(base) : v128.load64_zero(base)
          // Terms of weight 0 are 0, also at −∞.
          const counts = f64x2.gt(weight, f64x2.splat(0))
          const d = v128.and(difference, counts)
          const tail = v128.and(differenceLow, counts)
          const weightHead = upperHalf(weight)
          value = f64x2.mul(weight, d)
          error = f64x2.add(
            productErrorOfHalves(d, weightHead, f64x2.sub(weight, weightHead), value),
            f64x2.add(f64x2.mul(weight, tail), f64x2.mul(loadLow(base, lowOffset, isTwo), d)),
          )
          base += 16
        }
        const next = f64x2.add(dot, value)
        dotLow = f64x2.add(dotLow, f64x2.add(sumError(dot, value, next), error))
        dot = next
      }
    }
    x = last + 8
    const lanes = <i64>((entries + 1) & ~1)
    const all = i64x2.extract_lane(units, 0) + i64x2.extract_lane(units, 1) - lanes * ONE_BITS
    high += all >> 26
    low += all & 0x3ffffff
  }
  const lanes = <i64>((classes + 1) & ~1)
  const sum78 = i64x2.extract_lane(units78, 0) + i64x2.extract_lane(units78, 1) - lanes * GRID_78_BITS
  const sum104 = i64x2.extract_lane(units104, 0) + i64x2.extract_lane(units104, 1) - lanes * GRID_104_BITS
  f64.store(record, <f64>(high - (1 << 26)) * UNIT_26, SLICE_26)
  f64.store(record, <f64>low * UNIT_52, SLICE_52)
  f64.store(record, <f64>sum78 * UNIT_78, SLICE_78)
  f64.store(record, <f64>sum104 * UNIT_104, SLICE_104)
  if (kind) {
    v128.store(record, dot, DOT)
    v128.store(record, dotLow, DOT_LOW)
  }
}
