/**
 * Entropy, divergences and their gradients from the textbook definitions, in decimal arithmetic of as many digits as asked for.
 *
 * p_i = exp(x_i/T) / Σ exp(x_k/T) and log p_i = x_i/T − log Σ exp(x_k/T): no stable form, only enough digits. Two rows that
 * differ by 1e-d need about 2d digits for their divergence. Entries may be −∞ (probability 0).
 */
import { Decimal as BaseDecimal } from 'decimal.js'
import type { Decimal } from './oracle.ts'
import { powerOfTwo, spacingExponent } from './ulp.ts'

export interface Distribution {
  readonly p: readonly Decimal[]
  /** log p_i; undefined where p_i = 0. */
  readonly logP: readonly (Decimal | undefined)[]
}

export interface DecimalWorld {
  readonly from: (x: number) => Decimal
  readonly zero: Decimal
  readonly softmax: (logits: ArrayLike<number>, temperature?: number) => Distribution
  readonly exp: (x: Decimal) => Decimal
  readonly log: (x: Decimal) => Decimal
}

const worlds = new Map<number, DecimalWorld>()

export function decimalWorld(digits: number): DecimalWorld {
  const known = worlds.get(digits)
  if (known !== undefined) return known
  const D = BaseDecimal.clone({ precision: digits })
  const zero = new D(0)
  const powers = new Map<number, Decimal>()
  const from = (x: number): Decimal => {
    if (x === 0) return zero
    const exponent = spacingExponent(x, 'f64')
    let unit = powers.get(exponent)
    if (unit === undefined) {
      unit = new D(2).pow(exponent)
      powers.set(exponent, unit)
    }
    return unit.times(x / powerOfTwo(exponent))
  }
  const softmax = (logits: ArrayLike<number>, temperature = 1): Distribution => {
    const t = from(temperature)
    const values = Array.from(logits, (x) => (x === Number.NEGATIVE_INFINITY ? undefined : from(x).div(t)))
    const present = values.filter((x) => x !== undefined)
    const shift = present.reduce((a, b) => (b.greaterThan(a) ? b : a))
    // What is e^-30000 of the largest is 0 beside it in every test, and Decimal's exp of 1e308 would never end.
    const terms = values.map((x) => (x === undefined || x.minus(shift).lessThan(-30000) ? zero : x.minus(shift).exp()))
    const total = terms.reduce((a, b) => a.plus(b), zero)
    const log = total.ln()
    return {
      p: terms.map((e) => e.div(total)),
      logP: values.map((x) => x?.minus(shift).minus(log)),
    }
  }
  const world = { from, zero, softmax, exp: (x: Decimal) => D.exp(x), log: (x: Decimal) => D.ln(x) }
  worlds.set(digits, world)
  return world
}
