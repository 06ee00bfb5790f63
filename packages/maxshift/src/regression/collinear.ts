/**
 * Columns that are combinations of earlier ones, from Σ w·x̃·x̃ᵀ: without them the maximum of a likelihood is no point, and
 * nothing can be said of the coefficients. The Cholesky factor of the correlations has 1 − R² of a column on those before it as
 * the square of its diagonal; where that is rounding, the column is left out and its combination noted.
 */

import type { Pause } from './pause.ts'

/** 1 − R² below this is rounding, or leaves fewer than four digits of a standard error. */
const LEAST_REST = 2 ** -40
/** A share of a combination below this is not named. */
const LEAST_SHARE = 1e-6

/** Column `column` is a combination of the columns `of`; of none if it is 0 everywhere. */
export interface Combination {
  readonly column: number
  readonly of: readonly number[]
}

/** The first column that is a combination of those before it; undefined if there is none. `gram` is size × size. */
export async function findCombination(
  gram: Float64Array,
  size: number,
  pause: Pause,
): Promise<Combination | undefined> {
  const factor = new Float64Array(size * size)
  const scales = Float64Array.from({ length: size }, (_, i) => Math.sqrt(gram[i * size + i]))
  for (let i = 0; i < size; i++) {
    if (!(scales[i] > 0)) return { column: i, of: [] }
    for (let j = 0; j <= i; j++) {
      let rest = i === j ? 1 : gram[i * size + j] / scales[i] / scales[j]
      for (let k = 0; k < j; k++) rest -= factor[i * size + k] * factor[j * size + k]
      if (j < i) factor[i * size + j] = rest / factor[j * size + j]
      else if (rest > LEAST_REST) factor[i * size + i] = Math.sqrt(rest)
      else return { column: i, of: combinationOf(factor, size, i) }
    }
    await pause()
  }
  return undefined
}

/** The columns with a share in column i, whose row of the factor is complete but for the diagonal: Lᵀ·shares = row. */
function combinationOf(factor: Float64Array, size: number, i: number): number[] {
  const shares = factor.slice(i * size, i * size + i)
  for (let k = i - 1; k >= 0; k--) {
    shares[k] /= factor[k * size + k]
    for (let j = 0; j < k; j++) shares[j] -= shares[k] * factor[k * size + j]
  }
  return [...shares.keys()].filter((k) => Math.abs(shares[k]) > LEAST_SHARE)
}
