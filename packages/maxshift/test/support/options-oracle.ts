/**
 * Softmax with temperature and losses with class weights, of one row in 80-digit decimal arithmetic, written from the definitions. With
 * d_k = (x_k − m)/T, s = Σ_{i≠top} exp(d_i), L = log1p(s), lse = m/T + L, C = Σ c_k:
 *
 *   loss = Σ c_k (L − d_k) + z · lse²      gradient_k = scale · (p_k · (C + 2 z · lse − c_k) − q_k · c_k),  q_k = 1 − p_k
 */
import { Decimal, toDecimal } from './oracle.ts'
import { type Dtype, floatArray } from './ulp.ts'

export interface OptionsCase {
  readonly title: string
  readonly dtype: Dtype
  readonly logits: ArrayLike<number>
  readonly temperature: number
  /** Class weights; the label has `peak` more. */
  readonly base: readonly number[]
  readonly label: number
  readonly peak: number
  readonly zLoss: number
  /** The scale of gradients, an unevaluated sum. */
  readonly scale: readonly [hi: number, lo: number]
}

const ZERO = new Decimal(0)
const ONE = new Decimal(1)
const Wide = Decimal.clone({ precision: 450 })

export interface OptionsRow {
  /** NaN stands for −∞. */
  readonly logSoftmax: readonly Decimal[]
  readonly softmax: readonly Decimal[]
  readonly logSumExp: Decimal
  /** Of the label alone; NaN stands for +∞. */
  readonly crossEntropy: Decimal
  readonly gradient: readonly Decimal[]
  /** With class weights; NaN stands for +∞. */
  readonly loss: Decimal
  readonly softGradient: readonly Decimal[]
  /** What the error of softGradient is measured in: the largest of its terms. */
  readonly softUnit: readonly Decimal[]
}

/** log(1 + s); below 1e-60 its series. */
const log1p = (s: Decimal): Decimal =>
  s.lessThan('1e-60') ? s.minus(s.times(s).div(2)) : new Decimal(new Wide(1).plus(s).ln())

const absolute = (values: readonly Decimal[]): Decimal => values.map((v) => v.abs()).reduce((a, b) => (a.gt(b) ? a : b))

export function optionsRow(given: OptionsCase): OptionsRow {
  const x = Array.from(floatArray(given.dtype, given.logits))
  const { temperature, label } = given
  const T = toDecimal(temperature)
  const top = x.indexOf(Math.max(...x))
  const m = toDecimal(x[top])
  const isMasked = x.map((v) => v === -Infinity)
  const d = x.map((v, k) => (isMasked[k] ? ZERO : toDecimal(v).minus(m).div(T)))
  const t = d.map((v, k) => (isMasked[k] || v.lessThan(-20000) ? ZERO : v.exp()))
  const sumWithout = (left: number): Decimal => t.reduce((sum, v, k) => (k === left ? sum : sum.plus(v)), ZERO)
  const total = sumWithout(top).plus(ONE)
  const p = t.map((v) => v.div(total))
  const q = t.map((_, k) => sumWithout(k).div(total))
  const L = log1p(sumWithout(top))
  const lse = m.div(T).plus(L)
  const c = given.base.map((v, k) => toDecimal(v).plus(k === label ? toDecimal(given.peak) : ZERO))
  const C = c.reduce((a, b) => a.plus(b), ZERO)
  const z = toDecimal(given.zLoss)
  const M = C.plus(z.times(2).times(lse))
  const scale = toDecimal(given.scale[0]).plus(toDecimal(given.scale[1]))
  const isInfinite = c.some((v, k) => isMasked[k] && !v.isZero())
  const terms = c.map((v, k) => v.times(L.minus(d[k])))
  const NaNs = new Decimal(Number.NaN)
  return {
    softmax: p,
    logSoftmax: d.map((v, k) => (isMasked[k] ? NaNs : v.minus(L))),
    logSumExp: lse,
    crossEntropy: isMasked[label] ? NaNs : L.minus(d[label]),
    gradient: p.map((v, k) => scale.times(k === label ? q[k].negated() : v)),
    loss: isInfinite ? NaNs : terms.reduce((a, b) => a.plus(b), ZERO).plus(z.times(lse).times(lse)),
    softGradient: p.map((v, k) => scale.times(v.times(M.minus(c[k])).minus(q[k].times(c[k])))),
    softUnit: p.map((v, k) => scale.times(absolute([v.times(M), c[k], v.times(M).minus(c[k])]))),
  }
}
