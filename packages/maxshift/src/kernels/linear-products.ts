/**
 * The matrix products under the fused linear pass, and how their operands lie in memory. A kernel takes byte addresses in one
 * buffer and sizes, allocates nothing and checks nothing; whoever owns the buffer lays out the areas (linear-tiles.ts).
 *
 *   rows       features of a tile, `stride` bytes from row to row, with zeros up to the next multiple of four features
 *   panel      weights of some classes in groups of up to four (groupOf). In a group, 16 bytes of features of its first class are
 *              followed by the same features of its second, and so on; then come the next 16 bytes. Features are padded as in rows
 *   coefficients   depth × count numbers, in the same groups of the count; in a group, its coefficients of the first row, then
 *              those of the second …
 *
 * Results have the same bits in every implementation, because the order of all additions is fixed by the shape:
 *
 *   products   logit = bias + block + block + …, in float64 and rounded to the type at the end. A block is `block` features. Lane l
 *              (of 4 in float32, of 2 in float64) adds the products of the features j ≡ l from first to last, each product and each
 *              addition rounded to the type; then lanes are widened and added as (l0 + l2) + (l1 + l3), or l0 + l1.
 *   outer      entry = entry + (sum of coefficient · feature over the rows from first to last, rounded to the type at every
 *              step), the outer addition in the type of the entry.
 *
 * Error, with u = 2^−24 for float32 and 2^−53 for float64, and n the longest sum of one lane (block / 4, or the rows of a tile):
 * |logit − exact| ≤ (n + 1)·u·(|bias| + Σ |feature · weight|) to first order, and the same for a gradient entry per tile. Products
 * beyond the largest number of the type are infinite.
 */

type LoadRows = (from: number, rows: number, features: number, to: number, stride: number) => void
type LoadPanel = (from: number, classes: number, features: number, to: number) => void
type Products = (
  x: number,
  rows: number,
  stride: number,
  panel: number,
  bias: number,
  classes: number,
  features: number,
  block: number,
  sums: number,
  out: number,
  outStride: number,
) => void
type PackCoefficients = (
  from: number,
  depthStep: number,
  countStep: number,
  depth: number,
  count: number,
  to: number,
) => void
type AddOuter = (
  x: number,
  stride: number,
  depth: number,
  coefficients: number,
  count: number,
  features: number,
  out: number,
  spare: number,
) => void

type Residuals = (
  logits: number,
  rows: number,
  classes: number,
  labels: number,
  weights: number,
  sums: number,
  gaps: number,
  table: number,
) => void
type AddColumns = (values: number, rows: number, classes: number, sums: number) => void

/** The kernels, <operation>_<types>; with two types the first is that of the source or of the products. */
export interface LinearProducts {
  /** Contiguous rows of `features` numbers from `from` to rows of a tile; float64 is rounded to float32. */
  loadRows_u8_f32: LoadRows
  loadRows_f32_f32: LoadRows
  loadRows_f64_f32: LoadRows
  loadRows_u8_f64: LoadRows
  loadRows_f32_f64: LoadRows
  loadRows_f64_f64: LoadRows

  /** Contiguous weights (classes × features) to a panel. */
  loadPanel_f32_f32: LoadPanel
  loadPanel_f32_f64: LoadPanel
  loadPanel_f64_f64: LoadPanel

  /**
   * out[r, k] = bias[k] + Σ_j x[r, j] · panel[k, j]. `bias` and `sums` are float64, `block` is a multiple of four features; rows of
   * `out` are `outStride` bytes apart. Where `rows` is odd, one row behind the last is read from x, and `sums` has room for its sums.
   */
  products_f32: Products
  products_f64: Products

  /** Coefficient i of row d from `from` + d · depthStep + i · countStep, in bytes. */
  packCoefficients_f32: PackCoefficients
  packCoefficients_f64: PackCoefficients

  /**
   * out[i, j] += Σ_{d < depth} coefficients[d, i] · x[d, j], `out` being count × features without gaps. Up to 32 bytes behind a
   * row of x are read, and 128 bytes at `spare` written.
   */
  addOuter_f32_f32: AddOuter
  addOuter_f32_f64: AddOuter
  addOuter_f64_f64: AddOuter

  /**
   * Replaces float32 logits (rows × classes) by weight · (softmax − indicator of the label), and writes for each row Σ_k exp(x_k − m) to
   * `sums` and m − x_label to `gaps`, in float64, m being the largest entry: the loss is log(sum) + gap. Labels are Int32, weights float64
   * or at address 0 for all 1. A row of weight 0 gives zeros, whatever it holds; one with a NaN or without a finite maximum a sum that is
   * not a number. `table` is the address of RESIDUAL_TABLE (js/residuals.ts).
   *
   * The plain formulas, in float32: within a few units of 2^−24 of the largest term, and in exp(x − m) a unit for each unit of |x − m|.
   */
  residuals_f32: Residuals

  /** sums[k] += Σ_r values[r, k] for rows × classes numbers, one row after the other; `sums` are float64. */
  addColumns_f32: AddColumns
  addColumns_f64: AddColumns
}

/** The kernels over a buffer. */
export interface LinearMemory {
  /** Who computes: 'wasm' or 'typescript'. */
  readonly name: string
  readonly buffer: ArrayBuffer
  readonly kernels: LinearProducts
}
