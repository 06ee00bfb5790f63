/**
 * What a model is trained on, after all checks: features, what each row is compared with, and how much it counts.
 */
import type { FloatArray } from '../arrays.ts'
import type { Features, RowData } from '../kernels/kernels.ts'

/**
 * Rows with few entries that are not 0, in compressed form: row r holds values[i] in column indices[i] for i from indptr[r] to
 * indptr[r + 1]; within a row columns ascend, and all others are 0.
 */
export interface CsrFeatures {
  /** rows + 1 offsets into indices and values, ascending from 0 to their length. */
  readonly indptr: Int32Array | Uint32Array
  /** The column of each value, below `columns`. */
  readonly indices: Int32Array | Uint32Array
  readonly values: Features
  /** Features per row. */
  readonly columns: number
}

/** What is trained on. */
export interface Dataset extends RowData {
  /** rows × featureCount. */
  readonly features: Features | CsrFeatures
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  /** One class per row, or undefined where there are targets. */
  readonly labels: Int32Array | undefined
  /** Distributions, rows × classes: each row ≥ 0, of any sum. */
  readonly targets: FloatArray | undefined
  /** How much each row counts, ≥ 0; undefined stands for all 1. */
  readonly weights: Float64Array | undefined
  /** Their sum, > 0. The objective divides by it. */
  readonly totalWeight: number
  /** Added to the logits, rows × classes. */
  readonly offset: FloatArray | undefined
}

/** A data set whose features are all there. */
export interface DenseDataset extends Dataset {
  readonly features: Features
}

export const isSparse = (features: Features | CsrFeatures): features is CsrFeatures => 'indptr' in features
