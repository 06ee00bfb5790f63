/**
 * Whether a fit may begin in float32, about twice as fast as float64: until rounding would show, which is long after most fits have
 * converged. What is told of the result is of float64 in any case.
 *
 * In the coordinates of the optimiser a column counts in units of its spread σ around its mean μ. Rounding x, w and their products
 * changes a logit by about u·|x·w| with u = 2⁻²⁴, so by u·(|μ|/σ + 1) per unit of the coordinate, and the gradient likewise: 2⁻²² or so
 * for features near zero (measured on MNIST: 1e-7 at every point of a fit). Columns far from zero lose the ratio |μ|/σ, and those
 * whose products could leave float32 everything: they are left to float64.
 */
import type { Columns } from './columns.ts'
import type { Dataset } from './data.ts'

/** Below this gradient norm float64 takes over: 2⁶ times the rounding of a column that is as far from zero as allowed. */
export const SINGLE_FLOOR = 2 ** -16
/** The rounding of the mean loss, relative to it. */
export const SINGLE_NOISE = 2 ** -20

/** Fewer products in a sweep are faster than what is around them. */
const LEAST_PRODUCTS = 2 ** 20
/** The largest |μ|/σ, and the largest |offset|. */
const FAR = 32
/** Spreads, magnitudes and weights of rows lie between this and its reciprocal. */
const LARGE = 2 ** 60

/** `intercept` tells whether means are taken out of the columns. */
export function canBeginInSingle(data: Dataset, { means, deviations }: Columns, intercept: boolean): boolean {
  const { rows, featureCount, classes, weights, offset } = data
  if (rows * featureCount * classes < LEAST_PRODUCTS) return false
  const reach = Math.sqrt(rows)
  for (let j = 0; j < featureCount; j++) {
    const mean = Math.abs(means[j])
    const deviation = deviations[j]
    if (!(mean + reach * deviation <= LARGE)) return false
    const spread = intercept ? deviation : Math.max(deviation, mean)
    // A spread of 0 leaves the weight at 0.
    if (spread > 0 && !(spread >= 1 / LARGE && mean <= FAR * spread)) return false
  }
  if (weights !== undefined) {
    const largest = weights.reduce((a, b) => Math.max(a, b), 0)
    if (!(largest <= LARGE && largest >= 1 / LARGE)) return false
  }
  return offset === undefined || offset.every((value: number) => Math.abs(value) <= FAR)
}
