/**
 * Bad sparse features: each message, word for word.
 */
import { expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { bad } from '../support/bad.ts'

const good = {
  indptr: Int32Array.from([0, 2, 2, 5]),
  indices: Int32Array.from([0, 3, 1, 2, 3]),
  values: Float64Array.from([1, 2, 3, 4, 5]),
  columns: 4,
}
const labels = ['a', 'b', 'a']

const cases: [string, object, typeof TypeError | typeof RangeError, string][] = [
  [
    'an array of offsets',
    { indptr: [0, 2, 2, 5] },
    TypeError,
    'expected features.indptr to be an Int32Array or a Uint32Array, got an array of length 4',
  ],
  [
    'no columns of values',
    { indices: undefined },
    TypeError,
    'expected features.indices to be an Int32Array or a Uint32Array, got undefined',
  ],
  [
    'values of another kind',
    { values: new Int8Array(5) },
    TypeError,
    'expected features.values to be a Float32Array, a Float64Array or a Uint8Array, got Int8Array of length 5',
  ],
  [
    'no number of columns',
    { columns: undefined },
    TypeError,
    'expected features.columns to be an integer, got undefined',
  ],
  [
    'half a column',
    { columns: 3.5 },
    RangeError,
    'expected features.columns to be an integer in [1, 2147483647], got 3.5',
  ],
  [
    'fewer indices',
    { indices: new Int32Array(4) },
    RangeError,
    'expected as many features.indices as features.values, got 4 indices and 5 values',
  ],
  [
    'no offsets',
    { indptr: new Int32Array(0) },
    RangeError,
    'expected features.indptr to have one offset more than there are rows, got none',
  ],
  [
    'offsets of other rows',
    { indptr: Int32Array.from([0, 5]) },
    RangeError,
    'expected one offset more in features.indptr than there are labels, got 2 offsets and 3 labels',
  ],
  [
    'a first offset',
    { indptr: Int32Array.from([1, 2, 2, 5]) },
    RangeError,
    'expected features.indptr to begin with 0, got 1',
  ],
  [
    'a last offset',
    { indptr: Int32Array.from([0, 2, 2, 4]) },
    RangeError,
    'expected features.indptr to end with the number of values, 5, got 4',
  ],
  [
    'falling offsets',
    { indptr: Int32Array.from([0, 3, 2, 5]) },
    RangeError,
    'expected features.indptr to ascend, got 2 after 3 at 2',
  ],
  [
    'a column out of range',
    { indices: Int32Array.from([0, 4, 1, 2, 3]) },
    RangeError,
    'expected features.indices in [0, 4), got 4 at row 0, indices[1]',
  ],
  [
    'a negative column',
    { indices: Int32Array.from([0, 3, -1, 2, 3]) },
    RangeError,
    'expected features.indices in [0, 4), got -1 at row 2, indices[2]',
  ],
  [
    'a repeated column',
    { indices: Int32Array.from([0, 3, 1, 1, 3]) },
    RangeError,
    'expected each column once in a row (add repeated values up first), got 1 twice at row 2, indices[3]',
  ],
  [
    'unsorted columns',
    { indices: Uint32Array.from([0, 3, 2, 1, 3]) },
    RangeError,
    'expected the columns of a row to ascend (sort its entries first), got 1 after 2 at row 2, indices[3]',
  ],
  [
    'NaN',
    { values: Float64Array.from([1, 2, 3, NaN, 5]) },
    RangeError,
    'expected features to be finite, got NaN at row 2, column 2',
  ],
  [
    'an infinity',
    { values: Float32Array.from([1, -Infinity, 3, 4, 5]) },
    RangeError,
    'expected features to be finite, got -Infinity at row 0, column 3',
  ],
]

it.each(cases)('fit rejects %s', async (_, part, kind, message) => {
  const error = await SoftmaxRegression.fit(bad({ ...good, ...part }), labels).catch((reason) => reason)
  expect(error).toEqual(new kind(`fit: ${message}`))
})

it('predictions reject them too, and other columns than those of the model', async () => {
  const model = await SoftmaxRegression.fit(good, labels)
  for (const method of ['predict', 'predictProba', 'predictLogProba', 'logits'] as const) {
    const call = (features: object) => () => model[method](bad(features))
    expect(call({ ...good, columns: 5 })).toThrow(
      new RangeError(`${method}: expected rows of 4 features, as the model was fitted with, got features.columns 5`),
    )
    expect(call({ ...good, indices: Int32Array.from([0, 9, 1, 2, 3]) })).toThrow(
      new RangeError(`${method}: expected features.indices in [0, 4), got 9 at row 0, indices[1]`),
    )
  }
})

it('solvers have their kind of features', async () => {
  await expect(SoftmaxRegression.fit(good, labels, { solver: 'sgd' })).rejects.toThrow(
    new RangeError("fit: expected dense features for solver 'sgd', got it with sparse ones"),
  )
  await expect(SoftmaxRegression.fit(new Float32Array(6), labels, { solver: 'newton-cg' })).rejects.toThrow(
    new RangeError("fit: expected sparse features for solver 'newton-cg', got it with dense ones"),
  )
})
