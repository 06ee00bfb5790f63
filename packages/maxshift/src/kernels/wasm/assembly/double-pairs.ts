/**
 * Pairs in float64 lanes, for what is done once a row: special/double-double.ts, operation for operation. Results are left in `hi`, `lo`.
 */
import { productErrorOfHalves, sumError, upperHalf } from './pairs'

export let hi = f64x2.splat(0)
export let lo = f64x2.splat(0)

/** a + b for |a| ≥ |b|. */
// @ts-expect-error: decorator
@inline
export function normalize(a: v128, b: v128): void {
  const sum = f64x2.add(a, b)
  lo = f64x2.add(f64x2.sub(a, sum), b)
  hi = sum
}

export function addPairs(aHi: v128, aLo: v128, bHi: v128, bLo: v128): void {
  const head = f64x2.add(aHi, bHi)
  const tail = f64x2.add(aLo, bLo)
  const error = f64x2.add(sumError(aHi, bHi, head), tail)
  const sum = f64x2.add(head, error)
  const rest = f64x2.add(f64x2.sub(head, sum), error)
  normalize(sum, f64x2.add(rest, sumError(aLo, bLo, tail)))
}

export function multiplyPairs(aHi: v128, aLo: v128, bHi: v128, bLo: v128): void {
  const product = f64x2.mul(aHi, bHi)
  const head = upperHalf(bHi)
  const error = productErrorOfHalves(aHi, head, f64x2.sub(bHi, head), product)
  normalize(product, f64x2.add(error, f64x2.add(f64x2.mul(aHi, bLo), f64x2.mul(aLo, bHi))))
}

export function dividePairs(aHi: v128, aLo: v128, bHi: v128, bLo: v128): void {
  const zero = f64x2.splat(0)
  const first = f64x2.div(aHi, bHi)
  multiplyPairs(bHi, bLo, first, zero)
  addPairs(aHi, aLo, f64x2.neg(hi), f64x2.neg(lo))
  const restHi = hi
  const restLo = lo
  const second = f64x2.div(restHi, bHi)
  multiplyPairs(bHi, bLo, second, zero)
  addPairs(restHi, restLo, f64x2.neg(hi), f64x2.neg(lo))
  const third = f64x2.div(hi, bHi)
  normalize(first, second)
  normalize(hi, f64x2.add(lo, third))
}
