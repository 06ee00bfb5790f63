/**
 * Coordinates in which the whole Hessian of a sample (hessian.ts) is the identity: with its Cholesky factor L and the differences
 * φ of weights to those of the reference class, in units of 1/D,
 *
 *   y = Lᵀ·φ      φ_q,j = (W_q − W_reference)_j·D_j      φ_q,0 = (b + W·μ)_q − (b + W·μ)_reference
 *
 * As many numbers as in coordinates.ts, so that an optimiser may go from those to these; the last ones are 0. A step of L-BFGS from
 * here is one of Newton's method.
 */
import { factorise, multiplyRow, multiplyRowTransposed, solveRow, solveRowTransposed } from './cholesky.ts'
import type { CoordinateSystem } from './coordinates.ts'
import type { Hessian } from './hessian.ts'
import type { Pause } from './pause.ts'

export class FullCoordinates implements CoordinateSystem {
  readonly length: number
  readonly classes: number
  readonly size: number
  private readonly width: number
  private readonly hessian: Hessian
  /** L, in place of the matrix. */
  private readonly vector: Float64Array

  private constructor(hessian: Hessian, classes: number, intercept: boolean) {
    this.hessian = hessian
    this.classes = classes
    this.size = hessian.means.length
    this.width = this.size + (intercept ? 1 : 0)
    this.length = classes * this.width
    this.vector = new Float64Array((classes - 1) * this.width)
  }

  /** Takes over the Hessian, with `damping` times its diagonal added; undefined where it is not positive definite in float64. */
  static async create(
    hessian: Hessian,
    classes: number,
    intercept: boolean,
    damping: number,
    pause: Pause,
  ): Promise<FullCoordinates | undefined> {
    const { matrix } = hessian
    const coordinates = new FullCoordinates(hessian, classes, intercept)
    const { length } = coordinates.vector
    for (let i = 0; i < matrix.length; i += length + 1) matrix[i] *= 1 + damping
    return (await factorise(matrix, length, pause)) ? coordinates : undefined
  }

  toWeights(coordinates: Float64Array, weights: Float64Array, intercepts: Float64Array): void {
    const { hessian, size, width, classes, vector } = this
    const { matrix, means, scales, reference } = hessian
    vector.set(coordinates.subarray(0, vector.length))
    solveRowTransposed(matrix, vector.length, vector)
    const first = width - size
    weights.fill(0)
    intercepts.fill(0)
    for (let k = 0, at = 0; k < classes; k++) {
      if (k === reference) continue
      if (first) intercepts[k] = vector[at++]
      for (let j = 0; j < size; j++) weights[k * size + j] = vector[at++] / scales[j]
    }
    centreClasses(weights, classes)
    centreClasses(intercepts, classes)
    if (!first) return
    for (let k = 0, i = 0; k < classes; k++) {
      let sum = 0
      for (let j = 0; j < size; j++, i++) sum += weights[i] * means[j]
      intercepts[k] -= sum
    }
  }

  fromWeights(weights: Float64Array, intercepts: Float64Array, coordinates: Float64Array): void {
    const { hessian, size, width, classes, vector } = this
    const { matrix, means, scales, reference } = hessian
    const first = width - size
    for (let k = 0, at = 0; k < classes; k++) {
      if (k === reference) continue
      const begin = at
      if (first) vector[at++] = intercepts[k] - intercepts[reference]
      for (let j = 0; j < size; j++) {
        const difference = weights[k * size + j] - weights[reference * size + j]
        if (first) vector[begin] += difference * means[j]
        vector[at++] = scales[j] === Infinity ? 0 : difference * scales[j]
      }
    }
    multiplyRowTransposed(matrix, vector.length, vector)
    coordinates.fill(0)
    coordinates.set(vector)
  }

  toGradient(weightsGradient: Float64Array, interceptsGradient: Float64Array, gradient: Float64Array): void {
    const { hessian, size, width, classes, vector } = this
    const { matrix, means, scales, reference } = hessian
    const first = width - size
    for (let k = 0, at = 0; k < classes; k++) {
      if (k === reference) continue
      if (first) vector[at++] = interceptsGradient[k]
      for (let j = 0; j < size; j++) {
        vector[at++] = (weightsGradient[k * size + j] - interceptsGradient[k] * means[j]) / scales[j]
      }
    }
    solveRow(matrix, vector.length, vector)
    gradient.fill(0)
    gradient.set(vector)
  }

  fromGradient(gradient: Float64Array, weightsGradient: Float64Array, interceptsGradient: Float64Array): void {
    const { hessian, size, width, classes, vector } = this
    const { matrix, means, scales, reference } = hessian
    vector.set(gradient.subarray(0, vector.length))
    multiplyRow(matrix, vector.length, vector)
    const first = width - size
    weightsGradient.fill(0)
    interceptsGradient.fill(0)
    for (let k = 0, at = 0; k < classes; k++) {
      if (k === reference) continue
      if (first) interceptsGradient[k] = vector[at++]
      for (let j = 0; j < size; j++, at++) {
        weightsGradient[k * size + j] =
          (scales[j] === Infinity ? 0 : vector[at] * scales[j]) + interceptsGradient[k] * means[j]
      }
    }
    // Gradients sum to 0 over the classes.
    for (const values of [weightsGradient, interceptsGradient]) {
      const each = values.length / classes
      for (let j = 0; j < each; j++) {
        let sum = 0
        for (let i = j; i < values.length; i += each) sum += values[i]
        values[reference * each + j] = -sum
      }
    }
  }
}

/** Takes their mean from the values of all classes; a shift that all of them share changes no probability. */
export function centreClasses(values: Float64Array, classes: number): void {
  const size = values.length / classes
  for (let j = 0; j < size; j++) {
    let mean = 0
    for (let i = j; i < values.length; i += size) mean += values[i] / classes
    for (let i = j; i < values.length; i += size) values[i] -= mean
  }
}
