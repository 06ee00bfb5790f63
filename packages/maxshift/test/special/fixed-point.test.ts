/**
 * Fixed-point exp and log against decimal arithmetic, and the conversions, which round once.
 */
import { describe, expect, it } from 'vitest'
import { BITS, bitsOf, expFixed, fromFixed, logFixed, toFixed } from '../../src/special/fixed-point.ts'
import { Decimal, toExact } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { powerOfTwo, spacingExponent, ulpError } from '../support/ulp.ts'

type D = InstanceType<typeof Decimal>
const Wide = Decimal.clone({ precision: 900, toExpNeg: -1e4, toExpPos: 1e4 })
/** A float64 digit for digit. */
function exactly(x: number): D {
  const exponent = spacingExponent(x, 'f64')
  return new Wide(2).pow(exponent).mul(x / powerOfTwo(exponent))
}
const random = seededRandom(5)
const signed = (): number => 2 * random.uniform() - 1
const decimalOf = (v: bigint, bits: number): D => new Wide(v.toString()).div(new Wide(2).pow(bits))

describe('conversions', () => {
  it('to fixed point are exact', () => {
    for (let i = 0; i < 200; i++) {
      const x = signed() * powerOfTwo(random.below(250) - 200)
      expect(decimalOf(toFixed(x, BITS), BITS).equals(exactly(x))).toBe(true)
    }
    expect(toFixed(Number.MIN_VALUE, 1074)).toBe(1n)
    expect(toFixed(-3 * Number.MIN_VALUE, 1074)).toBe(-3n)
    expect(toFixed(0, BITS)).toBe(0n)
  })
  it('back round once, subnormal results included', () => {
    for (let i = 0; i < 400; i++) {
      const length = 1 + random.below(400)
      let v = 0n
      for (let k = 0; k < length; k += 32) v = (v << 32n) | BigInt(random.bits())
      if (random.below(2)) v = -v
      const bits = random.below(1500)
      const exact = toExact(new Decimal(decimalOf(v, bits)), 'f64')
      expect(ulpError(fromFixed(v, bits), exact, 'f64')).toBeLessThanOrEqual(0.5000001)
    }
    expect(fromFixed(0n, BITS)).toBe(0)
    expect(fromFixed(5n, 1)).toBe(2.5)
    expect(fromFixed(-1n, 1074)).toBe(-Number.MIN_VALUE)
  })
})

describe('functions', () => {
  const error = (v: bigint, exact: D, bits: number): number =>
    decimalOf(v, bits).minus(exact).abs().times(new Wide(2).pow(bits)).toNumber()
  it('exp is off by less than 2^8 units, relative to e^x where that is larger', () => {
    for (const x of [0, 1, -1, 0.693, -0.693, 3, -40, 20, 1e-20, -1e-20, -700, 2.5 * signed()]) {
      const bits = bitsOf(x < 0 ? 1e-300 : 1)
      const exact = exactly(x).exp()
      expect(error(expFixed(toFixed(x, bits), bits), exact, bits), `at ${x}`).toBeLessThan(
        256 * Math.max(1, Math.ceil(exact.toNumber())),
      )
    }
  })
  it('log is off by less than 2^-300, relative to its argument where that is smaller', () => {
    for (const x of [1, 2, 0.5, 1 + 2 ** -52, 1 - 2 ** -53, 1e-20, 3.7, 1e10, random.uniform()]) {
      const exact = exactly(x).ln()
      expect(error(logFixed(toFixed(x, BITS), BITS), exact, BITS), `at ${x}`).toBeLessThan(2 ** 20 / Math.min(1, x))
    }
  })
})
