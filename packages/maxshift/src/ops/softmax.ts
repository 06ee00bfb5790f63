/**
 * softmax and logSoftmax of rows: checked, allocating, either dtype.
 */
import type { FloatArray, Logits } from '../arrays.ts'
import { checkLogits, checkMode, checkOptions, checkOut, checkRows } from '../check.ts'
import { type Mode, selectKernels } from '../kernels/select.ts'

/** Options of softmax and logSoftmax. */
export interface SoftmaxOptions<T extends FloatArray = FloatArray> {
  /**
   * Entries per row: logits are rows × classes, row-major. Default: all logits are one row. At most 2^26; rows of more than 2^18 are
   * computed in plain TypeScript, several times slower.
   */
  classes?: number
  /**
   * Receives the results and is returned: of the dtype of the results, at least as long as the logits (what lies beyond is not
   * touched), and either the logits themselves (in place) or memory apart from them.
   */
  out?: T
  /**
   * 'accurate' (default), or 'fast': several times faster on float32; errors grow to about 4 ulp (float64: 8) plus the distance
   * from the maximum, results below the smallest normal number may be 0, and with relaxed SIMD (see `backend`) bits differ between machines.
   */
  mode?: Mode
}

const OPTION_NAMES = ['classes', 'out', 'mode'] as const

/** What softmax and logSoftmax share: everything but the kernel. */
function apply(who: 'softmax' | 'logSoftmax', logits: Logits, options: SoftmaxOptions | undefined): FloatArray {
  const { classes, out, mode } = checkOptions(who, options, OPTION_NAMES)
  const values = checkLogits(who, logits)
  const shape = checkRows(who, values.length, classes)
  const result = checkOut(who, out, values.length, values)
  selectKernels(values.length, checkMode(who, mode))[who](values, shape.rows, shape.classes, 1, result)
  return result
}

/**
 * softmax(logits)_j = exp(logits_j) / Σ_k exp(logits_k), for each row.
 *
 * Every component is within 0.501 ulp (float32) or 0.51 ulp (float64) of the exact value, subnormal results included; the
 * result has the same bits on every engine and for every order of the row's entries.
 *
 * Non-finite: a row with a NaN is all NaN; −∞ gives 0; a row of −∞ only is all NaN; one +∞ gives the limit (1 there, 0
 * elsewhere), two or more are all NaN. An empty input gives an empty result.
 *
 * @param logits rows × classes, row-major. Float32Array gives a Float32Array; Float64Array and number[] a Float64Array.
 * @param options `classes`, `out`, `mode`.
 * @returns `out`, or a new array of the length of `logits`.
 * @throws TypeError for wrong kinds and unknown options; RangeError if the length is no multiple of `classes`, or `out` is too
 * short or overlaps the logits other than exactly.
 *
 * The form: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41
 * (2021) 2311, with the maximum left out of the sum.
 */
export function softmax(logits: Float32Array, options?: SoftmaxOptions<Float32Array>): Float32Array
export function softmax(logits: Float64Array | readonly number[], options?: SoftmaxOptions<Float64Array>): Float64Array
export function softmax(logits: Logits, options?: SoftmaxOptions): FloatArray
export function softmax(logits: Logits, options?: SoftmaxOptions): FloatArray {
  return apply('softmax', logits, options)
}

/**
 * logSoftmax(logits)_j = logits_j − log Σ_k exp(logits_k), for each row.
 *
 * Every component is within 0.501 ulp (float32) or 0.55 ulp (float64), also that of a confident maximum, where the logarithm is
 * −1e−30 and other implementations return 0. Same bits everywhere.
 *
 * Non-finite: a row with a NaN is all NaN; −∞ gives −∞; a row of −∞ only is all NaN; one +∞ gives the limit (0 there, −∞
 * elsewhere), two or more are all NaN. The result is −∞ where the difference to the maximum overflows.
 *
 * Parameters, result and errors are those of {@link softmax}.
 */
export function logSoftmax(logits: Float32Array, options?: SoftmaxOptions<Float32Array>): Float32Array
export function logSoftmax(
  logits: Float64Array | readonly number[],
  options?: SoftmaxOptions<Float64Array>,
): Float64Array
export function logSoftmax(logits: Logits, options?: SoftmaxOptions): FloatArray
export function logSoftmax(logits: Logits, options?: SoftmaxOptions): FloatArray {
  return apply('logSoftmax', logits, options)
}
