/**
 * Division by the temperature in float64 lanes, accurate mode: kernels/js/temperature.ts, operation for operation, for temperatures
 * from 2^−400 to 2^400.
 */
import { productErrorOfHalves, upperHalf } from './pairs'

/** Whether the temperature is not 1. */
export let isScaled = false
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

// Differences are a − b, of halved entries where T > 1; `scaled` is a constant where it matters, so that T = 1 costs nothing. No
// vector goes through a global in the loops: V8 stores each of them to memory (12 % of the time for two).

/** An entry as it is subtracted. */
// @ts-expect-error: decorator
@inline
export function halved(scaled: bool, v: v128): v128 {
  return scaled ? f64x2.mul(v, half) : v
}

/** difference/T, the head of the pair. */
// @ts-expect-error: decorator
@inline
export function over(scaled: bool, difference: v128): v128 {
  return scaled ? f64x2.mul(difference, inverse) : difference
}

/** The rest of (difference + low)/T, whose head is given. */
// @ts-expect-error: decorator
@inline
export function overLow(scaled: bool, difference: v128, low: v128, head: v128): v128 {
  if (!scaled) return low
  const rest = f64x2.add(f64x2.mul(difference, inverseLow), f64x2.mul(low, inverse))
  return f64x2.add(productErrorOfHalves(difference, inverseHead, inverseTail, head), rest)
}
