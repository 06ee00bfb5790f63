/**
 * The interface that every backend implements. A kernel takes flat row-major arrays and sizes,
 * allocates nothing and checks nothing: `logits` holds `rows × classes` numbers, `classes ≥ 1`,
 * labels lie in [0, classes), outputs are long enough. An output may be the same array as `logits`.
 *
 * Results follow one table of infinities (docs/numerics.md) and, in accurate mode, have the same bits in every backend:
 * the sums are exact on a fixed grid, so their order does not matter, and everything else is a fixed sequence of
 * `+ − × ÷` and bit casts.
 */
import type { FloatArray } from '../arrays.ts'

export interface Kernels {
  /** Which backend this is, for reports and test titles. */
  readonly name: string

  /** out[r, j] = exp(logits[r, j]) / Σ_k exp(logits[r, k]). */
  softmax(logits: FloatArray, rows: number, classes: number, out: FloatArray): void

  /** out[r, j] = logits[r, j] − log Σ_k exp(logits[r, k]). */
  logSoftmax(logits: FloatArray, rows: number, classes: number, out: FloatArray): void

  /** out[r] = log Σ_k exp(logits[r, k]). */
  logSumExp(logits: FloatArray, rows: number, classes: number, out: FloatArray): void

  /** losses[r] = log Σ_k exp(logits[r, k]) − logits[r, labels[r]], in float64 whatever the dtype of the logits. */
  crossEntropy(logits: FloatArray, labels: Int32Array, rows: number, classes: number, losses: Float64Array): void

  /**
   * The losses as above and gradient[r, j] = scale · (softmax(logits)[r, j] − (j = labels[r])).
   * The scale is the unevaluated sum scaleHi + scaleLo, so that 1/rows is exact enough to cost no digit.
   */
  crossEntropyWithGradient(
    logits: FloatArray,
    labels: Int32Array,
    rows: number,
    classes: number,
    scaleHi: number,
    scaleLo: number,
    losses: Float64Array,
    gradient: FloatArray,
  ): void
}

/** Features as callers may pass them: row-major, rows × features. Bytes are read as the numbers 0 … 255. */
export type Features = FloatArray | Uint8Array

/**
 * The fused pass of a linear classifier: logits = X·Wᵀ + b, their cross-entropy and its gradient, tile of rows by tile
 * of rows, so that the logits of the whole data set are never stored. Everything is float64 inside. Results depend on
 * the numbers alone, not on the dtype of the features, and have the same bits in every backend: a logit adds its
 * products to the intercept in the order of the features, a gradient entry adds its products in the order of the rows.
 */
export interface LinearKernels {
  /** Which backend this is, for reports and test titles. */
  readonly name: string

  /** A pass for one shape. All scratch memory is allocated here, none in the methods of the pass. */
  createPass(featureCount: number, classes: number): LinearPass
}

export interface LinearPass {
  /** Sets the finite weights (classes × features) and intercepts (classes) for the calls that follow; both are copied. */
  setWeights(weights: Float64Array, intercepts: Float64Array): void

  /** out[r, j] = Σ_i features[firstRow + r, i] · weights[j, i] + intercepts[j], for r < rows; `out` is rows × classes. */
  logits(features: Features, firstRow: number, rows: number, out: Float64Array): void

  /**
   * Returns the sum of the losses of `rows` rows from `firstRow`, whose classes are labels[firstRow + r], and adds the
   * gradient of that sum to weightsGradient (classes × features) and interceptsGradient (classes).
   */
  addLossAndGradient(
    features: Features,
    labels: Int32Array,
    firstRow: number,
    rows: number,
    weightsGradient: Float64Array,
    interceptsGradient: Float64Array,
  ): number
}
