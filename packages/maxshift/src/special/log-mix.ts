/**
 * log(θ e^a + (1 − θ) e^b) with its derivatives, rounded once.
 *
 * The sum T is formed as it stands, with exponents of its own; around T = 1 the result is log1p(θ (e^a − 1) + (1 − θ)(e^b − 1)),
 * and where those two cancel it is repeated in FULL and then in fixed point. 1 − θ is exact throughout.
 */
import { sumError } from './double-double.ts'
import { BITS, bitsOf, expFixed, fromFixed, logFixed, toFixed } from './fixed-point.ts'
import { LADDER, QUICK } from './precision.ts'
import {
  addScaled,
  approximately,
  divideScaled,
  exactSum,
  multiplyScaled,
  negateScaled,
  roundScaled,
  type Scaled,
  scaled,
  scaledOf,
} from './scaled.ts'

const out = scaled()
const weightA = scaled()
const weightB = scaled()
const termA = scaled()
const termB = scaled()

/** e^x below this is nothing beside any weight times e^−800. */
const FAR = -1600
/** Outside of this range of the maximum it is taken out first; the logarithm of a weight, at least −745, then cancels nothing. */
const LOW = -800
const HIGH = 1500

/** term = weight · e^(x − shift). */
function weighted(weight: Scaled, x: number, shift: number, term: Scaled): void {
  const difference = x - shift
  if (difference < FAR) {
    term.hi = term.lo = term.exponent = 0
    return
  }
  QUICK.exp(difference, sumError(x, -shift, difference), term)
  multiplyScaled(weight, term, term)
}

/** The weights as numbers, exactly. */
function setWeights(theta: number): void {
  scaledOf(theta, weightA)
  exactSum(1, -theta, weightB)
}

/** T near 1 in fixed point. */
function mixFixed(theta: number, a: number, b: number): number {
  const bits = bitsOf(theta) + bitsOf(Math.abs(a)) + bitsOf(Math.abs(b)) - 2 * BITS
  const power = (x: number): bigint => (x < FAR ? 0n : expFixed(toFixed(x, bits), bits))
  const weight = toFixed(theta, bits)
  const sum = weight * power(a) + (toFixed(1, bits) - weight) * power(b)
  return fromFixed(logFixed(sum >> BigInt(bits), bits), bits)
}

/** log T for T in [½, 2]. */
function mixNearOne(theta: number, a: number, b: number): number {
  for (const { expm1, log1p, share } of LADDER) {
    expm1(a, 0, termA)
    multiplyScaled(weightA, termA, termA)
    expm1(b, 0, termB)
    multiplyScaled(weightB, termB, termB)
    addScaled(termA, termB, out)
    if (Math.abs(approximately(out)) < share * Math.abs(approximately(termA))) continue
    log1p(out, out)
    return roundScaled(out)
  }
  return mixFixed(theta, a, b)
}

export function logMix(theta: number, a: number, b: number): number {
  if (!(theta >= 0 && theta <= 1) || Number.isNaN(a) || Number.isNaN(b)) return Number.NaN
  if (theta === 0) return b
  if (theta === 1 || a === b) return a
  const large = Math.max(a, b)
  if (large === Number.POSITIVE_INFINITY) return large
  const shift = large < LOW || large > HIGH ? large : 0
  setWeights(theta)
  weighted(weightA, a, shift, termA)
  weighted(weightB, b, shift, termB)
  addScaled(termA, termB, out)
  const sum = approximately(out)
  if (shift === 0 && sum >= 0.5 && sum <= 2) return mixNearOne(theta, a, b)
  QUICK.log(out, out)
  scaledOf(shift, termA)
  addScaled(termA, out, out)
  return roundScaled(out)
}

/** out = own/(own + other · e^(x + tail)), the share that one of the two has in T. */
function shareOf(own: Scaled, other: Scaled, to: number, from: number): number {
  const difference = to - from
  if (Number.isNaN(difference)) return difference
  if (own.hi === 0) return 0
  QUICK.exp(difference, Math.abs(difference) < -FAR ? sumError(to, -from, difference) : 0, out)
  multiplyScaled(other, out, out)
  addScaled(own, out, out)
  divideScaled(own, out, out)
  return roundScaled(out)
}

/** ∂/∂a = θ e^a/T. */
export function logMixDerivativeA(theta: number, a: number, b: number): number {
  if (!(theta >= 0 && theta <= 1)) return Number.NaN
  setWeights(theta)
  return shareOf(weightA, weightB, b, a)
}

/** ∂/∂b = (1 − θ) e^b/T. */
export function logMixDerivativeB(theta: number, a: number, b: number): number {
  if (!(theta >= 0 && theta <= 1)) return Number.NaN
  setWeights(theta)
  return shareOf(weightB, weightA, a, b)
}

/** ∂/∂θ = (e^a − e^b)/T, numerator and denominator divided by the larger exponential. */
export function logMixDerivativeTheta(theta: number, a: number, b: number): number {
  const difference = a > b ? b - a : a - b
  if (!(theta >= 0 && theta <= 1) || Number.isNaN(difference)) return Number.NaN
  const tail = difference > FAR ? (a > b ? sumError(b, -a, difference) : sumError(a, -b, difference)) : 0
  setWeights(theta)
  const near = a > b ? weightA : weightB
  const far = a > b ? weightB : weightA
  QUICK.exp(difference, tail, termA)
  multiplyScaled(far, termA, termA)
  addScaled(near, termA, termA)
  QUICK.expm1(difference, tail, out)
  divideScaled(out, termA, out)
  if (a > b) negateScaled(out, out)
  return roundScaled(out)
}
