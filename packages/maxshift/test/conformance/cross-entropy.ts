/**
 * What every backend's crossEntropy must do. Call it with the kernels inside a test file.
 */
import { describe, expect, test } from 'vitest'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { crossEntropy, outputOf, singleRow } from '../support/operations.ts'
import { DTYPES, ulpError } from '../support/ulp.ts'
import { CATEGORIES, vectorRows } from '../vectors/load.ts'
import { staysWithinGoals } from './accuracy.ts'
import { followsInfinityTable } from './infinities.ts'
import { isInvariant } from './invariance.ts'
import { keepsItsLayout } from './layout.ts'

export function crossEntropyConformance(kernels: Kernels): void {
  describe(`${kernels.name}: crossEntropy`, () => {
    staysWithinGoals(kernels, crossEntropy)
    keepsItsLayout(kernels, crossEntropy)
    followsInfinityTable(kernels, crossEntropy)
    isInvariant(kernels, crossEntropy)

    for (const dtype of DTYPES) {
      test(`${dtype}: never negative, never −0`, () => {
        for (const { title, logits, label } of CATEGORIES.flatMap((category) => vectorRows(dtype, category))) {
          const [loss] = outputOf(crossEntropy, kernels, singleRow(dtype, logits, label))
          expect(loss >= 0 && !Object.is(loss, -0), `${title}: ${loss}`).toBe(true)
        }
        for (const row of [[0], [-0], [5], [-1e30], [Number.POSITIVE_INFINITY], [Number.POSITIVE_INFINITY, 1]]) {
          expect(outputOf(crossEntropy, kernels, singleRow(dtype, row, 0))).toEqual(Float64Array.of(0))
        }
      })
    }

    // The loss of float32 logits is a float64, whose own error may not use up the 0.001 ulp that rounding leaves:
    // a mean over a batch adds these values before anything is rounded to float32.
    test('f32: the float64 value lies within 0.001 float32 ulp before it is rounded', () => {
      for (const category of CATEGORIES) {
        for (const { title, logits, label, loss } of vectorRows('f32', category)) {
          const [actual] = outputOf(crossEntropy, kernels, singleRow('f32', logits, label))
          // Beyond the largest float32 the exact value is not stored; there the rounded check above is all there is.
          if (Number.isFinite(loss.rounded)) expect(ulpError(actual, loss, 'f32'), title).toBeLessThanOrEqual(0.001)
        }
      }
    })
  })
}
