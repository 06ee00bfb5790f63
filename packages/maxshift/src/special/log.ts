/**
 * The natural logarithm: log and log1p in float64.
 *
 * An argument is written 2^e · (1 + f) with 1 + f in [√½, √2]; with z = f/(2 + f), log(1 + f) = 2 artanh z
 * = f − z·f + z³ Q(z²) = f − (f²/2 − z (f²/2 + z² Q(z²))), where the last form leaves f, the leading term, to be added last
 * (Muller et al., Handbook of Floating-Point Arithmetic, §11.4). Q is interpolated at Chebyshev nodes (scripts/constants.mjs).
 * Errors stay below 1 ulp; the forms good to 2^−100 are in log-full.ts.
 */
import { highWord, withHighWord } from './bits.ts'

/** ln 2 = LN2_HIGH + LN2_LOW; the first has 42 bits, so an exponent times it is exact. */
const LN2_HIGH = 0.6931471805598903 // 0x3fe62e42fefa3800
const LN2_LOW = 5.497923018708371e-14 // 0x3d2ef35793c76730

const Q0 = 0.6666666666666666 // 0x3fe5555555555555
const Q1 = 0.4000000000000088 // 0x3fd9999999999a38
const Q2 = 0.28571428570803614 // 0x3fd2492492476ccc
const Q3 = 0.22222222391713917 // 0x3fcc71c720159177
const Q4 = 0.18181795640132906 // 0x3fc745cf9048dd95
const Q5 = 0.15386239702814658 // 0x3fc3b1c355a8f7a2
const Q6 = 0.13268773138656886 // 0x3fc0fbe95d716020
const Q7 = 0.13086626147840102 // 0x3fc0c039c49989c6

/** The high word of √½; the fraction of an argument is brought into [√½, √2) by comparing with it. */
const SQRT_HALF_HIGH = 0x3fe6a09e

/** log(2^exponent · (1 + f)) + correction, for 1 + f in [√½, √2]; the correction is far below f or the exponent's part. */
function logReduced(f: number, exponent: number, correction: number): number {
  const z = f / (2 + f)
  const w = z * z
  const q = w * (Q0 + w * (Q1 + w * (Q2 + w * (Q3 + w * (Q4 + w * (Q5 + w * (Q6 + w * Q7)))))))
  const halfSquare = 0.5 * f * f
  const small = z * (halfSquare + q) + (exponent * LN2_LOW + correction)
  return exponent * LN2_HIGH - (halfSquare - small - f)
}

/**
 * log x, less than 1 ulp off. log(±0) = −∞, log(1) = +0, log(+∞) = +∞; NaN for negative arguments and NaN.
 */
export function log(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) {
    return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN
  }
  // Subnormals are scaled up by 2^54 first, which is exact.
  const scaled = x < 2.2250738585072014e-308 ? x * 18014398509481984 : x
  const exponent = (highWord(scaled) - SQRT_HALF_HIGH) >> 20
  const fraction = withHighWord(scaled, highWord(scaled) - (exponent << 20))
  return logReduced(fraction - 1, scaled === x ? exponent : exponent - 54, 0)
}

/**
 * log(1 + x) without cancellation, less than 1 ulp off. log1p(±0) = ±0, log1p(−1) = −∞, log1p(+∞) = +∞;
 * NaN below −1 and for NaN.
 */
export function log1p(x: number): number {
  if (!(x > -1) || x === Number.POSITIVE_INFINITY) {
    return x === -1 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN
  }
  if (x > -1e-17 && x < 1e-17) return x
  const sum = 1 + x
  const exponent = (highWord(sum) - SQRT_HALF_HIGH) >> 20
  // Without an exponent x itself is f; else the rounding error of 1 + x, over the sum, is the first-order correction.
  if (exponent === 0) return logReduced(x, 0, 0)
  const error = x < 1 ? x - (sum - 1) : 1 - (sum - x)
  const fraction = withHighWord(sum, highWord(sum) - (exponent << 20))
  return logReduced(fraction - 1, exponent, error / sum)
}
