/**
 * The objective in the coordinates of the optimiser: its gradient against differences, its value against the definition.
 */
import { describe, expect, it } from 'vitest'
import { describeColumns } from '../../src/regression/columns.ts'
import { Coordinates } from '../../src/regression/coordinates.ts'
import { startingCurvature } from '../../src/regression/curvature.ts'
import { blockRows } from '../../src/regression/dense-job.ts'
import { createPause } from '../../src/regression/pause.ts'
import { evenly, objectiveFor } from '../support/objective.ts'
import { seededRandom } from '../support/random.ts'

const pause = createPause(undefined)

/** A random problem with features of very different size and place. */
async function prepare(rows: number, featureCount: number, classes: number, l2: Float64Array, intercept: boolean) {
  const random = seededRandom(rows * 31 + featureCount)
  const features = Float64Array.from({ length: rows * featureCount }, (_, i) => {
    const j = i % featureCount
    return (j % 5 === 0 ? 1e4 : 0) + random.normal() * (j % 3 === 0 ? 100 : 0.1)
  })
  const labels = Int32Array.from({ length: rows }, (_, r) => (r < classes ? r : random.below(classes)))
  const columns = await describeColumns(features, rows, featureCount, pause)
  const source = { features, rows, classes, columns, intercept, pause }
  const coordinates = await Coordinates.create(await startingCurvature(source), l2, intercept, pause)
  const objective = objectiveFor({ features, labels, classes }, l2, () => coordinates)
  const point = Float64Array.from({ length: coordinates.length }, () => random.normal() / 4)
  return { features, labels, columns, coordinates, objective, point }
}

/** mean(loss) + Σ_j l2_j/2·|W_j|² by the textbook, for moderate logits. */
function definition(
  features: Float64Array,
  labels: Int32Array,
  coordinates: Coordinates,
  point: Float64Array,
  l2: Float64Array,
  classes: number,
): number {
  const featureCount = features.length / labels.length
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  coordinates.toWeights(point, weights, intercepts)
  let loss = 0
  labels.forEach((label, r) => {
    const logits = Array.from(intercepts, (b, k) => {
      let sum = b
      for (let j = 0; j < featureCount; j++) sum += features[r * featureCount + j] * weights[k * featureCount + j]
      return sum
    })
    const max = Math.max(...logits)
    loss += Math.log(logits.reduce((sum, o) => sum + Math.exp(o - max), 0)) + max - logits[label]
  })
  return loss / labels.length + weights.reduce((sum, w, i) => sum + (l2[i % featureCount] / 2) * w * w, 0)
}

// The last one has more features than are decorrelated.
const problems: [number, number, number, number, boolean][] = [
  [40, 6, 3, 0.01, true],
  [40, 6, 3, 0, true],
  [40, 6, 4, 0.1, false],
  [3, 7, 2, 0.5, true],
  [12, 1030, 3, 0.01, true],
]

describe('createObjective', () => {
  it.each(problems)(
    '%d rows, %d features, %d classes, l2 = %d, intercept %s',
    async (rows, features, classes, l2, intercept) => {
      // Without a penalty, with the same for all, and with one for each, 0 among them.
      const l2s = evenly(l2, features).map((x, j) => (l2 === 0.1 ? x * (j % 3) * 10 ** j : x))
      const { objective, point, coordinates, ...data } = await prepare(rows, features, classes, l2s, intercept)
      expect(coordinates.length).toBe(classes * features + (intercept ? classes : 0))
      const gradient = new Float64Array(point.length)
      const value = await objective(point, gradient)
      const expected = definition(data.features, data.labels, coordinates, point, l2s, classes)
      expect(Math.abs(value / expected - 1)).toBeLessThanOrEqual(1e-10)

      const scratch = new Float64Array(point.length)
      const largest = gradient.reduce((max, g) => Math.max(max, Math.abs(g)), 0)
      for (let i = 0; i < point.length; i += Math.max(1, Math.floor(point.length / 40))) {
        const at = async (h: number): Promise<number> =>
          objective(
            point.map((x, k) => (k === i ? x + h : x)),
            scratch,
          )
        // Fourth-order differences: h⁴ = 1e-12 of the higher derivatives, and rounding of 1e-14 over h.
        const h = 1e-3
        const slope = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h)
        expect(Math.abs(gradient[i] - slope)).toBeLessThanOrEqual(1e-8 * Math.max(1, largest))
      }
    },
  )

  it.each([
    ['one', evenly(0.01, 6)],
    ['its own', Float64Array.of(0, 1e-6, 1, 1e6, 0, 1e-30)],
  ])('has a Hessian near the identity at the start, whatever the features, with %s l2 for each', async (_, l2) => {
    // In the coordinates c·Σ + l2·I is the identity, and the true curvature at zero weights is 8·c·(Σ − its mixing of classes).
    const { objective, coordinates } = await prepare(400, 6, 3, l2, true)
    const start = new Float64Array(coordinates.length)
    const gradient = new Float64Array(start.length)
    const shifted = new Float64Array(start.length)
    await objective(start, gradient)
    const h = 1e-4
    for (let i = 0; i < start.length; i++) {
      await objective(
        start.map((_, k) => (k === i ? h : 0)),
        shifted,
      )
      const curvature = (shifted[i] - gradient[i]) / h
      expect(curvature).toBeGreaterThan(0.5)
      expect(curvature).toBeLessThan(9)
    }
  })

  it('takes blocks of some milliseconds, made of whole tiles', () => {
    expect(blockRows(784, 10)).toBe(1024)
    expect(blockRows(4, 3)).toBe(1024)
    expect(blockRows(4096, 1000)).toBe(64)
    expect(blockRows(1000, 100)).toBe(320)
  })
})

describe('describeColumns', () => {
  it('finds mean and deviation where squares overflow, and far from zero', async () => {
    const columns = [
      [1e200, -1e200, 1e200, -1e200],
      [2020, 2021, 2022, 2023],
      [5e-320, 0, 0, 0],
      [0, 0, 0, 0],
      [1e15, 1e15, 1e15, 1e15],
    ]
    const features = Float64Array.from({ length: 20 }, (_, i) => columns[i % 5][Math.floor(i / 5)])
    const { means, deviations } = await describeColumns(features, 4, 5, pause)
    expect(means[0]).toBe(0)
    expect(deviations[0] / 1e200).toBeCloseTo(1, 12)
    expect(means[1]).toBeCloseTo(2021.5, 9)
    expect(deviations[1]).toBeCloseTo(Math.sqrt(1.25), 9)
    expect(deviations[2]).toBeGreaterThan(0)
    expect([means[3], deviations[3]]).toEqual([0, 0])
    expect(means[4] / 1e15).toBeCloseTo(1, 12)
    expect(deviations[4]).toBe(0)
    // A spread below the noise of the numbers is raised to it.
    const flat = await describeColumns(Float64Array.from([1e15, 1e15 + 0.125]), 2, 1, pause)
    expect(flat.deviations[0] / (1e15 * 2 ** -26)).toBeCloseTo(1, 12)
  })
})
