/**
 * Logits of sparse rows, for predictions: W·x + b in float64. Few entries are looked up in the weights as they are; for many it pays to
 * lay the weights out for the kernels first. Either way the products are added to the intercept in the order of the entries, so the
 * bits are the same.
 */
import type { FloatArray } from '../arrays.ts'
import type { LogitsPass, SparseRows } from './kernels.ts'
import { SparsePass, sparseBytes, toMatrix, valueSizeOf } from './sparse-pass.ts'
import { allocateSparse, openSparse } from './wasm/sparse-module.ts'

/** Weights are laid out for so many entries per feature. */
const ENTRIES_PER_FEATURE = 0.5
/** Rows of a block. */
const BLOCK_ROWS = 1024

/** Fills `out` (count × classes) with the logits of rows from `first` on. */
export type SparseLogits = (first: number, count: number, out: Float64Array) => void

/** Logits of these rows with weights (classes × features) and intercepts; rows and weights are not copied at once, nor may they change. */
export function createSparseLogits(rows: SparseRows, weights: FloatArray, intercepts: FloatArray): SparseLogits {
  const featureCount = weights.length / intercepts.length
  return rows.values.length < ENTRIES_PER_FEATURE * featureCount
    ? lookUp(rows, weights, intercepts)
    : layOut(rows, weights, intercepts)
}

function lookUp({ indptr, indices, values }: SparseRows, weights: FloatArray, intercepts: FloatArray): SparseLogits {
  const classes = intercepts.length
  const featureCount = weights.length / classes
  return (first, count, out) => {
    for (let r = 0, o = 0; r < count; r++) {
      const begin = indptr[first + r]
      const end = indptr[first + r + 1]
      for (let k = 0; k < classes; k++, o++) {
        let sum = intercepts[k]
        for (let i = begin; i < end; i++) sum += values[i] * weights[k * featureCount + indices[i]]
        out[o] = sum
      }
    }
  }
}

function layOut(rows: SparseRows, weights: FloatArray, intercepts: FloatArray): SparseLogits {
  const { indptr, values } = rows
  const classes = intercepts.length
  const all = indptr.length - 1
  let entries = 0
  // A call may begin anywhere, so any run of rows has to fit.
  for (let r = 0; r < all; r++) entries = Math.max(entries, indptr[Math.min(all, r + BLOCK_ROWS)] - indptr[r])
  const valueSize = valueSizeOf(values)
  const featureCount = weights.length / classes
  const shape = { featureCount, classes, rows: Math.min(all, BLOCK_ROWS), entries, valueSize, ranges: 0 } as const
  const pass = new SparsePass(shape, openSparse(allocateSparse(sparseBytes(shape), false)))
  toMatrix(weights, intercepts, classes, pass.weights.f64)
  const { width, logits } = pass
  return (first, count, out) => {
    for (let done = 0; done < count; done += BLOCK_ROWS) {
      const some = Math.min(BLOCK_ROWS, count - done)
      pass.load(rows, first + done, some)
      pass.computeLogits('f64', 0, some)
      for (let r = 0; r < some; r++) {
        for (let k = 0; k < classes; k++) out[(done + r) * classes + k] = logits.f64[r * width + k]
      }
    }
  }
}

/** The same as a pass, for a few rows at a time. */
export function createSparseLookup(): LogitsPass {
  let weights: Float64Array = new Float64Array(0)
  let intercepts: Float64Array = weights
  return {
    setWeights(given, givenIntercepts) {
      weights = given
      intercepts = givenIntercepts
    },
    logits(features, firstRow, rows, out) {
      lookUp(features as SparseRows, weights, intercepts)(firstRow, rows, out)
    },
  }
}
