/**
 * Standard errors, tests and intervals against 40-digit arithmetic and statsmodels (fixtures/inference.py), and what is refused.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Inference, likelihoodRatioTest, SoftmaxRegression } from '../../src/regression/index.ts'
import { encodeModel } from '../../src/regression/model-file.ts'
import { bad } from '../support/bad.ts'
import { seededRandom } from '../support/random.ts'

interface Case {
  readonly name: string
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  readonly intercept: boolean
  readonly features: number[]
  readonly labels: number[]
  readonly weights: number[] | null
  readonly clusters: number[] | null
  readonly offset: number[] | null
  /** (classes − 1) × (1 + features), class 0 the reference. */
  readonly estimates: number[]
  readonly covariance: number[]
  readonly robust: number[]
  readonly clustered?: number[]
  readonly logLikelihood: number
  readonly nullLogLikelihood: number
  readonly z?: number[]
  readonly p?: number[]
  readonly interval90?: [number, number][]
  readonly peer?: { aic: number; bic: number; mcfadden: number; ratio: number; ratioP: number; df: number }
}

const cases = JSON.parse(readFileSync(new URL('../fixtures/inference.json', import.meta.url), 'utf8')) as Case[]
const caseNamed = (name: string): Case => cases.find((data) => data.name === name) as Case

/** A model with these coefficients, as if it had been fitted without a penalty. */
function modelOf(
  data: Pick<Case, 'classes' | 'featureCount' | 'intercept' | 'rows'>,
  estimates: number[],
  report = {},
) {
  const { classes, featureCount, intercept, rows } = data
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  const width = featureCount + (intercept ? 1 : 0)
  for (let k = 1; k < classes; k++) {
    const own = estimates.slice((k - 1) * width, k * width)
    if (intercept) intercepts[k] = own.shift() as number
    weights.set(own, k * featureCount)
  }
  const outcome = {
    status: 'converged',
    iterations: 9,
    dataPasses: 9,
    objective: 1,
    gradientNorm: 0,
    seconds: 0,
  } as const
  const settings = { rows, l2: 0, intercept, featureScale: 1, tolerance: 1e-9, history: [] }
  const parts = {
    classNames: weights.length > 0 ? [...intercepts.keys()] : [],
    featureNames: undefined,
    means: undefined,
  }
  const base = SoftmaxRegression.fromSafetensors<number>(
    encodeModel({ ...parts, weights, intercepts, report: { ...template, ...outcome, ...settings, ...report } }),
  )
  return base
}
const template = (await SoftmaxRegression.fit(new Float64Array([0, 1]), [0, 1], { maxIterations: 1 })).report

const optionsOf = (data: Case) => ({
  ...(data.weights && { sampleWeights: data.weights }),
  ...(data.offset && { offset: Float64Array.from(data.offset) }),
})

async function infer(data: Case, options = {}): Promise<Inference<number>> {
  const features = Float64Array.from(data.features)
  return modelOf(data, data.estimates).inference(features, data.labels, { ...optionsOf(data), ...options })
}

/** The largest |a − b| / √(b_ii·b_jj): relative to what a covariance may be. */
function covarianceError(found: ArrayLike<number>, expected: number[]): number {
  const size = Math.sqrt(expected.length)
  expect(found.length).toBe(expected.length)
  return expected.reduce((worst, value, at) => {
    const scale = Math.sqrt(expected[Math.floor(at / size) * (size + 1)] * expected[(at % size) * (size + 1)])
    return Math.max(worst, Math.abs(found[at] - value) / scale)
  }, 0)
}

const relative = (a: number, b: number): number => Math.abs(a / b - 1)

describe.each(cases.map((data) => [data.name, data] as const))('%s', (_, data) => {
  // Condition numbers here are up to 1e3 in centred, scaled coordinates; 'far' has intercepts a hundred thousand times as uncertain.
  const TOLERANCE = 1e-11

  it('has the covariance of 40-digit arithmetic', async () => {
    const found = await infer(data)
    expect(covarianceError(found.covariance, data.covariance)).toBeLessThan(TOLERANCE)
    expect(found.covarianceKind).toBe('observed')
    const size = Math.sqrt(data.covariance.length)
    found.coefficients.forEach(({ estimate, standardError, z, className, feature }, i) => {
      expect(relative(estimate, data.estimates[i])).toBeLessThan(1e-15)
      expect(relative(standardError, Math.sqrt(data.covariance[i * (size + 1)]))).toBeLessThan(TOLERANCE)
      expect(z).toBe(estimate / standardError)
      const width = size / (data.classes - 1)
      expect(className).toBe(1 + Math.floor(i / width))
      const j = (i % width) - (data.intercept ? 1 : 0)
      expect(feature).toBe(j < 0 ? '(intercept)' : String(j))
    })
    expect(found.coefficients.length).toBe(size)
    expect(relative(found.logLikelihood, data.logLikelihood)).toBeLessThan(1e-14)
    expect(relative(found.nullLogLikelihood, data.nullLogLikelihood)).toBeLessThan(1e-14)
    // The coefficients are rounded to float64; with columns far from zero that is as much as 1e-10 standard errors.
    expect(found.distance).toBeLessThan(1e-9)
    expect(found.condition).toBeLessThan(1e4)
  })

  it('has the sandwich of 40-digit arithmetic', async () => {
    const found = await infer(data, { robust: true })
    expect(covarianceError(found.covariance, data.robust)).toBeLessThan(TOLERANCE)
    expect(found.covarianceKind).toBe('robust')
  })

  it.runIf(data.clusters)('has the sandwich of clusters', async () => {
    const found = await infer(data, { clusters: (data.clusters as number[]).map((c) => `clinic ${c}`) })
    expect(covarianceError(found.covariance, data.clustered as number[])).toBeLessThan(TOLERANCE)
    expect(found.covarianceKind).toBe('clustered')
  })

  it.runIf(data.z)('agrees with statsmodels', async () => {
    const { coefficients, ...found } = await infer(data, { level: 0.9 })
    // Where its optimiser stops; with columns far from zero it has lost more.
    const close = data.name === 'far' ? 1e-3 : 1e-7
    coefficients.forEach(({ z, p, low, high }, i) => {
      expect(relative(z, (data.z as number[])[i])).toBeLessThan(close)
      expect(relative(p, (data.p as number[])[i])).toBeLessThan(50 * close) // z times the density over the tail
      expect(relative(low, (data.interval90 as [number, number][])[i][0])).toBeLessThan(20 * close)
      expect(relative(high, (data.interval90 as [number, number][])[i][1])).toBeLessThan(20 * close)
    })
    const { peer } = data
    if (peer === undefined) return
    expect(relative(found.aic, peer.aic)).toBeLessThan(1e-10)
    expect(relative(found.bic, peer.bic)).toBeLessThan(1e-10)
    expect(relative(found.pseudoR2.mcfadden, peer.mcfadden)).toBeLessThan(1e-9)
    expect(relative(found.likelihoodRatio.statistic, peer.ratio)).toBeLessThan(1e-9)
    expect(found.likelihoodRatio.df).toBe(peer.df)
    expect(relative(found.likelihoodRatio.p, peer.ratioP)).toBeLessThan(1e-6)
  })
})

describe('inference', () => {
  it('from a fit: within the distance that it says of the maximum', async () => {
    const data = caseNamed('simulated')
    const features = Float64Array.from(data.features)
    for (const [tolerance, reach] of [
      [1e-10, 1e-8],
      [1e-4, 1e-2],
    ]) {
      const model = await SoftmaxRegression.fit(features, data.labels, { l2: 0, tolerance })
      const { coefficients, distance } = await model.inference(features, data.labels)
      expect(distance).toBeLessThan(reach)
      coefficients.forEach(({ estimate, standardError }, i) => {
        expect(Math.abs(estimate - data.estimates[i])).toBeLessThanOrEqual((1.1 * distance + 1e-12) * standardError)
      })
    }
  })

  it('takes the weights and the offset of the fit', async () => {
    const data = caseNamed('simulated')
    const features = Float64Array.from(data.features)
    const random = seededRandom(6)
    const sampleWeights = Float64Array.from(data.labels, () => random.below(4) * 1e5)
    const offset = Float64Array.from({ length: 4 * data.rows }, () => random.uniform())
    const given = { sampleWeights, offset }
    const options = { ...given, l2: 0, tolerance: 1e-10, standardize: true }
    const model = await SoftmaxRegression.fit(features, data.labels, options)
    const { distance, logLikelihood, nullLogLikelihood, totalWeight } = await model.inference(
      features,
      data.labels,
      given,
    )
    expect(distance).toBeLessThan(1e-5) // √totalWeight times the tolerance
    expect(relative(logLikelihood, -model.report.objective * totalWeight)).toBeLessThan(1e-13)
    // The null model is that of a feature worth nothing.
    const none = await SoftmaxRegression.fit(new Float64Array(data.rows), data.labels, options)
    expect(relative(nullLogLikelihood, -none.report.objective * totalWeight)).toBeLessThan(1e-13)
  })

  it('has another reference: the differences of the coefficients, and their variances', async () => {
    const data = caseNamed('simulated')
    const first = await infer(data)
    const model = modelOf(data, data.estimates)
    const last = await model.inference(Float64Array.from(data.features), data.labels, { reference: 3 })
    expect(last.reference).toBe(3)
    expect(last.coefficients.map(({ className }) => className)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    const size = 12
    for (let i = 0; i < 4; i++) {
      const [own, other] = [4 + i, 8 + i] // classes 2 and 3 against 0
      const variance = (a: number, b: number): number => first.covariance[a * size + b]
      const expected = Math.sqrt(variance(own, own) + variance(other, other) - 2 * variance(own, other))
      expect(relative(last.coefficients[8 + i].standardError, expected)).toBeLessThan(1e-11)
      const difference = first.coefficients[own].estimate - first.coefficients[other].estimate
      expect(relative(last.coefficients[8 + i].estimate, difference)).toBeLessThan(1e-13)
    }
    expect(last.logLikelihood).toBe(first.logLikelihood)
  })

  it('is the same for bytes, float32 and float64, and for weights that repeat rows', async () => {
    const random = seededRandom(5)
    const features = Uint8Array.from({ length: 300 }, () => random.below(256))
    const labels = Array.from({ length: 100 }, (_, r) => (features[3 * r] + random.below(256) > 255 ? 'yes' : 'no'))
    const options = { l2: 0, tolerance: 1e-9, featureNames: ['a', 'b', 'c'] }
    const model = await SoftmaxRegression.fit(features, labels, options)
    const bytes = await model.inference(features, labels)
    expect(await model.inference(Float32Array.from(features), labels)).toEqual(bytes)
    expect(await model.inference(Float64Array.from(features), labels)).toEqual(bytes)
    expect(bytes.coefficients.map(({ feature }) => feature)).toEqual(['(intercept)', 'a', 'b', 'c'])
    const double = await model.inference(features, labels, { sampleWeights: new Float64Array(100).fill(2) })
    const twice = await model.inference(Uint8Array.from([...features, ...features]), [...labels, ...labels])
    expect(double.totalWeight).toBe(200)
    expect(double.bic).toBeCloseTo(twice.bic, 10)
    double.coefficients.forEach(({ standardError, z }, i) => {
      expect(relative(standardError, twice.coefficients[i].standardError)).toBeLessThan(1e-11)
      expect(relative(standardError * Math.SQRT2, bytes.coefficients[i].standardError)).toBeLessThan(1e-11)
      expect(relative(z, twice.coefficients[i].z)).toBeLessThan(1e-11)
    })
  })

  it('keeps its digits for columns of 1e±150, one far from zero', async () => {
    const data = caseNamed('simulated')
    const scaled = data.features.map((x, i) => [x * 1e150, x * 1e-150, x][i % 3])
    const estimates = data.estimates.map((x, i) => [x, x * 1e-150, x * 1e150, x][i % 4])
    const model = modelOf(data, estimates)
    const { coefficients } = await model.inference(Float64Array.from(scaled), data.labels)
    const plain = (await infer(data)).coefficients
    for (const [i, { z }] of coefficients.entries()) expect(relative(z, plain[i].z)).toBeLessThan(1e-11)
  })

  it('leaves Inference with the definitions of its measures', async () => {
    const data = caseNamed('simulated')
    const found = await infer(data)
    const { logLikelihood: full, nullLogLikelihood: none, rows, pseudoR2 } = found
    expect(found.likelihoodRatio.statistic).toBe(2 * (full - none))
    expect(pseudoR2.coxSnell).toBeCloseTo(1 - Math.exp((2 / rows) * (none - full)), 14)
    expect(pseudoR2.nagelkerke).toBeCloseTo(pseudoR2.coxSnell / (1 - Math.exp((2 / rows) * none)), 14)
    expect(found.level).toBe(0.95)
  })
})

describe('likelihoodRatioTest', () => {
  it('compares a model with one of fewer features', async () => {
    const data = caseNamed('simulated')
    const features = Float64Array.from(data.features)
    const one = features.filter((_, i) => i % 3 === 0)
    const options = { l2: 0, tolerance: 1e-9 }
    const larger = await (await SoftmaxRegression.fit(features, data.labels, options)).inference(features, data.labels)
    const smaller = await (await SoftmaxRegression.fit(one, data.labels, options)).inference(one, data.labels)
    const test = likelihoodRatioTest(smaller, larger)
    expect(test.statistic).toBe(2 * (larger.logLikelihood - smaller.logLikelihood))
    expect(test.df).toBe(6)
    expect(test.p).toBeGreaterThan(0)
    expect(test.p).toBeLessThan(1e-6)
    expect(() => likelihoodRatioTest(larger, smaller)).toThrow(
      new RangeError(
        'likelihoodRatioTest: expected the larger model to have more coefficients, got 6 and 12 in the smaller one',
      ),
    )
    expect(() => likelihoodRatioTest(smaller, { ...larger, rows: 299 })).toThrow(
      new RangeError(
        'likelihoodRatioTest: expected both models on the same rows, got 300 of weight 300 and 299 of weight 300',
      ),
    )
    expect(() => likelihoodRatioTest({ ...smaller, logLikelihood: -1 }, { ...larger, logLikelihood: -2 })).toThrow(
      new RangeError(
        'likelihoodRatioTest: expected the smaller model to be a special case of the larger one, got a higher log-likelihood, -1 against -2',
      ),
    )
    expect(() => likelihoodRatioTest(bad(undefined), larger)).toThrow(
      new TypeError('likelihoodRatioTest: expected smaller to be what model.inference returns, got undefined'),
    )
  })
})

describe('inference refuses', () => {
  const wine = caseNamed('wine')
  const features = Float64Array.from(wine.features)
  const model = modelOf(wine, wine.estimates)
  const ask = (options: object, own = model): Promise<unknown> => own.inference(features, wine.labels, options)

  it.each<[string, () => Promise<unknown>, new (message: string) => Error, string]>([
    [
      'a model with a penalty',
      async () => (await SoftmaxRegression.fit(features, wine.labels, { l2: 0.25 })).inference(features, wine.labels),
      RangeError,
      'expected a model without a penalty, which pulls coefficients towards 0, got l2 = 0.25 (fit with l2: 0)',
    ],
    [
      'separated classes',
      async () => {
        const x = Float64Array.from([1, 2, 3, 7, 8, 9])
        const labels = [0, 0, 0, 1, 1, 1]
        return (await SoftmaxRegression.fit(x, labels, { l2: 0, tolerance: 1e-12 })).inference(x, labels)
      },
      RangeError,
      "expected a likelihood with a maximum, got a model of status 'separated': the features tell 0, 1 apart, " +
        'and no finite coefficients are best',
    ],
    [
      'classes of which one is separated',
      () => {
        const x = Float64Array.from([1, 2, 3, 2, 3, 4, 90, 91, 92])
        const data = { rows: 9, classes: 3, featureCount: 1, intercept: true }
        return modelOf(data, [-3.74, 1.5, -4000, 100]).inference(x, [0, 0, 0, 1, 1, 1, 2, 2, 2])
      },
      RangeError,
      'expected a likelihood with one maximum, got classes that the features separate, 2 most of all, so that coefficients grow ' +
        'without end (remove what tells it apart, join classes, or fit with l2 > 0)',
    ],
    [
      'classes of which one is separated, fitted',
      async () => {
        const x = Float64Array.from([1, 2, 3, 2, 3, 4, 90, 91, 92])
        const labels = ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']
        return (await SoftmaxRegression.fit(x, labels, { l2: 0, tolerance: 1e-4 })).inference(x, labels)
      },
      RangeError,
      'expected a likelihood with a maximum, got a model of status \'separated\': the features tell "c" apart, and no finite ' +
        'coefficients are best',
    ],
    [
      'a model of other rows',
      () =>
        model.inference(
          features.map((x, i) => x + (i % 3)),
          wine.labels,
        ),
      RangeError,
      'expected a model at most 0.1 standard errors from the maximum of the likelihood of these rows, got 38 (give the rows, weights ' +
        'and offset that it was fitted to, and fit with a tolerance of 1e-8)',
    ],
    ['a level of 1', () => ask({ level: 1 }), RangeError, 'expected level to be a number in (0, 1), got 1'],
    [
      'a level that is text',
      () => ask({ level: '95%' }),
      TypeError,
      'expected level to be a number in (0, 1), got "95%"',
    ],
    [
      'robust of another kind',
      () => ask({ robust: 'HC1' }),
      TypeError,
      'expected robust to be true or false, got "HC1"',
    ],
    [
      'an unknown reference',
      () => ask({ reference: 3 }),
      RangeError,
      'expected reference to be a class of the model, 0, 1, 2, got 3',
    ],
    [
      'a reference of another kind',
      () => ask({ reference: '0' }),
      TypeError,
      'expected reference to be a class of the model, 0, 1, 2, got "0"',
    ],
    [
      'an offset of another size',
      () => ask({ offset: new Float64Array(5) }),
      RangeError,
      'expected offset for 178 rows × 3 classes, 534 in all, got 5',
    ],
    [
      'sample weights of nothing',
      () => ask({ sampleWeights: new Float64Array(178) }),
      RangeError,
      'expected sampleWeights with a sum above 0, got 0 for each of 178 rows',
    ],
    [
      'one cluster',
      () => ask({ clusters: new Array(178).fill('a') }),
      RangeError,
      'expected at least two clusters, got 1',
    ],
    [
      'too few clusters',
      () => ask({ clusters: [1, 2] }),
      RangeError,
      'expected one cluster per row, 178 in all, got 2',
    ],
    [
      'clusters of another kind',
      () => ask({ clusters: 'abc' }),
      TypeError,
      'expected clusters to be a string[], a number[] or an integer array, got "abc"',
    ],
    [
      'a cluster of another kind',
      () => ask({ clusters: [1, null, ...new Array(176).fill(2)] }),
      TypeError,
      'expected clusters[1] to be a string or a number, got null',
    ],
    [
      'an option of another name',
      () => ask({ confidence: 0.9 }),
      TypeError,
      'expected known option names, got "confidence" (known are level, robust, clusters, reference, sampleWeights, offset, signal)',
    ],
    ['a signal that is none', () => ask({ signal: 5 }), TypeError, 'expected signal to be an AbortSignal, got 5'],
    [
      'unknown labels',
      () => model.inference(features, new Array(178).fill(7)),
      RangeError,
      'expected labels[0] to be one of the 3 classes of the model, got 7',
    ],
    [
      'too many coefficients',
      () =>
        modelOf({ rows: 2, classes: 3, featureCount: 1024, intercept: true }, new Array(2050).fill(0)).inference(
          new Float64Array(2048),
          [0, 1],
        ),
      RangeError,
      'expected at most 2048 coefficients, (classes − 1) · (features + 1), got 2050',
    ],
  ])('%s', async (_, ask, ErrorKind, message) => {
    const error: unknown = await ask().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(ErrorKind)
    expect((error as Error).message).toBe(`inference: ${message}`)
  })

  const random = seededRandom(8)
  const rows = Array.from({ length: 60 }, () => [random.uniform(), random.uniform() + 3])
  const labels = rows.map(([a, b]) => (a + b + 2 * random.uniform() > 4.5 ? 1 : 0))
  it.each<[string, (row: number[]) => number[], boolean, string]>([
    ['a copy', ([a, b]) => [a, b, a], true, 'got feature "2", a combination of feature "0"'],
    ['a sum', ([a, b]) => [a, b, 3 * a - 1e5 * b], true, 'got feature "2", a combination of feature "0", feature "1"'],
    ['a shifted copy', ([a, b]) => [b, a, 2 * a + 7], true, 'got feature "2", a combination of feature "1"'],
    ['a constant', ([a]) => [a, 0.1], true, 'got feature "1", the same in all rows'],
    ['zeros', ([a, b]) => [a, 0, b], false, 'got feature "1", 0 in all rows'],
  ])('%s', async (_, rowOf, intercept, message) => {
    const x = Float64Array.from(rows.flatMap(rowOf))
    const model = await SoftmaxRegression.fit(x, labels, { l2: 0, intercept, tolerance: 1e-6 })
    await expect(model.inference(x, labels)).rejects.toThrow(
      new RangeError(`inference: expected features of which none follows from others, ${message}`),
    )
  })

  it('an abort', async () => {
    const reason = new Error('enough')
    await expect(ask({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
