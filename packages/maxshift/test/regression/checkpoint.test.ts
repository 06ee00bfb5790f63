/**
 * Checkpoints: a fit that goes on from one ends as the fit without interruption, to the last bit; damaged ones and those of another
 * problem are refused.
 */
import { describe, expect, it } from 'vitest'
import {
  type Features,
  type FitOptions,
  type FitReport,
  SoftmaxRegression,
  type TrainingLabels,
} from '../../src/regression/index.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'

const wine = loadOptimum('wine')
const digits = loadOptimum('digits')

interface Data {
  readonly features: Features
  readonly labels: TrainingLabels
}

interface Saved {
  readonly step: number
  readonly bytes: Uint8Array
}

/** Options that keep every checkpoint in the list. */
function keeping(saved: Saved[], every = 1): FitOptions {
  let step = 0
  return {
    checkpoint: {
      every,
      save: (bytes) => {
        saved.push({ step, bytes: bytes.slice() })
        // The bytes are the caller's own.
        bytes.fill(0)
      },
    },
    onIteration: ({ iteration }) => {
      step = iteration
    },
  }
}

async function expectRejection(run: () => Promise<unknown>, kind: ErrorConstructor, message: string): Promise<void> {
  const error = await run().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(kind)
  expect(error).toMatchObject({ message })
}

/** Everything in a report but the times. */
const timeless = ({ history, ...report }: FitReport) => ({
  ...report,
  seconds: 0,
  history: history.map((step) => ({ ...step, seconds: 0 })),
})

/** Fits once without interruption, then again from every checkpoint, and compares. */
async function expectSame(data: Data, options: FitOptions): Promise<Saved[]> {
  const { features, labels } = data
  const saved: Saved[] = []
  const plain = await SoftmaxRegression.fit(features, labels, options)
  const whole = await SoftmaxRegression.fit(features, labels, { ...options, ...keeping(saved) })
  expect(whole.toSafetensors()).toEqual(plain.toSafetensors())
  for (const { bytes } of saved) {
    const resumed = await SoftmaxRegression.fit(features, labels, { ...options, resume: bytes })
    expect(resumed.toSafetensors()).toEqual(whole.toSafetensors())
    expect(timeless(resumed.report)).toEqual(timeless(whole.report))
  }
  return saved
}

describe('a resumed fit ends as the one without interruption', () => {
  it('by the proximal solver, after every step, with more steps than pairs', async () => {
    const saved = await expectSame(wine, { l1: 0.02, standardize: true, tolerance: 1e-12 })
    expect(saved.length).toBeGreaterThan(30)
    await expectSame(wine, {
      l1: 0.02,
      l2: 0.01,
      standardize: true,
      warmStart: await SoftmaxRegression.fit(wine.features, wine.labels),
    })
  })

  it('by L-BFGS, after every step, before and after the coordinates are renewed', async () => {
    const saved = await expectSame(wine, { tolerance: 1e-9 })
    expect(saved.map(({ step }) => step)).toEqual(saved.map((_, i) => i + 1))
    // Renewals come after 1, 3, 6 and 10 steps.
    expect(saved.length).toBeGreaterThan(12)
  })

  it('by L-BFGS in coordinates of a Kronecker product, which are renewed after ten steps', async () => {
    const rows = 300
    const features = digits.features.slice(0, rows * 64)
    const saved = await expectSame({ features, labels: digits.labels.slice(0, rows) }, { l2: 1 })
    expect(saved.length).toBeGreaterThan(10)
  })

  it('on data large enough for float32 passes at first', async () => {
    const random = seededRandom(5)
    const rows = 9000
    const features = Float32Array.from({ length: rows * 40 }, random.normal)
    const labels = Array.from({ length: rows }, (_, r) =>
      features[r * 40] + 0.7 * random.normal() > 0 ? 'a' : random.below(2) ? 'b' : 'c',
    )
    await expectSame({ features, labels }, { tolerance: 1e-7 })
  })

  it.each([
    ['weights and a warm start', {}],
    ['an end on validation rows', { validated: true }],
    ['other penalties', { l2: 1e-2, standardize: true, intercept: false }],
  ])('with %s', async (name, given: { validated?: boolean } & FitOptions) => {
    const { validated, ...rest } = given
    const rows = wine.labels.length
    const count = wine.features.length / rows
    const options: FitOptions = {
      ...rest,
      ...(name.startsWith('weights')
        ? {
            sampleWeights: Float64Array.from({ length: rows }, (_, r) => (r % 5) / 2),
            classWeights: 'balanced',
            warmStart: { weights: new Float64Array(3 * count).fill(0.01), intercepts: Float64Array.of(1, 0, -1) },
          }
        : {}),
      ...(validated
        ? {
            validation: { features: wine.features.slice(0, 60 * count), labels: wine.labels.slice(0, 60), patience: 3 },
          }
        : {}),
    }
    await expectSame(wine, options)
  })

  it('twice, and with other limits', async () => {
    const whole = await SoftmaxRegression.fit(wine.features, wine.labels, { tolerance: 1e-8 })
    const first: Saved[] = []
    const options = { ...keeping(first, 1000), maxIterations: 7 }
    const early = await SoftmaxRegression.fit(wine.features, wine.labels, options)
    expect(early.report.status).toBe('max-iterations')
    // Never due, but the fit could go on.
    expect(first.map(({ step }) => step)).toEqual([7])
    const second: Saved[] = []
    let told = 0
    await SoftmaxRegression.fit(wine.features, wine.labels, {
      ...keeping(second, 1000),
      tolerance: 1e-8,
      onIteration: ({ iteration }) => {
        told++
        return iteration < 11
      },
      resume: first[0].bytes,
    })
    expect(told).toBe(4)
    const resume = second[0].bytes
    const last = await SoftmaxRegression.fit(wine.features, wine.labels, { tolerance: 1e-8, resume })
    expect(last.weights).toEqual(whole.weights)
    expect(timeless(last.report)).toEqual(timeless(whole.report))
    const seconds = last.report.history.map((step) => step.seconds)
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b))
  })

  it('when time was up', async () => {
    const saved: Saved[] = []
    const limited = await SoftmaxRegression.fit(wine.features, wine.labels, { ...keeping(saved, 1000), maxSeconds: 0 })
    expect(limited.report).toMatchObject({ status: 'time-limit', iterations: 1 })
    const whole = await SoftmaxRegression.fit(wine.features, wine.labels)
    // The limit is for this run, not for all together.
    const resumed = await SoftmaxRegression.fit(wine.features, wine.labels, { maxSeconds: 60, resume: saved[0].bytes })
    expect(resumed.toSafetensors()).toEqual(whole.toSafetensors())
  })

  it.each(['cosine', 'constant'] as const)(
    'by stochastic gradient descent, %s, after every epoch',
    async (schedule) => {
      const saved = await expectSame(digits, { solver: 'sgd', sgd: { batchSize: 100, epochs: 4, schedule }, seed: 5 })
      expect(saved.map(({ step }) => step)).toEqual([1, 2, 3, 4])
    },
  )

  it('with checkpoints as often as asked', async () => {
    const saved: Saved[] = []
    await SoftmaxRegression.fit(wine.features, wine.labels, { ...keeping(saved, 4), maxIterations: 10, tolerance: 0 })
    expect(saved.map(({ step }) => step)).toEqual([4, 8, 10])
  })

  it('waits for save, and rejects with what it throws', async () => {
    const events: string[] = []
    await SoftmaxRegression.fit(wine.features, wine.labels, {
      maxIterations: 2,
      tolerance: 0,
      onIteration: ({ iteration }) => {
        events.push(`step ${iteration}`)
      },
      checkpoint: {
        every: 1,
        save: async () => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          events.push('saved')
        },
      },
    })
    expect(events).toEqual(['step 1', 'saved', 'step 2', 'saved'])
    const checkpoint = { every: 1, save: () => Promise.reject(new Error('disk full')) }
    await expect(SoftmaxRegression.fit(wine.features, wine.labels, { checkpoint })).rejects.toThrow('disk full')
  })
})

describe('a checkpoint is refused', async () => {
  const saved: Saved[] = []
  await SoftmaxRegression.fit(wine.features, wine.labels, { ...keeping(saved, 1000), maxIterations: 12, tolerance: 0 })
  const good = saved[0].bytes
  const resume = (bytes: unknown, options: FitOptions = {}, data: Data = wine) =>
    SoftmaxRegression.fit(data.features, data.labels, { ...options, resume: bytes as Uint8Array })

  it('if it is cut off anywhere', async () => {
    for (let length = 0; length < good.length; length += 1 + (length >> 3)) {
      await expect(resume(good.slice(0, length))).rejects.toThrow(/^fit: (resume: expected|expected resume to be) /)
    }
    await expect(resume(good.slice(0, good.length - 1))).rejects.toThrow(RangeError)
    await expect(resume(Uint8Array.of(...good.slice(0, 9)))).rejects.toThrow(RangeError)
  })

  it('if a bit is another', async () => {
    const header = 8 + Number(new DataView(good.buffer, good.byteOffset).getBigUint64(0, true))
    const random = seededRandom(11)
    const fine = await resume(good)
    for (let i = 0; i < 600; i++) {
      const bytes = good.slice()
      // Half of them in the header.
      const at = i % 2 ? random.below(header) : header + random.below(good.length - header)
      bytes[at] ^= 1 << random.below(8)
      const result = await resume(bytes).catch((error: unknown) => error)
      if (result instanceof SoftmaxRegression) {
        // Blanks of the header may be others.
        expect(at).toBeLessThan(header)
        expect(result.toSafetensors()).toEqual(fine.toSafetensors())
      } else {
        expect(result).toBeInstanceOf(RangeError)
        expect(String(result)).toMatch(/fit: (resume: expected|expected resume to be) /)
      }
    }
  })

  const change = (features: Features): Features => {
    const copy = features.slice()
    copy[100] += 2 ** -20
    return copy
  }
  const other = wine.labels.slice()
  other[5] = other[170]

  it.each<[string, FitOptions, Data, string]>([
    ['feature', {}, { ...wine, features: change(wine.features) }, 'features'],
    ['label', {}, { ...wine, labels: other }, 'labels'],
    ['penalty', { l2: 1e-3 }, wine, 'penalty'],
    ['intercept', { intercept: false }, wine, 'intercept'],
    ['weights', { sampleWeights: new Float64Array(178).fill(1).fill(2, 0, 9), l2: 1 / 178 }, wine, 'weights'],
    ['offset', { offset: new Float64Array(178 * 3) }, wine, 'offset'],
    ['start', { warmStart: { weights: new Float64Array(39), intercepts: new Float64Array(3) } }, wine, 'warmStart'],
    ['solver', { solver: 'sgd' }, wine, 'solver'],
    ['number of rows', {}, { ...wine, features: wine.features.slice(13), labels: wine.labels.slice(1) }, 'rows'],
  ])('if the %s is another', async (_, options, data, trait) => {
    await expect(resume(good, options, data)).rejects.toThrow(RangeError)
    await expect(resume(good, options, data)).rejects.toThrow(
      new RegExp(`^fit: expected resume to be a checkpoint of a fit with ${trait} \\S+, got one with ${trait} \\S+$`),
    )
  })

  it('if it is none', async () => {
    const model = await SoftmaxRegression.fit(wine.features, wine.labels)
    await expectRejection(
      () => resume(model.toSafetensors()),
      RangeError,
      'fit: expected resume to be a file of format maxshift.checkpoint, got "maxshift.softmax-regression"',
    )
    await expectRejection(
      () => resume('last.safetensors'),
      TypeError,
      'fit: expected resume to be a Uint8Array, got "last.safetensors"',
    )
    await expectRejection(
      () => resume(Uint8Array.of(1, 2, 3)),
      RangeError,
      'fit: resume: expected a safetensors file, which has at least 8 bytes, got 3',
    )
  })

  it('if the options of checkpoints are none', async () => {
    const refuse = (checkpoint: unknown, kind: ErrorConstructor, message: string) =>
      expectRejection(
        () => SoftmaxRegression.fit(wine.features, wine.labels, { checkpoint } as FitOptions),
        kind,
        message,
      )
    const save = () => {}
    await refuse(5, TypeError, 'fit: expected checkpoint to be an object, got 5')
    await refuse({ save }, TypeError, 'fit: expected checkpoint.every to be an integer, got undefined')
    await refuse(
      { every: 0, save },
      RangeError,
      'fit: expected checkpoint.every to be an integer in [1, 2147483647], got 0',
    )
    await refuse({ every: 5 }, TypeError, 'fit: expected checkpoint.save to be a function, got undefined')
    await refuse(
      { every: 5, sav: save },
      TypeError,
      'fit: expected known names in checkpoint, got "sav" (did you mean save?)',
    )
  })
})
