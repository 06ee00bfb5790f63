/**
 * What every backend's softmax must do. Call it with the kernels inside a test file.
 */
import { describe, expect, test } from 'vitest'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { outputOf, singleRow, softmax } from '../support/operations.ts'
import { DTYPES } from '../support/ulp.ts'
import { CATEGORIES, vectorRows } from '../vectors/load.ts'
import { staysWithinGoals } from './accuracy.ts'
import { followsInfinityTable } from './infinities.ts'
import { isInvariant } from './invariance.ts'
import { keepsItsLayout } from './layout.ts'

export function softmaxConformance(kernels: Kernels): void {
  describe(`${kernels.name}: softmax`, () => {
    staysWithinGoals(kernels, softmax)
    keepsItsLayout(kernels, softmax)
    followsInfinityTable(kernels, softmax)
    isInvariant(kernels, softmax)

    for (const dtype of DTYPES) {
      test(`${dtype}: probabilities lie in [+0, 1], and equal logits have equal ones`, () => {
        for (const { title, logits, label } of CATEGORIES.flatMap((category) => vectorRows(dtype, category))) {
          const probs = outputOf(softmax, kernels, singleRow(dtype, logits, label))
          const seen = new Map<number, number>()
          const wrong = probs.findIndex((p: number, j: number) => {
            const first = seen.get(logits[j]) ?? p
            seen.set(logits[j], first)
            return !(p >= 0 && p <= 1) || Object.is(p, -0) || p !== first
          })
          expect(wrong, title).toBe(-1)
        }
      })

      test(`${dtype}: one class has probability 1`, () => {
        for (const x of [0, -0, 1, -1e30, 1e30]) {
          expect(outputOf(softmax, kernels, singleRow(dtype, [x], 0))).toEqual(singleRow(dtype, [1], 0).logits)
        }
      })
    }
  })
}
