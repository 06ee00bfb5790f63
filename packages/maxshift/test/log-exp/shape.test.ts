/**
 * What the log-exp functions keep whatever their digits: order beside every border where a form changes, symmetry, and agreement with
 * their inverses.
 */
import { describe, expect, it } from 'vitest'
import * as library from '../../src/index.ts'
import { functionNamed } from '../support/log-exp.ts'
import { seededRandom } from '../support/random.ts'
import { powerOfTwo } from '../support/ulp.ts'

const bits = new BigInt64Array(1)
const float = new Float64Array(bits.buffer)
/** The float64 that is `steps` further away from 0. */
function away(x: number, steps: number): number {
  float[0] = x
  bits[0] += BigInt(steps)
  return float[0]
}

/** Where functions of one number change their form: series, Newton's step, exits, precisions. */
const BORDERS = [
  2 ** -74,
  2 ** -61,
  2 ** -5,
  2 ** -4,
  0.25,
  1 / Math.E,
  0.5,
  1 - 1 / Math.E,
  Math.LN2,
  0.75,
  0.881373587019543,
  0.875,
].concat([15 / 16, 1, 17 / 16, 1.5, 7, 20, 25, 36.7, 40, 50, 200, 372.6, 400, 745.1, 746, 800])

/** Functions that rise or fall throughout, or on either side of 0, and the interval on which they do. */
const MONOTONE: [name: string, sign: 1 | -1, low: number, high: number][] = [
  ['log1pExp', 1, -Infinity, Infinity],
  ['log1mExp', -1, -Infinity, 0],
  ['log2mExp', -1, -Infinity, 0.6931471805599453],
  ['logExpm1', 1, 0, Infinity],
  ['sigmoid', 1, -Infinity, Infinity],
  ['logSigmoid', 1, -Infinity, Infinity],
  ['log1mSigmoid', -1, -Infinity, Infinity],
  ['logit', 1, 0, 1],
  ['logitExp', 1, -Infinity, 0],
  ['logit1mExp', -1, -Infinity, 0],
  ['logCosh', 1, 0, Infinity],
  ['logCosh.derivative', 1, -Infinity, Infinity],
  ['logAbsSinh', 1, 0, Infinity],
  ['logAbsTanh', 1, 0, Infinity],
  ['log1pMx', -1, 0, Infinity],
  ['log1pMx', 1, -1, 0],
  ['logMxp1', -1, 1, Infinity],
  ['logMxp1', 1, 0, 1],
  ['log1pSq', 1, 0, Infinity],
  ['xlogx', 1, 0.4, Infinity],
  ['xlogx.derivative', 1, 0, Infinity],
  ['xexpx', 1, -0.9, Infinity],
  ['cloglog', 1, 0, 1],
  ['cexpexp', 1, -Infinity, Infinity],
]

describe('order', () => {
  it.each(MONOTONE)('%s (sign %d) on [%d, %d]', (name, sign, low, high) => {
    const f = functionNamed(name)
    for (const border of [...BORDERS, ...BORDERS.map((x) => -x)]) {
      for (let i = -40; i < 40; i++) {
        const [near, far] = [away(border, i), away(border, i + 1)]
        const [x, y] = near < far ? [near, far] : [far, near]
        if (x < low || y > high) continue
        const [below, above] = sign > 0 ? [f(x), f(y)] : [f(y), f(x)]
        expect(below <= above, `${name} at ${x}: ${below} and ${above}`).toBe(true)
      }
    }
  })
})

const random = seededRandom(20261124)
const some = (): number => (random.uniform() - 0.5) * powerOfTwo(random.below(20) - 9)
const many = (next: () => number): number[] => Array.from({ length: 300 }, next)

describe('symmetry', () => {
  it('even and odd functions are so, bit by bit', () => {
    for (const x of many(some)) {
      for (const f of [library.logCosh, library.logAbsSinh, library.logAbsTanh, library.log1pSq]) {
        expect(f(-x)).toBe(f(x))
        expect(f.derivative(-x)).toBe(-f.derivative(x))
      }
      expect(library.logSigmoid(x)).toBe(library.log1mSigmoid(-x))
      expect(library.sigmoid.derivative(-x)).toBe(library.sigmoid.derivative(x))
    }
  })
  it('logAddExp and logMix do not know the order of their terms', () => {
    for (const a of many(some)) {
      const b = some()
      expect(library.logAddExp(a, b)).toBe(library.logAddExp(b, a))
      expect(library.logMix(0.25, a, b)).toBe(library.logMix(0.75, b, a))
    }
  })
})

/** Pairs of inverses f(g(x)) = x, with what the rounding of g(x) may cost: |f'(g)·g/x| half ulps and one more. */
const INVERSES = [
  ['logExpm1', 'log1pExp', -30, 40],
  ['log1mExp', 'log1mExp', -30, -1e-3],
  ['log2mExp', 'log2mExp', -30, 0.69],
  ['logit', 'sigmoid', -30, 30],
  ['logitExp', 'logSigmoid', -30, 30],
  ['logit1mExp', 'log1mSigmoid', -30, 30],
  ['cloglog', 'cexpexp', -30, 3],
] as const

describe('inverses', () => {
  it.each(INVERSES)('%s inverts %s on [%d, %d]', (outer, inner, low, high) => {
    const f = functionNamed(outer)
    const slope = functionNamed(`${outer}.derivative`)
    const g = functionNamed(inner)
    for (let i = 0; i < 500; i++) {
      const x = low + (high - low) * random.uniform()
      const between = g(x)
      const cost = Math.abs((slope(between) * between) / x)
      expect(Math.abs(f(between) / x - 1), `at ${x}`).toBeLessThanOrEqual((0.52 * cost + 0.52) * 2 ** -52)
    }
  })
})
