/**
 * Probabilities as integers, for what sampling does in pairs of float64.
 */

/** 1 in units of 2^−78. */
export const UNIT = 2n ** 78n

/** p in units of 2^−78, rounded to nearest, ties to even: from the bits of p. */
export function unitsOf(p: number): bigint {
  const [bits] = new BigUint64Array(Float64Array.of(p).buffer)
  const exponent = Number(bits >> 52n)
  const fraction = exponent === 0 ? bits : (bits & 0xfffffffffffffn) | 0x10000000000000n
  const shift = Math.max(exponent, 1) - 1075 + 78
  if (shift >= 0) return fraction << BigInt(shift)
  const unit = 1n << BigInt(-shift)
  const twice = 2n * (fraction % unit)
  const down = fraction / unit
  return down + (twice > unit || (twice === unit && down % 2n === 1n) ? 1n : 0n)
}
