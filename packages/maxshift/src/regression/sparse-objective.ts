/**
 * The objective of objective.ts for sparse rows, with products of its Hessian, in coordinates that have one unit for each feature:
 *
 *   u_j = s_j·w_j      v = s·(b + Σ_j μ_j·w_j)      s_j² = β·σ_j² + l2_j,  s² = β
 *
 * with the columns' spreads σ and means μ, so that conjugate gradients find all features about equally steep, whatever their
 * units, and features apart from the intercepts. Centring moves the intercept and nothing else: zeros stay zeros.
 *
 * Parameters are the matrix of sparse-pass.ts: one row of `width` numbers for each feature, and one for the intercepts.
 */
import type { FloatArray } from '../arrays.ts'
import type { Precision } from '../kernels/sparse-pass.ts'
import type { CurvedObjective } from '../optim/newton-cg.ts'
import type { Columns } from './columns.ts'
import { hypotenuse } from './curvature.ts'
import type { Dataset } from './data.ts'
import type { SparseSweep } from './sparse-sweep.ts'

/** β as a share of (1 − 1/classes)/classes, the mean of p·(1 − p) at the start. */
const SHARE = 0.5

export class SparseObjective implements CurvedObjective {
  readonly length: number
  private readonly sweep: SparseSweep
  private readonly l2: Float64Array
  private readonly totalWeight: number
  private readonly precision: Precision
  private readonly intercept: boolean
  private readonly means: Float64Array
  /** 1/s for each feature and, last, for the intercepts; 0 for a feature that tells nothing. */
  private readonly units: Float64Array

  /** `precision` is that of the products of the Hessian. */
  constructor(
    { featureCount, classes, totalWeight }: Pick<Dataset, 'featureCount' | 'classes' | 'totalWeight'>,
    l2: Float64Array,
    intercept: boolean,
    { means, deviations }: Columns,
    sweep: SparseSweep,
    precision: Precision,
  ) {
    this.sweep = sweep
    this.length = (featureCount + 1) * sweep.width
    this.l2 = l2
    this.totalWeight = totalWeight
    this.precision = precision
    this.intercept = intercept
    this.means = intercept ? means : new Float64Array(featureCount)
    const root = Math.sqrt((SHARE * (1 - 1 / classes)) / classes)
    this.units = new Float64Array(featureCount + 1)
    for (let j = 0; j < featureCount; j++) {
      const spread = intercept ? deviations[j] : hypotenuse(deviations[j], means[j])
      this.units[j] = spread > 0 ? 1 / hypotenuse(root * spread, Math.sqrt(l2[j])) : 0
    }
    this.units[featureCount] = intercept ? 1 / root : 0
  }

  readonly evaluate = async (parameters: Float64Array, gradient: Float64Array): Promise<number> => {
    const { sweep } = this
    const squares = this.toWeights(parameters, sweep.weights('f64') as Float64Array)
    const loss = await sweep.differentiate()
    this.toGradient(sweep.gradient('f64') as Float64Array, parameters, gradient)
    return loss / this.totalWeight + squares / 2
  }

  readonly multiply = async (direction: Float32Array, out: Float32Array): Promise<void> => {
    const { sweep, precision } = this
    this.toWeights(direction, sweep.weights(precision))
    await sweep.multiply(precision)
    this.toGradient(sweep.gradient(precision), direction, out)
  }

  /** Fills the matrix of weights from coordinates; returns Σ_j l2_j·Σ_k W_kj². */
  toWeights(coordinates: FloatArray, weights: FloatArray): number {
    const { units, means, l2, sweep } = this
    const { width } = sweep
    const shift = new Float64Array(width)
    const last = units.length - 1
    let squares = 0
    for (let j = 0, i = 0; j < last; j++) {
      const unit = units[j]
      const mean = means[j] * unit
      // The root goes in first: squares of the weights of tiny features would overflow.
      const rootUnit = Math.sqrt(l2[j]) * unit
      for (let k = 0; k < width; k++, i++) {
        const u = coordinates[i]
        weights[i] = unit * u
        squares += rootUnit * u * (rootUnit * u)
        shift[k] += mean * u
      }
    }
    for (let k = 0, i = last * width; k < width; k++, i++) {
      weights[i] = this.intercept ? units[last] * coordinates[i] - shift[k] : 0
    }
    return squares
  }

  /** The inverse of toWeights. */
  fromWeights(weights: FloatArray, coordinates: FloatArray): void {
    const { units, means, sweep } = this
    const { width } = sweep
    const last = units.length - 1
    coordinates.fill(0)
    for (let k = 0; k < width; k++) {
      let shift = 0
      for (let j = 0, i = k; j < last; j++, i += width) {
        if (units[j] > 0) coordinates[i] = weights[i] / units[j]
        shift += means[j] * weights[i]
      }
      if (this.intercept) coordinates[last * width + k] = (weights[last * width + k] + shift) / units[last]
    }
  }

  /** From the gradient with respect to the weights that of the objective with respect to coordinates, at `coordinates`. */
  private toGradient(matrix: FloatArray, coordinates: FloatArray, gradient: FloatArray): void {
    const { units, means, l2, sweep, totalWeight } = this
    const { width } = sweep
    const last = units.length - 1
    const intercepts = Float64Array.from(matrix.subarray(last * width), (g) => g / totalWeight)
    for (let j = 0, i = 0; j < last; j++) {
      const unit = units[j]
      const mean = means[j] * unit
      const scale = unit / totalWeight
      const rootUnit = Math.sqrt(l2[j]) * unit
      const penalty = rootUnit * rootUnit
      for (let k = 0; k < width; k++, i++) {
        gradient[i] = scale * matrix[i] - mean * intercepts[k] + penalty * coordinates[i]
      }
    }
    for (let k = 0, i = last * width; k < width; k++, i++) gradient[i] = units[last] * intercepts[k]
  }
}
