/**
 * Order-independent sums: adding and subtracting GRID_q rounds |x| < 2^(51−q) to the nearest multiple of 2^−q.
 *
 * Terms of size at most 1 are cut into slices on the grids 2^−26, 2^−52, 2^−78, 2^−104; each slice has its own accumulator.
 * A slice holds at most 27 bits, so up to 2^26 terms add up in float64 without any rounding: the sum is exact, whatever the
 * order (after Rump, Ogita & Oishi, "Accurate floating-point summation", SIAM J. Sci. Comput. 31 (2008) 189; and Demmel &
 * Nguyen, "Parallel reproducible summation", IEEE Trans. Comput. 64 (2015) 2060). Slices of a term that lie below its
 * last grid are dropped, identically in every order.
 */

export const GRID_26 = 100663296 // 0x4198000000000000, 1.5 · 2^(52 − 26)
export const GRID_52 = 1.5 // 0x3ff8000000000000, 1.5 · 2^(52 − 52)
export const GRID_78 = 2.2351741790771484e-8 // 0x3e58000000000000, 1.5 · 2^(52 − 78)
export const GRID_104 = 3.3306690738754696e-16 // 0x3cb8000000000000, 1.5 · 2^(52 − 104)

/** More terms than this could overflow a slice. */
export const GRID_TERMS = 67108864 // 2^26
