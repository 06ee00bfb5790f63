/**
 * log(1 + e^x) and its relatives log(1 − e^x), log(2 − e^x), log(e^x − 1), with their derivatives, rounded once.
 *
 * Where a result or a difference in it cancels, the formula is repeated in FULL and, beside its zero, in fixed point.
 * Domains and limits are stated at the public functions (ops/log-exp).
 */
import { BITS, expFixed, fromFixed, logFixed, toFixed } from './fixed-point.ts'
import { log1mExpOf, log1pExpOf } from './logistic.ts'
import { LADDER, QUICK } from './precision.ts'
import { addScaled, divideScaled, negateScaled, ONE, roundScaled, scaled } from './scaled.ts'

const out = scaled()
const power = scaled()

/** Below this e^x rounds to 0. */
export const UNDERFLOW = -746
/** Above this e^−x is nothing beside x, below its negative e^x is nothing beside 1. */
export const NOTHING = 50

export function log1pExp(x: number): number {
  if (!(x > UNDERFLOW)) return x <= UNDERFLOW ? 0 : x
  if (x > NOTHING) return x
  log1pExpOf(x, 0, QUICK, out)
  return roundScaled(out)
}

export function log1mExp(x: number): number {
  if (!(x < 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  log1mExpOf(x, 0, QUICK, out)
  return roundScaled(out)
}

/** The largest float64 below ln 2, which lies 2^−55.3 above it. */
const LN2 = 0.6931471805599453 // 0x3fe62e42fefa39ef

const two = (): bigint => toFixed(2, BITS)
const expOf = (x: number): bigint => expFixed(toFixed(x, BITS), BITS)
const rounded = (v: bigint): number => fromFixed(v, BITS)

export function log2mExp(x: number): number {
  if (!(x <= LN2)) return Number.NaN
  if (x === 0) return 0
  for (const { expm1, log1p, share } of LADDER) {
    expm1(x, 0, power)
    // What is left of 1 in 1 − (e^x − 1).
    if (x > 0.5 && 1 - power.hi < share) continue
    negateScaled(power, power)
    log1p(power, out)
    return roundScaled(out)
  }
  return rounded(logFixed(two() - expOf(x), BITS))
}

export function log2mExpDerivative(x: number): number {
  if (!(x <= LN2)) return Number.NaN
  for (const { exp, expm1, share } of LADDER) {
    expm1(x, 0, power)
    negateScaled(power, power)
    addScaled(ONE, power, out)
    if (out.hi < share) continue
    exp(x, 0, power)
    divideScaled(power, out, out)
    return -roundScaled(out)
  }
  const e = expOf(x)
  return rounded((e << BigInt(BITS)) / (e - two()))
}

export function logExpm1(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (x > NOTHING) return x
  for (const { expm1, log, share } of LADDER) {
    expm1(x, 0, power)
    log(power, out)
    if (Math.abs(out.hi) >= share) return roundScaled(out)
  }
  return rounded(logFixed(expOf(x) - toFixed(1, BITS), BITS))
}

/** 1/(e^(x + tail) − 1), of which several derivatives consist; ±∞ at ±0. */
export function reciprocalExpm1(x: number, tail: number): number {
  if (x === 0 || Number.isNaN(x)) return 1 / x
  QUICK.expm1(x, tail, power)
  divideScaled(ONE, power, out)
  return roundScaled(out)
}

export function log1mExpDerivative(x: number): number {
  return x <= 0 ? -reciprocalExpm1(Math.abs(x), 0) : Number.NaN
}

export function logExpm1Derivative(x: number): number {
  return x >= 0 ? -reciprocalExpm1(-Math.abs(x), 0) : Number.NaN
}
