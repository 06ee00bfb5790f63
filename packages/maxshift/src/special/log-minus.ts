/**
 * log1p(x) − x, log(x) − x + 1 and log(1 + x²), with their derivatives, rounded once.
 *
 * The first two vanish like −x²/2 and −(x − 1)²/2 where the logarithm and the line touch; there the series without its linear
 * term gives all digits (precision.ts).
 */
import { LOG1P_SERIES, log1pMinusSeries, QUICK } from './precision.ts'
import { addScaled, divideScaled, exactSum, multiplyScaled, ONE, roundScaled, scaled, scaledOf } from './scaled.ts'

const out = scaled()
const given = scaled()
const line = scaled()

/** Below this −x²/2 is log1p(x) − x to 2^−61. */
const SQUARE_ONLY = 4.336808689942018e-19 // 0x3c20000000000000, 2^−61

export function log1pMx(x: number): number {
  if (!(x > -1 && x < Number.POSITIVE_INFINITY)) return x === -1 || x > 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (x === 0) return 0
  if (Math.abs(x) <= SQUARE_ONLY) {
    scaledOf(x, given)
    multiplyScaled(given, given, out)
    out.hi *= -0.5
    out.lo *= -0.5
  } else if (Math.abs(x) <= LOG1P_SERIES) log1pMinusSeries(x, 0, out)
  else {
    scaledOf(x, given)
    QUICK.log1p(given, out)
    scaledOf(-x, given)
    addScaled(out, given, out)
  }
  return roundScaled(out)
}

/** −x/(1 + x). */
export function log1pMxDerivative(x: number): number {
  if (!(x > -1 && x < Number.POSITIVE_INFINITY)) return x === -1 ? Number.POSITIVE_INFINITY : x > 0 ? -1 : Number.NaN
  if (x === 0) return -x
  exactSum(1, x, line)
  scaledOf(-x, given)
  divideScaled(given, line, out)
  return roundScaled(out)
}

export function logMxp1(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return x === 0 || x > 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (x === 1) return 0
  const rest = x - 1
  if (Math.abs(rest) <= LOG1P_SERIES) log1pMinusSeries(rest, 0, out)
  else {
    scaledOf(x, given)
    QUICK.log(given, out)
    exactSum(1, -x, line)
    addScaled(out, line, out)
  }
  return roundScaled(out)
}

/** (1 − x)/x. */
export function logMxp1Derivative(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return x === 0 ? Number.POSITIVE_INFINITY : x > 0 ? -1 : Number.NaN
  exactSum(1, -x, line)
  scaledOf(x, given)
  divideScaled(line, given, out)
  return roundScaled(out)
}

export function log1pSq(x: number): number {
  if (!Number.isFinite(x)) return Math.abs(x)
  scaledOf(x, given)
  multiplyScaled(given, given, given)
  QUICK.log1p(given, out)
  return roundScaled(out)
}

/** 2x/(1 + x²). */
export function log1pSqDerivative(x: number): number {
  if (!Number.isFinite(x)) return 1 / x
  if (x === 0) return x
  scaledOf(x, given)
  multiplyScaled(given, given, line)
  addScaled(ONE, line, line)
  divideScaled(given, line, out)
  out.hi *= 2
  out.lo *= 2
  return roundScaled(out)
}
