/**
 * Divergences between p = softmax(a/T) and q = softmax(b/T) from float64 logits, with gradients. With δ_i = log(q_i/p_i),
 *
 *   KL = Σ p_i log(p_i/q_i) = Σ p_i (expm1(δ_i) − δ_i)      because Σ p_i expm1(δ_i) = Σ (q_i − p_i) = 0
 *   JS = Σ ½ (p_i + q_i) h(δ_i/2)      with h(y) = y tanh y − log cosh y, since p and q are (p + q)/2 · (1 ∓ tanh(δ/2))
 *
 * Every term is ≥ 0 and of second order in δ: rows that differ by 1e−16 keep all digits, where the terms p log(p/q) are noise. An error η
 * of all δ_i alike changes either sum by η²/2 only, so half of the digits of the shift in scaled-comparison.ts are spare.
 *
 *   ∂KL/∂a_j = −p_j (δ_j + KL)/T      ∂KL/∂b_j = (q_j − p_j)/T
 *   ∂JS/∂a_j = ½ p_j (λ_j − Σ p_i λ_i)/T with λ_i = log(2 p_i/(p_i + q_i)), and ∂JS/∂b likewise with p and q exchanged
 */
import type { FloatArray } from '../../arrays.ts'
import { powerOfTwo } from '../../special/bits.ts'
import { addPairs } from '../../special/double-double.ts'
import { QUICK } from '../../special/precision.ts'
import {
  addScaled,
  approximately,
  divideScaled,
  multiplyScaled,
  negateScaled,
  roundScaled,
  type Scaled,
  scaled,
} from '../../special/scaled.ts'
import { infiniteGradient, isMissing, isPresent, refuseRows } from './divergence-rows.ts'
import { a, b, compareRows, delta, expm1OfNegative, p, q, readDelta, readP, readQ } from './scaled-comparison.ts'
import { clear, expOfNegative, ONE } from './scaled-row.ts'

const HALF: Readonly<Scaled> = { hi: 0.5, lo: 0, exponent: 0 }
/** 1/6 as a pair. */
const SIXTH: Readonly<Scaled> = { hi: 0.16666666666666666, lo: 9.25185853854297e-18, exponent: 0 }
/** ln ½ as a pair. */
const LOG_HALF: Readonly<Scaled> = { hi: -0.6931471805599453, lo: -2.3190468138462996e-17, exponent: 0 }

const sum = scaled()
const term = scaled()
const square = scaled()
const factor = scaled()

/** KL(p ‖ q) of one row; its gradients, where they are given, from `start` on. */
export function klDouble(
  aLogits: FloatArray,
  bLogits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  aGradient: FloatArray | null,
  bGradient: FloatArray | null,
): number {
  if (!compareRows(aLogits, bLogits, start, classes, temperature)) {
    return refuseRows(start, classes, aGradient, bGradient)
  }
  clear(sum)
  let missing = 0
  let present = 0
  for (let i = 0; i < classes; i++) {
    if (isPresent(a, i)) present++
    if (isMissing(a, b, i)) missing++
    else if (klTerm(i)) addScaled(sum, term, sum)
  }
  if (aGradient !== null || bGradient !== null) {
    for (let i = 0; i < classes; i++) {
      const byA = missing > 0 ? infiniteGradient(a, b, i, present > missing) : klGradientByA(i)
      const byB = klGradientByB(i)
      if (aGradient !== null) aGradient[start + i] = byA
      if (bGradient !== null) bGradient[start + i] = byB
    }
  }
  return missing > 0 ? Number.POSITIVE_INFINITY : roundScaled(sum)
}

/** Leaves p_i (expm1(δ_i) − δ_i) in `term`; false if it is 0. Where p_i is 0, that is q_i. */
function klTerm(i: number): boolean {
  const hasP = readP(i)
  if (!hasP || !readDelta(i)) {
    const hasQ = !hasP && readQ(i)
    if (hasQ) addScaled(q, ZERO, term)
    return hasQ
  }
  if (approximately(delta) <= 1) {
    excess(delta, term)
    multiplyScaled(term, p, term)
    return true
  }
  // p (expm1(δ) − δ) = q (1 − (1 + δ) e^−δ): where q is the larger one, p may be nothing beside it
  if (!readQ(i)) return false
  expOfNegative(delta, term)
  addScaled(delta, ONE, square)
  multiplyScaled(term, square, term)
  negateScaled(term, term)
  addScaled(term, ONE, term)
  multiplyScaled(term, q, term)
  return true
}

const ZERO: Readonly<Scaled> = { hi: 0, lo: 0, exponent: 0 }

/** 1/n! for n = 4 … 11. */
const FACTORIALS = [1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800]
/** Below this expm1(x) − x is its series, x²/2 + x³/6 in pairs. */
const EXCESS_SERIES = 0.0625

const polynomial = (coefficients: readonly number[], x: number): number => {
  let value = 0
  for (let i = coefficients.length - 1; i >= 0; i--) value = coefficients[i] + x * value
  return value
}

/** out = out + tail for a plain number far below out. */
function addTail(tail: number, out: Scaled): void {
  addPairs(out.hi, out.lo, tail * powerOfTwo(-out.exponent), 0, out)
}

/** out = expm1(x) − x for x ≤ 1. */
function excess(x: Scaled, out: Scaled): void {
  const value = approximately(x)
  if (Math.abs(value) < EXCESS_SERIES) {
    multiplyScaled(x, x, square)
    multiplyScaled(x, SIXTH, out)
    addScaled(out, HALF, out)
    addTail(value * value * polynomial(FACTORIALS, value), out)
    multiplyScaled(out, square, out)
    return
  }
  if (value > 0) QUICK.expm1(value, x.lo * powerOfTwo(x.exponent), out)
  else expm1OfNegative(x, out)
  negateScaled(x, square)
  addScaled(out, square, out)
}

/** The value divided by the temperature and rounded; never −0. */
function overTemperature(value: Scaled): number {
  if (!a.isUnit) divideScaled(value, a.temperature, value)
  return roundScaled(value) + 0
}

function klGradientByA(i: number): number {
  // Where all of p is in one place it stays there: not even the rounding errors of δ + KL may show.
  if (a.others.hi === 0 || !readP(i)) return 0
  readDelta(i)
  addScaled(delta, sum, term)
  multiplyScaled(term, p, term)
  negateScaled(term, term)
  return overTemperature(term)
}

/** q_i − p_i, as the larger one times expm1(−|δ_i|). */
function klGradientByB(i: number): number {
  const hasP = readP(i)
  const hasQ = readQ(i)
  if (hasP && hasQ) {
    readDelta(i)
    const grows = delta.hi > 0
    expm1OfNegative(delta, term)
    multiplyScaled(term, grows ? q : p, term)
    if (grows) negateScaled(term, term)
  } else if (hasQ) addScaled(q, ZERO, term)
  else if (hasP) negateScaled(p, term)
  else return 0
  return overTemperature(term)
}

const aMean = scaled()
const bMean = scaled()
const log = scaled()
const distance = scaled()
const power = scaled()

/** JS(p, q) of one row; its gradients, where they are given, from `start` on. */
export function jsDouble(
  aLogits: FloatArray,
  bLogits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  aGradient: FloatArray | null,
  bGradient: FloatArray | null,
): number {
  if (!compareRows(aLogits, bLogits, start, classes, temperature)) {
    return refuseRows(start, classes, aGradient, bGradient)
  }
  clear(sum)
  clear(aMean)
  clear(bMean)
  for (let i = 0; i < classes; i++) {
    if (!readLogs(i)) continue
    addScaled(sum, term, sum)
    if (p.hi !== 0) addProduct(p, aLog, aMean)
    if (q.hi !== 0) addProduct(q, bLog, bMean)
  }
  if (aGradient !== null || bGradient !== null) {
    for (let i = 0; i < classes; i++) {
      readLogs(i)
      const byA = jsGradient(p, aLog, aMean)
      const byB = jsGradient(q, bLog, bMean)
      if (aGradient !== null) aGradient[start + i] = byA
      if (bGradient !== null) bGradient[start + i] = byB
    }
  }
  return roundScaled(sum)
}

/** log(2p/(p + q)) and log(2q/(p + q)) of an entry. */
const aLog = scaled()
const bLog = scaled()

function addProduct(x: Scaled, y: Scaled, out: Scaled): void {
  multiplyScaled(x, y, factor)
  addScaled(out, factor, out)
}

/** ½ x (y − mean)/T. */
function jsGradient(x: Scaled, y: Scaled, mean: Scaled): number {
  if (x.hi === 0) return 0
  negateScaled(mean, factor)
  addScaled(y, factor, factor)
  multiplyScaled(factor, x, factor)
  multiplyScaled(factor, HALF, factor)
  return overTemperature(factor)
}

/**
 * Leaves p_i, q_i, their logarithms aLog and bLog, and the term of JS in `term`; false if both are 0. With x = |δ_i|, w = e^−x and
 * ℓ = log((1 + w)/2), the larger of the two has the logarithm −ℓ, the smaller one −x − ℓ, and the term is half of the larger times
 * (1 + w) h(x/2) = −(1 + w) ℓ − w x.
 */
function readLogs(i: number): boolean {
  const hasP = readP(i)
  const hasQ = readQ(i)
  if (!hasP) clear(p)
  if (!hasQ) clear(q)
  if (!hasP && !hasQ) return false
  if (!(hasP && hasQ)) {
    negateScaled(LOG_HALF, hasP ? aLog : bLog)
    multiplyScaled(hasP ? p : q, hasP ? aLog : bLog, term)
    multiplyScaled(term, HALF, term)
    return true
  }
  readDelta(i)
  const pIsLarger = delta.hi < 0
  expm1OfNegative(delta, power)
  if (pIsLarger) addScaled(delta, ZERO, distance)
  else negateScaled(delta, distance) // −x
  multiplyScaled(power, HALF, log)
  QUICK.log1p(log, log)
  const larger = pIsLarger ? aLog : bLog
  const smaller = pIsLarger ? bLog : aLog
  negateScaled(log, larger)
  addScaled(distance, larger, smaller)
  jsTerm()
  multiplyScaled(term, pIsLarger ? p : q, term)
  multiplyScaled(term, HALF, term)
  return true
}

/** Below this h is its series. */
const JS_SERIES = 0.125
/** (h(y) − y²/2)/y⁴ in powers of y²: t_n (1 − 1/(2n)) with t_n the coefficients of tanh, n = 2 … 8. */
const JS_COEFFICIENTS = [-1 / 4, 1 / 9, -17 / 360, 31 / 1575, -691 / 85050, 10922 / 3274425, -929569 / 681080400]

/** Leaves (1 + w) h(x/2) in `term`, from w − 1 in `power`, −x in `distance` and ℓ in `log`. */
function jsTerm(): void {
  const value = approximately(distance)
  addScaled(power, ONE, factor)
  if (value <= -JS_SERIES) {
    multiplyScaled(factor, distance, square) // −w x
    addScaled(factor, ONE, factor)
    multiplyScaled(factor, log, term)
    negateScaled(term, term)
    addScaled(term, square, term)
    return
  }
  addScaled(factor, ONE, factor)
  multiplyScaled(distance, distance, square)
  const y2 = 0.25 * value * value
  // h = y²/2 · (1 + …) with y² = x²/4
  addScaled(ONE, ZERO, term)
  addTail(2 * y2 * polynomial(JS_COEFFICIENTS, y2), term)
  multiplyScaled(term, square, term)
  multiplyScaled(term, factor, term)
  term.exponent -= 3
}
