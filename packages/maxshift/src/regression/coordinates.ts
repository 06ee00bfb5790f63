/**
 * The coordinates in which the weights are searched. Raw weights make a bad landscape: a feature in milligrams is steep
 * where the same in kilograms is flat, and correlated features form narrow valleys. The optimiser sees, for each class,
 *
 *   u = Lᵀ·D·w      v = √c·(b + w·μ)
 *
 * instead of weights w and intercept b: features are centred (μ; the intercept is free, so that only moves it), scaled
 * (D) and decorrelated (L). With Σ the covariance of the features, D² = diag(c·Σ + l2·I) and L·Lᵀ = D⁻¹(c·Σ + l2·I)D⁻¹ by
 * Cholesky. c·Σ + l2·I stands in for the Hessian: Böhning (Ann. Inst. Statist. Math. 44, 1992) bounds it by ½Σ + l2·I for
 * every class, and c is a typical p·(1 − p) of a fitted model, smaller than the bound. So the Hessian in these
 * coordinates is near the identity, L-BFGS needs several times fewer passes, and the objective ends within about
 * ½·|gradient|² of its minimum, whatever the units of the features. The objective itself is not changed.
 *
 * Σ comes from an even sample of rows, its diagonal from all of them; beyond FULL_FEATURES features L is left out.
 */
import type { Features } from '../kernels/kernels.ts'
import type { Columns } from './columns.ts'
import { correlationFactor, solveRows, solveRowsTransposed } from './correlation.ts'
import type { Pause } from './pause.ts'

export interface Coordinates {
  /** classes × featureCount numbers u, then, with an intercept, classes numbers v. */
  readonly length: number
  /** Fills weights (classes × features) and intercepts (classes) from coordinates. */
  toWeights(coordinates: Float64Array, weights: Float64Array, intercepts: Float64Array): void
  /** Fills the gradient with respect to the coordinates from that with respect to weights, which is spoiled, and intercepts. */
  toGradient(weightsGradient: Float64Array, interceptsGradient: Float64Array, gradient: Float64Array): void
}

/** The Cholesky factor has FULL_FEATURES² numbers and takes FULL_FEATURES³/6 steps: 8 MiB and a few tenths of a second. */
const FULL_FEATURES = 1024
/** c as a share of the curvature at zero weights, (1 − 1/classes)/classes. */
const CURVATURE_SHARE = 0.125
/** Centring, scaling and correlation of `rows` rows of features, for a model of mean(loss) + l2/2·|weights|². */
export async function createCoordinates(
  features: Features,
  rows: number,
  columns: Columns,
  classes: number,
  l2: number,
  intercept: boolean,
  pause: Pause,
): Promise<Coordinates> {
  const featureCount = columns.means.length
  const curvature = CURVATURE_SHARE * (1 - 1 / classes) * (1 / classes)
  const rootCurvature = Math.sqrt(curvature)
  const means = intercept ? columns.means : new Float64Array(featureCount)
  const scales = new Float64Array(featureCount)
  for (let j = 0; j < featureCount; j++) {
    const spread = intercept ? columns.deviations[j] : hypotenuse(columns.deviations[j], columns.means[j])
    // What never varies tells nothing that the intercept does not: the infinite scale keeps its weight at 0.
    scales[j] = spread === 0 ? Number.POSITIVE_INFINITY : hypotenuse(rootCurvature * spread, Math.sqrt(l2))
  }
  // A feature as the optimiser sees it has this standard deviation less the part of the penalty.
  const spreads = scales.map((scale) => scale / rootCurvature)
  const factor =
    featureCount <= FULL_FEATURES
      ? await correlationFactor(features, rows, means, spreads, intercept, pause)
      : undefined

  return {
    length: classes * featureCount + (intercept ? classes : 0),
    toWeights(coordinates, weights, intercepts) {
      weights.set(coordinates.subarray(0, weights.length))
      if (factor) solveRowsTransposed(factor, featureCount, weights)
      for (let k = 0; k < classes; k++) {
        let shift = 0
        for (let j = 0, i = k * featureCount; j < featureCount; j++, i++) {
          weights[i] /= scales[j]
          shift += weights[i] * means[j]
        }
        intercepts[k] = intercept ? coordinates[weights.length + k] / rootCurvature - shift : 0
      }
    },
    toGradient(weightsGradient, interceptsGradient, gradient) {
      for (let k = 0; k < classes; k++) {
        for (let j = 0, i = k * featureCount; j < featureCount; j++, i++) {
          weightsGradient[i] = (weightsGradient[i] - interceptsGradient[k] * means[j]) / scales[j]
        }
        if (intercept) gradient[weightsGradient.length + k] = interceptsGradient[k] / rootCurvature
      }
      if (factor) solveRows(factor, featureCount, weightsGradient)
      gradient.set(weightsGradient)
    },
  }
}

/** √(a² + b²) without overflow. */
function hypotenuse(a: number, b: number): number {
  const large = Math.max(Math.abs(a), Math.abs(b))
  if (large === 0) return 0
  const small = Math.min(Math.abs(a), Math.abs(b)) / large
  return large * Math.sqrt(1 + small * small)
}
