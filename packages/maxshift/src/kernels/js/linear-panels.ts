/**
 * The inner loops of the fused linear pass: products of a tile of rows with the weights, and of its residuals with the
 * tile into the gradient.
 *
 * Weights and gradient lie in panels, so that every loop runs over contiguous numbers: eight classes at a time, then what
 * is left in pairs (one class of zeros is added to an odd number). Inside a panel, features follow each other and the
 * classes of one feature are neighbours. A panel that starts with class c starts at c · featureCount.
 *
 * There are two ways through a tile and they add the same products in the same order, so the choice between them never
 * shows in the result: by lists of the nonzero features of each row, against one panel at a time; or, where few are zero,
 * four rows against two classes, which loads every number half as often. Adding the product of a zero changes nothing.
 */

/** The width of the wide panels. The unrolled loops below count on it. */
export const PANEL = 8

/** The nonzero features of the rows of a tile: row r has columns[starts[r]] … columns[starts[r + 1] − 1]. */
export interface NonzeroLists {
  readonly columns: Int32Array
  readonly values: Float64Array
  readonly starts: Int32Array
}

/** Lists the nonzero features of `rows` rows of the tile, from row `first`. */
export function listNonzeros(
  tile: Float64Array,
  first: number,
  rows: number,
  featureCount: number,
  lists: NonzeroLists,
): void {
  const { columns, values, starts } = lists
  let count = 0
  for (let r = 0; r < rows; r++) {
    starts[r] = count
    const begin = (first + r) * featureCount
    for (let j = 0; j < featureCount; j++) {
      const x = tile[begin + j]
      if (x !== 0) {
        columns[count] = j
        values[count] = x
        count++
      }
    }
  }
  starts[rows] = count
}

/** scores[at + k] += Σ x · weights of class k of the panel at `base`, for one row's list and eight classes. */
export function addProducts8(
  lists: NonzeroLists,
  row: number,
  weights: Float64Array,
  base: number,
  scores: Float64Array,
  at: number,
): void {
  const { columns, values, starts } = lists
  const end = starts[row + 1]
  let s0 = scores[at]
  let s1 = scores[at + 1]
  let s2 = scores[at + 2]
  let s3 = scores[at + 3]
  let s4 = scores[at + 4]
  let s5 = scores[at + 5]
  let s6 = scores[at + 6]
  let s7 = scores[at + 7]
  for (let p = starts[row]; p < end; p++) {
    const i = base + columns[p] * PANEL
    const x = values[p]
    s0 += x * weights[i]
    s1 += x * weights[i + 1]
    s2 += x * weights[i + 2]
    s3 += x * weights[i + 3]
    s4 += x * weights[i + 4]
    s5 += x * weights[i + 5]
    s6 += x * weights[i + 6]
    s7 += x * weights[i + 7]
  }
  scores[at] = s0
  scores[at + 1] = s1
  scores[at + 2] = s2
  scores[at + 3] = s3
  scores[at + 4] = s4
  scores[at + 5] = s5
  scores[at + 6] = s6
  scores[at + 7] = s7
}

/** The same for a panel of two classes. */
export function addProducts2(
  lists: NonzeroLists,
  row: number,
  weights: Float64Array,
  base: number,
  scores: Float64Array,
  at: number,
): void {
  const { columns, values, starts } = lists
  const end = starts[row + 1]
  let s0 = scores[at]
  let s1 = scores[at + 1]
  for (let p = starts[row]; p < end; p++) {
    const i = base + columns[p] * 2
    const x = values[p]
    s0 += x * weights[i]
    s1 += x * weights[i + 1]
  }
  scores[at] = s0
  scores[at + 1] = s1
}

/** gradient of class k of the panel at `base` += x · residuals[at + k], for one row's list and eight classes. */
export function addOuter8(
  lists: NonzeroLists,
  row: number,
  residuals: Float64Array,
  at: number,
  gradient: Float64Array,
  base: number,
): void {
  const { columns, values, starts } = lists
  const end = starts[row + 1]
  const r0 = residuals[at]
  const r1 = residuals[at + 1]
  const r2 = residuals[at + 2]
  const r3 = residuals[at + 3]
  const r4 = residuals[at + 4]
  const r5 = residuals[at + 5]
  const r6 = residuals[at + 6]
  const r7 = residuals[at + 7]
  for (let p = starts[row]; p < end; p++) {
    const i = base + columns[p] * PANEL
    const x = values[p]
    gradient[i] += x * r0
    gradient[i + 1] += x * r1
    gradient[i + 2] += x * r2
    gradient[i + 3] += x * r3
    gradient[i + 4] += x * r4
    gradient[i + 5] += x * r5
    gradient[i + 6] += x * r6
    gradient[i + 7] += x * r7
  }
}

/** The same for a panel of two classes. */
export function addOuter2(
  lists: NonzeroLists,
  row: number,
  residuals: Float64Array,
  at: number,
  gradient: Float64Array,
  base: number,
): void {
  const { columns, values, starts } = lists
  const end = starts[row + 1]
  const r0 = residuals[at]
  const r1 = residuals[at + 1]
  for (let p = starts[row]; p < end; p++) {
    const i = base + columns[p] * 2
    const x = values[p]
    gradient[i] += x * r0
    gradient[i + 1] += x * r1
  }
}

/**
 * scores += products of four whole rows of the tile, from `row`, with two classes whose weights begin at `base` and
 * repeat every `step` numbers. `at` is the place of the first row and class in scores, whose rows are `stride` long.
 */
export function addDenseProducts(
  tile: Float64Array,
  row: number,
  featureCount: number,
  weights: Float64Array,
  base: number,
  step: number,
  scores: Float64Array,
  at: number,
  stride: number,
): void {
  // a, b, c, d are the four rows.
  const a = row * featureCount
  const b = a + featureCount
  const c = b + featureCount
  const d = c + featureCount
  const atB = at + stride
  const atC = atB + stride
  const atD = atC + stride
  let a0 = scores[at]
  let a1 = scores[at + 1]
  let b0 = scores[atB]
  let b1 = scores[atB + 1]
  let c0 = scores[atC]
  let c1 = scores[atC + 1]
  let d0 = scores[atD]
  let d1 = scores[atD + 1]
  for (let j = 0, i = base; j < featureCount; j++, i += step) {
    const w0 = weights[i]
    const w1 = weights[i + 1]
    const xa = tile[a + j]
    const xb = tile[b + j]
    const xc = tile[c + j]
    const xd = tile[d + j]
    a0 += xa * w0
    a1 += xa * w1
    b0 += xb * w0
    b1 += xb * w1
    c0 += xc * w0
    c1 += xc * w1
    d0 += xd * w0
    d1 += xd * w1
  }
  scores[at] = a0
  scores[at + 1] = a1
  scores[atB] = b0
  scores[atB + 1] = b1
  scores[atC] = c0
  scores[atC + 1] = c1
  scores[atD] = d0
  scores[atD + 1] = d1
}

/** gradient += outer products of four whole rows of the tile with their residuals for two classes; names as above. */
export function addDenseOuter(
  tile: Float64Array,
  row: number,
  featureCount: number,
  residuals: Float64Array,
  at: number,
  stride: number,
  gradient: Float64Array,
  base: number,
  step: number,
): void {
  const a = row * featureCount
  const b = a + featureCount
  const c = b + featureCount
  const d = c + featureCount
  const atB = at + stride
  const atC = atB + stride
  const atD = atC + stride
  const a0 = residuals[at]
  const a1 = residuals[at + 1]
  const b0 = residuals[atB]
  const b1 = residuals[atB + 1]
  const c0 = residuals[atC]
  const c1 = residuals[atC + 1]
  const d0 = residuals[atD]
  const d1 = residuals[atD + 1]
  for (let j = 0, i = base; j < featureCount; j++, i += step) {
    const xa = tile[a + j]
    const xb = tile[b + j]
    const xc = tile[c + j]
    const xd = tile[d + j]
    // From the first row to the last, one rounding after another, as the lists do it.
    gradient[i] = gradient[i] + xa * a0 + xb * b0 + xc * c0 + xd * d0
    gradient[i + 1] = gradient[i + 1] + xa * a1 + xb * b1 + xc * c1 + xd * d1
  }
}
