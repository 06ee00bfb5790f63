/**
 * What may not change a bit: the order of a row's entries, and a common shift that no entry rounds.
 *
 * Softmax, log-probabilities, losses and gradients depend on differences of logits only, and sums are exact, so both
 * hold exactly and not to a tolerance. logSumExp moves with a shift and is left out of that part.
 */
import { describe, expect, test } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { type Operation, outputOf, singleRow } from '../support/operations.ts'
import { type Random, seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, floatArray } from '../support/ulp.ts'
import { CATEGORIES, vectorRows } from '../vectors/load.ts'
import { sameBits } from './layout.ts'

/** A row with its entries moved: entry i of the result is entry order[i] of the row. */
function reordered(row: FloatArray, order: readonly number[], dtype: Dtype): FloatArray {
  return floatArray(
    dtype,
    order.map((i) => row[i]),
  )
}

function ignoresOrder(kernels: Kernels, operation: Operation, dtype: Dtype): void {
  for (const category of CATEGORIES) {
    test(`${dtype}: the same bits in any order, ${category}`, () => {
      const random = seededRandom(7)
      const broken: string[] = []
      // Long rows are costly to shuffle, and three of them show as much as fifteen.
      const rows = vectorRows(dtype, category).slice(0, category === 'D' ? 3 : undefined)
      for (const { title, logits, label } of rows) {
        const order = random.shuffled(Array.from(logits.keys()))
        const moved = singleRow(dtype, reordered(logits, order, dtype), order.indexOf(label))
        const straight = outputOf(operation, kernels, singleRow(dtype, logits, label))
        const expected = operation.per === 'row' ? straight : reordered(straight, order, dtype)
        if (!sameBits(outputOf(operation, kernels, moved), expected)) broken.push(title)
      }
      expect(broken).toEqual([])
    })
  }
}

/** Multiples of a power of two in a range: adding a shift of few bits to them is exact. */
function gridRow(dtype: Dtype, classes: number, random: Random): FloatArray {
  const [unit, range] = dtype === 'f32' ? [2 ** -5, 2 ** 10] : [2 ** -20, 2 ** 28]
  return floatArray(
    dtype,
    Array.from({ length: classes }, () => unit * (random.below(range) - range / 2)),
  )
}

function ignoresExactShifts(kernels: Kernels, operation: Operation, dtype: Dtype): void {
  test(`${dtype}: the same bits after an exact shift`, () => {
    const random = seededRandom(8)
    const shifts = dtype === 'f32' ? [1, -3.25, 1000, 2 ** 17, -(2 ** 17)] : [1, -3.25, 1e6, 2 ** 31, -(2 ** 31)]
    for (const classes of [1, 2, 3, 5, 8, 17, 100, 1000]) {
      const row = gridRow(dtype, classes, random)
      const label = random.below(classes)
      const expected = outputOf(operation, kernels, singleRow(dtype, row, label))
      for (const shift of shifts) {
        const shifted = floatArray(
          dtype,
          Array.from(row, (x) => x + shift),
        )
        // The premise: nothing was rounded, so every difference is the same number.
        expect(Array.from(shifted, (x) => x - shift)).toEqual(Array.from(row))
        const actual = outputOf(operation, kernels, singleRow(dtype, shifted, label))
        expect(sameBits(actual, expected), `${classes} classes shifted by ${shift}`).toBe(true)
      }
    }
  })
}

export function isInvariant(kernels: Kernels, operation: Operation): void {
  describe('invariance', () => {
    for (const dtype of DTYPES) {
      ignoresOrder(kernels, operation, dtype)
      if (operation.name !== 'logSumExp') ignoresExactShifts(kernels, operation, dtype)
    }
  })
}
