/**
 * What every backend's logSumExp must do. Call it with the kernels inside a test file.
 */
import { describe, expect, test } from 'vitest'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { logSumExp, outputOf, singleRow } from '../support/operations.ts'
import { DTYPES } from '../support/ulp.ts'
import { CATEGORIES, vectorRows } from '../vectors/load.ts'
import { staysWithinGoals } from './accuracy.ts'
import { followsInfinityTable } from './infinities.ts'
import { isInvariant } from './invariance.ts'
import { keepsItsLayout } from './layout.ts'

export function logSumExpConformance(kernels: Kernels): void {
  describe(`${kernels.name}: logSumExp`, () => {
    staysWithinGoals(kernels, logSumExp)
    keepsItsLayout(kernels, logSumExp)
    followsInfinityTable(kernels, logSumExp)
    isInvariant(kernels, logSumExp)

    for (const dtype of DTYPES) {
      test(`${dtype}: at least the maximum`, () => {
        for (const { title, logits, label } of CATEGORIES.flatMap((category) => vectorRows(dtype, category))) {
          const [value] = outputOf(logSumExp, kernels, singleRow(dtype, logits, label))
          expect(
            logits.findIndex((x: number) => x > value),
            title,
          ).toBe(-1)
        }
      })

      test(`${dtype}: one class is returned as it is`, () => {
        for (const x of [0, 1, -2.5, 1e30, -1e30, 2 ** -149]) {
          expect(outputOf(logSumExp, kernels, singleRow(dtype, [x], 0))).toEqual(singleRow(dtype, [x], 0).logits)
        }
      })
    }
  })
}
