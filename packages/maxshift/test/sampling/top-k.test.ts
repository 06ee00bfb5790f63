/**
 * topK: places and logits against sorting, log-probabilities against logSoftmax and 80-digit arithmetic, infinities, layouts.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import { topK } from '../../src/index.ts'
import { referenceKernels } from '../../src/kernels/js/reference.ts'
import { exactRow } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, floatArray, ulpError } from '../support/ulp.ts'

const PROMISED = { f32: 0.501, f64: 0.55 }
const NAN = Number.NaN
const INFINITY = Number.POSITIVE_INFINITY

/** Larger first, among equal ones the lower index. */
const order = (row: FloatArray): number[] =>
  [...row.keys()].sort((a, b) => (row[a] === row[b] ? a - b : row[b] - row[a]))

function apply(name: 'softmax' | 'logSoftmax', logits: FloatArray, temperature = 1): FloatArray {
  const out = logits.slice()
  referenceKernels[name](logits, 1, logits.length, temperature, out)
  return out
}

const pick = (row: FloatArray, places: readonly number[]): number[] => places.map((i) => row[i])

const normalRow = (dtype: Dtype, length: number, seed: number, width = 3): FloatArray => {
  const { normal } = seededRandom(seed)
  return floatArray(
    dtype,
    Array.from({ length }, () => width * normal()),
  )
}

describe.each(DTYPES)('topK, %s', (dtype) => {
  const row = (...values: number[]): FloatArray => floatArray(dtype, values)

  it('is sorting, and the bits of logSoftmax and softmax', () => {
    const cases = fc.record({
      values: fc.array(fc.oneof(fc.double({ min: -50, max: 50, noNaN: true }), fc.integer({ min: -2, max: 2 })), {
        minLength: 1,
        maxLength: 60,
      }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      temperature: fc.constantFrom(1, 0.3, 0.7, 2, 1e-3, 1e3),
    })
    fc.assert(
      fc.property(cases, ({ values, part, temperature }) => {
        const logits = floatArray(dtype, values)
        const k = Math.round(part * logits.length)
        const result = topK(logits, k, { temperature, probs: true })
        const places = order(logits).slice(0, k)
        expect([...result.indices]).toEqual(places)
        expect(Array.from(result.logits)).toEqual(pick(logits, places))
        expect(Array.from(result.logProbs)).toEqual(pick(apply('logSoftmax', logits, temperature), places))
        expect(Array.from(result.probs)).toEqual(pick(apply('softmax', logits, temperature), places))
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  it('log-probabilities of a long row, and of a confident one, keep their digits', () => {
    const confident = normalRow(dtype, 200, 5)
    confident[77] = dtype === 'f32' ? 95 : 700
    for (const logits of [normalRow(dtype, 300, 4), confident]) {
      const exact = exactRow(logits, 0, dtype)
      const { indices, logProbs } = topK(logits, 20)
      for (let j = 0; j < 20; j++) {
        expect(ulpError(logProbs[j], exact.logSoftmax[indices[j]], dtype)).toBeLessThanOrEqual(PROMISED[dtype])
      }
      expect(logProbs[0]).toBeLessThan(0)
    }
    // What is usually done instead loses the first: the logarithm of a probability that rounds to 1.
    expect(Math.log(topK(confident, 1, { probs: true }).probs[0])).toBe(0)
  })

  it('a vocabulary of 151 936', () => {
    const logits = normalRow(dtype, 151_936, 6)
    const { indices, logProbs } = topK(logits, 50)
    const places = order(logits).slice(0, 50)
    expect([...indices]).toEqual(places)
    expect(Array.from(logProbs)).toEqual(pick(apply('logSoftmax', logits), places))
  })

  it('rows of a batch, along any axis, are those rows alone', () => {
    for (const [shape, axis] of [
      [[4, 5], 1],
      [[4, 5], 0],
      [[3, 4, 5], 1],
      [[3, 7, 1], -2],
      [[3, 1, 5], 1],
      [[2, 3, 1000], -1],
      [[2, 5000, 20], 1],
    ] as const) {
      const length = shape.reduce((a: number, b: number) => a * b, 1)
      const logits = normalRow(dtype, length, length)
      const mask = new Uint8Array(length).map((_, i) => (i % 4 === 0 ? 0 : 1))
      const at = axis < 0 ? axis + shape.length : axis
      const classes = shape[at]
      const inner = shape.slice(at + 1).reduce((a: number, b: number) => a * b, 1)
      const k = Math.min(classes, 3)
      for (const given of [undefined, mask]) {
        const all = topK(logits, k, { shape, axis, ...(given && { mask: given }) })
        expect(all.indices.length).toBe((length / classes) * k)
        for (let r = 0; r < length / classes; r += 1 + Math.floor(length / 3000)) {
          const places = Array.from(
            { length: classes },
            (_, j) => (Math.floor(r / inner) * classes + j) * inner + (r % inner),
          )
          const alone = topK(floatArray(dtype, pick(logits, places)), k, {
            ...(given && { mask: Uint8Array.from(places, (i) => given[i]) }),
          })
          for (let j = 0; j < k; j++) {
            const to = (Math.floor(r / inner) * k + j) * inner + (r % inner)
            expect(all.indices[to]).toBe(alone.indices[j])
            expect(all.logits[to]).toBe(alone.logits[j])
            expect(all.logProbs[to]).toBe(alone.logProbs[j])
          }
        }
      }
    }
  })

  it('infinities and NaN follow the table', () => {
    const cases: [FloatArray, number[], number[], number[], number[]][] = [
      [row(1, NAN, 2), [-1, -1], [NAN, NAN], [NAN, NAN], [NAN, NAN]],
      [row(1, 2, NAN), [-1, -1], [NAN, NAN], [NAN, NAN], [NAN, NAN]],
      [row(-INFINITY, 0, -INFINITY), [1, 0], [0, -INFINITY], [0, -INFINITY], [1, 0]],
      [row(-INFINITY, -INFINITY), [0, 1], [-INFINITY, -INFINITY], [NAN, NAN], [NAN, NAN]],
      [row(0, INFINITY, 1), [1, 2], [INFINITY, 1], [0, -INFINITY], [1, 0]],
      [row(INFINITY, 0, INFINITY), [0, 2], [INFINITY, INFINITY], [NAN, NAN], [NAN, NAN]],
      [row(INFINITY, NAN), [-1, -1], [NAN, NAN], [NAN, NAN], [NAN, NAN]],
    ]
    for (const [logits, indices, values, logProbs, probs] of cases) {
      const result = topK(logits, 2, { probs: true })
      expect([...result.indices]).toEqual(indices)
      expect(Array.from(result.logits)).toEqual(values)
      expect(Array.from(result.logProbs)).toEqual(logProbs)
      expect(Array.from(result.probs)).toEqual(probs)
    }
  })

  it('a masked entry comes last, and a masked NaN shows', () => {
    const masked = topK(row(5, 1, INFINITY, 2), 4, { mask: Uint8Array.of(1, 0, 0, 9) })
    expect([...masked.indices]).toEqual([0, 3, 1, 2])
    expect(Array.from(masked.logits)).toEqual([5, 2, -INFINITY, -INFINITY])
    expect(Array.from(masked.logProbs.subarray(0, 2))).toEqual(Array.from(apply('logSoftmax', row(5, 2))))
    expect([...topK(row(5, NAN), 1, { mask: Uint8Array.of(1, 0) }).indices]).toEqual([-1])
  })

  it('the dtype of the results, k = 0, no rows, no probabilities unless asked for', () => {
    const result = topK(row(1, 2), 1)
    expect(result.logProbs.constructor).toBe(row().constructor)
    expect(result.logits.constructor).toBe(row().constructor)
    expect(result.probs).toBeUndefined()
    expect(topK(row(1, 2), 0)).toEqual({ indices: new Int32Array(0), logits: row(), logProbs: row() })
    expect(topK(row(), 0).indices.length).toBe(0)
    expect(topK(row(), 3, { classes: 3 }).indices.length).toBe(0)
  })

  it('fast mode: the same places, log-probabilities to a few ulps', () => {
    const logits = normalRow(dtype, 5000, 9)
    const accurate = topK(logits, 30)
    const fast = topK(logits, 30, { mode: 'fast' })
    expect(fast.indices).toEqual(accurate.indices)
    for (let j = 0; j < 30; j++) expect(Math.abs(fast.logProbs[j] / accurate.logProbs[j] - 1)).toBeLessThan(1e-5)
  })

  it('equal logits keep their order at the border', () => {
    expect([...topK(row(1, 3, 3, 0, 3, 3), 3).indices]).toEqual([1, 2, 4])
    expect([...topK(row(0, -0, 0), 2).indices]).toEqual([0, 1])
  })
})
