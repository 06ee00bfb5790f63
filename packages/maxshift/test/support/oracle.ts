/**
 * The softmax family of one row in 80-digit decimal arithmetic, written straight from the definitions.
 *
 * With m = max x, k its first index, s = Σ_{i≠k} exp(x_i − m):
 *   softmax_j = exp(x_j − m) / (1 + s), logSoftmax_j = (x_j − m) − log1p(s), logSumExp = m + log1p(s),
 *   loss = −logSoftmax_label, labelGradient = softmax_label − 1.
 * With a temperature T all x_i are x_i/T.
 * Entries may be −∞ (masked) as long as one is finite. It is slow (0.4 ms per exponential) and independent of the
 * vectors' oracle, which is mpmath.
 */
import { Decimal as BaseDecimal } from 'decimal.js'
import { type Dtype, type Exact, powerOfTwo, roundTo, spacingAt, spacingExponent } from './ulp.ts'

export const DIGITS = 80
/** The decimal type of the oracle; its own copy, because the precision is a property of the constructor. */
export const Decimal = BaseDecimal.clone({ precision: DIGITS })
export type Decimal = BaseDecimal

/** The exact results of one row. `at` are the components that softmax and logSoftmax list. */
export interface ExactRow {
  readonly at: ArrayLike<number>
  readonly softmax: readonly Exact[]
  readonly logSoftmax: readonly Exact[]
  readonly logSumExp: Exact
  readonly loss: Exact
  readonly labelGradient: Exact
}

const ZERO = new Decimal(0)
const ONE = new Decimal(1)
const powers = new Map<number, Decimal>()

/** A finite float64 as a decimal. `new Decimal(x)` would take the shortest string that reads back as x instead. */
export function toDecimal(x: number): Decimal {
  if (x === 0) return ZERO
  const exponent = spacingExponent(x, 'f64')
  let unit = powers.get(exponent)
  if (unit === undefined) {
    unit = new Decimal(2).pow(exponent)
    powers.set(exponent, unit)
  }
  return unit.times(x / powerOfTwo(exponent))
}

/** A decimal as a number of the format and what is left over. */
export function toExact(value: Decimal, dtype: Dtype): Exact {
  const rounded = roundTo(dtype, value.toNumber())
  if (!Number.isFinite(rounded)) return { rounded, residual: 0 }
  const rest = value.minus(toDecimal(rounded))
  const side = { rounded, residual: rest.isNegative() ? -1 : 1 }
  return { rounded, residual: rest.div(toDecimal(spacingAt(side, dtype))).toNumber() }
}

/** The decimal that an exact value stands for, to the precision of its residual. */
export function fromExact(exact: Exact, dtype: Dtype): Decimal {
  const unit = toDecimal(spacingAt(exact, dtype))
  return toDecimal(exact.rounded).plus(unit.times(toDecimal(exact.residual)))
}

/** log(1 + s) for s ≥ 0. Below 10^-30 its series reaches the precision, where 1 + s would not. */
function log1p(s: Decimal): Decimal {
  if (s.lessThan('1e-30')) return s.minus(s.times(s).div(2)).plus(s.times(s).times(s).div(3))
  const wide = Decimal.clone({ precision: DIGITS + 32 })
  return new Decimal(new wide(1).plus(s).ln())
}

interface DecimalRow {
  readonly softmax: readonly Decimal[]
  readonly logSoftmax: readonly Decimal[]
  readonly logSumExp: Decimal
  readonly loss: Decimal
  readonly labelGradient: Decimal
}

/** The results as decimals. A masked component has probability 0 and, standing for −∞, log-probability NaN. */
function decimalRow(logits: ArrayLike<number>, label: number, temperature: number): DecimalRow {
  const divisor = toDecimal(temperature)
  const row = Array.from(logits)
  const first = row.indexOf(Math.max(...row))
  const max = toDecimal(row[first])
  const differences = row.map((x) =>
    x === Number.NEGATIVE_INFINITY ? new Decimal(Number.NaN) : toDecimal(x).minus(max).div(divisor),
  )
  // Beyond e^-20000 nothing is left beside the smallest spacing, and Decimal's exp of 1e308 would never end.
  const terms = differences.map((d) => (d.isNaN() || d.lessThan(-20000) ? ZERO : d.exp()))
  const others = terms.reduce((sum, term, i) => (i === first ? sum : sum.plus(term)), ZERO)
  const complement = terms.reduce((sum, term, i) => (i === label ? sum : sum.plus(term)), ZERO)
  const total = others.plus(ONE)
  const logTotal = log1p(others)
  const logSoftmax = differences.map((d) => d.minus(logTotal))
  return {
    softmax: terms.map((term) => term.div(total)),
    logSoftmax,
    logSumExp: max.div(divisor).plus(logTotal),
    loss: logSoftmax[label].negated(),
    labelGradient: complement.div(total).negated(),
  }
}

const known = new Map<string, ExactRow>()

/** The results in the form that ulpError measures against; remembered, since every operation asks for the same rows. */
export function exactRow(logits: ArrayLike<number>, label: number, dtype: Dtype, temperature = 1): ExactRow {
  const key = `${dtype} ${label} ${temperature} ${Array.from(logits).join()}`
  const result = known.get(key) ?? computeExactRow(logits, label, dtype, temperature)
  known.set(key, result)
  return result
}

function computeExactRow(logits: ArrayLike<number>, label: number, dtype: Dtype, temperature: number): ExactRow {
  const row = decimalRow(logits, label, temperature)
  const masked = (value: Decimal, instead: number): Exact =>
    value.isNaN() ? { rounded: instead, residual: 0 } : toExact(value, dtype)
  return {
    at: row.softmax.map((_, i) => i),
    softmax: row.softmax.map((value) => toExact(value, dtype)),
    logSoftmax: row.logSoftmax.map((value) => masked(value, Number.NEGATIVE_INFINITY)),
    logSumExp: toExact(row.logSumExp, dtype),
    loss: masked(row.loss, Number.POSITIVE_INFINITY),
    labelGradient: toExact(row.labelGradient, dtype),
  }
}
