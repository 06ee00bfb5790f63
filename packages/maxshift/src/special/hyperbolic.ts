/**
 * Logarithms of cosh, |sinh| and |tanh|, with their derivatives, rounded once.
 *
 * With m = e^x − 1 for x ≥ 0 nothing overflows or cancels near 0: sinh x = m (2 + m) / (2 (1 + m)), cosh x − 1 = m²/(2 (1 + m)),
 * tanh x = μ/(2 + μ) with μ = e^2x − 1. Away from 0: log cosh x = x − ln 2 + log1p(e^−2x), and log1p(−e^−2x) for sinh.
 */
import { BITS, expFixed, fromFixed, logFixed, toFixed } from './fixed-point.ts'
import { LADDER, type Precision, QUICK } from './precision.ts'
import {
  addScaled,
  divideScaled,
  multiplyScaled,
  negateScaled,
  ONE,
  roundScaled,
  type Scaled,
  scaled,
  scaledPair,
} from './scaled.ts'

const TWO: Scaled = { hi: 2, lo: 0, exponent: 0 }
const HALF: Scaled = { hi: 0.5, lo: 0, exponent: 0 }
const LN2 = 0.6931471805599453 // 0x3fe62e42fefa39ef
const LN2_LOW = 2.3190468138462996e-17 // 0x3c7abc9e3b39803f
/** Above this e^−2x is nothing beside x − ln 2. */
const LARGE = 25

const out = scaled()
const m = scaled()
const other = scaled()

/** x − ln 2 + log1p(sign · e^−2x) for x > 1. */
function farFromZero(x: number, sign: number): number {
  scaledPair(x, -LN2, other)
  other.lo -= LN2_LOW
  if (x < LARGE) {
    QUICK.exp(-2 * x, 0, out)
    if (sign < 0) negateScaled(out, out)
    QUICK.log1p(out, out)
    addScaled(other, out, other)
  }
  scaledPair(other.hi, other.lo, other)
  return roundScaled(other)
}

export function logCosh(x: number): number {
  const size = Math.abs(x)
  if (!(size < Number.POSITIVE_INFINITY)) return size
  if (size > 1) return farFromZero(size, 1)
  QUICK.expm1(size, 0, m)
  addScaled(ONE, m, other)
  multiplyScaled(m, m, m)
  divideScaled(m, other, m)
  multiplyScaled(m, HALF, m)
  QUICK.log1p(m, out)
  return roundScaled(out)
}

/** out = sinh x for x > 0. */
function sinhOf(x: number, { expm1 }: Precision): void {
  expm1(x, 0, m)
  addScaled(ONE, m, other)
  divideScaled(m, other, out)
  addScaled(m, out, out)
  multiplyScaled(out, HALF, out)
}

export function logAbsSinh(x: number): number {
  const size = Math.abs(x)
  if (!(size > 0 && size < Number.POSITIVE_INFINITY)) return size === 0 ? Number.NEGATIVE_INFINITY : size
  if (size > 1.5) return farFromZero(size, -1)
  for (const precision of LADDER) {
    sinhOf(size, precision)
    precision.log(out, out)
    if (Math.abs(out.hi) >= precision.share) return roundScaled(out)
  }
  const v = toFixed(size, BITS)
  return fromFixed(logFixed((expFixed(v, BITS) - expFixed(-v, BITS)) >> 1n, BITS), BITS)
}

/** Above this tanh x is 1. */
const TANH_ONE = 20

/** Leaves m = e^2x − 1 and other = 2 + m, whose quotient is tanh x. */
function halvesOfTanh(x: number): void {
  QUICK.expm1(2 * x, 0, m)
  addScaled(TWO, m, other)
}

export function logAbsTanh(x: number): number {
  const size = Math.abs(x)
  if (!(size > 0)) return size === 0 ? Number.NEGATIVE_INFINITY : size
  halvesOfTanh(Math.min(size, 400))
  if (size < 0.5) {
    divideScaled(m, other, out)
    QUICK.log(out, out)
  } else {
    divideScaled(TWO, other, out)
    negateScaled(out, out)
    QUICK.log1p(out, out)
  }
  return roundScaled(out)
}

/** tanh x. */
export function logCoshDerivative(x: number): number {
  const size = Math.abs(x)
  if (size === 0 || Number.isNaN(x)) return x
  if (size > TANH_ONE) return Math.sign(x)
  halvesOfTanh(size)
  divideScaled(m, other, out)
  return x < 0 ? -roundScaled(out) : roundScaled(out)
}

/** coth x. */
export function logAbsSinhDerivative(x: number): number {
  const size = Math.abs(x)
  if (size === 0 || Number.isNaN(x)) return 1 / x
  if (size > TANH_ONE) return Math.sign(x)
  halvesOfTanh(size)
  divideScaled(other, m, out)
  return x < 0 ? -roundScaled(out) : roundScaled(out)
}

/** 2/sinh 2x = 4 (1 + m)/(m (2 + m)). */
export function logAbsTanhDerivative(x: number): number {
  const size = Math.abs(x)
  if (size === 0 || Number.isNaN(x)) return 1 / x
  halvesOfTanh(Math.min(size, 400))
  multiplyScaled(m, other, other)
  addScaled(ONE, m, m)
  divideScaled(m, other, out)
  out.hi *= 4
  out.lo *= 4
  return x < 0 ? -roundScaled(out) : roundScaled(out)
}
