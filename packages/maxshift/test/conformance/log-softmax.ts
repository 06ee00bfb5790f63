/**
 * What every backend's logSoftmax must do. Call it with the kernels inside a test file.
 */
import { describe, expect, test } from 'vitest'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { crossEntropy, logSoftmax, outputOf, singleRow } from '../support/operations.ts'
import { DTYPES, roundTo } from '../support/ulp.ts'
import { CATEGORIES, vectorRows } from '../vectors/load.ts'
import { staysWithinGoals } from './accuracy.ts'
import { followsInfinityTable } from './infinities.ts'
import { isInvariant } from './invariance.ts'
import { keepsItsLayout } from './layout.ts'

export function logSoftmaxConformance(kernels: Kernels): void {
  describe(`${kernels.name}: logSoftmax`, () => {
    staysWithinGoals(kernels, logSoftmax)
    keepsItsLayout(kernels, logSoftmax)
    followsInfinityTable(kernels, logSoftmax)
    isInvariant(kernels, logSoftmax)

    for (const dtype of DTYPES) {
      test(`${dtype}: never positive, and the negative of the loss of each label`, () => {
        for (const { title, logits, label } of CATEGORIES.flatMap((category) => vectorRows(dtype, category))) {
          const batch = singleRow(dtype, logits, label)
          const logProbs = outputOf(logSoftmax, kernels, batch)
          expect(
            logProbs.findIndex((value: number) => !(value <= 0)),
            title,
          ).toBe(-1)
          const [loss] = outputOf(crossEntropy, kernels, batch)
          expect(0 - logProbs[label], title).toBe(roundTo(dtype, loss))
        }
      })
    }
  })
}
