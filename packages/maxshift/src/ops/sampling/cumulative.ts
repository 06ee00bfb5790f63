/**
 * Exact cumulative sums of probabilities, and their inversion: which class a number in [0, total) falls on.
 *
 * A probability is rounded once, to a multiple of 2^−78 (3 · 10^−24), and from there on nothing is rounded: a weight is the sum of a
 * multiple of 2^−52 (`coarse`) and one of 2^−78 below it (`fine`), and each part adds up in float64 without error, for up to 2^26
 * classes. Class j owns the interval [C_{j−1}, C_j); a class of weight 0 owns nothing, so nothing falls on it.
 */
import type { FloatArray } from '../../arrays.ts'
import { multiplyPairs, normalize, type Pair } from '../../special/double-double.ts'
import { GRID_78 } from '../../special/grid.ts'

/** A number as the sum of a multiple of 2^−52 and one of 2^−78. Sums and comparisons of such numbers are exact. */
export interface Mass {
  coarse: number
  fine: number
}

/** The multiple of 2^−52 nearest to p ∈ [0, 1]. */
export const coarsePart = (p: number): number => 1 + p - 1

/** The multiple of 2^−78 nearest to what is left. */
export const finePart = (p: number, coarse: number): number => p - coarse + GRID_78 - GRID_78

/** Whether a < b. */
export const isBelow = (a: Mass, b: Mass): boolean => a.coarse - b.coarse < b.fine - a.fine

/** Classes per entry of the table of sums: a search ends with a walk over at most so many. */
const BLOCK = 64

/** The cumulative sums of a row before every block of its classes, and the total behind them. */
export interface Cumulative {
  readonly coarse: Float64Array
  readonly fine: Float64Array
  readonly total: Mass
}

/** Room for the sums of rows of up to `classes` probabilities. */
export const makeCumulative = (classes: number): Cumulative => ({
  coarse: new Float64Array(Math.ceil(classes / BLOCK)),
  fine: new Float64Array(Math.ceil(classes / BLOCK)),
  total: { coarse: 0, fine: 0 },
})

/** Fills `sums` from probabilities in [0, 1] whose sum is 1 but for rounding. */
export function accumulate(probs: FloatArray, sums: Cumulative): void {
  let coarse = 0
  let fine = 0
  for (let start = 0; start < probs.length; start += BLOCK) {
    sums.coarse[start / BLOCK] = coarse
    sums.fine[start / BLOCK] = fine
    const end = Math.min(probs.length, start + BLOCK)
    for (let i = start; i < end; i++) {
      const head = coarsePart(probs[i])
      coarse += head
      fine += finePart(probs[i], head)
    }
  }
  sums.total.coarse = coarse
  sums.total.fine = fine
}

const factor: Pair = { hi: 0, lo: 0 }
const product: Pair = { hi: 0, lo: 0 }
const UNITS_52 = 2 ** 52
const UNITS_78 = 2 ** 78

/** share · total for a share = hi + lo in [0, 1], as the nearest multiple of 2^−78 that `round` gives. */
export function shareOf(total: Mass, hi: number, lo: number, round: (x: number) => number): Mass {
  normalize(total.coarse, total.fine, factor)
  normalize(hi, lo, product)
  multiplyPairs(product.hi, product.lo, factor.hi, factor.lo, product)
  const coarse = Math.floor(product.hi * UNITS_52) / UNITS_52
  const rest = product.hi - coarse + product.lo
  return { coarse, fine: round(rest * UNITS_78) / UNITS_78 }
}

/** The class that owns `point` ∈ [0, total): the first whose cumulative sum lies above it. */
export function classAt(probs: FloatArray, sums: Cumulative, point: Mass): number {
  // The last block that starts at or below the point.
  let low = 0
  let high = Math.ceil(probs.length / BLOCK)
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (sums.coarse[middle] - point.coarse > point.fine - sums.fine[middle]) high = middle
    else low = middle
  }
  let coarse = sums.coarse[low]
  let fine = sums.fine[low]
  for (let i = low * BLOCK; ; i++) {
    const head = coarsePart(probs[i])
    coarse += head
    fine += finePart(probs[i], head)
    if (coarse - point.coarse > point.fine - fine) return i
  }
}
