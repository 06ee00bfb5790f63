/**
 * One sweep through all rows: Σ_r w_r·loss_r and its gradient, for the weights and intercepts given. The work is a job for a team
 * (job.ts, team.ts); its parts are added here, in their order, so the bits do not depend on the number of threads.
 */
import { LossSum } from '../kernels/row-losses.ts'
import type { DenseDataset } from './data.ts'
import { chunkRowsOf, type DenseJob, STAGES } from './dense-job.ts'
import type { Pause } from './pause.ts'
import { canShare, createNumbers, shareableRows, shareRows } from './share.ts'
import { Team } from './team.ts'
import { availableCores } from './thread.ts'

export interface Sweep {
  /** In what the next evaluation computes: 'f32' is rough and about twice as fast. 'f64' at first. */
  precision: 'f32' | 'f64'
  /** Threads that have worked so far. */
  readonly threads: number
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
  /** Ends the threads; the sweep is not used afterwards. */
  close(): Promise<void>
}

/** A sweep with fewer products of a feature with a weight is not worth another thread. */
const SHARED_PRODUCTS = 2 ** 24

/**
 * The sweep through dense features by at most so many threads, the calling one among them. The weights of the rows may be changed
 * between two evaluations, where there are any.
 */
export function createDenseSweep(data: DenseDataset, pause: Pause, threads: number = availableCores()): Sweep {
  const { rows, featureCount, classes } = data
  const products = featureCount * classes
  const length = products + classes
  const chunkRows = chunkRowsOf(rows, featureCount, classes)
  const chunks = Math.ceil(rows / chunkRows)
  const wanted = canShare() && rows * products >= SHARED_PRODUCTS ? Math.min(threads, chunks) : 1
  const sharedRows = wanted > 1 ? shareableRows(data, chunkRows, 8 * chunks * (length + 1)) : 0
  const point = createNumbers(length, sharedRows > 0)
  const results = createNumbers(chunks * (length + 1), sharedRows > 0)
  const own: DenseJob = { kind: 'dense', data, chunkRows, point, results }
  const shared = sharedRows > 0 ? { ...own, data: shareRows(data, sharedRows) } : undefined
  const team = new Team(own, shared, wanted - 1)
  const sharedChunks = Math.ceil(sharedRows / chunkRows)

  return {
    precision: 'f64',
    get threads() {
      return team.size
    },
    async evaluate(weights, intercepts, weightsGradient, interceptsGradient) {
      point.set(weights)
      point.set(intercepts, products)
      if (data.weights) shared?.data.weights?.set(data.weights.subarray(0, sharedRows))
      await team.run(STAGES[this.precision], sharedChunks, chunks, pause)
      weightsGradient.fill(0)
      interceptsGradient.fill(0)
      const loss = new LossSum()
      for (let chunk = 0, i = 0; chunk < chunks; chunk++) {
        for (let j = 0; j < products; j++, i++) weightsGradient[j] += results[i]
        for (let k = 0; k < classes; k++, i++) interceptsGradient[k] += results[i]
        loss.add(results[i++])
      }
      if (this.precision === 'f32') {
        balance(weightsGradient, classes)
        balance(interceptsGradient, classes)
      }
      return loss.value
    },
    close: () => team.close(),
  }
}

/** Residuals of a row sum to 0 over the classes, and so do gradients: takes from each class its share of what rounding left. */
function balance(gradient: Float64Array, classes: number): void {
  const size = gradient.length / classes
  for (let j = 0; j < size; j++) {
    let sum = 0
    for (let i = j; i < gradient.length; i += size) sum += gradient[i]
    for (let i = j; i < gradient.length; i += size) gradient[i] -= sum / classes
  }
}
