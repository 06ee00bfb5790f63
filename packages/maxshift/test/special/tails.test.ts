/**
 * Tails of the normal and the chi-squared distribution, and critical values, against mpmath's (fixtures/tails.py).
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chiSquaredTail, normalCritical, normalTwoSided } from '../../src/special/tails.ts'
import { ulpError } from '../support/ulp.ts'

type Line = [kind: string, ...rest: (string | number)[]]
const lines = JSON.parse(readFileSync(new URL('../fixtures/tails.json', import.meta.url), 'utf8')) as Line[]

const view = new DataView(new ArrayBuffer(8))
function numberOf(digits: string | number): number {
  view.setBigUint64(0, BigInt(`0x${digits}`))
  return view.getFloat64(0)
}

/** The largest error over the lines of a kind, in ulps, and where it is. */
function worst(kind: string, evaluate: (x: number, freedom: number) => number): { error: number; at: string } {
  let found = { error: 0, at: '' }
  for (const [name, x, ...rest] of lines) {
    if (name !== kind) continue
    const freedom = rest.length === 3 ? Number(rest.shift()) : 0
    const exact = { rounded: numberOf(rest[0]), residual: Number(rest[1]) }
    const error = ulpError(evaluate(numberOf(x), freedom), exact, 'f64')
    if (!(error <= found.error)) found = { error, at: `${numberOf(x)}, ${freedom}` }
  }
  return found
}

describe('tails', () => {
  // One rounding at the end of a pair good to 2^−65 or better; 0.501 leaves room for what sampling misses.
  it.each([
    ['normal', normalTwoSided],
    ['chi', chiSquaredTail],
  ])('%s: within 0.501 ulp, from 1 down to the smallest subnormal', (kind, evaluate) => {
    const { error, at } = worst(kind, evaluate)
    expect(error, at).toBeLessThanOrEqual(0.501)
    expect(error).toBeGreaterThan(0.3)
  })

  it('critical values: within 1 ulp, one rounding and the last correction', () => {
    const { error, at } = worst('critical', normalCritical)
    expect(error, at).toBeLessThanOrEqual(1)
    expect(error).toBeGreaterThan(0.3)
  })

  it('limits', () => {
    expect(normalTwoSided(0)).toBe(1)
    expect(normalTwoSided(-1.5)).toBe(normalTwoSided(1.5))
    expect(normalTwoSided(Number.POSITIVE_INFINITY)).toBe(0)
    expect(normalTwoSided(1e200)).toBe(0)
    expect(normalTwoSided(Number.NaN)).toBeNaN()
    expect(chiSquaredTail(0, 3)).toBe(1)
    expect(chiSquaredTail(-1, 3)).toBe(1)
    expect(chiSquaredTail(5e-324, 1)).toBe(1)
    expect(chiSquaredTail(1e300, 7)).toBe(0)
    expect(chiSquaredTail(Number.POSITIVE_INFINITY, 8)).toBe(0)
    expect(chiSquaredTail(Number.NaN, 8)).toBeNaN()
  })

  it('a million and a billion degrees of freedom: near one half at the mean, and falling', () => {
    // The median of chi-squared lies 2/3 below the mean: P(X ≥ n) is ½ − ⅔·(density at n), 1/√(4πn), to first order.
    for (const freedom of [1e6, 1e9, 2 ** 31 - 1]) {
      const skew = 2 / 3 / Math.sqrt(4 * Math.PI * freedom)
      expect(chiSquaredTail(freedom, freedom)).toBeCloseTo(0.5 - skew, 9)
      expect(chiSquaredTail(freedom + 6 * Math.sqrt(2 * freedom), freedom)).toBeLessThan(1e-8)
      expect(chiSquaredTail(freedom - 9 * Math.sqrt(2 * freedom), freedom)).toBe(1)
    }
  })

  it('never rises with x across the borders of the formulas', () => {
    for (const freedom of [1, 2, 3, 50, 127, 128, 129, 130, 1000]) {
      for (const middle of [40, freedom, freedom / 4, freedom + 1]) {
        let before = 1
        for (let i = -20; i <= 20; i++) {
          const now = chiSquaredTail(middle * (1 + i * 2 ** -40), freedom)
          expect(now).toBeLessThanOrEqual(before)
          before = now
        }
      }
    }
  })
})
