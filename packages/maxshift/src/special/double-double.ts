/**
 * Double-double arithmetic: a number as the unevaluated sum hi + lo of two float64 with |lo| ≤ ulp(hi)/2, about 106 bits.
 *
 * The error-free sum is Knuth's, the product Dekker's with Veltkamp's splitting, the pair operations the "accurate" ones of
 * Joldes, Muller & Popescu, "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", ACM TOMS
 * 44 (2017) 15: relative error at most 2^−103. JavaScript and WebAssembly have no fused multiply-add, hence the splitting.
 * Operands must stay below 2^996, where splitting overflows; everything here is scaled to the neighbourhood of 1.
 * Results go into a Pair given by the caller, which may be one of the operands.
 */

import { truncate } from './bits.ts'

export interface Pair {
  hi: number
  lo: number
}

/** 2^27 + 1: multiplying by it and subtracting splits 53 bits into 26 and 26. */
export const SPLITTER = 134217729

/** The rounding error of a + b; the sum itself is given. */
export function sumError(a: number, b: number, sum: number): number {
  const virtual = sum - a
  return a - (sum - virtual) + (b - virtual)
}

/** The same for any a and b with a finite sum: the larger one first, or a or b at the end of the format could overflow on the way. */
export const sumErrorOfAny = (a: number, b: number, sum: number): number =>
  Math.abs(a) < Math.abs(b) ? sumError(b, a, sum) : sumError(a, b, sum)

/** The rounding error of a · b; the product itself is given. */
export function productError(a: number, b: number, product: number): number {
  const aScaled = SPLITTER * a
  const aHead = aScaled - (aScaled - a)
  const aTail = a - aHead
  const bScaled = SPLITTER * b
  const bHead = bScaled - (bScaled - b)
  const bTail = b - bHead
  return aTail * bTail - (product - aHead * bHead - aHead * bTail - aTail * bHead)
}

/** The same with a cut by truncation, in which nothing overflows however large a is. */
export function productErrorOfLarge(a: number, b: number, product: number): number {
  const aHead = truncate(a)
  const aTail = a - aHead
  const bScaled = SPLITTER * b
  const bHead = bScaled - (bScaled - b)
  const bTail = b - bHead
  return aTail * bTail - (product - aHead * bHead - aHead * bTail - aTail * bHead)
}

/** out = hi + lo, brought into the form |lo| ≤ ulp(hi)/2. Needs |hi| ≥ |lo|. */
export function normalize(hi: number, lo: number, out: Pair): void {
  const sum = hi + lo
  out.lo = hi - sum + lo
  out.hi = sum
}

/** out = (aHi + aLo) + (bHi + bLo). */
export function addPairs(aHi: number, aLo: number, bHi: number, bLo: number, out: Pair): void {
  const hi = aHi + bHi
  const hiError = sumError(aHi, bHi, hi)
  const lo = aLo + bLo
  const loError = sumError(aLo, bLo, lo)
  normalize(hi, hiError + lo, out)
  normalize(out.hi, out.lo + loError, out)
}

/** out = (aHi + aLo) · (bHi + bLo). */
export function multiplyPairs(aHi: number, aLo: number, bHi: number, bLo: number, out: Pair): void {
  const product = aHi * bHi
  const error = productError(aHi, bHi, product)
  normalize(product, error + (aHi * bLo + aLo * bHi), out)
}

/**
 * out = (aHi + aLo) · (bHi + bLo), not normalised and good to 2^−77: the product of upper halves is exact, and the rest is rounded
 * at 2^−26 of it. A third of the operations of multiplyPairs.
 */
export function multiplyHalves(aHi: number, aLo: number, bHi: number, bLo: number, out: Pair): void {
  const aHead = truncate(aHi)
  const aTail = aHi - aHead + aLo
  const bScaled = SPLITTER * bHi
  const bHead = bScaled - (bScaled - bHi)
  const bTail = bHi - bHead + bLo
  out.hi = aHead * bHead
  out.lo = aHead * bTail + aTail * bHi
}

/** out = (aHi + aLo) / (bHi + bLo): the quotient of the heads, corrected by the exact remainder twice. */
export function dividePairs(aHi: number, aLo: number, bHi: number, bLo: number, out: Pair): void {
  const first = aHi / bHi
  multiplyPairs(bHi, bLo, first, 0, out)
  addPairs(aHi, aLo, -out.hi, -out.lo, out)
  const restHi = out.hi
  const restLo = out.lo
  const second = restHi / bHi
  multiplyPairs(bHi, bLo, second, 0, out)
  addPairs(restHi, restLo, -out.hi, -out.lo, out)
  const third = out.hi / bHi
  normalize(first, second, out)
  normalize(out.hi, out.lo + third, out)
}

// The same without the last steps, good to about 2^−104 where nothing cancels: lo may be some units in the last place of hi, so that
// hi alone is not the rounded number. Chains of them are short: the sums and products of the heads wait for nothing else.

/** out = (aHi + aLo) + (bHi + bLo), not normalised. */
export function addLoosely(aHi: number, aLo: number, bHi: number, bLo: number, out: Pair): void {
  const sum = aHi + bHi
  out.lo = sumError(aHi, bHi, sum) + (aLo + bLo)
  out.hi = sum
}

/** out = (aHi + aLo) · (bHi + bLo), not normalised; a may be as large as numbers are. */
export function multiplyLoosely(aHi: number, aLo: number, bHi: number, bLo: number, out: Pair): void {
  const product = aHi * bHi
  out.lo = productErrorOfLarge(aHi, bHi, product) + (aHi * bLo + aLo * bHi)
  out.hi = product
}
