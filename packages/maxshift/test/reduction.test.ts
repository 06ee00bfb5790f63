/**
 * The mean of row losses is the correctly rounded one: compared with exact integer arithmetic and with known hard sums.
 */
import { describe, expect, it } from 'vitest'
import { meanOf } from '../src/loss/reduction.ts'
import { Decimal } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { exponentOf, powerOfTwo } from './support/ulp.ts'

const Wide = Decimal.clone({ precision: 1400, toExpNeg: -9e15, toExpPos: 9e15, maxE: 9e15, minE: -9e15 })

/** A float64 digit for digit, in units of 2^−1074. */
function exactly(x: number): InstanceType<typeof Wide> {
  const exponent = Math.max(exponentOf(x) - 52, -1074)
  return new Wide(2).pow(exponent).mul(x / powerOfTwo(exponent))
}

/** The exact mean, rounded by the correctly rounding parser of the language. */
function expected(losses: Float64Array, divisor: number): number {
  let sum = new Wide(0)
  for (const loss of losses) sum = sum.plus(exactly(loss))
  return Number(sum.div(divisor).toPrecision(1200))
}

describe('meanOf', () => {
  const random = seededRandom(5)
  it('equals the exact mean, rounded', () => {
    for (let i = 0; i < 150; i++) {
      const size = 1 + random.below(30)
      const width = [1, 60, 500][i % 3]
      const losses = Float64Array.from(
        { length: size },
        () => (1 + random.uniform()) * powerOfTwo(random.below(2 * width) - width),
      )
      expect(meanOf(losses, size)).toBe(expected(losses, size))
      expect(meanOf(losses, 1)).toBe(expected(losses, 1))
      expect(meanOf(Float64Array.from(random.shuffled([...losses])), size)).toBe(meanOf(losses, size))
    }
  })
  it.each([
    ['a tie that a small term decides', [1, 2 ** -53, 2 ** -106], 1],
    ['an exact tie, to even', [1, 2 ** -53], 1],
    ['a mean that is a tie', [1, 1 + 2 ** -52], 2],
    ['subnormal', [5e-324, 5e-324, 5e-324], 2],
    ['half of the smallest', [5e-324, 0], 2],
    ['on the border of the normal range', [2.2250738585072014e-308, 5e-324], 2],
    ['a sum beyond the range whose mean is inside', [1.7e308, 1.7e308, 1.6e308], 3],
    ['huge and tiny', [1e300, 1e-300], 2],
  ])('%s', (_, losses, divisor) => {
    expect(meanOf(Float64Array.from(losses), divisor)).toBe(expected(Float64Array.from(losses), divisor))
  })
  it('carries infinity and NaN, and gives infinity for a sum that overflows', () => {
    expect(meanOf(Float64Array.of(1, Number.POSITIVE_INFINITY), 2)).toBe(Number.POSITIVE_INFINITY)
    expect(meanOf(Float64Array.of(Number.POSITIVE_INFINITY, Number.NaN), 2)).toBeNaN()
    expect(meanOf(Float64Array.of(1.7e308, 1.7e308), 1)).toBe(Number.POSITIVE_INFINITY)
    expect(meanOf(Float64Array.of(0, 0), 2)).toBe(0)
  })
})
