/**
 * Cross-entropy with all options in 80-digit decimal arithmetic, written from the definition in docs/losses.md and from nothing else.
 *
 * For a row x of K logits, the softCap c, the temperature T and the classes that the mask leaves, U:
 *   v_k = c·tanh(x_k/c) or x_k (−∞ stays −∞),   lse = log Σ_{k∈U} exp(v_k/T),   ℓ_k = lse − v_k/T on U and ∞ outside,   p_k = exp(−ℓ_k)
 *   t_k = 1 at the label, or the given distribution
 *   s_k = w_k · ((1 − ε)·t_k + ε/|U| on U)
 *   row = a · (Σ_{s_k≠0} s_k·ℓ_k + z·lse²), a the sample weight, 0 where the label is ignored
 * mean = Σ row / Σ a·w_label (with distributions Σ a), 0 where that is 0. Gradients by the chain rule, term by term.
 * Logits are finite or −∞; a row without any finite entry is not for the oracle.
 */
import { Decimal, toDecimal } from './oracle.ts'

export interface LossCase {
  readonly logits: ArrayLike<number>
  readonly labels?: ArrayLike<number>
  readonly targets?: ArrayLike<number>
  readonly rows: number
  readonly classes: number
  readonly ignored?: readonly number[]
  readonly classWeights?: ArrayLike<number>
  readonly sampleWeights?: ArrayLike<number>
  readonly labelSmoothing?: number
  readonly temperature?: number
  readonly mask?: ArrayLike<number>
  readonly zLoss?: number
  readonly softCap?: number
  readonly reduction?: 'mean' | 'sum' | 'none'
}

export interface ExactLoss {
  /** Row losses with their weights, before the reduction. */
  readonly rows: Decimal[]
  /** Their mean or sum. */
  readonly loss: Decimal
  readonly gradient: Decimal[]
  /** What an error of the gradient is measured against: the larger of its two terms, with the sign left out. */
  readonly gradientTerm: Decimal[]
  readonly targetGradient: Decimal[]
  readonly logSumExp: Decimal[]
  readonly entropy: Decimal[]
  readonly argmax: number[]
}

const ZERO = new Decimal(0)
const ONE = new Decimal(1)
const INFINITY = new Decimal(Number.POSITIVE_INFINITY)

/** log(1 + s), s ≥ 0: by its series where 1 + s would lose digits. */
function log1p(s: Decimal): Decimal {
  if (s.lessThan('1e-30')) return s.minus(s.times(s).div(2)).plus(s.pow(3).div(3))
  return ONE.plus(s).ln()
}

/** exp(x) for x ≤ 0; nothing below e^−20000. */
const power = (x: Decimal): Decimal => (x.lessThan(-20000) ? ZERO : x.exp())

interface ExactRow {
  readonly p: Decimal[]
  /** 1 − p, without cancellation. */
  readonly q: Decimal[]
  readonly nll: Decimal[]
  readonly lse: Decimal
  readonly entropy: Decimal
}

/** Softmax and company of v/T over the entries that are not null. */
function exactRow(values: readonly (Decimal | null)[], temperature: Decimal): ExactRow {
  let argmax = -1
  values.forEach((v, k) => {
    const best = argmax < 0 ? null : values[argmax]
    if (v !== null && (best === null || v.greaterThan(best))) argmax = k
  })
  const max = values[argmax]
  if (max === null || max === undefined) throw new Error('oracle: a row without a finite entry')
  const gaps = values.map((v) => (v === null ? INFINITY : max.minus(v).div(temperature)))
  const terms = gaps.map((gap) => (gap.isFinite() ? power(gap.negated()) : ZERO))
  const others = terms.reduce((sum, term, k) => (k === argmax ? sum : sum.plus(term)), ZERO)
  const log = log1p(others)
  const total = others.plus(ONE)
  const p = terms.map((term) => term.div(total))
  const nll = gaps.map((gap) => gap.plus(log))
  return {
    p,
    q: terms.map((term, k) => (k === argmax ? others : total.minus(term)).div(total)),
    nll,
    lse: max.div(temperature).plus(log),
    entropy: p.reduce((sum, pk, k) => (pk.isZero() ? sum : sum.plus(pk.times(nll[k]))), ZERO),
  }
}

/** c·tanh(x/c) and its derivative. */
function softCapped(x: Decimal, cap: number | undefined): readonly [Decimal, Decimal] {
  if (cap === undefined) return [x, ONE]
  const c = toDecimal(cap)
  const e = power(x.abs().div(c).times(-2))
  const tanh = ONE.minus(e)
    .div(ONE.plus(e))
    .times(x.isNegative() ? -1 : 1)
  return [c.times(tanh), e.times(4).div(ONE.plus(e).pow(2))]
}

export function exactCrossEntropy(given: LossCase): ExactLoss {
  const { rows, classes, labels, targets, reduction = 'mean' } = given
  const smoothing = toDecimal(given.labelSmoothing ?? 0)
  const temperature = toDecimal(given.temperature ?? 1)
  const zLoss = toDecimal(given.zLoss ?? 0)
  const classWeight = (k: number): Decimal => toDecimal(given.classWeights?.[k] ?? 1)
  const isIgnored = (r: number): boolean => labels !== undefined && (given.ignored ?? []).includes(labels[r])
  const sampleWeight = (r: number): Decimal => (isIgnored(r) ? ZERO : toDecimal(given.sampleWeights?.[r] ?? 1))

  let divisor = ZERO
  for (let r = 0; r < rows; r++) {
    const weight = labels === undefined || isIgnored(r) ? ONE : classWeight(labels[r])
    divisor = divisor.plus(sampleWeight(r).times(weight))
  }
  const result: ExactLoss = {
    rows: [],
    loss: ZERO,
    gradient: [],
    gradientTerm: [],
    targetGradient: [],
    logSumExp: [],
    entropy: [],
    argmax: [],
  }
  let sum = ZERO
  for (let r = 0; r < rows; r++) {
    const places = Array.from({ length: classes }, (_, k) => r * classes + k)
    const isLeft = (i: number): boolean => given.mask === undefined || given.mask[i] !== 0
    const capped = places.map((i) =>
      isLeft(i) && given.logits[i] !== Number.NEGATIVE_INFINITY
        ? softCapped(toDecimal(given.logits[i]), given.softCap)
        : null,
    )
    const row = exactRow(
      capped.map((entry) => entry?.[0] ?? null),
      temperature,
    )
    const left = places.filter(isLeft).length
    const target = places.map((i, k) =>
      targets !== undefined ? toDecimal(targets[i]) : labels?.[r] === k ? ONE : ZERO,
    )
    const share = places.map((i, k) =>
      classWeight(k).times(
        ONE.minus(smoothing)
          .times(target[k])
          .plus(isLeft(i) ? smoothing.div(left) : ZERO),
      ),
    )
    const a = sampleWeight(r)
    const factor = reduction !== 'mean' ? a : divisor.isZero() ? ZERO : a.div(divisor)
    const mass = share.reduce((total, s) => total.plus(s), ZERO)
    const pull = mass.plus(zLoss.times(2).times(row.lse))
    const crossEntropy = share.reduce((total, s, k) => (s.isZero() ? total : total.plus(s.times(row.nll[k]))), ZERO)
    const loss = a.isZero() ? ZERO : a.times(crossEntropy.plus(zLoss.times(row.lse).times(row.lse)))
    result.rows.push(loss)
    sum = sum.plus(loss)
    for (let k = 0; k < classes; k++) {
      const slope = (capped[k]?.[1] ?? ONE).times(factor).div(temperature)
      // p·M − s = p·(M − s) − (1 − p)·s, for the digits of a confident row
      const value = row.p[k].times(pull.minus(share[k])).minus(row.q[k].times(share[k]))
      result.gradient.push(slope.times(value))
      result.gradientTerm.push(slope.times(Decimal.max(row.p[k].times(pull.abs()), share[k])))
      const price = classWeight(k).times(ONE.minus(smoothing)).times(factor)
      result.targetGradient.push(price.isZero() ? ZERO : price.times(row.nll[k]))
    }
    result.logSumExp.push(row.lse)
    result.entropy.push(row.entropy)
    // The cap keeps the order; its 80 digits do not, for logits far above it.
    const candidates = places.map((i, k) => (capped[k] === null ? Number.NEGATIVE_INFINITY : given.logits[i]))
    result.argmax.push(candidates.indexOf(Math.max(...candidates)))
  }
  const loss = reduction === 'mean' ? (divisor.isZero() ? ZERO : sum.div(divisor)) : sum
  return { ...result, loss }
}
