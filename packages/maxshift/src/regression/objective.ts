/**
 * The objective of softmax regression, in the coordinates of the optimiser:
 *
 *   Σ_r w_r·loss_r / Σ_r w_r + Σ_j l2_j/2·Σ_k W_kj²      loss_r = log Σ_k exp(o_rk) − o_r,label      o = W·x + b
 *
 * The sweep through the rows is sweep.ts.
 */
import type { Objective } from '../optim/objective.ts'
import type { CoordinateSystem } from './coordinates.ts'
import type { Dataset } from './data.ts'
import type { Sweep } from './sweep.ts'

/**
 * The objective with one l2 ≥ 0 for each feature as it is, in the coordinates that are current. One evaluation is one sweep through
 * the data.
 */
export function createObjective(
  { featureCount, classes, totalWeight }: Pick<Dataset, 'featureCount' | 'classes' | 'totalWeight'>,
  l2: Float64Array,
  sweep: Pick<Sweep, 'evaluate'>,
  current: () => Pick<CoordinateSystem, 'toWeights' | 'toGradient'>,
): Objective {
  const rootL2 = l2.map(Math.sqrt)
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  const weightsGradient = new Float64Array(weights.length)
  const interceptsGradient = new Float64Array(classes)

  return async (parameters, gradient) => {
    const coordinates = current()
    coordinates.toWeights(parameters, weights, intercepts)
    const loss = await sweep.evaluate(weights, intercepts, weightsGradient, interceptsGradient)
    let squares = 0
    for (let k = 0, i = 0; k < classes; k++) {
      for (let j = 0; j < featureCount; j++, i++) {
        // The root goes in first: squares of the weights of tiny features would overflow.
        squares += rootL2[j] * weights[i] * (rootL2[j] * weights[i])
        weightsGradient[i] = weightsGradient[i] / totalWeight + l2[j] * weights[i]
      }
    }
    for (let k = 0; k < classes; k++) interceptsGradient[k] /= totalWeight
    coordinates.toGradient(weightsGradient, interceptsGradient, gradient)
    return loss / totalWeight + squares / 2
  }
}
