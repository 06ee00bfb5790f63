/**
 * Bit casts of float64, and scaling by powers of two that rounds exactly once.
 *
 * The scaling functions exist because `x * 2^e` rounds a second time when the result is subnormal.
 */

const float = new Float64Array(1)
const words = new Int32Array(float.buffer)
/** Where the sign, the exponent and the upper 20 bits of the fraction are: 1 on little-endian machines. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0]
const LOW = 1 - HIGH

/** The upper 32 bits of x: sign, 11 bits of biased exponent, 20 bits of fraction. */
export function highWord(x: number): number {
  float[0] = x
  return words[HIGH]
}

/** x with its upper 32 bits replaced. */
export function withHighWord(x: number, high: number): number {
  float[0] = x
  words[HIGH] = high
  return float[0]
}

/** x with the lowest 27 bits of its fraction cleared: what is left has 26, and so has, but for one bit, the difference. */
export function truncate(x: number): number {
  float[0] = x
  words[LOW] &= 0xf8000000
  return float[0]
}

/** 2^exponent for an integer exponent in [−1022, 1023]. */
export function powerOfTwo(exponent: number): number {
  words[LOW] = 0
  words[HIGH] = (exponent + 1023) << 20
  return float[0]
}

/**
 * (hi + lo) · 2^exponent, rounded once to float64, for 0 ≤ hi < 2^50, |lo| ≤ ulp(hi)/2 and any integer exponent.
 * Gradual underflow included: there the sum is first rounded to a multiple of the subnormal spacing, which adding and
 * subtracting the smallest normal number does, and only then scaled; a tie is decided by lo unless lo is below 2^−53 of the
 * unit. Returns +0 where the value underflows, +∞ where it overflows.
 */
export function scaleRounded(hi: number, lo: number, exponent: number): number {
  if (hi === 0 || exponent < -1200) return 0
  const top = exponent + ((highWord(hi) >> 20) - 1023)
  if (top >= -1022) {
    if (exponent >= -1022 && exponent <= 1023) return hi * powerOfTwo(exponent)
    const half = exponent >> 1
    return hi * powerOfTwo(half) * powerOfTwo(exponent - half)
  }
  const spacing = -1074 - exponent
  const grid = powerOfTwo(spacing + 52)
  const sum = grid + hi
  const rounded = sum + (hi - (sum - grid) + lo) - grid
  return rounded * powerOfTwo(exponent + 600) * powerOfTwo(-600)
}
