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

// What powerDouble leaves: (hi + lo) · 2^exponent, the exponents as 64-bit integers.
export let powerHi = f64x2.splat(0)
export let powerLo = f64x2.splat(0)
export let powerExponent = i64x2.splat(0)

/** exp(x + tail) for |x| ≤ 1600 into powerHi, powerLo, powerExponent. */
// @ts-expect-error: decorator
@inline
export function powerDouble(x: v128, tail: v128): void {
  const rounder = c(0)
  const shifted = f64x2.add(f64x2.mul(x, c(1)), rounder)
  const k = f64x2.sub(shifted, rounder)
  const coarse = f64x2.sub(x, f64x2.mul(k, c(2)))
  const product = f64x2.mul(k, c(3))
  const near = f64x2.sub(coarse, product)
  const rest = f64x2.add(
    f64x2.sub(f64x2.sub(coarse, near), product),
    f64x2.sub(tail, f64x2.mul(k, c(4))),
  )
  const r = f64x2.add(near, rest)
  const rLow = f64x2.add(f64x2.sub(near, r), rest)

  let q = f64x2.add(c(6), f64x2.mul(r, c(5)))
  q = f64x2.add(c(7), f64x2.mul(r, q))
  q = f64x2.add(c(8), f64x2.mul(r, q))
  q = f64x2.add(c(9), f64x2.mul(r, q))
  const u = f64x2.add(f64x2.mul(f64x2.mul(r, r), q), rLow)

  const j0 = POWERS + (<usize>(i64x2.extract_lane(shifted, 0) & 127) << 4)
  const j1 = POWERS + (<usize>(i64x2.extract_lane(shifted, 1) & 127) << 4)
  const pair0 = v128.load(j0)
  const pair1 = v128.load(j1)
  const table = i8x16.shuffle(pair0, pair1, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
  const tableLow = i8x16.shuffle(pair0, pair1, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)

  const round34 = c(10)
  const round25 = c(11)
  const rHead = f64x2.sub(f64x2.add(r, round34), round34)
  const tableHead = f64x2.sub(f64x2.add(table, round25), round25)
  const head = f64x2.mul(tableHead, rHead)
  const remainder = f64x2.add(
    f64x2.mul(table, f64x2.sub(r, rHead)),
    f64x2.mul(f64x2.sub(table, tableHead), rHead),
  )
  const sum = f64x2.add(table, head)
  const low = f64x2.add(
    f64x2.add(f64x2.sub(table, sum), head),
    f64x2.add(
      remainder,
      f64x2.add(f64x2.mul(table, u), f64x2.add(tableLow, f64x2.mul(tableLow, r))),
    ),
  )
  powerHi = f64x2.add(sum, low)
  powerLo = f64x2.add(f64x2.sub(sum, powerHi), low)
  powerExponent = i64x2.shr_s(i64x2.sub(shifted, rounder), 7)
}

/** 2^exponent for integers in [−1022, 1023]. */
// @ts-expect-error: decorator
@inline
export function powerOfTwo(exponent: v128): v128 {
  return i64x2.shl(i64x2.add(exponent, i64x2.splat(1023)), 52)
}
