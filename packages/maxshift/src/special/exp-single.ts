/**
 * The exponential for float32 data: 2^z in float64 arithmetic, good to about 2^−40 relative.
 *
 * 2^z = 2^n · 2^f with n the nearest integer and 2^f = 1 + f · P(f) for |f| ≤ ½, P of degree 7 through the Chebyshev nodes
 * (scripts/constants.mjs). 2^−40 is 1/65536 of half a float32 ulp, so rounding once at the end decides all but 0.002 % of the
 * results correctly and none is off by more than 0.5001 ulp.
 */
import { powerOfTwo } from './bits.ts'
import { ROUND_TO_INTEGER } from './exp.ts'

/** 1 / ln 2. */
export const LOG2_E = 1.4426950408889634 // 0x3ff71547652b82fe
/** Below this 2^z is 0 in float32 by a wide margin, and still normal in float64; arguments are clamped here. */
export const EXP2_UNDERFLOW = -1000

const P0 = 0.6931471805568324 // 0x3fe62e42fef9cc69
const P1 = 0.24022650695888503 // 0x3fcebfbdff82a734
const P2 = 0.055504109063258665 // 0x3fac6b08da70cce3
const P3 = 0.00961812913523614 // 0x3f83b2ab70ad2565
const P4 = 0.0013333478473685416 // 0x3f55d877598350de
const P5 = 0.00015403475186530786 // 0x3f24308c7183d6a2
const P6 = 0.000015303700711365693 // 0x3ef00c0e4e15189c
const P7 = 0.000001325080551750225 // 0x3eb63b2d7971923f

/** 2^z for −1000 ≤ z ≤ 1000. Exactly 1 at 0. */
export const exp2Single = (z: number): number => exp2Scaled(z, 0)

/** 2^z / 2^base for |z| < 2^51 and an integer base with |z − base| ≤ 1000: the digits are those of 2^z, whatever the base. */
export function exp2Scaled(z: number, base: number): number {
  const n = z + ROUND_TO_INTEGER - ROUND_TO_INTEGER
  const f = z - n
  // Even and odd coefficients apart: two short chains instead of one long one, which vector units can overlap.
  const w = f * f
  const even = P0 + w * (P2 + w * (P4 + w * P6))
  const odd = P1 + w * (P3 + w * (P5 + w * P7))
  const fraction = 1 + f * (even + f * odd)
  return fraction * powerOfTwo(n - base)
}
