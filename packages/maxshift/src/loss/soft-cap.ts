/**
 * The soft cap of logits, v = c · tanh(x/c), and its slope 1 − tanh²(x/c). It keeps logits in (−c, c) with a slope of 1 at 0
 * (Bello et al., "Neural combinatorial optimization with reinforcement learning", arXiv:1611.09940; Gemma 2, arXiv:2408.00118).
 *
 * With y = |x|/c: tanh y = −E/(2 + E) for E = expm1(−2y), where nothing cancels, and 1 − tanh² y = 4e/(1 + e)² for e = exp(−2y), which
 * keeps its digits where tanh y has rounded to 1. The exponent of e multiplies the error of y, so y is a pair.
 */
import type { FloatArray } from '../arrays.ts'
import { scaleRounded } from '../special/bits.ts'
import { productError } from '../special/double-double.ts'
import { type ExpParts, expm1, expParts } from '../special/exp.ts'

/** Up to here tanh y is y and the slope 1. */
const LINEAR = 1e-9
/** From here on tanh y rounds to 1, and 4e/(1 + e)² to 4e. */
const SATURATED = 20
/** From here on the slope is 0: e^−1490 is less than half of the smallest number. */
const FLAT = 745

/** c · tanh(x/c), within 5 ulp: five roundings (2.1 measured). c at +∞, but −∞ stays: a class that is ruled out stays ruled out. NaN for NaN. */
export function softCapped(x: number, cap: number): number {
  if (x === Number.NEGATIVE_INFINITY) return x
  const y = Math.abs(x) / cap
  if (y < LINEAR) return x
  if (y >= SATURATED) return x < 0 ? -cap : cap
  const e = expm1(-2 * y)
  const size = cap * (-e / (2 + e))
  return x < 0 ? -size : size
}

const parts: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/** 1 − tanh²(x/c), within 5 ulp (2.8 measured). 0 at +∞, 1 at −∞, which stays; NaN for NaN. */
export function softCapSlope(x: number, cap: number): number {
  const size = Math.abs(x)
  const y = size / cap
  if (!(y < FLAT)) return x === Number.NEGATIVE_INFINITY ? 1 : y >= FLAT ? 0 : y
  const product = y * cap
  const rest = size - product - productError(y, cap, product)
  const tail = -2 * (rest / cap)
  expParts(-2 * y, Number.isFinite(tail) ? tail : 0, parts)
  if (y >= SATURATED) return scaleRounded(parts.hi * 4, parts.lo * 4, parts.exponent)
  const e = scaleRounded(parts.hi, parts.lo, parts.exponent)
  return (4 * e) / ((1 + e) * (1 + e))
}

/** out_i = the capped logits_i, in float64 whatever the dtype of the logits. */
export function softCapAll(logits: FloatArray, cap: number, out: Float64Array): void {
  for (let i = 0; i < logits.length; i++) out[i] = softCapped(logits[i], cap)
}

/** out_i = the gradient with respect to the logits_i from that with respect to the capped ones; 0 stays 0, also at NaN. */
export function softCapChain(logits: FloatArray, cap: number, gradient: Float64Array, out: FloatArray): void {
  for (let i = 0; i < logits.length; i++) {
    out[i] = gradient[i] === 0 ? 0 : gradient[i] * softCapSlope(logits[i], cap) + 0
  }
}
