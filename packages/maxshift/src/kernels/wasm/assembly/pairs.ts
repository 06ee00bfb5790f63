/**
 * Error-free sums and products in float64 lanes: special/double-double.ts, operation for operation.
 */

const SPLITTER: f64 = 134217729

/** The rounding error of a + b, whose rounded sum is given. */
// @ts-expect-error: decorator
@inline
export function sumError(a: v128, b: v128, sum: v128): v128 {
  const virtual = f64x2.sub(sum, a)
  return f64x2.add(f64x2.sub(a, f64x2.sub(sum, virtual)), f64x2.sub(b, virtual))
}

/** The same, the larger of a and b first, so that nothing overflows at the end of the format. */
// @ts-expect-error: decorator
@inline
export function sumErrorOfAny(a: v128, b: v128, sum: v128): v128 {
  const isSmaller = f64x2.lt(f64x2.abs(a), f64x2.abs(b))
  return sumError(v128.bitselect(b, a, isSmaller), v128.bitselect(a, b, isSmaller), sum)
}

/** The upper half of b, to 26 bits; the lower half is exact too. */
// @ts-expect-error: decorator
@inline
export function upperHalf(b: v128): v128 {
  const scaled = f64x2.mul(f64x2.splat(SPLITTER), b)
  return f64x2.sub(scaled, f64x2.sub(scaled, b))
}

/** The rounding error of a · b for a b in halves; a is cut by truncation: productErrorOfLarge of special/double-double.ts. */
// @ts-expect-error: decorator
@inline
export function productErrorOfHalves(a: v128, bHead: v128, bTail: v128, product: v128): v128 {
  const aHead = v128.and(a, i64x2.splat(~0x7ffffff))
  const aTail = f64x2.sub(a, aHead)
  const rest = f64x2.sub(
    f64x2.sub(f64x2.sub(product, f64x2.mul(aHead, bHead)), f64x2.mul(aHead, bTail)),
    f64x2.mul(aTail, bHead),
  )
  return f64x2.sub(f64x2.mul(aTail, bTail), rest)
}

// Loose pairs: addLoosely and multiplyLoosely of special/double-double.ts, whose heads are the plain sum and the plain product.

/** The low part of (aHi + aLo) + (bHi + bLo), whose head is given. */
// @ts-expect-error: decorator
@inline
export function sumLow(aHi: v128, aLo: v128, bHi: v128, bLo: v128, sum: v128): v128 {
  return f64x2.add(sumError(aHi, bHi, sum), f64x2.add(aLo, bLo))
}

/** The low part of (aHi + aLo) · (bHi + bLo), whose head is given. */
// @ts-expect-error: decorator
@inline
export function productLow(aHi: v128, aLo: v128, bHi: v128, bLo: v128, product: v128): v128 {
  const bHead = upperHalf(bHi)
  const error = productErrorOfHalves(aHi, bHead, f64x2.sub(bHi, bHead), product)
  return f64x2.add(error, f64x2.add(f64x2.mul(aHi, bLo), f64x2.mul(aLo, bHi)))
}
