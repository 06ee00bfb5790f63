/**
 * The log-likelihood of the model without features: one intercept per class and the offset, or with no intercepts the offset alone.
 */
import { log } from '../special/log.ts'
import { factorise, solveRows, solveRowsTransposed } from './cholesky.ts'
import { Likelihood, type LikelihoodSource } from './information.ts'

/** Newton's method doubles the digits with each step; the start has one or two. */
const STEPS = 50
/** The log-likelihood is below its maximum by half of score·step: less than this of it is rounding. */
const NEGLIGIBLE = 2 ** -52

export async function nullLogLikelihood(source: LikelihoodSource): Promise<number> {
  const { labels, weights, offset, rows, classes, reference, intercept } = source
  const totals = new Float64Array(classes)
  for (let r = 0; r < rows; r++) totals[labels[r]] += weights === undefined ? 1 : weights[r]
  const total = totals.reduce((a, b) => a + b, 0)
  if (offset === undefined) {
    if (!intercept) return -total * log(classes)
    return totals.reduce((sum, own) => sum + (own === 0 ? 0 : own * log(own / total)), 0)
  }
  const start = intercept ? totals.map((own) => log(own / totals[reference])) : new Float64Array(classes)
  const likelihood = ofIntercepts(source, start)
  return intercept ? maximise(likelihood, start) : (await likelihood.score()).logLikelihood
}

/** Intercepts as the weights, changed by whoever holds them, of a feature that is 1 everywhere. */
function ofIntercepts(source: LikelihoodSource, intercepts: Float64Array): Likelihood {
  return new Likelihood({
    ...source,
    features: new Uint8Array(source.rows).fill(1),
    featureCount: 1,
    intercept: false,
    centres: Float64Array.of(0),
    units: Float64Array.of(1),
    modelWeights: intercepts,
    modelIntercepts: new Float64Array(source.classes),
  })
}

/** Newton's method on a concave function; a step that leads down is halved. */
async function maximise(likelihood: Likelihood, intercepts: Float64Array): Promise<number> {
  const { size, others } = likelihood
  let best = await likelihood.score()
  for (let step = 0; step < STEPS; step++) {
    const matrix = await likelihood.information()
    const direction = best.score.slice()
    if (!(await factorise(matrix, size, async () => {}))) break
    solveRows(matrix, size, direction)
    const gain = direction.reduce((sum, value) => sum + value * value, 0)
    solveRowsTransposed(matrix, size, direction)
    const from = intercepts.slice()
    let next = best
    for (let share = 1; share > 1e-6; share /= 2) {
      others.forEach((k, q) => {
        intercepts[k] = from[k] + share * direction[q]
      })
      next = await likelihood.score()
      if (next.logLikelihood >= best.logLikelihood) break
    }
    const done = gain <= NEGLIGIBLE * Math.abs(best.logLikelihood)
    if (next.logLikelihood >= best.logLikelihood) best = next
    else intercepts.set(from)
    if (done) break
  }
  return best.logLikelihood
}
