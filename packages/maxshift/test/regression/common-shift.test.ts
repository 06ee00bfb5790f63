import { describe, expect, it } from 'vitest'
import { bestShift, settleShifts } from '../../src/regression/common-shift.ts'
import { SoftmaxRegression } from '../../src/regression/index.ts'

/** The penalty of one feature whose weights have lost t. */
const penalty = (weights: Float64Array, l2: number, l1: number, t: number): number =>
  weights.reduce((sum, w) => sum + (l2 / 2) * (w - t) ** 2 + l1 * Math.abs(w - t), 0)

describe('bestShift', () => {
  // Halves, so that sums and places of kinks are exact; the penalty is convex, so neighbours tell whether a place is the best.
  const lists = [
    [0, 0, 0],
    [-1, 0, 2],
    [1, 2],
    [-3, -2.5, 0, 0, 4],
    [5, 6, 7, 9],
    [-1, 1, 1, 1],
    [-8, -7],
  ]
  it.each(lists)('is where the penalty is least: %#', (...list) => {
    const weights = Float64Array.from(list)
    for (const [l2, l1] of [
      [1, 0],
      [1, 0.5],
      [0.25, 8],
      [0, 1],
      [4, 1e-3],
    ]) {
      const t = bestShift(weights, l2, l1)
      const least = penalty(weights, l2, l1, t)
      // The penalty is known to some units of 2⁻⁵².
      for (const step of [-1, -1e-3, 1e-3, 1]) {
        expect(penalty(weights, l2, l1, t + step), `${l2} ${l1} ${t} ${step}`).toBeGreaterThanOrEqual(
          least * (1 - 2 ** -48),
        )
      }
    }
  })

  it('takes of several places the one nearest to 0', () => {
    expect(bestShift(Float64Array.of(-1, 3), 0, 1)).toBe(0)
    expect(bestShift(Float64Array.of(1, 3), 0, 1)).toBe(1)
    expect(bestShift(Float64Array.of(-4, -3, -2, 0), 0, 1)).toBe(-2)
  })

  it('makes zeros exact, and leaves features without a weight or a penalty alone', () => {
    const weights = Float64Array.of(0.1, 0, 7, 0.3, 0, 8, 0.7, 0, 9, 1, 2, 3)
    settleShifts(weights, 3, Float64Array.of(0, 1, 0), Float64Array.of(1, Infinity, 0))
    expect([...weights]).toEqual([0.1 - 0.3, 0, 7, 0, 0, 8, 0.7 - 0.3, 0, 9, 1, 2, 3])
  })
})

describe('fit by proximal', () => {
  it('converges to small tolerances where a small l2 alone tells how high the weights of all classes are', async () => {
    const rows = 46
    const features = Float64Array.from({ length: rows }, (_, r) => (r * 17) % 23)
    const labels = Array.from({ length: rows }, (_, r) => (r * r + (features[r] > 11 ? 1 : 0)) % 3)
    const options = { l1: 1e-5, l2: 1e-3, tolerance: 1e-10 }
    const warmStart = { weights: Float64Array.of(0.3, 0.2, -0.1), intercepts: Float64Array.of(1, 0, 0) }
    const { report, weights } = await SoftmaxRegression.fit(features, labels, { ...options, warmStart })
    expect(report.status).toBe('converged')
    // Almost five hundred when the weights of the start kept what they had in common.
    expect(report.iterations).toBeLessThan(50)
    const cold = await SoftmaxRegression.fit(features, labels, options)
    // Of an objective of curvature 1e-3, each within a gradient of 1e-10.
    for (let i = 0; i < 3; i++) expect(Math.abs(weights[i] - cold.weights[i])).toBeLessThan(1e-6)
  })

  it('reports the objective of its weights also where it is not done', async () => {
    const features = Float64Array.from({ length: 60 }, (_, r) => Math.sin(r * 7))
    const labels = Array.from({ length: 60 }, (_, r) => (features[r] + Math.cos(r * r) > 0 ? 1 : 0))
    const warmStart = { weights: Float64Array.of(5, 6), intercepts: Float64Array.of(0, 0) }
    const { report, weights, logLoss } = await SoftmaxRegression.fit(features, labels, {
      l1: 0.01,
      warmStart,
      maxIterations: 1,
    }).then((model) => ({ ...model, ...model.evaluate(features, labels) }))
    const own = logLoss + 0.01 * (Math.abs(weights[0]) + Math.abs(weights[1]))
    // Sixty terms and two penalties, each rounded once or twice.
    expect(Math.abs(report.objective - own)).toBeLessThan(60 * 2 ** -52)
  })
})
