/**
 * exp, expm1, log and log1p against 80-digit arithmetic, over the whole range of float64, and their special values.
 */
import { describe, expect, it } from 'vitest'
import { scaleRounded } from '../../src/special/bits.ts'
import { exp, expm1, expParts } from '../../src/special/exp.ts'
import { log, log1p } from '../../src/special/log.ts'
import { Decimal, toDecimal, toExact } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { powerOfTwo, ulpError } from '../support/ulp.ts'

type D = InstanceType<typeof Decimal>
/** log near 1 and expm1 near 0 lose digits to the subtraction; 340 more make up for the smallest arguments. */
const Wide = Decimal.clone({ precision: 420 })

const random = seededRandom(20261123)
const signed = (): number => 2 * random.uniform() - 1
/** ± a number with an exponent uniform in [low, high]. */
const spread = (low: number, high: number): number =>
  Math.sign(signed()) * (1 + random.uniform()) * powerOfTwo(low + random.below(high - low + 1))

/** Tables are cut at multiples of ln 2/128 and √½; arguments a few ulps beside every border find a wrong reduction. */
const borders = Array.from({ length: 200 }, (_, i) => ((i - 100.5) * Math.LN2) / 128)

interface Case {
  name: string
  ours: (x: number) => number
  exact: (x: D) => D
  /** Proven or measured bound in ulps, with room for what sampling misses; the goal is 1. */
  bound: number
  arguments: number[]
}

const many = (count: number, next: () => number): number[] => Array.from({ length: count }, next)

const cases: Case[] = [
  {
    name: 'exp',
    ours: exp,
    exact: (x) => x.exp(),
    bound: 0.501, // 2^−68 before rounding
    arguments: [
      ...many(500, () => spread(-60, 8)),
      ...many(300, () => -708 - 37.4 * random.uniform()), // subnormal results
      ...many(100, () => 700 + 9.78 * random.uniform()),
      ...borders,
      5e-324,
      -5e-324,
      709.782712893384,
    ],
  },
  {
    name: 'expm1',
    ours: expm1,
    exact: (x) => new Decimal(new Wide(x).exp().minus(1)),
    bound: 0.51, // the largest correction in the series near 0 is rounded at 2^−9 of the result
    arguments: [...many(300, () => spread(-56, 8)), ...borders, 1e-17, -1e-17, 3e-10, -39.9, -41],
  },
  {
    name: 'log',
    ours: log,
    exact: (x) => new Decimal(new Wide(x).ln()),
    bound: 0.9, // two roundings in the last additions
    arguments: [
      ...many(150, () => Math.abs(spread(-1074, 1023))),
      ...many(150, () => 0.6 + random.uniform()),
      ...many(60, () => 1 + spread(-53, -8)),
      Math.SQRT1_2,
      Math.SQRT2,
      Number.MIN_VALUE,
      2.2250738585072014e-308,
      Number.MAX_VALUE,
    ],
  },
  {
    name: 'log1p',
    ours: log1p,
    exact: (x) => new Decimal(new Wide(x).plus(1).ln()),
    bound: 0.9,
    arguments: [
      ...many(150, () => Math.abs(spread(-100, 60))),
      ...many(100, () => -random.uniform()),
      ...many(60, () => spread(-60, -2)),
      -1 + 2 ** -53,
      Math.SQRT2 - 1,
      Math.SQRT1_2 - 1,
      1e-17,
      1e300,
    ],
  },
]

describe.each(cases)('$name', ({ ours, exact, bound, arguments: xs }) => {
  it(`is within ${bound} ulp`, () => {
    let worst = { error: 0, x: 0 }
    for (const x of xs) {
      const error = ulpError(ours(x), toExact(exact(toDecimal(x)), 'f64'), 'f64')
      if (!(error <= worst.error)) worst = { error, x }
    }
    expect(worst.error, `at ${worst.x}`).toBeLessThanOrEqual(bound)
  })
})

describe('special values', () => {
  const infinity = Number.POSITIVE_INFINITY
  const table: [string, (x: number) => number, [number, number][]][] = [
    [
      'exp',
      exp,
      [
        [0, 1],
        [-0, 1],
        [infinity, infinity],
        [-infinity, 0],
        [710, infinity],
        [-746, 0],
        [-1e308, 0],
        [1e308, infinity],
        [Number.NaN, Number.NaN],
      ],
    ],
    [
      'expm1',
      expm1,
      [
        [0, 0],
        [-0, -0],
        [infinity, infinity],
        [-infinity, -1],
        [5e-324, 5e-324],
        [-1e308, -1],
        [1e308, infinity],
        [Number.NaN, Number.NaN],
      ],
    ],
    [
      'log',
      log,
      [
        [0, -infinity],
        [-0, -infinity],
        [1, 0],
        [infinity, infinity],
        [-1, Number.NaN],
        [-infinity, Number.NaN],
        [Number.NaN, Number.NaN],
      ],
    ],
    [
      'log1p',
      log1p,
      [
        [0, 0],
        [-0, -0],
        [-1, -infinity],
        [infinity, infinity],
        [-2, Number.NaN],
        [5e-324, 5e-324],
        [Number.NaN, Number.NaN],
      ],
    ],
  ]
  it.each(table)('%s', (_, ours, values) => {
    for (const [x, expected] of values) expect(ours(x), `at ${Object.is(x, -0) ? '-0' : x}`).toBe(expected)
  })
})

describe('scaleRounded', () => {
  it('rounds once, also where the result is subnormal', () => {
    for (let i = 0; i < 300; i++) {
      const hi = 1 + random.uniform() + random.uniform() * 2 ** -32
      const lo = signed() * 2 ** -54
      const exponent = -1015 - random.below(70)
      const exact = toDecimal(hi).plus(toDecimal(lo)).mul(new Decimal(2).pow(exponent))
      expect(ulpError(scaleRounded(hi, lo, exponent), toExact(exact, 'f64'), 'f64')).toBeLessThanOrEqual(0.5000001)
    }
  })
  it('goes to 0 and to infinity', () => {
    expect(scaleRounded(1.5, 0, -3000)).toBe(0)
    expect(scaleRounded(0, 0, 5)).toBe(0)
    expect(scaleRounded(1, 0, 1024)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('expParts', () => {
  it('leaves a head within half a step of the table, and a tail within half an ulp of it', () => {
    const parts = { hi: 0, lo: 0, exponent: 0 }
    for (const x of [...many(2000, () => 1600 * signed()), ...borders]) {
      expParts(x, 0, parts)
      // Half a step of ln 2/128 either way; the choice of the step is rounded, hence the little more.
      expect(parts.hi).toBeGreaterThan(2 ** (-1 / 256) * (1 - 1e-12))
      expect(parts.hi).toBeLessThan(2 ** (255 / 256) * (1 + 1e-12))
      expect(Math.abs(parts.lo)).toBeLessThanOrEqual(parts.hi < 1 ? 2 ** -54 : 2 ** -53)
    }
  })
})
