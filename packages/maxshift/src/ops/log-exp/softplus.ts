/**
 * log(1 + e^x), log(1 − e^x), log(2 − e^x), log(e^x − 1): of numbers and arrays, with derivatives.
 */

import { sigmoid } from '../../special/sigmoid.ts'
import * as special from '../../special/softplus.ts'
import { type UnaryFunction, unary } from '../elementwise.ts'

/**
 * log(1 + e^x), also known as softplus. Takes a number, or an array entry by entry (with `{ out }`). 0 at −∞, x towards +∞;
 * inverse: {@link logExpm1}.
 *
 * Derivative: σ(x). Within 0.51 ulp, both; float32 arrays 0.501 ulp.
 */
export const log1pExp: UnaryFunction = /* @__PURE__ */ unary('log1pExp', 'x', special.log1pExp, sigmoid)

/**
 * log(1 − e^x) for x ≤ 0. Takes a number, or an array entry by entry (with `{ out }`). −0 at −∞, −∞ at 0, NaN above; its own
 * inverse.
 *
 * Derivative: −1/(e^−x − 1). Within 0.51 ulp, both; float32 arrays 0.501 ulp. Form: Mächler, "Accurately computing
 * log(1 − exp(−|a|))" (2012).
 */
export const log1mExp: UnaryFunction = /* @__PURE__ */ unary(
  'log1mExp',
  'x',
  special.log1mExp,
  special.log1mExpDerivative,
)

/**
 * log(2 − e^x) for x ≤ ln 2. Takes a number, or an array entry by entry (with `{ out }`). ln 2 at −∞, 0 at 0, NaN above ln 2,
 * which no float64 is: the last one below it gives −36.6; its own inverse.
 *
 * Derivative: −e^x/(2 − e^x). Within 0.51 ulp, both, also near 0 and ln 2; float32 arrays 0.501 ulp.
 */
export const log2mExp: UnaryFunction = /* @__PURE__ */ unary(
  'log2mExp',
  'x',
  special.log2mExp,
  special.log2mExpDerivative,
)

/**
 * log(e^x − 1) for x ≥ 0, the inverse of softplus ({@link log1pExp}). Takes a number, or an array entry by entry (with `{ out
 * }`). −∞ at 0, x towards +∞, NaN below 0.
 *
 * Derivative: 1/(1 − e^−x). Within 0.51 ulp, both, also near the zero at ln 2; float32 arrays 0.501 ulp.
 */
export const logExpm1: UnaryFunction = /* @__PURE__ */ unary(
  'logExpm1',
  'x',
  special.logExpm1,
  special.logExpm1Derivative,
)
