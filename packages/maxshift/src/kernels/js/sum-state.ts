/**
 * The mergeable state of log Σ exp: the maximum, the second largest entry, and the sum of all entries but one maximum, cut into slices.
 *
 * Every part of it is a function of the multiset of entries. The two largest are; so is the window (sum-window.ts), a function of the second;
 * and slice j is Σ over all entries but the maximum of slice j of exp(x_i), an integer sum of integers that depend on one
 * entry each (sum-terms.ts). A window only ever moves up, so a slice that is in the last window was in every one before it, and nothing that
 * belongs to it was ever dropped. No carry runs between slices. Hence merging is associative and commutative to the last bit, and any
 * order and any split of the entries leave the same state. (Reproducible summation by slices at fixed places: Demmel & Nguyen,
 * "Parallel reproducible summation", IEEE Trans. Comput. 64 (2015) 2060.)
 */
import type { Dtype, FloatArray } from '../../arrays.ts'
import { sumTerms } from './sum-terms.ts'
import { slicesAbove, type Window, windowOf } from './sum-window.ts'
import { findTop, type Top } from './top.ts'

export interface SumState {
  /** NaN if there is one among the entries. Never −0, as `second`. */
  readonly max: number
  /** The largest of the other entries; −∞ if there is none, or with a NaN. */
  readonly second: number
  /** Topmost first; none without a finite maximum and a second. */
  readonly slices: readonly bigint[]
}

export const NOTHING: SumState = { max: Number.NEGATIVE_INFINITY, second: Number.NEGATIVE_INFINITY, slices: [] }
const INVALID: SumState = { ...NOTHING, max: Number.NaN }

/** The state of entries whose two largest are given; `sum` adds up their terms, the maximum's counting as that of the second. */
export function stateOf(max: number, second: number, dtype: Dtype, sum: (window: Window) => bigint[]): SumState {
  if (Number.isNaN(max)) return INVALID
  if (!hasWindow(max, second)) return { max: max + 0, second: second + 0, slices: [] }
  const window = windowOf(second, dtype)
  const own = sumTerms([second], window, dtype)
  return { max: max + 0, second: second + 0, slices: sum(window).map((slice, j) => slice - own[j]) }
}

const hasWindow = (max: number, second: number): boolean => Number.isFinite(max) && second > Number.NEGATIVE_INFINITY

/** The state of the entries of both. */
export function mergeStates(a: SumState, b: SumState, dtype: Dtype): SumState {
  if (Number.isNaN(a.max) || Number.isNaN(b.max)) return INVALID
  const [upper, lower] = a.max >= b.max ? [a, b] : [b, a]
  const { max } = upper
  const second = Math.max(upper.second, lower.max) // the lower maximum is one of the others now
  if (!hasWindow(max, second)) return { max, second, slices: [] }
  const window = windowOf(second, dtype)
  const slices = sumTerms([lower.max], window, dtype)
  for (const part of [upper, lower]) {
    if (part.slices.length === 0) continue
    const moved = slicesAbove(window, windowOf(part.second, dtype))
    for (let j = moved; j < slices.length; j++) slices[j] += part.slices[j - moved] ?? 0n
  }
  return { max, second, slices }
}

const top: Top = { max: 0, index: 0, second: 0 }

/** The state of at most 2^26 entries, rounded to the dtype, in plain TypeScript. */
export function reduceEntries(given: FloatArray, dtype: Dtype): SumState {
  const values = dtype === 'float32' && given instanceof Float64Array ? Float32Array.from(given) : given
  findTop(values, 0, values.length, top)
  return stateOf(top.max, top.second, dtype, (window) => sumTerms(values, window, dtype))
}
