/**
 * One look at the features before training: where does each column lie, and how far does it spread? The answer only sets
 * the coordinates of the optimiser; it need not be exact to the last digit.
 *
 * Sums run over x/a − x₀/a with x₀ the first row and a the column's largest magnitude: nothing overflows, and a column far
 * from zero does not lose its spread to rounding.
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

/** Means and deviations of the columns of `rows × featureCount` finite features. */
export async function describeColumns(
  features: Features,
  rows: number,
  featureCount: number,
  pause: Pause,
): Promise<Columns> {
  const blockRows = Math.max(1, Math.floor(BLOCK_NUMBERS / featureCount))
  const largest = new Float64Array(featureCount)
  for (let first = 0; first < rows; first += blockRows) {
    updateLargest(features, first, Math.min(rows, first + blockRows), largest)
    await pause()
  }
  const scales = largest.map((magnitude) => 1 / Math.max(magnitude, LEAST_MAGNITUDE))
  const sums = new Float64Array(featureCount)
  const squares = new Float64Array(featureCount)
  for (let first = 0; first < rows; first += blockRows) {
    addMoments(features, first, Math.min(rows, first + blockRows), scales, sums, squares)
    await pause()
  }
  const means = new Float64Array(featureCount)
  const deviations = new Float64Array(featureCount)
  for (let j = 0; j < featureCount; j++) {
    const mean = sums[j] / rows
    const spread = Math.sqrt(Math.max(0, squares[j] / rows - mean * mean))
    means[j] = (features[j] * scales[j] + mean) / scales[j]
    deviations[j] = squares[j] === 0 ? 0 : Math.max(spread, LEAST_SPREAD) / scales[j]
  }
  return { means, deviations }
}

function updateLargest(features: Features, first: number, end: number, largest: Float64Array): void {
  const featureCount = largest.length
  for (let i = first * featureCount; i < end * featureCount; i += featureCount)
    for (let j = 0; j < featureCount; j++) {
      const magnitude = Math.abs(features[i + j])
      if (magnitude > largest[j]) largest[j] = magnitude
    }
}

/** Adds the scaled distances from the first row, and their squares. */
function addMoments(
  features: Features,
  first: number,
  end: number,
  scales: Float64Array,
  sums: Float64Array,
  squares: Float64Array,
): void {
  const featureCount = sums.length
  const origin = scales.map((scale, j) => features[j] * scale)
  for (let i = first * featureCount; i < end * featureCount; i += featureCount)
    for (let j = 0; j < featureCount; j++) {
      const distance = features[i + j] * scales[j] - origin[j]
      sums[j] += distance
      squares[j] += distance * distance
    }
}
