/**
 * The Cholesky factor L of a correlation matrix of the features, and the two triangular solves with it.
 *
 * Matrices are square, row-major, with only the lower triangle in use. Loops run along rows, which are contiguous.
 */
import type { Features } from '../kernels/kernels.ts'
import type { Pause } from './pause.ts'

/** An even sample of this many rows is looked at. */
const SAMPLE_ROWS = 5000
/** Added to the diagonal, which is 1: collinear features would leave the matrix singular. */
const RIDGE = 2 ** -30
/** Columns whose mean is more than this many scales away from zero are centred before products are formed. */
const FAR = 4
/** Multiplications between two pauses. */
const BLOCK_PRODUCTS = 8_388_608

/**
 * L with L·Lᵀ = correlations of (x − mean) / scale, its diagonal raised to 1: the scales of the caller contain more than
 * the spread. With `centred` false the means are zero and nothing is subtracted. Undefined if there is no such factor.
 */
export async function correlationFactor(
  features: Features,
  rows: number,
  means: Float64Array,
  scales: Float64Array,
  centred: boolean,
  pause: Pause,
): Promise<Float64Array | undefined> {
  const size = means.length
  const matrix = new Float64Array(size * size)
  const sums = new Float64Array(size)
  const shifts = means.map((mean, j) => (Math.abs(mean) > FAR * scales[j] ? mean : 0))
  const columns = new Int32Array(size)
  const values = new Float64Array(size)
  const sample = Math.min(rows, SAMPLE_ROWS)
  let products = 0
  for (let s = 0; s < sample; s++) {
    const begin = Math.floor((s * rows) / sample) * size
    let count = 0
    for (let j = 0; j < size; j++) {
      const x = features[begin + j]
      if (x === shifts[j]) continue
      columns[count] = j
      values[count] = (x - shifts[j]) / scales[j]
      sums[j] += values[count]
      count++
    }
    addProducts(matrix, size, columns, values, count)
    products += (count * count) / 2
    if (products > BLOCK_PRODUCTS) {
      products = 0
      await pause()
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const k = i * size + j
      matrix[k] = matrix[k] / sample - (centred ? (sums[i] / sample) * (sums[j] / sample) : 0)
    }
    matrix[i * size + i] = Math.max(1, matrix[i * size + i]) + RIDGE
  }
  return (await factorise(matrix, size, pause)) ? matrix : undefined
}

/** matrix += outer product of one row with itself; the row is given by its `count` nonzero entries. */
function addProducts(
  matrix: Float64Array,
  size: number,
  columns: Int32Array,
  values: Float64Array,
  count: number,
): void {
  for (let p = 0; p < count; p++) {
    const row = columns[p] * size
    const x = values[p]
    for (let q = 0; q <= p; q++) matrix[row + columns[q]] += x * values[q]
  }
}

/** Replaces a matrix by its Cholesky factor, row by row. False if a pivot is not positive. */
async function factorise(matrix: Float64Array, size: number, pause: Pause): Promise<boolean> {
  let products = 0
  for (let i = 0; i < size; i++) {
    const row = i * size
    for (let j = 0; j <= i; j++) {
      const rest = matrix[row + j] - dotRange(matrix, row, j * size, j)
      if (j < i) matrix[row + j] = rest / matrix[j * size + j]
      else if (rest > 0) matrix[row + i] = Math.sqrt(rest)
      else return false
    }
    products += (i * i) / 2
    if (products > BLOCK_PRODUCTS) {
      products = 0
      await pause()
    }
  }
  return true
}

/** Replaces each row y of a matrix with rows of length `size` by L⁻¹·y. */
export function solveRows(factor: Float64Array, size: number, matrix: Float64Array): void {
  for (let begin = 0; begin < matrix.length; begin += size) {
    for (let i = 0; i < size; i++) {
      const row = i * size
      let rest = matrix[begin + i]
      for (let j = 0; j < i; j++) rest -= factor[row + j] * matrix[begin + j]
      matrix[begin + i] = rest / factor[row + i]
    }
  }
}

/** Replaces each row y of a matrix with rows of length `size` by L⁻ᵀ·y. */
export function solveRowsTransposed(factor: Float64Array, size: number, matrix: Float64Array): void {
  for (let begin = 0; begin < matrix.length; begin += size) {
    for (let i = size - 1; i >= 0; i--) {
      const row = i * size
      const solved = matrix[begin + i] / factor[row + i]
      matrix[begin + i] = solved
      for (let j = 0; j < i; j++) matrix[begin + j] -= solved * factor[row + j]
    }
  }
}

/** Σ_{p < count} matrix[a + p] · matrix[b + p], in four sums that the processor can add side by side. */
function dotRange(matrix: Float64Array, a: number, b: number, count: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let p = 0
  for (; p + 4 <= count; p += 4) {
    s0 += matrix[a + p] * matrix[b + p]
    s1 += matrix[a + p + 1] * matrix[b + p + 1]
    s2 += matrix[a + p + 2] * matrix[b + p + 2]
    s3 += matrix[a + p + 3] * matrix[b + p + 3]
  }
  for (; p < count; p++) s0 += matrix[a + p] * matrix[b + p]
  return s0 + s1 + (s2 + s3)
}
