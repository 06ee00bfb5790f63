/**
 * Division by the temperature in float64 lanes, accurate mode: kernels/js/temperature.ts, operation for operation, for temperatures
 * from 2^−400 to 2^400. A temperature of 1 costs a branch that is always predicted.
 */
import { productErrorOfHalves, sumError, sumErrorOfAny, upperHalf } from './pairs'

let isScaled = false
let half = f64x2.splat(1)
let inverse = f64x2.splat(1)
let inverseHead = f64x2.splat(1)
let inverseTail = f64x2.splat(0)
let inverseLow = f64x2.splat(0)

/** What entries are multiplied with, and 1/(T · half) as a pair. */
export function setTemperature_f64(halfValue: f64, inverseValue: f64, low: f64): void {
  isScaled = inverseValue !== 1 || halfValue !== 1
  half = f64x2.splat(halfValue)
  inverse = f64x2.splat(inverseValue)
  inverseHead = upperHalf(inverse)
  inverseTail = f64x2.sub(inverse, inverseHead)
  inverseLow = f64x2.splat(low)
}

// What divide leaves: a − b, of halved entries where T > 1, and its error; and (a − b)/T as a pair.
export let difference = f64x2.splat(0)
export let differenceLow = f64x2.splat(0)
export let quotient = f64x2.splat(0)
export let quotientLow = f64x2.splat(0)

// @ts-expect-error: decorator
@inline
function divideDifference(d: v128, low: v128): void {
  difference = d
  differenceLow = low
  if (isScaled) {
    const q = f64x2.mul(d, inverse)
    const rest = f64x2.add(f64x2.mul(d, inverseLow), f64x2.mul(low, inverse))
    quotient = q
    quotientLow = f64x2.add(productErrorOfHalves(d, inverseHead, inverseTail, q), rest)
  } else {
    quotient = d
    quotientLow = low
  }
}

/** For exponentials, which need no error of differences that are at the end of the format. */
// @ts-expect-error: decorator
@inline
export function divide(a: v128, b: v128): void {
  if (isScaled) {
    a = f64x2.mul(a, half)
    b = f64x2.mul(b, half)
  }
  const d = f64x2.sub(a, b)
  divideDifference(d, sumError(a, f64x2.neg(b), d))
}

/** For all finite differences. */
// @ts-expect-error: decorator
@inline
export function divideAny(a: v128, b: v128): void {
  if (isScaled) {
    a = f64x2.mul(a, half)
    b = f64x2.mul(b, half)
  }
  const d = f64x2.sub(a, b)
  divideDifference(d, sumErrorOfAny(a, f64x2.neg(b), d))
}
