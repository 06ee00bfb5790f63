/**
 * What stochastic gradient descent needs besides batches, wherever these come from: coordinates, and a step length for them.
 *
 * The coordinates have one unit for each column: u = D·w, v = √β·(b + w·μ) with D² = β·σ² + l2, σ the spreads and μ the means of
 * the columns. They are those of coordinates.ts without decorrelation, which would cost more than such a step: on MNIST the
 * objective after ten epochs was the same with it. β is the curvature of the loss at 0 for one class.
 */
import type { Features, LinearPass, RowData } from '../kernels/kernels.ts'
import { largestCurvature } from '../optim/largest-curvature.ts'
import type { Objective } from '../optim/objective.ts'
import type { Columns } from './columns.ts'
import { Coordinates } from './coordinates.ts'
import { hypotenuse } from './curvature.ts'
import { createObjective } from './objective.ts'
import type { Pause } from './pause.ts'

/** The shape of the problem, and what all its batches share. */
export interface SgdProblem {
  readonly featureCount: number
  readonly classes: number
  readonly intercept: boolean
  /** One per feature. */
  readonly l2: Float64Array
  readonly pass: LinearPass
  readonly pause: Pause
}

/** Rows side by side; whatever they are when they are asked for. */
export interface Rows {
  readonly features: Features
  readonly data: RowData
}

/** The curvature is estimated from so many rows, or fewer if they have more numbers than this. */
const SAMPLE_ROWS = 4096
const SAMPLE_NUMBERS = 2 ** 22

export function sampleSize(featureCount: number): number {
  return Math.max(1, Math.min(SAMPLE_ROWS, Math.floor(SAMPLE_NUMBERS / featureCount)))
}

/** One unit for each column. */
export function columnCoordinates(problem: SgdProblem, { means, deviations }: Columns): Promise<Coordinates> {
  const { classes, intercept, l2, pause } = problem
  const values = new Float64Array(classes).fill((1 - 1 / classes) / classes)
  const spreads = deviations.map(
    (deviation, j) => (intercept ? deviation : hypotenuse(deviation, means[j])) || Infinity,
  )
  const centres = intercept ? means : new Float64Array(means.length)
  const curvature = { means: centres, spreads, features: undefined, values, vectors: undefined }
  return Coordinates.create(curvature, l2, intercept, pause)
}

/**
 * The objective with the rows of one batch in place of all: Σ w·loss / (meanWeight · count) + Σ_j l2_j/2·Σ_k W_kj², of the first
 * `count` rows, whatever these are when it is asked. With meanWeight that of all rows, the mean over the batches is the objective.
 */
export function batchObjective(
  { featureCount, classes, l2, pass, pause }: SgdProblem,
  rows: Rows,
  count: number,
  meanWeight: number,
  coordinates: Coordinates,
): Objective {
  const sweep = {
    async evaluate(
      weights: Float64Array,
      intercepts: Float64Array,
      toWeights: Float64Array,
      toIntercepts: Float64Array,
    ) {
      await pause()
      pass.setWeights(weights, intercepts)
      toWeights.fill(0)
      toIntercepts.fill(0)
      return pass.addLossAndGradient(rows.features, rows.data, 0, count, toWeights, toIntercepts)
    },
  }
  return createObjective({ featureCount, classes, totalWeight: meanWeight * count }, l2, sweep, () => coordinates)
}

/**
 * What a single row bends the objective at most, on average: ½·|z|², with z the row in the coordinates (Böhning's bound). Steps along
 * batches of few rows have to be short because of it, and momentum adds up 1/(1 − momentum) of them.
 */
function rowCurvature({ classes, intercept, l2 }: SgdProblem, { means, deviations }: Columns): number {
  const beta = (1 - 1 / classes) / classes
  let squares = intercept ? 1 / beta : 0
  for (let j = 0; j < l2.length; j++) {
    const spread = intercept ? deviations[j] : hypotenuse(deviations[j], means[j])
    const share = spread / hypotenuse(Math.sqrt(beta) * spread, Math.sqrt(l2[j]))
    if (spread > 0) squares += share * share
  }
  return squares / 2
}

/** The part of rowCurvature / (batchSize · (1 − momentum)) that steps have to respect: with it none of sixty random problems ran away. */
const NOISE = 0.25

/**
 * The step length for a learning rate of 1: 1/L, with the largest curvature of the objective of a sample at zero weights. There
 * all classes are equally probable; where the sample has more of one, `shares` of all, its curvature may grow to that. Or shorter, for
 * batches that are smaller than single rows allow.
 */
export async function stepLength(
  problem: SgdProblem,
  columns: Columns,
  sample: Objective,
  coordinates: Coordinates,
  shares: Float64Array,
  { batchSize, momentum }: { readonly batchSize: number; readonly momentum: number },
): Promise<number> {
  const curvature = await largestCurvature(sample, new Float64Array(coordinates.length))
  const largest = shares.reduce((a, b) => Math.max(a, b), 0)
  const steepest = curvature * Math.max(1, shares.length * Math.min(0.5, largest))
  const noise = (NOISE * rowCurvature(problem, columns)) / (batchSize * (1 - momentum))
  return 1 / (Math.max(steepest, noise) || 1)
}
