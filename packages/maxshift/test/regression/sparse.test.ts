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
