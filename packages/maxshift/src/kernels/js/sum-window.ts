/**
 * Which digits of Σ exp(x_i) are kept while the x_i are still coming.
 *
 * Powers of two are cut into slices at fixed places: slice i holds the multiples of 2^(52 i − 20) below 2^(52 (i + 1) − 20). A window
 * is two or three neighbouring slices, the topmost being the one that twice exp(second) falls into, where `second` is
 * the largest entry but the maximum. So at least DEPTH bits below that bit are kept, and the window is a function of `second`
 * alone: however the entries came, the same slices are left in the end. (Cut at −20 because float32 then needs two slices for
 * 0 ≤ second < 21, where logits usually are, and three for the 15 below and above.)
 *
 * From VAST on (in float32 from 2^31 on) entries are 128 or more apart, or equal: there the sum is the number of ties of `second`.
 */
import type { Dtype } from '../../arrays.ts'
import type { Pair } from '../../special/double-double.ts'
import { type ExpParts, expParts, ROUND_TO_INTEGER } from '../../special/exp.ts'
import { type Cell, cellOf, SLICE_BITS, VAST, withinCell } from '../../special/exp-cells.ts'
import { LOG2_E } from '../../special/exp-single.ts'

/** How far below 1 the slices start. */
const SLICE_OFFSET = 20

/** Bits below the leading one that are kept at least: n terms lose n · 2^−DEPTH at most, relative to their sum. */
const DEPTH: Record<Dtype, number> = { float32: 72, float64: 96 }

/** 2^31, where float32 numbers are 128 apart: float32 entries are vast from here on. */
const VAST_SINGLE = 2147483648

export interface Window {
  readonly second: number
  /** The cell of the second, which exponents are relative to. */
  readonly cell: Cell
  /** Terms are below 2^(base − 1), so that none rounds to a whole unit of the slice above the topmost. */
  readonly base: number
  /** The number of the topmost slice, and how many there are; with only one, it counts the ties of `second`. */
  readonly top: bigint
  readonly slices: 1 | 2 | 3
}

const within: Pair = { hi: 0, lo: 0 }
const parts: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/** The exponent of exp(x), relative to its cell. */
function exponentOf(x: number, cell: Cell, dtype: Dtype): number {
  withinCell(x, cell, within)
  if (dtype === 'float32') return within.hi * LOG2_E + ROUND_TO_INTEGER - ROUND_TO_INTEGER
  expParts(within.hi, within.lo, parts)
  return parts.exponent
}

/** The window for a finite `second`. */
export function windowOf(second: number, dtype: Dtype): Window {
  const vast = Math.abs(second) >= (dtype === 'float32' ? VAST_SINGLE : VAST)
  const cell = cellOf(vast ? 0 : second)
  if (vast) return { second, cell, base: 0, top: 0n, slices: 1 }
  const exponent = exponentOf(second, cell, dtype)
  const slice = Math.floor((exponent + 1 + SLICE_OFFSET) / SLICE_BITS)
  const base = (slice + 1) * SLICE_BITS - SLICE_OFFSET
  const above = exponent - (base - SLICE_BITS) // bits of the topmost slice below the leading one
  return { second, cell, base, top: cell.slices + BigInt(slice), slices: above + SLICE_BITS >= DEPTH[dtype] ? 2 : 3 }
}

/** By how many slices a window lies above another one; +∞ if they share none. */
export function slicesAbove(upper: Window, lower: Window): number {
  if (upper.slices === 1 || lower.slices === 1) return upper.second === lower.second ? 0 : Number.POSITIVE_INFINITY
  return Number(upper.top - lower.top)
}
