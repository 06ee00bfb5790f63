/**
 * One sweep through all rows: Σ_r w_r·loss_r and its gradient, for the weights and intercepts given.
 *
 * Rows are taken in blocks of a fixed size, each with its own sum, and the blocks are added in their order; the result
 * does not depend on who computes a block, or when. What happens within a block is the kernel's business.
 */
import type { LinearKernels } from '../kernels/kernels.ts'
import { selectLinearKernels } from '../kernels/select-linear.ts'
import type { DenseDataset } from './data.ts'
import type { Pause } from './pause.ts'

export interface Sweep {
  /**
   * Returns Σ_r w_r·loss_r over all rows and overwrites weightsGradient (classes × features) and interceptsGradient (classes) with its
   * gradient.
   */
  evaluate(
    weights: Float64Array,
    intercepts: Float64Array,
    weightsGradient: Float64Array,
    interceptsGradient: Float64Array,
  ): Promise<number>
  /** Frees what the sweep holds; it is not used afterwards. */
  close(): Promise<void> | void
}

/** A block has about this many products of a feature with a weight: a hundredth of a second. */
const BLOCK_PRODUCTS = 8_388_608
const BLOCK_ROWS_MOST = 1024
const BLOCK_ROWS_LEAST = 32

export function blockRows(featureCount: number, classes: number): number {
  const rows = Math.floor(BLOCK_PRODUCTS / (featureCount * classes))
  return Math.max(BLOCK_ROWS_LEAST, Math.min(BLOCK_ROWS_MOST, rows))
}

/** The sweep through dense features, on the calling thread. */
export function createDenseSweep(
  data: DenseDataset,
  pause: Pause,
  kernels: LinearKernels = selectLinearKernels(),
): Sweep {
  const { features, rows, featureCount, classes } = data
  const pass = kernels.createPass(featureCount, classes)
  const step = blockRows(featureCount, classes)
  return {
    async evaluate(weights, intercepts, weightsGradient, interceptsGradient) {
      pass.setWeights(weights, intercepts)
      weightsGradient.fill(0)
      interceptsGradient.fill(0)
      let loss = 0
      for (let first = 0; first < rows; first += step) {
        const count = Math.min(step, rows - first)
        loss += pass.addLossAndGradient(features, data, first, count, weightsGradient, interceptsGradient)
        await pause()
      }
      return loss
    },
    close() {},
  }
}
