/**
 * The exact sum of pairs of either sign on the grids of grid.ts, in any order.
 *
 * Terms of size at most 1 (a little more does no harm), up to 2^26 of them; what lies below 2^−104 is rounded away, term by term, which is
 * the only error: n · 2^−105.
 */
import { addPairs, type Pair, sumError } from './double-double.ts'
import { GRID_26, GRID_52, GRID_78, GRID_104 } from './grid.ts'

/** Sums of slices: each entry is exact. */
export interface GridSum {
  slice26: number
  slice52: number
  slice78: number
  slice104: number
}

export const gridSum = (): GridSum => ({ slice26: 0, slice52: 0, slice78: 0, slice104: 0 })

export function clearGridSum(sum: GridSum): void {
  sum.slice26 = sum.slice52 = sum.slice78 = sum.slice104 = 0
}

/** sum += hi + lo. */
export function addToGridSum(hi: number, lo: number, sum: GridSum): void {
  const first = hi + GRID_26 - GRID_26
  const afterFirst = hi - first
  const second = afterFirst + GRID_52 - GRID_52
  const afterSecond = afterFirst - second + lo
  const third = afterSecond + GRID_78 - GRID_78
  sum.slice26 += first
  sum.slice52 += second
  sum.slice78 += third
  sum.slice104 += afterSecond - third + GRID_104 - GRID_104
}

/** The sum as a pair, good to 2^−103 of itself, whatever cancelled. */
export function gridTotal({ slice26, slice52, slice78, slice104 }: GridSum, out: Pair): void {
  const high = slice26 + slice52
  const low = slice78 + slice104
  addPairs(high, sumError(slice26, slice52, high), low, sumError(slice78, slice104, low), out)
}
