/**
 * Accuracy of one operation: every row of the vectors within the promise (support/operations.ts), measured against
 * values from 80-digit arithmetic.
 */
import { describe, expect, test } from 'vitest'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { keepsGoal, type Operation, outputOf, singleRow, worstOutput } from '../support/operations.ts'
import { DTYPES } from '../support/ulp.ts'
import { CATEGORIES, vectorHead, vectorRows } from '../vectors/load.ts'

/** At most this many broken rows are listed; their number is told. */
const SHOWN = 5

export function staysWithinGoals(kernels: Kernels, operation: Operation): void {
  describe('accuracy', () => {
    for (const dtype of DTYPES) {
      for (const category of CATEGORIES) {
        const goal = operation.goal[dtype]
        test(`${dtype} within ${goal} ulp, ${category}: ${vectorHead(dtype, category).about}`, () => {
          const broken: string[] = []
          for (const { title, logits, label, ...row } of vectorRows(dtype, category)) {
            const actual = outputOf(operation, kernels, singleRow(dtype, logits, label))
            const worst = worstOutput(operation, dtype, actual, row, label)
            if (!keepsGoal(operation, dtype, worst, logits)) {
              broken.push(
                `${title}: output ${worst.place} is ${worst.actual}, ${worst.ulps} ulp from ${worst.exact.rounded}`,
              )
            }
          }
          expect(broken.slice(0, SHOWN), `${broken.length} rows broken`).toEqual([])
        })
      }
    }
  })
}
