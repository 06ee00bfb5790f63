/**
 * KL and JS divergence from logits with their gradients: accuracy against decimal arithmetic, infinities, layouts, messages.
 */
import { describe, expect, it } from 'vitest'
import { jsDivergence, jsDivergenceWithGradient, klDivergence, klDivergenceWithGradient } from '../src/index.ts'
import { bad } from './support/bad.ts'
import { type DecimalWorld, decimalWorld } from './support/distribution.ts'
import { hardRow, secondRow } from './support/hard-rows.ts'
import { type Decimal, toExact } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from './support/ulp.ts'

interface Exact {
  readonly divergence: Decimal
  readonly a: readonly Decimal[]
  readonly b: readonly Decimal[]
  /** What cancelling differences in a component of either gradient are measured against. */
  readonly aScale: readonly Decimal[]
  readonly bScale: readonly Decimal[]
}

type Row = ArrayLike<number>
type Logs = readonly (Decimal | undefined)[]

const largest = (logs: Logs, { zero }: DecimalWorld): Decimal =>
  logs.reduce((best: Decimal, x) => (x?.abs().greaterThan(best) ? x.abs() : best), zero)
/** Σ p_i logs_i, where p_i = 0 counts 0. */
const mean = (p: readonly Decimal[], logs: Logs, { zero }: DecimalWorld): Decimal =>
  p.reduce((sum, share, i) => sum.plus(share.times(logs[i] ?? zero)), zero)

/** KL from its definition; undefined where it is +∞. */
function klOracle(world: DecimalWorld, first: Row, second: Row, temperature: number): Exact | undefined {
  const { p, logP } = world.softmax(first, temperature)
  const { p: q, logP: logQ } = world.softmax(second, temperature)
  const t = world.from(temperature)
  if (logP.some((log, i) => log !== undefined && logQ[i] === undefined)) return undefined
  const logs = logP.map((log, i) => log?.minus(logQ[i] ?? world.zero))
  const divergence = mean(p, logs, world)
  const most = largest(logs, world).div(t)
  return {
    divergence,
    a: p.map((share, i) => share.times((logs[i] ?? divergence).minus(divergence)).div(t)),
    b: q.map((share, i) => share.minus(p[i]).div(t)),
    aScale: p.map((share) => share.times(most)),
    bScale: q.map((share, i) => share.plus(p[i]).times(most)),
  }
}

/** JS from its definition. */
function jsOracle(world: DecimalWorld, first: Row, second: Row, temperature: number): Exact {
  const { p, logP } = world.softmax(first, temperature)
  const { p: q, logP: logQ } = world.softmax(second, temperature)
  const t = world.from(temperature).times(2)
  const middle = p.map((share, i) => share.plus(q[i]).div(2))
  const against = (shares: readonly Decimal[], logs: Logs): Logs =>
    logs.map((log, i) => (shares[i].isZero() ? undefined : log?.minus(world.log(middle[i]))))
  const aLogs = against(p, logP)
  const bLogs = against(q, logQ)
  const side = (shares: readonly Decimal[], logs: Logs): readonly Decimal[] => {
    const average = mean(shares, logs, world)
    return shares.map((share, i) => share.times((logs[i] ?? average).minus(average)).div(t))
  }
  const scale = (shares: readonly Decimal[], logs: Logs): readonly Decimal[] =>
    shares.map((share) => share.times(largest(logs, world)).div(t))
  return {
    divergence: mean(p, aLogs, world)
      .plus(mean(q, bLogs, world))
      .div(2),
    a: side(p, aLogs),
    b: side(q, bLogs),
    aScale: scale(p, aLogs),
    bScale: scale(q, bLogs),
  }
}

const GOAL: Record<Dtype, number> = { f32: 0.501, f64: 0.55 }
const CANCELLED: Record<Dtype, number> = { f32: 2 ** -38, f64: 2 ** -60 }
const FUNCTIONS = [
  { name: 'KL', value: klDivergence, withGradient: klDivergenceWithGradient, oracle: klOracle, rows: 90 },
  { name: 'JS', value: jsDivergence, withGradient: jsDivergenceWithGradient, oracle: jsOracle, rows: 40 },
] as const

function checkComponents(
  world: DecimalWorld,
  dtype: Dtype,
  title: string,
  actual: ArrayLike<number>,
  exact: readonly Decimal[],
  scale: readonly Decimal[],
): void {
  exact.forEach((value, j) => {
    if (ulpError(actual[j], toExact(value, dtype), dtype) <= GOAL[dtype]) return
    const error = world.from(actual[j]).minus(value).abs()
    expect(error.div(scale[j]).toNumber(), `${title} at ${j}`).toBeLessThanOrEqual(CANCELLED[dtype])
  })
}

describe.each(FUNCTIONS)('$name', ({ value, withGradient, oracle, rows }) => {
  describe.each(DTYPES)('%s', (dtype) => {
    it('keeps its bounds on hard rows, near and far, and so do the gradients', () => {
      const world = decimalWorld(420)
      const random = seededRandom(77)
      for (let k = 0; k < rows; k++) {
        const first = hardRow(random, dtype, 1 + random.below(5))
        const second = secondRow(random, dtype, first)
        if (second.every((x) => x === Number.NEGATIVE_INFINITY)) continue
        if (first.every((x) => x === Number.NEGATIVE_INFINITY)) continue
        const temperature = random.below(2) === 0 ? 1 : 2 ** (random.uniform() * 8 - 4)
        const exact = oracle(world, first, second, temperature)
        const result = withGradient(first, second, { temperature })
        const title = `[${first.join()}] [${second.join()}] / ${temperature}`
        expect(value(first, second, { temperature }), title).toBe(result.divergence)
        if (exact === undefined) {
          expect(result.divergence, title).toBe(Number.POSITIVE_INFINITY)
          continue
        }
        const ulps = ulpError(result.divergence, toExact(exact.divergence, dtype), dtype)
        expect(ulps, title).toBeLessThanOrEqual(GOAL[dtype])
        checkComponents(world, dtype, `a of ${title}`, result.aGradient, exact.a, exact.aScale)
        checkComponents(world, dtype, `b of ${title}`, result.bGradient, exact.b, exact.bScale)
      }
    })

    it('is exactly 0 for equal distributions, and for rows shifted by a constant', () => {
      const row = floatArray(dtype, [3, -1, 0.5, Number.NEGATIVE_INFINITY])
      const result = withGradient(
        row,
        row.map((x) => x + 2),
      )
      expect(result.divergence).toBe(0)
      for (const x of [...result.aGradient, ...result.bGradient]) expect(x).toBe(0)
    })
  })

  it('keeps all digits where rows differ by 1e-140 and less', () => {
    const world = decimalWorld(700)
    for (const size of [1e-140, 1e-152, 3e-160]) {
      const first = Float64Array.of(0, 2 * size, -size)
      const second = Float64Array.of(size, 0, 4 * size)
      const exact = oracle(world, first, second, 1)
      const result = withGradient(first, second)
      if (exact === undefined) throw new Error('expected a finite divergence')
      expect(ulpError(result.divergence, toExact(exact.divergence, 'f64'), 'f64')).toBeLessThanOrEqual(0.55)
      checkComponents(world, 'f64', 'a', result.aGradient, exact.a, exact.aScale)
      checkComponents(world, 'f64', 'b', result.bGradient, exact.b, exact.bScale)
    }
  })
})

const inf = Number.POSITIVE_INFINITY
const nan = Number.NaN

describe.each(DTYPES)('rows that are not finite, %s', (dtype) => {
  const kl = (a: number[], b: number[]) => klDivergenceWithGradient(floatArray(dtype, a), floatArray(dtype, b))
  const js = (a: number[], b: number[]) => jsDivergenceWithGradient(floatArray(dtype, a), floatArray(dtype, b))
  it.each([
    [
      [0, nan],
      [0, 1],
    ],
    [
      [0, 1],
      [nan, inf],
    ],
    [
      [-inf, -inf],
      [0, 0],
    ],
    [
      [0, 0],
      [inf, inf],
    ],
  ])('NaN throughout: %j %j', (a, b) => {
    for (const result of [kl(a, b), js(a, b)]) {
      expect(result.divergence).toBeNaN()
      expect([...result.aGradient, ...result.bGradient]).toEqual([nan, nan, nan, nan])
    }
  })
  const nearest = (x: number): number => (dtype === 'f32' ? Math.fround(x) : x)
  it('KL: what p does not have costs nothing, what q does not have everything', () => {
    expect(kl([0, -inf], [0, 0]).divergence).toBe(nearest(Math.LN2))
    expect(Array.from(kl([0, -inf], [0, 0]).aGradient)).toEqual([0, 0])
    expect(Array.from(kl([0, -inf], [0, 0]).bGradient)).toEqual([-0.5, 0.5])
    const missing = kl([0, 0, -inf, 0], [0, -inf, 0, 0])
    expect(missing.divergence).toBe(inf)
    expect(Array.from(missing.aGradient)).toEqual([-inf, inf, 0, -inf])
    expect(missing.bGradient[1]).toBe(nearest(-1 / 3))
    expect(Array.from(kl([0, -inf], [-inf, 0]).aGradient)).toEqual([nan, 0])
    expect(kl([0, -1e3], [0, -inf]).divergence).toBe(inf)
  })
  it('one +∞ is all probability in one place', () => {
    expect(kl([inf, 0], [0, 0])).toEqual(kl([0, -inf], [0, 0]))
    expect(kl([inf, 0], [inf, 5]).divergence).toBe(0)
    expect(kl([0, 0], [inf, 5]).divergence).toBe(inf)
    expect(js([inf, 0], [0, 1])).toEqual(js([0, -inf], [0, 1]))
  })
  it('JS is log 2 for rows that share nothing, and finite beside what is ruled out', () => {
    const apart = js([0, -inf], [-inf, 3])
    expect(apart.divergence).toBe(nearest(Math.LN2))
    expect([...apart.aGradient, ...apart.bGradient]).toEqual([0, 0, 0, 0])
    const some = js([0, 0, -inf], [-inf, 0, 0])
    expect(some.divergence).toBe(nearest(Math.LN2 / 2))
    expect(some.aGradient[0]).toBe(nearest(Math.LN2 / 8))
    expect(some.aGradient[2]).toBe(0)
  })
  it('extremes: finite rows give no NaN', () => {
    const huge = dtype === 'f32' ? 3e38 : 1.7e308
    for (const f of [kl, js]) {
      for (const [a, b] of [
        [
          [huge, -huge],
          [0, 0],
        ],
        [
          [0, 0],
          [huge, -huge],
        ],
        [
          [huge, -huge],
          [-huge, huge],
        ],
        [
          [huge, huge],
          [huge, 0],
        ],
      ]) {
        const result = f(a, b)
        expect(result.divergence, `${a} ${b}`).toBeGreaterThanOrEqual(0)
        for (const x of result.bGradient) expect(x).not.toBeNaN()
      }
    }
  })
})

it.each(DTYPES)('goes along any axis, under a mask, into given arrays and in place, %s', (dtype) => {
  const random = seededRandom(6)
  const some = () =>
    floatArray(
      dtype,
      Array.from({ length: 24 }, () => random.normal()),
    )
  const a = some()
  const b = some()
  const mask = Uint8Array.from({ length: 24 }, (_, i) => (i % 5 === 0 ? 0 : 1))
  for (const { withGradient, value } of FUNCTIONS) {
    const result = withGradient(a, b, { shape: [2, 3, 4], axis: 1, mask })
    for (let r = 0; r < 8; r++) {
      const places = [0, 1, 2].map((j) => (Math.floor(r / 4) * 3 + j) * 4 + (r % 4))
      const rowOf = (from: ArrayLike<number>) =>
        floatArray(
          dtype,
          places.map((i) => (mask[i] === 0 ? -inf : from[i])),
        )
      const alone = withGradient(rowOf(a), rowOf(b))
      expect(result.divergence[r]).toBe(alone.divergence)
      expect(places.map((i) => result.aGradient[i])).toEqual(Array.from(alone.aGradient))
      expect(places.map((i) => result.bGradient[i])).toEqual(Array.from(alone.bGradient))
    }
    const out = floatArray(dtype, 7).fill(9)
    expect(value(a, b, { classes: 4, out })).toBe(out)
    expect(out[6]).toBe(9)
    const expected = withGradient(a, b, { classes: 4 })
    const aGradient = a.slice()
    const bGradient = b.slice()
    withGradient(aGradient, bGradient, { classes: 4, aGradient, bGradient })
    expect(aGradient).toEqual(expected.aGradient)
    expect(bGradient).toEqual(expected.bGradient)
  }
})

it('the textbook formulas fail on these rows', () => {
  const softmax = (row: number[]): number[] => {
    const powers = row.map((x) => Math.exp(x - Math.max(...row)))
    const total = powers.reduce((a, b) => a + b)
    return powers.map((x) => x / total)
  }
  const naive = (a: number[], b: number[]): number => {
    const q = softmax(b)
    return softmax(a).reduce((sum, p, i) => sum + p * Math.log(p / q[i]), 0)
  }
  const a = [0.3, 1.7, -0.4]
  const b = a.map((x, i) => x + 1e-9 * (i - 1))
  expect(naive(a, b) / klDivergence(a, b)).not.toBeCloseTo(1, 0)
  expect(naive([0, 800], [0, 0])).toBeNaN()
})

describe('messages', () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => klDivergence(bad('x'), [1]),
      TypeError,
      'klDivergence: expected aLogits to be a Float32Array, a Float64Array or a number[], got "x"',
    ],
    [() => jsDivergence([1], bad(['1'])), TypeError, 'jsDivergence: expected bLogits[0] to be a number, got "1"'],
    [
      // @ts-expect-error: the types say so too
      () => klDivergence(new Float32Array(2), [1, 2]),
      TypeError,
      'klDivergence: expected aLogits and bLogits of one dtype, got Float32Array and Float64Array',
    ],
    [
      () => klDivergence([1, 2, 3], [1, 2]),
      RangeError,
      'klDivergence: expected as many bLogits as aLogits, 3 in all, got 2',
    ],
    [
      () => jsDivergence([1, 2], [1, 2], bad({ out: new Float64Array(1) })),
      TypeError,
      'jsDivergence: expected out only together with classes or shape (of one row the result is a number), got Float64Array of length 1',
    ],
    [
      () => klDivergence([1, 2], [1, 2], { temperature: -1 }),
      RangeError,
      'klDivergence: expected temperature to be a finite number above 0, got -1',
    ],
    [
      () => klDivergenceWithGradient([1, 2], [1, 2], { aGradient: new Float64Array(1) }),
      RangeError,
      'klDivergenceWithGradient: expected aGradient to have room for 2 results, got length 1',
    ],
    [
      () => {
        const b = new Float64Array(2)
        return klDivergenceWithGradient([1, 2], b, { aGradient: b })
      },
      RangeError,
      'klDivergenceWithGradient: expected aGradient to be apart from the bLogits, got an overlap at byte 0',
    ],
    [
      () => {
        const both = new Float64Array(2)
        return jsDivergenceWithGradient([1, 2], [1, 2], { aGradient: both, bGradient: both })
      },
      RangeError,
      'jsDivergenceWithGradient: expected aGradient to be apart from the bGradient, got an overlap at byte 0',
    ],
  ]
  it.each(cases)('%#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })
})
