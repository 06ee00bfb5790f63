/**
 * log(1 + x) in float64 lanes for finite x ≥ 0: special/log.ts, operation for operation, branches as selections.
 */
import { select, step } from './lanes'

const LN2_HIGH: f64 = 0.6931471805598903
const LN2_LOW: f64 = 5.497923018708371e-14

const Q0: f64 = 0.6666666666666666
const Q1: f64 = 0.4000000000000088
const Q2: f64 = 0.28571428570803614
const Q3: f64 = 0.22222222391713917
const Q4: f64 = 0.18181795640132906
const Q5: f64 = 0.15386239702814658
const Q6: f64 = 0.13268773138656886
const Q7: f64 = 0.13086626147840102

// @ts-expect-error: decorator
@inline
function splat(x: f64): v128 {
  return f64x2.splat(x)
}

export function log1pLanes(x: v128): v128 {
  const one = splat(1)
  const sum = f64x2.add(one, x)
  // The exponent of the sum, counted so that the fraction lies in [√½, √2).
  const exponent = i64x2.shr_u(i64x2.sub(sum, i64x2.splat(0x3fe6a09e00000000)), 52)
  const isSmall = i64x2.eq(exponent, i64x2.splat(0))
  const fraction = i64x2.sub(sum, i64x2.shl(exponent, 52))
  const f = select(isSmall, x, f64x2.sub(fraction, one))
  const error = select(
    f64x2.lt(x, one),
    f64x2.sub(x, f64x2.sub(sum, one)),
    f64x2.sub(one, f64x2.sub(sum, x)),
  )
  const correction = select(isSmall, splat(0), f64x2.div(error, sum))
  // A small integer as a float64: its bits under those of 2^52, minus 2^52.
  const e = f64x2.sub(v128.or(exponent, i64x2.splat(0x4330000000000000)), splat(4503599627370496))

  const z = f64x2.div(f, f64x2.add(splat(2), f))
  const w = f64x2.mul(z, z)
  let q = step(w, splat(Q7), splat(Q6))
  q = step(w, q, splat(Q5))
  q = step(w, q, splat(Q4))
  q = step(w, q, splat(Q3))
  q = step(w, q, splat(Q2))
  q = step(w, q, splat(Q1))
  q = step(w, q, splat(Q0))
  q = f64x2.mul(w, q)
  const halfSquare = f64x2.mul(f64x2.mul(splat(0.5), f), f)
  const low = step(e, splat(LN2_LOW), correction)
  const small = f64x2.add(f64x2.mul(z, f64x2.add(halfSquare, q)), low)
  return f64x2.sub(f64x2.mul(e, splat(LN2_HIGH)), f64x2.sub(f64x2.sub(halfSquare, small), f))
}
