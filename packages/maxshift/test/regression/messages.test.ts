/**
 * Bad input of softmax regression: each message, word for word.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { bad } from '../support/bad.ts'

const x = Float64Array.from([0, 1, 2, 3, 4, 5])
const labels = ['a', 'b', 'a']
const fit = (features: unknown, of: unknown, options?: unknown): Promise<unknown> =>
  SoftmaxRegression.fit(bad(features), bad(of), bad(options))

type Case = [string, () => unknown, typeof TypeError | typeof RangeError, string]

const fitCases: Case[] = [
  [
    'an l1 below 0',
    () => fit(x, labels, { l1: -1 }),
    RangeError,
    'fit: expected l1 to be a finite number of at least 0, got -1',
  ],
  [
    'an l1 with a solver that cannot',
    () => fit(x, labels, { l1: 0.5, solver: 'lbfgs' }),
    RangeError,
    "fit: expected solver 'proximal' for an l1 above 0, got 'lbfgs' with l1 0.5",
  ],
  [
    'features of another kind',
    () => fit([1, 2, 3], labels),
    TypeError,
    'fit: expected features to be a Float32Array, a Float64Array, a Uint8Array or { indptr, indices, values, columns }, got an array of length 3',
  ],
  [
    'features as signed bytes',
    () => fit(new Int8Array(6), labels),
    TypeError,
    'fit: expected features to be a Float32Array, a Float64Array, a Uint8Array or { indptr, indices, values, columns }, got Int8Array of length 6',
  ],
  [
    'labels of another kind',
    () => fit(x, 'aba'),
    TypeError,
    'fit: expected labels to be a string[], a number[], an integer array or { targets, classNames }, got "aba"',
  ],
  [
    'labels in a float array',
    () => fit(x, new Float32Array(3)),
    TypeError,
    'fit: expected labels to be a string[], a number[], an integer array or { targets, classNames }, got Float32Array of length 3',
  ],
  [
    'labels in a bigint array',
    () => fit(x, new BigInt64Array(3)),
    TypeError,
    'fit: expected labels to be a string[], a number[], an integer array or { targets, classNames }, got BigInt64Array of length 3',
  ],
  ['no rows', () => fit(x, []), RangeError, 'fit: expected at least one row, got no labels'],
  [
    'no features',
    () => fit(new Float32Array(0), labels),
    RangeError,
    'fit: expected at least one feature per row, got none',
  ],
  [
    'an incomplete row',
    () => fit(new Float32Array(7), labels),
    RangeError,
    'fit: expected the length of features to be a multiple of the number of labels, got 7 features and 3 labels',
  ],
  [
    'NaN among the features',
    () => fit(Float64Array.from([0, 1, 2, NaN, 4, 5]), labels),
    RangeError,
    'fit: expected features to be finite, got NaN at row 1, column 1',
  ],
  [
    'an infinity among the features',
    () => fit(Float32Array.from([0, 1, 2, 3, -Infinity, 5]), labels),
    RangeError,
    'fit: expected features to be finite, got -Infinity at row 2, column 0',
  ],
  [
    'labels of mixed kinds',
    () => fit(x, ['a', 7, 'b']),
    TypeError,
    'fit: expected labels[1] to be a string, as the others are, got 7',
  ],
  [
    'a missing label',
    () => fit(x, [1, 2, undefined]),
    TypeError,
    'fit: expected labels[2] to be a number, as the others are, got undefined',
  ],
  [
    'labels that are neither strings nor numbers',
    () => fit(x, [true, false, true]),
    TypeError,
    'fit: expected labels[0] to be a string or a number, got true',
  ],
  ['a NaN label', () => fit(x, [1, NaN, 2]), RangeError, 'fit: expected labels[1] to be a finite number, got NaN'],
  [
    'an infinite label',
    () => fit(x, [1, 2, Infinity]),
    RangeError,
    'fit: expected labels[2] to be a finite number, got Infinity',
  ],
  [
    'one class only',
    () => fit(x, ['a', 'a', 'a']),
    RangeError,
    'fit: expected labels of at least two classes, got only "a"',
  ],
  ['options of another kind', () => fit(x, labels, 3), TypeError, 'fit: expected options to be an object, got 3'],
  [
    'an unknown option',
    () => fit(x, labels, { L2: 1 }),
    TypeError,
    'fit: expected known option names, got "L2" (did you mean l2?)',
  ],
  [
    'a misspelt option',
    () => fit(x, labels, { tolerence: 1 }),
    TypeError,
    'fit: expected known option names, got "tolerence" (did you mean tolerance?)',
  ],
  [
    'a penalty of another kind',
    () => fit(x, labels, { l2: '1' }),
    TypeError,
    'fit: expected l2 to be a finite number of at least 0, got "1"',
  ],
  [
    'a negative penalty',
    () => fit(x, labels, { l2: -1 }),
    RangeError,
    'fit: expected l2 to be a finite number of at least 0, got -1',
  ],
  [
    'a NaN penalty',
    () => fit(x, labels, { l2: NaN }),
    RangeError,
    'fit: expected l2 to be a finite number of at least 0, got NaN',
  ],
  [
    'an intercept of another kind',
    () => fit(x, labels, { intercept: 1 }),
    TypeError,
    'fit: expected intercept to be true or false, got 1',
  ],
  [
    'a scale of 0',
    () => fit(x, labels, { featureScale: 0 }),
    RangeError,
    'fit: expected featureScale to be a number in [1e-100, 1e+100], got 0',
  ],
  [
    'a scale of another kind',
    () => fit(x, labels, { featureScale: null }),
    TypeError,
    'fit: expected featureScale to be a number in [1e-100, 1e+100], got null',
  ],
  [
    'a negative tolerance',
    () => fit(x, labels, { tolerance: -1e-9 }),
    RangeError,
    'fit: expected tolerance to be a finite number of at least 0, got -1e-9',
  ],
  [
    'no iterations',
    () => fit(x, labels, { maxIterations: 0 }),
    RangeError,
    'fit: expected maxIterations to be an integer in [1, 2147483647], got 0',
  ],
  [
    'iterations of another kind',
    () => fit(x, labels, { maxIterations: '9' }),
    TypeError,
    'fit: expected maxIterations to be an integer, got "9"',
  ],
  [
    'a signal of another kind',
    () => fit(x, labels, { signal: new AbortController() }),
    TypeError,
    'fit: expected signal to be an AbortSignal, got AbortController',
  ],
  [
    'a callback of another kind',
    () => fit(x, labels, { onIteration: true }),
    TypeError,
    'fit: expected onIteration to be a function, got true',
  ],
  [
    'feature names of another kind',
    () => fit(x, labels, { featureNames: 'ab' }),
    TypeError,
    'fit: expected featureNames to be a string[], got "ab"',
  ],
  [
    'too few feature names',
    () => fit(x, labels, { featureNames: ['height'] }),
    RangeError,
    'fit: expected one feature name per feature, 2 in all, got 1',
  ],
  [
    'a feature name that is a number',
    () => fit(x, labels, { featureNames: ['height', 2] }),
    TypeError,
    'fit: expected featureNames[1] to be a string, got 2',
  ],
  [
    'a feature name twice',
    () => fit(x, labels, { featureNames: ['height', 'height'] }),
    RangeError,
    'fit: expected distinct feature names, got "height" for features 0 and 1',
  ],
]

describe('fit rejects', () => {
  it.each(fitCases)('%s', async (_, call, kind, message) => {
    const error = await Promise.resolve(call()).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toBe(message)
  })
})

describe('a model throws for', () => {
  let model: SoftmaxRegression<string>
  beforeAll(async () => {
    model = await SoftmaxRegression.fit(x, labels)
  })

  it.each(['predict', 'predictProba', 'predictLogProba', 'logits', 'evaluate'] as const)('%s: bad features', (name) => {
    const call = (features: unknown) => () => bad(model)[name](features, labels)
    expect(call([1, 2])).toThrow(
      new TypeError(
        `${name}: expected features to be a Float32Array, a Float64Array, a Uint8Array or { indptr, indices, values, columns }, got an array of length 2`,
      ),
    )
    expect(call(new Float32Array(7))).toThrow(
      new RangeError(`${name}: expected rows of 2 features, as the model was fitted with, got 7 features in all`),
    )
    expect(call(Float64Array.from([1, 2, 3, Infinity]))).toThrow(
      new RangeError(`${name}: expected features to be finite, got Infinity at row 1, column 1`),
    )
  })

  it.each<Case>([
    [
      'evaluate: labels of another kind',
      () => model.evaluate(x, bad(null)),
      TypeError,
      'evaluate: expected labels to be a string[], a number[] or an integer array, got null',
    ],
    [
      'evaluate: too few labels',
      () => model.evaluate(x, ['a']),
      RangeError,
      'evaluate: expected one label per row, 3 in all, got 1',
    ],
    [
      'evaluate: no rows',
      () => model.evaluate(new Float32Array(0), []),
      RangeError,
      'evaluate: expected at least one row, got none',
    ],
    [
      'evaluate: a label that fit did not see',
      () => model.evaluate(x, ['a', 'b', 'c']),
      RangeError,
      'evaluate: expected labels[2] to be one of the 2 classes of the model, got "c"',
    ],
    [
      'evaluate: a number for a model of strings',
      () => model.evaluate(x, [1, 2, 3]),
      TypeError,
      'evaluate: expected labels[0] to be a string, as the others are, got 1',
    ],
    [
      'evaluate: an option of another name',
      () => model.evaluate(x, ['a', 'b', 'b'], bad({ sampleWeight: [1, 1, 1] })),
      TypeError,
      'evaluate: expected known option names, got "sampleWeight" (did you mean sampleWeights?)',
    ],
    [
      'evaluate: too few sample weights',
      () => model.evaluate(x, ['a', 'b', 'b'], { sampleWeights: [1] }),
      RangeError,
      'evaluate: expected sampleWeights to hold one number per row, 3 in all, got 1',
    ],
    [
      'evaluate: a negative sample weight',
      () => model.evaluate(x, ['a', 'b', 'b'], { sampleWeights: [1, -1, 1] }),
      RangeError,
      'evaluate: expected sampleWeights[1] to be a number in [0, 1e+100], got -1',
    ],
    [
      'evaluate: sample weights of nothing',
      () => model.evaluate(x, ['a', 'b', 'b'], { sampleWeights: [0, 0, 0] }),
      RangeError,
      'evaluate: expected sampleWeights with a sum above 0, got 0 for each of 3 rows',
    ],
    [
      'fromSafetensors: bytes of another kind',
      () => SoftmaxRegression.fromSafetensors(bad('file')),
      TypeError,
      'fromSafetensors: expected bytes to be a Uint8Array, got "file"',
    ],
    [
      'new, the habit of scikit-learn',
      () => new (bad(SoftmaxRegression))(),
      TypeError,
      'SoftmaxRegression: expected a call of SoftmaxRegression.fit or .fromSafetensors, got new',
    ],
  ])('%s', (_, call, kind, message) => {
    expect(call).toThrow(new kind(message))
  })
})

it('names the first feature that is not finite, wherever it is', async () => {
  const labels = [0, 1]
  for (const columns of [1, 5, 2049, 4098]) {
    for (const place of [0, 3, 4, 4095, 4096, 4097, 8191, 2 * columns - 1]) {
      if (place >= 2 * columns) continue
      for (const [value, Type] of [
        [NaN, Float32Array],
        [-Infinity, Float64Array],
      ] as const) {
        const features = new Type(2 * columns).fill(1e38)
        features[place] = value
        if (place + 1 < features.length) features[place + 1] = Infinity
        const found = `${value} at row ${Math.floor(place / columns)}, column ${place % columns}`
        const fitting = SoftmaxRegression.fit(features, labels)
        await expect(fitting).rejects.toThrow(new RangeError(`fit: expected features to be finite, got ${found}`))
      }
    }
  }
})
