/**
 * logSumExp with weights and sign, and logMeanExp, against their definitions in decimal arithmetic of as many digits as cancellation
 * takes: random rows, rows that cancel, and rows searched to cancel nearly.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { logMeanExp, logSumExp, logSumExpWithSign } from '../src/index.ts'
import { bad } from './support/bad.ts'
import { decimalWorld } from './support/distribution.ts'
import { hardRow, tenTo } from './support/hard-rows.ts'
import { type Decimal, toExact } from './support/oracle.ts'
import { type Random, seededRandom } from './support/random.ts'
import { absoluteError, DTYPES, type Dtype, floatArray, roundTo, ulpError } from './support/ulp.ts'

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: none } = Number
const GOAL = { f32: 0.501, f64: 0.51 }

interface Sum {
  /** log |Σ w · exp(x/T)/n|; −∞ for a sum of 0. */
  readonly log: Decimal
  readonly sign: number
  /** Σ |terms| / |Σ terms|. */
  readonly kappa: number
  /** max x/T, where the weight is not 0. */
  readonly max: number
}

/** The definition. Terms below e^−3000 of the largest x/T are left out. */
function exactSum(
  logits: ArrayLike<number>,
  weights: ArrayLike<number>,
  temperature: number,
  digits: number,
  n = 1,
): Sum {
  const { from, zero, exp, log } = decimalWorld(digits)
  const present = Array.from(logits, (x, i) => ({ x, w: weights[i] })).filter(({ x, w }) => x !== none && w !== 0)
  const max = Math.max(...present.map(({ x }) => x))
  const terms = present.map(({ x, w }) => {
    const z = from(x).minus(from(max)).div(from(temperature))
    return z.lessThan(-3000) ? zero : exp(z).times(from(w))
  })
  const sum = terms.reduce((a, b) => a.plus(b), zero)
  const size = terms.reduce((a, b) => a.plus(b.abs()), zero)
  return {
    log: log(sum.abs().div(n)).plus(from(max).div(from(temperature))),
    sign: sum.isZero() ? 0 : sum.isNegative() ? -1 : 1,
    kappa: size.div(sum.abs()).toNumber(),
    max: Math.abs(max / temperature),
  }
}

/** Whether a result is as near as promised: ulps, or what cancellation and nearness to 0 leave. */
function keeps(actual: number, { log, kappa, max }: Sum, dtype: Dtype, n: number): boolean {
  const exact = toExact(log, dtype)
  if (ulpError(actual, exact, dtype) <= GOAL[dtype]) return true
  const allowed = kappa * (2 ** -96 + n * 2 ** -105) + 2 ** -96 * Math.max(1, max)
  // What is left of the promise after rounding: half an ulp and that much.
  return (
    absoluteError(actual, exact, dtype) <= allowed ||
    ulpError(actual, exact, dtype) <= 0.5 + allowed / ulpSize(actual, dtype)
  )
}

const ulpSize = (x: number, dtype: Dtype): number => Math.abs(x) * (dtype === 'f32' ? 2 ** -24 : 2 ** -53)

const TEMPERATURES = [1, 1, 0.3, 7, 1e-3, 1e5]

/** Weights of both signs, of any size, some 0. */
function randomWeights(random: Random, dtype: Dtype, n: number): FloatArray {
  const spread = [0, 1, 30, dtype === 'f32' ? 30 : 290][random.below(4)]
  return floatArray(
    dtype,
    Array.from({ length: n }, () => (random.below(8) === 0 ? 0 : random.normal() * tenTo(random, -spread, spread))),
  )
}

describe.each(DTYPES)('logSumExpWithSign, %s', (dtype) => {
  it('random rows, weights and temperatures', () => {
    const random = seededRandom(21)
    for (let k = 0; k < 400; k++) {
      const n = 1 + random.below(12)
      const logits = hardRow(random, dtype, n)
      const weights = randomWeights(random, dtype, n)
      const temperature = TEMPERATURES[random.below(TEMPERATURES.length)]
      const { logSumExp: log, sign } = logSumExpWithSign(logits, { weights, temperature })
      if (logits.every((x, i) => x === none || weights[i] === 0)) {
        expect([log, sign]).toEqual([none, 0])
        continue
      }
      const exact = exactSum(logits, weights, temperature, 90)
      expect(sign).toBe(exact.sign)
      expect(keeps(log, exact, dtype, n), `round ${k}: ${log}, ${exact.log}`).toBe(true)
      expect(logSumExp(logits, { weights, temperature })).toBe(sign < 0 ? nan : log)
    }
  })
  it('terms that nearly cancel: the sum is what rounding of one logit or weight leaves', () => {
    const random = seededRandom(22)
    let largest = 0
    for (let k = 0; k < 300; k++) {
      const n = 2 + random.below(6)
      const logits = hardRow(random, dtype, n).map((x) => (x === none ? 0 : Math.max(-700, Math.min(700, x))))
      const weights = randomWeights(random, dtype, n).map((w) => roundTo(dtype, w === 0 ? 1 : Math.sign(w)))
      // The last weight makes the sum as small as a number of the dtype can.
      const temperature = TEMPERATURES[random.below(4)]
      const max = Math.max(...logits)
      const rest = [...logits].slice(0, -1).reduce((a, x, i) => a + weights[i] * Math.exp((x - max) / temperature), 0)
      weights[n - 1] = -rest / Math.exp((logits[n - 1] - max) / temperature)
      if (!Number.isFinite(weights[n - 1]) || weights[n - 1] === 0) continue
      const { logSumExp: log, sign } = logSumExpWithSign(logits, { weights, temperature })
      const exact = exactSum(logits, weights, temperature, 130)
      if (exact.kappa > 2 ** 85) continue
      largest = Math.max(largest, exact.kappa)
      expect(sign).toBe(exact.sign)
      expect(keeps(log, exact, dtype, n), `round ${k}: ${log}, ${exact.log}, κ = ${exact.kappa}`).toBe(true)
    }
    expect(largest).toBeGreaterThan(dtype === 'f32' ? 1e7 : 1e15) // plain arithmetic keeps no digit of these
  })
  it('terms that cancel exactly leave nothing', () => {
    const x = floatArray(dtype, [700.3, -5.25, 700.3, 12.5, -5.25, 12.5])
    const weights = floatArray(dtype, [0.1, -3, -0.1, 1e30, 3, -1e30])
    expect(logSumExpWithSign(x, { weights })).toEqual({ logSumExp: none, sign: 0 })
    expect(logSumExp(x, { weights })).toBe(none)
  })
  it('without weights it is logSumExp, and its sign 1', () => {
    const random = seededRandom(23)
    for (let k = 0; k < 50; k++) {
      const logits = hardRow(random, dtype, 1 + random.below(9))
      const { logSumExp: log, sign } = logSumExpWithSign(logits)
      expect(log).toBe(logSumExp(logits))
      expect(sign).toBe(log === none ? 0 : 1)
      expect(logSumExp(logits, { weights: logits.map(() => 1) })).toBe(log)
    }
  })
  it('does not depend on the order', () => {
    const random = seededRandom(24)
    const logits = [...hardRow(random, dtype, 30)]
    const weights = [...randomWeights(random, dtype, 30)]
    const first = logSumExpWithSign(floatArray(dtype, logits), { weights })
    const order = random.shuffled(logits.map((_, i) => i))
    const shuffled = floatArray(
      dtype,
      order.map((i) => logits[i]),
    )
    expect(logSumExpWithSign(shuffled, { weights: order.map((i) => weights[i]) })).toEqual(first)
  })
  it.each([
    [[1, 2], [0, 0], none, 0],
    [[inf, 1], [0, 2], Math.fround(Math.log(2) + 1), 1],
    [[none, 1], [1e300, 1], 1, 1],
    [[none, 1], [inf, 1], 1, 1],
    [[none, none], [1, -1], none, 0],
    [[inf, 1], [1, 1], inf, 1],
    [[inf, 1], [-2, 1], inf, -1],
    [[inf, inf], [1, -1], nan, 0],
    [[inf, inf], [1, 2], inf, 1],
    [[0, 1], [-inf, 1], inf, -1],
    [[nan, 1], [0, 1], nan, 0],
    [[0, 1], [nan, 1], nan, 0],
    [[none, 1], [nan, 1], nan, 0],
    [[inf, nan], [1, 1], nan, 0],
  ])('infinities and NaN: %j with weights %j', (logits, weights, log, sign) => {
    const result = logSumExpWithSign(floatArray(dtype, logits), { weights })
    expect([Math.fround(result.logSumExp), result.sign]).toEqual([log, sign])
    expect(Math.fround(logSumExp(floatArray(dtype, logits), { weights }))).toBe(sign < 0 ? nan : log)
  })
  it('a mask takes out logits and weights, but no NaN', () => {
    const logits = floatArray(dtype, [1, inf, 2, 3])
    const mask = Uint8Array.of(1, 0, 1, 0)
    const expected = logSumExpWithSign(floatArray(dtype, [1, 2]), { weights: [1, -2] })
    expect(logSumExpWithSign(logits, { weights: [1, 5, -2, inf], mask })).toEqual(expected)
    expect(logSumExpWithSign(logits, { weights: [1, 5, -2, nan], mask }).logSumExp).toBe(nan)
  })
  it('weights per logit go along the axis, weights per class with every row', () => {
    const random = seededRandom(25)
    const shape = [3, 4, 5]
    const logits = floatArray(dtype, 60).map(() => 3 * random.normal())
    const weights = floatArray(dtype === 'f32' ? 'f64' : 'f32', 60).map(() => random.normal())
    const mask = Uint8Array.from({ length: 60 }, () => random.below(5))
    const out = floatArray(dtype, 17).fill(7)
    const result = logSumExpWithSign(logits, { shape, axis: 1, weights, mask, out: bad(out) })
    expect(result.logSumExp).toBe(out)
    expect(out.subarray(15)).toEqual(floatArray(dtype, [7, 7]))
    const shared = [1, -1, 0.5, 2]
    const all = logSumExpWithSign(logits, { shape, axis: 1, weights: shared })
    for (let r = 0; r < 15; r++) {
      const places = [0, 1, 2, 3].map((j) => (Math.floor(r / 5) * 4 + j) * 5 + (r % 5))
      const row = floatArray(
        dtype,
        places.map((p) => logits[p]),
      )
      const alone = { weights: places.map((p) => weights[p]), mask: Uint8Array.from(places, (p) => mask[p]) }
      const { logSumExp: log, sign } = logSumExpWithSign(row, alone)
      expect([result.logSumExp[r], result.sign[r]]).toEqual([log, sign])
      expect(logSumExpWithSign(row, { weights: shared })).toEqual({ logSumExp: all.logSumExp[r], sign: all.sign[r] })
    }
  })
  it('rows of nothing', () => {
    const empty = floatArray(dtype, 0)
    expect(logSumExpWithSign(empty)).toEqual({ logSumExp: none, sign: 0 })
    expect(logSumExpWithSign(empty, { weights: [] })).toEqual({ logSumExp: none, sign: 0 })
    expect(logSumExpWithSign(empty, { shape: [2, 0] })).toEqual({
      logSumExp: floatArray(dtype, [none, none]),
      sign: new Int8Array(2),
    })
    expect(logSumExp(empty, { shape: [2, 0], weights: [] })).toEqual(floatArray(dtype, [none, none]))
    expect(logSumExp(empty, { shape: [0, 2], weights: [1, 2] })).toEqual(empty)
  })
})

describe.each(DTYPES)('logMeanExp, %s', (dtype) => {
  const meanOf = (logits: FloatArray, temperature: number, digits: number): Sum =>
    exactSum(logits, new Array(logits.length).fill(1), temperature, digits, logits.length)

  it('random rows and temperatures', () => {
    const random = seededRandom(31)
    for (let k = 0; k < 300; k++) {
      const logits = hardRow(random, dtype, 1 + random.below(12))
      const temperature = TEMPERATURES[random.below(TEMPERATURES.length)]
      const actual = logMeanExp(logits, { temperature })
      if (logits.every((x) => x === none)) expect(actual).toBe(none)
      else expect(keeps(actual, meanOf(logits, temperature, 90), dtype, logits.length), `round ${k}`).toBe(true)
    }
  })
  it('relative accuracy next to 0: logits of one sign', () => {
    const random = seededRandom(32)
    let naive = 0
    for (let k = 0; k < 200; k++) {
      const decimals = [1, 3, 10, 20, 36, 44][random.below(6)]
      const n = 1 + random.below(9)
      const temperature = TEMPERATURES[random.below(TEMPERATURES.length)]
      const logits = floatArray(dtype, n).map(() => -random.uniform() * 10 ** -decimals * temperature)
      if (logits.every((x) => x === 0)) continue
      const actual = logMeanExp(logits, { temperature })
      const exact = toExact(meanOf(logits, temperature, 90 + 3 * decimals).log, dtype)
      expect(ulpError(actual, exact, dtype), `round ${k}`).toBeLessThanOrEqual(GOAL[dtype])
      const plain = Math.log([...logits].reduce((a, x) => a + Math.exp(x / temperature), 0) / n)
      naive = Math.max(naive, ulpError(roundTo(dtype, plain), exact, dtype))
    }
    expect(naive).toBeGreaterThan(dtype === 'f32' ? 1e6 : 1e14)
  })
  it('next to 0 with logits of both signs: what the mean of |x|/T leaves', () => {
    const random = seededRandom(33)
    for (let k = 0; k < 200; k++) {
      const decimals = [0, 1, 3, 10, 20, 36][random.below(6)]
      const n = 2 * (1 + random.below(4))
      const temperature = TEMPERATURES[random.below(TEMPERATURES.length)]
      const half = floatArray(dtype, n / 2).map(() => 0.5 * random.uniform() * 10 ** -decimals * temperature)
      const logits = floatArray(dtype, [...half, ...half.map((x) => -x)])
      const actual = logMeanExp(logits, { temperature })
      const exact = toExact(meanOf(logits, temperature, 100 + 5 * decimals).log, dtype)
      const size = [...half].reduce((a, x) => a + Math.abs(x / temperature), 0) / half.length
      const near =
        ulpError(actual, exact, dtype) <= GOAL[dtype] || absoluteError(actual, exact, dtype) <= 2 ** -94 * size
      expect(near, `round ${k}: ${actual} ${exact.rounded}`).toBe(true)
    }
  })
  it('subnormal logits, and temperatures at the ends of the format', () => {
    expect(logMeanExp(floatArray(dtype, [3e-45, 3e-45]))).toBe(roundTo(dtype, 3e-45))
    expect(logMeanExp(Float64Array.of(5e-324, 5e-324))).toBe(5e-324)
    expect(logMeanExp(Float64Array.of(2 ** -1060, 3 * 2 ** -1060), { temperature: 2 ** -1000 })).toBe(2 ** -59)
    expect(logMeanExp(Float64Array.of(1, 3), { temperature: 1e300 })).toBe(2e-300)
    expect(logMeanExp(Float64Array.of(0, -0))).toBe(0)
  })
  it('infinities, NaN, masked entries and rows of nothing', () => {
    const mean = (values: number[], mask?: number[]): number =>
      Math.fround(logMeanExp(floatArray(dtype, values), mask === undefined ? {} : { mask: Uint8Array.from(mask) }))
    expect(mean([nan, 1])).toBe(nan)
    expect(mean([nan, 1], [0, 1])).toBe(nan)
    expect(mean([inf, none])).toBe(inf)
    expect(mean([none, none])).toBe(none)
    expect(mean([none, 1])).toBe(Math.fround(1 - Math.LN2))
    expect(mean([inf, 1, 1], [0, 1, 1])).toBe(1)
    expect(mean([5, 1e-20, 3e-20], [0, 1, 1])).toBe(Math.fround(2e-20))
    expect(mean([none, 1e-20], [1, 1])).toBe(Math.fround(-Math.LN2))
    expect(mean([1, 2], [0, 0])).toBe(nan)
    expect(mean([])).toBe(nan)
    expect(logMeanExp(floatArray(dtype, 0), { shape: [2, 0] })).toEqual(floatArray(dtype, [nan, nan]))
  })
  it('along an axis, with a mask', () => {
    const random = seededRandom(34)
    const logits = floatArray(dtype, 60).map(() => 3 * random.normal())
    const mask = Uint8Array.from({ length: 60 }, () => random.below(4))
    const result = logMeanExp(logits, { shape: [3, 4, 5], axis: 1, mask, temperature: 1.5 })
    for (let r = 0; r < 15; r++) {
      const places = [0, 1, 2, 3].map((j) => (Math.floor(r / 5) * 4 + j) * 5 + (r % 5)).filter((p) => mask[p] !== 0)
      const row = floatArray(
        dtype,
        places.map((p) => logits[p]),
      )
      expect(result[r]).toBe(logMeanExp(row, { temperature: 1.5 }))
    }
  })
})

describe('messages', () => {
  const cases: [() => unknown, ErrorConstructor, string][] = [
    [
      () => logSumExp([1, 2], { weights: bad('1') }),
      TypeError,
      'logSumExp: expected weights to be a Float32Array, a Float64Array or a number[], got "1"',
    ],
    [
      () => logSumExp([1, 2], { weights: bad(Int32Array.of(1, 2)) }),
      TypeError,
      'logSumExp: expected weights to be a Float32Array, a Float64Array or a number[], got Int32Array of length 2',
    ],
    [
      () => logSumExp([1, 2, 3, 4], { classes: 2, weights: [1, 2, 3] }),
      RangeError,
      'logSumExp: expected weights to have one entry per logit (4) or one per class (2), got 3',
    ],
    [
      () => logSumExpWithSign([1, 2], { weights: bad([1, '2']) }),
      TypeError,
      'logSumExpWithSign: expected weights[1] to be a number, got "2"',
    ],
    [
      () => logSumExpWithSign([1, 2], bad({ signs: new Int8Array(1) })),
      TypeError,
      'logSumExpWithSign: expected known option names, got "signs" (known are classes, shape, axis, mask, temperature, weights, allMasked, out, mode)',
    ],
    [
      () => logMeanExp([1, 2], bad({ weights: [1, 1] })),
      TypeError,
      'logMeanExp: expected known option names, got "weights" (known are classes, shape, axis, mask, temperature, out, mode)',
    ],
    [
      () => {
        const shared = new Float64Array(4)
        logSumExp([1, 2, 3, 4], { classes: 1, weights: shared, out: shared })
      },
      RangeError,
      'logSumExp: expected out to be apart from the weights, got an overlap at byte 0',
    ],
    [
      () => logMeanExp([1, 2], bad({ out: new Float64Array(1) })),
      TypeError,
      'logMeanExp: expected out only together with classes or shape (of one row the result is a number), got Float64Array of length 1',
    ],
  ]
  it.each(cases)('%#: %s', (call, Kind, message) => {
    expect(call).toThrow(new Kind(message))
  })
})
