/**
 * Products of sparse rows with a matrix that has a row of numbers for each feature, one number per class: the kernels of the sparse
 * pass. A kernel takes byte addresses in one buffer and sizes, allocates nothing and checks nothing; whoever owns the buffer lays out
 * the areas (sparse-pass.ts).
 *
 *   entries    `indices` (int32) and `values` hold the entries of all rows; row r has those from begins[r] to ends[r] (int32)
 *   matrix     one row per feature, `stride` bytes apart, a multiple of 16: every entry of a row touches one run of memory
 *
 * Results have the same bits in every implementation and for every division of the rows or of the features, because each number is
 * a sum over the entries in their order, every product and every addition rounded to the type:
 *
 *   gather     out[r] = out[r] + Σ value · weights[index], from the first entry of the row to its last
 *   scatter    out[index] = out[index] + value · from[r], for the rows from first to last
 *
 * Error: |sum − exact| ≤ (n + 1)·u·(|start| + Σ |value · weight|) to first order, n the number of terms, u = 2^−24 for float32 and
 * 2^−53 for float64.
 */

type RowProducts = (
  begins: number,
  ends: number,
  rows: number,
  indices: number,
  values: number,
  numbers: number,
  stride: number,
  out: number,
) => void

/** The kernels, <operation>_<type of the values in memory>_<type of the arithmetic and of the matrices>. */
export interface SparseProducts {
  /** `numbers`: the weights. Rows of `out` are `stride` bytes apart too. */
  gatherRows_f32_f32: RowProducts
  gatherRows_f32_f64: RowProducts
  gatherRows_f64_f32: RowProducts
  gatherRows_f64_f64: RowProducts

  /** `numbers`: what each row adds, `stride` bytes apart. */
  scatterRows_f32_f32: RowProducts
  scatterRows_f32_f64: RowProducts
  scatterRows_f64_f32: RowProducts
  scatterRows_f64_f64: RowProducts
}

/** The kernels over a buffer. */
export interface SparseMemory {
  /** Who computes: 'wasm' or 'typescript'. */
  readonly name: string
  readonly buffer: ArrayBufferLike
  readonly kernels: SparseProducts
}
