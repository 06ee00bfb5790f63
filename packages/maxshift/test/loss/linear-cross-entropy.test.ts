/**
 * linearCrossEntropy and its gradients against crossEntropy on logits that are exact: features and weights are small integers, so that
 * every product and every sum of them is exact in either type.
 */

import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  crossEntropy,
  crossEntropyWithGradient,
  type LinearCrossEntropyOptions,
  linearCrossEntropy,
  linearCrossEntropyWithGradient,
} from '../../src/index.ts'
import type { Reduction } from '../../src/loss/reduction.ts'
import { bad } from '../support/bad.ts'
import { seededRandom } from '../support/random.ts'

const ROWS = 70
const FEATURES = 13
const CLASSES = 11
const arrays = { u8: Uint8Array, f32: Float32Array, f64: Float64Array }
const KINDS = [
  ['u8', 'f32'],
  ['f32', 'f32'],
  ['u8', 'f64'],
  ['f32', 'f64'],
  ['f64', 'f32'],
  ['f64', 'f64'],
] as const
type Kinds = (typeof KINDS)[number]

const random = seededRandom(77)
const integers = Array.from({ length: ROWS * FEATURES }, () => random.below(6))
const quarters = Array.from({ length: CLASSES * FEATURES }, () => (random.below(33) - 16) / 4)
const bias = Array.from({ length: CLASSES }, () => (random.below(9) - 4) / 2)
const labels = Array.from({ length: ROWS }, () => random.below(CLASSES))
const distributions = Float64Array.from({ length: ROWS * CLASSES }, () => random.uniform() / 3)
const sampleWeights = Array.from({ length: ROWS }, () => random.below(4) / 2)
const classWeights = Array.from({ length: CLASSES }, () => 0.25 + random.uniform())

/** The logits, exact. */
function exactLogits(intercepts: readonly number[] | undefined): number[] {
  const logits: number[] = []
  for (let r = 0; r < ROWS; r++)
    for (let k = 0; k < CLASSES; k++) {
      let sum = intercepts === undefined ? 0 : intercepts[k]
      for (let j = 0; j < FEATURES; j++) sum += integers[r * FEATURES + j] * quarters[k * FEATURES + j]
      logits.push(sum)
    }
  return logits
}

function given([x, w]: Kinds) {
  const features = arrays[x].from(integers)
  const weights = arrays[w].from(quarters) as Float32Array
  const type = x !== 'f64' && w === 'f32' ? 'f32' : 'f64'
  return { features, weights, type, u: type === 'f32' ? 2 ** -24 : 2 ** -53 } as const
}

const OPTIONS: Record<string, Partial<LinearCrossEntropyOptions<Reduction>>> = {
  none: {},
  bias: { bias },
  sum: { bias, reduction: 'sum' },
  'row by row': { bias, reduction: 'none' },
  ignoreIndex: { ignoreIndex: [3, 5] },
  weights: { classWeights, sampleWeights },
  smoothing: { labelSmoothing: 0.1, classWeights },
  temperature: { temperature: 3 },
  'z-loss': { zLoss: 1e-3, sampleWeights, reduction: 'sum' },
  'soft cap': { softCap: 9, bias },
  'fast mode': { mode: 'fast' },
  'all of them': { bias, classWeights, sampleWeights, labelSmoothing: 0.2, zLoss: 0.01, softCap: 20, temperature: 0.5 },
}

describe.each(KINDS)('%s features, %s weights', (...kinds) => {
  const { features, weights, type, u } = given(kinds)
  const targets = [['labels', labels] as const, ['distributions', distributions] as const]

  for (const [kind, ofRows] of targets) {
    it.each(Object.entries(OPTIONS).filter(([name]) => kind === 'labels' || name !== 'ignoreIndex'))(
      `the loss of the logits with ${kind} and option: %s`,
      (_, options) => {
        const { bias: intercepts, ...rest } = options
        const logits = arrays[type].from(exactLogits(intercepts as number[] | undefined)) as Float32Array
        const all = { ...options, featureCount: FEATURES }
        const expected = crossEntropyWithGradient(logits, ofRows, { ...rest, classes: CLASSES })
        expect(linearCrossEntropy(features, weights, ofRows, all)).toEqual(expected.loss)
        const result = linearCrossEntropyWithGradient(features, weights, ofRows, { ...all, featuresGradient: true })
        expect(result.loss).toEqual(expected.loss)
        for (const name of ['weightsGradient', 'biasGradient', 'featuresGradient'] as const) {
          expect(result[name]).toBeInstanceOf(arrays[type])
        }
        // Two tiles, one panel: 64 products, two additions, and the rounding of the result.
        const g = (r: number, k: number): number => expected.gradient[r * CLASSES + k]
        const near = (got: number | undefined, terms: number[]): void => {
          const exact = terms.reduce((a, b) => a + b, 0)
          const magnitude = terms.reduce((a, b) => a + Math.abs(b), 0)
          expect(Math.abs((got as number) - exact)).toBeLessThanOrEqual((67 + ROWS) * u * magnitude)
        }
        const rows = Array.from({ length: ROWS }, (_, r) => r)
        const classes = Array.from({ length: CLASSES }, (_, k) => k)
        for (const k of classes) {
          near(
            result.biasGradient[k],
            rows.map((r) => g(r, k)),
          )
          for (let j = 0; j < FEATURES; j++) {
            near(
              result.weightsGradient[k * FEATURES + j],
              rows.map((r) => g(r, k) * integers[r * FEATURES + j]),
            )
          }
        }
        for (const r of rows)
          for (let j = 0; j < FEATURES; j++) {
            near(
              result.featuresGradient?.[r * FEATURES + j],
              classes.map((k) => g(r, k) * quarters[k * FEATURES + j]),
            )
          }
      },
    )
  }

  it('the facts about rows are those of the logits, tile by tile', () => {
    const logits = arrays[type].from(exactLogits(bias)) as Float32Array
    const stats = () => ({
      logSumExp: new arrays[type](ROWS) as Float32Array,
      entropy: new arrays[type](ROWS) as Float32Array,
      argmax: new Int32Array(ROWS),
    })
    const expected = stats()
    crossEntropy(logits, labels, { rowStats: expected })
    const rowStats = stats()
    linearCrossEntropy(features, weights, labels, { featureCount: FEATURES, bias, rowStats })
    expect(rowStats).toEqual(expected)
  })

  it('the gradient of the weights is that of the logits, bit by bit, where each row has a feature of its own', () => {
    const size = 67
    const identity = new arrays[kinds[0]](size * size)
    for (let r = 0; r < size; r++) identity[r * size + r] = 1
    const w = (arrays[kinds[1]] as typeof Float32Array).from({ length: 5 * size }, (_, i) => Math.sin(i))
    const own = Array.from({ length: size }, (_, r) => r % 5)
    const logits = new arrays[type](size * 5) as Float32Array
    for (let r = 0; r < size; r++) for (let k = 0; k < 5; k++) logits[r * 5 + k] = w[k * size + r]
    const expected = crossEntropyWithGradient(logits, own)
    const { loss, weightsGradient } = linearCrossEntropyWithGradient(identity, w, own, { featureCount: size })
    expect(loss).toBe(expected.loss)
    for (let r = 0; r < size; r++)
      for (let k = 0; k < 5; k++) expect(weightsGradient[k * size + r]).toBe(expected.gradient[r * 5 + k])
  })
})

describe('a confident row', () => {
  it('has a loss and gradients with all their digits', () => {
    const weights = Float64Array.of(0, -50)
    const { loss, weightsGradient } = linearCrossEntropyWithGradient([1], weights, [0], { featureCount: 1 })
    // log1p(exp(−50)) and exp(−50) / (1 + exp(−50)), to 17 digits.
    expect(loss).toBe(1.9287498479639178e-22)
    expect(weightsGradient).toEqual(Float64Array.of(-1.9287498479639178e-22, 1.9287498479639178e-22))
  })
})

describe('NaN and infinities', () => {
  const options = { featureCount: 2, featuresGradient: true } as const
  const weights = Float32Array.of(1, 2, -1, 1, 0, 3)

  it('a NaN concerns its row, and the sums that it is part of', () => {
    const features = Float32Array.of(1, 2, NaN, 0, 3, 1)
    const losses = linearCrossEntropy(features, weights, [0, 1, 2], { featureCount: 2, reduction: 'none' })
    const without = linearCrossEntropy(Float32Array.of(1, 2, 3, 1), weights, [0, 2], {
      featureCount: 2,
      reduction: 'none',
    })
    expect(losses).toEqual(Float32Array.of(without[0], NaN, without[1]))
    const result = linearCrossEntropyWithGradient(features, weights, [0, 1, 2], options)
    expect(result.loss).toBeNaN()
    expect([...result.weightsGradient].every(Number.isNaN)).toBe(true)
    expect([...(result.featuresGradient ?? [])].map(Number.isNaN)).toEqual([false, false, true, true, false, false])
  })
  it.each([
    ['ignored', { ignoreIndex: 1 }],
    ['of weight 0', { sampleWeights: [1, 0, 1] }],
  ])('a row that is %s has no part in anything, whatever it holds', (_, out) => {
    const features = Float32Array.of(1, 2, NaN, Infinity, 3, 1)
    const result = linearCrossEntropyWithGradient(features, weights, [0, 1, 2], { ...options, ...out })
    const without = linearCrossEntropyWithGradient(Float32Array.of(1, 2, 3, 1), weights, [0, 2], options)
    const [a, b, c, d] = without.featuresGradient ?? []
    expect(result).toEqual({ ...without, featuresGradient: Float32Array.of(a, b, 0, 0, c, d) })
  })
  it('a bias of −∞ rules a class out', () => {
    const features = Float64Array.of(1, 2, 3, 1)
    const all = { ...options, bias: [0, -Infinity, 0] }
    const result = linearCrossEntropyWithGradient(features, weights, [0, 2], all)
    const rest = linearCrossEntropyWithGradient(
      features,
      weights.filter((_, i) => i < 2 || i > 3),
      [0, 1],
      options,
    )
    expect(result.loss).toBe(rest.loss)
    expect([...result.weightsGradient.subarray(2, 4), result.biasGradient[1]]).toEqual([0, 0, 0])
    expect(linearCrossEntropy(features, weights, [1, 2], { featureCount: 2, bias: [0, -Infinity, 0] })).toBe(Infinity)
  })
  it('an infinite feature gives the limit where there is one', () => {
    const losses = linearCrossEntropy([Infinity, 1, 2, 1], [1, 0, -1, 0], [0, 0], {
      featureCount: 2,
      reduction: 'none',
    })
    // The logits are +∞ + 0 and −∞ + 0, and 2 and −2.
    expect([...losses]).toEqual([0, crossEntropy([2, -2], [0])])
    expect(linearCrossEntropy([Infinity], [1, 0], [0], { featureCount: 1 })).toBeNaN()
  })
  it('an infinite weight concerns its class, also beside the padding of rows', () => {
    for (const Type of [Float32Array, Float64Array]) {
      const features = new Type(15).map((_, i) => i + 1)
      const w = new Type(20)
      w[9] = Infinity
      const losses = linearCrossEntropy(features, w, [1, 0, 1], { featureCount: 5, reduction: 'none' })
      expect([...losses]).toEqual([0, Infinity, 0])
      const large = Type.of(1e38, 1e38)
      const product = linearCrossEntropy(large, Type.of(1e38, 0, 0, 0), [0], { featureCount: 2 })
      expect(product, 'a product beyond float32 is infinite').toBe(0)
    }
  })
  it('a mean over nothing is 0, with gradients 0', () => {
    const result = linearCrossEntropyWithGradient([NaN, 1], weights, [1], { ...options, ignoreIndex: 1 })
    const zeros = (length: number) => new Float64Array(length)
    expect(result).toEqual({ loss: 0, weightsGradient: zeros(6), biasGradient: zeros(3), featuresGradient: zeros(2) })
  })
})

describe('many calls', () => {
  it('leave nothing behind for one another', () => {
    const shapes = [
      [1, 1, 1],
      [3, 5, 2],
      [65, 17, 12],
      [2, 33, 70],
    ]
    const call = ([rows, featureCount, classes]: number[], value: (i: number) => number) =>
      linearCrossEntropyWithGradient(
        Float32Array.from({ length: rows * featureCount }, (_, i) => value(i)),
        Float32Array.from({ length: classes * featureCount }, (_, i) => value(3 * i + 1)),
        new Int32Array(rows),
        { featureCount, featuresGradient: true },
      )
    const expected = shapes.map((shape) => call(shape, Math.sin))
    for (let n = 0; n < 3; n++) {
      for (const shape of shapes) call(shape, () => NaN)
      expect(shapes.map((shape) => call(shape, Math.sin))).toEqual(expected)
    }
  })
})

describe('arrays for the gradients', () => {
  const features = Float32Array.from(integers)
  const weights = Float32Array.from(quarters)
  const options = { featureCount: FEATURES, featuresGradient: true } as const

  it('are filled, and not beyond their length', () => {
    const expected = linearCrossEntropyWithGradient(features, weights, labels, options)
    const out = {
      weightsGradient: new Float32Array(weights.length + 3).fill(5),
      biasGradient: new Float32Array(CLASSES + 3).fill(5),
      featuresGradient: new Float32Array(features.length + 3).fill(5),
    }
    const result = linearCrossEntropyWithGradient(features, weights, labels, { ...options, out })
    expect(result).toEqual(expected)
    for (const [name, array] of Object.entries(out)) {
      expect(result[name as keyof typeof out]?.buffer).toBe(array.buffer)
      expect([...array.subarray(-3)]).toEqual([5, 5, 5])
    }
  })
  it('inputs stay as they are', () => {
    const copies = [Float32Array.from(features), Float32Array.from(weights), [...labels]]
    linearCrossEntropyWithGradient(features, weights, labels, { ...options, sampleWeights, ignoreIndex: 2 })
    expect([features, weights, labels]).toEqual(copies)
  })
})

describe('messages', () => {
  const x = new Float32Array(6)
  const w = new Float32Array(9)
  const y = [0, 1]
  const three = { featureCount: 3 }
  it.each([
    [
      () => linearCrossEntropy(x, w, y, bad(undefined)),
      TypeError,
      'expected featureCount, the numbers per row of the features, got undefined',
    ],
    [
      () => linearCrossEntropy(x, w, y, bad({ featureCount: '3' })),
      TypeError,
      'expected featureCount to be an integer, got "3"',
    ],
    [
      () => linearCrossEntropy(x, w, y, { featureCount: 0 }),
      RangeError,
      'expected featureCount to be an integer in [1, ',
    ],
    [
      () => linearCrossEntropy(x, w, y, { featureCount: 4 }),
      RangeError,
      'expected the length of features to be a multiple of featureCount = 4, got 6',
    ],
    [
      () => linearCrossEntropy(x, new Float32Array(8), y, three),
      RangeError,
      'expected the length of weights to be a multiple of featureCount = 3, got 8',
    ],
    [
      () => linearCrossEntropy(x, w, y, { ...three, classes: 4 }),
      RangeError,
      'expected weights of classes × featureCount = 4 × 3 = 12 numbers, got 9',
    ],
    [
      () => linearCrossEntropy(x, w, y, { ...three, bias: [1, 2] }),
      RangeError,
      'expected bias to hold one number per class, 3 in all, got 2',
    ],
    [
      () => linearCrossEntropy(x, w, y, { ...three, bias: bad(1) }),
      TypeError,
      'expected bias to be a Float32Array, a Float64Array or a number[], got 1',
    ],
    [
      () => linearCrossEntropy(x, w, [0, 1, 2], three),
      RangeError,
      'expected one label per row, 2 in all, or a distribution over the 3 classes per row, 6 in all, got 3',
    ],
    [
      () => linearCrossEntropy(x, w, [0, 3], three),
      RangeError,
      'expected labels[1] to be an integer in [0, 3), got 3 (labels count from 0)',
    ],
    [() => linearCrossEntropy([], w, [], three), RangeError, 'expected at least one row of features, got none'],
    [() => linearCrossEntropy(x, [], y, three), RangeError, 'expected weights of at least one class, got none'],
    [
      () => linearCrossEntropy(bad(new Int8Array(6)), w, y, three),
      TypeError,
      'expected features to be a Float32Array, a Float64Array, a number[] or a Uint8Array, got Int8Array of length 6',
    ],
    [
      () => linearCrossEntropy(bad([1, '2', 3]), w, [0], three),
      TypeError,
      'expected features[1] to be a number, got "2"',
    ],
    [
      () => linearCrossEntropy(x, bad(new Uint8Array(9)), y, three),
      TypeError,
      'expected weights to be a Float32Array, a Float64Array or a number[], got Uint8Array of length 9',
    ],
    [
      () => linearCrossEntropy(x, w, bad('01'), three),
      TypeError,
      'expected labels to be an integer array, a number[] or, with distributions, a Float32Array or a Float64Array, got "01"',
    ],
    [
      () => linearCrossEntropy(x, w, y, { ...three, temperature: 0 }),
      RangeError,
      'expected temperature to be a finite number above 0, got 0',
    ],
    [
      () => linearCrossEntropy(x, w, y, bad({ ...three, mask: new Uint8Array(6) })),
      TypeError,
      'expected known option names, got "mask"',
    ],
    [
      () => linearCrossEntropy(x, w, y, bad({ featurecount: 3 })),
      TypeError,
      'expected known option names, got "featurecount" (did you mean featureCount?)',
    ],
  ] as const)('refuses %#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(`linearCrossEntropy: ${message}`)
  })

  const gradient = (options: object) => () => linearCrossEntropyWithGradient(x, w, y, bad({ ...three, ...options }))
  it.each([
    [{ featuresGradient: 1 }, TypeError, 'expected featuresGradient to be true or false, got 1'],
    [
      { out: { featuresGradient: x } },
      TypeError,
      'expected out.featuresGradient only together with featuresGradient: true, got Float32Array of length 6 and featuresGradient = undefined',
    ],
    [
      { out: { weightsGradient: new Float64Array(9) } },
      TypeError,
      'expected out.weightsGradient to be a Float32Array, got Float64Array of length 9',
    ],
    [
      { out: { biasGradient: new Float32Array(2) } },
      RangeError,
      'expected out.biasGradient to have room for 3 results, got length 2',
    ],
    [
      { out: { weightsGradient: w } },
      RangeError,
      'expected weightsGradient to be apart from weights, got an overlap at byte 0',
    ],
    [{ out: { gradient: w } }, TypeError, 'expected known names in out, got "gradient"'],
  ])('refuses %j with a gradient', (options, kind, message) => {
    expect(gradient(options)).toThrow(kind)
    expect(gradient(options)).toThrow(message)
  })
})

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })
  it('everything has the same bits', async () => {
    const options = { featureCount: FEATURES, featuresGradient: true, bias } as const
    const features = Float32Array.from(integers, Math.sqrt)
    const weights = Float32Array.from(quarters, Math.cbrt)
    const expected = linearCrossEntropyWithGradient(features, weights, labels, options)
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    const fresh = await import('../../src/index.ts')
    expect(fresh.backend().accurate).toBe('typescript')
    expect(fresh.linearCrossEntropyWithGradient(features, weights, labels, options)).toEqual(expected)
  })
})
