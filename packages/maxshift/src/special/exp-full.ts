/**
 * The exponential as a double-double, good to about 2^−100: exp and expm1 of an unevaluated sum x + tail.
 *
 * Same reduction and table as exp.ts; the Taylor polynomial of exp r − 1 is carried out in pairs down to r^5/5!, where plain
 * float64 takes over (|r| ≤ 2^−8.5, so r^6/6! is 2^−52 of r). Used where digits cancel: log-sum-exp near 0, and Newton
 * steps for the logarithm (log-full.ts).
 */
import { powerOfTwo } from './bits.ts'
import { addPairs, multiplyPairs, normalize, type Pair, sumError } from './double-double.ts'
import { type ExpParts, ROUND_TO_INTEGER, STEP_HIGH, STEP_LOW, STEP_MIDDLE, STEPS_PER_UNIT } from './exp.ts'
import { EXP2_TABLE } from './exp2-table.ts'

/** 1/n!, as pairs where the second half still matters here. */
export const C3 = 0.16666666666666666 // 0x3fc5555555555555
const C3_LOW = 9.25185853854297e-18 // 0x3c65555555555555
export const C4 = 0.041666666666666664 // 0x3fa5555555555555
const C4_LOW = 2.3129646346357427e-18 // 0x3c45555555555555
export const C5 = 0.008333333333333333 // 0x3f81111111111111
const C5_LOW = 1.1564823173178714e-19 // 0x3c01111111111111
export const C6 = 0.001388888888888889 // 0x3f56c16c16c16c17
export const C7 = 0.0001984126984126984 // 0x3f2a01a01a01a01a
export const C8 = 0.0000248015873015873 // 0x3efa01a01a01a01a
export const C9 = 0.0000027557319223985893 // 0x3ec71de3a556c734
const C10 = 2.755731922398589e-7 // 0x3e927e4fb7789f5c
const C11 = 2.505210838544172e-8 // 0x3e5ae64567f544e4

/** Leaves exp(x + tail − k · ln 2/128) − 1 in `series` and returns the integer k. */
function reduce(x: number, tail: number): number {
  const k = x * STEPS_PER_UNIT + ROUND_TO_INTEGER - ROUND_TO_INTEGER
  const coarse = x - k * STEP_HIGH
  const product = -k * STEP_MIDDLE
  const near = coarse + product
  const error = sumError(coarse, product, near)
  normalize(near, error + (tail - k * STEP_LOW), series)
  const r = series.hi
  const rLow = series.lo

  const high = r * (C6 + r * (C7 + r * (C8 + r * (C9 + r * (C10 + r * C11)))))
  addPairs(C5, C5_LOW, high, 0, series)
  multiplyPairs(series.hi, series.lo, r, rLow, series)
  addPairs(C4, C4_LOW, series.hi, series.lo, series)
  multiplyPairs(series.hi, series.lo, r, rLow, series)
  addPairs(C3, C3_LOW, series.hi, series.lo, series)
  multiplyPairs(series.hi, series.lo, r, rLow, series)
  addPairs(0.5, 0, series.hi, series.lo, series)
  multiplyPairs(series.hi, series.lo, r, rLow, series)
  multiplyPairs(series.hi, series.lo, r, rLow, series)
  addPairs(r, rLow, series.hi, series.lo, series)
  return k
}

const series: Pair = { hi: 0, lo: 0 }

/** exp(x + tail) = (hi + lo) · 2^exponent into `parts`. Same domain as expParts; relative error below 2^−97,
 * where the tail is rounded, and about 2^−100 for x ≥ −75. */
export function expFull(x: number, tail: number, parts: ExpParts): void {
  const k = reduce(x, tail)
  const j = k & 127
  const table = EXP2_TABLE[2 * j]
  const tableLow = EXP2_TABLE[2 * j + 1]
  multiplyPairs(table, tableLow, series.hi, series.lo, parts)
  addPairs(table, tableLow, parts.hi, parts.lo, parts)
  parts.exponent = (k - j) / 128
}

/** exp(x + tail) − 1 into `out`, for −700 ≤ x ≤ 700; relative error below 2^−99, also near 0. */
export function expm1Full(x: number, tail: number, out: Pair): void {
  const k = reduce(x, tail)
  if (k === 0) {
    out.hi = series.hi
    out.lo = series.lo
    return
  }
  const j = k & 127
  const scale = powerOfTwo((k - j) / 128)
  const power = EXP2_TABLE[2 * j] * scale
  const powerLow = EXP2_TABLE[2 * j + 1] * scale
  multiplyPairs(power, powerLow, series.hi, series.lo, out)
  const shifted = power - 1
  const error = sumError(power, -1, shifted)
  addPairs(shifted, error + powerLow, out.hi, out.lo, out)
}
