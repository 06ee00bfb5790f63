/**
 * Jacobian products of softmax, logSoftmax and logSumExp: accuracy against decimal arithmetic, the conventions at infinities,
 * layouts, messages.
 */
import { describe, expect, it } from 'vitest'
import { crossEntropyWithGradient, logSoftmaxVjp, logSumExpVjp, softmax, softmaxVjp } from '../src/index.ts'
import { bad } from './support/bad.ts'
import { decimalWorld } from './support/distribution.ts'
import { hardRow, tenTo } from './support/hard-rows.ts'
import { type Decimal, toExact } from './support/oracle.ts'
import { type Random, seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from './support/ulp.ts'

const world = decimalWorld(380)
const { zero } = world
const total = (terms: readonly Decimal[]): Decimal => terms.reduce((a, b) => a.plus(b), zero)

interface Exact {
  readonly value: Decimal
  /** What cancelling terms are measured against. */
  readonly scale: Decimal
}
type Oracle = (p: readonly Decimal[], g: readonly Decimal[], top: number, t: Decimal) => Exact[]

/** Σ_i p_i (g_j − g_i) p_j: the Jacobian diag(p) − p pᵀ, as it is defined. */
const softmaxOracle: Oracle = (p, g, top, t) => {
  const mean = total(p.map((share, i) => share.times(g[i])))
  const spread = total(p.map((share, i) => share.times(g[i].minus(g[top]).abs())))
  return p.map((share, j) => ({
    value: share.times(g[j].minus(mean)).div(t),
    scale: share.times(g[j].minus(g[top]).abs().plus(spread)).div(t),
  }))
}

const logSoftmaxOracle: Oracle = (p, g, _, t) => {
  const sum = total([...g])
  const sizes = total(g.map((x) => x.abs()))
  const one = world.from(1)
  return p.map((share, j) => ({
    value: g[j].minus(share.times(sum)).div(t),
    scale: one
      .minus(share)
      .times(g[j].abs())
      .plus(share.times(sizes.minus(g[j].abs())))
      .div(t),
  }))
}

const FUNCTIONS = [
  { name: 'softmaxVjp', vjp: softmaxVjp, oracle: softmaxOracle },
  { name: 'logSoftmaxVjp', vjp: logSoftmaxVjp, oracle: logSoftmaxOracle },
] as const
const GOAL: Record<Dtype, number> = { f32: 0.501, f64: 0.55 }
const CANCELLED: Record<Dtype, number> = { f32: 2 ** -38, f64: 2 ** -60 }

/** An upstream gradient: of one scale or of many, nearly constant, or one-hot. */
function hardUpstream(random: Random, dtype: Dtype, length: number): number[] {
  const kind = random.below(4)
  const base = kind === 1 ? tenTo(random, -3, 3) : 0
  const limit = dtype === 'f32' ? 30 : 200
  const place = random.below(length)
  return Array.from({ length }, (_, i) => {
    if (kind === 3) return i === place ? -1 : 0
    return base + random.normal() * (kind === 2 ? tenTo(random, -limit, limit) : tenTo(random, -9, 0))
  })
}

describe.each(FUNCTIONS)('$name', ({ vjp, oracle }) => {
  it.each(DTYPES)('keeps its bounds on hard rows, %s', (dtype) => {
    const random = seededRandom(99)
    for (let k = 0; k < 150; k++) {
      const logits = hardRow(random, dtype, 1 + random.below(6))
      if (logits.every((x) => x === Number.NEGATIVE_INFINITY)) continue
      const upstream = floatArray(dtype, hardUpstream(random, dtype, logits.length))
      const temperature = random.below(2) === 0 ? 1 : 2 ** (random.uniform() * 8 - 4)
      const { p } = world.softmax(logits, temperature)
      const g = Array.from(upstream, (x, i) => (logits[i] === Number.NEGATIVE_INFINITY ? zero : world.from(x)))
      const top = logits.indexOf(Math.max(...logits))
      const exact = oracle(p, g, top, world.from(temperature))
      const result = vjp(logits, upstream, { temperature })
      exact.forEach(({ value, scale }, j) => {
        if (ulpError(result[j], toExact(value, dtype), dtype) <= GOAL[dtype]) return
        const error = world.from(result[j]).minus(value).abs()
        const title = `[${logits.join()}] [${upstream.join()}] / ${temperature} at ${j}`
        expect(error.div(scale).toNumber(), title).toBeLessThanOrEqual(CANCELLED[dtype])
      })
    }
  })

  it.each(DTYPES)('takes huge and tiny upstream gradients, %s', (dtype) => {
    const logits = floatArray(dtype, [1, 0, 2])
    const [huge, tiny] = dtype === 'f32' ? [3e38, 1e-40] : [1.7e308, 1e-310]
    const unit = vjp(Float64Array.from(logits), [1, -1, 0.5])
    for (const size of [huge, tiny]) {
      const result = vjp(logits, floatArray(dtype, [size, -size, 0.5 * size]))
      result.forEach((x, j) => {
        const ulp = dtype === 'f32' ? Math.max(1e-7 * Math.abs(x), 2e-45) : Math.max(1e-15 * Math.abs(x), 5e-324)
        expect(Math.abs(x - unit[j] * size)).toBeLessThanOrEqual(ulp)
      })
    }
  })

  it('goes along any axis, under a mask, in place of either input', () => {
    const random = seededRandom(8)
    const some = () => Float32Array.from({ length: 24 }, () => random.normal())
    const logits = some()
    const g = some()
    const mask = Uint8Array.from({ length: 24 }, (_, i) => (i % 5 === 0 ? 0 : 1))
    const result = vjp(logits, g, { shape: [2, 3, 4], axis: 1, mask, temperature: 0.7 })
    for (let r = 0; r < 8; r++) {
      const places = [0, 1, 2].map((j) => (Math.floor(r / 4) * 3 + j) * 4 + (r % 4))
      const row = Float32Array.from(places, (i) => (mask[i] === 0 ? Number.NEGATIVE_INFINITY : logits[i]))
      const alone = vjp(
        row,
        Float32Array.from(places, (i) => g[i]),
        { temperature: 0.7 },
      )
      expect(places.map((i) => result[i])).toEqual(Array.from(alone))
    }
    const expected = vjp(logits, g, { classes: 4 })
    const overLogits = logits.slice()
    expect(vjp(overLogits, g, { classes: 4, out: overLogits })).toBe(overLogits)
    expect(overLogits).toEqual(expected)
    const overUpstream = g.slice()
    expect(vjp(logits, overUpstream, { classes: 4, out: overUpstream })).toEqual(expected)
    const out = new Float32Array(26).fill(9)
    vjp(logits, Array.from(g), { classes: 4, out })
    expect(out.subarray(24)).toEqual(Float32Array.of(9, 9))
  })
})

describe.each(DTYPES)('logSumExpVjp, %s', (dtype) => {
  it('is g times softmax over the temperature, subnormal results included', () => {
    const random = seededRandom(3)
    for (let k = 0; k < 80; k++) {
      const logits = hardRow(random, dtype, 1 + random.below(6))
      if (logits.every((x) => x === Number.NEGATIVE_INFINITY)) continue
      const temperature = random.below(2) === 0 ? 1 : 2 ** (random.uniform() * 8 - 4)
      const g = floatArray(dtype, [random.normal() * tenTo(random, -30, 30)])[0]
      const { p } = world.softmax(logits, temperature)
      logSumExpVjp(logits, g, { temperature }).forEach((x, j) => {
        const exact = toExact(p[j].times(world.from(g)).div(world.from(temperature)), dtype)
        expect(ulpError(x, exact, dtype), `[${logits.join()}] ${g} ${temperature}`).toBeLessThanOrEqual(GOAL[dtype])
      })
    }
  })
})

const inf = Number.POSITIVE_INFINITY
const nan = Number.NaN

/** docs/numerics.md shows this table. */
describe.each(DTYPES)('what is not finite, %s', (dtype) => {
  const run = (logits: number[], g: number[], allMasked: 'nan' | 'zero' = 'nan') => ({
    softmax: Array.from(softmaxVjp(floatArray(dtype, logits), floatArray(dtype, g), { allMasked })),
    logSoftmax: Array.from(logSoftmaxVjp(floatArray(dtype, logits), floatArray(dtype, g), { allMasked })),
  })
  const lse = (logits: number[], g: number) => Array.from(logSumExpVjp(floatArray(dtype, logits), g))

  it('an entry of −∞ is ruled out: 0, and its g counts for nothing', () => {
    const some = run([0, -inf, 0], [1, 5, 3])
    for (const leak of [nan, inf, -inf, 0]) expect(run([0, -inf, 0], [1, leak, 3])).toEqual(some)
    expect(some.softmax).toEqual([-0.5, 0, 0.5])
    expect(some.logSoftmax).toEqual([-1, 0, 1])
    expect(lse([0, -inf, 0], 4)).toEqual([2, 0, 2])
    expect(lse([0, -inf, 0], nan)).toEqual([nan, 0, nan])
    expect(lse([0, -inf, -1e4], -inf)).toEqual([-inf, 0, -inf])
  })
  it('a row of −∞ only', () => {
    expect(run([-inf, -inf], [1, nan])).toEqual({ softmax: [nan, nan], logSoftmax: [nan, nan] })
    expect(run([-inf, -inf], [1, nan], 'zero')).toEqual({ softmax: [0, 0], logSoftmax: [0, 0] })
    expect(lse([-inf, -inf], 3)).toEqual([0, 0])
    expect(lse([-inf, -inf], nan)).toEqual([0, 0])
  })
  it('one +∞ is the limit, two have none', () => {
    expect(run([0, inf, 1], [1, 2, 3])).toEqual({ softmax: [0, 0, 0], logSoftmax: [0, 0, 0] })
    expect(lse([0, inf, 1], 3)).toEqual([0, 3, 0])
    expect(run([inf, inf], [1, 2])).toEqual({ softmax: [nan, nan], logSoftmax: [nan, nan] })
    expect(lse([inf, inf], 3)).toEqual([nan, nan])
  })
  it('a NaN among the logits, or a g that is not finite, makes the row NaN', () => {
    expect(run([0, nan, -inf], [1, 2, 3])).toEqual({ softmax: [nan, nan, nan], logSoftmax: [nan, nan, nan] })
    expect(lse([0, nan, -inf], 3)).toEqual([nan, nan, nan])
    for (const g of [nan, inf, -inf]) {
      expect(run([0, 1, -inf], [g, 1, 2])).toEqual({ softmax: [nan, nan, 0], logSoftmax: [nan, nan, 0] })
      expect(run([0, 1, -inf], [1, g, 2])).toEqual({ softmax: [nan, nan, 0], logSoftmax: [nan, nan, 0] })
    }
  })
  it('equal g give 0 exactly, and a row of one entry too', () => {
    expect(run([0, 1, 2], [0.1, 0.1, 0.1]).softmax).toEqual([0, 0, 0])
    expect(run([3], [7])).toEqual({ softmax: [0], logSoftmax: [0] })
    expect(lse([3], 7)).toEqual([7])
  })
  it('of minus the indicator, logSoftmaxVjp is the gradient of the cross-entropy', () => {
    const logits = floatArray(dtype, [0, 60, 2, -3])
    for (let label = 0; label < 4; label++) {
      const g = floatArray(dtype, 4)
      g[label] = -1
      const { gradient } = crossEntropyWithGradient(logits, [label])
      expect(logSoftmaxVjp(logits, g)).toEqual(gradient)
    }
  })
})

it('the textbook formulas fail on these rows', () => {
  const logits = [50, 0, 1]
  const g = [-1, 0, 0]
  const p = softmax(logits)
  const naive = g[0] - p[0] * g.reduce((a, b) => a + b)
  expect(naive).toBe(0)
  expect(logSoftmaxVjp(logits, g)[0]).toBeLessThan(-7e-22)
  const masked = softmax([0, Number.NEGATIVE_INFINITY])
  expect(masked[1] * (nan - masked[0])).toBeNaN()
})

describe('messages', () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => softmaxVjp([1, 2], [1]),
      RangeError,
      'softmaxVjp: expected upstream to have one entry per logit, 2 in all, got 1',
    ],
    [
      () => logSoftmaxVjp([1, 2], bad(null)),
      TypeError,
      'logSoftmaxVjp: expected upstream to be a Float32Array, a Float64Array or a number[], got null',
    ],
    [
      () => softmaxVjp([1, 2], [1, 2], { allMasked: bad('one') }),
      RangeError,
      "softmaxVjp: expected allMasked to be one of 'nan', 'zero', got \"one\"",
    ],
    [
      () => {
        const both = new Float64Array(3)
        return softmaxVjp([1, 2], both.subarray(0, 2), { out: both.subarray(1) })
      },
      RangeError,
      'softmaxVjp: expected out to be apart from the upstream gradient, got an overlap at byte 0',
    ],
    [
      () => logSumExpVjp([1, 2], bad([1])),
      TypeError,
      'logSumExpVjp: expected upstream to be a number, for all logits as one row (without classes or shape), got an array of length 1',
    ],
    [
      () => logSumExpVjp([1, 2], [1], { classes: 1 }),
      RangeError,
      'logSumExpVjp: expected upstream to have one number per row, 2 in all, got 1',
    ],
    [
      () => logSumExpVjp([1, 2], 1, bad({ allMasked: 'zero' })),
      TypeError,
      'logSumExpVjp: expected known option names, got "allMasked" (known are classes, shape, axis, mask, temperature, out)',
    ],
  ]
  it.each(cases)('%#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })
})
