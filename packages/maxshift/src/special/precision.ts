/**
 * exp, expm1, log and log1p of unevaluated sums, in two precisions behind one interface, so that a formula is written once:
 * QUICK leaves relative errors below 2^−64, so that rounding once gives at most 0.501 ulp; FULL below 2^−98, for formulas
 * whose digits cancel. `share` says how far: a difference that keeps this share of its terms still rounds within 0.51 ulp.
 * (Where FULL is not enough, fixed-point.ts is.)
 *
 * Near 0 expm1 and log1p of QUICK are their series with the leading terms as pairs. Elsewhere expm1 is exp − 1, and the logarithm
 * is one Newton step on exp from the float64 logarithm: log a = y + log(a · e^−y), where a · e^−y − 1 is small and exact.
 */
import { powerOfTwo } from './bits.ts'
import { addPairs, multiplyPairs, normalize, productError, sumError } from './double-double.ts'
import { EXP_UNDERFLOW, expParts } from './exp.ts'
import { C3, C4, C5, C6, C7, C8, C9, expFull, expm1Full } from './exp-full.ts'
import { log as log64 } from './log.ts'
import { log1pFull } from './log-full.ts'
import { type Scaled, scaled, scaledOf, scaledPair } from './scaled.ts'

/** The four functions in one precision. `out` may be an operand. */
export interface Precision {
  /** out = e^(x + tail), |tail| ≤ ulp(x), any x but NaN; beyond ±1600 that of ±1600. */
  readonly exp: (x: number, tail: number, out: Scaled) => void
  /** out = e^(x + tail) − 1, likewise, with relative accuracy also near 0. */
  readonly expm1: (x: number, tail: number, out: Scaled) => void
  /** out = log(1 + a) for a > −1, with relative accuracy also near 0. */
  readonly log1p: (a: Scaled, out: Scaled) => void
  /** out = log a for a > 0, with relative accuracy (of the logarithm of a as it is given) also near 1. */
  readonly log: (a: Scaled, out: Scaled) => void
  /** What must be left of terms that cancel. */
  readonly share: number
}

/** The largest argument: e^1600 is far beyond every result, and its exponent still an ordinary one. */
const EXP_OVERFLOW = -EXP_UNDERFLOW
/** Below this e^x − 1 and log(1 + x) are x(1 ± x/2) to all digits that matter. */
const TINY = 5.293955920339377e-23 // 0x3b50000000000000, 2^−74
/** Series are used below these. */
const EXPM1_SERIES = 0.03125
export const LOG1P_SERIES = 0.0625

const power = scaled()
const term = scaled()

/** exp with its argument brought into the domain of the core. */
function clamped(core: typeof expParts, x: number, tail: number, out: Scaled): void {
  if (x > EXP_OVERFLOW) core(EXP_OVERFLOW, 0, out)
  else if (x > EXP_UNDERFLOW) core(x, tail, out)
  else core(EXP_UNDERFLOW, 0, out)
}

/** out = x + tail plus its correction of second order, for |x| ≤ TINY. */
function nearlyLinear(x: number, tail: number, half: number, out: Scaled): void {
  scaledOf(x, out)
  // A tail only comes with normal numbers that are large enough for it.
  const lifted = tail === 0 || out.exponent === 0 ? tail : tail * powerOfTwo(-out.exponent)
  normalize(out.hi, lifted + out.hi * x * half, out)
}

/** out = e^(x + tail) − 1 for TINY < |x| ≤ EXPM1_SERIES: x + x²/2 as pairs, the rest in float64. */
function expm1Series(x: number, tail: number, out: Scaled): void {
  const half = 0.5 * x * x
  const halfError = productError(0.5 * x, x, half)
  const rest = x * x * x * (C3 + x * (C4 + x * (C5 + x * (C6 + x * (C7 + x * (C8 + x * C9))))))
  const sum = x + half
  scaledPair(sum, sumError(x, half, sum) + (rest + halfError + (tail + tail * x)), out)
}

/** out = power − 1, where that is at least 2^−5 of either. */
function lessOne(out: Scaled): void {
  if (power.exponent > 200) {
    out.hi = power.hi
    out.lo = power.lo
    out.exponent = power.exponent
    return
  }
  const scale = powerOfTwo(Math.max(power.exponent, -1000))
  addPairs(-1, 0, power.hi * scale, power.lo * scale, out)
  out.exponent = 0
}

function expm1Quick(x: number, tail: number, out: Scaled): void {
  const size = Math.abs(x)
  if (size <= TINY) nearlyLinear(x, tail, 0.5, out)
  else if (size <= EXPM1_SERIES) expm1Series(x, tail, out)
  else {
    clamped(expParts, x, tail, power)
    lessOne(out)
  }
}

/** 1/3 as a pair. */
const THIRD = 0.3333333333333333 // 0x3fd5555555555555
const THIRD_LOW = 1.850371707708594e-17 // 0x3c75555555555555

/** Σ_{n=4}^{16} (−1)^(n+1) x^(n−4)/n, in two chains. */
function logTail(x: number): number {
  const w = x * x
  const even = 1 / 4 + w * (1 / 6 + w * (1 / 8 + w * (1 / 10 + w * (1 / 12 + w * (1 / 14 + w * (1 / 16))))))
  const odd = 1 / 5 + w * (1 / 7 + w * (1 / 9 + w * (1 / 11 + w * (1 / 13 + w * (1 / 15)))))
  return x * odd - even
}

/** out = log(1 + hi + lo) − (hi + lo) for |hi| ≤ LOG1P_SERIES: −x²/2 and x³/3 as pairs, the rest in float64. 2^−60 relative. */
export function log1pMinusSeries(hi: number, lo: number, out: Scaled): void {
  multiplyPairs(hi, lo, hi, lo, out)
  const squareHi = out.hi
  const squareLo = out.lo
  multiplyPairs(squareHi, squareLo, hi, lo, out)
  multiplyPairs(out.hi, out.lo, THIRD, THIRD_LOW, out)
  addPairs(-0.5 * squareHi, -0.5 * squareLo, out.hi, out.lo + squareHi * squareHi * logTail(hi), out)
  out.exponent = 0
}

/** out = log a from its float64 value y: y + log(a · e^−y). */
function newton(a: Scaled, y: number, exponential: typeof expParts, out: Scaled): void {
  exponential(-y, 0, power)
  const scale = powerOfTwo(a.exponent + power.exponent)
  multiplyPairs(a.hi, a.lo, power.hi, power.lo, power)
  const rest = power.hi * scale - 1 + power.lo * scale
  scaledPair(y, rest - 0.5 * rest * rest, out)
}

const LN2 = 0.6931471805599453 // 0x3fe62e42fefa39ef

/** out = log a where a is not near 1, by Newton's step. */
function logApart(a: Scaled, exponential: typeof expParts, out: Scaled): void {
  newton(a, log64(a.hi) + a.exponent * LN2, exponential, out)
}

/** out = log(1 + a), for numbers too small or too large to be made plain: a, and log a. False for others. */
function log1pOfExtremes(a: Scaled, exponential: typeof expParts, out: Scaled): boolean {
  if (a.hi === 0 || a.exponent < -500) {
    out.hi = a.hi
    out.lo = a.lo
    out.exponent = a.exponent
    return true
  }
  if (a.exponent <= 500) return false
  logApart(a, exponential, out)
  return true
}

function log1pQuick(a: Scaled, out: Scaled): void {
  if (log1pOfExtremes(a, expParts, out)) return
  const scale = powerOfTwo(a.exponent)
  const hi = a.hi * scale
  const lo = a.lo * scale
  const size = Math.abs(hi)
  if (size <= TINY) scaledPair(hi, lo - 0.5 * hi * hi, out)
  else if (size <= LOG1P_SERIES) {
    log1pMinusSeries(hi, lo, out)
    addPairs(hi, lo, out.hi, out.lo, out)
  } else {
    addPairs(1, 0, hi, lo, term)
    term.exponent = 0
    logApart(term, expParts, out)
  }
}

/** Leaves a − 1 in `term` if that is at most LOG1P_SERIES. */
function nearOne(a: Scaled): boolean {
  if (Math.abs(a.exponent) > 500) return false
  const scale = powerOfTwo(a.exponent)
  const rest = a.hi * scale - 1
  if (Math.abs(rest) > LOG1P_SERIES) return false
  scaledPair(rest, a.lo * scale, term)
  return true
}

function logQuick(a: Scaled, out: Scaled): void {
  if (nearOne(a)) log1pQuick(term, out)
  else logApart(a, expParts, out)
}

/** 2^−64, and rounded once 0.501 ulp. */
export const QUICK: Precision = {
  exp: (x, tail, out) => clamped(expParts, x, tail, out),
  expm1: expm1Quick,
  log1p: log1pQuick,
  log: logQuick,
  share: 0.125,
}

function expm1InFull(x: number, tail: number, out: Scaled): void {
  if (Math.abs(x) <= TINY) nearlyLinear(x, tail, 0.5, out)
  else if (Math.abs(x) < 600) {
    expm1Full(x, tail, out)
    out.exponent = 0
  } else {
    clamped(expFull, x, tail, power)
    lessOne(out)
  }
}

function log1pInFull(a: Scaled, out: Scaled): void {
  if (log1pOfExtremes(a, expFull, out)) return
  const scale = powerOfTwo(a.exponent)
  const hi = a.hi * scale
  if (hi > -0.5) {
    log1pFull(hi, a.lo * scale, out)
    out.exponent = 0
    return
  }
  addPairs(1, 0, hi, a.lo * scale, term)
  term.exponent = 0
  logApart(term, expFull, out)
}

function logInFull(a: Scaled, out: Scaled): void {
  if (nearOne(a)) log1pInFull(term, out)
  else logApart(a, expFull, out)
}

/** 2^−98, at five times the cost. */
export const FULL: Precision = {
  exp: (x, tail, out) => clamped(expFull, x, tail, out),
  expm1: expm1InFull,
  log1p: log1pInFull,
  log: logInFull,
  share: 1.4551915228366852e-11, // 0x3db0000000000000, 2^−36
}

/** Both, for formulas that try the first and, if digits cancel beyond its share, the second. */
export const LADDER: readonly Precision[] = [QUICK, FULL]
