/**
 * One look at the features before training: where does each column lie, and how far does it spread? The answer only sets
 * the coordinates of the optimiser; it need not be exact to the last digit.
 *
 * Sums run over x/a − x₀/a with x₀ the first row and a the column's largest magnitude: nothing overflows, and a column far
 * from zero does not lose its spread to rounding. With weights, rows count as often as their weight says, those of weight 0 not at all.
 */
import type { Features } from '../kernels/kernels.ts'
import type { Pause } from './pause.ts'

export interface Columns {
  readonly means: Float64Array
  /** Standard deviations, population formula; 0 for a constant column, else at least 2⁻²⁶ of its largest magnitude. */
  readonly deviations: Float64Array
}

/** A spread below this share of the magnitude is noise of the numbers themselves. */
const LEAST_SPREAD = 2 ** -26
/** The reciprocal of a smaller magnitude could overflow. */
const LEAST_MAGNITUDE = 1e-300
/** Numbers looked at between two pauses. */
const BLOCK_NUMBERS = 4_194_304

/**
 * Means and deviations of the columns of `rows × featureCount` finite features, with weights (one per row, at most 1e100, not all 0)
 * if given.
 */
export async function describeColumns(
  features: Features,
  rows: number,
  featureCount: number,
  pause: Pause,
  weights?: Float64Array,
): Promise<Columns> {
  const blockRows = Math.max(1, Math.floor(BLOCK_NUMBERS / featureCount))
  const largest = new Float64Array(featureCount)
  for (let first = 0; first < rows; first += blockRows) {
    updateLargest(features, weights, first, Math.min(rows, first + blockRows), largest)
    await pause()
  }
  const scales = largest.map((magnitude) => 1 / Math.max(magnitude, LEAST_MAGNITUDE))
  const start = weights === undefined ? 0 : weights.findIndex((weight) => weight > 0)
  const origin = scales.map((scale, j) => features[start * featureCount + j] * scale)
  const sums = new Float64Array(featureCount)
  const squares = new Float64Array(featureCount)
  for (let first = 0; first < rows; first += blockRows) {
    addMoments(features, weights, first, Math.min(rows, first + blockRows), scales, origin, sums, squares)
    await pause()
  }
  const total = weights === undefined ? rows : weights.reduce((sum, weight) => sum + weight, 0)
  const means = new Float64Array(featureCount)
  const deviations = new Float64Array(featureCount)
  for (let j = 0; j < featureCount; j++) {
    const mean = sums[j] / total
    const spread = Math.sqrt(Math.max(0, squares[j] / total - mean * mean))
    means[j] = (origin[j] + mean) / scales[j]
    deviations[j] = squares[j] === 0 ? 0 : Math.max(spread, LEAST_SPREAD) / scales[j]
  }
  return { means, deviations }
}

function updateLargest(
  features: Features,
  weights: Float64Array | undefined,
  first: number,
  end: number,
  largest: Float64Array,
): void {
  const featureCount = largest.length
  for (let r = first, i = first * featureCount; r < end; r++, i += featureCount) {
    if (weights?.[r] === 0) continue
    for (let j = 0; j < featureCount; j++) {
      const magnitude = Math.abs(features[i + j])
      if (magnitude > largest[j]) largest[j] = magnitude
    }
  }
}

/** Adds the weighted scaled distances from the origin, and their squares. */
function addMoments(
  features: Features,
  weights: Float64Array | undefined,
  first: number,
  end: number,
  scales: Float64Array,
  origin: Float64Array,
  sums: Float64Array,
  squares: Float64Array,
): void {
  const featureCount = sums.length
  for (let r = first, i = first * featureCount; r < end; r++, i += featureCount) {
    const weight = weights === undefined ? 1 : weights[r]
    if (weight === 0) continue
    for (let j = 0; j < featureCount; j++) {
      const distance = features[i + j] * scales[j] - origin[j]
      sums[j] += weight * distance
      squares[j] += weight * distance * distance
    }
  }
}
