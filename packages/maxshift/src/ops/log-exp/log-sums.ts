/**
 * Logarithms of sums and differences of exponentials: of numbers and arrays, with derivatives.
 */
import * as mix from '../../special/log-mix.ts'
import * as special from '../../special/log-sums.ts'
import { type BinaryFunction, binary, type TernaryFunction, ternary } from '../elementwise.ts'

/**
 * log(e^a + e^b). Takes numbers, arrays of equal length, or an array and a number (with `{ out }`). −∞ is the logarithm of 0,
 * also on both sides; +∞ beside any number but NaN gives +∞. Of more than two numbers take logSumExp.
 *
 * Derivatives: e^a/(e^a + e^b) by a, and the rest by b; NaN for equal infinities, where they have no limit. Within 0.51 ulp, all,
 * also next to the zero, where a and the logarithm cancel; float32 arrays 0.501 ulp. Symmetric, bit by bit.
 */
export const logAddExp: BinaryFunction<'a' | 'b'> = /* @__PURE__ */ binary('logAddExp', special.logAddExp, {
  a: special.logAddExpDerivativeA,
  b: special.logAddExpDerivativeB,
})

/**
 * log(e^a − e^b) for a ≥ b. Takes numbers, arrays of equal length, or an array and a number (with `{ out }`). −∞ for a = b (NaN
 * for two +∞), NaN for a < b.
 *
 * Derivatives: 1/(1 − e^(b − a)) by a, −1/(e^(a − b) − 1) by b; NaN for equal infinities. Within 0.51 ulp, all, for close
 * arguments and next to the zero too; float32 arrays 0.501 ulp.
 */
export const logSubExp: BinaryFunction<'a' | 'b'> = /* @__PURE__ */ binary('logSubExp', special.logSubExp, {
  a: special.logSubExpDerivativeA,
  b: special.logSubExpDerivativeB,
})

/**
 * log(theta e^a + (1 − theta) e^b), the log-density of a mixture, for theta in [0, 1]. Takes numbers, arrays of equal length, or
 * arrays and numbers (with `{ out }`). A weight of 0 counts for nothing, also beside +∞; NaN for theta outside of [0, 1].
 *
 * Derivatives: (e^a − e^b)/T by theta, theta e^a/T by a, (1 − theta) e^b/T by b, with T the mixture; NaN for equal infinities.
 * Within 0.51 ulp, all, also next to the zero; float32 arrays 0.501 ulp.
 */
export const logMix: TernaryFunction<'theta' | 'a' | 'b'> = /* @__PURE__ */ ternary('logMix', mix.logMix, {
  theta: mix.logMixDerivativeTheta,
  a: mix.logMixDerivativeA,
  b: mix.logMixDerivativeB,
})

/**
 * log(σ(a) − σ(b)) for a ≥ b, σ the logistic function: the log-probability of an interval of the logistic distribution. Takes
 * numbers, arrays of equal length, or an array and a number (with `{ out }`). −∞ for a = b, NaN for a < b.
 *
 * Derivatives: (1 + e^b)/((1 + e^a)(1 − e^(b − a))) by a, and by b minus that of (−b, −a); ±∞ for a = b, NaN for equal
 * infinities. Within 0.51 ulp, all; float32 arrays 0.501 ulp.
 */
export const logInvLogitDiff: BinaryFunction<'a' | 'b'> = /* @__PURE__ */ binary(
  'logInvLogitDiff',
  special.logInvLogitDiff,
  { a: special.logInvLogitDiffDerivativeA, b: special.logInvLogitDiffDerivativeB },
)
