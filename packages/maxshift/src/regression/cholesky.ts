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

/** Four rows of length `size` that lie one after the other, from `begin` on. */
type OnFour = (factor: Float64Array, size: number, matrix: Float64Array, begin: number) => void

/** Takes the rows of a matrix four at a time, so that an entry of the factor serves four; zeros fill up the last ones. */
function overFours(factor: Float64Array, size: number, matrix: Float64Array, onFour: OnFour): void {
  let begin = 0
  for (; begin + 4 * size <= matrix.length; begin += 4 * size) onFour(factor, size, matrix, begin)
  if (begin === matrix.length) return
  const rest = matrix.subarray(begin)
  const padded = new Float64Array(4 * size)
  padded.set(rest)
  onFour(factor, size, padded, 0)
  rest.set(padded.subarray(0, rest.length))
}

/** Replaces each row y of a matrix with rows of length `size` by L⁻¹·y. */
export function solveRows(factor: Float64Array, size: number, matrix: Float64Array): void {
  overFours(factor, size, matrix, solveFour)
}

/** Replaces each row y of a matrix with rows of length `size` by L⁻ᵀ·y. */
export function solveRowsTransposed(factor: Float64Array, size: number, matrix: Float64Array): void {
  overFours(factor, size, matrix, solveFourTransposed)
}

/** Replaces each row y of a matrix with rows of length `size` by L·y. */
export function multiplyRows(factor: Float64Array, size: number, matrix: Float64Array): void {
  overFours(factor, size, matrix, multiplyFour)
}

/** Replaces each row y of a matrix with rows of length `size` by Lᵀ·y. */
export function multiplyRowsTransposed(factor: Float64Array, size: number, matrix: Float64Array): void {
  overFours(factor, size, matrix, multiplyFourTransposed)
}

function solveFour(factor: Float64Array, size: number, matrix: Float64Array, a: number): void {
  const b = a + size
  const c = b + size
  const d = c + size
  for (let i = 0; i < size; i++) {
    const row = i * size
    let ra = matrix[a + i]
    let rb = matrix[b + i]
    let rc = matrix[c + i]
    let rd = matrix[d + i]
    for (let j = 0; j < i; j++) {
      const l = factor[row + j]
      ra -= l * matrix[a + j]
      rb -= l * matrix[b + j]
      rc -= l * matrix[c + j]
      rd -= l * matrix[d + j]
    }
    const pivot = factor[row + i]
    matrix[a + i] = ra / pivot
    matrix[b + i] = rb / pivot
    matrix[c + i] = rc / pivot
    matrix[d + i] = rd / pivot
  }
}

function solveFourTransposed(factor: Float64Array, size: number, matrix: Float64Array, a: number): void {
  const b = a + size
  const c = b + size
  const d = c + size
  let i = size - 1
  // Two unknowns at a time: the others are loaded and stored once for both.
  for (; i >= 1; i -= 2) {
    const row = i * size
    const next = row - size
    const pivot = factor[row + i]
    const ya = matrix[a + i] / pivot
    const yb = matrix[b + i] / pivot
    const yc = matrix[c + i] / pivot
    const yd = matrix[d + i] / pivot
    const between = factor[row + i - 1]
    const second = factor[next + i - 1]
    const za = (matrix[a + i - 1] - ya * between) / second
    const zb = (matrix[b + i - 1] - yb * between) / second
    const zc = (matrix[c + i - 1] - yc * between) / second
    const zd = (matrix[d + i - 1] - yd * between) / second
    for (let j = 0; j < i - 1; j++) {
      const l = factor[row + j]
      const m = factor[next + j]
      matrix[a + j] = matrix[a + j] - ya * l - za * m
      matrix[b + j] = matrix[b + j] - yb * l - zb * m
      matrix[c + j] = matrix[c + j] - yc * l - zc * m
      matrix[d + j] = matrix[d + j] - yd * l - zd * m
    }
    setFour(matrix, i, size, a, ya, yb, yc, yd)
    setFour(matrix, i - 1, size, a, za, zb, zc, zd)
  }
  if (i === 0) for (let at = a; at <= d; at += size) matrix[at] /= factor[0]
}

function setFour(
  matrix: Float64Array,
  i: number,
  size: number,
  begin: number,
  a: number,
  b: number,
  c: number,
  d: number,
): void {
  const at = begin + i
  matrix[at] = a
  matrix[at + size] = b
  matrix[at + 2 * size] = c
  matrix[at + 3 * size] = d
}

function multiplyFour(factor: Float64Array, size: number, matrix: Float64Array, a: number): void {
  const b = a + size
  const c = b + size
  const d = c + size
  for (let i = size - 1; i >= 0; i--) {
    const row = i * size
    let sa = 0
    let sb = 0
    let sc = 0
    let sd = 0
    for (let j = 0; j <= i; j++) {
      const l = factor[row + j]
      sa += l * matrix[a + j]
      sb += l * matrix[b + j]
      sc += l * matrix[c + j]
      sd += l * matrix[d + j]
    }
    matrix[a + i] = sa
    matrix[b + i] = sb
    matrix[c + i] = sc
    matrix[d + i] = sd
  }
}

function multiplyFourTransposed(factor: Float64Array, size: number, matrix: Float64Array, a: number): void {
  const b = a + size
  const c = b + size
  const d = c + size
  for (let i = 0; i < size; i++) {
    const row = i * size
    const ya = matrix[a + i]
    const yb = matrix[b + i]
    const yc = matrix[c + i]
    const yd = matrix[d + i]
    matrix[a + i] = 0
    matrix[b + i] = 0
    matrix[c + i] = 0
    matrix[d + i] = 0
    for (let j = 0; j <= i; j++) {
      const l = factor[row + j]
      matrix[a + j] += l * ya
      matrix[b + j] += l * yb
      matrix[c + j] += l * yc
      matrix[d + j] += l * yd
    }
  }
}

/** Replaces one vector y by L⁻¹·y. */
export function solveRow(factor: Float64Array, size: number, y: Float64Array): void {
  for (let i = 0, row = 0; i < size; i++, row += size) y[i] = (y[i] - dotRange(factor, row, 0, i, y)) / factor[row + i]
}

/** Replaces one vector y by L⁻ᵀ·y. */
export function solveRowTransposed(factor: Float64Array, size: number, y: Float64Array): void {
  for (let i = size - 1, row = i * size; i >= 0; i--, row -= size) {
    y[i] /= factor[row + i]
    const own = y[i]
    for (let j = 0; j < i; j++) y[j] -= factor[row + j] * own
  }
}

/** Replaces one vector y by L·y. */
export function multiplyRow(factor: Float64Array, size: number, y: Float64Array): void {
  for (let i = size - 1, row = i * size; i >= 0; i--, row -= size) y[i] = dotRange(factor, row, 0, i + 1, y)
}

/** Replaces one vector y by Lᵀ·y. */
export function multiplyRowTransposed(factor: Float64Array, size: number, y: Float64Array): void {
  for (let i = 0, row = 0; i < size; i++, row += size) {
    const own = y[i]
    y[i] = own * factor[row + i]
    for (let j = 0; j < i; j++) y[j] += factor[row + j] * own
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
