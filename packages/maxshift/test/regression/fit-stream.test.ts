/**
 * fitStream: the result is that of the rows, however they are cut into chunks, and that of a fit by the same rule to all rows at
 * once; what is no chunk is refused with its place; the source is closed however the fit ends.
 */
import { describe, expect, it, vi } from 'vitest'
import {
  type Features,
  SoftmaxRegression,
  type StreamChunk,
  type StreamOptions,
  type StreamSource,
} from '../../src/regression/index.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { bad } from '../support/bad.ts'
import { seededRandom } from '../support/random.ts'

const digits = loadOptimum('digits')
const classNames = Array.from({ length: 10 }, (_, k) => k)
const { rows, featureCount } = digits

/** The rows in a random order, because the file has the digits in turn. */
const shuffled = (() => {
  const random = seededRandom(17)
  const order = Array.from({ length: rows }, (_, r) => ({ r, key: random.uniform() })).sort((a, b) => a.key - b.key)
  const features = new Uint8Array(rows * featureCount)
  order.forEach(({ r }, i) => {
    features.set(digits.features.subarray(r * featureCount, (r + 1) * featureCount), i * featureCount)
  })
  return { features, labels: order.map(({ r }) => digits.labels[r]) }
})()

/** Chunks of sizes that go round, as another dtype if asked. */
function* cut(
  sizes: readonly number[],
  convert: (features: Uint8Array) => Features = (x) => x,
): Generator<StreamChunk> {
  const { features, labels } = shuffled
  for (let begin = 0, i = 0; begin < rows; i++) {
    const end = Math.min(rows, begin + sizes[i % sizes.length])
    yield {
      features: convert(features.subarray(begin * featureCount, end * featureCount)),
      labels: labels.slice(begin, end),
    }
    begin = end
  }
}

async function* later(chunks: Iterable<StreamChunk>): AsyncGenerator<StreamChunk> {
  for (const chunk of chunks) {
    await new Promise((resolve) => setTimeout(resolve, 0))
    yield chunk
  }
}

const options: StreamOptions<number> = { classNames, l2: 1e-3, sgd: { batchSize: 64 } }
const fit = (source: StreamSource, more: Partial<StreamOptions<number>> = {}) =>
  SoftmaxRegression.fitStream(source, { ...options, ...more })

describe('a stream', () => {
  it('gives the same model however it is cut, whatever the dtype, at once or later', async () => {
    const plain = await fit(cut([rows]))
    expect(plain.report).toMatchObject({
      status: 'schedule-finished',
      iterations: 1,
      rows,
      solver: 'sgd',
      dataPasses: 1,
    })
    expect(plain.classNames).toEqual(classNames)
    const others: StreamSource[] = [
      cut([1]),
      cut([64]),
      cut([1, 200, 0, 63, 65]),
      cut([100], (x) => Float32Array.from(x)),
      cut([300], (x) => Float64Array.from(x)),
      later(cut([500])),
      [...cut([700])],
    ]
    for (const source of others) {
      const model = await fit(source)
      expect(model.toSafetensors()).toEqual(plain.toSafetensors())
      expect(model.report.history.map(({ seconds, ...step }) => step)).toEqual(
        plain.report.history.map(({ seconds, ...step }) => step),
      )
    }
  })

  it('comes near the optimum in twenty epochs, and tells how near', async () => {
    const sgd = { epochs: 20, batchSize: 64 }
    const model = await fit(() => later(cut([333])), { sgd })
    const best = await SoftmaxRegression.fit(shuffled.features, shuffled.labels, { l2: 1e-3, tolerance: 1e-6 })
    const { objective, gradientNorm, dataPasses } = model.report
    expect(objective).toBeGreaterThan(best.report.objective)
    // Nearly separable rows: 0.0139 at the optimum, 2.3 at the start.
    expect(objective).toBeLessThan(best.report.objective + 0.01)
    expect(dataPasses).toBe(21)
    expect(gradientNorm).toBeLessThan(0.1)
    // The objective as its definition says, from the public measures.
    const squares = model.weights.reduce((sum, w) => sum + w * w, 0)
    const value = model.evaluate(shuffled.features, shuffled.labels).logLoss + (1e-3 / 2) * squares
    expect(Math.abs(objective - value)).toBeLessThanOrEqual(1e-12 * value)
    // Means of integers: exact sums, one rounding.
    const means = Array.from({ length: featureCount }, (_, j) => {
      let sum = 0
      for (let r = 0; r < rows; r++) sum += shuffled.features[r * featureCount + j]
      return sum / rows
    })
    expect([...(model.means ?? [])]).toEqual(means)
  })

  it('may be shorter than a batch, and of any units', async () => {
    const few = { features: shuffled.features.subarray(0, 50 * featureCount), labels: shuffled.labels.slice(0, 50) }
    const short = await fit([few], { sgd: { batchSize: 256 } })
    expect(short.toSafetensors()).toEqual((await fit([few], { sgd: { batchSize: 50 } })).toSafetensors())
    // Powers of two: the same numbers in other units, without a penalty the same predictions.
    const tiny = cut([100], (x) => Float64Array.from(x, (value) => value * 2 ** -300))
    const [a, b] = [await fit(cut([100]), { l2: 0 }), await fit(tiny, { l2: 0 })]
    expect(b.weights.map((w) => w * 2 ** -300)).toEqual(a.weights)
    expect(b.intercepts).toEqual(a.intercepts)
  })

  it('may have columns that begin to vary late', async () => {
    const random = seededRandom(4)
    const features = Float64Array.from({ length: 6000 * 2 }, (_, i) => (i % 2 && i < 10_000 ? 3 : random.normal()))
    const labels = Array.from({ length: 6000 }, (_, r) => Number(features[2 * r] + features[2 * r + 1] > 1.5))
    const model = await SoftmaxRegression.fitStream([{ features, labels }], { classNames: [0, 1] })
    expect(model.weights.every(Number.isFinite)).toBe(true)
    expect(model.weights[3]).toBeGreaterThan(0)
  })

  it('goes on from another model', async () => {
    const first = await fit(cut([500]))
    const second = await fit(cut([500]), { warmStart: first })
    expect(second.report.objective).toBeLessThan(first.report.objective)
  })
})

describe('a stream ends', () => {
  /** An endless stream that tells when it is closed. */
  function endless(): { source: AsyncGenerator<StreamChunk>; closed: () => boolean } {
    let closed = false
    async function* forever(): AsyncGenerator<StreamChunk> {
      try {
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 0))
          yield* cut([rows])
        }
      } finally {
        closed = true
      }
    }
    return { source: forever(), closed: () => closed }
  }

  it('at a time limit, in the middle of an epoch', async () => {
    const { source, closed } = endless()
    const model = await fit(source, { maxSeconds: 0.2 })
    expect(model.report).toMatchObject({ status: 'time-limit', iterations: 0 })
    expect(model.report.rows).toBeGreaterThan(0)
    expect(model.report.objective).toBeLessThan(Math.log(10))
    expect(closed()).toBe(true)
  })

  it('by an abort, also while the source is silent', async () => {
    const { source, closed } = endless()
    const signal = AbortSignal.timeout(150)
    await expect(fit(source, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
    // Not waited for, but done.
    await vi.waitFor(() => expect(closed()).toBe(true))
    async function* silent(): AsyncGenerator<StreamChunk> {
      yield* cut([200])
      await new Promise(() => {})
    }
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 20)
    await expect(fit(silent(), { signal: controller.signal })).rejects.toBe('enough')
    await expect(fit(cut([9]), { signal: AbortSignal.abort('before') })).rejects.toBe('before')
  })

  it('when onIteration returns false', async () => {
    const model = await fit(() => cut([100]), { sgd: { epochs: 5 }, onIteration: ({ iteration }) => iteration < 2 })
    expect(model.report).toMatchObject({ status: 'stopped', iterations: 2 })
  })

  it('with what the source throws', async () => {
    async function* broken(): AsyncGenerator<StreamChunk> {
      yield* cut([700])
      throw new Error('connection lost')
    }
    await expect(fit(broken())).rejects.toThrow('connection lost')
  })
})

describe('fitStream rejects', () => {
  const features = new Float32Array(4).fill(1)
  const good: StreamChunk = { features, labels: [0, 1] }
  const refuse = async (source: unknown, message: string, more: object = {}): Promise<void> => {
    const error = await SoftmaxRegression.fitStream(bad(source), bad({ classNames: [0, 1], ...more })).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ message })
  }

  it('chunks that are none, with their place', async () => {
    await refuse([good, 5], 'fitStream: in chunk 1: expected { features, labels }, got 5')
    await refuse(
      [good, { features: [1, 2], labels: [0] }],
      'fitStream: in chunk 1: expected features to be a Float32Array, a Float64Array, a Uint8Array or { indptr, indices, values, columns }, got an array of length 2',
    )
    await refuse(
      [good, good, { features: Float32Array.of(1, 2, 3, Number.NaN), labels: [0, 1] }],
      'fitStream: in chunk 2: expected features to be finite, got NaN at row 1, column 1',
    )
    await refuse(
      [good, { features, labels: [0, 7] }],
      'fitStream: in chunk 1: expected labels[1] to be one of the 2 classes of the model, got 7',
    )
    await refuse(
      [good, { features: new Float32Array(6), labels: [0, 1] }],
      'fitStream: in chunk 1: expected 2 features for each of 2 labels, got 6 features in all',
    )
    await refuse([{ features: new Float32Array(0), labels: [] }], 'fitStream: expected at least one row, got none')
    await refuse([], 'fitStream: expected at least one row, got none')
  })

  it('sources and options that are none', async () => {
    await refuse(
      good,
      'fitStream: expected source to be an iterable of chunks or a function that returns one, got an object',
    )
    await refuse(() => 3, 'fitStream: expected source to return an iterable of chunks, got 3')
    await refuse([good], 'fitStream: expected classNames to be a string[] or a number[], got undefined', {
      classNames: undefined,
    })
    await refuse([good], 'fitStream: expected distinct classNames, got 1 twice', { classNames: [1, 0, 1] })
    await refuse(
      [good],
      'fitStream: expected source to be a function that begins the stream anew together with sgd.epochs above 1, got an iterable and 3',
      { sgd: { epochs: 3 } },
    )
  })
})
