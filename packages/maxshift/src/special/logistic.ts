/**
 * The logistic family of an unevaluated sum x + tail, unrounded: what sigmoid, log1pExp and their relatives round, and what
 * losses and divergences build on.
 *
 * Every exponential is of −|x|: σ(x) = 1/(1 + e^−x) = e^x/(1 + e^x), log(1 + e^x) = max(x, 0) + log1p(e^−|x|). Nothing cancels.
 * Any x but NaN; |tail| ≤ ulp(x).
 */
import type { Precision } from './precision.ts'
import { addScaled, divideScaled, negateScaled, ONE, type Scaled, scaled, scaledPair } from './scaled.ts'

const power = scaled()
const linear = scaled()

/** out = 1/(1 + e^−(x + tail)). */
export function logisticOf(x: number, tail: number, { exp }: Precision, out: Scaled): void {
  const sign = x < 0 ? 1 : -1
  exp(sign * x, sign * tail, power)
  addScaled(ONE, power, linear)
  divideScaled(x < 0 ? power : ONE, linear, out)
}

/** out = log(1 + e^(x + tail)), for x < +∞. */
export function log1pExpOf(x: number, tail: number, { exp, log1p }: Precision, out: Scaled): void {
  const sign = x < 0 ? 1 : -1
  exp(sign * x, sign * tail, power)
  log1p(power, out)
  if (x < 0) return
  scaledPair(x, tail, linear)
  addScaled(linear, out, out)
}

/** Where log(1 − e^x) changes its form: at −ln 2 both lose nothing (Mächler 2012). */
const LOG_HALF = -0.6931471805599453 // 0xbfe62e42fefa39ef

/** out = log(1 − e^(x + tail)) for x < 0: log(−expm1 x), or log1p(−e^x). */
export function log1mExpOf(x: number, tail: number, { exp, expm1, log, log1p }: Precision, out: Scaled): void {
  if (x > LOG_HALF) {
    expm1(x, tail, power)
    negateScaled(power, power)
    log(power, out)
  } else {
    exp(x, tail, power)
    negateScaled(power, power)
    log1p(power, out)
  }
}
