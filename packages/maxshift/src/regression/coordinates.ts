/**
 * The coordinates in which the weights are searched. Raw weights make a bad landscape: a feature in milligrams is steep
 * where the same in kilograms is flat, correlated features form narrow valleys, and so do classes that are rarely in
 * doubt. With a curvature B ⊗ A (curvature.ts), B = Q·diag(β)·Qᵀ, the optimiser sees
 *
 *   u_q = Lᵀ·D_q·ω_q      v_q = √β_q·(b̂_q + ω_q·μ)      ω = Qᵀ·W, b̂ = Qᵀ·b
 *
 * instead of the weights W and intercepts b: differences of classes in place of classes, and for each of them features
 * that are centred (μ; the intercept is free, so that only moves it), scaled (D) and decorrelated (L). With the spreads σ and
 * the penalties l2_j, D_q² = diag(β_q·σ² + l2), and L·Lᵀ = D⁻¹(β·σAσ + diag(l2))D⁻¹ by Cholesky, with the mean β. So the Hessian in
 * these coordinates is near the identity, L-BFGS needs several times fewer passes, and the objective ends within about ½·|gradient|² of its
 * minimum, whatever the units of the features. The objective itself is not changed.
 */

import type { Move } from '../optim/metric.ts'
import { factorise, multiplyRows, multiplyRowsTransposed, solveRows, solveRowsTransposed } from './cholesky.ts'
import { type Curvature, hypotenuse } from './curvature.ts'
import type { Pause } from './pause.ts'

/** Linear maps of weights and intercepts, and of their gradients, to coordinates and back. */
export interface CoordinateSystem {
  /** classes × (featureCount, and 1 with an intercept) numbers. */
  readonly length: number
  /** Fills weights (classes × features) and intercepts (classes) from coordinates. */
  toWeights(coordinates: Float64Array, weights: Float64Array, intercepts: Float64Array): void
  /** The inverse of toWeights, which spoils weights and intercepts. */
  fromWeights(weights: Float64Array, intercepts: Float64Array, coordinates: Float64Array): void
  /** Fills the gradient with respect to the coordinates from that with respect to weights and intercepts, which is spoiled. */
  toGradient(weightsGradient: Float64Array, interceptsGradient: Float64Array, gradient: Float64Array): void
  /** The inverse of toGradient. */
  fromGradient(gradient: Float64Array, weightsGradient: Float64Array, interceptsGradient: Float64Array): void
}

/** The way from coordinates to others. */
export function moveBetween(from: CoordinateSystem, to: CoordinateSystem, featureCount: number, classes: number): Move {
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  return {
    moveParameters: (parameters) => {
      from.toWeights(parameters, weights, intercepts)
      to.fromWeights(weights, intercepts, parameters)
    },
    moveGradient: (gradient) => {
      from.fromGradient(gradient, weights, intercepts)
      to.toGradient(weights, intercepts, gradient)
    },
  }
}

/** Two sets of linear maps, of weights and of gradients, and their inverses; see above. */
export class Coordinates implements CoordinateSystem {
  /** classes × featureCount numbers u, then, with an intercept, classes numbers v. */
  readonly length: number
  private readonly size: number
  private readonly classes: number
  private readonly intercept: boolean
  private readonly means: Float64Array
  /** √β. */
  private readonly roots: Float64Array
  /** D, classes × features. */
  private readonly scales: Float64Array
  /** L; undefined stands for the identity, as it does for Q. */
  private readonly factor: Float64Array | undefined
  private readonly vectors: Float64Array | undefined

  private constructor(curvature: Curvature, l2: Float64Array, intercept: boolean, factor: Float64Array | undefined) {
    const { means, spreads, values, vectors } = curvature
    this.size = means.length
    this.classes = values.length
    this.intercept = intercept
    this.length = this.classes * (this.size + (intercept ? 1 : 0))
    this.means = means
    this.roots = values.map(Math.sqrt)
    this.scales = new Float64Array(this.classes * this.size)
    for (let q = 0, i = 0; q < this.classes; q++) {
      for (let j = 0; j < this.size; j++, i++) this.scales[i] = hypotenuse(this.roots[q] * spreads[j], Math.sqrt(l2[j]))
    }
    this.factor = factor
    this.vectors = vectors
  }

  /** Coordinates for a curvature, and a model of mean(loss) + Σ_j l2_j/2·Σ_k W_kj², one finite l2 ≥ 0 per feature. */
  static async create(curvature: Curvature, l2: Float64Array, intercept: boolean, pause: Pause): Promise<Coordinates> {
    return new Coordinates(curvature, l2, intercept, await factorOf(curvature, l2, pause))
  }

  toWeights(coordinates: Float64Array, weights: Float64Array, intercepts: Float64Array): void {
    const { size, classes, roots, factor } = this
    weights.set(coordinates.subarray(0, weights.length))
    if (factor) solveRowsTransposed(factor, size, weights)
    this.unscale(weights)
    this.rotate(weights, size, false)
    intercepts.fill(0)
    if (!this.intercept) return
    for (let q = 0; q < classes; q++) intercepts[q] = coordinates[weights.length + q] / roots[q]
    this.rotate(intercepts, 1, false)
    this.shift(intercepts, weights, -1)
  }

  fromWeights(weights: Float64Array, intercepts: Float64Array, coordinates: Float64Array): void {
    const { size, classes, roots, factor } = this
    if (this.intercept) {
      this.shift(intercepts, weights, 1)
      this.rotate(intercepts, 1, true)
      for (let q = 0; q < classes; q++) coordinates[weights.length + q] = intercepts[q] * roots[q]
    }
    this.rotate(weights, size, true)
    this.scale(weights)
    if (factor) multiplyRowsTransposed(factor, size, weights)
    coordinates.set(weights)
  }

  toGradient(weightsGradient: Float64Array, interceptsGradient: Float64Array, gradient: Float64Array): void {
    const { size, classes, roots, factor } = this
    this.centre(weightsGradient, interceptsGradient, -1)
    if (this.intercept) {
      this.rotate(interceptsGradient, 1, true)
      for (let q = 0; q < classes; q++) gradient[weightsGradient.length + q] = interceptsGradient[q] / roots[q]
    }
    this.rotate(weightsGradient, size, true)
    this.unscale(weightsGradient)
    if (factor) solveRows(factor, size, weightsGradient)
    gradient.set(weightsGradient)
  }

  fromGradient(gradient: Float64Array, weightsGradient: Float64Array, interceptsGradient: Float64Array): void {
    const { size, classes, roots, factor } = this
    weightsGradient.set(gradient.subarray(0, weightsGradient.length))
    if (factor) multiplyRows(factor, size, weightsGradient)
    this.scale(weightsGradient)
    this.rotate(weightsGradient, size, false)
    interceptsGradient.fill(0)
    if (!this.intercept) return
    for (let q = 0; q < classes; q++) interceptsGradient[q] = gradient[weightsGradient.length + q] * roots[q]
    this.rotate(interceptsGradient, 1, false)
    this.centre(weightsGradient, interceptsGradient, 1)
  }

  private scale(rows: Float64Array): void {
    const { scales } = this
    for (let i = 0; i < rows.length; i++) rows[i] = scales[i] === Infinity ? 0 : rows[i] * scales[i]
  }

  private unscale(rows: Float64Array): void {
    for (let i = 0; i < rows.length; i++) rows[i] /= this.scales[i]
  }

  /** Replaces the columns c of classes × width numbers by Q·c, or by Qᵀ·c. */
  private rotate(columns: Float64Array, width: number, transposed: boolean): void {
    const { classes, vectors } = this
    if (vectors === undefined) return
    // Four columns of Q at a time, with zeros behind the last, so that a sum is loaded and stored once for four products.
    const given = new Float64Array(Math.ceil(classes / 4) * 4 * width)
    given.set(columns)
    columns.fill(0)
    const share = (a: number, b: number): number =>
      b < classes ? vectors[transposed ? b * classes + a : a * classes + b] : 0
    for (let a = 0; a < classes; a++) {
      for (let b = 0; b < classes; b += 4) {
        const s0 = share(a, b)
        const s1 = share(a, b + 1)
        const s2 = share(a, b + 2)
        const s3 = share(a, b + 3)
        for (let j = 0, i = a * width, g = b * width; j < width; j++, i++, g++) {
          const half = columns[i] + s0 * given[g] + s1 * given[g + width]
          columns[i] = half + s2 * given[g + 2 * width] + s3 * given[g + 3 * width]
        }
      }
    }
  }

  /** intercepts[k] += sign · weights[k]·means. */
  private shift(intercepts: Float64Array, weights: Float64Array, sign: number): void {
    const { size, classes, means } = this
    for (let k = 0; k < classes; k++) {
      let sum = 0
      for (let j = 0, i = k * size; j < size; j++, i++) sum += weights[i] * means[j]
      intercepts[k] += sign * sum
    }
  }

  /** weightsGradient[k] += sign · interceptsGradient[k] · means. */
  private centre(weightsGradient: Float64Array, interceptsGradient: Float64Array, sign: number): void {
    const { size, classes, means } = this
    for (let k = 0, i = 0; k < classes; k++) {
      for (let j = 0; j < size; j++, i++) weightsGradient[i] += sign * interceptsGradient[k] * means[j]
    }
  }
}

/** L, or undefined where the matrix has none: it is not known, or has an infinite entry. */
async function factorOf(
  { features, spreads, values }: Curvature,
  l2: Float64Array,
  pause: Pause,
): Promise<Float64Array | undefined> {
  if (features === undefined) return undefined
  const size = spreads.length
  const root = Math.sqrt(values.reduce((a, b) => a + b, 0) / values.length)
  // √β·σ/D: the part of a scale that is not the penalty's.
  const shares = spreads.map((spread, j) =>
    spread === Infinity ? 0 : (root * spread) / hypotenuse(root * spread, Math.sqrt(l2[j])),
  )
  const factor = new Float64Array(features.length)
  for (let i = 0; i < size; i++) {
    for (let j = 0, k = i * size; j <= i; j++, k++) factor[k] = shares[i] * shares[j] * features[k]
    factor[i * size + i] += 1 - shares[i] * shares[i]
  }
  return (await factorise(factor, size, pause)) ? factor : undefined
}
