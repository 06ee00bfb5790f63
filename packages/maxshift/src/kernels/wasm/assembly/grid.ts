/**
 * The grids of special/grid.ts in integers: the bits of grid + t, less those of the grid, count t in units of the grid's spacing.
 * Integer sums are exact in any order, and give what the floating-point slices of the reference give.
 */

/** Bits of the grids: 1, which serves terms in [0, 1] as 1.5 does, GRID_78 and GRID_104. */
export const ONE_BITS: i64 = 0x3ff0000000000000
export const GRID_78_BITS: i64 = 0x3e58000000000000
export const GRID_104_BITS: i64 = 0x3cb8000000000000

/** The spacings 2^−26, 2^−52, 2^−78 and 2^−104. */
export const UNIT_26: f64 = 1.4901161193847656e-8
export const UNIT_52: f64 = 2.220446049250313e-16
export const UNIT_78: f64 = 3.308722450212111e-24
export const UNIT_104: f64 = 4.930380657631324e-32

/** Entries per block: 2^10 terms of at most 2^52 units each stay below the 2^63 that an integer holds. */
export const BLOCK: usize = 1024
