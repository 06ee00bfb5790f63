/**
 * The soft cap and its slope against 80-digit arithmetic, over all magnitudes of logit and cap.
 */
import { describe, expect, it } from 'vitest'
import { softCapped, softCapSlope } from '../../src/loss/soft-cap.ts'
import { Decimal, toDecimal, toExact } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { ulpError } from '../support/ulp.ts'

function exact(x: number, cap: number): readonly [value: Decimal, slope: Decimal] {
  const y = toDecimal(Math.abs(x)).div(toDecimal(cap))
  const e = y.greaterThan(10000) ? new Decimal(0) : y.times(-2).exp()
  const one = new Decimal(1)
  // Where y is tiny, 1 − e keeps 80 − 300 digits: the series does better.
  const tanh = y.lessThan('1e-30') ? y : one.minus(e).div(one.plus(e))
  return [tanh.times(toDecimal(cap)).times(x < 0 ? -1 : 1), e.times(4).div(one.plus(e).pow(2))]
}

describe('soft cap', () => {
  it('value and slope within their five roundings', () => {
    const random = seededRandom(12)
    let worstValue = 0
    let worstSlope = 0
    for (let i = 0; i < 3000; i++) {
      const cap = 10 ** (random.uniform() * 4 - 2)
      const ratio = [
        random.uniform() * 3,
        random.uniform() * 20,
        random.uniform() * 800,
        10 ** (-random.uniform() * 20),
      ][i % 4]
      const x = (i % 2 === 0 ? 1 : -1) * ratio * cap
      const [value, slope] = exact(x, cap)
      worstValue = Math.max(worstValue, ulpError(softCapped(x, cap), toExact(value, 'f64'), 'f64'))
      worstSlope = Math.max(worstSlope, ulpError(softCapSlope(x, cap), toExact(slope, 'f64'), 'f64'))
    }
    expect(worstValue).toBeLessThan(5)
    expect(worstSlope).toBeLessThan(5)
    // Shown to be hard: the plain slope has no digit where tanh has rounded to 1.
    expect(1 - Math.tanh(25) ** 2).toBe(0)
    expect(softCapSlope(25, 1)).toBeGreaterThan(7e-22)
  })
  it.each([
    ['+∞ becomes the cap', Number.POSITIVE_INFINITY, 30, 30, 0],
    ['−∞ stays: the class is ruled out', Number.NEGATIVE_INFINITY, 30, Number.NEGATIVE_INFINITY, 1],
    ['NaN', Number.NaN, 30, Number.NaN, Number.NaN],
    ['0', 0, 30, 0, 1],
    ['the smallest number', 5e-324, 30, 5e-324, 1],
    ['the largest number', Number.MAX_VALUE, 30, 30, 0],
    ['a cap that is no limit', -12, 1e300, -12, 1],
    ['a cap next to 0', 1, 1e-300, 1e-300, 0],
  ])('%s', (_, x, cap, value, slope) => {
    expect(softCapped(x, cap)).toBe(value)
    expect(softCapSlope(x, cap)).toBe(slope)
  })
})
