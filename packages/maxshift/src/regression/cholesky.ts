/**
 * The Cholesky factor L of a symmetric matrix, and products and triangular solves with it.
 *
 * Matrices are square, row-major, with only the lower triangle in use. Loops run along rows, which are contiguous.
 */
import type { Pause } from './pause.ts'

/** Multiplications between two pauses. */
const BLOCK_PRODUCTS = 8_388_608

/** Replaces a matrix by its Cholesky factor, row by row. False if a pivot is not positive. */
export async function factorise(matrix: Float64Array, size: number, pause: Pause): Promise<boolean> {
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

/** Σ_{p < count} matrix[a + p] · other[b + p], in four sums that the processor can add side by side. */
function dotRange(matrix: Float64Array, a: number, b: number, count: number, other: Float64Array = matrix): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let p = 0
  for (; p + 4 <= count; p += 4) {
    s0 += matrix[a + p] * other[b + p]
    s1 += matrix[a + p + 1] * other[b + p + 1]
    s2 += matrix[a + p + 2] * other[b + p + 2]
    s3 += matrix[a + p + 3] * other[b + p + 3]
  }
  for (; p < count; p++) s0 += matrix[a + p] * other[b + p]
  return s0 + s1 + (s2 + s3)
}

/** Replaces each row y of a matrix with rows of length `size` by L·y. */
export function multiplyRows(factor: Float64Array, size: number, matrix: Float64Array): void {
  for (let begin = 0; begin < matrix.length; begin += size) {
    for (let i = size - 1; i >= 0; i--) {
      const row = i * size
      let sum = 0
      for (let j = 0; j <= i; j++) sum += factor[row + j] * matrix[begin + j]
      matrix[begin + i] = sum
    }
  }
}

/** Replaces each row y of a matrix with rows of length `size` by Lᵀ·y. */
export function multiplyRowsTransposed(factor: Float64Array, size: number, matrix: Float64Array): void {
  for (let begin = 0; begin < matrix.length; begin += size) {
    for (let i = 0; i < size; i++) {
      const row = i * size
      const value = matrix[begin + i]
      matrix[begin + i] = 0
      for (let j = 0; j <= i; j++) matrix[begin + j] += factor[row + j] * value
    }
  }
}

/** The inverse of L·Lᵀ, size × size, both triangles. */
export async function invert(factor: Float64Array, size: number, pause: Pause): Promise<Float64Array> {
  // Row i is column i of L⁻¹, which begins with i zeros.
  const columns = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    const column = columns.subarray(i * size, (i + 1) * size)
    column[i] = 1 / factor[i * size + i]
    for (let j = i + 1; j < size; j++) {
      const row = j * size
      column[j] = -dotRange(factor, row + i, i, j - i, column) / factor[row + j]
    }
    await pause()
  }
  const inverse = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const entry = dotRange(columns, i * size + i, j * size + i, size - i)
      inverse[i * size + j] = entry
      inverse[j * size + i] = entry
    }
    await pause()
  }
  return inverse
}
