/**
 * The first pass over a row: its maximum, where it is, and the largest of the others.
 *
 * All later passes shift by one of the two. The maximum keeps exp from overflowing; the runner-up keeps the sum of the
 * others well scaled, so that it has full relative accuracy even where it is e^−700 of the maximum.
 */
import type { FloatArray } from '../../arrays.ts'

export interface Top {
  /** The maximum; NaN if the row contains a NaN. */
  max: number
  /** The first index of the maximum, within the row. */
  index: number
  /** The maximum of all other entries; equal to `max` for a tie, −∞ if there are none. */
  second: number
}

/** Fills `top` from logits[start … start + classes). */
export function findTop(logits: FloatArray, start: number, classes: number, top: Top): void {
  let max = Number.NEGATIVE_INFINITY
  let second = Number.NEGATIVE_INFINITY
  let index = 0
  let hasNaN = false
  for (let i = 0; i < classes; i++) {
    const value = logits[start + i]
    if (value > max) {
      second = max
      max = value
      index = i
    } else if (value > second) second = value
    else if (Number.isNaN(value)) hasNaN = true // a NaN fails both comparisons
  }
  top.max = hasNaN ? Number.NaN : max
  top.index = index
  top.second = second
}

/** The limit of a row with a single +∞, all probability at its place, as a row of logits; null for a row without a limit. */
export function pointMass(top: Top, classes: number): Float64Array | null {
  if (!(top.max === Number.POSITIVE_INFINITY && top.second < Number.POSITIVE_INFINITY)) return null
  const row = new Float64Array(classes).fill(Number.NEGATIVE_INFINITY)
  row[top.index] = 0
  return row
}
