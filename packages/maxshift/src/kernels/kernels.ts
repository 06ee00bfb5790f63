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
  crossEntropy(
    logits: FloatArray,
    labels: Int32Array,
    rows: number,
    classes: number,
    losses: Float64Array,
  ): void

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
