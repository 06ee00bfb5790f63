/**
 * Sparse features give the model that the same rows give with all their zeros, for any options, and the same bits however they are given.
 */
import { describe, expect, it } from 'vitest'
import { type FitOptions, SoftmaxRegression } from '../../src/regression/index.ts'
import { seededRandom } from '../support/random.ts'
import { makeLabels, makeSparse, toDense } from '../support/sparse.ts'

const features = makeSparse(140, 23, 0.3, 1)
const labels = makeLabels(features, 4, 2)
const dense = toDense(features)
const random = seededRandom(3)

const options: [string, FitOptions][] = [
  ['defaults', {}],
  ['no intercept', { intercept: false }],
  ['a strong penalty', { l2: 1 }],
  ['standardize', { standardize: true, l2: 0.01 }],
  ['standardize without an intercept', { standardize: true, intercept: false, l2: 0.01 }],
  ['a scale', { featureScale: 3 }],
  ['penalty factors', { penaltyFactors: Float64Array.from({ length: 23 }, (_, j) => 0.25 + (j % 3)) }],
  ['sample weights', { sampleWeights: Float64Array.from({ length: 140 }, (_, r) => r % 4) }],
  ['class weights', { classWeights: 'balanced' }],
  ['an offset', { offset: Float64Array.from({ length: 560 }, () => random.normal()) }],
]

describe('a sparse fit', () => {
  it.each(options)('reaches the optimum of the dense fit: %s', async (_, given) => {
    // Both stop about the square of the norm above the minimum of one strictly convex function.
    const tight = { ...given, tolerance: 1e-9 }
    const sparse = await SoftmaxRegression.fit(features, labels, tight)
    const expected = await SoftmaxRegression.fit(dense, labels, tight)
    expect(sparse.report).toMatchObject({ status: 'converged', solver: 'newton-cg' })
    expect(Math.abs(sparse.report.objective / expected.report.objective - 1)).toBeLessThanOrEqual(1e-14)
    const size = Math.max(...expected.weights.map(Math.abs))
    sparse.weights.forEach((w, i) => {
      expect(Math.abs(w - expected.weights[i])).toBeLessThanOrEqual(1e-7 * size)
    })
    sparse.logits(features).forEach((o, i) => {
      expect(Math.abs(o - expected.logits(dense)[i])).toBeLessThanOrEqual(1e-6)
    })
    expect(sparse.means).toHaveLength(23)
    sparse.means?.forEach((mean, j) => {
      expect(mean).toBeCloseTo(expected.means?.[j] ?? NaN, 12)
    })
  })
})

describe('the bits of a sparse fit', () => {
  it('do not depend on the type of the values', async () => {
    const bytes = makeSparse(80, 20, 0.4, 7, true)
    const classes = makeLabels(bytes, 3, 8)
    const given = { featureScale: 1 / 255 }
    const expected = await SoftmaxRegression.fit(bytes, classes, given)
    for (const values of [Float32Array.from(bytes.values), Uint8Array.from(bytes.values)]) {
      const model = await SoftmaxRegression.fit({ ...bytes, values }, classes, given)
      expect(model.weights).toEqual(expected.weights)
      expect(model.predictProba({ ...bytes, values })).toEqual(expected.predictProba(bytes))
    }
  })
})

describe('sparse features at the edge', () => {
  it('may be all zeros: intercepts alone', async () => {
    const zeros = { indptr: new Int32Array(5), indices: new Int32Array(0), values: new Float32Array(0), columns: 6 }
    const model = await SoftmaxRegression.fit(zeros, ['a', 'b', 'b', 'b'], { tolerance: 1e-10 })
    expect(model.report.status).toBe('converged')
    expect(model.weights).toEqual(new Float64Array(12))
    expect(model.predictProba(zeros)[1]).toBeCloseTo(0.75, 9)
    const none = { ...zeros, indptr: new Int32Array(1) }
    expect(model.predict(none)).toEqual([])
  })

  it.each([1e-150, 1e-20, 1e20, 1e150])('may be of size %d', async (size) => {
    const scaled = { ...features, values: Float64Array.from(features.values, (x) => x * size) }
    const given = { featureScale: 1 / size > 1e100 ? 1e100 : Math.max(1e-100, 1 / size), tolerance: 1e-8 }
    const model = await SoftmaxRegression.fit(scaled, labels, given)
    expect(model.report.status).toBe('converged')
    for (const w of model.weights) expect(Number.isFinite(w)).toBe(true)
  })

  it('may have columns far from zero, which float32 could not tell from constant ones', async () => {
    const values = Float64Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? 1e7 + random.normal() : random.normal()))
    const far = {
      indptr: Int32Array.from({ length: 61 }, (_, r) => 2 * r),
      indices: Int32Array.from({ length: 120 }, (_, i) => i % 2),
      values,
      columns: 2,
    }
    const two = Array.from({ length: 60 }, (_, r) => Number(values[2 * r] - 1e7 + random.normal() > 0))
    const sparse = await SoftmaxRegression.fit(far, two, { tolerance: 1e-7 })
    const expected = await SoftmaxRegression.fit(values, two, { tolerance: 1e-7 })
    expect(sparse.report.status).toBe('converged')
    // A product of 1e7 with a weight is rounded by about 1e-9, and so are logits.
    expect(Math.abs(sparse.report.objective / expected.report.objective - 1)).toBeLessThanOrEqual(1e-9)
  })

  it('take l1 too, with the zeros of the dense fit', async () => {
    const given = { l1: 0.02, tolerance: 1e-8 }
    const sparse = await SoftmaxRegression.fit(features, labels, given)
    const expected = await SoftmaxRegression.fit(dense, labels, given)
    // Weights whose subgradient is at its limit are 0 in one and nearly so in the other.
    expect(sparse.weights.filter((w) => w === 0).length).toBeGreaterThan(10)
    sparse.weights.forEach((w, i) => {
      expect(Math.abs(w - expected.weights[i])).toBeLessThanOrEqual(1e-5)
    })
    expect(Math.abs(sparse.report.objective / expected.report.objective - 1)).toBeLessThanOrEqual(1e-12)
  })
})

describe('several sparse fits', () => {
  const given = { l2s: [0.3, 0.01, 1e-3], tolerance: 1e-9 }

  it('follow a path as dense ones do, and go on from a model in fewer passes', async () => {
    const sparse = await SoftmaxRegression.path(features, labels, given)
    const expected = await SoftmaxRegression.path(dense, labels, given)
    expect(sparse.l2s).toEqual(expected.l2s)
    for (const [i, { report, weights }] of sparse.models.entries()) {
      expect(report).toMatchObject({ status: 'converged', solver: 'newton-cg' })
      expect(Math.abs(report.objective / expected.models[i].report.objective - 1)).toBeLessThanOrEqual(1e-12)
      weights.forEach((w, j) => {
        // A norm of 1e-9 over a curvature of 1e-3 and more.
        expect(Math.abs(w - expected.models[i].weights[j])).toBeLessThanOrEqual(1e-5)
      })
    }
    const options = { l2: 0.01, tolerance: 1e-6 }
    const cold = await SoftmaxRegression.fit(features, labels, options)
    const warm = await SoftmaxRegression.fit(features, labels, { ...options, warmStart: sparse.models[1] })
    expect(warm.report.status).toBe('converged')
    expect(warm.report.dataPasses).toBeLessThan(cold.report.dataPasses)
    expect(Math.abs(warm.report.objective / cold.report.objective - 1)).toBeLessThanOrEqual(1e-11)
  })

  it('are validated on held-out rows as dense ones are', async () => {
    const options = { ...given, folds: 3 }
    const sparse = await SoftmaxRegression.crossValidate(features, labels, options)
    const expected = await SoftmaxRegression.crossValidate(dense, labels, options)
    expect(sparse.folds).toEqual(expected.folds)
    for (let i = 0; i < 3; i++) expect(sparse.logLoss[i]).toBeCloseTo(expected.logLoss[i], 6)
    expect([sparse.best, sparse.oneStandardError]).toEqual([expected.best, expected.oneStandardError])
    expect(sparse.model.report).toMatchObject({ status: 'converged', l2: expected.model.report.l2 })
  })
})
