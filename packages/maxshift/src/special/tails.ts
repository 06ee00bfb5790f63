/**
 * Tails of the normal and of the chi-squared distribution, for p-values and confidence intervals, rounded once: within 0.51 ulp
 * wherever measured, down to the smallest subnormal number.
 */
import { addPairs, type Pair, productError, sumError } from './double-double.ts'
import { exp } from './exp.ts'
import { upperGamma } from './incomplete-gamma.ts'
import { log } from './log.ts'
import { addScaled, negateScaled, roundScaled, type Scaled, scaled, scaledPair } from './scaled.ts'

const tail = scaled()
const target = scaled()
const pair: Pair = { hi: 0, lo: 0 }

/** √(π/2). */
const ROOT_HALF_PI = 1.2533141373155003 // 0x3ff40d931ff62706
/** Beyond, the tail is 0 in float64, and below, it is 1. */
const FAR = 40
const NEAR = 1e-18
/** Up to here the critical value is a multiple of the level, but for a share of z²/6 < 2^−61. */
const STRAIGHT = 1e-9

/** P(|Z| ≥ |z|) for a standard normal Z, which is erfc(|z|/√2): the two-sided p-value of a z statistic. NaN for NaN. */
export function normalTwoSided(z: number): number {
  if (Number.isNaN(z)) return z
  twoSided(Math.abs(z), tail)
  return roundScaled(tail)
}

/** P(X ≥ x) for a chi-squared X with a positive integer of degrees of freedom; 1 for x ≤ 0, NaN for NaN. */
export function chiSquaredTail(x: number, freedom: number): number {
  if (Number.isNaN(x)) return x
  if (x <= 0) return 1
  upperGamma(freedom / 2, x / 2, 0, tail)
  return roundScaled(tail)
}

/**
 * The z with P(|Z| ≤ z) = level, for 0 < level < 1: 1.96 for 0.95. Halley's iteration (three or four steps) on the tail, so that
 * it is exact to the last ulp for levels near 0 and near 1 too.
 */
export function normalCritical(level: number): number {
  // 1 − level without rounding.
  const above = 1 - level
  scaledPair(above, sumError(1, -level, above), target)
  negateScaled(target, target)
  let z = firstGuess(level, above)
  if (level < STRAIGHT) return z
  for (let i = 0; i < 12; i++) {
    twoSided(z, tail)
    addScaled(tail, target, tail)
    // P(|Z| ≥ z) − (1 − level) over the slope, which is twice the density.
    const newton = roundScaled(tail) * ROOT_HALF_PI * exp(0.5 * z * z)
    const change = newton / (1 - 0.5 * z * newton)
    z += change
    if (Math.abs(change) <= 1e-12 * z) break
  }
  return z
}

/** Within 5e-4 (Abramowitz & Stegun 26.2.23); the line through 0 for small levels, where the iteration needs no more. */
function firstGuess(level: number, above: number): number {
  if (level < 0.5) return level * ROOT_HALF_PI
  const t = Math.sqrt(-2 * log(above / 2))
  return t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
}

/** out = Q(½, z²/2), with both halves of z². */
function twoSided(z: number, out: Scaled): void {
  if (z > FAR) scaledPair(0, 0, out)
  else if (z < NEAR) scaledPair(1, 0, out)
  else {
    const square = z * z
    addPairs(square / 2, 0, productError(z, z, square) / 2, 0, pair)
    upperGamma(0.5, pair.hi, pair.lo, out)
  }
}
