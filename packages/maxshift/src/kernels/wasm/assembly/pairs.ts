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

/** The rounding error of a · b, whose rounded product is given. */
// @ts-expect-error: decorator
@inline
export function productError(a: v128, b: v128, product: v128): v128 {
  const splitter = f64x2.splat(SPLITTER)
  const aScaled = f64x2.mul(splitter, a)
  const aHead = f64x2.sub(aScaled, f64x2.sub(aScaled, a))
  const aTail = f64x2.sub(a, aHead)
  const bScaled = f64x2.mul(splitter, b)
  const bHead = f64x2.sub(bScaled, f64x2.sub(bScaled, b))
  const bTail = f64x2.sub(b, bHead)
  const rest = f64x2.sub(
    f64x2.sub(f64x2.sub(product, f64x2.mul(aHead, bHead)), f64x2.mul(aHead, bTail)),
    f64x2.mul(aTail, bHead),
  )
  return f64x2.sub(f64x2.mul(aTail, bTail), rest)
}
