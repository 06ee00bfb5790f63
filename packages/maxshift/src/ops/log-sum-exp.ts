/**
 * logSumExp of rows: checked, allocating, either dtype.
 */
import type { FloatArray, Logits } from '../arrays.ts'
import { checkLogits, checkMode, checkOptions, checkOut, checkRows, describe } from '../check.ts'
import { type Mode, selectKernels } from '../kernels/select.ts'
import type { SoftmaxOptions } from './softmax.ts'

/** As for softmax, but `out` receives one number per row. */
export type LogSumExpOptions<T extends FloatArray = FloatArray> = SoftmaxOptions<T>

/** With `classes` the result is an array, one number per row. */
type RowsOptions<T extends FloatArray> = LogSumExpOptions<T> & { classes: number }

/**
 * logSumExp(logits) = log Σ_k exp(logits_k): of all logits as one row, or with `classes` of each row.
 *
 * Within 0.501 ulp (float32) or 0.51 ulp (float64), also near 0, where the maximum and the logarithm of the sum cancel: there
 * float64 promises an absolute error of 2^−62, float32 its 0.501 ulp down to n · 2^−70 and below that n · 2^−104. Same bits everywhere and for every order.
 *
 * Non-finite: NaN if the row contains a NaN; else +∞ if it contains a +∞; entries of −∞ count for nothing, and a row of them
 * only, or an empty one, gives −∞.
 *
 * @param logits one row, or rows × classes, row-major.
 * @param options `mode`, `classes`; with it `out`, which receives one result per row and must lie
 * apart from the logits.
 * @returns without `classes` a number (rounded to float32 for float32 logits); with it one result per row, in the dtype of softmax.
 * @throws as softmax does; TypeError for `out` without `classes`.
 */
export function logSumExp(logits: Float32Array, options: RowsOptions<Float32Array>): Float32Array
export function logSumExp(logits: Float64Array | readonly number[], options: RowsOptions<Float64Array>): Float64Array
export function logSumExp(logits: Logits, options: RowsOptions<FloatArray>): FloatArray
export function logSumExp(logits: Logits, options?: { classes?: never; out?: never; mode?: Mode }): number
export function logSumExp(logits: Logits, options?: LogSumExpOptions): FloatArray | number
export function logSumExp(logits: Logits, options?: LogSumExpOptions): FloatArray | number {
  const who = 'logSumExp'
  const { classes, out, mode } = checkOptions(who, options, ['classes', 'out', 'mode'])
  const values = checkLogits(who, logits)
  const shape = checkRows(who, values.length, classes)
  if (classes === undefined && out !== undefined) {
    throw new TypeError(
      `${who}: expected out only together with classes (of one row the result is a number), got ${describe(out)}`,
    )
  }
  const result = checkOut(who, out, shape.rows, values, false)
  selectKernels(values.length, checkMode(who, mode)).logSumExp(values, shape.rows, shape.classes, 1, result)
  if (classes !== undefined) return result
  return values.length === 0 ? Number.NEGATIVE_INFINITY : result[0]
}
