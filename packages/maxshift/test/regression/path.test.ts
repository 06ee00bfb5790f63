/**
 * Several fits to the same rows: a path is its separate fits, cross-validation is the loop that one would write by hand.
 */
import { describe, expect, it } from 'vitest'
import { type PathProgress, SoftmaxRegression } from '../../src/regression/index.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { bad } from '../support/bad.ts'

const iris = loadOptimum('iris')
const wine = loadOptimum('wine')
const names = iris.labels.map((label) => ['setosa', 'versicolor', 'virginica'][label])
const { fit, path, crossValidate } = SoftmaxRegression

/** Largest difference in units of the largest expected number. */
function distance(given: Float64Array, expected: Float64Array): number {
  const largest = (values: Float64Array): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return largest(expected.map((value, i) => given[i] - value)) / largest(expected)
}

/** The rows of a data set for which `wanted` holds. */
function rowsOf(data: typeof iris, wanted: (row: number) => boolean) {
  const rows = data.labels.map((_, r) => r).filter(wanted)
  const width = data.featureCount
  const features = Float64Array.from(rows.flatMap((r) => [...data.features.subarray(r * width, (r + 1) * width)]))
  return { features, labels: rows.map((r) => data.labels[r]) }
}

describe('a path', () => {
  it('has the models of separate fits, largest l2 first, in fewer passes', async () => {
    const given = [1e-3, 1, 1e-5, 0.03]
    const options = { tolerance: 1e-8, standardize: true, sampleWeights: wine.labels.map((_, r) => 1 + (r % 2)) }
    const { l2s, models } = await path(wine.features, wine.labels, { ...options, l2s: given })
    expect([...l2s]).toEqual([1, 0.03, 1e-3, 1e-5])
    expect(given[0]).toBe(1e-3)
    let cold = 0
    for (const [i, l2] of l2s.entries()) {
      const alone = await fit(wine.features, wine.labels, { ...options, l2 })
      cold += alone.report.dataPasses
      expect(models[i].report).toMatchObject({ status: 'converged', l2, totalWeight: 267, standardize: true })
      expect(Math.abs(models[i].report.objective / alone.report.objective - 1)).toBeLessThanOrEqual(1e-12)
      expect(distance(models[i].weights, alone.weights)).toBeLessThanOrEqual(1e-5)
    }
    expect(models.reduce((all, model) => all + model.report.dataPasses, 0)).toBeLessThan(cold)
    expect(models[1].classNames).toEqual([0, 1, 2])
  })

  it('goes evenly from where a model is at most one per cent better than none', async () => {
    for (const options of [{}, { standardize: true }, { penaltyFactors: [1, 4, 9, 0.5] }, { intercept: false }]) {
      const { l2s, models } = await path(iris.features, names, { ...options, count: 7, ratio: 1e-6 })
      expect(l2s.length).toBe(7)
      for (let i = 1; i < 7; i++) expect(l2s[i] / l2s[i - 1]).toBeCloseTo(0.1, 12)
      // Shares are equal, so that the log-loss of none is log 3.
      const { objective } = models[0].report
      expect(objective).toBeLessThan(Math.log(3))
      expect(objective).toBeGreaterThan(0.99 * Math.log(3))
      for (let i = 1; i < 7; i++) expect(models[i].report.objective).toBeLessThan(models[i - 1].report.objective)
    }
    const { l2s } = await path(iris.features, names)
    expect([l2s.length, Math.round(Math.log10(l2s[21] / l2s[0]))]).toEqual([22, -7])
    // Nothing to learn, nothing to go by.
    const flat = await path(new Float64Array(6), [1, 2, 1, 2, 1, 2], { count: 2 })
    expect(flat.l2s[0]).toBe(1)
  })

  it('tells of every fit, and ends when it is told to or the time is over', async () => {
    const told: PathProgress[] = []
    const onProgress = (progress: PathProgress): boolean => told.push(progress) < 3
    const { l2s, models } = await path(iris.features, names, { count: 5, onProgress })
    expect([l2s.length, models.length]).toEqual([3, 3])
    expect(told.map(({ l2, index, count, fold }) => [l2, index, count, fold])).toEqual(
      [...l2s].map((l2, i) => [l2, i, 5, undefined]),
    )
    expect(told[2]).toMatchObject({ status: 'converged', dataPasses: models[2].report.dataPasses })
    const late = await path(iris.features, names, { count: 5, maxSeconds: 0, tolerance: 1e-12 })
    expect(late.models.map(({ report }) => [report.status, report.iterations])).toEqual([['time-limit', 1]])
  })

  it('rejects with the reason of its signal', async () => {
    const controller = new AbortController()
    const onProgress = (): void => controller.abort('enough')
    await expect(path(iris.features, names, { signal: controller.signal, onProgress })).rejects.toBe('enough')
  })
})

describe('cross-validation', () => {
  it('is the loop over folds and l2, with the final model of all rows', async () => {
    const l2s = [1e-3, 0.3, 0.01]
    const folds = Uint8Array.from(iris.labels, (_, r) => (r * 7) % 4)
    const sampleWeights = iris.labels.map((_, r) => 1 + (r % 3))
    const options = { tolerance: 1e-9, standardize: true }
    const result = await crossValidate(iris.features, names, { ...options, sampleWeights, folds, l2s })
    expect([...result.l2s]).toEqual([0.3, 0.01, 1e-3])
    expect(result.folds).toEqual(Int32Array.from(folds))
    for (const [i, l2] of result.l2s.entries()) {
      const losses: number[] = []
      const weights: number[] = []
      for (let fold = 0; fold < 4; fold++) {
        const train = rowsOf(iris, (r) => folds[r] !== fold)
        const test = rowsOf(iris, (r) => folds[r] === fold)
        const [own, held] = [true, false].map((out) => sampleWeights.filter((_, r) => (folds[r] !== fold) === out))
        const model = await fit(train.features, train.labels, { ...options, l2, sampleWeights: own })
        losses.push(model.evaluate(test.features, test.labels, { sampleWeights: held }).logLoss)
        weights.push(held.reduce((a, b) => a + b, 0))
      }
      const total = weights.reduce((a, b) => a + b, 0)
      const mean = losses.reduce((sum, loss, f) => sum + (weights[f] * loss) / total, 0)
      const spread = losses.reduce((sum, loss, f) => sum + (weights[f] * (loss - mean) ** 2) / total, 0)
      // Fits to a gradient of 1e-9 from different starts.
      expect(result.logLoss[i]).toBeCloseTo(mean, 7)
      expect(result.standardError[i]).toBeCloseTo(Math.sqrt(spread / 3), 7)
    }
    const lowest = Math.min(...result.logLoss)
    expect(result.logLoss[result.best]).toBe(lowest)
    const limit = lowest + result.standardError[result.best]
    expect(result.oneStandardError).toBe([...result.logLoss].findIndex((loss) => loss <= limit))
    const l2 = result.l2s[result.best]
    const all = await fit(iris.features, names, { ...options, sampleWeights, l2 })
    expect(result.model.report).toMatchObject({ status: 'converged', l2, totalWeight: 300 })
    expect(distance(result.model.weights, all.weights)).toBeLessThanOrEqual(1e-6)
    expect(result.model.classNames).toEqual(['setosa', 'versicolor', 'virginica'])
  })

  it('can refit with the l2 of the one-standard-error rule, which is not smaller', async () => {
    const options = { count: 8, ratio: 1e-5, folds: 4 }
    const best = await crossValidate(wine.features, wine.labels, options)
    const careful = await crossValidate(wine.features, wine.labels, { ...options, refit: 'one-standard-error' })
    expect(careful.logLoss).toEqual(best.logLoss)
    expect(best.model.report.l2).toBe(best.l2s[best.best])
    expect(careful.model.report.l2).toBe(careful.l2s[careful.oneStandardError])
    expect(careful.oneStandardError).toBeLessThan(careful.best)
  })

  it('deals the rows of each class evenly, by the seed', async () => {
    const rows = 103
    const features = Float64Array.from({ length: rows }, (_, r) => (r * 37) % rows)
    const labels = Array.from({ length: rows }, (_, r) => (r < 60 ? 'a' : r < 95 ? 'b' : 'c'))
    const options = { l2s: [1], folds: 5 }
    const { folds } = await crossValidate(features, labels, options)
    const sizes = (wanted: (r: number) => boolean): number[] =>
      [0, 1, 2, 3, 4].map((fold) => folds.filter((own, r) => own === fold && wanted(r)).length)
    for (const wanted of [() => true, ...['a', 'b', 'c'].map((name) => (r: number) => labels[r] === name)]) {
      const counts = sizes(wanted)
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
    }
    expect((await crossValidate(features, labels, options)).folds).toEqual(folds)
    expect((await crossValidate(features, labels, { ...options, seed: 1 })).folds).not.toEqual(folds)
    const targets = Float64Array.from(
      labels.flatMap((own) => ['a', 'b', 'c'].map((name) => (own === name ? 0.8 : 0.1))),
    )
    const soft = await crossValidate(features, { targets, classNames: ['a', 'b', 'c'] }, options)
    expect(soft.folds).toEqual(folds)
  })

  it('tells of every fit, and ends with complete values when it is told to or the time is over', async () => {
    const told: PathProgress[] = []
    const onProgress = (progress: PathProgress): boolean => told.push(progress) < 8
    const result = await crossValidate(iris.features, names, { count: 6, folds: 3, onProgress })
    expect(told.map(({ index, fold }) => [index, fold])).toEqual(told.map((_, i) => [Math.floor(i / 3), i % 3]))
    // The eighth fit is the second fold of the third value, which is left out.
    expect([told.length, result.l2s.length, result.logLoss.length]).toEqual([8, 2, 2])
    const late = await crossValidate(iris.features, names, { count: 6, maxSeconds: 0, tolerance: 1e-12 })
    expect([late.l2s.length, late.model.report.status]).toEqual([1, 'time-limit'])
  })

  it('rejects with the reason of its signal', async () => {
    const controller = new AbortController()
    const onProgress = ({ fold }: PathProgress): void => {
      if (fold === 1) controller.abort('enough')
    }
    await expect(crossValidate(iris.features, names, { signal: controller.signal, onProgress })).rejects.toBe('enough')
  })
})

type Case = [string, unknown, typeof TypeError | typeof RangeError, string]
const x = Float64Array.from([0, 1, 2, 3, 4, 5, 6, 7])
const labels = ['a', 'b', 'a', 'b']

const pathCases: Case[] = [
  ['an l2', { l2: 1 }, TypeError, 'known option names, got "l2" (did you mean l2s?)'],
  ['values twice', { l2s: [1], count: 3 }, TypeError, 'l2s, or count and ratio, got l2s and count 3'],
  ['values with a ratio', { l2s: [1], ratio: 0.1 }, TypeError, 'l2s, or count and ratio, got l2s and ratio 0.1'],
  ['null for values', { l2s: null }, TypeError, 'l2s to be a number[], a Float32Array or a Float64Array, got null'],
  ['values of another kind', { l2s: 1 }, TypeError, 'l2s to be a number[], a Float32Array or a Float64Array, got 1'],
  ['no values', { l2s: [] }, RangeError, '1 to 10000 values in l2s, got 0'],
  ['a negative value', { l2s: [1, -1] }, RangeError, 'l2s[1] to be a finite number of at least 0, got -1'],
  ['a count of 0', { count: 0 }, RangeError, 'count to be an integer in [1, 10000], got 0'],
  ['a ratio of 1', { ratio: 1 }, RangeError, 'ratio to be a number between 0 and 1, got 1'],
  ['a ratio above 1', { ratio: 2 }, RangeError, 'ratio to be a number in [0, 1], got 2'],
  ['a callback of another kind', { onProgress: 1 }, TypeError, 'onProgress to be a function, got 1'],
  ['a bad option of fit', { tolerance: -1 }, RangeError, 'tolerance to be a finite number of at least 0, got -1'],
]

const foldCases: Case[] = [
  ['validation rows', { validation: {} }, TypeError, 'known option names, got "validation"'],
  ['one fold', { folds: 1 }, RangeError, 'folds to be an integer in [2, 4], got 1'],
  ['more folds than rows', { folds: 5 }, RangeError, 'folds to be an integer in [2, 4], got 5'],
  [
    'folds of another kind',
    { folds: 'three' },
    TypeError,
    'folds to be a number, an integer array or a number[], got "three"',
  ],
  ['folds of another number', { folds: [0, 1] }, RangeError, 'folds to hold one fold per row, 4 in all, got 2'],
  ['a negative fold', { folds: [0, 1, -1, 0] }, RangeError, 'folds[2] to be an integer in [0, 3], got -1'],
  ['only one fold', { folds: [0, 0, 0, 0] }, RangeError, 'folds of at least two kinds, got only 0'],
  ['an empty fold', { folds: [0, 2, 0, 2] }, RangeError, 'rows of positive weight in every fold, got none in fold 1'],
  [
    'a fold of weight 0',
    { folds: [0, 0, 1, 1], sampleWeights: [1, 1, 0, 0] },
    RangeError,
    'rows of positive weight in every fold, got none in fold 1',
  ],
  [
    'a class in one fold only',
    { folds: [0, 1, 0, 2] },
    RangeError,
    'rows of positive weight for every class outside of every fold, got none for "a" outside of fold 0 (a class needs rows in two folds)',
  ],
  ['an unknown refit', { refit: 'last' }, RangeError, "refit to be one of 'best', 'one-standard-error', got \"last\""],
  ['a bad option of path', { count: 1.5 }, RangeError, 'count to be an integer in [1, 10000], got 1.5'],
]

describe('refused', () => {
  it.each(pathCases)('by path: %s', async (_, options, kind, message) => {
    const error = await path(x, labels, bad(options)).catch((e: unknown) => e)
    expect(error).toEqual(new kind(`path: expected ${message}`))
  })

  it.each(foldCases)('by crossValidate: %s', async (_, options, kind, message) => {
    const error: unknown = await crossValidate(x, labels, bad(options)).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message.replace(/ \(known are .*\)$/, '')).toBe(`crossValidate: expected ${message}`)
  })
})
