/**
 * What the options of a fit do: optima against fixtures/options.json, and the rules that hold between fits.
 */
import { describe, expect, it } from 'vitest'
import { type FitOptions, SoftmaxRegression, type TrainingLabels } from '../../src/regression/index.ts'
import { loadOptimum, loadOptionsCases, type OptionsCase } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'

const iris = loadOptimum('iris')
const wine = loadOptimum('wine')
const { fit } = SoftmaxRegression

/** Features, labels and options of a case. */
function problem({ data, rows, options }: OptionsCase): [Float64Array, TrainingLabels, FitOptions] {
  const { features, labels, featureCount } = loadOptimum(data)
  const some = rows ?? labels.map((_, r) => r)
  const chosen = Float64Array.from(
    some.flatMap((r) => [...features.subarray(r * featureCount, (r + 1) * featureCount)]),
  )
  const { targets, offset, ...rest } = options
  const given = { ...rest, ...(Array.isArray(offset) ? { offset: Float64Array.from(offset) } : {}) }
  if (Array.isArray(targets)) return [chosen, { targets: Float64Array.from(targets), classNames: [0, 1, 2] }, given]
  return [chosen, some.map((r) => labels[r]), given]
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0)

/** Largest difference in units of the largest expected number, or of 1. */
function distance(given: ArrayLike<number>, expected: ArrayLike<number>): number {
  return largest(Array.from(expected, (value, i) => given[i] - value)) / Math.max(1e-300, largest(expected))
}

const cases = loadOptionsCases()

describe('the optimum of a fit with options', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const [features, labels, options] = problem(one)
    const model = await fit(features, labels, { ...options, tolerance: 1e-10 })
    expect(model.report.status).toBe('converged')
    // The objective is above its minimum by about the square of the gradient; what remains is rounding.
    expect(Math.abs(model.report.objective / one.objective - 1)).toBeLessThanOrEqual(1e-13)
    // Weights are off by the gradient over the smallest curvature, about 1e-10/1e-3.
    expect(distance(model.weights, one.weights)).toBeLessThanOrEqual(1e-7)
    expect(distance([1, ...model.intercepts], [1, ...one.intercepts])).toBeLessThanOrEqual(1e-7)
  })

  it('has no other fixture than those named', () => expect(cases.length).toBe(10))
})

describe('weights', () => {
  it('are repetitions of rows, 0 leaves a row out, and their unit does not matter', async () => {
    const counts = iris.labels.map((_, r) => r % 3)
    const rows = counts.flatMap((count, r) => Array<number>(count).fill(r))
    const repeated = Float64Array.from(rows.flatMap((r) => [...iris.features.subarray(r * 4, r * 4 + 4)]))
    const options = { l2: 0.01, tolerance: 1e-9 }
    const expected = await fit(
      repeated,
      rows.map((r) => iris.labels[r]),
      options,
    )
    for (const unit of [1, 3, 1e-90, 1e90]) {
      const sampleWeights = counts.map((count) => count * unit)
      const model = await fit(iris.features, iris.labels, { ...options, sampleWeights })
      expect(model.report.status).toBe('converged')
      expect(distance(model.weights, expected.weights)).toBeLessThanOrEqual(1e-7)
      expect(model.report.totalWeight / unit).toBeCloseTo(150, 9)
    }
  })

  it('of 1 give the same bits as none, and a model of labels the same as of targets that say so', async () => {
    const options = { l2: 0.01 }
    const plain = await fit(iris.features, iris.labels, options)
    const ones = await fit(iris.features, iris.labels, { ...options, sampleWeights: iris.labels.map(() => 1) })
    expect(ones.weights).toEqual(plain.weights)
    const targets = Float32Array.from(iris.labels.flatMap((label) => [0, 1, 2].map((k) => (k === label ? 1 : 0))))
    const soft = await fit(iris.features, { targets, classNames: ['a', 'b', 'c'] }, options)
    expect(soft.classNames).toEqual(['a', 'b', 'c'])
    expect(soft.report.dataPasses).toBe(plain.report.dataPasses)
    expect(distance(soft.weights, plain.weights)).toBeLessThanOrEqual(1e-10)
  })

  it('of classes can be named by strings, and multiply', async () => {
    const names = iris.labels.map((label) => ['setosa', 'versicolor', 'virginica'][label])
    const classWeights = { setosa: 2, virginica: 0.5, versicolor: 1 }
    const sampleWeights = iris.labels.map((label) => [2, 1, 0.5][label])
    const options = { tolerance: 1e-9, l2: 0.1 }
    const one = await fit(iris.features, names, { ...options, classWeights })
    const other = await fit(iris.features, names, { ...options, sampleWeights })
    expect(one.weights).toEqual(other.weights)
    expect(one.report.totalWeight).toBe(175)
  })
})

describe('a warm start', () => {
  it('changes nothing at convergence, and gets there sooner', async () => {
    for (const options of [{}, { l2: 1e-4, standardize: true }, { intercept: false }]) {
      const cold = await fit(wine.features, wine.labels, { ...options, tolerance: 1e-9 })
      const random = seededRandom(8)
      const weights = cold.weights.map((w) => w * (1 + random.normal() / 100))
      const near = { weights, intercepts: cold.intercepts }
      for (const warmStart of [cold, near]) {
        const warm = await fit(wine.features, wine.labels, { ...options, tolerance: 1e-9, warmStart })
        expect(warm.report.status).toBe('converged')
        expect(warm.report.dataPasses).toBeLessThan(cold.report.dataPasses)
        if (warmStart === cold) expect(warm.report.iterations).toBeLessThanOrEqual(2)
        expect(Math.abs(warm.report.objective - cold.report.objective)).toBeLessThanOrEqual(1e-14)
        // The flattest direction of wine without standardising has a curvature of about 1e-5.
        expect(distance(warm.predictProba(wine.features), cold.predictProba(wine.features))).toBeLessThanOrEqual(1e-5)
      }
    }
  })

  it('leaves what it is given as it is', async () => {
    const cold = await fit(iris.features, iris.labels)
    const before = [cold.weights.slice(), cold.intercepts.slice()]
    await fit(iris.features, iris.labels, { warmStart: cold, l2: 1e-4 })
    expect([cold.weights, cold.intercepts]).toEqual(before)
  })
})

describe('a time limit', () => {
  it('ends the fit after a step, and keeps the model so far', async () => {
    const options = { tolerance: 0, maxIterations: 100_000 }
    const model = await fit(wine.features, wine.labels, { ...options, maxSeconds: 0 })
    expect(model.report).toMatchObject({ status: 'time-limit', iterations: 1 })
    const one = await fit(wine.features, wine.labels, { ...options, maxIterations: 1 })
    expect(one.weights).toEqual(model.weights)
  })

  it('does not matter to a fit that has converged, nor does one without end', async () => {
    for (const maxSeconds of [1e6, Infinity]) {
      const model = await fit(iris.features, iris.labels, { maxSeconds })
      expect(model.report.status).toBe('converged')
    }
    const { report } = await fit(iris.features, iris.labels, { maxSeconds: 0, tolerance: 10 })
    expect(report).toMatchObject({ status: 'converged', iterations: 0 })
  })
})

describe('validation rows', () => {
  /** Many noisy features, few rows: further steps learn the noise. */
  function noisy() {
    const random = seededRandom(12)
    const make = (rows: number) => {
      const features = Float64Array.from({ length: rows * 30 }, random.normal)
      const labels = Array.from({ length: rows }, (_, r) => (features[r * 30] + 2 * random.normal() > 0 ? 'yes' : 'no'))
      return { features, labels }
    }
    return [make(60), make(400)] as const
  }

  it('stop the fit when they are predicted no better, and keep the best model', async () => {
    const [{ features, labels }, held] = noisy()
    const options = { l2: 1e-6, tolerance: 1e-9 }
    const model = await fit(features, labels, { ...options, validation: { ...held, patience: 3 } })
    const { status, history, validation, iterations, objective, gradientNorm } = model.report
    expect(status).toBe('early-stopped')
    if (validation === undefined) throw new Error('no validation')
    expect(iterations).toBe(validation.iteration + 3)
    const losses = history.map((step) => step.validationLoss ?? NaN)
    expect(validation.logLoss).toBe(Math.min(...losses))
    expect(losses.indexOf(validation.logLoss)).toBe(validation.iteration - 1)
    const best = history[validation.iteration - 1]
    expect([objective, gradientNorm]).toEqual([best.objective, best.gradientNorm])
    expect(model.evaluate(held.features, held.labels).logLoss).toBeCloseTo(validation.logLoss, 12)
    const same = await fit(features, labels, { ...options, maxIterations: validation.iteration })
    expect(same.weights).toEqual(model.weights)
    const copy = SoftmaxRegression.fromSafetensors(model.toSafetensors())
    expect(copy.report).toEqual({ ...model.report, seconds: 0, history: [] })
  })

  it('can have weights', async () => {
    const [{ features, labels }, held] = noisy()
    const sampleWeights = held.labels.map((_, r) => (r < 100 ? 2 : 0))
    const some = { features: held.features.subarray(0, 3000), labels: held.labels.slice(0, 100) }
    const models = await Promise.all(
      [{ ...held, sampleWeights }, some].map((validation) => fit(features, labels, { l2: 1e-6, validation })),
    )
    expect(models[0].weights).toEqual(models[1].weights)
  })
})

describe('unusual data', () => {
  it('of one row with soft targets have the targets as probabilities, without a penalty', async () => {
    const targets = Float64Array.of(0.2, 0.5, 0.3)
    const model = await fit(
      Float64Array.of(3, 4),
      { targets, classNames: ['x', 'y', 'z'] },
      { tolerance: 1e-10, l2: 0 },
    )
    expect(model.report.status).toBe('converged')
    expect(distance(model.predictProba(Float64Array.of(3, 4)), targets)).toBeLessThanOrEqual(1e-9)
  })

  it('with fewer rows than classes, and duplicate and constant columns, with and without a penalty', async () => {
    const targets = Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1)
    const features = Float64Array.of(1, 1, 7, 2, 2, 7)
    for (const l2 of [0, 1e-3]) {
      const model = await fit(features, { targets, classNames: [1, 2, 3, 4] }, { tolerance: 1e-9, l2 })
      expect(model.report.status).toBe('converged')
      for (let k = 0; k < 4; k++) {
        expect(model.weights[k * 3]).toBeCloseTo(model.weights[k * 3 + 1], 9)
        expect(model.weights[k * 3 + 2]).toBe(0)
      }
      if (l2 === 0) expect(distance(model.predictProba(features), targets)).toBeLessThanOrEqual(1e-6)
    }
  })

  it.each([1e-30, 1e30])('of size %d: standardize sees no difference', async (size) => {
    const options = { standardize: true, tolerance: 1e-9, penaltyFactors: [1, 0.5, 2, 1] }
    const plain = await fit(iris.features, iris.labels, options)
    const units = [size, 1, 1, 1 / size]
    const scaled = iris.features.map((x, i) => x * units[i % 4]) as Float64Array
    const model = await fit(scaled, iris.labels, options)
    expect(model.report.status).toBe('converged')
    expect(Math.abs(model.report.objective - plain.report.objective)).toBeLessThanOrEqual(1e-13)
    expect(
      distance(
        model.weights.map((w, i) => w * units[i % 4]),
        plain.weights,
      ),
    ).toBeLessThanOrEqual(1e-6)
  })

  it('of size 1e-30 and 1e30 side by side, each with its own penalty', async () => {
    const units = [1e-30, 1e30, 1, 1e10]
    const factors = units.map((unit) => unit * unit)
    const scaled = iris.features.map((x, i) => x * units[i % 4]) as Float64Array
    const options = { l2: 0.01, tolerance: 1e-9 }
    const plain = await fit(iris.features, iris.labels, options)
    const model = await fit(scaled, iris.labels, { ...options, penaltyFactors: factors })
    expect(model.report.status).toBe('converged')
    expect(
      distance(
        model.weights.map((w, i) => w * units[i % 4]),
        plain.weights,
      ),
    ).toBeLessThanOrEqual(1e-6)
  })

  it('with a penalty beyond all numbers: weights of 0', async () => {
    const model = await fit(iris.features, iris.labels, { l2: 1e300, penaltyFactors: [1e100, 1e100, 1e100, 1e100] })
    expect(model.report.status).toBe('converged')
    for (const w of model.weights) expect(Math.abs(w)).toBeLessThanOrEqual(1e-100)
    expect(model.report.objective).toBeCloseTo(Math.log(3), 12)
  })

  it('of which one row of each class counts: the others do not', async () => {
    const sampleWeights = iris.labels.map((_, r) => (r % 50 === 7 ? 1 : 0))
    const rows = [7, 57, 107]
    const some = Float64Array.from(rows.flatMap((r) => [...iris.features.subarray(r * 4, r * 4 + 4)]))
    const few = await fit(some, [0, 1, 2], { tolerance: 1e-9, standardize: true })
    const model = await fit(iris.features, iris.labels, { sampleWeights, tolerance: 1e-9, standardize: true })
    expect(model.report.l2).toBe(1 / 3)
    expect(distance(model.weights, few.weights)).toBeLessThanOrEqual(1e-7)
  })
})
