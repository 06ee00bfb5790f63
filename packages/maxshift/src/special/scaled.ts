/**
 * Double-double numbers with an exponent of their own: (hi + lo) · 2^exponent, so that nothing overflows or underflows before
 * the one rounding at the end, roundScaled. The log-exp functions (softplus.ts and its neighbours) are written in these.
 *
 * hi is 0, or its magnitude is far inside float64 (2^±300), which products and quotients of a few numbers near 1 keep; scaledOf
 * brings any number there. Operands and results are Scaled given by the caller, and a result may be one of the operands.
 */
import { highWord, powerOfTwo, scaleRounded, withHighWord } from './bits.ts'
import { addPairs, dividePairs, multiplyPairs, normalize, sumErrorOfAny } from './double-double.ts'
import type { ExpParts } from './exp.ts'

/** What expParts leaves: (hi + lo) · 2^exponent. */
export type Scaled = ExpParts

/** 1, for sums and reciprocals. */
export const ONE: Scaled = { hi: 1, lo: 0, exponent: 0 }

export const scaled = (): Scaled => ({ hi: 0, lo: 0, exponent: 0 })

/** out = x for a finite x, subnormal ones included. */
export function scaledOf(x: number, out: Scaled): void {
  const size = Math.abs(x)
  out.lo = 0
  if (x === 0 || (size > 5e-20 && size < 2e19)) {
    out.hi = x
    out.exponent = 0
    return
  }
  const lifted = size < 2.2250738585072014e-308 ? x * 18014398509481984 : x // · 2^54, exact
  const exponent = ((highWord(lifted) >> 20) & 0x7ff) - 1023
  out.hi = withHighWord(lifted, highWord(lifted) - (exponent << 20))
  out.exponent = lifted === x ? exponent : exponent - 54
}

/** out = a + b without any rounding, for finite a and b whose sum is finite. */
export function exactSum(a: number, b: number, out: Scaled): void {
  const sum = a + b
  const error = sumErrorOfAny(a, b, sum)
  scaledOf(sum, out)
  // An error exists only where the sum is normal and the error at least 2^−1074, so lifting it is exact; 2^−1023 is none.
  if (error !== 0) out.lo = out.exponent === 0 ? error : error * 0.5 * powerOfTwo(1 - out.exponent)
}

/** out = a + b. */
export function addScaled(a: Scaled, b: Scaled, out: Scaled): void {
  // Of two numbers the one with the larger exponent keeps it. What is shifted out by 2^1022 is nothing beside the other.
  const aIsLarge = b.hi === 0 || (a.hi !== 0 && a.exponent >= b.exponent)
  const large = aIsLarge ? a : b
  const small = aIsLarge ? b : a
  // A zero may come with any exponent, also a larger one.
  const shift = powerOfTwo(Math.max(Math.min(small.exponent - large.exponent, 0), -1022))
  const exponent = large.exponent
  addPairs(large.hi, large.lo, small.hi * shift, small.lo * shift, out)
  out.exponent = exponent
}

/** out = a · b. */
export function multiplyScaled(a: Scaled, b: Scaled, out: Scaled): void {
  const exponent = a.exponent + b.exponent
  multiplyPairs(a.hi, a.lo, b.hi, b.lo, out)
  out.exponent = exponent
}

/** out = a / b, b not 0. */
export function divideScaled(a: Scaled, b: Scaled, out: Scaled): void {
  const exponent = a.exponent - b.exponent
  dividePairs(a.hi, a.lo, b.hi, b.lo, out)
  out.exponent = exponent
}

/** out = −a. */
export function negateScaled(a: Scaled, out: Scaled): void {
  out.hi = -a.hi
  out.lo = -a.lo
  out.exponent = a.exponent
}

/** The nearest float64, gradual underflow and overflow included; 0 keeps its sign. */
export function roundScaled(a: Scaled): number {
  if (a.exponent === 0) return a.hi
  if (a.hi === 0) return a.hi
  const exponent = Math.min(a.exponent, 2000)
  return a.hi < 0 ? -scaleRounded(-a.hi, -a.lo, exponent) : scaleRounded(a.hi, a.lo, exponent)
}

/** a as a plain float64, for comparisons: rounded twice where it is subnormal. */
export const approximately = (a: Scaled): number => {
  if (a.exponent === 0) return a.hi
  const exponent = Math.max(Math.min(a.exponent, 2000), -2000)
  const half = exponent >> 1
  return a.hi * powerOfTwo(half) * powerOfTwo(exponent - half)
}

/** out = hi + lo as it is, exponent 0. Needs |hi| ≥ |lo|. */
export function scaledPair(hi: number, lo: number, out: Scaled): void {
  normalize(hi, lo, out)
  out.exponent = 0
}
