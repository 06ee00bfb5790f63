/**
 * exp and log in fixed point, on integers of any length: a bigint v stands for v · 2^−bits.
 *
 * For the few arguments where even double-double loses its digits: a result that cancels to less than 2^−36 of its terms, such as
 * logAddExp of two normalised log-probabilities. 20 to 100 microseconds a call, up to a millisecond for weights of 10^−300;
 * integers, so the same bits everywhere.
 */
import { powerOfTwo } from './bits.ts'
import { normalize } from './double-double.ts'
import { log } from './log.ts'
import { roundScaled, scaled, scaledOf } from './scaled.ts'

/** Fraction bits for terms near 1, whose difference may then cancel to 2^−190: more than three float64 can bring about. */
export const BITS = 256

/** Fraction bits for terms as small as `size`. */
export const bitsOf = (size: number): number => BITS + (size > 0 && size < 1 ? Math.ceil(-1.5 * log(size)) : 0)

const parts = scaled()

/** A finite x; bits below 2^−bits are cut off. */
export function toFixed(x: number, bits: number): bigint {
  scaledOf(x, parts)
  // |hi| lies between 2^−65 and 2^65 and has 53 bits, so it is an integer of units 2^−120.
  const integer = BigInt(parts.hi * powerOfTwo(120))
  const shift = bits + parts.exponent - 120
  return shift >= 0 ? integer << BigInt(shift) : integer >> BigInt(-shift)
}

/** The number of bits of |v|, give or take three. */
const lengthOf = (v: bigint): number => 4 * v.toString(16).length

/** The nearest float64. */
export function fromFixed(v: bigint, bits: number): number {
  const size = v < 0n ? -v : v
  // The 45 to 49 leading bits, and the next 60.
  const cut = Math.max(lengthOf(size) - 49, 0)
  const lead = size >> BigInt(cut)
  const rest = cut < 60 ? size << BigInt(60 - cut) : size >> BigInt(cut - 60)
  normalize(Number(lead), Number(rest & ((1n << 60n) - 1n)) * powerOfTwo(-60), parts)
  parts.exponent = cut - bits
  return v < 0n ? -roundScaled(parts) : roundScaled(parts)
}

/** e^v: Taylor's series of v/2^k, squared k times. */
export function expFixed(v: bigint, bits: number): bigint {
  const k = Math.max(lengthOf(v) - bits, 0) + 16
  const work = BigInt(bits + k + 64)
  const unit = 1n << work
  const reduced = (v << (work - BigInt(bits))) >> BigInt(k)
  let sum = unit
  let term = unit
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = ((term * reduced) >> work) / n
    sum += term
  }
  for (let i = 0; i < k; i++) sum = (sum * sum) >> work
  return sum >> (work - BigInt(bits))
}

/** log v for v > 0: its series next to 1, else Halley's steps on exp, each of which cubes the error of the float64 logarithm. */
export function logFixed(v: bigint, bits: number): bigint {
  const work = BigInt(bits)
  const rest = v - (1n << work)
  if (lengthOf(rest) < bits - 24) {
    let sum = rest
    let power = rest
    for (let n = 2n; power !== 0n && power !== -1n; n++) {
      power = -((power * rest) >> work)
      sum += power / n
    }
    return sum
  }
  let y = toFixed(log(fromFixed(v, bits)), bits)
  for (let accurate = 40; accurate < bits; accurate *= 3) {
    const power = expFixed(y, bits)
    y += ((v - power) << (work + 1n)) / (v + power)
  }
  return y
}
