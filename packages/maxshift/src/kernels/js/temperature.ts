/**
 * Division by the temperature, float64: (x − s)/T as a pair hi + lo, good to 2^−100, from the exact difference.
 *
 * The difference is multiplied with 1/T as a pair. Two powers of two keep everything inside the format: entries are halved before
 * they are subtracted where T > 1, because then a difference that overflows may have a quotient that does not; and for
 * temperatures far from 1 differences are lifted to where products have exact errors. Both are exact, but for entries so small that
 * they count for nothing beside log 2, which every row of two entries has.
 */
import { dividePairs, type Pair, productErrorOfLarge, sumErrorOfAny } from '../../special/double-double.ts'

export interface Temperature {
  readonly value: number
  /** ½ where T > 1, else 1. */
  readonly half: number
  /** 2^±600 for T below 2^−400 or above 2^400, else 1. */
  readonly lift: number
  /** 1 / (T · half · lift). */
  readonly inverse: number
  readonly inverseLow: number
}

const FAR = 2.5822498780869086e120 // 0x58f0000000000000, 2^400
export const UP = 4.149515568880993e180 // 0x6570000000000000, 2^600
export const DOWN = 2.409919865102884e-181 // 0x1a70000000000000, 2^−600

/** What entries are multiplied with where sums of their differences are divided in the end. */
export const entryScale = ({ half, lift }: Temperature): number => half * lift

const pair: Pair = { hi: 0, lo: 0 }
let latest: Temperature = { value: 1, half: 1, lift: 1, inverse: 1, inverseLow: 0 }

/** What divides by T. The latest one is remembered. */
export function temperatureOf(value: number): Temperature {
  if (value !== latest.value) {
    const half = value > 1 ? 0.5 : 1
    const lift = value > FAR ? DOWN : value < 1 / FAR ? UP : 1
    dividePairs(1, 0, value * half * lift, 0, pair)
    latest = { value, half, lift, inverse: pair.hi, inverseLow: pair.lo }
  }
  return latest
}

/** (difference + tail)/T, the difference being one of halved entries where T > 1. An infinite quotient has lo = 0. */
export function overTemperature(t: Temperature, difference: number, tail: number, out: Pair): void {
  if (t.value !== 1) overLifted(t, difference * t.lift, tail * t.lift, out)
  else {
    out.hi = difference
    out.lo = tail
  }
}

/** The same for what has been multiplied with `lift` already. */
export function overLifted(t: Temperature, lifted: number, tail: number, out: Pair): void {
  const product = lifted * t.inverse
  out.hi = product
  if (Math.abs(product) === Number.POSITIVE_INFINITY) {
    out.lo = 0
    return
  }
  out.lo = productErrorOfLarge(lifted, t.inverse, product) + (lifted * t.inverseLow + tail * t.inverse)
}

/** (value − shift)/T. For −∞, or where it overflows, hi is infinite and lo means nothing. */
export function differenceOver(t: Temperature, value: number, shift: number, out: Pair): void {
  const a = value * t.half
  const b = shift * t.half
  const difference = a - b
  overTemperature(t, difference, sumErrorOfAny(a, -b, difference), out)
}
