/**
 * sampleCategorical: the distribution of the draws (chi-square, fixed seeds), what filters keep, exact log-probabilities,
 * reproducibility, infinities.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import { type SampleOptions, sampleCategorical } from '../../src/index.ts'
import { referenceKernels } from '../../src/kernels/js/reference.ts'
import { philox } from '../../src/ops/sampling/philox.ts'
import { exactRow } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from '../support/ulp.ts'
import { UNIT, unitsOf } from './units.ts'

const NAN = Number.NaN
const INFINITY = Number.POSITIVE_INFINITY

const normalRow = (dtype: Dtype, length: number, seed: number, width = 3): FloatArray => {
  const { normal } = seededRandom(seed)
  return floatArray(
    dtype,
    Array.from({ length }, () => width * normal()),
  )
}

function logSoftmax(logits: FloatArray, temperature: number): FloatArray {
  const out = logits.slice()
  referenceKernels.logSoftmax(logits, 1, logits.length, temperature, out)
  return out
}

const pick = (row: FloatArray, places: readonly number[]): number[] => places.map((i) => row[i])

/** Larger first, among equal ones the lower index. */
const order = (row: FloatArray): number[] =>
  [...row.keys()].sort((a, b) => (row[a] === row[b] ? a - b : row[b] - row[a]))

/** What the filters keep, straight from their definitions on sorted probabilities; ascending. */
function plainFilters(
  row: FloatArray,
  { temperature = 1, topK = row.length, topP = 1, minP = 0 }: SampleOptions,
): number[] {
  const weight = (i: number): number => Math.exp((row[i] - Math.max(...row)) / temperature)
  const afterTopK = order(row).slice(0, topK)
  const total = afterTopK.reduce((sum, i) => sum + weight(i), 0)
  const afterTopP: number[] = []
  let reached = 0
  for (const i of afterTopK) {
    if (topP < 1 && afterTopP.length > 0 && reached >= topP * total) break
    afterTopP.push(i)
    reached += weight(i)
  }
  return afterTopP.filter((i) => weight(i) >= minP).sort((a, b) => a - b)
}

/** Whether a chi-square statistic with so many degrees of freedom is below its 99.99 % quantile (Wilson & Hilferty 1931). */
function isPlausible(statistic: number, freedom: number): boolean {
  const spread = 2 / (9 * freedom)
  return statistic < freedom * (1 - spread + 3.719 * Math.sqrt(spread)) ** 3
}

/** Compares counts of draws with exact probabilities; classes that expect less than 10 are taken together. */
function checkCounts(indices: Int32Array, probs: readonly number[]): void {
  const counts = new Array(probs.length).fill(0)
  for (const i of indices) counts[i]++
  let statistic = 0
  let freedom = -1
  let rest = { count: 0, expected: 0 }
  const cell = (count: number, expected: number): void => {
    statistic += (count - expected) ** 2 / expected
    freedom++
  }
  for (const [i, p] of probs.entries()) {
    const expected = p * indices.length
    if (p === 0) expect(counts[i]).toBe(0)
    else if (expected < 10) rest = { count: rest.count + counts[i], expected: rest.expected + expected }
    else cell(counts[i], expected)
  }
  if (rest.expected > 1) cell(rest.count, rest.expected)
  expect(freedom).toBeGreaterThan(0)
  expect(isPlausible(statistic, freedom), `${statistic} with ${freedom} degrees of freedom`).toBe(true)
}

describe('distribution', () => {
  const cases: [string, number[], SampleOptions][] = [
    ['even', [0, 0, 0, 0, 0, 0], {}],
    ['log of 1 to 5', [1, 2, 3, 4, 5].map(Math.log), {}],
    ['wide', Array.from({ length: 40 }, (_, i) => -i / 3), {}],
    ['far from 0', [1000, 1001, 999.5], {}],
    ['temperature', [1, 2, 3, 4, 5].map(Math.log), { temperature: 2 }],
    ['low temperature', [0, 0.01, 0.02], { temperature: 0.02 }],
    ['topK', [3, 1, 2, 5, 4], { topK: 3 }],
    ['topP', [0.4, 0.3, 0.2, 0.1].map(Math.log), { topP: 0.65 }],
    ['minP', [0.4, 0.3, 0.2, 0.1].map(Math.log), { minP: 0.45 }],
    ['masked', [1, 2, 3, 4], { mask: Uint8Array.of(1, 0, 1, 1) }],
    [
      'everything',
      normalRow('f64', 200, 8, 1) as unknown as number[],
      { temperature: 0.8, topK: 50, topP: 0.9, minP: 0.1 },
    ],
  ]
  it.each(cases)('%s', (_, values, options) => {
    const logits = Array.from(values, (x, i) => (options.mask?.[i] === 0 ? -INFINITY : x))
    const kept = plainFilters(Float64Array.from(logits), options)
    const scaled = kept.map((i) => logits[i] / (options.temperature ?? 1))
    const weights = scaled.map((x) => Math.exp(x - Math.max(...scaled)))
    const total = weights.reduce((a, b) => a + b)
    const probs = new Array(logits.length).fill(0)
    for (const [j, i] of kept.entries()) probs[i] = weights[j] / total
    for (const array of [Float64Array.from(values), Float32Array.from(values)]) {
      checkCounts(sampleCategorical(array, { ...options, seed: 11, count: 50_000 }).indices, probs)
    }
    // Rows, counters and seeds are as good as draws.
    const rows = Float32Array.from({ length: 8000 * values.length }, (_, i) => values[i % values.length])
    const mask = options.mask && new Uint8Array(rows.length).map((_, i) => options.mask?.[i % values.length] ?? 1)
    const batch = sampleCategorical(rows, { ...options, ...(mask && { mask }), seed: 12, classes: values.length })
    checkCounts(batch.indices, probs)
    const one = Float64Array.from(values)
    const ofCounters = Int32Array.from(
      { length: 3000 },
      (_, counter) => sampleCategorical(one, { ...options, seed: 3, counter }).indices[0],
    )
    checkCounts(ofCounters, probs)
    const ofSeeds = Int32Array.from(
      { length: 3000 },
      (_, seed) => sampleCategorical(one, { ...options, seed }).indices[0],
    )
    checkCounts(ofSeeds, probs)
  })

  it('pairs of draws are independent', () => {
    const logits = [0.5, 0.3, 0.2].map(Math.log)
    const { indices } = sampleCategorical(logits, { seed: 21, count: 60_000 })
    const pairs = new Int32Array(30_000).map((_, i) => 3 * indices[2 * i] + indices[2 * i + 1])
    checkCounts(pairs, [0.25, 0.15, 0.1, 0.15, 0.09, 0.06, 0.1, 0.06, 0.04])
  })

  it('a long tail of tiny probabilities gets its share', () => {
    // 200 000 classes of 10^-9 each after the first: 2 · 10^-4 in all.
    const logits = new Float32Array(200_001).fill(Math.log(1e-9))
    logits[0] = 0
    const { indices } = sampleCategorical(logits, { seed: 5, count: 400_000 })
    const tail = indices.filter((i) => i > 0)
    expect(Math.abs(tail.length - 80)).toBeLessThan(4 * Math.sqrt(80))
    expect(new Set(tail).size).toBe(tail.length)
    expect(Math.min(...tail)).toBeLessThan(20_000)
    expect(Math.max(...tail)).toBeGreaterThan(180_000)
  })

  it('what has probability 0 is never drawn', () => {
    const logits = Float64Array.from({ length: 130 }, (_, i) => (i % 3 === 1 ? 0 : i % 3 === 0 ? -INFINITY : -2000))
    const { indices } = sampleCategorical(logits, { seed: 6, count: 20_000 })
    expect(indices.every((i) => i % 3 === 1)).toBe(true)
  })
})

describe.each(DTYPES)('draws, %s', (dtype) => {
  it('are those of the same inversion in integers', () => {
    const { below } = seededRandom(77)
    for (let i = 0; i < 60; i++) {
      const classes = 1 + below(200)
      const [seed, counter, rows, count] = [below(2 ** 31) * 2 ** below(22), below(2 ** 31) * 2 ** below(22), 3, 4]
      const logits = normalRow(dtype, rows * classes, i, [0, 1, 10, 60][i % 4])
      const { indices } = sampleCategorical(logits, { classes, seed, counter, count })
      for (let r = 0; r < rows; r++) {
        const probs = floatArray(dtype, classes)
        referenceKernels.softmax(logits.subarray(r * classes, (r + 1) * classes), 1, classes, 1, probs)
        const weights = Array.from(probs, unitsOf)
        const total = weights.reduce((a, b) => a + b)
        for (let draw = 0; draw < count; draw++) {
          const words = Uint32Array.of(counter, counter / 2 ** 32, r, draw)
          philox(words, seed >>> 0, Math.floor(seed / 2 ** 32))
          const [w0, w1, w2] = [...words].map((word) => BigInt(word >>> 6))
          const point = (((w0 << 52n) | (w1 << 26n) | w2) * total) / UNIT
          let owner = 0
          for (let sum = weights[0]; sum <= point; sum += weights[owner]) owner++
          expect(indices[count * r + draw]).toBe(owner)
        }
      }
    }
  })
})

describe.each(DTYPES)('filters and log-probabilities, %s', (dtype) => {
  const anyCase = fc.record({
    values: fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 40 }),
    temperature: fc.constantFrom(1, 0.25, 0.7, 3),
    topK: fc.option(fc.integer({ min: 1, max: 45 }), { nil: undefined }),
    topP: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    minP: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  })

  it('draws come from what the filters keep, with the log-probabilities of logSoftmax there', () => {
    fc.assert(
      fc.property(anyCase, ({ values, ...given }) => {
        const options: SampleOptions = Object.fromEntries(
          Object.entries(given).filter(([, value]) => value !== undefined),
        )
        const { temperature } = given
        const logits = floatArray(dtype, values)
        const kept = plainFilters(logits, options)
        const within = logSoftmax(floatArray(dtype, pick(logits, kept)), temperature)
        const all = logSoftmax(logits, temperature)
        for (const count of [1, 20]) {
          const result = sampleCategorical(logits, { ...options, seed: 1, count, unfilteredLogProbs: true })
          for (const [j, i] of result.indices.entries()) {
            expect(kept).toContain(i)
            expect(result.logProbs[j]).toBe(within[kept.indexOf(i)])
            expect(result.unfilteredLogProbs[j]).toBe(all[i])
          }
        }
        const greedy = sampleCategorical(logits, { ...options, greedy: true, unfilteredLogProbs: true })
        expect([...greedy.indices]).toEqual(order(logits).slice(0, 1))
        expect(greedy.logProbs[0]).toBe(within[kept.indexOf(greedy.indices[0])])
        expect(greedy.unfilteredLogProbs[0]).toBe(all[greedy.indices[0]])
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  it('every class that is kept is drawn, of ties exactly topK, the first ones', () => {
    const row = floatArray(dtype, [1, 2, 2, 0, 2, 2, 1])
    const drawn = (options: SampleOptions): number[] =>
      [...new Set(sampleCategorical(row, { ...options, seed: 2, count: 2000 }).indices)].sort((a, b) => a - b)
    expect(drawn({})).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(drawn({ topK: 3 })).toEqual([1, 2, 4])
    expect(drawn({ topK: 5 })).toEqual([0, 1, 2, 4, 5])
    expect(drawn({ topK: 100 })).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(drawn({ topK: 4, topP: 0.5 })).toEqual([1, 2])
    expect(drawn({ topK: 4, topP: 0.51 })).toEqual([1, 2, 4])
    expect(drawn({ topP: 0 })).toEqual([1])
    expect(drawn({ topP: 1 })).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(drawn({ minP: 1 })).toEqual([1, 2, 4, 5])
    expect(drawn({ minP: 0.3 })).toEqual([0, 1, 2, 4, 5, 6])
    expect(drawn({ minP: 0 })).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('topP counts what topK left, minP comes last', () => {
    // Of all, the first has 0.4 and the first two 0.7; of the first three, 0.44 and 0.78.
    const row = floatArray(dtype, [0.4, 0.3, 0.2, 0.1].map(Math.log))
    const keeps = (options: SampleOptions): number =>
      sampleCategorical(row, { ...options, seed: 3, count: 500 }).indices.reduce((a, b) => Math.max(a, b)) + 1
    expect(keeps({ topP: 0.75 })).toBe(3)
    expect(keeps({ topP: 0.75, topK: 3 })).toBe(2)
    expect(keeps({ topP: 0.75, minP: 0.6 })).toBe(2)
  })

  it('log-probabilities are exact, also of a confident class', () => {
    const logits = normalRow(dtype, 100, 31)
    logits[40] = dtype === 'f32' ? 60 : 300
    const exact = exactRow(logits, 0, dtype)
    for (const options of [{ count: 1 }, { count: 3 }]) {
      const { indices, logProbs } = sampleCategorical(logits, { seed: 1, ...options })
      expect([...new Set(indices)]).toEqual([40])
      expect(logProbs[0]).toBeLessThan(0)
      expect(ulpError(logProbs[0], exact.logSoftmax[40], dtype)).toBeLessThanOrEqual(dtype === 'f32' ? 0.501 : 0.55)
    }
  })

  it('rows of any axis, batch and mask: the r-th row in its own place', () => {
    const shape = [3, 70, 40]
    const logits = normalRow(dtype, 8400, 17)
    const mask = new Uint8Array(8400).map((_, i) => (i % 5 === 2 ? 0 : 1))
    const options = { seed: 4, counter: 9, count: 2, unfilteredLogProbs: true } as const
    for (const filters of [{}, { topK: 7, topP: 0.8 }]) {
      const all = sampleCategorical(logits, { shape, axis: 1, mask, ...filters, ...options })
      // The same rows in one piece each.
      const moved = (array: FloatArray | Uint8Array): number[] =>
        Array.from({ length: 8400 }, (_, i) => {
          const r = Math.floor(i / 70)
          return array[(Math.floor(r / 40) * 70 + (i % 70)) * 40 + (r % 40)]
        })
      const straight = sampleCategorical(floatArray(dtype, moved(logits)), {
        classes: 70,
        mask: Uint8Array.from(moved(mask)),
        ...filters,
        ...options,
      })
      for (let r = 0; r < 120; r++) {
        for (let j = 0; j < 2; j++) {
          const to = (Math.floor(r / 40) * 2 + j) * 40 + (r % 40)
          expect(all.indices[to]).toBe(straight.indices[2 * r + j])
          expect(all.logProbs[to]).toBe(straight.logProbs[2 * r + j])
          expect(all.unfilteredLogProbs[to]).toBe(straight.unfilteredLogProbs[2 * r + j])
        }
      }
    }
    expect([...sampleCategorical(floatArray(dtype, 6), { shape: [2, 1, 3], axis: 1, count: 2 }).indices]).toEqual(
      new Array(12).fill(0),
    )
  })

  it('rows without a distribution give −1 and NaN, a single +∞ is certain', () => {
    const row = (...values: number[]): FloatArray => floatArray(dtype, values)
    const all: SampleOptions[] = [
      {},
      { topK: 1 },
      { topK: 2 },
      { topP: 0.5 },
      { minP: 0.5 },
      { greedy: true },
      { greedy: true, topK: 1 },
      { count: 3 },
    ]
    for (const options of all) {
      for (const logits of [
        row(1, NAN, 2),
        row(-INFINITY, -INFINITY, -INFINITY),
        row(INFINITY, 0, INFINITY),
        row(NAN, INFINITY, 0),
      ]) {
        const { indices, logProbs } = sampleCategorical(logits, options)
        expect(new Set(indices)).toEqual(new Set([-1]))
        expect(new Set(logProbs)).toEqual(new Set([NAN]))
      }
      const certain = sampleCategorical(row(-INFINITY, 3, INFINITY, 2), options)
      expect(new Set(certain.indices)).toEqual(new Set([2]))
      expect(new Set(certain.logProbs)).toEqual(new Set([0]))
    }
    const none = sampleCategorical(row(1, NAN, 2), { topK: 1, unfilteredLogProbs: true })
    expect([...none.unfilteredLogProbs]).toEqual([NAN])
    // The other rows of a batch are none the worse.
    const batch = sampleCategorical(row(NAN, 0, 1, -INFINITY, -INFINITY, -INFINITY), { classes: 2, seed: 1 })
    expect([...batch.indices]).toEqual([-1, 0, -1])
  })
})

describe('reproducible', () => {
  const logits = normalRow('f32', 1000, 1)

  it('a seed that was not given is returned, and gives the same draws again', () => {
    const first = sampleCategorical(logits, { count: 50 })
    const again = sampleCategorical(logits, { count: 50, seed: first.seed })
    expect(again).toEqual(first)
    expect(sampleCategorical(logits, { count: 50 }).seed).not.toBe(first.seed)
  })

  it('more draws, or more rows, do not change the first ones', () => {
    const few = sampleCategorical(logits, { seed: 8, count: 5 })
    expect(sampleCategorical(logits, { seed: 8, count: 500 }).indices.subarray(0, 5)).toEqual(few.indices)
    const rows = sampleCategorical(logits, { seed: 8, classes: 10 })
    expect(sampleCategorical(logits.subarray(0, 500), { seed: 8, classes: 10 }).indices).toEqual(
      rows.indices.subarray(0, 50),
    )
  })

  it('counters and seeds make series of their own', () => {
    const drawn = [
      { seed: 0 },
      { seed: 1 },
      { seed: 2 ** 32 },
      { seed: 0, counter: 1 },
      { seed: 0, counter: 2 ** 52 },
    ].map((options) => sampleCategorical(logits, { ...options, count: 20 }).indices.join())
    expect(new Set(drawn).size).toBe(5)
  })

  it('these draws, on every engine', () => {
    const filtered = sampleCategorical(logits, {
      seed: 2026,
      counter: 7,
      count: 8,
      temperature: 0.8,
      topK: 100,
      topP: 0.9,
      minP: 0.01,
    })
    expect([...filtered.indices]).toEqual([554, 250, 436, 69, 69, 613, 613, 69])
    const rows = sampleCategorical(Float64Array.from(logits), { seed: 2026, classes: 100 })
    expect([...rows.indices]).toEqual([69, 60, 50, 85, 36, 5, 68, 78, 12, 44])
  })

  it('fast mode draws from the same distribution, to a few ulps', () => {
    const fast = sampleCategorical(logits, { seed: 5, count: 200, mode: 'fast' })
    const accurate = sampleCategorical(logits, { seed: 5, count: 200 })
    expect(fast.indices.filter((index, i) => index === accurate.indices[i]).length).toBeGreaterThan(195)
  })
})

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  it.each(DTYPES)('the same draws and bits, %s', async (dtype) => {
    const logits = normalRow(dtype, 6000, 2)
    const mask = new Uint8Array(6000).map((_, i) => (i % 7 === 0 ? 0 : 1))
    const calls: SampleOptions[] = [
      { count: 40 },
      { classes: 30 },
      { shape: [10, 20, 30], axis: 1, mask, count: 2, temperature: 0.7 },
      { topK: 40, topP: 0.9, minP: 0.02, count: 40 },
      { shape: [2, 3000], topP: 0.95, count: 40, temperature: 1.3 },
    ]
    const expected = calls.map((options) =>
      sampleCategorical(logits, { ...options, seed: 3, unfilteredLogProbs: true }),
    )
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    const fresh = await import('../../src/index.ts')
    expect(fresh.backend().accurate).toBe('typescript')
    const actual = calls.map((options) =>
      fresh.sampleCategorical(logits, { ...options, seed: 3, unfilteredLogProbs: true }),
    )
    expect(actual).toEqual(expected)
  })
})

describe('greedy', () => {
  it('takes the first of the most probable classes', () => {
    const { indices, logProbs, seed } = sampleCategorical([1, 3, 2, 3], { greedy: true, temperature: 0.5, seed: 4 })
    expect([...indices]).toEqual([1])
    expect(logProbs[0]).toBe(logSoftmax(Float64Array.of(1, 3, 2, 3), 0.5)[1])
    expect(seed).toBe(4)
  })
  it('is the limit of low temperatures', () => {
    const logits = normalRow('f64', 50, 12)
    const cold = sampleCategorical(logits, { temperature: 1e-300, seed: 1, count: 10 })
    expect(new Set(cold.indices)).toEqual(new Set(sampleCategorical(logits, { greedy: true }).indices))
  })
})
