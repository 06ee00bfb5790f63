/**
 * Bad input of topK and sampleCategorical: each message, word for word.
 */
import { describe, expect, it } from 'vitest'
import { sampleCategorical, topK } from '../../src/index.ts'
import { bad } from '../support/bad.ts'

const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
  [
    () => topK(bad('1,2'), 1),
    TypeError,
    'topK: expected logits to be a Float32Array, a Float64Array or a number[], got "1,2"',
  ],
  [() => topK([1, 2, 3], 4), RangeError, 'topK: expected k to be an integer in [0, 3], got 4'],
  [() => topK([1, 2, 3, 4], 3, { classes: 2 }), RangeError, 'topK: expected k to be an integer in [0, 2], got 3'],
  [() => topK([1, 2, 3], -1), RangeError, 'topK: expected k to be an integer in [0, 3], got -1'],
  [() => topK([1, 2, 3], 1.5), RangeError, 'topK: expected k to be an integer in [0, 3], got 1.5'],
  [() => topK([1, 2, 3], bad(undefined)), TypeError, 'topK: expected k to be an integer, got undefined'],
  [() => topK([1], 1, bad(2)), TypeError, 'topK: expected options to be an object, got 2'],
  [
    () => topK([1], 1, bad({ prob: true })),
    TypeError,
    'topK: expected known option names, got "prob" (did you mean probs?)',
  ],
  [() => topK([1], 1, { probs: bad(1) }), TypeError, 'topK: expected probs to be true or false, got 1'],
  [
    () => topK([1], 1, { temperature: 0 }),
    RangeError,
    'topK: expected temperature to be a finite number above 0, got 0',
  ],
  [
    () => topK([1, 2], 1, { mask: new Uint8Array(1) }),
    RangeError,
    'topK: expected mask to have one entry per logit, 2 in all, got 1',
  ],
  [() => topK([1, 2], 1, { axis: 0 }), TypeError, 'topK: expected axis only together with shape, got 0 alone'],
  [
    () => topK([1, 2], 1, { mode: bad('exact') }),
    RangeError,
    "topK: expected mode to be one of 'accurate', 'fast', got \"exact\"",
  ],
  [
    () => sampleCategorical(bad(null)),
    TypeError,
    'sampleCategorical: expected logits to be a Float32Array, a Float64Array or a number[], got null',
  ],
  [
    () => sampleCategorical([1], bad({ top_p: 0.9 })),
    TypeError,
    'sampleCategorical: expected known option names, got "top_p" (did you mean topP?)',
  ],
  [() => sampleCategorical([]), RangeError, 'sampleCategorical: expected at least one logit per row, got none'],
  [
    () => sampleCategorical([], { shape: [2, 0] }),
    RangeError,
    'sampleCategorical: expected at least one logit per row, got none',
  ],
  [
    () => sampleCategorical([1], { temperature: 0 }),
    RangeError,
    'sampleCategorical: expected temperature to be a finite number above 0, got 0 (greedy: true takes the most probable class)',
  ],
  [
    () => sampleCategorical([1], { temperature: -1 }),
    RangeError,
    'sampleCategorical: expected temperature to be a finite number above 0, got -1',
  ],
  [
    () => sampleCategorical([1], { topK: 0 }),
    RangeError,
    'sampleCategorical: expected topK to be an integer in [1, 67108864], got 0',
  ],
  [
    () => sampleCategorical([1], { topP: 90 }),
    RangeError,
    'sampleCategorical: expected topP to be a number in [0, 1], got 90',
  ],
  [
    () => sampleCategorical([1], { topP: bad('0.9') }),
    TypeError,
    'sampleCategorical: expected topP to be a number in [0, 1], got "0.9"',
  ],
  [
    () => sampleCategorical([1], { minP: Number.NaN }),
    RangeError,
    'sampleCategorical: expected minP to be a number in [0, 1], got NaN',
  ],
  [
    () => sampleCategorical([1], { seed: -1 }),
    RangeError,
    'sampleCategorical: expected seed to be an integer in [0, 9007199254740991], got -1',
  ],
  [
    () => sampleCategorical([1], { seed: bad(7n) }),
    TypeError,
    'sampleCategorical: expected seed to be an integer, got 7n',
  ],
  [
    () => sampleCategorical([1], { counter: 0.5 }),
    RangeError,
    'sampleCategorical: expected counter to be an integer in [0, 9007199254740991], got 0.5',
  ],
  [
    () => sampleCategorical([1], { count: -1 }),
    RangeError,
    'sampleCategorical: expected count to be an integer in [0, 67108864], got -1',
  ],
  [
    () => sampleCategorical(new Float32Array(1000), { classes: 1, count: 2 ** 23 }),
    RangeError,
    'sampleCategorical: expected count to be an integer in [0, 4294967], got 8388608',
  ],
  [
    () => sampleCategorical([1], { greedy: true, count: 2 }),
    RangeError,
    'sampleCategorical: expected count = 1 with greedy, whose choice is always the same, got 2',
  ],
  [
    () => sampleCategorical([1], { greedy: bad('yes') }),
    TypeError,
    'sampleCategorical: expected greedy to be true or false, got "yes"',
  ],
  [
    () => sampleCategorical([1], { unfilteredLogProbs: bad(1) }),
    TypeError,
    'sampleCategorical: expected unfilteredLogProbs to be true or false, got 1',
  ],
  [
    () => sampleCategorical([1, 2, 3], { classes: 2 }),
    RangeError,
    'sampleCategorical: expected the length of logits to be a multiple of classes = 2, got 3',
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
  it('no rows, no draws', () => {
    expect(sampleCategorical([], { classes: 3, seed: 1 })).toEqual({
      indices: new Int32Array(0),
      logProbs: new Float64Array(0),
      seed: 1,
    })
    expect(sampleCategorical([1, 2], { count: 0 }).indices.length).toBe(0)
  })
  it('a seed, or a count of 1, beside greedy', () => {
    expect([...sampleCategorical([1, 2], { greedy: true, seed: 1, count: 1 }).indices]).toEqual([1])
  })
  it('the largest seed and counter', () => {
    const seed = Number.MAX_SAFE_INTEGER
    expect(sampleCategorical([1], { seed, counter: seed })).toEqual({
      indices: Int32Array.of(0),
      logProbs: Float64Array.of(0),
      seed,
    })
  })
})
