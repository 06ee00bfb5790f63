/**
 * cloglog p = log(−log(1 − p)) and its inverse cexpexp x = 1 − exp(−e^x), with their derivatives, rounded once.
 */
import { powerOfTwo } from './bits.ts'
import { BITS, fromFixed, logFixed, toFixed } from './fixed-point.ts'
import { LADDER, QUICK } from './precision.ts'
import { divideScaled, exactSum, multiplyScaled, negateScaled, ONE, roundScaled, scaled, scaledOf } from './scaled.ts'

const out = scaled()
const given = scaled()
const power = scaled()

export function cloglog(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? Number.NEGATIVE_INFINITY : p === 1 ? Number.POSITIVE_INFINITY : Number.NaN
  for (const { log, log1p, share } of LADDER) {
    scaledOf(-p, given)
    log1p(given, out)
    negateScaled(out, out)
    log(out, out)
    if (Math.abs(out.hi) >= share) return roundScaled(out)
  }
  return fromFixed(logFixed(-logFixed(toFixed(1, BITS) - toFixed(p, BITS), BITS), BITS), BITS)
}

/** −1/((1 − p) log(1 − p)). */
export function cloglogDerivative(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 || p === 1 ? Number.POSITIVE_INFINITY : Number.NaN
  scaledOf(-p, given)
  QUICK.log1p(given, out)
  exactSum(p, -1, power)
  multiplyScaled(out, power, out)
  divideScaled(ONE, out, out)
  return roundScaled(out)
}

/** Above this e^−e^x is 0. */
const ALL = 7

/** Leaves −e^x in `power`, and as a plain pair in `given` for x > −200. */
function minusPower(x: number): void {
  QUICK.exp(x, 0, power)
  negateScaled(power, power)
  const scale = powerOfTwo(Math.max(power.exponent, -1000))
  given.hi = power.hi * scale
  given.lo = power.lo * scale
}

export function cexpexp(x: number): number {
  if (Number.isNaN(x)) return x
  if (x > ALL) return 1
  minusPower(x)
  if (x < -200) return -roundScaled(power)
  QUICK.expm1(given.hi, given.lo, out)
  return -roundScaled(out)
}

/** e^x · exp(−e^x). */
export function cexpexpDerivative(x: number): number {
  if (Number.isNaN(x)) return x
  if (x > ALL) return 0
  minusPower(x)
  QUICK.exp(given.hi, given.lo, out)
  multiplyScaled(power, out, out)
  return -roundScaled(out)
}
