/**
 * Weighted sums of exponentials over rows along any axis; what is done with a row is in kernels/js/signed-row.ts.
 */
import type { FloatArray, Logits } from '../arrays.ts'
import { checkApart, checkLogits } from '../check.ts'
import { type SignedLog, signedLogSumExp } from '../kernels/js/signed-row.ts'
import type { PerRow } from './per-row.ts'
import { overRows } from './rows.ts'

/** Weights of logits as callers may pass them: one per logit, or one per class. */
export type RowWeights = FloatArray | readonly number[]

/** Weights as a typed array of the logits' length, or of one row's. */
export function checkWeights(who: string, given: unknown, { values, layout, rows, out }: PerRow): FloatArray {
  const weights = checkLogits(who, given as Logits, 'weights')
  if (weights.length !== values.length && weights.length !== layout.classes) {
    throw new RangeError(
      `${who}: expected weights to have one entry per logit (${values.length}) or one per class (${layout.classes}), got ${weights.length}`,
    )
  }
  checkApart(who, out, rows, 'weights', weights)
  return weights
}

/**
 * out[r] = log |Σ w · exp(x/T)| and signs[r] = its sign for each row; without `signs`, NaN where the sum is negative. Without
 * `weights` all are 1.
 */
export function weightedLogSumExp(
  { values, layout, rows, mask, temperature, out }: PerRow,
  weights: FloatArray | null,
  signs: Int8Array | null,
): void {
  const { classes } = layout
  const isShared = weights === null || weights.length !== values.length
  const result: SignedLog = { log: 0, sign: 0 }
  out.fill(Number.NEGATIVE_INFINITY, 0, rows) // what rows without classes are
  overRows(layout, { logits: [values], mask, others: isShared ? [] : [weights] }, ({ first, rows, logits, others }) => {
    const row = { logits: logits[0], start: 0, classes, weights: isShared ? weights : others[0], weightsStart: 0 }
    for (let r = 0; r < rows; r++) {
      row.start = r * classes
      row.weightsStart = isShared ? 0 : r * classes
      signedLogSumExp(row, temperature, 1, result)
      out[first + r] = signs === null && result.sign < 0 ? Number.NaN : result.log
      if (signs !== null) signs[first + r] = result.sign
    }
  })
}
