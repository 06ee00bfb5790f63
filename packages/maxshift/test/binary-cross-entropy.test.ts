/**
 * Binary cross-entropy from logits with its gradient: accuracy against decimal arithmetic, infinities, weights, messages.
 */
import { describe, expect, it } from 'vitest'
import { binaryCrossEntropy, binaryCrossEntropyWithGradient } from '../src/index.ts'
import { bad } from './support/bad.ts'
import { decimalWorld } from './support/distribution.ts'
import { tenTo } from './support/hard-rows.ts'
import { type Decimal, toExact } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from './support/ulp.ts'

/** 1 + e^−745 needs 324 digits to show; 60 more are exact. */
const world = decimalWorld(390)
const one = world.from(1)

interface Exact {
  readonly loss: Decimal
  readonly slope: Decimal
  /** The larger of the derivative's two terms. */
  readonly scale: Decimal
}

/** From the definitions: −w z log σ(x) − (1 − z) log(1 − σ(x)). Beyond ±2000 the limits. */
function oracle(x: number, z: number, weight: number, smoothing: number): Exact {
  const t = world
    .from(z)
    .times(one.minus(world.from(smoothing)))
    .plus(world.from(smoothing).div(2))
  const up = one.plus(world.exp(world.from(Math.max(-2000, Math.min(x, 2000)))))
  const sigmoid = one.minus(one.div(up))
  const softplus = x > 2000 ? world.from(x) : x < -2000 ? world.zero : world.log(up)
  const a = t.times(world.from(weight))
  const c = one.minus(t)
  const left = c.times(sigmoid)
  const right = a.times(one.minus(sigmoid))
  return {
    loss: a.times(softplus.minus(world.from(x))).plus(c.times(softplus)),
    slope: left.minus(right),
    scale: left.greaterThan(right) ? left : right,
  }
}

const GOAL: Record<Dtype, number> = { f32: 0.501, f64: 0.55 }
const CANCELLED: Record<Dtype, number> = { f32: 2 ** -38, f64: 2 ** -60 }
const inf = Number.POSITIVE_INFINITY
const nan = Number.NaN

describe.each(DTYPES)('binary cross-entropy, %s', (dtype) => {
  it('keeps its bounds at any logit, target and weight', () => {
    const random = seededRandom(12)
    for (let k = 0; k < 200; k++) {
      const wide = tenTo(random, dtype === 'f32' ? -30 : -200, dtype === 'f32' ? 30 : 200)
      const size = random.below(3) === 0 ? wide : random.uniform() * (dtype === 'f32' ? 105 : 746)
      const logits = floatArray(dtype, [random.below(2) === 0 ? size : -size])
      const z = [0, 1, random.uniform(), tenTo(random, -300, 0)][random.below(4)]
      const positiveWeight = random.below(2) === 0 ? 1 : tenTo(random, -3, 3)
      const labelSmoothing = random.below(3) === 0 ? random.uniform() * 0.9 : 0
      const exact = oracle(logits[0], z, positiveWeight, labelSmoothing)
      const title = `${logits[0]} ${z} ${positiveWeight} ${labelSmoothing}`
      const options = { positiveWeight, labelSmoothing, reduction: 'none' } as const
      const result = binaryCrossEntropyWithGradient(logits, [z], options)
      expect(binaryCrossEntropy(logits, [z], options), title).toEqual(result.loss)
      const loss = ulpError(result.loss[0], toExact(exact.loss, dtype), dtype)
      expect(loss, `loss of ${title}`).toBeLessThanOrEqual(GOAL[dtype])
      if (ulpError(result.gradient[0], toExact(exact.slope, dtype), dtype) <= GOAL[dtype]) continue
      expect((z !== 0 && z !== 1) || labelSmoothing > 0, title).toBe(true)
      const error = world.from(result.gradient[0]).minus(exact.slope).abs()
      expect(error.div(exact.scale).toNumber(), `slope of ${title}`).toBeLessThanOrEqual(CANCELLED[dtype])
    }
  })

  it('has the limits at infinities, and shows a NaN', () => {
    const of = (x: number, z: number, options = {}) => {
      const result = binaryCrossEntropyWithGradient(floatArray(dtype, [x]), [z], { ...options, reduction: 'none' })
      return [result.loss[0], result.gradient[0]]
    }
    expect(of(inf, 1)).toEqual([0, 0])
    expect(of(inf, 0)).toEqual([inf, 1])
    expect(of(inf, 0.75)).toEqual([inf, 0.25])
    expect(of(-inf, 0)).toEqual([0, 0])
    expect(of(-inf, 1)).toEqual([inf, -1])
    expect(of(-inf, 1, { positiveWeight: 0 })).toEqual([0, 0])
    expect(of(nan, 0)).toEqual([nan, nan])
    expect(of(nan, 1)).toEqual([nan, nan])
    expect(of(nan, 1, { sampleWeights: [0] })).toEqual([0, 0])
    expect(of(inf, 1, { labelSmoothing: 0.5 })).toEqual([inf, 0.25])
    // e^−709.4 is subnormal, a bit above 2^−1024
    expect(of(709.4, 1)[0] > 0).toBe(dtype === 'f64')
    expect(binaryCrossEntropy(floatArray(dtype, [inf, 3000, -inf]), [1, 1, 0])).toBe(0)
  })

  it('combines classes, weights and reductions as it says', () => {
    const random = seededRandom(4)
    const rows = 5
    const classes = 3
    const logits = floatArray(
      dtype,
      Array.from({ length: rows * classes }, () => 3 * random.normal()),
    )
    const targets = Array.from({ length: rows * classes }, () => random.uniform())
    const positiveWeight = [0.5, 2, 7]
    const sampleWeights = [1, 0, 2, 0.25, 3]
    const options = { classes, positiveWeight, sampleWeights } as const
    const entries = Array.from(logits, (x, i) => oracle(x, targets[i], positiveWeight[i % classes], 0))
    const weightOf = (i: number) => world.from(sampleWeights[Math.floor(i / classes)])
    const weighted = entries.map(({ loss }, i) => loss.times(weightOf(i)))
    const sum = weighted.reduce((a, b) => a.plus(b))
    const divisor = world.from(classes * 6.25)
    expect(binaryCrossEntropy(logits, targets, { ...options, reduction: 'sum' })).toBeCloseTo(sum.toNumber(), 9)
    const result = binaryCrossEntropyWithGradient(logits, targets, options)
    expect(result.loss).toBeCloseTo(sum.div(divisor).toNumber(), 9)
    const none = binaryCrossEntropyWithGradient(logits, targets, { ...options, reduction: 'none' })
    entries.forEach(({ slope, scale }, i) => {
      // The rounding of the product with the weight is one half of an ulp more in float64, twice that in a lower binade.
      const goal = dtype === 'f32' ? GOAL.f32 : GOAL.f64 + 1
      expect(ulpError(none.loss[i], toExact(weighted[i], dtype), dtype), `loss ${i}`).toBeLessThanOrEqual(goal)
      const error = world
        .from(result.gradient[i])
        .minus(slope.times(weightOf(i)).div(divisor))
        .abs()
      const bound = scale
        .times(weightOf(i))
        .div(divisor)
        .times(dtype === 'f32' ? 1e-7 : 2e-16)
      expect(error.lessThanOrEqualTo(bound), `${i}`).toBe(true)
    })
    expect(binaryCrossEntropy([1, 2], [0, 1], { sampleWeights: [0, 0] })).toBe(0)
  })

  it('takes targets of any kind, and writes the gradient in place', () => {
    const logits = floatArray(dtype, [-1, 2, 0.5])
    const expected = binaryCrossEntropyWithGradient(logits, [0, 1, 1])
    for (const targets of [[false, true, true], Uint8Array.of(0, 1, 1), Float32Array.of(0, 1, 1)]) {
      expect(binaryCrossEntropyWithGradient(logits, targets)).toEqual(expected)
    }
    expect(binaryCrossEntropyWithGradient(logits, [0, 1, 1], { out: logits }).gradient).toBe(logits)
    expect(logits).toEqual(expected.gradient)
  })
})

it('the textbook formulas fail on these logits', () => {
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
  expect(Math.log(sigmoid(40))).toBe(0)
  expect(sigmoid(40) - 1).toBe(0)
  expect(-Math.log(1 - sigmoid(40))).toBe(inf)
  expect(binaryCrossEntropy([40], [1])).toBeGreaterThan(4e-18)
})

describe('messages', () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [() => binaryCrossEntropy([], []), RangeError, 'binaryCrossEntropy: expected at least one logit, got none'],
    [
      () => binaryCrossEntropy([1, 2], [1]),
      RangeError,
      'binaryCrossEntropy: expected one target per logit, 2 in all, got 1',
    ],
    [
      () => binaryCrossEntropy([1, 2], [0, 1.5]),
      RangeError,
      'binaryCrossEntropy: expected targets[1] to be a number in [0, 1], got 1.5',
    ],
    [
      () => binaryCrossEntropy([1], [nan]),
      RangeError,
      'binaryCrossEntropy: expected targets[0] to be a number in [0, 1], got NaN',
    ],
    [
      () => binaryCrossEntropy([1], bad(['1'])),
      TypeError,
      'binaryCrossEntropy: expected targets[0] to be a number in [0, 1], got "1"',
    ],
    [
      () => binaryCrossEntropy([1], bad('1')),
      TypeError,
      'binaryCrossEntropy: expected targets to be an array of numbers or booleans, got "1"',
    ],
    [
      () => binaryCrossEntropy([1, 2, 3], [0, 1, 1], { classes: 2 }),
      RangeError,
      'binaryCrossEntropy: expected the length of logits to be a multiple of classes = 2, got 3',
    ],
    [
      () => binaryCrossEntropy([1, 2], [0, 1], { positiveWeight: [1, 2] }),
      RangeError,
      'binaryCrossEntropy: expected positiveWeight to hold one number per class, 1 in all, got 2',
    ],
    [
      () => binaryCrossEntropy([1, 2], [0, 1], { positiveWeight: -1 }),
      RangeError,
      'binaryCrossEntropy: expected positiveWeight to be a number in [0, 1e+100], got -1',
    ],
    [
      () => binaryCrossEntropy([1, 2], [0, 1], { sampleWeights: [1] }),
      RangeError,
      'binaryCrossEntropy: expected sampleWeights to hold one number per row, 2 in all, got 1',
    ],
    [
      () => binaryCrossEntropy([1, 2], [0, 1], { labelSmoothing: 1 }),
      RangeError,
      'binaryCrossEntropy: expected labelSmoothing to be a number in [0, 1), got 1',
    ],
    [
      () => binaryCrossEntropy([1], [1], { reduction: bad('all') }),
      RangeError,
      "binaryCrossEntropy: expected reduction to be one of 'mean', 'sum', 'none', got \"all\"",
    ],
    [
      () => {
        const targets = new Float64Array(1)
        return binaryCrossEntropyWithGradient([1], targets, { out: targets })
      },
      RangeError,
      'binaryCrossEntropyWithGradient: expected out to be apart from the targets, got an overlap at byte 0',
    ],
  ]
  it.each(cases)('%#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })
})
