/**
 * Entropy from logits and its gradient: accuracy against decimal arithmetic, infinities, layouts, messages.
 */
import { describe, expect, it } from 'vitest'
import { entropy, entropyWithGradient } from '../src/index.ts'
import { bad } from './support/bad.ts'
import { decimalWorld } from './support/distribution.ts'
import { hardRow } from './support/hard-rows.ts'
import { type Decimal, toExact } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from './support/ulp.ts'

/** Digits enough for a margin of 745, where the entropy is the difference of numbers that agree in 324 of them. */
const world = decimalWorld(380)
const { zero } = world

interface Oracle {
  readonly entropy: Decimal
  readonly gradient: readonly Decimal[]
  /** What the gradient's cancelling differences are measured against: p_j · max(gap_j, mean gap) / T. */
  readonly scale: readonly Decimal[]
}

function oracle(logits: ArrayLike<number>, temperature: number): Oracle {
  const { p, logP } = world.softmax(logits, temperature)
  const t = world.from(temperature)
  const value = p.reduce((sum, share, i) => (share.isZero() ? sum : sum.minus(share.times(logP[i] ?? zero))), zero)
  const top = logP.reduce((best: Decimal | undefined, x) => (best && x?.lessThan(best) ? best : (x ?? best)), undefined)
  const gaps = logP.map((x) => (x && top ? top.minus(x) : zero))
  const mean = gaps.reduce((sum, gap, i) => sum.plus(gap.times(p[i])), zero)
  return {
    entropy: value,
    gradient: p.map((share, i) =>
      share
        .times((logP[i] ?? zero).plus(value))
        .div(t)
        .negated(),
    ),
    scale: p.map((share, i) => share.times(gaps[i].plus(mean)).div(t)),
  }
}

/** float32 entropies of a single row are numbers, rounded. */
const GOAL: Record<Dtype, number> = { f32: 0.501, f64: 0.55 }
const CANCELLED: Record<Dtype, number> = { f32: 2 ** -38, f64: 2 ** -60 }

describe.each(DTYPES)('entropy, %s', (dtype) => {
  it('keeps its bounds on hard rows, and so does the gradient', () => {
    const random = seededRandom(41)
    for (let k = 0; k < 120; k++) {
      const logits = hardRow(random, dtype, 1 + random.below(6))
      const temperature = random.below(2) === 0 ? 1 : 2 ** (random.uniform() * 8 - 4)
      const exact = oracle(logits, temperature)
      const result = entropyWithGradient(logits, { temperature })
      const title = `[${logits.join()}] / ${temperature}`
      expect(ulpError(result.entropy, toExact(exact.entropy, dtype), dtype), title).toBeLessThanOrEqual(GOAL[dtype])
      expect(entropy(logits, { temperature })).toBe(result.entropy)
      exact.gradient.forEach((value, j) => {
        const ulps = ulpError(result.gradient[j], toExact(value, dtype), dtype)
        if (ulps <= GOAL[dtype]) return
        const error = world.from(result.gradient[j]).minus(value).abs()
        expect(error.div(exact.scale[j]).toNumber(), `${title} at ${j}`).toBeLessThanOrEqual(CANCELLED[dtype])
      })
    }
  })

  it('of a long row: the logarithm of n, when all are equal', () => {
    const n = 300_000
    const exact = toExact(world.log(world.from(n)), dtype)
    expect(ulpError(entropy(floatArray(dtype, new Array(n).fill(0.1))), exact, dtype)).toBeLessThanOrEqual(GOAL[dtype])
  })

  it('of rows without a limit is NaN, and 0 where all probability is in one place', () => {
    const inf = Number.POSITIVE_INFINITY
    const cases: [number[], number, number[]][] = [
      [[1, Number.NaN, inf], Number.NaN, [Number.NaN, Number.NaN, Number.NaN]],
      [[-inf, -inf], Number.NaN, [Number.NaN, Number.NaN]],
      [[inf, 0, inf], Number.NaN, [Number.NaN, Number.NaN, Number.NaN]],
      [[0, inf, -inf], 0, [0, 0, 0]],
      [[-inf, 3, -inf], 0, [0, 0, 0]],
      [[7], 0, [0]],
      [[1.7e308, -1.7e308].map((x) => (dtype === 'f32' ? x / 1e270 : x)), 0, [0, 0]],
    ]
    for (const [logits, value, gradient] of cases) {
      const result = entropyWithGradient(floatArray(dtype, logits))
      expect(result.entropy, logits.join()).toBe(value)
      expect(Array.from(result.gradient), logits.join()).toEqual(gradient)
    }
    expect(entropy(floatArray(dtype, 0))).toBeNaN()
    expect(entropy(floatArray(dtype, 0), { classes: 3 })).toEqual(floatArray(dtype, 0))
    expect(entropy(floatArray(dtype, 0), { shape: [2, 0] })).toEqual(floatArray(dtype, [Number.NaN, Number.NaN]))
  })

  it('goes along any axis, under a mask, in place, and leaves the rest of out alone', () => {
    const random = seededRandom(5)
    const logits = floatArray(
      dtype,
      Array.from({ length: 2 * 3 * 4 }, () => random.normal()),
    )
    const mask = Uint8Array.from({ length: 24 }, (_, i) => (i % 5 === 0 ? 0 : 1))
    const result = entropyWithGradient(logits, { shape: [2, 3, 4], axis: 1, mask })
    for (let r = 0; r < 8; r++) {
      const places = [0, 1, 2].map((j) => (Math.floor(r / 4) * 3 + j) * 4 + (r % 4))
      const row = floatArray(
        dtype,
        places.map((i) => (mask[i] === 0 ? Number.NEGATIVE_INFINITY : logits[i])),
      )
      const alone = entropyWithGradient(row)
      expect(result.entropy[r]).toBe(alone.entropy)
      expect(places.map((i) => result.gradient[i])).toEqual(Array.from(alone.gradient))
    }
    const out = floatArray(dtype, 10).fill(9)
    expect(entropy(logits, { classes: 3, out })).toBe(out)
    expect(out.subarray(8)).toEqual(floatArray(dtype, [9, 9]))
    const expected = entropyWithGradient(logits, { classes: 4 }).gradient
    expect(entropyWithGradient(logits, { classes: 4, out: logits }).gradient).toBe(logits)
    expect(logits).toEqual(expected)
  })
})

it('the textbook formula fails on these rows', () => {
  const naive = (logits: number[]): number => {
    const powers = logits.map((x) => Math.exp(x - logits[0]))
    const total = powers.reduce((a, b) => a + b)
    return powers.reduce((sum, e) => sum - (e / total) * Math.log(e / total), 0)
  }
  const exact = oracle([40, 0], 1).entropy.toNumber()
  expect(Math.abs(naive([40, 0]) / exact - 1)).toBeGreaterThan(0.02)
  expect(naive([800, 0])).toBeNaN()
})

describe('messages', () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => entropy(bad('x')),
      TypeError,
      'entropy: expected logits to be a Float32Array, a Float64Array or a number[], got "x"',
    ],
    [
      () => entropy([1, 2], bad({ out: new Float64Array(1) })),
      TypeError,
      'entropy: expected out only together with classes or shape (of one row the result is a number), got Float64Array of length 1',
    ],
    [
      () => entropy([1, 2], bad({ mode: 'fast' })),
      TypeError,
      'entropy: expected known option names, got "mode" (known are classes, shape, axis, mask, temperature, out)',
    ],
    [
      () => entropy([1, 2], { temperature: 0 }),
      RangeError,
      'entropy: expected temperature to be a finite number above 0, got 0',
    ],
    [
      () => entropy([1, 2], { mask: new Uint8Array(1) }),
      RangeError,
      'entropy: expected mask to have one entry per logit, 2 in all, got 1',
    ],
    [
      () => entropy(new Float32Array(2), { classes: 1, out: bad(new Float64Array(2)) }),
      TypeError,
      'entropy: expected out to be a Float32Array, as the results are, got Float64Array of length 2',
    ],
    [
      () => entropyWithGradient([1, 2], { out: new Float64Array(1) }),
      RangeError,
      'entropyWithGradient: expected out to have room for 2 results, got length 1',
    ],
  ]
  it.each(cases)('%#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })
})

it('takes entries whose power has the exponent −1024', () => {
  expect(entropy([0, -709.4])).toBeGreaterThan(5e-306)
  expect(entropy([0, -709.4])).toBeLessThan(6e-306)
})
