/**
 * How far a result lies from the exact value, in units in the last place of the output format.
 *
 * The unit is the spacing of the format's numbers in the binade of the exact value, with the subnormal spacing as the
 * floor: ulp(v) = 2^max(⌊log2 |v|⌋ − p + 1, e), p = 24, e = −149 for f32 and p = 53, e = −1074 for f64. A correctly
 * rounded result is at most 0.5 away. Nothing here is shared with the library that it measures.
 */
import type { FloatArray } from '../../src/arrays.ts'

export type Dtype = 'f32' | 'f64'
export const DTYPES: readonly Dtype[] = ['f32', 'f64']

const PRECISION = { f32: 23, f64: 52 }
const LOWEST = { f32: -149, f64: -1074 }

/**
 * An exact value, as a number of the format and the rest: value = rounded + residual · (spacing at the value).
 * An infinite or NaN `rounded` stands for itself; an infinite one also for finite values that round to it.
 */
export interface Exact {
  readonly rounded: number
  readonly residual: number
}

const float = new Float64Array(1)
const bits = new BigUint64Array(float.buffer)

/** 2^exponent for −1074 ≤ exponent ≤ 1023, subnormal results included. */
export function powerOfTwo(exponent: number): number {
  bits[0] = exponent >= -1022 ? BigInt(exponent + 1023) << 52n : 1n << BigInt(exponent + 1074)
  return float[0]
}

/** ⌊log2 |x|⌋ for finite normal x; −1023 for a subnormal x or 0, which lie below every format's floor. */
export function exponentOf(x: number): number {
  float[0] = x
  return Number((bits[0] >> 52n) & 0x7ffn) - 1023
}

/** log2 of the distance from one number of the format to the next, in the binade of x. */
export function spacingExponent(x: number, dtype: Dtype): number {
  return Math.max(exponentOf(x) - PRECISION[dtype], LOWEST[dtype])
}

/** The distance from one number of the format to the next, in the binade of x. */
export function spacing(x: number, dtype: Dtype): number {
  return powerOfTwo(spacingExponent(x, dtype))
}

/** The spacing at an exact value. A value just below a power of two rounds up to it, but has half of its spacing. */
export function spacingAt({ rounded, residual }: Exact, dtype: Dtype): number {
  const above = spacing(rounded, dtype)
  const below =
    residual * Math.sign(rounded) < 0 && Math.abs(rounded) === powerOfTwo(Math.max(exponentOf(rounded), -1022))
  return below && above > powerOfTwo(LOWEST[dtype]) ? above / 2 : above
}

/** A typed array of the format: zeros of a length, or given values. */
export function floatArray(dtype: Dtype, values: number | ArrayLike<number>): FloatArray {
  const Type = dtype === 'f32' ? Float32Array : Float64Array
  return typeof values === 'number' ? new Type(values) : new Type(values)
}

/** The number of the format that a value is returned as, the way a typed array would store it. */
export function roundTo(dtype: Dtype, x: number): number {
  return dtype === 'f32' ? Math.fround(x) : x
}

/** |actual − exact| in ulps of the format. A NaN or an infinity in the wrong place is infinitely wrong. */
export function ulpError(actual: number, exact: Exact, dtype: Dtype): number {
  if (Number.isNaN(actual) || Number.isNaN(exact.rounded)) {
    return Number.isNaN(actual) && Number.isNaN(exact.rounded) ? 0 : Number.POSITIVE_INFINITY
  }
  if (!Number.isFinite(actual) || !Number.isFinite(exact.rounded)) {
    return actual === exact.rounded ? 0 : Number.POSITIVE_INFINITY
  }
  return Math.abs((actual - exact.rounded) / spacingAt(exact, dtype) - exact.residual)
}

/** |actual − exact| itself, to about eight digits; only for finite values. */
export function absoluteError(actual: number, exact: Exact, dtype: Dtype): number {
  return ulpError(actual, exact, dtype) * spacingAt(exact, dtype)
}
