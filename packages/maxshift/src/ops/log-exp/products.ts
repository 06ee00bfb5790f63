/**
 * Products with a logarithm or an exponential: of numbers and arrays, with derivatives.
 */
import * as special from '../../special/products.ts'
import { type BinaryFunction, binary, type UnaryFunction, unary } from '../elementwise.ts'

/**
 * x log x for x ≥ 0. Takes a number, or an array entry by entry (with `{ out }`). 0 at 0, +∞ at +∞, NaN below 0.
 *
 * Derivative: 1 + log x. Within 0.51 ulp, both, also near the zeros at 1 and 1/e; float32 arrays 0.501 ulp.
 */
export const xlogx: UnaryFunction = /* @__PURE__ */ unary('xlogx', 'x', special.xlogx, special.xlogxDerivative)

/**
 * x log y. Takes numbers, arrays of equal length, or an array and a number (with `{ out }`). 0 at x = 0 unless y is NaN, also
 * beside log 0; otherwise NaN for y < 0.
 *
 * Derivatives: log y by x, x/y by y; NaN for y < 0. Within 0.51 ulp, all; float32 arrays 0.501 ulp.
 */
export const xlogy: BinaryFunction<'x' | 'y'> = /* @__PURE__ */ binary('xlogy', special.xlogy, {
  x: (_, y) => special.logRounded(y),
  y: special.xlogyDerivativeY,
})

/**
 * x log(1 + y). Takes numbers, arrays of equal length, or an array and a number (with `{ out }`). 0 at x = 0 unless y is NaN;
 * otherwise NaN for y < −1.
 *
 * Derivatives: log(1 + y) by x, x/(1 + y) by y; NaN for y < −1. Within 0.51 ulp, all; float32 arrays 0.501 ulp.
 */
export const xlog1py: BinaryFunction<'x' | 'y'> = /* @__PURE__ */ binary('xlog1py', special.xlog1py, {
  x: (_, y) => special.log1pRounded(y),
  y: special.xlog1pyDerivativeY,
})

/**
 * x e^x. Takes a number, or an array entry by entry (with `{ out }`). −0 at −∞, +∞ at +∞.
 *
 * Derivative: (1 + x) e^x. Within 0.51 ulp, both, subnormal results included; float32 arrays 0.501 ulp.
 */
export const xexpx: UnaryFunction = /* @__PURE__ */ unary('xexpx', 'x', special.xexpx, special.xexpxDerivative)

/**
 * x e^y. Takes numbers, arrays of equal length, or an array and a number (with `{ out }`). 0 with the sign of x at y = −∞, also
 * for infinite x; finite wherever the product is, even if e^y is not; NaN at x = 0, y = +∞.
 *
 * Derivatives: e^y by x, x e^y by y. Within 0.51 ulp, all, subnormal results included; float32 arrays 0.501 ulp.
 */
export const xexpy: BinaryFunction<'x' | 'y'> = /* @__PURE__ */ binary('xexpy', special.xexpy, {
  x: (_, y) => special.expRounded(y),
  y: special.xexpy,
})
