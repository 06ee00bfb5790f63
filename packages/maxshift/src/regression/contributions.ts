/**
 * What each feature of one row adds to its logits, seen from the mean of the training rows:
 *
 *   logit_k = base_k + Σ_j contribution_kj      base_k = b_k + Σ_j w_kj·mean_j      contribution_kj = w_kj·(x_j − mean_j)
 *
 * For a linear model with independent features these are the Shapley values of the logits (Štrumbelj & Kononenko, J. Mach. Learn. Res.
 * 11 (2010) 1). Softmax knows differences of logits only: what a feature says for class a against class b is the difference of their
 * two contributions.
 */
import { type Pair, productError, sumErrorOfAny } from '../special/double-double.ts'

/** What model.contributions returns. */
export interface Contributions {
  /** The logits of a row at the means of the training rows, one per class. */
  readonly base: Float64Array
  /** classes × features. */
  readonly contributions: Float64Array
}

/** The contributions of the features of `row`, whose length is that of the means. */
export function explainRow(
  row: ArrayLike<number>,
  means: Float64Array,
  weights: Float64Array,
  intercepts: Float64Array,
): Contributions {
  const contributions = new Float64Array(weights.length)
  const base = intercepts.map((intercept, k) => baseOf(intercept, weights, k * means.length, means))
  for (let i = 0; i < contributions.length; i++) {
    const j = i % means.length
    contributions[i] = weights[i] * (row[j] - means[j])
  }
  return { base, contributions }
}

const sum: Pair = { hi: 0, lo: 0 }

/** intercept + Σ_j weights[start + j]·means[j], in twice the precision and rounded (Ogita, Rump & Oishi 2005). */
function baseOf(intercept: number, weights: Float64Array, start: number, means: Float64Array): number {
  sum.hi = intercept
  sum.lo = 0
  for (let j = 0; j < means.length; j++) {
    const product = weights[start + j] * means[j]
    const next = sum.hi + product
    sum.lo += sumErrorOfAny(sum.hi, product, next) + productError(weights[start + j], means[j], product)
    sum.hi = next
  }
  return sum.hi + sum.lo
}
