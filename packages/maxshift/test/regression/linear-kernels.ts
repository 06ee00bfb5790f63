/**
 * What every implementation of the fused linear pass must do, as a function of the kernels.
 */
import { describe, expect, it } from 'vitest'
import type { Features, LinearKernels } from '../../src/kernels/kernels.ts'
import { referenceLinearKernels } from '../../src/kernels/select-linear.ts'
import { loadLinearCases } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'

interface Problem {
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  readonly features: Float64Array
  readonly labels: Int32Array
  readonly weights: Float64Array
  readonly intercepts: Float64Array
}

/** Bytes as features, the given share of them zero, and weights of a size that leaves no row certain. */
function makeProblem(rows: number, featureCount: number, classes: number, zeros: number, seed: number): Problem {
  const random = seededRandom(seed)
  const draw = (length: number, next: () => number): Float64Array => Float64Array.from({ length }, next)
  return {
    rows,
    featureCount,
    classes,
    features: draw(rows * featureCount, () => (random.uniform() < zeros ? 0 : 1 + random.below(255))),
    labels: Int32Array.from({ length: rows }, () => random.below(classes)),
    weights: draw(classes * featureCount, () => random.normal() / (100 * Math.sqrt(featureCount))),
    intercepts: draw(classes, random.normal),
  }
}

interface Outcome {
  readonly loss: number
  readonly weightsGradient: Float64Array
  readonly interceptsGradient: Float64Array
}

function lossAndGradient(kernels: LinearKernels, problem: Problem, features: Features = problem.features): Outcome {
  const pass = kernels.createPass(problem.featureCount, problem.classes)
  pass.setWeights(problem.weights, problem.intercepts)
  const weightsGradient = new Float64Array(problem.weights.length)
  const interceptsGradient = new Float64Array(problem.classes)
  const { labels } = problem
  const loss = pass.addLossAndGradient(features, { labels }, 0, problem.rows, weightsGradient, interceptsGradient)
  return { loss, weightsGradient, interceptsGradient }
}

/** The textbook loops, in the order that the interface promises. */
function plainLogits({ rows, featureCount, classes, features, weights, intercepts }: Problem): Float64Array {
  const logits = new Float64Array(rows * classes)
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < classes; k++) {
      let sum = intercepts[k]
      for (let j = 0; j < featureCount; j++) sum += features[r * featureCount + j] * weights[k * featureCount + j]
      logits[r * classes + k] = sum
    }
  return logits
}

const EPSILON = 2 ** -53

export function testLinearKernels(kernels: LinearKernels): void {
  describe(`linear kernels: ${kernels.name}`, () => {
    it.each(loadLinearCases().map((data, i) => [i, data] as const))('case %d agrees with 50 digits', (_, data) => {
      const problem = {
        ...data,
        features: Float64Array.from(data.features),
        labels: Int32Array.from(data.labels),
        weights: Float64Array.from(data.weights),
        intercepts: Float64Array.from(data.intercepts),
      }
      const { loss, weightsGradient, interceptsGradient } = lossAndGradient(kernels, problem)
      // Logits are exact. Each row's loss is off by at most 0.55 ulp, and the compensated sum by one rounding.
      expect(Math.abs(loss - data.loss)).toBeLessThanOrEqual(4 * EPSILON * data.loss)
      // A term is off by two roundings at most, and each of `rows` additions by one, relative to the terms' magnitudes.
      const share = (data.rows + 3) * EPSILON
      weightsGradient.forEach((g, i) => {
        expect(Math.abs(g - data.weightsGradient[i])).toBeLessThanOrEqual(share * data.weightsMagnitude[i])
      })
      interceptsGradient.forEach((g, i) => {
        expect(Math.abs(g - data.interceptsGradient[i])).toBeLessThanOrEqual(share * data.interceptsMagnitude[i])
      })
    })

    it('those cases are hard: p − 1 as it is usually computed loses every digit of some rows', () => {
      const data = loadLinearCases()[2]
      const problem = { ...data, features: Float64Array.from(data.features), labels: Int32Array.from(data.labels) }
      const logits = plainLogits({
        ...problem,
        weights: Float64Array.from(data.weights),
        intercepts: Float64Array.from(data.intercepts),
      })
      let vanished = 0
      for (let r = 0; r < data.rows; r++) {
        const row = logits.subarray(r * data.classes, (r + 1) * data.classes)
        const max = Math.max(...row)
        const total = row.reduce((sum, o) => sum + Math.exp(o - max), 0)
        if (Math.exp(row[data.labels[r]] - max) / total - 1 === 0) vanished++
      }
      expect(vanished).toBeGreaterThan(0)
    })

    // Every number of classes around the groups and panels, rows around the tiles, features around vectors and blocks.
    const shapes = [
      ...Array.from({ length: 13 }, (_, i) => [5, 3, i + 1]),
      ...[59, 60, 61, 64, 65, 121].map((classes) => [3, 5, classes]),
      ...[1, 2, 3, 4, 31, 32, 63, 64, 65, 129].map((rows) => [rows, 7, 10]),
      ...[1, 2, 4, 5, 8, 9, 255, 256, 257, 512, 513, 784].map((featureCount) => [6, featureCount, 5]),
      [3, 5000, 3],
      [9, 2, 300],
    ]
    it.each(shapes)('has the bits of the reference for %d rows, %d features, %d classes', (...shape) => {
      const [rows, featureCount, classes] = shape
      const problem = makeProblem(rows, featureCount, classes, 0.3, 1000 * rows + 10 * featureCount + classes)
      const logits = new Float64Array(rows * classes + 2).fill(7)
      const inner = logits.subarray(1, 1 + rows * classes)
      const expected = new Float64Array(rows * classes)
      for (const [pass, out] of [
        [kernels.createPass(featureCount, classes), inner],
        [referenceLinearKernels().createPass(featureCount, classes), expected],
      ] as const) {
        pass.setWeights(problem.weights, problem.intercepts)
        pass.logits(problem.features, 0, rows, out)
      }
      expect(inner).toEqual(expected)
      expect([logits[0], logits[rows * classes + 1]]).toEqual([7, 7])
      const outcome = lossAndGradient(kernels, problem)
      expect(outcome).toEqual(lossAndGradient(referenceLinearKernels(), problem))

      // Either order of the additions is off by at most one rounding per addition.
      const plain = plainLogits(problem)
      const magnitudes = plainLogits({
        ...problem,
        weights: problem.weights.map(Math.abs),
        intercepts: problem.intercepts.map(Math.abs),
      })
      inner.forEach((logit, i) => {
        expect(Math.abs(logit - plain[i])).toBeLessThanOrEqual(2 * (featureCount + 1) * EPSILON * magnitudes[i])
      })
    })

    it('has the same bits for bytes, float32 and float64, and for whatever the pass did before', () => {
      const problem = makeProblem(67, 30, 11, 0.5, 5)
      const outcome = lossAndGradient(kernels, problem)
      expect(lossAndGradient(kernels, problem, Uint8Array.from(problem.features))).toEqual(outcome)
      expect(lossAndGradient(kernels, problem, Float32Array.from(problem.features))).toEqual(outcome)
      const pass = kernels.createPass(30, 11)
      pass.setWeights(
        problem.weights.map((w) => -5 * w),
        problem.intercepts,
      )
      pass.logits(problem.features, 3, 40, new Float64Array(440))
      pass.setWeights(problem.weights, problem.intercepts)
      const weightsGradient = new Float64Array(330)
      const interceptsGradient = new Float64Array(11)
      const { features, labels } = problem
      const loss = pass.addLossAndGradient(features, { labels }, 0, 67, weightsGradient, interceptsGradient)
      expect({ loss, weightsGradient, interceptsGradient }).toEqual(outcome)
    })

    it('adds to the gradients, and takes the rows it is told', () => {
      const problem = makeProblem(40, 6, 5, 0.3, 9)
      const pass = kernels.createPass(6, 5)
      pass.setWeights(problem.weights, problem.intercepts)
      const part = {
        ...problem,
        features: problem.features.slice(60, 150),
        labels: problem.labels.slice(10, 25),
        rows: 15,
      }
      const expected = lossAndGradient(kernels, part)
      const weightsGradient = new Float64Array(30).fill(0.5)
      const interceptsGradient = new Float64Array(5).fill(-0.5)
      const loss = pass.addLossAndGradient(
        problem.features,
        { labels: problem.labels },
        10,
        15,
        weightsGradient,
        interceptsGradient,
      )
      expect(loss).toBe(expected.loss)
      expect(weightsGradient).toEqual(expected.weightsGradient.map((g) => 0.5 + g))
      expect(interceptsGradient).toEqual(expected.interceptsGradient.map((g) => -0.5 + g))
    })
  })
}
