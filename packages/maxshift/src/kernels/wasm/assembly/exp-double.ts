/**
 * The exponential of a pair in float64 lanes: expParts of special/exp.ts, operation for operation.
 *
 * WebAssembly cannot gather, so the two table entries of a vector are loaded one by one; each load brings hi and lo at once.
 * The table itself is written into TABLE by the loader, from special/exp2-table.ts.
 */
import { constant } from './lanes'

/** 128 pairs (hi, lo) of 2^(j/128). */
const POWERS = memory.data(2048, 16)

/** Where the loader writes the table. */
export function table_f64(): usize {
  return POWERS
}

/** 1.5 · 2^52, 128/ln 2, the three parts of ln 2/128, 1/6! … 1/3!, ½, 1.5 · 2^18, 1.5 · 2^27. */
const TABLE = memory.data<f64>([
  6755399441055744.0, 184.6649652337873, 0.005415212347998022, 1.2655086083012853e-13, 3.1258479278239995e-24,
  0.001388888888888889, 0.008333333333333333, 0.041666666666666664, 0.16666666666666666, 0.5, 393216.0, 201326592.0,
])

// @ts-expect-error: decorator
@inline
function c(index: i32): v128 {
  return constant(TABLE, index)
}

/** x · 128/ln 2, rounded to an integer in the lowest bits. */
// @ts-expect-error: decorator
@inline
export function shiftedSteps(x: v128): v128 {
  return f64x2.add(f64x2.mul(x, c(1)), c(0))
}

/** Those steps as numbers. */
// @ts-expect-error: decorator
@inline
export function stepsOf(shifted: v128): v128 {
  return f64x2.sub(shifted, c(0))
}

/** The exponent n of 2^n. */
// @ts-expect-error: decorator
@inline
export function exponentOf(shifted: v128): v128 {
  return i64x2.shr_s(i64x2.sub(shifted, c(0)), 7)
}

/** x − k · ln 2/128 but for the lower parts of the step. */
// @ts-expect-error: decorator
@inline
export function coarsePart(x: v128, k: v128): v128 {
  return f64x2.sub(x, f64x2.mul(k, c(2)))
}

/** k times the middle part of the step. */
// @ts-expect-error: decorator
@inline
export function middlePart(k: v128): v128 {
  return f64x2.mul(k, c(3))
}

/** k times the lowest part of the step. */
// @ts-expect-error: decorator
@inline
export function lowestPart(k: v128): v128 {
  return f64x2.mul(k, c(4))
}

/** What coarse − product leaves, and the tail. */
// @ts-expect-error: decorator
@inline
export function restOf(coarse: v128, product: v128, near: v128, k: v128, tail: v128): v128 {
  return f64x2.add(f64x2.sub(f64x2.sub(coarse, near), product), f64x2.sub(tail, lowestPart(k)))
}

/** exp(r + rLow) − 1 − r. */
// @ts-expect-error: decorator
@inline
export function seriesOf(r: v128, rLow: v128): v128 {
  let q = f64x2.add(c(6), f64x2.mul(r, c(5)))
  q = f64x2.add(c(7), f64x2.mul(r, q))
  q = f64x2.add(c(8), f64x2.mul(r, q))
  q = f64x2.add(c(9), f64x2.mul(r, q))
  return f64x2.add(f64x2.mul(f64x2.mul(r, r), q), rLow)
}

/** The pair 2^(j/128) of a lane. */
// @ts-expect-error: decorator
@inline
export function tablePair(steps: i64): v128 {
  return v128.load(POWERS + (<usize>(steps & 127) << 4))
}

/** The first numbers of two pairs. */
// @ts-expect-error: decorator
@inline
export function firsts(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
}

/** The second numbers of two pairs. */
// @ts-expect-error: decorator
@inline
export function seconds(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
}

/** The upper part of r, to 34 bits after the point. */
// @ts-expect-error: decorator
@inline
export function headOf(r: v128): v128 {
  return f64x2.sub(f64x2.add(r, c(10)), c(10))
}

/** The upper part of an entry of the table, to 25 bits. */
// @ts-expect-error: decorator
@inline
export function tableHeadOf(table: v128): v128 {
  return f64x2.sub(f64x2.add(table, c(11)), c(11))
}

/** What table · (1 + r + u) has beyond sum = table + tableHead · rHead. */
// @ts-expect-error: decorator
@inline
export function lowOf(
  table: v128,
  tableLow: v128,
  tableHead: v128,
  r: v128,
  rHead: v128,
  u: v128,
  head: v128,
  sum: v128,
): v128 {
  const remainder = f64x2.add(
    f64x2.mul(table, f64x2.sub(r, rHead)),
    f64x2.mul(f64x2.sub(table, tableHead), rHead),
  )
  return f64x2.add(
    f64x2.add(f64x2.sub(table, sum), head),
    f64x2.add(
      remainder,
      f64x2.add(f64x2.mul(table, u), f64x2.add(tableLow, f64x2.mul(tableLow, r))),
    ),
  )
}

// What powerDouble leaves: (hi + lo) · 2^exponent, the exponents as 64-bit integers.
export let powerHi = f64x2.splat(0)
export let powerLo = f64x2.splat(0)
export let powerExponent = i64x2.splat(0)

/** exp(x + tail) for |x| ≤ 1600 into powerHi, powerLo, powerExponent. The loop of double-sum.ts has the same steps in locals. */
// @ts-expect-error: decorator
@inline
export function powerDouble(x: v128, tail: v128): void {
  const shifted = shiftedSteps(x)
  const k = stepsOf(shifted)
  const coarse = coarsePart(x, k)
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
  const low = lowOf(table, seconds(pair0, pair1), tableHead, r, rHead, u, head, sum)
  const hi = f64x2.add(sum, low)
  powerHi = hi
  powerLo = f64x2.add(f64x2.sub(sum, hi), low)
  powerExponent = exponentOf(shifted)
}

/** 2^exponent for integers in [−1022, 1023]. */
// @ts-expect-error: decorator
@inline
export function powerOfTwo(exponent: v128): v128 {
  return i64x2.shl(i64x2.add(exponent, i64x2.splat(1023)), 52)
}
