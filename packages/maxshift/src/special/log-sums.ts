/**
 * Logarithms of a sum and a difference of two exponentials, and of the difference of two logistic functions, with their
 * derivatives, rounded once. They see the exact difference of their arguments.
 *
 * A result next to 0, where max(a, b) and the logarithm cancel, is repeated in FULL and, beside its zero, in fixed point.
 */
import { sumError } from './double-double.ts'
import { exp } from './exp.ts'
import { bitsOf, expFixed, fromFixed, logFixed, toFixed } from './fixed-point.ts'
import { log1mExpOf, log1pExpOf, logisticOf } from './logistic.ts'
import { LADDER, QUICK } from './precision.ts'
import { addScaled, approximately, divideScaled, negateScaled, ONE, roundScaled, scaled, scaledOf } from './scaled.ts'
import { log1mSigmoid, logSigmoid } from './sigmoid.ts'
import { reciprocalExpm1 } from './softplus.ts'

const out = scaled()
const term = scaled()
const power = scaled()

/** Differences beyond this leave nothing of the smaller exponential. */
const FAR = 1600

/** What a − b, of which `difference` is the rounded value, has lost. */
const lost = (a: number, b: number, difference: number): number =>
  Math.abs(difference) < FAR ? sumError(a, -b, difference) : 0

/** Whether out = a + something has kept its share of a. */
const keeps = (a: number, share: number): boolean => Math.abs(approximately(out)) >= share * Math.abs(a)

/** log(e^a + sign · e^b) near 0 in fixed point: both exponentials are at least as large as the result that they leave. */
function sumFixed(a: number, b: number, sign: bigint): number {
  const bits = bitsOf(exp(b))
  return fromFixed(logFixed(expFixed(toFixed(a, bits), bits) + sign * expFixed(toFixed(b, bits), bits), bits), bits)
}

export function logAddExp(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN
  const large = Math.max(a, b)
  const small = Math.min(a, b)
  const difference = small - large
  // Also where one or both are infinite: NaN for equal infinities.
  if (!(difference > -FAR)) return large
  for (const precision of LADDER) {
    log1pExpOf(difference, lost(small, large, difference), precision, out)
    scaledOf(large, term)
    addScaled(term, out, out)
    if (large >= 0 || keeps(large, precision.share)) return roundScaled(out)
  }
  return sumFixed(large, small, 1n)
}

/** ∂/∂a = e^a/(e^a + e^b). */
export function logAddExpDerivativeA(a: number, b: number): number {
  const difference = a - b
  if (Number.isNaN(difference)) return difference
  logisticOf(difference, lost(a, b, difference), QUICK, out)
  return roundScaled(out)
}

export const logAddExpDerivativeB = (a: number, b: number): number => logAddExpDerivativeA(b, a)

export function logSubExp(a: number, b: number): number {
  if (!(a >= b)) return Number.NaN
  if (a === b) return a === Number.POSITIVE_INFINITY ? Number.NaN : Number.NEGATIVE_INFINITY
  const difference = b - a
  if (!(difference > -FAR)) return a
  for (const precision of LADDER) {
    log1mExpOf(difference, lost(b, a, difference), precision, out)
    scaledOf(a, term)
    addScaled(term, out, out)
    if (a <= 0 || keeps(a, precision.share)) return roundScaled(out)
  }
  return sumFixed(a, b, -1n)
}

/** ∂/∂a = 1/(1 − e^(b − a)). */
export function logSubExpDerivativeA(a: number, b: number): number {
  if (!(a >= b)) return Number.NaN
  const difference = b - a
  return -reciprocalExpm1(difference === 0 ? -0 : difference, lost(b, a, difference))
}

/** ∂/∂b = −1/(e^(a − b) − 1). */
export function logSubExpDerivativeB(a: number, b: number): number {
  if (!(a >= b)) return Number.NaN
  const difference = a - b
  return -reciprocalExpm1(difference, lost(a, b, difference))
}

/** log σ(a) + log(1 − σ(b)) + log(1 − e^(b − a)): three terms ≤ 0. */
export function logInvLogitDiff(a: number, b: number): number {
  if (!(a >= b)) return Number.NaN
  if (a === b) return Number.NEGATIVE_INFINITY
  if (a === Number.POSITIVE_INFINITY) return log1mSigmoid(b)
  if (b === Number.NEGATIVE_INFINITY) return logSigmoid(a)
  log1pExpOf(-a, 0, QUICK, out)
  log1pExpOf(b, 0, QUICK, term)
  addScaled(out, term, out)
  const difference = b - a
  log1mExpOf(difference, lost(b, a, difference), QUICK, term)
  negateScaled(term, term)
  addScaled(out, term, out)
  return -roundScaled(out)
}

/** ∂/∂a = (1 + e^b)/((1 + e^a)(1 − e^(b − a))); for a > 0 the fraction is expanded by e^−a. */
export function logInvLogitDiffDerivativeA(a: number, b: number): number {
  const difference = b - a
  if (!(difference <= 0)) return Number.NaN
  if (difference === 0) return Number.POSITIVE_INFINITY
  const tail = lost(b, a, difference)
  QUICK.exp(-Math.abs(a), 0, power)
  if (a > 0) {
    QUICK.exp(difference, tail, term)
    addScaled(power, term, term)
  } else {
    QUICK.exp(b, 0, term)
    addScaled(ONE, term, term)
  }
  addScaled(ONE, power, power)
  divideScaled(term, power, out)
  QUICK.expm1(difference, tail, power)
  divideScaled(out, power, out)
  return -roundScaled(out)
}

/** σ(a) − σ(b) = σ(−b) − σ(−a). */
export const logInvLogitDiffDerivativeB = (a: number, b: number): number => -logInvLogitDiffDerivativeA(-b, -a)
