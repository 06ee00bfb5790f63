/**
 * The logistic function, its logarithms and their inverses: of numbers and arrays, with derivatives.
 */
import * as special from '../../special/sigmoid.ts'
import { type UnaryFunction, unary } from '../elementwise.ts'

/**
 * The logistic function 1/(1 + e^−x). Takes a number, or an array entry by entry (with `{ out }`). 0 at −∞, 1 at +∞; inverse:
 * {@link logit}.
 *
 * Derivative: σ(x) σ(−x). Within 0.51 ulp, both, subnormal results included; float32 arrays 0.501 ulp.
 */
export const sigmoid: UnaryFunction = /* @__PURE__ */ unary('sigmoid', 'x', special.sigmoid, special.sigmoidDerivative)

/**
 * log σ(x) = −log(1 + e^−x). Takes a number, or an array entry by entry (with `{ out }`). x towards −∞, −0 at +∞; inverse: {@link
 * logitExp}.
 *
 * Derivative: σ(−x). Within 0.51 ulp, both; float32 arrays 0.501 ulp.
 */
export const logSigmoid: UnaryFunction = /* @__PURE__ */ unary(
  'logSigmoid',
  'x',
  special.logSigmoid,
  special.logSigmoidDerivative,
)

/**
 * log(1 − σ(x)) = −log(1 + e^x). Takes a number, or an array entry by entry (with `{ out }`). −0 at −∞, −x towards +∞; inverse:
 * {@link logit1mExp}.
 *
 * Derivative: −σ(x). Within 0.51 ulp, both; float32 arrays 0.501 ulp.
 */
export const log1mSigmoid: UnaryFunction = /* @__PURE__ */ unary(
  'log1mSigmoid',
  'x',
  special.log1mSigmoid,
  special.log1mSigmoidDerivative,
)

/**
 * log(p/(1 − p)), the log-odds of a probability and the inverse of {@link sigmoid}. Takes a number, or an array entry by entry
 * (with `{ out }`). −∞ at 0, +∞ at 1, NaN outside of [0, 1].
 *
 * Derivative: 1/(p (1 − p)), +∞ at 0 and 1. Within 0.51 ulp, both, also near the zero at ½; float32 arrays 0.501 ulp.
 */
export const logit: UnaryFunction = /* @__PURE__ */ unary('logit', 'p', special.logit, special.logitDerivative)

/**
 * logit(e^x), the log-odds of a log-probability x ≤ 0, and the inverse of {@link logSigmoid}. Takes a number, or an array entry
 * by entry (with `{ out }`). x towards −∞, +∞ at 0, NaN above.
 *
 * Derivative: 1/(1 − e^x). Within 0.51 ulp, both, also near the zero at −ln 2; float32 arrays 0.501 ulp.
 */
export const logitExp: UnaryFunction = /* @__PURE__ */ unary(
  'logitExp',
  'x',
  special.logitExp,
  special.logitExpDerivative,
)

/**
 * logit(1 − e^x), the log-odds against a log-probability x ≤ 0, and the inverse of {@link log1mSigmoid}. Takes a number, or an
 * array entry by entry (with `{ out }`). −x towards −∞, −∞ at 0, NaN above.
 *
 * Derivative: −1/(1 − e^x). Within 0.51 ulp, both, also near the zero at −ln 2; float32 arrays 0.501 ulp.
 */
export const logit1mExp: UnaryFunction = /* @__PURE__ */ unary(
  'logit1mExp',
  'x',
  special.logit1mExp,
  special.logit1mExpDerivative,
)
