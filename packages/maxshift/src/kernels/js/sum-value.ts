/**
 * From the state of a stream to log Σ exp: the slices together are S, an integer in units of the last one, and with m₂ the second,
 *
 *   S₂ = S · exp(−m₂) ∈ [1, n − 1]     s = S₂ · exp(m₂ − m)     log Σ exp = m + log1p(s)
 *
 * From S₂ on, that is the row of double-row.ts, which this restores.
 */
import type { Dtype } from '../../arrays.ts'
import { powerOfTwo } from '../../special/bits.ts'
import { multiplyPairs, type Pair } from '../../special/double-double.ts'
import type { ExpParts } from '../../special/exp.ts'
import { SLICE_BITS, withinCell } from '../../special/exp-cells.ts'
import { expFull } from '../../special/exp-full.ts'
import { finishLog, maxPlusLog, restoreRow } from './double-row.ts'
import type { SumState } from './sum-state.ts'
import { windowOf } from './sum-window.ts'
import { temperatureOf } from './temperature.ts'

const within: Pair = { hi: 0, lo: 0 }
const inverse: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const sum: Pair = { hi: 0, lo: 0 }

/** S₂ of a state with a window into `sum`. */
function sumOverSecond({ second, slices }: SumState, dtype: Dtype): void {
  const { cell, base, slices: count } = windowOf(second, dtype)
  const total = slices.reduce((above, slice) => (above << BigInt(SLICE_BITS)) + slice, 0n)
  // The nearest float64 to the integer, and the nearest to the rest: both conversions round correctly.
  sum.hi = Number(total)
  sum.lo = Number(total - BigInt(sum.hi))
  if (count === 1) return
  withinCell(second, cell, within)
  expFull(-within.hi, -within.lo, inverse)
  multiplyPairs(sum.hi, sum.lo, inverse.hi, inverse.lo, sum)
  const scale = powerOfTwo(base - count * SLICE_BITS + inverse.exponent)
  sum.hi *= scale
  sum.lo *= scale
}

/** Brings the state of a stream, with a finite maximum, into the row of double-row.ts. */
export function restoreState(state: SumState, dtype: Dtype): void {
  if (state.slices.length === 0) sum.hi = sum.lo = 0
  else sumOverSecond(state, dtype)
  restoreRow(state.max, state.second, { slice26: sum.hi, slice52: sum.lo, slice78: 0, slice104: 0 }, temperatureOf(1))
}

/** log Σ exp of a stream, rounded once to float64. */
export function logSumExpOfState(state: SumState, dtype: Dtype): number {
  if (!Number.isFinite(state.max)) return state.max
  restoreState(state, dtype)
  finishLog()
  return maxPlusLog()
}
