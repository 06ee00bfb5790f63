/**
 * The curvature B ⊗ A of curvature.ts for coordinate descent, in coordinates that are scaled and centred but neither rotated nor
 * decorrelated: absolute values have to stay along the axes. With the spreads σ, the mean β of the eigenvalues of B at the start, and the
 * penalties l2_j, these are (Coordinates for a curvature without A and vectors)
 *
 *   u_kj = D_j·W_kj      D_j² = β·σ_j² + l2_j      v_k = √β·(b_k + W_k·μ)
 *
 * and the intercept acts as one more feature, the number 1/√β in every row. A later curvature, with other means μ′, makes that feature
 * correlate with the others by (μ′ − μ)/σ.
 */
import type { FirstCurvature } from '../optim/quadratic.ts'
import type { Curvature } from './curvature.ts'
import { hypotenuse } from './curvature.ts'

/** How the coordinates were chosen at the start. */
export interface AxisScales {
  /** μ; 0 without an intercept. */
  readonly means: Float64Array
  /** D; infinite for a feature that tells nothing. */
  readonly scales: Float64Array
  /** √β. */
  readonly root: number
}

/** The coordinates for a curvature at the start, and the same for Coordinates. */
export function axisScales(curvature: Curvature, l2: Float64Array): { axes: AxisScales; plain: Curvature } {
  const { means, spreads, values } = curvature
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const root = Math.sqrt(mean)
  const scales = spreads.map((spread, j) => hypotenuse(root * spread, Math.sqrt(l2[j])))
  const plain = { ...curvature, features: undefined, values: values.map(() => mean), vectors: undefined }
  return { axes: { means, scales, root }, plain }
}

/** The first curvature of the proximal solver: B ⊗ A + diag(l2) in these coordinates. */
export function kroneckerCurvature(
  curvature: Curvature,
  axes: AxisScales,
  l2: Float64Array,
  intercept: boolean,
): FirstCurvature {
  const size = l2.length
  const width = size + (intercept ? 1 : 0)
  const classes = curvature.values.length
  const length = classes * width
  const full = curvature.features !== undefined
  const featureMatrix = full ? featureProducts(curvature, axes, width) : undefined
  const featureDiagonal = Float64Array.from({ length: width }, (_, j) =>
    featureMatrix ? featureMatrix[j * width + j] : unitOf(curvature, axes, j) ** 2,
  )
  const classMatrix = classProducts(curvature)
  const coupled = curvature.vectors !== undefined
  const penalties = Float64Array.from({ length: width }, (_, j) => penaltyShare(axes, l2, j))
  // The class and the column of each coordinate.
  const owners = Int32Array.from({ length }, (_, i) => (i < classes * size ? Math.floor(i / size) : i - classes * size))
  const columns = Int32Array.from({ length }, (_, i) => (i < classes * size ? i % size : size))
  const v = new Float64Array(length)
  // v·A, classes × width.
  const products = new Float64Array(length)

  const reset = (): void => {
    v.fill(0)
    products.fill(0)
  }
  const add = (i: number, change: number): void => {
    v[i] += change
    const begin = owners[i] * width
    const row = columns[i] * width
    if (featureMatrix === undefined) products[begin + columns[i]] += change * featureDiagonal[columns[i]]
    else for (let p = 0; p < width; p++) products[begin + p] += change * featureMatrix[row + p]
  }
  const at = (i: number): number => {
    const own = owners[i] * classes
    const j = columns[i]
    let sum = penalties[j] * v[i]
    if (!coupled) return sum + classMatrix[own + owners[i]] * products[owners[i] * width + j]
    for (let k = 0, p = j; k < classes; k++, p += width) sum += classMatrix[own + k] * products[p]
    return sum
  }
  return {
    diagonal: Float64Array.from({ length }, (_, i) => {
      return classMatrix[owners[i] * (classes + 1)] * featureDiagonal[columns[i]] + penalties[columns[i]]
    }),
    multiply(vector, out) {
      reset()
      for (let i = 0; i < length; i++) if (vector[i] !== 0) add(i, vector[i])
      for (let i = 0; i < length; i++) out[i] = at(i)
    },
    reset,
    add,
    at,
  }
}

/** What a change of a coordinate by 1 is in units of the curvature. */
function unitOf({ spreads }: Curvature, { scales, root }: AxisScales, j: number): number {
  if (j === spreads.length) return 1 / root
  return spreads[j] === Infinity ? 0 : spreads[j] / scales[j]
}

/** l2 in the coordinates. A feature that tells nothing has no curvature at all; with 1 its weight stays where it is. */
function penaltyShare({ scales }: AxisScales, l2: Float64Array, j: number): number {
  if (j === l2.length) return 0
  return scales[j] === Infinity ? 1 : (Math.sqrt(l2[j]) / scales[j]) ** 2
}

/** A in the coordinates, with the intercept as the last row and column: width × width. */
function featureProducts(curvature: Curvature, axes: AxisScales, width: number): Float64Array {
  const { means, spreads, features } = curvature
  const size = means.length
  const units = Float64Array.from({ length: width }, (_, j) => unitOf(curvature, axes, j))
  const shifts = Float64Array.from({ length: width }, (_, j) =>
    j === size ? 1 : spreads[j] === Infinity ? 0 : (means[j] - axes.means[j]) / spreads[j],
  )
  const matrix = new Float64Array(width * width)
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      const own = i < size && features !== undefined ? features[i * size + j] : 0
      const value = (own + shifts[i] * shifts[j]) * units[i] * units[j]
      matrix[i * width + j] = value
      matrix[j * width + i] = value
    }
  }
  return matrix
}

/** B = Q·diag(β)·Qᵀ. */
function classProducts({ values, vectors }: Curvature): Float64Array {
  const classes = values.length
  const matrix = new Float64Array(classes * classes)
  for (let k = 0; k < classes; k++) {
    for (let l = 0; l < classes; l++) {
      let sum = 0
      if (vectors === undefined) sum = k === l ? values[k] : 0
      else for (let q = 0; q < classes; q++) sum += values[q] * vectors[k * classes + q] * vectors[l * classes + q]
      matrix[k * classes + l] = sum
    }
  }
  return matrix
}
