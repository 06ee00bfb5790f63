/**
 * Logarithms of hyperbolic functions: of numbers and arrays, with derivatives.
 */
import * as special from '../../special/hyperbolic.ts'
import { type UnaryFunction, unary } from '../elementwise.ts'

/**
 * log cosh x. Takes a number, or an array entry by entry (with `{ out }`). x²/2 near 0, +∞ at ±∞.
 *
 * Derivative: tanh x. Within 0.51 ulp, both, subnormal results included; float32 arrays 0.501 ulp.
 */
export const logCosh: UnaryFunction = /* @__PURE__ */ unary('logCosh', 'x', special.logCosh, special.logCoshDerivative)

/**
 * log |sinh x|. Takes a number, or an array entry by entry (with `{ out }`). −∞ at 0, +∞ at ±∞.
 *
 * Derivative: coth x, ±∞ at ±0. Within 0.51 ulp, both, also near the zeros at ±0.8814; float32 arrays 0.501 ulp.
 */
export const logAbsSinh: UnaryFunction = /* @__PURE__ */ unary(
  'logAbsSinh',
  'x',
  special.logAbsSinh,
  special.logAbsSinhDerivative,
)

/**
 * log |tanh x|. Takes a number, or an array entry by entry (with `{ out }`). −∞ at 0, −0 at ±∞.
 *
 * Derivative: 2/sinh 2x, ±∞ at ±0 and ±0 at ±∞. Within 0.51 ulp, both, subnormal results included; float32 arrays 0.501 ulp.
 */
export const logAbsTanh: UnaryFunction = /* @__PURE__ */ unary(
  'logAbsTanh',
  'x',
  special.logAbsTanh,
  special.logAbsTanhDerivative,
)
