/**
 * Rows of logits that break formulas of distributions: margins up to where probabilities end, ties and near ties, common
 * offsets, tiny and huge scales, entries ruled out.
 */
import type { FloatArray } from '../../src/arrays.ts'
import type { Random } from './random.ts'
import { type Dtype, floatArray } from './ulp.ts'

/** A random power of ten between 10^low and 10^high. */
export const tenTo = (random: Random, low: number, high: number): number =>
  10 ** (low + (high - low) * random.uniform())

/** A row of `classes` entries; no two calls are alike. */
export function hardRow(random: Random, dtype: Dtype, classes: number): FloatArray {
  const scale = random.below(3) === 0 ? tenTo(random, dtype === 'f32' ? -30 : -200, 0) : tenTo(random, -6, 2.5)
  const offset = random.below(2) === 0 ? 0 : tenTo(random, -2, dtype === 'f32' ? 6 : 14)
  const row = floatArray(
    dtype,
    Array.from({ length: classes }, () => offset + scale * random.normal()),
  )
  if (random.below(3) === 0) row[random.below(classes)] += tenTo(random, -1, dtype === 'f32' ? 2.02 : 2.87)
  if (random.below(4) === 0) row[random.below(classes)] = row[0]
  if (random.below(6) === 0 && classes > 1) row[1 + random.below(classes - 1)] = Number.NEGATIVE_INFINITY
  return row
}

/** A second row to compare with: apart from the first, or near it in all entries, in one, or in last digits only. */
export function secondRow(random: Random, dtype: Dtype, first: FloatArray): FloatArray {
  const kind = random.below(4)
  if (kind === 0) return hardRow(random, dtype, first.length)
  const row = first.slice()
  const size = tenTo(random, dtype === 'f32' ? -30 : -60, 1)
  const ulp = dtype === 'f32' ? 2 ** -23 : 2 ** -52
  for (let i = 0; i < row.length; i++) {
    if (kind === 1) row[i] += size * random.normal()
    if (kind === 2) row[i] *= 1 + (random.below(5) - 2) * ulp
    if (row[i] === Number.NEGATIVE_INFINITY && random.below(2) === 0) row[i] = random.normal()
  }
  if (kind === 3) row[random.below(row.length)] += tenTo(random, -16, 2.8) * (random.below(2) === 0 ? 1 : -1)
  return row
}
