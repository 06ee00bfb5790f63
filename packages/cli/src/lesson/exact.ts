/**
 * Softmax, loss and gradient of a row in decimal arithmetic with DIGITS digits and exponents that do not end. 1 − p_y is added up from
 * the other probabilities.
 */
import { Decimal } from 'decimal.js'

const DIGITS = 60
const Exact = Decimal.clone({ precision: DIGITS + 10, toExpNeg: -4, toExpPos: 16 })
const Wide = Decimal.clone({ precision: DIGITS + 40 })

export interface ExactRow {
  readonly probs: readonly Decimal[]
  readonly loss: Decimal
  /** p_y − 1. */
  readonly gradient: Decimal
}

export function exactRow(logits: readonly number[], label: number): ExactRow {
  const max = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = logits.map((logit) => power(new Exact(logit).minus(max)))
  const total = sum(powers)
  const others = sum(powers.filter((_, k) => k !== label))
  const own = new Exact(logits[label]).minus(max)
  // At the maximum the loss is log(1 + others), whose digits are those of `others`; elsewhere both terms are positive.
  const loss = own.isZero() ? logOnePlus(others) : total.ln().minus(own)
  return { probs: powers.map((p) => p.div(total)), loss, gradient: others.div(total).neg() }
}

/** exp; below −2 million some number that is smaller than what any number format holds. */
function power(difference: Decimal): Decimal {
  return difference.lt(-2_000_000) ? new Exact('1e-1000000') : difference.exp()
}

/** Below 10^−30 the next term of the series, x³/3, is beyond all digits; above, 1 + x keeps those of x in so many more. */
function logOnePlus(x: Decimal): Decimal {
  return x.lt('1e-30') ? x.minus(x.times(x).div(2)) : new Wide(x).plus(1).ln()
}

function sum(values: readonly Decimal[]): Decimal {
  return values.reduce((a, b) => a.plus(b), new Exact(0))
}

/**
 * How many decimal digits of `value` are right: −log10 of its relative error, all of them (`digits`) if it is the nearest number of
 * its format, 0 for what is not a number or has nothing in common.
 */
export function rightDigits(value: number, exact: Decimal, round: (value: number) => number, digits: number): number {
  if (Number.isNaN(value)) return 0
  if (value === round(exact.toNumber())) return digits
  if (!Number.isFinite(value) || exact.isZero()) return 0
  const error = new Exact(value).minus(exact).div(exact).abs()
  return Math.max(0, Math.min(digits, Math.floor(-Decimal.log10(error).toNumber())))
}
