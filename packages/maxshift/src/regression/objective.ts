/**
 * The objective of softmax regression, in the coordinates of the optimiser:
 *
 *   mean over rows of (log Σ_k exp(o_k) − o_label) + l2/2·‖W‖²      o = W·x + b
 *
 * Rows are taken in blocks of a fixed size, each with its own sum, and the blocks are added in their order; the result
 * does not depend on who computes a block, or when. What happens within a block is the kernel's business.
 */
import type { Features, LinearPass } from '../kernels/kernels.ts'
import type { Objective } from '../optim/objective.ts'
import type { Coordinates } from './coordinates.ts'
import type { Pause } from './pause.ts'

export interface TrainingData {
  /** rows × featureCount. */
  readonly features: Features
  /** One class per row. */
  readonly labels: Int32Array
  readonly featureCount: number
  readonly classes: number
}

/** A block has about this many products of a feature with a weight: a hundredth of a second. */
const BLOCK_PRODUCTS = 8_388_608
const BLOCK_ROWS_MOST = 1024
const BLOCK_ROWS_LEAST = 32

export function blockRows(featureCount: number, classes: number): number {
  const rows = Math.floor(BLOCK_PRODUCTS / (featureCount * classes))
  return Math.max(BLOCK_ROWS_LEAST, Math.min(BLOCK_ROWS_MOST, rows))
}

/**
 * The objective with l2 ≥ 0 for the weights of the features as they are, in the coordinates that are current. One evaluation is one
 * pass over the data.
 */
export function createObjective(
  data: TrainingData,
  l2: number,
  pass: LinearPass,
  current: () => Coordinates,
  pause: Pause,
): Objective {
  const { features, labels, featureCount, classes } = data
  const rows = labels.length
  const step = blockRows(featureCount, classes)
  const rootL2 = Math.sqrt(l2)
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  const weightsGradient = new Float64Array(weights.length)
  const interceptsGradient = new Float64Array(classes)

  return async (parameters, gradient) => {
    const coordinates = current()
    coordinates.toWeights(parameters, weights, intercepts)
    pass.setWeights(weights, intercepts)
    weightsGradient.fill(0)
    interceptsGradient.fill(0)
    let loss = 0
    for (let first = 0; first < rows; first += step) {
      const count = Math.min(step, rows - first)
      loss += pass.addLossAndGradient(features, labels, first, count, weightsGradient, interceptsGradient)
      await pause()
    }
    let squares = 0
    for (let i = 0; i < weights.length; i++) {
      // The root goes in first: squares of the weights of tiny features would overflow.
      squares += rootL2 * weights[i] * (rootL2 * weights[i])
      weightsGradient[i] = weightsGradient[i] / rows + l2 * weights[i]
    }
    for (let k = 0; k < classes; k++) interceptsGradient[k] /= rows
    coordinates.toGradient(weightsGradient, interceptsGradient, gradient)
    return loss / rows + squares / 2
  }
}
