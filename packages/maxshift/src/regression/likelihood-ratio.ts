/**
 * The likelihood-ratio test of two nested models: twice the difference of their log-likelihoods is chi-squared, with as many degrees of
 * freedom as the smaller one has coefficients less, if it is right (Wilks, Ann. Math. Statist. 9 (1938) 60).
 */
import { describe } from '../check.ts'
import { chiSquaredTail } from '../special/tails.ts'
import type { Inference } from './inference.ts'

/** A likelihood-ratio test. */
export interface LikelihoodRatio {
  /** 2·(log-likelihood of the larger model − that of the smaller one). */
  readonly statistic: number
  /** Degrees of freedom: the difference of the numbers of coefficients. */
  readonly df: number
  /** The probability of such a statistic, or a larger one, if the smaller model is right. */
  readonly p: number
}

/** A larger model that is worse by more than this is none: log-likelihoods are known to about 1e-12 of themselves. */
const ROUNDING = 1e-9

/**
 * Tests a smaller model against a larger one, from what model.inference says of both for the same rows. The smaller one must be
 * the larger one with some coefficients fixed, usually at 0: fitted to some of its features, say. Throws a RangeError where
 * that cannot be so: other rows, no more coefficients, or a lower likelihood.
 */
export function likelihoodRatioTest(smaller: Inference, larger: Inference): LikelihoodRatio {
  const who = 'likelihoodRatioTest'
  for (const [name, value] of [
    ['smaller', smaller],
    ['larger', larger],
  ] as const) {
    if (typeof value !== 'object' || value === null || !Array.isArray(value.coefficients)) {
      throw new TypeError(`${who}: expected ${name} to be what model.inference returns, got ${describe(value)}`)
    }
  }
  if (smaller.rows !== larger.rows || smaller.totalWeight !== larger.totalWeight) {
    throw new RangeError(
      `${who}: expected both models on the same rows, got ${smaller.rows} of weight ${smaller.totalWeight} and ${larger.rows} of ` +
        `weight ${larger.totalWeight}`,
    )
  }
  const df = larger.coefficients.length - smaller.coefficients.length
  if (df <= 0) {
    throw new RangeError(
      `${who}: expected the larger model to have more coefficients, got ${larger.coefficients.length} and ` +
        `${smaller.coefficients.length} in the smaller one`,
    )
  }
  const statistic = 2 * (larger.logLikelihood - smaller.logLikelihood)
  if (!(statistic >= -ROUNDING * Math.abs(smaller.logLikelihood))) {
    throw new RangeError(
      `${who}: expected the smaller model to be a special case of the larger one, got a higher log-likelihood, ` +
        `${smaller.logLikelihood} against ${larger.logLikelihood}`,
    )
  }
  return { statistic, df, p: chiSquaredTail(statistic, df) }
}
