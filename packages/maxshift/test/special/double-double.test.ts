/**
 * The double-double forms: relative errors of about 2^−100, against decimal arithmetic.
 */
import { describe, expect, it } from 'vitest'
import {
  addPairs,
  dividePairs,
  multiplyPairs,
  type Pair,
  productError,
  sumError,
} from '../../src/special/double-double.ts'
import { type ExpParts, expParts } from '../../src/special/exp.ts'
import { expFull, expm1Full } from '../../src/special/exp-full.ts'
import { log1pFull } from '../../src/special/log-full.ts'
import { Decimal } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { exponentOf, powerOfTwo } from '../support/ulp.ts'

const Wide = Decimal.clone({ precision: 260 })
const random = seededRandom(7)
const uniform = (): number => random.uniform() + random.uniform() * 2 ** -32
const signed = (): number => 2 * uniform() - 1
const pairOf = (scale: number): Pair => {
  const hi = signed() * scale
  return { hi, lo: hi * signed() * 2 ** -54 }
}
/** A float64 digit for digit. */
const decimal = (x: number): InstanceType<typeof Decimal> => {
  const exponent = Math.max(exponentOf(x) - 52, -1074)
  return new Wide(2).pow(exponent).mul(x / powerOfTwo(exponent))
}
const exactly = ({ hi, lo }: Pair): InstanceType<typeof Decimal> => decimal(hi).plus(decimal(lo))
const out: Pair = { hi: 0, lo: 0 }
const relative = (actual: Pair, expected: InstanceType<typeof Decimal>): number =>
  exactly(actual).minus(expected).div(expected).abs().toNumber()

describe('pairs', () => {
  it('sums and products leave their exact rounding error', () => {
    for (let i = 0; i < 200; i++) {
      const a = signed() * powerOfTwo(random.below(80) - 40)
      const b = signed() * powerOfTwo(random.below(80) - 40)
      expect(
        decimal(a)
          .plus(decimal(b))
          .equals(exactly({ hi: a + b, lo: sumError(a, b, a + b) })),
      ).toBe(true)
      expect(
        decimal(a)
          .mul(decimal(b))
          .equals(exactly({ hi: a * b, lo: productError(a, b, a * b) })),
      ).toBe(true)
    }
  })
  it('add, multiply and divide within 2^−101', () => {
    let worst = 0
    for (let i = 0; i < 300; i++) {
      const a = pairOf(1)
      const b = pairOf(powerOfTwo(random.below(20) - 10))
      addPairs(Math.abs(a.hi), Math.sign(a.hi) * a.lo, Math.abs(b.hi), Math.sign(b.hi) * b.lo, out)
      const positive = exactly(a).abs().plus(exactly(b).abs())
      worst = Math.max(worst, relative(out, positive))
      multiplyPairs(a.hi, a.lo, b.hi, b.lo, out)
      worst = Math.max(worst, relative(out, exactly(a).mul(exactly(b))))
      dividePairs(a.hi, a.lo, b.hi, b.lo, out)
      worst = Math.max(worst, relative(out, exactly(a).div(exactly(b))))
    }
    expect(worst).toBeLessThan(2 ** -101)
  })
})

describe('exponential and logarithm', () => {
  const parts: ExpParts = { hi: 0, lo: 0, exponent: 0 }
  const value = (): InstanceType<typeof Decimal> => exactly(parts).mul(new Wide(2).pow(parts.exponent))
  const error = (x: number, tail: number): number => {
    const expected = exactly({ hi: x, lo: tail }).exp()
    return value().minus(expected).div(expected).abs().toNumber()
  }

  it('expParts within 2^−68, expFull within 2^−97 for sums with a tail', () => {
    let parted = 0
    let full = 0
    for (let i = 0; i < 250; i++) {
      const x = -uniform() * powerOfTwo(random.below(41) - 30)
      const tail = x * signed() * 2 ** -53
      expParts(x, tail, parts)
      parted = Math.max(parted, error(x, tail))
      expFull(x, tail, parts)
      full = Math.max(full, error(x, tail))
    }
    expect(parted).toBeLessThan(2 ** -68)
    // Far below 0 the tail itself is rounded at 2^−97; where it matters, down to −75, the error stays below 2^−100.
    expect(full).toBeLessThan(2 ** -97)
  })

  it('expm1Full and log1pFull within 2^−99 relative, also near 0', () => {
    let worst = 0
    for (let i = 0; i < 250; i++) {
      const x = signed() * powerOfTwo(random.below(105) - 100)
      expm1Full(x, 0, out)
      worst = Math.max(worst, relative(out, decimal(x).exp().minus(1)))
      const s = Math.abs(signed()) * powerOfTwo(random.below(140) - 115)
      const low = s * signed() * 2 ** -54
      log1pFull(s, low, out)
      worst = Math.max(worst, relative(out, exactly({ hi: s, lo: low }).plus(1).ln()))
    }
    expect(worst).toBeLessThan(2 ** -99)
  })
})
