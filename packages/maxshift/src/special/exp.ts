/**
 * The exponential: exp and expm1 in float64, and the unrounded form that the kernels build on.
 *
 * Reduction (Tang, "Table-driven implementation of the exponential function", ACM TOMS 15 (1989) 144):
 * x = k · ln 2/128 + r with |r| ≤ ln 2/256, k = 128 n + j, so exp x = 2^n · 2^(j/128) · exp r. The step ln 2/128 is held in
 * three parts; k times the first two is exact, so r is known to about 2^−111. 2^(j/128) comes from a table of pairs,
 * exp r − 1 from its Taylor polynomial with the leading term r kept as a pair. What is returned, (hi + lo) · 2^n, is good to
 * about 2^−68 relative: rounding it once gives at most 0.5001 ulp. expFull in exp-full.ts goes on to 2^−100.
 */
import { powerOfTwo, scaleRounded } from './bits.ts'
import { EXP2_TABLE } from './exp2-table.ts'

/** 128 / ln 2. */
export const STEPS_PER_UNIT = 184.6649652337873 // 0x40671547652b82fe
/** ln 2 / 128 = STEP_HIGH + STEP_MIDDLE + STEP_LOW; the first two have 34 bits. */
export const STEP_HIGH = 0.005415212347998022 // 0x3f762e42fef80000
export const STEP_MIDDLE = 1.2655086083012853e-13 // 0x3d41cf79abc80000
export const STEP_LOW = 3.1258479278239995e-24 // 0x3b0e3b39803f2f6b
/** Adding and subtracting this rounds |x| < 2^51 to the nearest integer, ties to even. */
export const ROUND_TO_INTEGER = 6755399441055744 // 0x4338000000000000, 1.5 · 2^52
/** The same for multiples of 2^−34 and of 2^−25. */
const ROUND_TO_34_BITS = 393216 // 0x4118000000000000, 1.5 · 2^(52 − 34)
const ROUND_TO_25_BITS = 201326592 // 0x41a8000000000000, 1.5 · 2^(52 − 25)

/** Below this exp is 0 in every rounding of ours (the smallest subnormal is e^−744.4); arguments are clamped here. */
export const EXP_UNDERFLOW = -1600

/** 1/n! for n = 3 … 6. */
const C3 = 0.16666666666666666 // 0x3fc5555555555555
const C4 = 0.041666666666666664 // 0x3fa5555555555555
const C5 = 0.008333333333333333 // 0x3f81111111111111
const C6 = 0.001388888888888889 // 0x3f56c16c16c16c17

/** What expParts leaves behind: exp = (hi + lo) · 2^exponent, 2^(−1/256) ≤ hi ≤ 2^(255/256) but for rounding, |lo| ≤ ulp(hi)/2. */
export interface ExpParts {
  hi: number
  lo: number
  exponent: number
}

/**
 * exp(x + tail) into `parts`, unrounded. |x| ≤ 1600 and |tail| ≤ ulp(x): the exact difference of two float64 is such a pair.
 * Relative error ≤ 2^−68. No checks: clamp first (EXP_UNDERFLOW), handle NaN and infinities outside.
 */
export function expParts(x: number, tail: number, parts: ExpParts): void {
  const k = x * STEPS_PER_UNIT + ROUND_TO_INTEGER - ROUND_TO_INTEGER
  // r = x − k · step: the first product and its difference are exact, the second product is exact.
  const coarse = x - k * STEP_HIGH
  const product = k * STEP_MIDDLE
  const near = coarse - product
  const rest = coarse - near - product + (tail - k * STEP_LOW)
  const r = near + rest
  const rLow = near - r + rest

  // exp r − 1 = r + u, u ≈ r²/2 < 2^−18.
  const u = r * r * (0.5 + r * (C3 + r * (C4 + r * (C5 + r * C6)))) + rLow

  // (hi + lo) = table · (1 + r + u). The product table · r must keep 2^−70, so both factors are split until it is exact.
  const j = k & 127
  const table = EXP2_TABLE[2 * j]
  const tableLow = EXP2_TABLE[2 * j + 1]
  const rHead = r + ROUND_TO_34_BITS - ROUND_TO_34_BITS
  const tableHead = table + ROUND_TO_25_BITS - ROUND_TO_25_BITS
  const head = tableHead * rHead
  const remainder = table * (r - rHead) + (table - tableHead) * rHead
  const sum = table + head
  const low = table - sum + head + (remainder + (table * u + (tableLow + tableLow * r)))
  parts.hi = sum + low
  parts.lo = sum - parts.hi + low
  parts.exponent = (k - j) / 128
}

const parts: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/**
 * e^x, at most 0.501 ulp off, subnormal results included. exp(−∞) = 0, exp(+∞) = +∞, NaN gives NaN; overflow gives +∞,
 * underflow +0.
 */
export function exp(x: number): number {
  if (!(x > -746)) return x <= -746 ? 0 : x
  if (x > 710) return Number.POSITIVE_INFINITY
  expParts(x, 0, parts)
  return scaleRounded(parts.hi, parts.lo, parts.exponent)
}

/**
 * e^x − 1 without cancellation, at most 0.51 ulp off. expm1(±0) = ±0, expm1(−∞) = −1, expm1(+∞) = +∞, NaN gives NaN.
 */
export function expm1(x: number): number {
  if (x > -1e-17 && x < 1e-17) return x
  if (!(x > -40)) return x <= -40 ? -1 : x
  if (x > 710) return Number.POSITIVE_INFINITY
  if (x > 60) return exp(x)
  if (x > -0.0027 && x < 0.0027) {
    // Here the reduction is empty (k = 0): add up the series from its small end, so that the leading x is rounded last.
    const c7 = 0.0001984126984126984 // 0x3f2a01a01a01a01a, 1/7!
    return x + x * x * (0.5 + x * (C3 + x * (C4 + x * (C5 + x * (C6 + x * c7)))))
  }
  expParts(x, 0, parts)
  const scale = powerOfTwo(parts.exponent)
  const hi = parts.hi * scale
  const sum = hi - 1
  const error = hi >= 1 ? hi - sum - 1 : hi - (sum + 1)
  return sum + (error + parts.lo * scale)
}
