/**
 * Selection without sorting, against sorting: the largest entries and the nucleus, on rows with ties, plateaus, wide and narrow
 * ranges, and infinities.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import { referenceKernels } from '../../src/kernels/js/reference.ts'
import { accumulate, isBelow, type Mass, makeCumulative, shareOf } from '../../src/ops/sampling/cumulative.ts'
import { findLargest, makeBest } from '../../src/ops/sampling/largest.ts'
import { nucleus, placesWithin } from '../../src/ops/sampling/nucleus.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, floatArray } from '../support/ulp.ts'

/** Larger logits first, among equal ones the lower index. */
const sortedPlaces = (logits: FloatArray): number[] =>
  [...logits.keys()].sort((a, b) => (logits[a] === logits[b] ? a - b : logits[b] - logits[a]))

/** Rows of all kinds, at least one entry of each finite. */
function anyRow(dtype: Dtype): fc.Arbitrary<FloatArray> {
  const entry = fc.oneof(
    fc.double({ min: -5, max: 5, noNaN: true }),
    fc.integer({ min: -2, max: 2 }),
    fc.constantFrom(Number.NEGATIVE_INFINITY, 0, -0, 30, 1e30, -1e30),
  )
  return fc.array(entry, { minLength: 1, maxLength: 150 }).map((row) => floatArray(dtype, row.concat(0.5)))
}

/** Long rows: all equal, few values, normal, ascending, one ulp apart. */
function longRows(dtype: Dtype): [string, FloatArray][] {
  const { normal, below } = seededRandom(3)
  const length = 20_000
  const make = (f: (i: number) => number): FloatArray =>
    floatArray(
      dtype,
      Array.from({ length }, (_, i) => f(i)),
    )
  return [
    ['constant', make(() => 0.1)],
    ['few values', make(() => below(3))],
    ['normal', make(() => 3 * normal())],
    ['ascending', make((i) => i / 1000)],
    ['descending', make((i) => -i / 1000)],
    ['one step apart', make((i) => 1 + below(20_000) * (dtype === 'f32' ? 2 ** -23 : 2 ** -52) * (i % 2))],
    ['a spike', make((i) => (i === 777 ? 9 : normal() * 1e-9))],
    ['subnormal', make(() => below(5000) * (dtype === 'f32' ? 2 ** -149 : 2 ** -1074))],
    ['far apart', make((i) => (i < 200 ? i : -1e30 * i))],
  ]
}

function checkLargest(row: FloatArray, k: number): void {
  const best = makeBest(k)
  const guarded = row instanceof Float32Array ? new Float32Array(row.length + 2) : new Float64Array(row.length + 2)
  guarded.fill(Number.NaN)
  guarded.set(row, 1)
  expect(findLargest(guarded, 1, row.length, best)).toBe(true)
  expect([...best.places]).toEqual(sortedPlaces(row).slice(0, k))
}

/** The nucleus by going down the sorted row. */
function plainNucleus(row: FloatArray, probs: FloatArray, total: Mass, share: number): number[] {
  const target = shareOf(total, share, 0, Math.ceil)
  const order = sortedPlaces(row)
  const one = makeCumulative(row.length)
  for (let count = 1; ; count++) {
    accumulate(
      probs.constructor === Float32Array
        ? Float32Array.from(order.slice(0, count), (i) => probs[i])
        : Float64Array.from(order.slice(0, count), (i) => probs[i]),
      one,
    )
    if (!isBelow(one.total, target) || count === order.length) return order.slice(0, count).sort((a, b) => a - b)
  }
}

function probsOf(row: FloatArray): { probs: FloatArray; total: Mass } {
  const probs = row.slice()
  referenceKernels.softmax(row, 1, row.length, 1, probs)
  const sums = makeCumulative(row.length)
  accumulate(probs, sums)
  return { probs, total: sums.total }
}

describe.each(DTYPES)('%s', (dtype) => {
  it('the largest entries are those that come first in the order', () => {
    fc.assert(
      fc.property(anyRow(dtype), fc.nat(), (row, k) => checkLargest(row, 1 + (k % row.length))),
      { numRuns: 400, seed: 1 },
    )
  })
  it.each(longRows(dtype))('the largest of a long row, %s', (_, row) => {
    for (const k of [1, 2, 50, 1000, row.length]) checkLargest(row, k)
  })
  it('a NaN anywhere is found', () => {
    for (let i = 0; i < 21; i++) {
      const row = floatArray(
        dtype,
        Array.from({ length: 21 }, (_, j) => 21 - j),
      )
      row[i] = Number.NaN
      for (const k of [1, 3, 20, 21]) expect(findLargest(row, 0, row.length, makeBest(k))).toBe(false)
    }
  })

  it('the nucleus is the shortest start that reaches the share', () => {
    fc.assert(
      fc.property(anyRow(dtype), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (row, share) => {
        const { probs, total } = probsOf(row)
        const expected = plainNucleus(row, probs, total, share)
        expect([...placesWithin(row, nucleus(row, probs, total, share))]).toEqual(expected)
      }),
      { numRuns: 400, seed: 1 },
    )
  })
  it.each(longRows(dtype))('the nucleus of a long row, %s', (_, row) => {
    const { probs, total } = probsOf(row)
    const order = sortedPlaces(row)
    const sorted = probs.map((_: number, i: number) => probs[order[i]])
    const sums = makeCumulative(row.length)
    for (const share of [0, 1e-9, 0.1, 0.5, 0.9, 0.999, 1 - 2 ** -53]) {
      const target = shareOf(total, share, 0, Math.ceil)
      const kept = placesWithin(row, nucleus(row, probs, total, share))
      expect([...kept]).toEqual(order.slice(0, kept.length).sort((a, b) => a - b))
      accumulate(sorted.subarray(0, kept.length), sums)
      expect(isBelow(sums.total, target)).toBe(false)
      accumulate(sorted.subarray(0, kept.length - 1), sums)
      expect(kept.length === 1 || isBelow(sums.total, target)).toBe(true)
    }
  })
})
