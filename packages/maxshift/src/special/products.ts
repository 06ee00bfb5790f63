/**
 * x log x, x log y, x log(1 + y), x e^x and x e^y, with their derivatives, rounded once. A factor 0 wins over an infinite
 * logarithm and over an infinite −y: 0 · log 0 = 0 and x · e^−∞ = 0, the limits that sums of such terms need.
 */
import { BITS, fromFixed, logFixed, toFixed } from './fixed-point.ts'
import { LADDER, QUICK } from './precision.ts'
import { addScaled, divideScaled, exactSum, multiplyScaled, ONE, roundScaled, scaled, scaledOf } from './scaled.ts'

const out = scaled()
const factor = scaled()
const line = scaled()

/** log x, rounded once. */
export function logRounded(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN
  scaledOf(x, out)
  QUICK.log(out, out)
  return roundScaled(out)
}

/** log(1 + x), rounded once. */
export function log1pRounded(x: number): number {
  if (!(x > -1 && x < Number.POSITIVE_INFINITY)) return x === -1 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN
  if (x === 0) return x
  scaledOf(x, out)
  QUICK.log1p(out, out)
  return roundScaled(out)
}

/** e^x, rounded once, e^x of any other magnitude included. */
export function expRounded(x: number): number {
  if (Number.isNaN(x)) return x
  QUICK.exp(x, 0, out)
  return roundScaled(out)
}

export const xlogx = (x: number): number => xlogy(x, x)

/** 1 + log x. */
export function xlogxDerivative(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return logRounded(x)
  for (const { log, share } of LADDER) {
    scaledOf(x, out)
    log(out, out)
    addScaled(ONE, out, out)
    if (Math.abs(out.hi) >= share) return roundScaled(out)
  }
  return fromFixed(logFixed(toFixed(x, BITS), BITS) + toFixed(1, BITS), BITS)
}

export function xlogy(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  if (x === 0) return 0
  if (!(y > 0 && y < Number.POSITIVE_INFINITY && Number.isFinite(x))) return x * logRounded(y)
  scaledOf(y, out)
  QUICK.log(out, out)
  scaledOf(x, factor)
  multiplyScaled(out, factor, out)
  return roundScaled(out)
}

/** ∂/∂y = x/y. */
export const xlogyDerivativeY = (x: number, y: number): number => (y >= 0 ? x / Math.abs(y) : Number.NaN)

export function xlog1py(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  if (x === 0) return 0
  if (!(y > -1 && y < Number.POSITIVE_INFINITY && Number.isFinite(x))) return x * log1pRounded(y)
  scaledOf(y, out)
  QUICK.log1p(out, out)
  scaledOf(x, factor)
  multiplyScaled(out, factor, out)
  return roundScaled(out)
}

/** ∂/∂y = x/(1 + y). */
export function xlog1pyDerivativeY(x: number, y: number): number {
  if (!(y > -1 && y < Number.POSITIVE_INFINITY && Number.isFinite(x))) return y >= -1 ? x / (1 + y) : Number.NaN
  exactSum(1, y, line)
  scaledOf(x, factor)
  divideScaled(factor, line, out)
  return roundScaled(out)
}

export const xexpx = (x: number): number => xexpy(x, x)

/** (1 + x) e^x. */
export function xexpxDerivative(x: number): number {
  if (!Number.isFinite(x)) return x < 0 ? -0 : x
  QUICK.exp(x, 0, factor)
  exactSum(1, x, line)
  multiplyScaled(line, factor, out)
  return roundScaled(out)
}

export function xexpy(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  if (y === Number.NEGATIVE_INFINITY) return x < 0 ? -0 : 0
  if (y === Number.POSITIVE_INFINITY) return x * y
  if (x === 0 || !Number.isFinite(x)) return x
  QUICK.exp(y, 0, factor)
  scaledOf(x, out)
  multiplyScaled(out, factor, out)
  return roundScaled(out)
}
