/**
 * Bad input of the softmax family: each message, word for word.
 */
import { describe, expect, it } from 'vitest'
import { crossEntropy, logSoftmax, logSumExp, softmax } from '../src/index.ts'
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
    () => logSumExp(shared, { classes: 2, out: shared }),
    RangeError,
    'logSumExp: expected out to be apart from the logits, got an overlap (bytes 0 to 16 and 0 to 32)',
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
