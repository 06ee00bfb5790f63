/**
 * log1p(x) − x, log(x) − x + 1 and log(1 + x²): of numbers and arrays, with derivatives.
 */
import * as special from '../../special/log-minus.ts'
import { type UnaryFunction, unary } from '../elementwise.ts'

/**
 * log(1 + x) − x for x ≥ −1. Takes a number, or an array entry by entry (with `{ out }`). −x²/2 near 0, −∞ at −1 and +∞, NaN
 * below −1.
 *
 * Derivative: −x/(1 + x), +∞ at −1. Within 0.51 ulp, both, subnormal results included; float32 arrays 0.501 ulp.
 */
export const log1pMx: UnaryFunction = /* @__PURE__ */ unary('log1pMx', 'x', special.log1pMx, special.log1pMxDerivative)

/**
 * log(x) − x + 1 for x ≥ 0. Takes a number, or an array entry by entry (with `{ out }`). −(x − 1)²/2 near 1, −∞ at 0 and +∞, NaN
 * below 0.
 *
 * Derivative: (1 − x)/x, +∞ at 0. Within 0.51 ulp, both; float32 arrays 0.501 ulp.
 */
export const logMxp1: UnaryFunction = /* @__PURE__ */ unary('logMxp1', 'x', special.logMxp1, special.logMxp1Derivative)

/**
 * log(1 + x²). Takes a number, or an array entry by entry (with `{ out }`). x² near 0, 2 log |x| far away, +∞ at ±∞; x² never overflows.
 *
 * Derivative: 2x/(1 + x²). Within 0.51 ulp, both, subnormal results included; float32 arrays 0.501 ulp.
 */
export const log1pSq: UnaryFunction = /* @__PURE__ */ unary('log1pSq', 'x', special.log1pSq, special.log1pSqDerivative)
