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

/**
 * Weights of the classes for rows that have no single label: c[r, k] = base[r · stride + k], plus peaks[r] where k = labels[r]. All
 * finite and ≥ 0; they need not sum to 1. With stride 0 one row of `base` serves all rows; a base of length 1 is the weight of all
 * classes, as label smoothing wants it.
 *
 * What rounding took from a base or a peak may be given beside it, at most an ulp of it, and 0 where it is 0. Kernels for float64 logits in
 * accurate mode add it; the others have no use for it.
 */
export interface Targets {
  readonly base: Float64Array
  readonly baseLow?: Float64Array | null
  /** 0, or the number of classes. */
  readonly stride: number
  /** Both or neither. */
  readonly labels: Int32Array | null
  readonly peaks: Float64Array | null
  readonly peaksLow?: Float64Array | null
}

/**
 * Every operation takes the softmax of logits/temperature, in the form (x − m)/T: the difference first, and exactly. The
 * temperature is positive and finite; 1 costs nothing. A finite row whose differences over T leave the format gives 0 and −∞.
 */
export interface FamilyKernels {
  /** Which backend this is, for reports and test titles. */
  readonly name: string

  /** out[r, j] = exp(logits[r, j] / T) / Σ_k exp(logits[r, k] / T). */
  softmax(logits: FloatArray, rows: number, classes: number, temperature: number, out: FloatArray): void

  /** out[r, j] = logits[r, j] / T − log Σ_k exp(logits[r, k] / T). */
  logSoftmax(logits: FloatArray, rows: number, classes: number, temperature: number, out: FloatArray): void

  /** out[r] = log Σ_k exp(logits[r, k] / T). */
  logSumExp(logits: FloatArray, rows: number, classes: number, temperature: number, out: FloatArray): void
}

/**
 * The losses, with labels and with class weights: apart from the family, because who wants softmax alone should not load them.
 *
 * A gradient of row r is multiplied with its scale, the unevaluated sum scales[2r] + scales[2r + 1], finite and ≥ 0: a second number,
 * so that 1/rows and the like cost no digit; two numbers alone are the scale of all rows. The caller puts into it what the loss is multiplied with, and 1/T. A row of scale 0
 * gets the gradient +0 throughout, whatever it holds, NaN too; its loss is what it is.
 *
 * For float64 logits in accurate mode `lossesLow`, where it is given, receives what rounding took from each loss, 0 beside an infinite or NaN
 * one: for callers that multiply or add losses. Others leave it as it is.
 */
export interface LossKernels {
  readonly name: string

  /**
   * losses[r] = log Σ_k exp(logits[r, k] / T) − logits[r, labels[r]] / T, in float64 whatever the dtype of the logits.
   */
  crossEntropy(
    logits: FloatArray,
    labels: Int32Array,
    rows: number,
    classes: number,
    temperature: number,
    losses: Float64Array,
    lossesLow?: Float64Array | null,
  ): void

  /** The losses as above and gradient[r, j] = scale_r · (softmax(logits / T)[r, j] − (j = labels[r])). */
  crossEntropyWithGradient(
    logits: FloatArray,
    labels: Int32Array,
    rows: number,
    classes: number,
    temperature: number,
    scales: Float64Array,
    losses: Float64Array,
    gradient: FloatArray,
    lossesLow?: Float64Array | null,
  ): void

  /**
   * losses[r] = Σ_k c[r, k] · (lse_r − logits[r, k] / T) + zLoss · lse_r² with lse_r = log Σ_k exp(logits[r, k] / T); every term of
   * the sum is ≥ 0, and 0 where c is 0, also at a logit of −∞. `zLoss` ≥ 0.
   */
  softCrossEntropy(
    logits: FloatArray,
    targets: Targets,
    rows: number,
    classes: number,
    temperature: number,
    zLoss: number,
    losses: Float64Array,
    lossesLow?: Float64Array | null,
  ): void

  /**
   * The losses as above and gradient[r, j] = scale_r · (p · (C + 2 · zLoss · lse_r) − c), where p = softmax(logits / T)[r, j],
   * c = c[r, j] and C = Σ_k c[r, k]. What cancels keeps the digits of the larger of the two terms, and a target that is all in one
   * place the digits that it has as a label.
   */
  softCrossEntropyWithGradient(
    logits: FloatArray,
    targets: Targets,
    rows: number,
    classes: number,
    temperature: number,
    zLoss: number,
    scales: Float64Array,
    losses: Float64Array,
    gradient: FloatArray,
    lossesLow?: Float64Array | null,
  ): void
}

/** Both. */
export interface Kernels extends FamilyKernels, LossKernels {}

/** Features as callers may pass them: row-major, rows × features. Bytes are read as the numbers 0 … 255. */
export type Features = FloatArray | Uint8Array

/** Rows in compressed form: row r has values[i] in column indices[i] for i from indptr[r] to indptr[r + 1], columns ascending. */
export interface SparseRows {
  readonly indptr: Int32Array | Uint32Array
  readonly indices: Int32Array | Uint32Array
  readonly values: Features
}

/** What the rows of a pass are compared with, and how much each counts. */
export interface RowData {
  /** The class of each row; not looked at where there are targets, which there are otherwise. */
  readonly labels?: Int32Array | undefined
  /** Distributions, rows × classes: each row finite and ≥ 0, of any sum. */
  readonly targets?: FloatArray | undefined
  /** One finite number ≥ 0 per row, 1 where there are none. A row of weight 0 has no part in anything, whatever it holds. */
  readonly weights?: Float64Array | undefined
  /** Added to the logits, rows × classes. */
  readonly offset?: FloatArray | undefined
}

/**
 * The fused pass of a linear classifier: logits = X·Wᵀ + b, their cross-entropy and its gradient, tile of rows by tile
 * of rows, so that the logits of the whole data set are never stored. Sums over tiles are float64. Results depend on
 * the numbers alone, not on the dtype of the features, and have the same bits in every backend: the order of all additions
 * (linear-products.ts, linear-tiles.ts) is fixed by the shape.
 */
export interface LinearKernels {
  /** Which backend this is, for reports and test titles. */
  readonly name: string

  /**
   * A pass for one shape. All scratch memory is allocated here, none in the methods of the pass. In float32 features and weights are
   * rounded to it, and so are logits and residuals: about twice as fast.
   */
  createPass(featureCount: number, classes: number, precision?: 'f32' | 'f64'): LinearPass
}

/** What gives logits for weights, of features as they come; a LinearPass is one for dense features. */
export interface LogitsPass {
  setWeights(weights: Float64Array, intercepts: Float64Array): void
  logits(features: Features | SparseRows, firstRow: number, rows: number, out: Float64Array): void
}

export interface LinearPass {
  /** Sets the weights (classes × features) and intercepts (classes) for the calls that follow; until then neither may change. */
  setWeights(weights: Float64Array, intercepts: Float64Array): void

  /** out[r, j] = Σ_i features[firstRow + r, i] · weights[j, i] + intercepts[j], for r < rows; `out` is rows × classes. */
  logits(features: Features, firstRow: number, rows: number, out: Float64Array): void

  /**
   * Returns Σ_r w_r·loss_r of `rows` rows from `firstRow`, of features as of data, and adds the gradient of that sum to
   * weightsGradient (classes × features) and interceptsGradient (classes).
   */
  addLossAndGradient(
    features: Features,
    data: RowData,
    firstRow: number,
    rows: number,
    weightsGradient: Float64Array,
    interceptsGradient: Float64Array,
  ): number
}
