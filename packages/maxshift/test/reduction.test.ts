/**
 * The mean of row losses, weighted or not, is the correctly rounded one: compared with exact integer arithmetic and with known hard sums.
 */
import { describe, expect, it } from 'vitest'
import { meanOf, weightedMeanOf } from '../src/loss/reduction.ts'
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

/** Σ factors · losses / Σ divisors, rounded by the parser of the language; pairs as the library takes them. */
function expectedWeighted(losses: Float64Array, factors: Float64Array, divisors: Float64Array | null): number {
  const weight = (pairs: Float64Array, r: number): InstanceType<typeof Wide> =>
    exactly(pairs[2 * r]).plus(exactly(Math.abs(pairs[2 * r + 1])).times(Math.sign(pairs[2 * r + 1])))
  let sum = new Wide(0)
  let divisor = new Wide(divisors === null ? 1 : 0)
  losses.forEach((loss, r) => {
    sum = sum.plus(exactly(loss).times(weight(factors, r)))
    if (divisors !== null) divisor = divisor.plus(weight(divisors, r))
  })
  return Number(sum.div(divisor).toPrecision(1200))
}

describe('weightedMeanOf', () => {
  const random = seededRandom(6)
  const number = (width: number): number => (1 + random.uniform()) * powerOfTwo(random.below(2 * width) - width)
  const pairs = (size: number, width: number): Float64Array =>
    Float64Array.from({ length: 2 * size }, (_, i) => (i % 2 === 0 ? number(width) : 0)).map((_, i, all) =>
      i % 2 === 0 ? all[i] : (random.uniform() - 0.5) * 2 ** -53 * all[i - 1],
    )
  it('equals the exact result, rounded', () => {
    for (let i = 0; i < 150; i++) {
      const size = 1 + random.below(30)
      const width = [1, 60, 500][i % 3]
      const losses = Float64Array.from({ length: size }, () => number(width))
      const factors = pairs(size, Math.min(width, 300))
      const divisors = i % 2 === 0 ? factors : pairs(size, Math.min(width, 300))
      expect(weightedMeanOf(losses, factors, divisors)).toBe(expectedWeighted(losses, factors, divisors))
      expect(weightedMeanOf(losses, factors, null)).toBe(expectedWeighted(losses, factors, null))
    }
  })
  it('equals the unweighted mean where all weights are the same, in any order and number', () => {
    for (const size of [1, 7, 1024, 1025, 5000]) {
      const losses = Float64Array.from({ length: size }, () => number(20))
      const factors = Float64Array.from({ length: 2 * size }, (_, i) => (i % 2 === 0 ? 0.3 : 0))
      expect(weightedMeanOf(losses, factors, factors)).toBe(meanOf(losses, size))
      expect(weightedMeanOf(losses.slice().reverse(), factors, factors)).toBe(meanOf(losses, size))
    }
  })
  it.each([
    ['a weight of 0 hides NaN', [Number.NaN, 1], [0, 0, 2, 0], 1],
    ['a weight of 0 hides ∞', [Number.POSITIVE_INFINITY, 1], [0, 0, 2, 0], 1],
    ['NaN before ∞', [Number.NaN, Number.POSITIVE_INFINITY], [1, 0, 1, 0], Number.NaN],
    ['∞', [1, Number.POSITIVE_INFINITY], [1, 0, 1, 0], Number.POSITIVE_INFINITY],
    ['no weight at all', [1, 2], [0, 0, 0, 0], 0],
    ['no loss at all', [0, 0], [1, 0, 1, 0], 0],
    ['subnormal losses', [5e-324, 1e-323], [1e100, 0, 1e100, 0], 1e-323],
    ['a sum beyond the range', [1.7e308, 1.5e308], [1e200, 0, 1e200, 0], 1.6e308],
  ])('%s', (_, losses, weights, mean) => {
    const pairsOf = Float64Array.from(weights)
    expect(weightedMeanOf(Float64Array.from(losses), pairsOf, pairsOf)).toBe(mean)
  })
  it('a sum beyond the range is infinite', () => {
    expect(weightedMeanOf(Float64Array.of(1e300), Float64Array.of(1e100, 0), null)).toBe(Number.POSITIVE_INFINITY)
  })
})
