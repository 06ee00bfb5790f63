/**
 * The bound on what is left where l2 holds every feature: at every step of fits whose minimum is known, and not far above the truth.
 */
import { describe, expect, it } from 'vitest'
import { type FitOptions, SoftmaxRegression, type TrainingLabels } from '../../src/regression/index.ts'
import { loadOptimum, loadOptionsCases } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'
import { makeSparse, toDense } from '../support/sparse.ts'

interface Problem {
  readonly name: string
  readonly features: Float64Array | Uint8Array
  readonly labels: TrainingLabels
  readonly options: FitOptions
  readonly minimum: number
}

const plain: Problem[] = ['iris', 'wine', 'wine-standardised', 'wine-no-intercept', 'digits'].map((name) => {
  const { features, labels, l2, featureScale, intercept, objective } = loadOptimum(name)
  return { name, features, labels, options: { l2, featureScale, intercept }, minimum: objective }
})

const optional: Problem[] = loadOptionsCases()
  .filter(({ rows, options }) => rows === null && !String(options.penaltyFactors).includes('0,'))
  .map(({ name, data, options, objective }) => {
    const { features, labels } = loadOptimum(data)
    const { targets, offset, ...rest } = options
    const given = Array.isArray(offset) ? { ...rest, offset: Float64Array.from(offset) } : rest
    const soft = Array.isArray(targets) ? { targets: Float64Array.from(targets), classNames: [0, 1, 2] } : labels
    return { name, features, labels: soft, options: given, minimum: objective }
  })

describe('gapBound with l2 on every feature', () => {
  it.each([...plain, ...optional].map((problem) => [problem.name, problem] as const))(
    'holds for %s wherever the fit ends',
    async (_, { features, labels, options, minimum }) => {
      for (const maxIterations of [1, 3, 8, 15, 25, 1000]) {
        const { report } = await SoftmaxRegression.fit(features, labels, { ...options, tolerance: 1e-7, maxIterations })
        const gap = report.objective - minimum
        // Sums of some hundred losses near 1 are right to about 1e-15.
        expect(report.gapBound).toBeGreaterThanOrEqual(gap - 1e-15)
        expect(report.gapBound).toBeLessThanOrEqual(report.objective)
        // A gradient of 1e-7 is worth 1e-14 times curvature over l2, here at most some ten thousand.
        if (maxIterations === 1000) expect(report.gapBound).toBeLessThanOrEqual(1e-9)
      }
    },
  )

  it('says how far the default tolerance is from the end', async () => {
    const { features, labels, l2, featureScale, objective } = loadOptimum('digits')
    const { report } = await SoftmaxRegression.fit(features, labels, { l2, featureScale })
    // 3.8 times the truth when this was written.
    expect(report.gapBound).toBeLessThan(10 * (report.objective - objective))
    expect(report.gapBound).toBeLessThan(2e-5 * objective)
  })

  it('is kept for the best step of an early end', async () => {
    const { features, labels } = loadOptimum('wine')
    const validation = { features, labels: labels.map((label, r) => (r % 3 ? label : 0)), patience: 2 }
    const { report } = await SoftmaxRegression.fit(features, labels, { validation, tolerance: 1e-8 })
    const { report: end } = await SoftmaxRegression.fit(features, labels, { tolerance: 1e-8 })
    expect(report.status).toBe('early-stopped')
    expect(report.gapBound).toBeGreaterThanOrEqual(report.objective - end.objective)
    expect(report.gapBound).toBeLessThanOrEqual(report.objective)
  })

  it('holds for random problems: masses from 0 to 1e6, offsets, few and many classes, sparse and dense', async () => {
    const random = seededRandom(7)
    for (let trial = 0; trial < 40; trial++) {
      const [rows, width, classes] = [20 + random.below(200), 1 + random.below(6), 2 + random.below(5)]
      const csr = makeSparse(rows, width, 0.5, trial)
      const labels = Array.from({ length: rows }, (_, r) => (r < classes ? r : random.below(classes)))
      const sampleWeights = labels.map((_, r) => (trial % 2 ? 1 : r % 7 && r >= classes ? 0 : 10 ** random.below(7)))
      const offset = Float64Array.from({ length: rows * classes }, () => random.normal())
      const options: FitOptions = {
        l2: 10 ** -random.below(5),
        intercept: trial % 5 > 0,
        sampleWeights,
        ...(trial % 3 ? {} : { offset }),
      }
      const features = trial % 4 ? toDense(csr) : csr
      const best = await SoftmaxRegression.fit(features, labels, { ...options, tolerance: 1e-11 })
      for (const maxIterations of [1, 2, 4, 8, 16]) {
        const { report } = await SoftmaxRegression.fit(features, labels, { ...options, maxIterations })
        const gap = report.objective - best.report.objective
        // Losses of logits up to some hundred are good to 1e-14.
        expect(report.gapBound).toBeGreaterThanOrEqual(gap - 1e-14)
        expect(report.gapBound).toBeLessThanOrEqual(report.objective)
      }
    }
  })

  it('looks at weights of columns that are constant, too', async () => {
    const { features, labels, l2, rows } = loadOptimum('wine-standardised')
    const wide = Float64Array.from({ length: rows * 14 }, (_, i) =>
      i % 14 < 13 ? features[13 * Math.floor(i / 14) + (i % 14)] : 0,
    )
    const warmStart = { weights: new Float64Array(42).fill(0.5, 13, 14), intercepts: new Float64Array(3) }
    const best = await SoftmaxRegression.fit(wide, labels, { l2, tolerance: 1e-10 })
    const { report } = await SoftmaxRegression.fit(wide, labels, { l2, warmStart, tolerance: 1e-6 })
    expect(report.gapBound).toBeGreaterThanOrEqual(report.objective - best.report.objective - 1e-15)
  })
})
