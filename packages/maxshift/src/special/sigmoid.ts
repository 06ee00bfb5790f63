/**
 * The logistic function, its logarithms, its inverse, and the inverses of its logarithms, with their derivatives, rounded once.
 *
 *   logit(e^x) = −log(e^−x − 1), logit(1 − e^x) = log(e^−x − 1): both are logExpm1.
 */
import { logisticOf } from './logistic.ts'
import { QUICK } from './precision.ts'
import { addScaled, divideScaled, exactSum, multiplyScaled, ONE, roundScaled, scaled, scaledOf } from './scaled.ts'
import { log1pExp, logExpm1, logExpm1Derivative, NOTHING, UNDERFLOW } from './softplus.ts'

const out = scaled()
const power = scaled()
const p1 = scaled()

export function sigmoid(x: number): number {
  if (!(x > UNDERFLOW)) return x <= UNDERFLOW ? 0 : x
  if (x > NOTHING) return 1
  logisticOf(x, 0, QUICK, out)
  return roundScaled(out)
}

/** e^−|x| / (1 + e^−|x|)². */
export function sigmoidDerivative(x: number): number {
  if (Number.isNaN(x)) return x
  QUICK.exp(-Math.abs(x), 0, power)
  addScaled(ONE, power, out)
  multiplyScaled(out, out, out)
  divideScaled(power, out, out)
  return roundScaled(out)
}

export const logSigmoid = (x: number): number => -log1pExp(-x)
export const logSigmoidDerivative = (x: number): number => sigmoid(-x)
export const log1mSigmoid = (x: number): number => -log1pExp(x)
export const log1mSigmoidDerivative = (x: number): number => -sigmoid(x)

/** log(p/(1 − p)); around ½ log1p((2p − 1)/(1 − p)), where 2p − 1 is exact. */
export function logit(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN
  exactSum(1, -p, power)
  if (p >= 0.25 && p <= 0.75) {
    scaledOf(2 * p - 1, p1)
    divideScaled(p1, power, out)
    QUICK.log1p(out, out)
  } else {
    scaledOf(p, p1)
    divideScaled(p1, power, out)
    QUICK.log(out, out)
  }
  return roundScaled(out)
}

/** 1/(p (1 − p)). */
export function logitDerivative(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 || p === 1 ? Number.POSITIVE_INFINITY : Number.NaN
  exactSum(1, -p, power)
  scaledOf(p, p1)
  multiplyScaled(power, p1, power)
  divideScaled(ONE, power, out)
  return roundScaled(out)
}

export const logitExp = (x: number): number => -logExpm1(-x)
export const logitExpDerivative = (x: number): number => logExpm1Derivative(-x)
export const logit1mExp = (x: number): number => logExpm1(-x)
export const logit1mExpDerivative = (x: number): number => -logExpm1Derivative(-x)
