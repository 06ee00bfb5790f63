/**
 * Outputs for dense rows as a job: stage 0 gives logits, stage 1 probabilities, stage 2 their logarithms. Rows are independent, so the
 * cut into chunks and who computes them change no bit.
 */
import type { Features } from '../kernels/kernels.ts'
import { selectLinearKernels } from '../kernels/select-linear.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import { blockRows } from './dense-job.ts'
import type { Runner } from './job.ts'

export const OUTPUTS = { logits: 0, softmax: 1, logSoftmax: 2 } as const
export type Output = keyof typeof OUTPUTS

export interface PredictionJob {
  readonly kind: 'prediction'
  /** Rows × featureCount. */
  readonly features: Features
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  readonly chunkRows: number
  /** Classes × features. */
  readonly weights: Float64Array
  readonly intercepts: Float64Array
  /** All rows × classes. */
  readonly out: Float64Array
  /** For each chunk 1 once its outputs are there. */
  readonly finished: Int32Array
}

/** Turns logits into an output, in place. */
export function convertLogits(output: Output, logits: Float64Array, classes: number): void {
  if (output === 'logits') return
  selectLossKernels(logits.length)[output](logits, logits.length / classes, classes, 1, logits)
}

export function createPredictionRunner(job: PredictionJob): Runner {
  const { features, rows, featureCount, classes, chunkRows, weights, intercepts, out, finished } = job
  const block = blockRows(featureCount, classes)
  const pass = selectLinearKernels().createPass(featureCount, classes)
  pass.setWeights(weights, intercepts)
  // A chunk may be computed twice (crew.ts), so nothing but final numbers is written to `out`.
  const logits = new Float64Array(block * classes)
  const outputs = Object.keys(OUTPUTS) as Output[]

  return {
    *run(stage, chunk) {
      const end = Math.min(rows, (chunk + 1) * chunkRows)
      for (let first = chunk * chunkRows; first < end; first += block) {
        const count = Math.min(block, end - first)
        const part = logits.subarray(0, count * classes)
        pass.logits(features, first, count, part)
        convertLogits(outputs[stage], part, classes)
        out.set(part, first * classes)
        yield
      }
      Atomics.store(finished, chunk, 1)
    },
  }
}
