/**
 * Eigenvalues and eigenvectors of a small symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan, Matrix
 * Computations, 4th ed., 2013, section 8.5): slow beyond a hundred rows, but short and accurate.
 */

/** Sweeps over all pairs; six to ten are enough for any matrix. */
const SWEEPS = 30
/** An off-diagonal entry below this share of its diagonal entries counts as 0. */
const NEGLIGIBLE = 2 ** -53

export interface Eigen {
  readonly values: Float64Array
  /** size × size, column q belongs to values[q]; orthonormal. */
  readonly vectors: Float64Array
}

/** Decomposes a symmetric matrix of size × size finite numbers, which is spoiled. Eigenvalues come in no order. */
export function eigen(matrix: Float64Array, size: number): Eigen {
  const vectors = new Float64Array(size * size)
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep++) {
    turned = false
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) if (rotate(matrix, vectors, size, p, q)) turned = true
    }
  }
  return { values: Float64Array.from({ length: size }, (_, i) => matrix[i * size + i]), vectors }
}

/** Makes the entry (p, q) zero by a rotation of columns and rows p and q; false if it is as good as zero. */
function rotate(matrix: Float64Array, vectors: Float64Array, size: number, p: number, q: number): boolean {
  const off = matrix[p * size + q]
  const gap = matrix[q * size + q] - matrix[p * size + p]
  const scale = Math.abs(matrix[p * size + p]) + Math.abs(matrix[q * size + q])
  if (Math.abs(off) <= NEGLIGIBLE * scale) return false
  const theta = gap / (2 * off)
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  turn(matrix, size, p, q, cosine, sine)
  for (let i = 0; i < size; i++) {
    const a = matrix[p * size + i]
    const b = matrix[q * size + i]
    matrix[p * size + i] = cosine * a - sine * b
    matrix[q * size + i] = sine * a + cosine * b
  }
  matrix[p * size + q] = 0
  matrix[q * size + p] = 0
  turn(vectors, size, p, q, cosine, sine)
  return true
}

/** Rotates columns p and q. */
function turn(matrix: Float64Array, size: number, p: number, q: number, cosine: number, sine: number): void {
  for (let i = 0; i < size * size; i += size) {
    const a = matrix[i + p]
    const b = matrix[i + q]
    matrix[i + p] = cosine * a - sine * b
    matrix[i + q] = sine * a + cosine * b
  }
}
