/**
 * How a fit runs and ends: statuses, progress, abort, separation, and the predictions of its model.
 */
import { describe, expect, it } from 'vitest'
import { type FitIteration, SoftmaxRegression } from '../../src/regression/index.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'

const wine = loadOptimum('wine')

/** A problem that takes seconds. */
function large(): { features: Float32Array; labels: number[] } {
  const random = seededRandom(3)
  const features = Float32Array.from({ length: 6000 * 300 }, random.normal)
  return { features, labels: Array.from({ length: 6000 }, () => random.below(8)) }
}

describe('progress', () => {
  it('is told of every step and kept as history', async () => {
    const told: FitIteration[] = []
    const model = await SoftmaxRegression.fit(wine.features, wine.labels, { onIteration: (step) => told.push(step) })
    const { report } = model
    expect(report.history).toEqual(told)
    expect(told.map((step) => step.iteration)).toEqual(told.map((_, i) => i + 1))
    expect(report).toMatchObject({
      status: 'converged',
      iterations: told.length,
      rows: 178,
      l2: 1 / 178,
      intercept: true,
      featureScale: 1,
      tolerance: 1e-3,
    })
    const last = told[told.length - 1]
    expect(report).toMatchObject({ objective: last.objective, gradientNorm: last.gradientNorm })
    expect(report.dataPasses).toBe(last.dataPasses)
    expect(report.seconds).toBeGreaterThanOrEqual(last.seconds)
    for (let i = 1; i < told.length; i++) {
      expect(told[i].objective).toBeLessThan(told[i - 1].objective)
      expect(told[i].dataPasses).toBeGreaterThan(told[i - 1].dataPasses)
      expect(told[i].seconds).toBeGreaterThanOrEqual(told[i - 1].seconds)
    }
  })

  it('stops when onIteration returns false, and keeps the model so far', async () => {
    const stopped = await SoftmaxRegression.fit(wine.features, wine.labels, { onIteration: (s) => s.iteration < 5 })
    expect(stopped.report).toMatchObject({ status: 'stopped', iterations: 5 })
    const limited = await SoftmaxRegression.fit(wine.features, wine.labels, { maxIterations: 5 })
    expect(limited.report).toMatchObject({ status: 'max-iterations', iterations: 5 })
    expect(stopped.weights).toEqual(limited.weights)
    expect(stopped.evaluate(wine.features, wine.labels).accuracy).toBeGreaterThan(0.9)
  })

  it('rejects with what onIteration throws', async () => {
    const onIteration = (): never => {
      throw new Error('enough')
    }
    await expect(SoftmaxRegression.fit(wine.features, wine.labels, { onIteration })).rejects.toThrow('enough')
  })
})

describe('abort', () => {
  it('before the start rejects with the reason, and nothing runs', async () => {
    const reason = { why: 'changed my mind' }
    let steps = 0
    const options = { signal: AbortSignal.abort(reason), onIteration: () => steps++ }
    await expect(SoftmaxRegression.fit(wine.features, wine.labels, options)).rejects.toBe(reason)
    expect(steps).toBe(0)
  })

  it('by a timer rejects with the reason, long before the fit would end', async () => {
    const { features, labels } = large()
    const controller = new AbortController()
    const reason = new Error('too slow')
    let ticks = 0
    const ticking = setInterval(() => ticks++, 5)
    setTimeout(() => controller.abort(reason), 300)
    const begin = performance.now()
    await expect(
      SoftmaxRegression.fit(features, labels, { signal: controller.signal, tolerance: 0, maxIterations: 100_000 }),
    ).rejects.toBe(reason)
    clearInterval(ticking)
    // The event loop has its turn every 30 ms or so; the rest is patience with a busy machine.
    expect(ticks).toBeGreaterThanOrEqual(3)
    expect(performance.now() - begin).toBeLessThan(2500)
  })

  it('from onIteration rejects with the reason', async () => {
    const controller = new AbortController()
    const onIteration = ({ iteration }: FitIteration): void => {
      if (iteration === 3) controller.abort('three is enough')
    }
    const options = { signal: controller.signal, onIteration }
    await expect(SoftmaxRegression.fit(wine.features, wine.labels, options)).rejects.toBe('three is enough')
  })

  it('by a timeout signal rejects with a TimeoutError', async () => {
    const { features, labels } = large()
    const options = { signal: AbortSignal.timeout(50), tolerance: 0, maxIterations: 100_000 }
    await expect(SoftmaxRegression.fit(features, labels, options)).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('separation', () => {
  it('is reported when there is no penalty and every row is in its class', async () => {
    for (const tolerance of [1e-3, 1e-8]) {
      const model = await SoftmaxRegression.fit(wine.features, wine.labels, { l2: 0, tolerance })
      expect(model.report.status).toBe('separated')
      expect(model.evaluate(wine.features, wine.labels).accuracy).toBe(1)
    }
  })

  it('is reported also when the iterations are used up', async () => {
    const model = await SoftmaxRegression.fit(wine.features, wine.labels, { l2: 0, tolerance: 0, maxIterations: 20 })
    expect(model.report.status).toBe('separated')
  })

  it('is no matter with a penalty, or where rows of different classes coincide', async () => {
    const penalised = await SoftmaxRegression.fit(wine.features, wine.labels, { l2: 1e-3 })
    expect(penalised.report.status).toBe('converged')
    expect(penalised.evaluate(wine.features, wine.labels).accuracy).toBe(1)
    const twins = await SoftmaxRegression.fit(Float64Array.from([0, 0, 1, 1]), ['a', 'b', 'a', 'b'], { l2: 0 })
    expect(twins.report.status).not.toBe('separated')
  })
})

describe('a model', () => {
  it('predicts the same from logits, probabilities and their logarithms', async () => {
    const model = await SoftmaxRegression.fit(wine.features, wine.labels)
    const [logits, probs, logProbs] = [model.logits, model.predictProba, model.predictLogProba].map((method) =>
      method.call(model, wine.features),
    )
    model.predict(wine.features).forEach((label, r) => {
      const row = Array.from({ length: 3 }, (_, k) => r * 3 + k)
      expect(label).toBe(model.classNames[row.map((i) => logits[i]).indexOf(Math.max(...row.map((i) => logits[i])))])
      expect(row.reduce((sum, i) => sum + probs[i], 0)).toBeCloseTo(1, 14)
      for (const i of row) expect(Math.exp(logProbs[i]) / probs[i]).toBeCloseTo(1, 12)
    })
  })

  it('predicts row by row what it predicts at once, and nothing from nothing', async () => {
    const model = await SoftmaxRegression.fit(wine.features, wine.labels)
    const all = model.logits(wine.features)
    for (const r of [0, 1, 100, 177]) {
      expect(model.logits(wine.features.subarray(r * 13, (r + 1) * 13))).toEqual(all.slice(r * 3, (r + 1) * 3))
    }
    expect(model.predict(new Float32Array(0))).toEqual([])
    expect(model.predictProba(new Uint8Array(0))).toEqual(new Float64Array(0))
  })

  it('has weights for features as they are', async () => {
    const options = { l2: 0.01, tolerance: 1e-9 }
    const scaled = await SoftmaxRegression.fit(wine.features, wine.labels, { ...options, featureScale: 0.25 })
    const quarters = wine.features.map((value) => value / 4) as Float64Array
    const direct = await SoftmaxRegression.fit(quarters, wine.labels, options)
    expect(scaled.report.objective).toBeCloseTo(direct.report.objective, 14)
    scaled.weights.forEach((w, i) => {
      expect(Math.abs(w - direct.weights[i] / 4)).toBeLessThanOrEqual(1e-7)
    })
    const difference = scaled.logits(wine.features).map((o, i) => Math.abs(o - direct.logits(quarters)[i]))
    expect(Math.max(...difference)).toBeLessThanOrEqual(1e-6)
  })

  it('has no intercepts if it was told so', async () => {
    const model = await SoftmaxRegression.fit(wine.features, wine.labels, { intercept: false })
    expect(model.report).toMatchObject({ status: 'converged', intercept: false })
    expect(model.intercepts).toEqual(new Float64Array(3))
  })

  it('may have more classes than features, and more features than rows', async () => {
    const rows = Float64Array.from({ length: 30 }, (_, i) => i)
    const many = await SoftmaxRegression.fit(rows, Array.from(rows), {})
    expect(many.report.status).toBe('converged')
    expect(many.classNames.length).toBe(30)
    const random = seededRandom(1)
    const wide = Float32Array.from({ length: 4 * 1200 }, random.normal)
    const model = await SoftmaxRegression.fit(wide, ['a', 'b', 'a', 'b'])
    expect(model.report.status).toBe('converged')
    expect(model.predict(wide)).toEqual(['a', 'b', 'a', 'b'])
  })

  it('survives features of any finite size', async () => {
    for (const size of [1e-300, 1e-150, 1e150, 1e300]) {
      const features = Float64Array.from([1, 2, 3, 4, 5, 6], (value) => value * size)
      const model = await SoftmaxRegression.fit(features, [0, 0, 1, 0, 1, 1], { l2: 0 })
      expect(model.report.status).toBe('converged')
      expect(model.report.objective).toBeLessThan(Math.LN2)
      expect(model.predict(features)[5]).toBe(1)
    }
  })

  it('is not finite only where the objective is not: sums of features beyond 1e308', async () => {
    const features = Float64Array.from([1.7e308, -1.7e308, 1.7e308, -1.7e308])
    const model = await SoftmaxRegression.fit(features, [0, 1, 0, 1])
    expect(model.report.status).toBe('not-finite')
    for (const w of model.weights) expect(Number.isFinite(w)).toBe(true)
  })
})
