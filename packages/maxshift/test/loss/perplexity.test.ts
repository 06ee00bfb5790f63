/**
 * perplexity against 80-digit arithmetic: of the row losses as they are, and of the logits; infinities, weights, every message.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import { crossEntropy, logSoftmax, perplexity, perplexityFromLogProbs } from '../../src/index.ts'
import { meanPairOf } from '../../src/loss/reduction.ts'
import { bad } from '../support/bad.ts'
import { exactCrossEntropy } from '../support/cross-entropy-oracle.ts'
import { Decimal, toDecimal, toExact } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, floatArray, powerOfTwo, ulpError } from '../support/ulp.ts'

const NAN = Number.NaN
const INFINITY = Number.POSITIVE_INFINITY

/** exp of the exact weighted mean of numbers. */
function exactPerplexity(losses: ArrayLike<number>, weights?: ArrayLike<number>): Decimal {
  let sum = new Decimal(0)
  let divisor = new Decimal(0)
  for (let r = 0; r < losses.length; r++) {
    const weight = toDecimal(weights?.[r] ?? 1)
    if (weight.isZero()) continue
    sum = sum.plus(toDecimal(losses[r]).times(weight))
    divisor = divisor.plus(weight)
  }
  return sum.div(divisor).exp()
}

const ulps = (actual: number, exact: Decimal): number => ulpError(actual, toExact(exact, 'f64'), 'f64')

describe('of log-probabilities', () => {
  const { uniform, below } = seededRandom(4)

  it('the exponential of the exact mean, within 0.501 ulp, where the usual formula loses digits', () => {
    let worst = 0
    let naive = 0
    for (let i = 0; i < 300; i++) {
      const length = 1 + below(40)
      const scale = [1, 12, 100, 700, 1e-6, 1e-17][i % 6]
      const logProbs = Float64Array.from({ length }, () => -uniform() * scale)
      const exact = exactPerplexity(logProbs.map((x) => -x))
      worst = Math.max(worst, ulps(perplexityFromLogProbs(logProbs), exact))
      naive = Math.max(naive, ulps(Math.exp(-logProbs.reduce((a, b) => a + b, 0) / length), exact))
    }
    expect(worst).toBeLessThanOrEqual(0.501)
    expect(naive).toBeGreaterThan(100)
  })

  it('with weights', () => {
    for (let i = 0; i < 100; i++) {
      const length = 1 + below(20)
      const logProbs = floatArray(
        DTYPES[i % 2],
        Array.from({ length }, () => -uniform() * 30),
      )
      const sampleWeights = Array.from({ length }, () => (below(4) === 0 ? 0 : uniform() * 10 ** (below(40) - 20)))
      sampleWeights[0] = 1e-3
      const exact = exactPerplexity(
        logProbs.map((x: number) => -x),
        sampleWeights,
      )
      expect(ulps(perplexityFromLogProbs(logProbs, { sampleWeights }), exact)).toBeLessThanOrEqual(0.501)
    }
  })

  it('of numbers above 0, of either sign, as they are', () => {
    for (const logProbs of [[1e-9, -1e-9], [3e-8], [0.5, -0.1, 1e-17], [700, -1], [-5, 2, 2, 1]]) {
      expect(ulps(perplexityFromLogProbs(logProbs), exactPerplexity(logProbs.map((x) => -x)))).toBeLessThanOrEqual(
        0.501,
      )
    }
  })

  it('its ends', () => {
    expect(perplexityFromLogProbs([0])).toBe(1)
    expect(perplexityFromLogProbs([-709.782712893383])).toBeLessThan(INFINITY)
    expect(perplexityFromLogProbs([-709.783])).toBe(INFINITY)
    expect(perplexityFromLogProbs([-1e308, -1e308])).toBe(INFINITY)
    expect(perplexityFromLogProbs([-1, -INFINITY])).toBe(INFINITY)
    expect(perplexityFromLogProbs([-1, -INFINITY], { sampleWeights: [1, 0] })).toBe(perplexityFromLogProbs([-1]))
    expect(perplexityFromLogProbs([-1, NAN])).toBeNaN()
    expect(perplexityFromLogProbs([INFINITY, -1])).toBe(0)
    expect(perplexityFromLogProbs([INFINITY, -INFINITY])).toBeNaN()
    expect(perplexityFromLogProbs([-1, -2], { sampleWeights: [0, 0] })).toBe(1)
    expect(perplexityFromLogProbs([740])).toBe(4.2e-322)
    expect(perplexityFromLogProbs([800])).toBe(0)
  })
})

describe('meanPairOf', () => {
  it('carries the mean to 2^-79, also where sums leave the format', () => {
    const { uniform, below } = seededRandom(8)
    const mean = { hi: 0, lo: 0 }
    for (let i = 0; i < 120; i++) {
      const length = 1 + below(12)
      const width = [1, 30, 300][i % 3]
      const losses = Float64Array.from({ length }, () => uniform() * powerOfTwo(below(2 * width) - width))
      const weights =
        i % 4 === 0
          ? null
          : new Float64Array(2 * length).map((_, k) =>
              k % 2 === 0 ? uniform() * powerOfTwo(below(2 * width) - width) : 0,
            )
      meanPairOf(losses, weights, mean)
      const exact = exactPerplexity(
        losses,
        weights?.filter((_, k) => k % 2 === 0),
      ).ln()
      if (width === 300) continue // an exponential of that is beyond the oracle; the next test has it
      const error = toDecimal(mean.hi).plus(toDecimal(mean.lo)).minus(exact).abs()
      expect(error.lessThan(exact.plus('1e-40').times(2 ** -79))).toBe(true)
    }
  })
  it.each([
    [
      [1e300, 3],
      [1e-5, 1e100],
    ],
    [
      [1e-300, 2e-300],
      [1e-100, 1e-100],
    ],
    [
      [1, 2, 4],
      [1e-300, 1e-301, 3e-300],
    ],
    [
      [1.7e308, 1.7e308, 0.1],
      [1, 1, 1],
    ],
  ])('%j with weights %j', (losses, weights) => {
    const mean = { hi: 0, lo: 0 }
    const pairs = new Float64Array(2 * losses.length).map((_, k) => (k % 2 === 0 ? weights[k / 2] : 0))
    meanPairOf(Float64Array.from(losses), pairs, mean)
    const weighted = losses.reduce(
      (sum, loss, r) => sum.plus(toDecimal(loss).times(toDecimal(weights[r]))),
      new Decimal(0),
    )
    const exact = weighted.div(weights.reduce((sum, weight) => sum.plus(toDecimal(weight)), new Decimal(0)))
    expect(
      toDecimal(mean.hi)
        .plus(toDecimal(mean.lo))
        .minus(exact)
        .abs()
        .lessThan(exact.times(2 ** -79).plus('1e-323')),
    ).toBe(true)
  })
})

describe.each(DTYPES)('of logits, %s', (dtype: Dtype) => {
  const { normal, below } = seededRandom(14)
  const batch = (rows: number, classes: number, width: number): { logits: FloatArray; labels: Int32Array } => ({
    logits: floatArray(
      dtype,
      Array.from({ length: rows * classes }, () => width * normal()),
    ),
    labels: Int32Array.from({ length: rows }, () => below(classes)),
  })

  it('the exponential of the mean cross-entropy', () => {
    for (let i = 0; i < 60; i++) {
      const rows = 1 + below(6)
      const classes = 2 + below(10)
      const { logits, labels } = batch(rows, classes, [1, 5, 50][i % 3])
      const options =
        i % 2 === 0 ? {} : { temperature: 0.7, sampleWeights: Array.from({ length: rows }, (_, r) => 0.3 + r) }
      const exact = exactCrossEntropy({ logits, labels, rows, classes, ...options })
      const actual = perplexity(logits, labels, { classes, ...options })
      // The relative error is the absolute error of the mean loss, and half an ulp for the exponential.
      const error = toDecimal(actual).div(exact.loss.exp()).minus(1).abs().toNumber()
      const loss = exact.loss.toNumber()
      const promised = dtype === 'f32' ? 2 ** -38 * (1 + loss) : 0.501 * 2 ** -52 + 2 ** -60 * loss
      expect(error).toBeLessThanOrEqual(promised)
    }
  })

  it('row losses count with all their digits', () => {
    const { logits, labels } = batch(50, 30, 4)
    const losses = Float64Array.from(labels, (label, r) => crossEntropy(logits.subarray(30 * r, 30 * r + 30), [label]))
    // What rounding to float64 takes from each of them is an absolute error of their mean, with the logits in float64 not even that.
    const rounding = dtype === 'f64' ? 0.5 * exactPerplexity(losses).ln().toNumber() : 0
    expect(ulps(perplexity(logits, labels), exactPerplexity(losses))).toBeLessThanOrEqual(0.501 + 2 * rounding)
  })

  it('agrees with the log-probabilities of the labels', () => {
    const { logits, labels } = batch(20, 7, 3)
    const logProbs = logSoftmax(logits, { classes: 7 })
    const chosen = Array.from(labels, (label, r) => logProbs[7 * r + label])
    expect(perplexity(logits, labels) / perplexityFromLogProbs(chosen)).toBeCloseTo(1, dtype === 'f32' ? 6 : 14)
  })

  it('ignored rows, masks, axes, certain and impossible labels', () => {
    const logits = floatArray(dtype, [0, 0, 0, 0, NAN, 1, INFINITY, 3])
    expect(perplexity(logits.subarray(0, 4), [0, 1], { classes: 2 })).toBe(2)
    expect(perplexity(logits, [0, 1, -100, 0], { classes: 2, ignoreIndex: -100 })).toBeCloseTo(2 ** (2 / 3), 14)
    expect(perplexity(logits.subarray(0, 6), [0, 1, 0], { classes: 2 })).toBeNaN()
    expect(perplexity(logits.subarray(6), [0])).toBe(1)
    expect(perplexity(logits.subarray(6), [1])).toBe(INFINITY)
    expect(perplexity(logits.subarray(0, 4), [-1, -1], { ignoreIndex: -1 })).toBe(1)
    expect(perplexity(logits.subarray(0, 4), [0], { mask: Uint8Array.of(1, 0, 1, 1) })).toBeCloseTo(3, 14)
    expect(perplexity(logits.subarray(0, 4), [0, 0], { shape: [2, 2], axis: 0 })).toBe(2)
  })
})

describe('messages', () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => perplexity([1, 2], [2]),
      RangeError,
      'perplexity: expected labels[0] to be an integer in [0, 2), got 2 (labels count from 0)',
    ],
    [
      () => perplexity([1, 2], [0], bad({ labelSmoothing: 0.1 })),
      TypeError,
      'perplexity: expected known option names, got "labelSmoothing" (known are classes, shape, axis, mask, temperature, ignoreIndex, sampleWeights, softCap, mode)',
    ],
    [
      () => perplexityFromLogProbs(bad('-1')),
      TypeError,
      'perplexityFromLogProbs: expected logProbs to be a Float32Array, a Float64Array or a number[], got "-1"',
    ],
    [
      () => perplexityFromLogProbs(bad([-1, null])),
      TypeError,
      'perplexityFromLogProbs: expected logProbs[1] to be a number, got null',
    ],
    [
      () => perplexityFromLogProbs([]),
      RangeError,
      'perplexityFromLogProbs: expected at least one log-probability, got none',
    ],
    [
      () => perplexityFromLogProbs([-1], { sampleWeights: [1, 2] }),
      RangeError,
      'perplexityFromLogProbs: expected sampleWeights to hold one number per row, 1 in all, got 2',
    ],
    [
      () => perplexityFromLogProbs([-1], bad({ base: 2 })),
      TypeError,
      'perplexityFromLogProbs: expected known option names, got "base" (known are sampleWeights)',
    ],
  ]
  it.each(cases)('%#: %s', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(new kind(message))
  })
})
