/**
 * Bad input of the softmax family: each message, word for word.
 */
import { describe, expect, it } from 'vitest'
import { crossEntropy, crossEntropyWithGradient, logSoftmax, logSumExp, softmax } from '../src/index.ts'
import { bad } from './support/bad.ts'

const shared = new Float32Array(8)
const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
  [
    () => softmax(bad('1,2')),
    TypeError,
    'softmax: expected logits to be a Float32Array, a Float64Array or a number[], got "1,2"',
  ],
  [
    () => softmax(bad(undefined)),
    TypeError,
    'softmax: expected logits to be a Float32Array, a Float64Array or a number[], got undefined',
  ],
  [
    () => softmax(bad(new Int32Array(3))),
    TypeError,
    'softmax: expected logits to be a Float32Array, a Float64Array or a number[], got Int32Array of length 3',
  ],
  [
    () => softmax(bad(new DataView(new ArrayBuffer(1)))),
    TypeError,
    'softmax: expected logits to be a Float32Array, a Float64Array or a number[], got DataView',
  ],
  [() => softmax(bad([1, '2'])), TypeError, 'softmax: expected logits[1] to be a number, got "2"'],
  [() => softmax(bad([1, null])), TypeError, 'softmax: expected logits[1] to be a number, got null'],
  [() => softmax(bad([1n])), TypeError, 'softmax: expected logits[0] to be a number, got 1n'],
  // biome-ignore lint/suspicious/noSparseArray: a hole is one of the ways in which an array is no list of numbers
  [() => softmax(bad([1, , 2])), TypeError, 'softmax: expected logits[1] to be a number, got undefined'],
  [() => softmax([1], bad(3)), TypeError, 'softmax: expected options to be an object, got 3'],
  [
    () => softmax([1], bad({ clases: 1 })),
    TypeError,
    'softmax: expected known option names, got "clases" (did you mean classes?)',
  ],
  [
    () => softmax([1], bad({ dimension: 1 })),
    TypeError,
    'softmax: expected known option names, got "dimension" (known are classes, shape, axis, mask, temperature, allMasked, out, mode)',
  ],
  [
    () => softmax([1, 2, 3], { classes: 2 }),
    RangeError,
    'softmax: expected the length of logits to be a multiple of classes = 2, got 3',
  ],
  [
    () => softmax([1], { classes: 0 }),
    RangeError,
    'softmax: expected classes to be an integer in [1, 67108864], got 0',
  ],
  [
    () => softmax([1], { classes: 1.5 }),
    RangeError,
    'softmax: expected classes to be an integer in [1, 67108864], got 1.5',
  ],
  [
    () => softmax([1], { classes: Number.NaN }),
    RangeError,
    'softmax: expected classes to be an integer in [1, 67108864], got NaN',
  ],
  [() => softmax([1], { classes: bad('2') }), TypeError, 'softmax: expected classes to be an integer, got "2"'],
  [
    () => softmax([1], { out: bad(new Float32Array(1)) }),
    TypeError,
    'softmax: expected out to be a Float64Array, as the results are, got Float32Array of length 1',
  ],
  [
    () => softmax([1], { out: bad([0]) }),
    TypeError,
    'softmax: expected out to be a Float64Array, as the results are, got an array of length 1',
  ],
  [
    () => logSoftmax([1, 2], { out: new Float64Array(1) }),
    RangeError,
    'logSoftmax: expected out to have room for 2 results, got length 1',
  ],
  [
    () => softmax(shared.subarray(0, 4), { out: shared.subarray(1, 5) }),
    RangeError,
    'softmax: expected out to be the logits themselves or apart from them, got an overlap (bytes 4 to 20 and 0 to 16)',
  ],
  [
    () => logSumExp([1], bad({ out: new Float64Array(1) })),
    TypeError,
    'logSumExp: expected out only together with classes or shape (of one row the result is a number), got Float64Array of length 1',
  ],
  [
    () => logSumExp([1, 2, 3], { classes: 2 }),
    RangeError,
    'logSumExp: expected the length of logits to be a multiple of classes = 2, got 3',
  ],
  [
    () => crossEntropy([1, 2], bad('0')),
    TypeError,
    'crossEntropy: expected labels to be an integer array or a number[], got "0"',
  ],
  [
    () => crossEntropy([1, 2], bad(Float32Array.of(0, 1))),
    TypeError,
    'crossEntropy: expected labels to be an integer array or a number[], got Float32Array of length 2 (distributions are not supported)',
  ],
  [() => crossEntropy([1, 2], []), RangeError, 'crossEntropy: expected at least one label, got none'],
  [() => crossEntropy([], [0]), RangeError, 'crossEntropy: expected at least one logit per row, got none'],
  [
    () => crossEntropy([1, 2, 3], [0, 1]),
    RangeError,
    'crossEntropy: expected the length of logits to be a multiple of the number of labels, got 3 logits and 2 labels',
  ],
  [
    () => crossEntropy([1, 2, 3, 4], [0], { classes: 2 }),
    RangeError,
    'crossEntropy: expected one label per row, 2 in all, got 1',
  ],
  [
    () => crossEntropy([1, 2, 3], [3]),
    RangeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got 3',
  ],
  [
    () => crossEntropy([1, 2, 3, 4], [0, -1]),
    RangeError,
    'crossEntropy: expected labels[1] to be an integer in [0, 2), got -1',
  ],
  [
    () => crossEntropy([1, 2, 3], [0.5]),
    RangeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got 0.5',
  ],
  [
    () => crossEntropy([1, 2, 3], [Number.NaN]),
    RangeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got NaN',
  ],
  [
    () => crossEntropy([1, 2, 3], bad(['1'])),
    TypeError,
    'crossEntropy: expected labels[0] to be an integer in [0, 3), got "1"',
  ],
  [
    () => crossEntropy([1, 2], [0], { reduction: bad('average') }),
    RangeError,
    "crossEntropy: expected reduction to be one of 'mean', 'sum', 'none', got \"average\"",
  ],
  [
    () => crossEntropy([1, 2], [0], { reduction: bad(1) }),
    TypeError,
    "crossEntropy: expected reduction to be one of 'mean', 'sum', 'none', got 1",
  ],
  [
    () => crossEntropy([1, 2], [0], bad({ out: new Float64Array(2) })),
    TypeError,
    'crossEntropy: expected known option names, got "out" (known are classes, reduction, mode)',
  ],
  [
    () => crossEntropyWithGradient([1, 2], [0], { out: new Float64Array(1) }),
    RangeError,
    'crossEntropyWithGradient: expected out to have room for 2 results, got length 1',
  ],
  [
    () => logSumExp(shared, { classes: 2, out: shared }),
    RangeError,
    'logSumExp: expected out to be apart from the logits, got an overlap (bytes 0 to 16 and 0 to 32)',
  ],
  [
    () => crossEntropyWithGradient(new Float32Array(8), new Int32Array(shared.buffer, 8, 4), { out: shared }),
    RangeError,
    'crossEntropyWithGradient: expected out to be apart from the labels, got an overlap at byte 8',
  ],
]

describe('messages', () => {
  it.each(cases)('%#: %s', (call, kind, message) => {
    let error: unknown
    try {
      call()
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toBe(message)
  })
})

describe('what is no error', () => {
  it('an out that is longer keeps its rest', () => {
    const out = Float64Array.of(9, 9, 9)
    expect(softmax([0, 0], { out })).toBe(out)
    expect([...out]).toEqual([0.5, 0.5, 9])
  })
  it('out may be the logits', () => {
    const logits = Float32Array.of(0, 0)
    expect(softmax(logits, { out: logits })).toBe(logits)
    expect([...logits]).toEqual([0.5, 0.5])
  })
  it('empty input', () => {
    expect(softmax([])).toEqual(new Float64Array(0))
    expect(softmax(new Float32Array(0), { classes: 3 })).toEqual(new Float32Array(0))
    expect(logSoftmax([])).toEqual(new Float64Array(0))
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY)
    expect(logSumExp([], { classes: 3 })).toEqual(new Float64Array(0))
  })
  it('the result follows the dtype', () => {
    expect(softmax([1])).toBeInstanceOf(Float64Array)
    expect(softmax(Float32Array.of(1))).toBeInstanceOf(Float32Array)
    expect(crossEntropy(Float32Array.of(1, 2), [0], { reduction: 'none' })).toBeInstanceOf(Float32Array)
    expect(logSumExp(Float32Array.of(0, 0))).toBe(Math.fround(Math.LN2))
  })
})
