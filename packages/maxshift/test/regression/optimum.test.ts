/**
 * Fits against the exact optima of fixtures/generate.py, which agree with scikit-learn's.
 */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type FitOptions, SoftmaxRegression } from '../../src/regression/index.ts'
import { loadOptimum, type Optimum } from '../fixtures/load.ts'

const names = ['iris', 'wine', 'wine-standardised', 'wine-no-intercept', 'wine-no-penalty', 'digits']

function fit(data: Optimum, options: FitOptions = {}): Promise<SoftmaxRegression<number>> {
  const { l2, featureScale, intercept } = data
  return SoftmaxRegression.fit(data.features, data.labels, { l2, featureScale, intercept, ...options })
}

describe('SoftmaxRegression.fit reaches the optimum', () => {
  it.each(names)('of %s', async (name) => {
    const data = loadOptimum(name)
    const model = await fit(data, { tolerance: 1e-10 })
    expect(model.report.status).toBe('converged')
    expect(model.report.gradientNorm).toBeLessThanOrEqual(1e-10)
    // The objective exceeds its minimum by the square of the gradient, 1e-20, times at most a few hundred; what remains is
    // the rounding of the sums.
    expect(Math.abs(model.report.objective / data.objective - 1)).toBeLessThanOrEqual(1e-14)
    // Weights are off by the gradient over the smallest curvature, about 1e-10/1e-3, in coordinates of unit size.
    const largest = Math.max(...data.weights.map(Math.abs))
    model.weights.forEach((w, i) => {
      expect(Math.abs(w - data.weights[i])).toBeLessThanOrEqual(1e-7 * largest)
    })
    const furthest = Math.max(1, ...data.intercepts.map(Math.abs))
    model.intercepts.forEach((b, k) => {
      expect(Math.abs(b - data.intercepts[k])).toBeLessThanOrEqual(1e-7 * furthest)
    })
  })

  it.each(names)('of %s closely with the default tolerance, and soon', async (name) => {
    const data = loadOptimum(name)
    const model = await fit(data)
    expect(model.report.status).toBe('converged')
    // About the square of the tolerance of 1e-3; see FitOptions.tolerance.
    const excess = model.report.objective - data.objective
    expect(excess).toBeGreaterThanOrEqual(-1e-15)
    expect(excess).toBeLessThanOrEqual(1e-5)
    expect(model.report.dataPasses).toBeLessThanOrEqual(25)
  })

  it('of features in other units: the penalty aside, nothing changes', async () => {
    const data = loadOptimum('wine-no-penalty')
    const units = [1e6, 1e-9]
    const scaled = data.features.map((x, i) => x * units[i % 2]) as Float64Array
    const model = await fit({ ...data, features: scaled }, { tolerance: 1e-10 })
    const plain = await fit(data, { tolerance: 1e-10 })
    expect(Math.abs(model.report.objective - plain.report.objective)).toBeLessThanOrEqual(1e-14)
    expect(Math.abs(model.report.iterations - plain.report.iterations)).toBeLessThanOrEqual(3)
    model.weights.forEach((w, i) => {
      expect(Math.abs(w * units[i % 2] - plain.weights[i])).toBeLessThanOrEqual(1e-8)
    })
  })

  it('of columns that are copies, multiples, constant or zero', async () => {
    const data = loadOptimum('iris')
    const wide = new Float64Array(data.rows * 8)
    for (let r = 0; r < data.rows; r++) {
      wide.set(data.features.subarray(r * 4, r * 4 + 4), r * 8)
      wide.set([data.features[r * 4], 1000 * data.features[r * 4 + 1], 7, 0], r * 8 + 4)
    }
    for (const l2 of [data.l2, 0]) {
      const model = await fit({ ...data, features: wide, l2 }, { tolerance: 1e-8 })
      // Without a penalty setosa has no optimum.
      expect(model.report.status).toBe(l2 > 0 ? 'converged' : 'separated')
      for (let k = 0; k < 3; k++) {
        expect(model.weights[k * 8 + 6]).toBe(0)
        expect(model.weights[k * 8 + 7]).toBe(0)
      }
    }
  })
})

describe('free oracles', () => {
  it.each(['iris', 'wine', 'digits'])('with a penalty the weights of %s sum to 0 over the classes', async (name) => {
    const data = loadOptimum(name)
    // Every step stays in that plane, so this holds at any tolerance, up to the rounding of the steps.
    for (const tolerance of [1e-2, 1e-10]) {
      const model = await fit(data, { tolerance })
      for (let j = 0; j < data.featureCount; j++) {
        let sum = 0
        let largest = 0
        for (let k = 0; k < data.classes; k++) {
          sum += model.weights[k * data.featureCount + j]
          largest = Math.max(largest, Math.abs(model.weights[k * data.featureCount + j]))
        }
        expect(Math.abs(sum)).toBeLessThanOrEqual(1e-11 * Math.max(1, largest))
      }
      expect(Math.abs(model.intercepts.reduce((sum, b) => sum + b, 0))).toBeLessThanOrEqual(1e-10)
    }
  })

  it('the mean probability of a class is its share of the rows, thanks to the intercept', async () => {
    const data = loadOptimum('wine')
    const model = await fit(data, { tolerance: 1e-10 })
    const probs = model.predictProba(data.features)
    for (let k = 0; k < 3; k++) {
      const mean = Array.from({ length: data.rows }, (_, r) => probs[r * 3 + k]).reduce((a, b) => a + b, 0) / data.rows
      const share = data.labels.filter((label) => label === k).length / data.rows
      expect(Math.abs(mean - share)).toBeLessThanOrEqual(1e-10)
    }
  })

  it('without features worth anything, probabilities are the shares of the classes', async () => {
    const model = await SoftmaxRegression.fit(new Float64Array(10), [...'aabbbbbccc'], { tolerance: 1e-12 })
    const probs = model.predictProba(new Float64Array([0]))
    ;[0.2, 0.5, 0.3].forEach((share, k) => {
      expect(Math.abs(probs[k] - share)).toBeLessThanOrEqual(1e-12)
    })
  })
})

describe('the same bits', () => {
  it('on every engine: the hash of a model changes with the algorithm, never with the machine', async () => {
    const { features, labels } = loadOptimum('iris')
    const { weights, intercepts, means = new Float64Array(0) } = await SoftmaxRegression.fit(features, labels)
    const hash = createHash('sha256').update(weights).update(intercepts).update(means)
    expect(hash.digest('hex')).toBe('af29ec63fc9984e3a53d9358da8646179a31e8c0c2e9a91c96ab18d36f857e3e')
  })

  it('from two fits, from bytes, float32 and float64', async () => {
    const data = loadOptimum('digits')
    const first = await fit(data)
    for (const features of [data.features, Float32Array.from(data.features), Float64Array.from(data.features)]) {
      const { l2, featureScale } = data
      const again = await SoftmaxRegression.fit(features, data.labels, { l2, featureScale })
      expect(again.weights).toEqual(first.weights)
      expect(again.intercepts).toEqual(first.intercepts)
      expect(again.toSafetensors()).toEqual(first.toSafetensors())
      expect(again.predictProba(features)).toEqual(first.predictProba(data.features))
    }
  })
})
