/**
 * Work that several threads can share: a job is plain data over shared memory, from which each thread, the calling one included, makes
 * its own runner. A job is cut in chunks whose results have places of their own, so it does not matter who computes which, or when.
 */
import { createDenseRunner, type DenseJob } from './dense-job.ts'
import { createPredictionRunner, type PredictionJob } from './prediction-job.ts'
import { createSparseRunner, type SparseJob } from './sparse-job.ts'

/** Everything that a thread needs to know, as a message can carry it. */
export type Job = DenseJob | SparseJob | PredictionJob

export interface Runner {
  /**
   * Computes one chunk of one stage of the job, with a pause after every hundredth of a second or so. `round` is another number
   * whenever the inputs of the job have changed.
   */
  run(stage: number, chunk: number, round: number): Generator<void>
}

/** The runner of a job in this thread. */
export function createRunner(job: Job): Runner {
  if (job.kind === 'prediction') return createPredictionRunner(job)
  return job.kind === 'dense' ? createDenseRunner(job) : createSparseRunner(job)
}
