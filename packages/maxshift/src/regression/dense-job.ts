/**
 * The sweep through dense features as a job: stage 0 computes in float32, stage 1 in float64. The number of chunks depends on the shape
 * alone, and each has a loss and a gradient of its own, which are added in the order of the chunks.
 */
import type { LinearKernels, LinearPass } from '../kernels/kernels.ts'
import { selectLinearKernels } from '../kernels/select-linear.ts'
import type { DenseDataset } from './data.ts'
import type { Runner } from './job.ts'

export interface DenseJob {
  readonly kind: 'dense'
  /** The rows of the chunks that this thread may take: all, or the first ones. */
  readonly data: DenseDataset
  readonly chunkRows: number
  /** Weights (classes × features), then intercepts (classes). */
  readonly point: Float64Array
  /** For each chunk the gradient, in the order of `point`, and its loss. */
  readonly results: Float64Array
}

export const STAGES = { f32: 0, f64: 1 } as const

/** What the gradients of all chunks may take together. */
const RESULT_BYTES = 16 * 2 ** 20
const CHUNKS_MOST = 64
/** A chunk has at least so many products of a feature with a weight, a tenth of a millisecond. */
const CHUNK_PRODUCTS = 2 ** 20
/** Chunks are made of whole tiles (kernels/linear-tiles.ts). */
const TILE_ROWS = 64

/** Rows per chunk: all but the last have so many. */
export function chunkRowsOf(rows: number, featureCount: number, classes: number): number {
  const products = featureCount * classes
  const fitting = Math.max(2, Math.floor(RESULT_BYTES / 8 / (products + classes + 1)))
  const most = Math.min(CHUNKS_MOST, fitting)
  const least = Math.max(Math.ceil(rows / most), Math.ceil(CHUNK_PRODUCTS / products))
  return Math.ceil(least / TILE_ROWS) * TILE_ROWS
}

/** A block has about this many products of a feature with a weight: some milliseconds. */
const BLOCK_PRODUCTS = 2 ** 25
const BLOCK_ROWS_MOST = 1024

/** Rows that are computed without a pause: whole tiles. */
export function blockRows(featureCount: number, classes: number): number {
  const tiles = Math.floor(BLOCK_PRODUCTS / (featureCount * classes) / TILE_ROWS)
  return Math.max(TILE_ROWS, Math.min(BLOCK_ROWS_MOST, tiles * TILE_ROWS))
}

export function createDenseRunner(job: DenseJob, kernels: LinearKernels = selectLinearKernels()): Runner {
  const { data, chunkRows, point, results } = job
  const { features, rows, featureCount, classes } = data
  const products = featureCount * classes
  const length = products + classes + 1
  const block = blockRows(featureCount, classes)
  const passes: LinearPass[] = []
  const rounds = [0, 0]

  /** The pass of a stage, made on first use, with the weights of the round. */
  function passOf(stage: number, round: number): LinearPass {
    passes[stage] ??= kernels.createPass(featureCount, classes, stage === STAGES.f32 ? 'f32' : 'f64')
    if (rounds[stage] !== round) {
      rounds[stage] = round
      passes[stage].setWeights(point.subarray(0, products), point.subarray(products))
    }
    return passes[stage]
  }

  return {
    *run(stage, chunk, round) {
      const pass = passOf(stage, round)
      const result = results.subarray(chunk * length, (chunk + 1) * length)
      const weightsGradient = result.subarray(0, products)
      const interceptsGradient = result.subarray(products, products + classes)
      result.fill(0)
      const end = Math.min(rows, (chunk + 1) * chunkRows)
      for (let first = chunk * chunkRows; first < end; first += block) {
        const count = Math.min(block, end - first)
        const loss = pass.addLossAndGradient(features, data, first, count, weightsGradient, interceptsGradient)
        result[products + classes] += loss
        yield
      }
    },
  }
}
