/**
 * Bad input of the cross-entropies: each message, word for word. Contradictions name both sides.
 */
import { describe, expect, it } from 'vitest'
import { crossEntropy, crossEntropyWithGradient } from '../../src/index.ts'
import { bad } from '../support/bad.ts'

const shared = new Float32Array(8)
const doubles = new Float64Array(8)
const two = [1, 2]
const six = [1, 2, 3, 4, 5, 6]
const distributions = Float64Array.of(0.5, 0.5, 0, 1, 0, 0)

type Case = [call: () => unknown, kind: typeof TypeError | typeof RangeError, message: string]

const labels: Case[] = [
  [
    () => crossEntropy(two, bad('0')),
    TypeError,
    'crossEntropy: expected labels to be an integer array, a number[] or, with distributions, a Float32Array or a Float64Array, got "0"',
  ],
  [
    () => crossEntropy(two, bad(BigInt64Array.of(0n))),
    TypeError,
    'crossEntropy: expected labels to be an integer array, a number[] or, with distributions, a Float32Array or a Float64Array, got BigInt64Array of length 1',
  ],
  [() => crossEntropy(two, []), RangeError, 'crossEntropy: expected at least one label, got none'],
  [() => crossEntropy([], [0]), RangeError, 'crossEntropy: expected at least one logit per row, got none'],
  [
    () => crossEntropy([1, 2, 3], [0, 1]),
    RangeError,
    'crossEntropy: expected the length of logits to be a multiple of the number of labels, got 3 logits and 2 labels',
  ],
  [
    () => crossEntropy([1, 2, 3, 4], Int32Array.of(0), { classes: 2 }),
    RangeError,
    'crossEntropy: expected one label per row, 2 in all, got 1',
  ],
  [
    () => crossEntropy(six, [0], { classes: 3 }),
    RangeError,
    'crossEntropy: expected one label per row, 2 in all, or a distribution over the 3 classes per row, 6 in all, got 1',
  ],
  [
    () => crossEntropy(six, Float32Array.of(0, 1), { classes: 3 }),
    RangeError,
    'crossEntropy: expected a distribution over the 3 classes per row, 6 in all, got 2 ' +
      '(a FloatArray holds distributions; labels are an integer array or a number[])',
  ],
  [
    () => crossEntropy(six, Uint8Array.of(1, 0, 0, 0, 1, 0), { classes: 3 }),
    RangeError,
    'crossEntropy: expected one label per row, 2 in all, got 6 (distributions are a FloatArray or a number[])',
  ],
  [
    () => crossEntropy([1, 2, 3], [0.2, 0.3, 0.5]),
    RangeError,
    'crossEntropy: expected more logits than labels, or classes, got 3 of each and no classes ' +
      '(give classes: 1 if there is one class, or the length of a distribution)',
  ],
  [
    () => crossEntropy(Float32Array.of(1, 2, 3, 4), Int32Array.of(0, 0, 0, 0)),
    RangeError,
    'crossEntropy: expected more logits than labels, or classes, got 4 of each and no classes (give classes: 1 if there is one class)',
  ],
  [
    () => crossEntropy([1, 2, 3], [0.2, 0.3, 0.5], { classes: 1 }),
    RangeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 1), got 0.2 (distributions over one class are a FloatArray)',
  ],
  [
    () => crossEntropy([1, 2, 3], [3]),
    RangeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got 3 (labels count from 0)',
  ],
  [
    () => crossEntropy([1, 2, 3, 4], [0, -1]),
    RangeError,
    'crossEntropy: expected labels[1] to be an integer in [0, 2), got -1 (set ignoreIndex to skip it)',
  ],
  [
    () => crossEntropy([1, 2, 3, 4], [-100, -1], { ignoreIndex: [-100, 7] }),
    RangeError,
    'crossEntropy: expected labels[1] to be an integer in [0, 2) or ignoreIndex (-100, 7), got -1',
  ],
  [
    () => crossEntropy([1, 2, 3], [0.5]),
    RangeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got 0.5 (distributions are a FloatArray, or one number per logit)',
  ],
  [
    () => crossEntropy([1, 2, 3], [Number.NaN]),
    RangeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got NaN (distributions are a FloatArray, or one number per logit)',
  ],
  [
    () => crossEntropy([1, 2, 3], bad(['1'])),
    TypeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got "1"',
  ],
  [
    () => crossEntropy([1, 2, 3], Float32Array.of(0.5, -0.5, 1)),
    RangeError,
    'crossEntropy: expected labels[1] to be a number in [0, 1e+100], got -0.5',
  ],
  [
    () => crossEntropy(six, [0, 1, 0, 1, 0, Number.NaN], { classes: 3 }),
    RangeError,
    'crossEntropy: expected labels[5] to be a number in [0, 1e+100], got NaN',
  ],
  [
    () => crossEntropy(six, bad([0, 1, 0, 1, null, 0]), { classes: 3 }),
    TypeError,
    'crossEntropy: expected labels[4] to be a number in [0, 1e+100], got null',
  ],
  [
    () => crossEntropy(six, distributions, { shape: [2, 2] }),
    RangeError,
    'crossEntropy: expected logits of the shape [2, 2], 4 in all, got 6',
  ],
]

const options: Case[] = [
  [
    () => crossEntropy(two, [0], bad({ labelSmothing: 0.1 })),
    TypeError,
    'crossEntropy: expected known option names, got "labelSmothing" (did you mean labelSmoothing?)',
  ],
  [
    () => crossEntropy(two, [0], bad({ out: new Float64Array(2) })),
    TypeError,
    'crossEntropy: expected known option names, got "out" (known are classes, shape, axis, mask, temperature, ' +
      'reduction, ignoreIndex, classWeights, sampleWeights, labelSmoothing, allMasked, zLoss, softCap, rowStats, mode)',
  ],
  [
    () => crossEntropy(two, [0], { reduction: bad('average') }),
    RangeError,
    "crossEntropy: expected reduction to be one of 'mean', 'sum', 'none', got \"average\"",
  ],
  [
    () => crossEntropy(two, [0], { reduction: bad(1) }),
    TypeError,
    "crossEntropy: expected reduction to be one of 'mean', 'sum', 'none', got 1",
  ],
  [
    () => crossEntropy(six, distributions, { classes: 3, ignoreIndex: -100 }),
    TypeError,
    'crossEntropy: expected ignoreIndex only together with integer labels, got Float64Array of length 6 as distributions (a sample ' +
      'weight of 0 leaves a row out)',
  ],
  [
    () => crossEntropy(two, [0], { ignoreIndex: 0.5 }),
    RangeError,
    'crossEntropy: expected ignoreIndex to be an integer or an array of integers, got 0.5',
  ],
  [
    () => crossEntropy(two, [0], { ignoreIndex: bad('x') }),
    TypeError,
    'crossEntropy: expected ignoreIndex to be an integer or an array of integers, got "x"',
  ],
  [
    () => crossEntropy(two, [0], { ignoreIndex: [1, Number.NaN] }),
    RangeError,
    'crossEntropy: expected ignoreIndex[1] to be an integer, got NaN',
  ],
  [
    () => crossEntropy(two, [0], { labelSmoothing: 1 }),
    RangeError,
    'crossEntropy: expected labelSmoothing to be a number in [0, 1), got 1',
  ],
  [
    () => crossEntropy(two, [0], { labelSmoothing: -1e-9 }),
    RangeError,
    'crossEntropy: expected labelSmoothing to be a number in [0, 1), got -1e-9',
  ],
  [
    () => crossEntropy(two, [0], { labelSmoothing: bad('0.1') }),
    TypeError,
    'crossEntropy: expected labelSmoothing to be a number in [0, 1), got "0.1"',
  ],
  [
    () => crossEntropy(two, [0], { temperature: 0 }),
    RangeError,
    'crossEntropy: expected temperature to be a finite number above 0, got 0',
  ],
  [
    () => crossEntropy(two, [0], { temperature: Number.NaN }),
    RangeError,
    'crossEntropy: expected temperature to be a finite number above 0, got NaN',
  ],
  [
    () => crossEntropy(two, [0], { zLoss: -1 }),
    RangeError,
    'crossEntropy: expected zLoss to be a number in [0, 1e+100], got -1',
  ],
  [
    () => crossEntropy(two, [0], { zLoss: Number.POSITIVE_INFINITY }),
    RangeError,
    'crossEntropy: expected zLoss to be a number in [0, 1e+100], got Infinity',
  ],
  [
    () => crossEntropy(two, [0], { softCap: 0 }),
    RangeError,
    'crossEntropy: expected softCap to be a number above 0 and finite, got 0',
  ],
  [
    () => crossEntropy(two, [0], { softCap: Number.NaN }),
    RangeError,
    'crossEntropy: expected softCap to be a number above 0 and finite, got NaN',
  ],
  [
    () => crossEntropy(two, [0], { allMasked: bad('skip') }),
    RangeError,
    "crossEntropy: expected allMasked to be one of 'nan', 'zero', got \"skip\"",
  ],
  [
    () => crossEntropy(two, [0], { mask: bad([1, 0]) }),
    TypeError,
    'crossEntropy: expected mask to be a Uint8Array, got an array of length 2',
  ],
  [
    () => crossEntropy(two, [0], { mask: Uint8Array.of(1) }),
    RangeError,
    'crossEntropy: expected mask to have one entry per logit, 2 in all, got 1',
  ],
  [
    () => crossEntropy(two, [0], { classWeights: [1, 2, 3] }),
    RangeError,
    'crossEntropy: expected classWeights to hold one number per class, 2 in all, got 3',
  ],
  [
    () => crossEntropy(two, [0], { classWeights: [1, -2] }),
    RangeError,
    'crossEntropy: expected classWeights[1] to be a number in [0, 1e+100], got -2',
  ],
  [
    () => crossEntropy(two, [0], { sampleWeights: Float64Array.of(Number.POSITIVE_INFINITY) }),
    RangeError,
    'crossEntropy: expected sampleWeights[0] to be a number in [0, 1e+100], got Infinity',
  ],
  [
    () => crossEntropy(two, [0], { sampleWeights: bad(['1']) }),
    TypeError,
    'crossEntropy: expected sampleWeights[0] to be a number in [0, 1e+100], got "1"',
  ],
  [
    () => crossEntropy(two, [0], { sampleWeights: bad(1) }),
    TypeError,
    'crossEntropy: expected sampleWeights to be a Float32Array, a Float64Array or a number[], got 1',
  ],
  [
    () => crossEntropy(two, [0], { sampleWeights: two }),
    RangeError,
    'crossEntropy: expected sampleWeights to hold one number per row, 1 in all, got 2',
  ],
  [
    () => crossEntropy(two, [0], bad({ classes: 2, shape: [1, 2] })),
    TypeError,
    'crossEntropy: expected either classes or shape, got both (classes = 2, shape = an array of length 2)',
  ],
]

const results: Case[] = [
  [
    () => crossEntropyWithGradient(two, [0], { out: new Float64Array(1) }),
    RangeError,
    'crossEntropyWithGradient: expected out to have room for 2 results, got length 1',
  ],
  [
    () => crossEntropyWithGradient(new Float32Array(8), new Int32Array(shared.buffer, 8, 4), { out: shared }),
    RangeError,
    'crossEntropyWithGradient: expected out to be apart from the labels, got an overlap at byte 8',
  ],
  [
    () =>
      crossEntropyWithGradient(new Float64Array(8), [0, 1], {
        mask: new Uint8Array(doubles.buffer, 4, 8),
        out: doubles,
      }),
    RangeError,
    'crossEntropyWithGradient: expected out to be apart from the mask, got an overlap at byte 4',
  ],
  [
    () => crossEntropyWithGradient(two, [0], { targetGradient: true }),
    TypeError,
    'crossEntropyWithGradient: expected targetGradient only together with distributions, got true and integer labels',
  ],
  [
    () => crossEntropyWithGradient(six, distributions, { classes: 3, targetGradient: new Float32Array(6) }),
    TypeError,
    'crossEntropyWithGradient: expected targetGradient to be a Float64Array, got Float32Array of length 6',
  ],
  [
    () => crossEntropyWithGradient(six, distributions, { classes: 3, targetGradient: new Float64Array(5) }),
    RangeError,
    'crossEntropyWithGradient: expected targetGradient to have room for 6 results, got length 5',
  ],
  [
    () => crossEntropyWithGradient(six, distributions, { classes: 3, targetGradient: distributions }),
    RangeError,
    'crossEntropyWithGradient: expected targetGradient to be apart from the labels, got an overlap at byte 0',
  ],
  [
    () => crossEntropyWithGradient(six, distributions, { classes: 3, targetGradient: doubles, out: doubles }),
    RangeError,
    'crossEntropyWithGradient: expected targetGradient to be apart from out, got an overlap at byte 0',
  ],
  [
    () => crossEntropy(two, [0], { rowStats: bad(3) }),
    TypeError,
    'crossEntropy: expected rowStats to be an object, got 3',
  ],
  [
    () => crossEntropy(two, [0], { rowStats: bad({ lse: doubles }) }),
    TypeError,
    'crossEntropy: expected known names in rowStats, got "lse" (known are logSumExp, entropy, argmax)',
  ],
  [
    () => crossEntropy(two, [0], { rowStats: { logSumExp: shared } }),
    TypeError,
    'crossEntropy: expected rowStats.logSumExp to be a Float64Array, got Float32Array of length 8',
  ],
  [
    () => crossEntropy(six, [0, 1], { rowStats: { argmax: new Int32Array(1) } }),
    RangeError,
    'crossEntropy: expected rowStats.argmax to have room for 2 results, got length 1',
  ],
  [
    () => crossEntropy(two, [0], { rowStats: { argmax: bad(doubles) } }),
    TypeError,
    'crossEntropy: expected rowStats.argmax to be an Int32Array, got Float64Array of length 8',
  ],
  [
    () => crossEntropy(two, [0], { rowStats: { logSumExp: doubles, entropy: doubles } }),
    RangeError,
    'crossEntropy: expected rowStats.entropy to be apart from rowStats.logSumExp, got an overlap at byte 0',
  ],
  [
    () => crossEntropy(doubles, [0], { rowStats: { entropy: doubles } }),
    RangeError,
    'crossEntropy: expected rowStats.entropy to be apart from the logits, got an overlap at byte 0',
  ],
]

describe.each([
  ['labels', labels],
  ['options', options],
  ['arrays for results', results],
])('messages on %s', (_, cases) => {
  it.each(cases)('%#: %s', (call, kind, message) => {
    let error: unknown
    try {
      call()
    } catch (thrown) {
      error = thrown
    }
    expect((error as Error).message).toBe(message)
    expect(error).toBeInstanceOf(kind)
  })
})

describe('what is no error', () => {
  it('one class: a number[] of the length of the logits holds labels', () => {
    expect(crossEntropy([1, 2], [0, 0], { classes: 1 })).toBe(0)
    expect(crossEntropy([1, 2], Float64Array.of(0.5, 0.5), { classes: 1 })).toBe(0)
  })
  it('distributions in a number[], if there are more classes', () => {
    expect(crossEntropy([0, 0, 0, 0], [0.5, 0.5, 1, 0], { classes: 2 })).toBe(Math.LN2)
  })
  it('one distribution over all logits', () => {
    expect(crossEntropy([0, 0], Float64Array.of(0.25, 0.75))).toBe(Math.LN2)
  })
  it('no ignored label at all, and targetGradient: false', () => {
    expect(crossEntropy([0, 0], [1], { ignoreIndex: [] })).toBe(Math.LN2)
    expect(crossEntropyWithGradient([0, 0], [1], { targetGradient: false }).loss).toBe(Math.LN2)
  })
})
