/**
 * Solver 'sgd' against a plain loop over its documented rule, its distance from the optimum, the same bits from the same seed, and
 * the options that it refuses.
 */
import { describe, expect, it } from 'vitest'
import { type FitOptions, type SgdOptions, SoftmaxRegression } from '../../src/regression/index.ts'
import { shuffle } from '../../src/regression/shuffle.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'

const digits = loadOptimum('digits')
const wine = loadOptimum('wine')

/** Rows of three classes that overlap, in columns of very different units, with weights. */
function problem(rows: number) {
  const random = seededRandom(31)
  const features = new Float64Array(rows * 3)
  const labels = Array.from({ length: rows }, (_, r) => {
    const label = random.below(3)
    features.set([1e3 * (random.normal() + label), 1e-4 * random.normal(), 7 + random.normal() - label], 3 * r)
    return label
  })
  return { features, labels, sampleWeights: Float64Array.from({ length: rows }, () => (1 + random.below(4)) / 4) }
}

interface Plan {
  readonly batchSize: number
  readonly epochs: number
  readonly momentum: number
  readonly averaging: boolean
  /** Of each epoch, step lengths included. */
  readonly rates: readonly number[]
}

/** The rule, one number at a time: coordinates u = D·w, v = √β·(b + w·μ), batches in the order of the shuffle. */
function plainLoop(
  { features, labels, sampleWeights }: ReturnType<typeof problem>,
  l2: number,
  seed: number,
  plan: Plan,
) {
  const rows = labels.length
  const total = sampleWeights.reduce((a, b) => a + b, 0)
  const beta = (1 - 1 / 3) / 3
  const mean = [0, 1, 2].map(
    (j) => labels.reduce((sum, _, r) => sum + sampleWeights[r] * features[3 * r + j], 0) / total,
  )
  const spreads = mean.map(
    (m, j) => labels.reduce((sum, _, r) => sum + sampleWeights[r] * (features[3 * r + j] - m) ** 2, 0) / total,
  )
  const scale = spreads.map((variance) => Math.sqrt(beta * variance + l2))
  // Per class: three u and one v.
  const zeros = (): number[] => new Array(12).fill(0)
  let [x, v, average] = [zeros(), zeros(), zeros()]
  let step = 0
  const order = new Uint32Array(rows)
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    shuffle(order, seed, epoch)
    for (let begin = 0; begin < rows; begin += plan.batchSize) {
      const batch = [...order.subarray(begin, begin + plan.batchSize)]
      const g = x.map((u, i) => (i % 4 === 3 ? 0 : (l2 / scale[i % 4] ** 2) * u))
      for (const r of batch) {
        const z = [...[0, 1, 2].map((j) => (features[3 * r + j] - mean[j]) / scale[j]), 1 / Math.sqrt(beta)]
        const logits = [0, 1, 2].map((k) => z.reduce((sum, value, j) => sum + value * x[4 * k + j], 0))
        const norm = logits.reduce((sum, o) => sum + Math.exp(o), 0)
        for (let i = 0; i < 12; i++) {
          const k = Math.floor(i / 4)
          const residual = Math.exp(logits[k]) / norm - Number(labels[r] === k)
          g[i] += (sampleWeights[r] * residual * z[i % 4]) / ((total / rows) * batch.length)
        }
      }
      const share = batch.length / plan.batchSize
      v = v.map((value, i) => plan.momentum * value + share * g[i])
      x = x.map((value, i) => value - plan.rates[epoch] * (share * g[i] + plan.momentum * v[i]))
      step++
      average = average.map((value, i) => value + (4 / (step + 3)) * (x[i] - value))
    }
  }
  const end = plan.averaging ? average : x
  const squares = 1 / beta + spreads.reduce((sum, variance, j) => sum + variance / scale[j] ** 2, 0)
  const weights = end.filter((_, i) => i % 4 < 3).map((u, i) => u / scale[i % 3])
  const intercepts = [0, 1, 2].map(
    (k) => end[4 * k + 3] / Math.sqrt(beta) - mean.reduce((sum, m, j) => sum + m * weights[3 * k + j], 0),
  )
  return { weights, intercepts, squares }
}

describe("solver 'sgd'", () => {
  const data = problem(103)
  const l2 = 0.01
  const fit = (sgd: SgdOptions, more: FitOptions = {}) =>
    SoftmaxRegression.fit(data.features, data.labels, {
      l2,
      sampleWeights: data.sampleWeights,
      solver: 'sgd',
      sgd,
      ...more,
    })

  /** The step length for a learning rate of 1: from one step through all rows, or shorter for batches of few rows. */
  async function unitStep(batchSize = 103, momentum = 0): Promise<number> {
    const one = { batchSize: 103, epochs: 1, momentum: 0, averaging: false }
    const { weights } = await fit({ ...one, learningRate: 1 })
    const plain = plainLoop(data, l2, 0, { ...one, rates: [1] })
    return Math.min(weights[0] / plain.weights[0], (8 * batchSize * (1 - momentum)) / plain.squares)
  }

  it('steps by the inverse of the largest curvature at 0, whatever the units', async () => {
    // In these coordinates the second moments of the columns are near 1/β, and those of two are correlated: L is 1.5 to 3 times 1/3/β.
    const length = await unitStep()
    expect(1 / length).toBeGreaterThan(1.5)
    expect(1 / length).toBeLessThan(3.5)
  })

  it.each<[string, SgdOptions, readonly number[]]>([
    ['plain', { batchSize: 20, epochs: 3, momentum: 0, schedule: 'constant', averaging: false }, [1, 1, 1]],
    ['cosine, with momentum', { batchSize: 16, epochs: 4 }, [1, (2 + Math.SQRT2) / 4, 0.5, (2 - Math.SQRT2) / 4]],
    ['a constant rate, averaged', { batchSize: 32, epochs: 2, schedule: 'constant' }, [1, 1]],
    ['one epoch, averaged', { batchSize: 10, epochs: 1 }, [1]],
    ['inverse', { batchSize: 103, epochs: 5, schedule: 'inverse' }, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]],
    ['in steps', { batchSize: 50, epochs: 4, schedule: 'step' }, [1, 1, 0.1, 0.01]],
  ])('follows its rule: %s', async (_, sgd, factors) => {
    const learningRate = 0.25
    const { weights, intercepts } = await fit({ ...sgd, learningRate }, { seed: 77 })
    const { batchSize = 256, epochs = 10, momentum = 0.9 } = sgd
    const unit = await unitStep(batchSize, momentum)
    const averaging = sgd.averaging ?? (epochs === 1 || sgd.schedule === 'constant')
    const rates = factors.map((factor) => factor * learningRate * unit)
    const plain = plainLoop(data, l2, 77, { batchSize, epochs, momentum, averaging, rates })
    // Rounding of sums of 100 terms, and of the step length, which was measured from a quotient.
    const close = (found: Float64Array, wanted: number[]): void => {
      wanted.forEach((value, i) => {
        expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(1e-10 * Math.max(...wanted.map(Math.abs)))
      })
    }
    // Column by column: their units differ.
    for (let j = 0; j < 3; j++) {
      const column = (values: ArrayLike<number>): number[] => [0, 1, 2].map((k) => values[3 * k + j])
      close(Float64Array.from(column(weights)), column(plain.weights))
    }
    close(intercepts, plain.intercepts)
  })

  it('comes near the optimum, and reports the objective and gradient of all rows', async () => {
    const options = { l2: digits.l2, featureScale: digits.featureScale, solver: 'sgd' } as const
    const sgd = { epochs: 40, batchSize: 64 }
    const { report, ...model } = await SoftmaxRegression.fit(digits.features, digits.labels, { ...options, sgd })
    expect(report).toMatchObject({ status: 'schedule-finished', iterations: 40, dataPasses: 41, solver: 'sgd' })
    expect(report.history.length).toBe(40)
    expect(report.objective).toBeGreaterThanOrEqual(digits.objective)
    expect(report.objective).toBeLessThan(digits.objective + 0.01)
    const start = { weights: model.weights, intercepts: model.intercepts }
    const { objective } = (
      await SoftmaxRegression.fit(digits.features, digits.labels, {
        ...{ l2: digits.l2, featureScale: digits.featureScale, warmStart: start, maxIterations: 1, tolerance: 0 },
      })
    ).report
    // One full-batch step from there goes down, from a little above.
    expect(objective).toBeLessThan(report.objective)
    expect(objective).toBeGreaterThan(0.8 * report.objective)
  })

  it('gives the same bits for the same seed, dtype and threads aside, and others for another', async () => {
    const sgd = { epochs: 2, batchSize: 100 }
    const run = (features: Float64Array | Float32Array | Uint8Array, more: FitOptions = {}) =>
      SoftmaxRegression.fit(features, digits.labels, { solver: 'sgd', sgd, ...more })
    const plain = await run(digits.features)
    for (const model of [
      await run(Float32Array.from(digits.features)),
      await run(Uint8Array.from(digits.features)),
      await run(digits.features, { threads: 1, seed: 0 }),
      await run(digits.features, { threads: 2 }),
    ]) {
      expect(model.toSafetensors()).toEqual(plain.toSafetensors())
    }
    expect((await run(digits.features, { seed: 1 })).weights).not.toEqual(plain.weights)
  })

  it('knows soft targets: certain ones are labels', async () => {
    const targets = new Float64Array(178 * 3)
    wine.labels.forEach((label, r) => {
      targets[3 * r + label] = 1
    })
    const options = { solver: 'sgd', sgd: { batchSize: 32 } } as const
    const soft = await SoftmaxRegression.fit(wine.features, { targets, classNames: [0, 1, 2] }, options)
    const hard = await SoftmaxRegression.fit(wine.features, wine.labels, options)
    // The two row kernels differ in the last digits, and three hundred steps carry that along.
    hard.weights.forEach((weight, i) => {
      expect(Math.abs(soft.weights[i] - weight)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(weight)))
    })
  })

  it('ends in the middle of an epoch when time is up', async () => {
    const model = await fit({ epochs: 1_000_000, batchSize: 1 }, { maxSeconds: 0.1 })
    expect(model.report.status).toBe('time-limit')
    expect(model.report.iterations).toBeLessThan(10_000)
  })

  it.each([1, 16])('does not run away with batches of %d rows', async (batchSize) => {
    const random = seededRandom(8)
    const labels = Array.from({ length: 900 }, (_, r) => r % 20)
    const features = Float64Array.from(
      { length: 900 * 20 },
      (_, i) => random.normal() + ((labels[Math.floor(i / 20)] * 7 + i) % 5),
    )
    const sgd = { batchSize, epochs: 3 }
    const { report } = await SoftmaxRegression.fit(features, labels, { solver: 'sgd', sgd })
    // Where it begins.
    expect(report.objective).toBeLessThan(Math.log(20))
  })

  it('reports steps that are much too long, with finite weights', async () => {
    const model = await fit({ learningRate: 1e6, batchSize: 10 })
    expect(['schedule-finished', 'not-finite']).toContain(model.report.status)
    expect(model.weights.every(Number.isFinite)).toBe(true)
    expect(model.report.objective).toBeGreaterThan(Math.log(3))
  })
})

describe('the shuffle', () => {
  it('is a permutation, another for every epoch and seed, and the same when asked again', () => {
    const of = (seed: number, epoch: number): number[] => {
      const order = new Uint32Array(1000)
      shuffle(order, seed, epoch)
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
      return [...order]
    }
    expect(of(3, 4)).toEqual(of(3, 4))
    expect(of(3, 4)).not.toEqual(of(3, 5))
    expect(of(3, 4)).not.toEqual(of(4, 4))
    expect(of(2 ** 40, 0)).not.toEqual(of(0, 0))
  })

  it('prefers no permutation of four', () => {
    const counts = new Map<string, number>()
    const order = new Uint32Array(4)
    for (let epoch = 0; epoch < 24_000; epoch++) {
      shuffle(order, 9, epoch)
      counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1)
    }
    // χ² with 23 degrees of freedom is below 58.6 with probability 1 − 6e-5; the seed is fixed.
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    expect(counts.size).toBe(24)
    expect(chi2).toBeLessThan(58.6)
  })
})

describe('fit rejects', () => {
  it('checkpoints of a solver that has none', async () => {
    const csr = {
      indptr: Int32Array.of(0, 1, 2),
      indices: Int32Array.of(0, 1),
      values: Float64Array.of(1, 2),
      columns: 2,
    }
    const checkpoint = { every: 1, save: () => {} }
    await expect(SoftmaxRegression.fit(csr, [0, 1], { checkpoint })).rejects.toThrow(
      "fit: expected checkpoint with another solver than 'newton-cg', which has none, got it with that",
    )
  })

  it.each<[object, ErrorConstructor, string]>([
    [{ sgd: {} }, RangeError, "fit: expected sgd only with solver 'sgd', got it with solver 'lbfgs'"],
    [
      { solver: 'sgd', maxIterations: 5 },
      RangeError,
      "fit: expected sgd.epochs to say when solver 'sgd' ends, got maxIterations 5 too",
    ],
    [
      { solver: 'sgd', tolerance: 1e-5 },
      RangeError,
      "fit: expected sgd.epochs to say when solver 'sgd' ends, got tolerance 0.00001 too",
    ],
    [
      { solver: 'sgd', l1: 0.5 },
      RangeError,
      "fit: expected solver 'proximal' for an l1 above 0, got 'sgd' with l1 0.5",
    ],
    [{ solver: 'sgd', sgd: 3 }, TypeError, 'fit: expected sgd to be an object, got 3'],
    [
      { solver: 'sgd', sgd: { batchsize: 3 } },
      TypeError,
      'fit: expected known names in sgd, got "batchsize" (did you mean batchSize?)',
    ],
    [
      { solver: 'sgd', sgd: { batchSize: 0 } },
      RangeError,
      'fit: expected sgd.batchSize to be an integer in [1, 16777216], got 0',
    ],
    [
      { solver: 'sgd', sgd: { epochs: 1.5 } },
      RangeError,
      'fit: expected sgd.epochs to be an integer in [1, 2147483647], got 1.5',
    ],
    [
      { solver: 'sgd', sgd: { learningRate: 0 } },
      RangeError,
      'fit: expected sgd.learningRate to be a number above 0 and finite, got 0',
    ],
    [{ solver: 'sgd', sgd: { momentum: 1 } }, RangeError, 'fit: expected sgd.momentum to be a number in [0, 1), got 1'],
    [
      { solver: 'sgd', sgd: { schedule: 'linear' } },
      RangeError,
      "fit: expected sgd.schedule to be one of 'constant', 'cosine', 'inverse', 'step', got \"linear\"",
    ],
    [{ solver: 'sgd', sgd: { averaging: 1 } }, TypeError, 'fit: expected sgd.averaging to be true or false, got 1'],
  ])('%o', async (options, kind, message) => {
    const error = await SoftmaxRegression.fit(wine.features, wine.labels, options).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ message })
  })
})
