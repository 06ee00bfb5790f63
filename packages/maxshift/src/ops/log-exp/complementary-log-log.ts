/**
 * The complementary log-log function and its inverse: of numbers and arrays, with derivatives.
 */
import * as special from '../../special/complementary-log-log.ts'
import { type UnaryFunction, unary } from '../elementwise.ts'

/**
 * log(−log(1 − p)), the complementary log-log link of a probability. Takes a number, or an array entry by entry (with `{ out }`).
 * −∞ at 0, +∞ at 1, NaN outside of [0, 1]; inverse: {@link cexpexp}.
 *
 * Derivative: −1/((1 − p) log(1 − p)), +∞ at 0 and 1. Within 0.51 ulp, both, also near the zero at 1 − 1/e; float32 arrays 0.501
 * ulp.
 */
export const cloglog: UnaryFunction = /* @__PURE__ */ unary('cloglog', 'p', special.cloglog, special.cloglogDerivative)

/**
 * 1 − exp(−e^x), the inverse of {@link cloglog}. Takes a number, or an array entry by entry (with `{ out }`). 0 at −∞, 1 at +∞.
 *
 * Derivative: exp(x − e^x). Within 0.51 ulp, both, subnormal results included; float32 arrays 0.501 ulp.
 */
export const cexpexp: UnaryFunction = /* @__PURE__ */ unary('cexpexp', 'x', special.cexpexp, special.cexpexpDerivative)
