/**
 * The slices of Σ exp(x_i), exactly: the reference of the streaming kernels (assembly/stream.ts has the same bits).
 *
 * A term is a function of x alone up to an exact power of two: at x's place within its cell, in float64 the pair (hi + lo) · 2^e of expParts,
 * for float32 data the float64 of exp2Scaled. Dividing by 2^base, which is exact, makes it less than ½, and adding and subtracting
 * 1.5 · 2^(52−q) rounds it to a multiple of 2^−q; what that leaves is exact and goes to the next grid. Rounding in steps or at once gives
 * the same, because every grid refines the one before, so slice j of a term is R_j(t) − R_{j−1}(t), R_j being the rounding to the place
 * where slice j ends: it does not depend on where the window starts. Sums of slices are integers and have no rounding at all.
 */
import type { Dtype } from '../../arrays.ts'
import { powerOfTwo } from '../../special/bits.ts'
import type { Pair } from '../../special/double-double.ts'
import { type ExpParts, expParts } from '../../special/exp.ts'
import { type Cell, cellOf, SLICE_BITS, withinCell } from '../../special/exp-cells.ts'
import { exp2Scaled, LOG2_E } from '../../special/exp-single.ts'
import type { Window } from './sum-window.ts'

/** Entries this far below the second, also rounded to float32, are below 2^−158 of the window's upper end: nothing in any slice. */
const BELOW_WINDOW = 120

/** Entries below this add nothing to the window. */
export const lowestOf = ({ second }: Window): number => second - BELOW_WINDOW

/** Half slices: 26 bits, so that float64 adds 2^26 of them exactly. */
const HALF_BITS = 26
const GRIDS = Float64Array.from({ length: 6 }, (_, i) => 1.5 * powerOfTwo(HALF_BITS - HALF_BITS * i))
const halves = new Float64Array(GRIDS.length)

/** Adds the slices of |value| < ½ to `halves`. */
function addSlices(value: number): void {
  let rest = value
  for (let i = 0; i < GRIDS.length; i++) {
    const part = rest + GRIDS[i] - GRIDS[i]
    halves[i] += part
    rest -= part
  }
}

const within: Pair = { hi: 0, lo: 0 }
const parts: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/** Adds the slices of exp(x). */
function addEntry(x: number, window: Window, dtype: Dtype): void {
  const { cell } = window
  // Where the window reaches below its cell, entries there belong to the next one.
  const own: Cell = x >= cell.from ? cell : cellOf(x)
  const base = window.base + SLICE_BITS * Number(cell.slices - own.slices)
  withinCell(x, own, within)
  if (dtype === 'float32') addSlices(exp2Scaled(within.hi * LOG2_E, base))
  else {
    expParts(within.hi, within.lo, parts)
    const scale = powerOfTwo(parts.exponent - base)
    addSlices(parts.hi * scale)
    addSlices(parts.lo * scale)
  }
}

/** The sum of the terms of `values`, at most 2^26 entries, cut into the slices of the window; entries above its second count as that. */
export function sumTerms(values: ArrayLike<number>, window: Window, dtype: Dtype): bigint[] {
  const { second, slices } = window
  if (slices === 1) return [ties(values, second)]
  halves.fill(0)
  const lowest = lowestOf(window)
  for (let i = 0; i < values.length; i++) {
    if (values[i] >= lowest) addEntry(Math.min(values[i], second), window, dtype)
  }
  return Array.from({ length: slices }, (_, j) => integerOf(2 * j) * (1n << BigInt(HALF_BITS)) + integerOf(2 * j + 1))
}

function ties(values: ArrayLike<number>, second: number): bigint {
  let count = 0
  for (let i = 0; i < values.length; i++) if (values[i] >= second) count++
  return BigInt(count)
}

/** A half slice in units of its own grid, 2^−26 (i + 1). */
const integerOf = (i: number): bigint => BigInt(halves[i] * powerOfTwo(HALF_BITS * (i + 1)))
