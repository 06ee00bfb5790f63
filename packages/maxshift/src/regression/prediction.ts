/**
 * Outputs for many dense rows at once, by all cores of the machine: for features in shared memory, from 2^31 products of a feature with a
 * weight on, which take one core 150 ms or more, several times what another thread needs to start. Ordinary arrays would have to be
 * copied first, and browsers start no thread during a call: the calling thread alone serves them.
 */
import type { Features } from '../kernels/kernels.ts'
import { canHaveCrew, runWithCrew } from './crew.ts'
import { OUTPUTS, type Output, type PredictionJob } from './prediction-job.ts'
import { createNumbers, isShared } from './share.ts'
import { ROUND } from './team.ts'
import { availableCores } from './thread.ts'

/** Products that are worth other threads. */
const CREW_PRODUCTS = 2 ** 31
/** Those of a chunk: a millisecond or two. */
const CHUNK_PRODUCTS = 2 ** 24
const TILE_ROWS = 64

/** Rows of so many products each that make a call worth other threads. */
export const rowsForCrew = (products: number): number => Math.ceil(CREW_PRODUCTS / products)

/** Whether so many rows of these features are, and there may be other threads. */
export const isForCrew = (features: Features, rows: number, products: number): boolean =>
  rows >= rowsForCrew(products) && isShared(features) && canHaveCrew() && availableCores() > 1

/** The job of all rows of `features`, which lie in shared memory. */
export function planPrediction(features: Features, weights: Float64Array, intercepts: Float64Array): PredictionJob {
  const classes = intercepts.length
  const products = weights.length
  const featureCount = products / classes
  const rows = features.length / featureCount
  const least = Math.max(CHUNK_PRODUCTS / products, rows / (ROUND - 1))
  const chunkRows = Math.ceil(least / TILE_ROWS) * TILE_ROWS
  const finished = new Int32Array(new SharedArrayBuffer(4 * Math.ceil(rows / chunkRows)))
  const [point, bias] = [weights, intercepts].map((numbers) => {
    const copy = createNumbers(numbers.length, true)
    copy.set(numbers)
    return copy
  })
  const out = createNumbers(rows * classes, true)
  const shape = { rows, featureCount, classes, chunkRows }
  return { kind: 'prediction', ...shape, features, weights: point, intercepts: bias, out, finished }
}

/** The outputs of all rows, rows × classes, by this thread and others. */
export function predictTogether(
  features: Features,
  weights: Float64Array,
  intercepts: Float64Array,
  output: Output,
  others: number = availableCores() - 1,
): Float64Array {
  const job = planPrediction(features, weights, intercepts)
  runWithCrew(job, job, others, OUTPUTS[output])
  // What is returned is no shared memory, which many functions of a platform refuse.
  return job.out.slice()
}
