/**
 * The exponential of any float64 below 2^60 in size, as a function of x alone: exp x = 2^(52 M) · exp y with |y| ≤ 1061.
 *
 * The axis is cut into cells [2048 j − 1024, 2048 j + 1024), whose borders are exact numbers; M is the same for a whole cell, and
 * y = x − M · 52 ln 2 is a pair good to about 2^−99. In the cell around 0, where logits usually are, M = 0 and y = x. Exponents are
 * big integers because those of 2^60 do not fit a float64. From VAST on there are no cells: neighbours are 128 or more apart, so the
 * exponential of one is nothing beside that of another.
 */
import { type Pair, sumError } from './double-double.ts'

export const VAST = 1152921504606846976 // 0x43b0000000000000, 2^60

/** Powers of two per unit of M; sums keep one slice for each (kernels/js/sum-window.ts). */
export const SLICE_BITS = 52

/** ⌊2^192 · ln 2⌋ (scripts/constants.mjs). */
export const LN2_192 = 0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62dn
const SCALE = 1.5930919111324523e-58 // 0x33f0000000000000, 2^−192

export interface Cell {
  /** The cell holds from ≤ x < to. */
  readonly from: number
  readonly to: number
  /** M · 52 ln 2 = high + middle + low. */
  readonly high: number
  readonly middle: number
  readonly low: number
  /** M. */
  readonly slices: bigint
}

const ORIGIN: Cell = { from: -1024, to: 1024, high: 0, middle: 0, low: 0, slices: 0n }
let last = ORIGIN

/** The cell of x, for |x| < VAST. */
export function cellOf(x: number): Cell {
  if (x >= ORIGIN.from && x < ORIGIN.to) return ORIGIN
  if (!(x >= last.from && x < last.to)) last = makeCell(2048 * Math.round(x / 2048))
  return last
}

function makeCell(centre: number): Cell {
  const unit = BigInt(SLICE_BITS) * LN2_192
  const slices = (BigInt(centre) << 192n) / unit
  const shift = slices * unit
  const high = Number(shift)
  const rest = shift - BigInt(high)
  const middle = Number(rest)
  const low = Number(rest - BigInt(middle))
  return {
    from: centre - 1024,
    to: centre + 1024,
    high: high * SCALE,
    middle: middle * SCALE,
    low: low * SCALE,
    slices,
  }
}

/** y = x − M · 52 ln 2 into `out`: the first difference is exact, the second keeps its rounding error. */
export function withinCell(x: number, cell: Cell, out: Pair): void {
  const near = x - cell.high
  out.hi = near - cell.middle
  out.lo = sumError(near, -cell.middle, out.hi) - cell.low
}
