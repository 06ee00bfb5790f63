/**
 * Rows without a finite maximum: what softmax and its relatives are there (the table of infinities in docs/numerics.md).
 *
 * A single +∞ has a limit: all probability goes to its place. Two of them, a row of −∞ only, and a NaN anywhere have none.
 * Written as arithmetic: `certain` is 1 where the limit exists and NaN elsewhere, and everything follows from it.
 */
import type { FloatArray } from '../../arrays.ts'
import type { Top } from './top.ts'

export const certain = (top: Top): number =>
  top.max === Number.POSITIVE_INFINITY && top.second < Number.POSITIVE_INFINITY ? 1 : Number.NaN

/** The row of softmax: 1 at the +∞ and 0 elsewhere, or NaN throughout. */
export function limitSoftmax(top: Top, start: number, classes: number, out: FloatArray): void {
  out.fill(certain(top) - 1, start, start + classes)
  out[start + top.index] = certain(top)
}

/** The row of logSoftmax: 0 at the +∞ and −∞ elsewhere, or NaN throughout. */
export function limitLogSoftmax(top: Top, start: number, classes: number, out: FloatArray): void {
  out.fill(certain(top) * Number.NEGATIVE_INFINITY, start, start + classes)
  out[start + top.index] = certain(top) - 1
}
