/**
 * l1 and the elastic net against the exact optima of fixtures/generate_l1.py, which scikit-learn's saga finds too.
 */
import { describe, expect, it } from 'vitest'
import { type FitOptions, SoftmaxRegression } from '../../src/regression/index.ts'
import { loadOptimum, loadSparseOptimum } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'

const names = ['iris', 'wine', 'wine-elastic', 'cancer', 'cancer-elastic', 'digits', 'digits-elastic']

function fit(name: string, options: FitOptions = {}): Promise<SoftmaxRegression<number>> {
  const { features, labels, l1, l2, featureScale } = loadSparseOptimum(name)
  return SoftmaxRegression.fit(features, labels, { l1, l2, featureScale, ...options })
}

const largest = (values: Iterable<number>): number => Math.max(...Array.from(values, Math.abs))

describe('with l1 the fit reaches the optimum', () => {
  it.each(names)('of %s: its support, exactly, and its weights', async (name) => {
    const data = loadSparseOptimum(name)
    const { report, weights, intercepts } = await fit(name, { tolerance: 1e-10 })
    expect(report).toMatchObject({ status: 'converged', solver: 'proximal', l1: data.l1, l2: data.l2 })
    expect(report.gradientNorm).toBeLessThanOrEqual(1e-10)
    expect(Math.abs(report.objective / data.objective - 1)).toBeLessThanOrEqual(1e-14)
    const chosen = data.weights.filter((w) => w !== 0).length
    expect(report.selectedWeights).toBe(chosen)
    const unit = largest(data.weights)
    weights.forEach((w, i) => {
      expect(w === 0).toBe(data.weights[i] === 0)
      // As far as a gradient of 1e-10 leaves them, with curvatures down to 1e-2 in these coordinates.
      expect(Math.abs(w - data.weights[i])).toBeLessThanOrEqual(1e-8 * unit)
    })
    // The same number more for all classes changes nothing; here they sum to 0.
    const mean = data.intercepts.reduce((sum, b) => sum + b, 0) / data.classes
    intercepts.forEach((b, k) => {
      expect(Math.abs(b - (data.intercepts[k] - mean))).toBeLessThanOrEqual(
        1e-8 * Math.max(1, largest(data.intercepts)),
      )
    })
  })

  it.each(names)('of %s closely with the default tolerance, and soon', async (name) => {
    const data = loadSparseOptimum(name)
    const { report } = await fit(name)
    expect(report.status).toBe('converged')
    const excess = report.objective - data.objective
    expect(excess).toBeGreaterThanOrEqual(-1e-15)
    expect(excess).toBeLessThanOrEqual(1e-5)
    // saga passes through iris 24 266 times, through the others 153 to 5112 times, to the end.
    expect(report.dataPasses).toBeLessThanOrEqual(45)
  })

  it('where l1 is 0: the one of the other solver', async () => {
    const data = loadOptimum('wine-standardised')
    const model = await SoftmaxRegression.fit(data.features, data.labels, {
      l2: data.l2,
      solver: 'proximal',
      tolerance: 1e-9,
    })
    expect(model.report).toMatchObject({ status: 'converged', solver: 'proximal', l1: 0, selectedFeatures: 13 })
    expect(Math.abs(model.report.objective / data.objective - 1)).toBeLessThanOrEqual(1e-14)
    model.weights.forEach((w, i) => {
      expect(Math.abs(w - data.weights[i])).toBeLessThanOrEqual(1e-7)
    })
  })
})

describe('l1', () => {
  it('is 0 by default, and makes l2 0 by default', async () => {
    const { features, labels } = loadSparseOptimum('wine')
    const sparse = await SoftmaxRegression.fit(features, labels, { l1: 0.1 })
    expect(sparse.report).toMatchObject({ l1: 0.1, l2: 0, solver: 'proximal' })
    const none = await SoftmaxRegression.fit(features, labels, { l1: 0 })
    expect(none.report).toMatchObject({ l1: 0, l2: 1 / 178, solver: 'lbfgs' })
  })

  it('large enough leaves the shares of the classes, after no step at all', async () => {
    const data = loadSparseOptimum('digits')
    const { report, weights, predictProba } = await fit('wine', { l1: 10, tolerance: 1e-12 }).then((model) => ({
      report: model.report,
      weights: model.weights,
      predictProba: model.predictProba(new Float64Array(13)),
    }))
    expect(report).toMatchObject({ status: 'converged', selectedWeights: 0, selectedFeatures: 0 })
    expect(largest(weights)).toBe(0)
    ;[59, 71, 48].forEach((count, k) => {
      expect(predictProba[k]).toBeCloseTo(count / 178, 12)
    })
    expect(data.rows).toBe(1797)
  })

  it('weighs as the factors say: not at all, or without end', async () => {
    const { features, labels } = loadSparseOptimum('wine')
    const penaltyFactors = Array.from({ length: 13 }, (_, j) => (j === 0 ? 0 : j === 6 ? 1e100 : 1))
    const model = await SoftmaxRegression.fit(features, labels, { l1: 0.02, penaltyFactors, tolerance: 1e-9 })
    expect(model.report.status).toBe('converged')
    for (let k = 0; k < 3; k++) {
      expect(model.weights[k * 13]).not.toBe(0)
      expect(model.weights[k * 13 + 6]).toBe(0)
    }
  })

  it('does not depend on the units of standardised features', async () => {
    const { features, labels } = loadSparseOptimum('wine')
    const units = [1e6, 1e-9, 7]
    const scaled = features.map((x, i) => x * units[(i % 13) % 3]) as Float64Array
    const options = { l1: 0.02, standardize: true, tolerance: 1e-9 }
    const plain = await SoftmaxRegression.fit(features as Float64Array, labels, options)
    const model = await SoftmaxRegression.fit(scaled, labels, options)
    expect(Math.abs(model.report.objective - plain.report.objective)).toBeLessThanOrEqual(1e-14)
    model.weights.forEach((w, i) => {
      expect(w === 0).toBe(plain.weights[i] === 0)
      expect(Math.abs(w * units[(i % 13) % 3] - plain.weights[i])).toBeLessThanOrEqual(1e-7)
    })
  })

  it('goes well with weights of rows, soft targets, an offset and a warm start', async () => {
    const { features, labels, classes } = loadSparseOptimum('wine')
    const options = { l1: 0.02, tolerance: 1e-10 }
    const sampleWeights = labels.map((_, r) => r % 3)
    const weighted = await SoftmaxRegression.fit(features, labels, { ...options, sampleWeights })
    // The same rows, as often as they weigh.
    const copies = labels.flatMap((_, r) => Array.from({ length: r % 3 }, () => r))
    const repeated = Float64Array.from(copies.flatMap((r) => Array.from(features.subarray(r * 13, (r + 1) * 13))))
    const again = await SoftmaxRegression.fit(
      repeated,
      copies.map((r) => labels[r]),
      options,
    )
    const targets = Float64Array.from({ length: labels.length * classes }, (_, i) =>
      labels[Math.floor(i / classes)] === i % classes ? sampleWeights[Math.floor(i / classes)] : 0,
    )
    const soft = await SoftmaxRegression.fit(
      features,
      { targets, classNames: [0, 1, 2] },
      { ...options, l1: (0.02 * copies.length) / 178 },
    )
    for (const other of [again, soft]) {
      expect(other.report.status).toBe('converged')
      other.weights.forEach((w, i) => {
        expect(w === 0).toBe(weighted.weights[i] === 0)
        expect(Math.abs(w - weighted.weights[i])).toBeLessThanOrEqual(1e-8)
      })
    }
    const warm = await SoftmaxRegression.fit(features, labels, { ...options, sampleWeights, warmStart: weighted })
    expect(warm.report.dataPasses).toBeLessThanOrEqual(3)
    const offset = weighted.logits(features)
    const rest = await SoftmaxRegression.fit(features, labels, { ...options, sampleWeights, offset })
    // What is explained already needs no weights, but for what the penalty held back.
    expect(rest.report.status).toBe('converged')
    expect(largest(rest.weights)).toBeLessThan(largest(weighted.weights) / 2)
  })

  it('chooses the three features that matter among a thousand, with more features than rows', async () => {
    const random = seededRandom(4)
    const [rows, size] = [200, 1100]
    const features = Float32Array.from({ length: rows * size }, random.normal)
    const labels = Array.from({ length: rows }, (_, r) => {
      const [a, b, c] = [3, 500, 1099].map((j) => features[r * size + j])
      return a > 0.5 ? 'a' : b + c > 0 ? 'b' : 'c'
    })
    const model = await SoftmaxRegression.fit(features, labels, { l1: 0.1, tolerance: 1e-8 })
    expect(model.report.status).toBe('converged')
    const chosen = new Set(
      Array.from(model.weights.keys())
        .filter((i) => model.weights[i] !== 0)
        .map((i) => i % size),
    )
    expect([...chosen].sort((a, b) => a - b)).toEqual([3, 500, 1099])
    expect(model.report.selectedFeatures).toBe(3)
  })

  it('finds the same in sparse features', async () => {
    const data = loadSparseOptimum('digits')
    const places = Array.from(data.features.keys()).filter((i) => data.features[i] !== 0)
    const ends = Array.from({ length: data.rows + 1 }, (_, r) => 64 * r)
    const indptr = Int32Array.from(ends, (end) => places.filter((i) => i < end).length)
    const indices = Int32Array.from(places, (i) => i % 64)
    const values = Float64Array.from(places, (i) => data.features[i])
    const { l1, featureScale, labels } = data
    const csr = { indptr, indices, values, columns: 64 }
    const model = await SoftmaxRegression.fit(csr, labels, { l1, featureScale, tolerance: 1e-10 })
    expect(model.report).toMatchObject({ status: 'converged', solver: 'proximal' })
    expect(Math.abs(model.report.objective / data.objective - 1)).toBeLessThanOrEqual(1e-14)
    model.weights.forEach((w, i) => {
      expect(w === 0).toBe(data.weights[i] === 0)
      expect(Math.abs(w - data.weights[i])).toBeLessThanOrEqual(1e-8)
    })
  })

  it('stops and is aborted as without', async () => {
    const stopped = await fit('digits', { onIteration: ({ iteration }) => iteration < 4 })
    expect(stopped.report).toMatchObject({ status: 'stopped', iterations: 4 })
    const limited = await fit('digits', { maxIterations: 4 })
    expect(limited.report).toMatchObject({ status: 'max-iterations', iterations: 4 })
    expect(limited.weights).toEqual(stopped.weights)
    const controller = new AbortController()
    const onIteration = ({ iteration }: { iteration: number }): void => {
      if (iteration === 2) controller.abort('enough')
    }
    await expect(fit('digits', { onIteration, signal: controller.signal })).rejects.toBe('enough')
  })
})
