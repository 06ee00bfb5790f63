/**
 * Weighted means and correlations of the features over a sample of rows, by the matrix products of the linear pass.
 */
import type { Features } from '../kernels/kernels.ts'
import { LinearTiles } from '../kernels/linear-tiles.ts'
import { createLinearMemory } from '../kernels/wasm/linear-module.ts'
import type { Pause } from './pause.ts'

/** Columns whose mean is more than this many spreads away from zero are centred before products are formed. */
const FAR = 4
/** Zᵀ·Z is the gradient of a linear pass whose logits have the gradient Z. */
const SHAPE = { rows: Infinity, weightsGradient: true, featuresGradient: false } as const
/** With more columns products are made in float32: all the digits that a metric needs, in half the time. */
const DOUBLE_COLUMNS = 128

export interface Correlation {
  /** Weighted means over the sample; 0 if nothing is to be centred. */
  readonly means: Float64Array
  /** Σ_r u_r·z_ri·z_rj / Σ_r u_r with z = (x − mean) / spread: square, row-major, the lower triangle. */
  readonly matrix: Float64Array
  /** From how many rows the diagonal comes, in effect: (Σ_r u_r·z²)² / Σ_r (u_r·z²)², 0 for a column of zeros. */
  readonly support: Float64Array
}

/** Rows to look at, and how much each counts. */
export interface Sample {
  readonly rows: Int32Array
  /** Finite, ≥ 0, of positive sum. */
  readonly weights: Float64Array
}

/**
 * Correlations in units of `spreads` (infinite for a column that is to count as zero). `means` say where the columns lie,
 * roughly; with `centred` false they are not looked at.
 */
export async function correlate(
  features: Features,
  sample: Sample,
  means: Float64Array,
  spreads: Float64Array,
  centred: boolean,
  pause: Pause,
): Promise<Correlation> {
  const size = means.length
  const isDouble = size <= DOUBLE_COLUMNS
  const shape = { ...SHAPE, featureCount: size, classes: size, precision: isDouble ? 'f64' : 'f32' } as const
  const products = new LinearTiles(shape, createLinearMemory)
  const matrix = new Float64Array(size * size)
  const sums = new Float64Array(size)
  const squares = new Float64Array(size)
  const fourths = new Float64Array(size)
  const shifts = means.map((mean, j) => (centred && Math.abs(mean) > FAR * spreads[j] ? mean : 0))
  const block = new (isDouble ? Float64Array : Float32Array)(products.tileRows * size)
  let total = 0
  for (let first = 0; first < sample.rows.length; first += products.tileRows) {
    const count = Math.min(products.tileRows, sample.rows.length - first)
    for (let r = 0, i = 0; r < count; r++) {
      const begin = sample.rows[first + r] * size
      const root = Math.sqrt(sample.weights[first + r])
      total += sample.weights[first + r]
      for (let j = 0; j < size; j++, i++) {
        const value = root * ((features[begin + j] - shifts[j]) / spreads[j])
        const square = value * value
        block[i] = value
        sums[j] += root * value
        squares[j] += square
        fourths[j] += square * square
      }
    }
    products.load(block, 0, count)
    products.logits.set(block.subarray(0, count * size))
    products.addWeightsGradient(count, matrix)
    await pause()
  }
  products.finishWeightsGradient(matrix)
  for (let j = 0; j < size; j++) sums[j] = centred ? sums[j] / total : 0
  for (let i = 0; i < size; i++) {
    for (let j = 0, k = i * size; j <= i; j++, k++) matrix[k] = matrix[k] / total - sums[i] * sums[j]
  }
  // An infinite spread has a sum of 0; sums of the largest numbers are not finite.
  const centres = shifts.map((shift, j) => {
    const distance = sums[j] === 0 ? 0 : sums[j] * spreads[j]
    return Number.isFinite(distance) ? shift + distance : shift
  })
  const support = squares.map((square, j) => (square === 0 ? 0 : (square / fourths[j]) * square))
  return { means: centres, matrix, support }
}
