/**
 * Focal loss of rows and of single logits, with gradients: accuracy against decimal arithmetic, infinities, weights, messages.
 */
import { describe, expect, it } from 'vitest'
import {
  binaryFocalLoss,
  binaryFocalLossWithGradient,
  crossEntropyWithGradient,
  focalLoss,
  focalLossWithGradient,
} from '../src/index.ts'
import { bad } from './support/bad.ts'
import { decimalWorld } from './support/distribution.ts'
import { hardRow } from './support/hard-rows.ts'
import { type Decimal, toExact } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from './support/ulp.ts'

const world = decimalWorld(400)
/** What is known exactly enough is raised to powers with fewer digits. */
const rough = decimalWorld(60)
const one = world.from(1)
const GOAL: Record<Dtype, number> = { f32: 0.501, f64: 0.55 }
const GAMMAS = [0, 1, 2, 0.5, 3.7, 17, 60.25]

interface Exact {
  readonly loss: Decimal
  /** (1 − p)^γ (1 + γ p (−log p)/(1 − p)). */
  readonly slope: Decimal
}

/** From the definition, for a probability p, 1 − p and −log p. */
function oracle(p: Decimal, rest: Decimal, loss: Decimal, gamma: number): Exact {
  if (rest.isZero()) return { loss: world.zero, slope: gamma === 0 ? one : world.zero }
  const g = world.from(gamma)
  const power = gamma === 0 ? one : rough.exp(rough.log(rest).times(g))
  return { loss: power.times(loss), slope: power.times(one.plus(g.times(p).times(loss).div(rest))) }
}

describe.each(DTYPES)('focal loss, %s', (dtype) => {
  it('of rows keeps its bounds at any margin, and so does the gradient', () => {
    const random = seededRandom(31)
    for (let k = 0; k < 40; k++) {
      const logits = hardRow(random, dtype, 1 + random.below(5))
      const label = random.below(logits.length)
      if (logits[label] === Number.NEGATIVE_INFINITY) continue
      const temperature = random.below(2) === 0 ? 1 : 2 ** (random.uniform() * 6 - 3)
      const gamma = GAMMAS[random.below(GAMMAS.length)]
      const { p, logP } = world.softmax(logits, temperature)
      const rest = p.reduce((sum, share, i) => (i === label ? sum : sum.plus(share)), world.zero)
      const exact = oracle(p[label], rest, (logP[label] ?? world.zero).negated(), gamma)
      const title = `[${logits.join()}] ${label} / ${temperature} ^ ${gamma}`
      const options = { classes: logits.length, gamma, temperature, reduction: 'none' } as const
      const result = focalLossWithGradient(logits, [label], options)
      expect(focalLoss(logits, [label], options)).toEqual(result.loss)
      expect(ulpError(result.loss[0], toExact(exact.loss, dtype), dtype), title).toBeLessThanOrEqual(GOAL[dtype])
      p.forEach((share, j) => {
        const factor = j === label ? rest.negated() : share
        const slope = toExact(factor.times(exact.slope).div(world.from(temperature)), dtype)
        expect(ulpError(result.gradient[j], slope, dtype), `${title} at ${j}`).toBeLessThanOrEqual(GOAL[dtype])
      })
    }
  })

  it('of single logits, likewise', () => {
    const random = seededRandom(32)
    for (let k = 0; k < 40; k++) {
      const size = random.below(2) === 0 ? 20 : dtype === 'f32' ? 105 : 746
      const x = floatArray(dtype, [size * (2 * random.uniform() - 1)])[0]
      const z = random.below(2)
      const gamma = GAMMAS[random.below(GAMMAS.length)]
      const alpha = [0.25, 1 / 3][random.below(2)]
      const power = world.exp(world.from(z === 1 ? -x : x))
      const total = one.plus(power)
      const exact = oracle(one.div(total), power.div(total), world.log(total), gamma)
      const weight = z === 1 ? world.from(alpha) : one.minus(world.from(alpha))
      const options = { gamma, alpha, reduction: 'none' } as const
      const result = binaryFocalLossWithGradient(floatArray(dtype, [x]), [z], options)
      const title = `${x} ${z} ^ ${gamma}`
      const loss = toExact(exact.loss.times(weight), dtype)
      expect(ulpError(result.loss[0], loss, dtype), title).toBeLessThanOrEqual(GOAL[dtype])
      const slope = toExact(
        exact.slope
          .times(weight)
          .times(power.div(total))
          .times(1 - 2 * z),
        dtype,
      )
      expect(ulpError(result.gradient[0], slope, dtype), title).toBeLessThanOrEqual(GOAL[dtype])
    }
  })

  it('with gamma 0 is the cross-entropy, bit for bit, with all options that both have', () => {
    const random = seededRandom(33)
    const logits = floatArray(
      dtype,
      Array.from({ length: 24 }, () => 4 * random.normal()),
    )
    const labels = [0, 1, 2, 9, 0, 1, 2, 0]
    const options = {
      shape: [2, 3, 4],
      axis: 1,
      ignoreIndex: 9,
      classWeights: [1, 2, 0.5],
      sampleWeights: [1, 2, 1, 1, 0, 3, 1, 1],
      temperature: 2,
    } as const
    for (const reduction of ['mean', 'sum', 'none'] as const) {
      const focal = focalLossWithGradient(logits, labels, { ...options, gamma: 0, reduction })
      const plain = crossEntropyWithGradient(logits, labels, { ...options, reduction })
      expect(focal.gradient).toEqual(plain.gradient)
      // Reduced losses of float32 rows show digits beyond float32, where the exponentials of the two differ.
      if (dtype === 'f32' && reduction !== 'none') expect(focal.loss).toBeCloseTo(Number(plain.loss), 10)
      else expect(focal.loss).toEqual(plain.loss)
    }
  })

  it('has limits at infinities', () => {
    const inf = Number.POSITIVE_INFINITY
    const nan = Number.NaN
    const of = (logits: number[], label: number, options = {}) => {
      const row = floatArray(dtype, logits)
      const { loss, gradient } = focalLossWithGradient(row, [label], {
        classes: row.length,
        ...options,
        reduction: 'none',
      })
      return [loss[0], ...gradient]
    }
    expect(of([0, -inf, 0], 1)).toEqual([inf, 0.5, -1, 0.5])
    expect(of([0, inf], 1)).toEqual([0, 0, 0])
    expect(of([0, inf], 0)).toEqual([inf, -1, 1])
    expect(of([inf, inf], 0)).toEqual([nan, nan, nan])
    expect(of([nan, 0], 1)).toEqual([nan, nan, nan])
    expect(of([-inf, -inf], 1)).toEqual([nan, nan, nan])
    expect(of([-inf, -inf], 1, { allMasked: 'zero' })).toEqual([0, 0, 0])
    expect(of([nan, 0], 1, { sampleWeights: [0] })).toEqual([0, 0, 0])
    expect(of([5], 0)).toEqual([0, 0])
    expect(of([5, -inf], 0, { gamma: 0.5 })).toEqual([0, 0, 0])
    const single = (x: number, z: number, options = {}) => {
      const { loss, gradient } = binaryFocalLossWithGradient(floatArray(dtype, [x]), [z], {
        ...options,
        reduction: 'none',
      })
      return [loss[0], gradient[0]]
    }
    expect(single(inf, 1)).toEqual([0, 0])
    expect(single(inf, 0)).toEqual([inf, 1])
    expect(single(-inf, 1)).toEqual([inf, -1])
    expect(single(-inf, 1, { alpha: 0 })).toEqual([0, 0])
    expect(single(nan, 1, { alpha: 0 })).toEqual([nan, nan])
    expect(single(nan, 1, { sampleWeights: [0] })).toEqual([0, 0])
  })

  it('writes the gradient in place, under a mask and with classes', () => {
    const logits = floatArray(dtype, [1, 2, 3, 4, 0, 1])
    const mask = Uint8Array.of(1, 1, 0, 1, 1, 1)
    const ruledOut = logits.slice()
    ruledOut[2] = Number.NEGATIVE_INFINITY
    const expected = focalLossWithGradient(ruledOut, [1, 0])
    expect(focalLossWithGradient(logits, [1, 0], { mask, out: logits })).toEqual(expected)
    const single = floatArray(dtype, [1, -2, 3, 4])
    const weighted = binaryFocalLossWithGradient(single, [1, 0, 0, 1], { classes: 2, sampleWeights: [1, 0] })
    const alone = binaryFocalLossWithGradient(single.slice(0, 2), [true, false])
    expect(weighted.loss).toBe(alone.loss)
    expect(Array.from(weighted.gradient)).toEqual([...alone.gradient, 0, 0])
    expect(binaryFocalLossWithGradient(single, [1, 0, 0, 1], { out: single }).gradient).toBe(single)
  })
})

it('the textbook formula fails where p is nearly 1', () => {
  const p = Math.exp(40) / (Math.exp(40) + 1)
  expect((1 - p) ** 2 * -Math.log(p)).toBe(-0)
  expect(focalLoss([40, 0], [0]) / Math.exp(-120)).toBeCloseTo(1, 9)
})

describe('messages', () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => focalLoss([1, 2], [0], { gamma: -1 }),
      RangeError,
      'focalLoss: expected gamma to be a number at least 0 and finite, got -1',
    ],
    [
      () => focalLoss([1, 2], [0], { gamma: bad('2') }),
      TypeError,
      'focalLoss: expected gamma to be a number at least 0 and finite, got "2"',
    ],
    [
      () => focalLoss([1, 2], bad(new Float64Array(2)), { classes: 2 }),
      TypeError,
      'focalLoss: expected labels to be an integer array or a number[], got Float64Array of length 2 (distributions are not supported)',
    ],
    [
      () => focalLoss([1, 2], [0, 1], { classes: 2 }),
      RangeError,
      'focalLoss: expected one label per row, 1 in all, got 2 (distributions are not supported)',
    ],
    [
      () => focalLoss([1, 2], [0, 0]),
      RangeError,
      'focalLoss: expected more logits than labels, or classes, got 2 of each and no classes (give classes: 1 if there is one class)',
    ],
    [
      () => focalLoss([1, 2], [2]),
      RangeError,
      'focalLoss: expected labels[0] to be an integer in [0, 2), got 2 (labels count from 0)',
    ],
    [
      () => focalLoss([1, 2], [0], bad({ labelSmoothing: 0.1 })),
      TypeError,
      'focalLoss: expected known option names, got "labelSmoothing" (known are classes, shape, axis, mask, temperature, gamma, reduction, ' +
        'classWeights, sampleWeights, ignoreIndex, allMasked)',
    ],
    [
      () => binaryFocalLoss([1], [0.5]),
      RangeError,
      'binaryFocalLoss: expected targets[0] to be a number equal to 0 or 1, got 0.5',
    ],
    [
      () => binaryFocalLoss([1], [1], { alpha: 2 }),
      RangeError,
      'binaryFocalLoss: expected alpha to be a number in [0, 1], got 2',
    ],
  ]
  it.each(cases)('%#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })
})
