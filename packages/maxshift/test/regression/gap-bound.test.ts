/**
 * The bound on objective − minimum, against minima that are known.
 */
import { describe, expect, it } from 'vitest'
import { type FitOptions, SoftmaxRegression } from '../../src/regression/index.ts'
import { loadOptimum, loadSparseOptimum, type Optimum } from '../fixtures/load.ts'

const sparse = ['iris', 'wine', 'wine-elastic', 'cancer', 'cancer-elastic', 'digits', 'digits-elastic'].map(
  (name) => [`${name} with l1`, loadSparseOptimum(name)] as const,
)

function fit(data: Optimum & { l1?: number }, options: FitOptions = {}): Promise<SoftmaxRegression<number>> {
  const { features, labels, l2, l1 = 0, featureScale, intercept } = data
  return SoftmaxRegression.fit(features, labels, { l2, l1, featureScale, intercept, ...options })
}

describe('gapBound', () => {
  it.each(sparse)('of %s is a bound, and tends to 0 with the gradient', async (_, data) => {
    let last = Infinity
    for (const tolerance of [1e-1, 1e-2, 1e-4, 1e-6, 1e-9]) {
      const { report } = await fit(data, { tolerance })
      // The objective, and the sums that the bound is made of, are good to about 1e-15.
      expect(report.gapBound).toBeGreaterThanOrEqual(report.objective - data.objective - 1e-14)
      expect(report.gapBound).toBeLessThanOrEqual(Math.max(last, 1e-14))
      last = report.gapBound ?? Infinity
    }
    expect(last).toBeLessThanOrEqual(1e-7)
  })

  it('knows rows with weights and soft targets', async () => {
    const { features, labels, l2, classes } = loadOptimum('wine-standardised')
    const sampleWeights = labels.map((_, r) => 1 + (r % 3))
    const targets = Float64Array.from(
      { length: labels.length * classes },
      (_, i) => (labels[Math.floor(i / classes)] === i % classes ? 2 : 0) + 0.1 * (i % 4),
    )
    for (const options of [{ l2 }, { l1: 0.01 }, { l1: 0.01, l2 }]) {
      for (const of of [labels, { targets, classNames: [0, 1, 2] }]) {
        const best = await SoftmaxRegression.fit(features, of, { ...options, sampleWeights, tolerance: 1e-11 })
        expect(best.report.gapBound).toBeLessThanOrEqual(1e-9)
        for (const tolerance of [1e-2, 1e-3, 1e-5]) {
          const { report } = await SoftmaxRegression.fit(features, of, { ...options, sampleWeights, tolerance })
          const gap = report.objective - best.report.objective
          expect(report.gapBound ?? Infinity).toBeGreaterThanOrEqual(gap - 1e-14)
        }
      }
    }
  })

  it('is there for fits that ended early, and not where there is none', async () => {
    const data = loadOptimum('wine-standardised')
    const { report } = await fit(data, { maxIterations: 3 })
    expect(report.gapBound).toBeGreaterThanOrEqual(report.objective - data.objective)
    const free = await fit(loadOptimum('wine-no-penalty'))
    expect(free.report.gapBound).toBe(undefined)
    const offset = new Float64Array(data.rows * 3)
    expect((await fit(data, { l1: 0.01, l2: 0, offset })).report.gapBound).toBe(undefined)
    expect((await fit(data, { offset })).report.gapBound).toBeLessThanOrEqual(1e-5)
  })
})
