/**
 * Sparse rows for tests, and the same rows with all their zeros.
 */
import type { CsrFeatures } from '../../src/regression/index.ts'
import { seededRandom } from './random.ts'

/** Rows with about `share` of their columns; every seventh row is empty, and so is every fifth column. */
export function makeSparse(rows: number, columns: number, share: number, seed: number, bytes = false): CsrFeatures {
  const random = seededRandom(seed)
  const indptr = new Int32Array(rows + 1)
  const indices: number[] = []
  const values: number[] = []
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) {
      if (r % 7 === 3 || j % 5 === 4 || random.uniform() >= share) continue
      indices.push(j)
      values.push(bytes ? random.below(256) : Math.fround(random.normal()))
    }
    indptr[r + 1] = values.length
  }
  return { indptr, indices: Int32Array.from(indices), values: Float64Array.from(values), columns }
}

export function toDense({ indptr, indices, values, columns }: CsrFeatures): Float64Array {
  const rows = indptr.length - 1
  const dense = new Float64Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    for (let i = indptr[r]; i < indptr[r + 1]; i++) dense[r * columns + indices[i]] = values[i]
  }
  return dense
}

/** Labels that follow the rows, with some noise. */
export function makeLabels(features: CsrFeatures, classes: number, seed: number): Int32Array {
  const random = seededRandom(seed)
  const { indptr, indices, values, columns } = features
  const weights = Float64Array.from({ length: classes * columns }, random.normal)
  return Int32Array.from({ length: indptr.length - 1 }, (_, r) => {
    let best = 0
    let most = -Infinity
    for (let k = 0; k < classes; k++) {
      let logit = 2 * random.normal()
      for (let i = indptr[r]; i < indptr[r + 1]; i++) logit += values[i] * weights[k * columns + indices[i]]
      if (logit > most) {
        best = k
        most = logit
      }
    }
    return best
  })
}
