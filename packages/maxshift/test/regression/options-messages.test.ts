/**
 * Bad options of a fit, and options that contradict each other or the data: each message, word for word.
 */
import { describe, expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { bad } from '../support/bad.ts'

const x = Float64Array.from([0, 1, 2, 3, 4, 5])
const labels = ['a', 'b', 'a']
const targets = [1, 0, 0, 1, 0.5, 0.5]
const held = { features: x, labels }

type Case = [string, unknown, typeof TypeError | typeof RangeError, string]

/** Options that are wrong for `x` and `labels`, and the message after `fit: expected `. */
const options: Case[] = [
  [
    'weights of another kind',
    { sampleWeights: 'balanced' },
    TypeError,
    'sampleWeights to be a Float32Array, a Float64Array or a number[], got "balanced"',
  ],
  [
    'too few weights',
    { sampleWeights: [1, 2] },
    RangeError,
    'sampleWeights to hold one number per row, 3 in all, got 2',
  ],
  [
    'a negative weight',
    { sampleWeights: [1, -1, 1] },
    RangeError,
    'sampleWeights[1] to be a number in [0, 1e+100], got -1',
  ],
  [
    'weights that are all 0',
    { sampleWeights: new Float32Array(3) },
    RangeError,
    'sampleWeights with a sum above 0, got 0 for each of 3 rows',
  ],
  [
    'a class whose rows weigh nothing',
    { sampleWeights: [1, 0, 1] },
    RangeError,
    'rows of positive weight for every class, got none for "b"',
  ],
  [
    'a class whose weight is 0',
    { classWeights: { a: 0, b: 1 } },
    RangeError,
    'rows of positive weight for every class, got none for "a"',
  ],
  [
    'class weights of another kind',
    { classWeights: [1, 2] },
    TypeError,
    "classWeights to be 'balanced' or an object with a number for each class, got an array of length 2",
  ],
  [
    'class weights by an unknown word',
    { classWeights: 'balance' },
    RangeError,
    `classWeights to be 'balanced' or an object with a number for each class, got "balance"`,
  ],
  [
    'a class weight of no class',
    { classWeights: { a: 1, b: 1, c: 1 } },
    TypeError,
    'known names in classWeights, got "c" (did you mean a?)',
  ],
  [
    'a class without its weight',
    { classWeights: { a: 1 } },
    TypeError,
    'classWeights["b"] to be a number in [0, 1e+100], got undefined',
  ],
  [
    'an infinite class weight',
    { classWeights: { a: 1, b: Infinity } },
    RangeError,
    'classWeights["b"] to be a number in [0, 1e+100], got Infinity',
  ],
  [
    'penalty factors of another number',
    { penaltyFactors: [1] },
    RangeError,
    'penaltyFactors to hold one number per feature, 2 in all, got 1',
  ],
  [
    'a penalty factor that is no number',
    { penaltyFactors: [1, NaN] },
    RangeError,
    'penaltyFactors[1] to be a number in [0, 1e+100], got NaN',
  ],
  ['standardize of another kind', { standardize: 1 }, TypeError, 'standardize to be true or false, got 1'],
  [
    'two units for the features',
    { standardize: true, featureScale: 0.5 },
    RangeError,
    'featureScale or standardize: true, as both choose the unit of the features, got featureScale 0.5 with it',
  ],
  [
    'an offset of another kind',
    { offset: [0, 0, 0, 0, 0, 0] },
    TypeError,
    'offset to be a Float32Array or a Float64Array, got an array of length 6',
  ],
  [
    'an offset of another length',
    { offset: new Float64Array(3) },
    RangeError,
    'offset for 3 rows × 2 classes, 6 in all, got 3',
  ],
  [
    'an infinite offset',
    { offset: Float64Array.of(0, 0, 0, -Infinity, 0, 0) },
    RangeError,
    'offset to be finite, got -Infinity at row 1, class "b"',
  ],
  [
    'a warm start of another kind',
    { warmStart: true },
    TypeError,
    'warmStart to be a model or { weights, intercepts }, got true',
  ],
  ['no warm start', { warmStart: 0 }, TypeError, 'warmStart to be a model or { weights, intercepts }, got 0'],
  [
    'null for a warm start',
    { warmStart: null },
    TypeError,
    'warmStart to be a model or { weights, intercepts }, got null',
  ],
  ['null for validation', { validation: null }, TypeError, 'validation to be an object, got null'],
  [
    'a warm start without intercepts',
    { warmStart: { weights: new Float64Array(4) } },
    TypeError,
    'warmStart to be a model or { weights, intercepts }, got an object',
  ],
  [
    'a warm start in plain arrays',
    { warmStart: { weights: [0, 0, 0, 0], intercepts: [0, 0] } },
    TypeError,
    'warmStart.weights to be a Float32Array or a Float64Array, got an array of length 4',
  ],
  [
    'a warm start of another shape',
    { warmStart: { weights: new Float64Array(6), intercepts: new Float64Array(3) } },
    RangeError,
    'warmStart.weights for 2 classes × 2 features, 4 in all, got 6',
  ],
  [
    'a warm start with too few intercepts',
    { warmStart: { weights: new Float64Array(4), intercepts: new Float64Array(1) } },
    RangeError,
    'warmStart.intercepts for 2 classes, 2 in all, got 1',
  ],
  [
    'a warm start that is not finite',
    { warmStart: { weights: Float64Array.of(0, NaN, 0, 0), intercepts: new Float64Array(2) } },
    RangeError,
    'warmStart.weights to be finite, got NaN at 1',
  ],
  [
    'a warm start of other classes',
    { warmStart: { weights: new Float64Array(4), intercepts: new Float64Array(2), classNames: ['a', 'c'] } },
    RangeError,
    'warmStart for the classes of the labels, got "c" as class 1 where the labels have "b"',
  ],
  [
    'a warm start of more classes',
    { warmStart: { weights: new Float64Array(6), intercepts: new Float64Array(3), classNames: ['a', 'b', 'c'] } },
    RangeError,
    'warmStart for the classes of the labels, got "c" as class 2 where the labels have none',
  ],
  [
    'intercepts to start from, and none to fit',
    { intercept: false, warmStart: { weights: new Float64Array(4), intercepts: Float64Array.of(0, 1) } },
    RangeError,
    'warmStart.intercepts of 0 together with intercept: false, got 1 at 1',
  ],
  [
    'a time of another kind',
    { maxSeconds: '60' },
    TypeError,
    'maxSeconds to be a finite number of at least 0, got "60"',
  ],
  ['a negative time', { maxSeconds: -1 }, RangeError, 'maxSeconds to be a finite number of at least 0, got -1'],
  ['no threads', { threads: 0 }, RangeError, 'threads to be an integer in [1, 1024], got 0'],
  ['a fractional seed', { seed: 0.5 }, RangeError, 'seed to be an integer in [0, 9007199254740991], got 0.5'],
  [
    'validation of another kind',
    { validation: x },
    TypeError,
    'validation to be an object, got Float64Array of length 6',
  ],
  [
    'a misspelt name in validation',
    { validation: { ...held, patients: 3 } },
    TypeError,
    'known names in validation, got "patients" (did you mean patience?)',
  ],
  [
    'no patience',
    { validation: { ...held, patience: 0 } },
    RangeError,
    'patience to be an integer in [1, 2147483647], got 0',
  ],
]

describe('fit rejects', () => {
  it.each(options)('%s', async (_, given, kind, message) => {
    const error = await SoftmaxRegression.fit(x, labels, bad(given)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    const owner = message.startsWith('patience') ? 'fit: in validation' : 'fit'
    expect((error as Error).message).toBe(`${owner}: expected ${message}`)
  })

  it('an unknown solver', async () => {
    const error: unknown = await SoftmaxRegression.fit(x, labels, bad({ solver: 'saga' })).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toMatch(/^fit: expected solver to be one of 'lbfgs'.*, got "saga"$/)
  })
})

const validations: Case[] = [
  [
    'features of another kind',
    { ...held, features: [1, 2] },
    TypeError,
    'features to be a Float32Array, a Float64Array, a Uint8Array or { indptr, indices, values, columns }, got an array of length 2',
  ],
  [
    'half a row',
    { ...held, features: x.subarray(1) },
    RangeError,
    'rows of 2 features, as the model was fitted with, got 5 features in all',
  ],
  ['too few labels', { ...held, labels: ['a'] }, RangeError, 'one label per row, 3 in all, got 1'],
  [
    'a label that is not trained on',
    { ...held, labels: ['a', 'b', 'c'] },
    RangeError,
    'labels[2] to be one of the 2 classes of the model, got "c"',
  ],
  [
    'NaN among the features',
    { ...held, features: Float64Array.of(1, 2, 3, NaN), labels: ['a', 'b'] },
    RangeError,
    'features to be finite, got NaN at row 1, column 1',
  ],
  [
    'weights that are all 0',
    { ...held, sampleWeights: [0, 0, 0] },
    RangeError,
    'sampleWeights with a sum above 0, got 0 for each of 3 rows',
  ],
  [
    'an offset of another length',
    { ...held, offset: x.subarray(2) },
    RangeError,
    'offset for 3 rows × 2 classes, 6 in all, got 4',
  ],
]

describe('fit rejects validation rows with', () => {
  it.each(validations)('%s', async (_, validation, kind, message) => {
    const error = await SoftmaxRegression.fit(x, labels, { validation: bad(validation) }).catch((e: unknown) => e)
    expect(error).toEqual(new kind(`fit: in validation: expected ${message}`))
  })
})

/** Soft targets that are wrong. */
const softs: Case[] = [
  ['no class names', { targets }, TypeError, 'classNames to be a string[] or a number[], got undefined'],
  ['no classes', { targets, classNames: [] }, RangeError, 'at least two classes, got none'],
  ['one class', { targets, classNames: ['a'] }, RangeError, 'labels of at least two classes, got only "a"'],
  [
    'class names out of order',
    { targets, classNames: ['b', 'a'] },
    RangeError,
    'classNames in ascending order, got "b" as classNames[0]',
  ],
  [
    'a class name twice',
    { targets, classNames: ['a', 'b', 'b'] },
    RangeError,
    'classNames that differ, got "b" as classNames[2]',
  ],
  [
    'class names of two kinds',
    { targets, classNames: ['a', 1] },
    TypeError,
    'classNames[1] to be a string, as the others are, got 1',
  ],
  [
    'targets of another kind',
    { targets: 'abc', classNames: ['a', 'b'] },
    TypeError,
    'targets to be a Float32Array, a Float64Array or a number[], got "abc"',
  ],
  [
    'no targets',
    { targets: [], classNames: ['a', 'b'] },
    RangeError,
    'targets for whole rows of 2 classes, at least one, got 0 targets',
  ],
  [
    'half a row',
    { targets: [1, 2, 3], classNames: ['a', 'b'] },
    RangeError,
    'targets for whole rows of 2 classes, at least one, got 3 targets',
  ],
  [
    'a negative target',
    { targets: [1, 0, -1, 0, 1, 0], classNames: ['a', 'b'] },
    RangeError,
    'targets[2] to be a number in [0, 1e+100], got -1',
  ],
  [
    'a class that nobody has',
    { targets: [1, 0, 1, 0, 1, 0], classNames: ['a', 'b'] },
    RangeError,
    'rows of positive weight for every class, got none for "b"',
  ],
]

describe('fit rejects soft targets with', () => {
  it.each(softs)('%s', async (_, soft, kind, message) => {
    const error = await SoftmaxRegression.fit(x, bad(soft)).catch((e: unknown) => e)
    expect(error).toEqual(new kind(`fit: expected ${message}`))
  })

  it('class weights', async () => {
    const soft = { targets, classNames: ['a', 'b'] }
    const error = await SoftmaxRegression.fit(x, soft, { classWeights: 'balanced' }).catch((e: unknown) => e)
    const message =
      'fit: expected classWeights only with one label per row, got targets too (multiply their columns instead)'
    expect(error).toEqual(new TypeError(message))
  })

  it('another number of rows than features', async () => {
    const error = await SoftmaxRegression.fit(x.subarray(1), { targets, classNames: ['a', 'b'] }).catch(
      (e: unknown) => e,
    )
    const message =
      'fit: expected the length of features to be a multiple of the number of labels, got 5 features and 3 labels'
    expect(error).toEqual(new RangeError(message))
  })
})
