/**
 * softmax and logSoftmax of rows along any axis: checked, allocating, either dtype.
 */
import type { FloatArray, Logits, ResultArray } from '../arrays.ts'
import { checkAllMasked, checkApart, checkLogits, checkMode, checkOptions, checkOut } from '../check.ts'
import { type Mode, selectKernels } from '../kernels/select.ts'
import { checkRows, isContiguous, overRows, ROW_OPTIONS, type RowOptions } from './rows.ts'

/** Options of softmax and logSoftmax. */
export interface SoftmaxOptions<T extends FloatArray = never> extends RowOptions {
  /**
   * 'accurate' (default), or 'fast': several times faster on float32; errors grow to about 2.5 ulp (float64: 4) plus the distance
   * from the maximum and the mean of these distances, results below the smallest normal number may be 0, and with relaxed SIMD (see `backend`) bits differ between machines.
   */
  mode?: Mode | undefined
  /**
   * What a row without any finite or +∞ entry gives, whether `mask` removed them or they are −∞ themselves: 'nan' (default), or 'zero', which
   * is 0 for softmax and −∞ for logSoftmax.
   */
  allMasked?: 'nan' | 'zero' | undefined
  /**
   * Receives the results and is returned: of the dtype of the results, at least as long as the logits (what lies beyond is not
   * touched), and either the logits themselves (in place) or memory apart from them.
   */
  out?: T | undefined
}

const OPTION_NAMES = [...ROW_OPTIONS, 'allMasked', 'out', 'mode'] as const

/** What `allMasked: 'zero'` stands for. */
const ZERO = { softmax: 0, logSoftmax: Number.NEGATIVE_INFINITY }

/** The first entries of rows that are −∞ throughout. */
function emptyRows(logits: FloatArray, rows: number, classes: number): number[] {
  const found: number[] = []
  for (let start = 0; start < rows * classes; start += classes) {
    let j = 0
    while (j < classes && logits[start + j] === Number.NEGATIVE_INFINITY) j++
    if (j === classes) found.push(start)
  }
  return found
}

/** What softmax and logSoftmax share: everything but the kernel. */
function apply(
  who: 'softmax' | 'logSoftmax',
  logits: Logits,
  given: SoftmaxOptions<FloatArray> | undefined,
): FloatArray {
  const options = checkOptions(who, given, OPTION_NAMES)
  const values = checkLogits(who, logits)
  const { layout, mask, temperature } = checkRows(who, values.length, options)
  const { classes } = layout
  const zero = checkAllMasked(who, options.allMasked)
  const out = checkOut(who, options.out, values.length, values)
  checkApart(who, out, values.length, 'mask', mask)
  const kernels = selectKernels(values.length, checkMode(who, options.mode))
  if (isContiguous(layout, mask) && !zero) {
    kernels[who](values, layout.outer, classes, temperature, out) // as overRows would, without its objects
    return out
  }
  overRows(layout, { logits: [values], mask, outputs: [out], inPlace: true }, ({ rows, logits, outputs }) => {
    const empty = zero ? emptyRows(logits[0], rows, classes) : []
    kernels[who](logits[0], rows, classes, temperature, outputs[0])
    for (const start of empty) outputs[0].fill(ZERO[who], start, start + classes)
  })
  return out
}

/**
 * softmax(logits)_j = exp(logits_j / T) / Σ_k exp(logits_k / T), for each row, T being the temperature.
 *
 * Every component is within 0.501 ulp (float32) or 0.51 ulp (float64) of the exact value, subnormal results included; the
 * result has the same bits on every engine, along every axis and for every order of the row's entries.
 *
 * Non-finite: a row with a NaN is all NaN; −∞ gives 0, as does a masked entry; a row of those only is all NaN, or 0 with
 * `allMasked: 'zero'`; one +∞ gives the limit (1 there, 0 elsewhere), two or more are all NaN. An empty input gives an empty result.
 *
 * @param logits row-major, as `classes` or `shape` tell. Float32Array gives a Float32Array; Float64Array and number[] a Float64Array.
 * @param options `classes`, or `shape` and `axis`; `mask`, `temperature`, `allMasked`, `out`, `mode`.
 * @returns `out`, or a new array of the length and the order of `logits`.
 * @throws TypeError for wrong kinds, unknown options and those that exclude each other; RangeError for values that do not fit: a length
 * that is no multiple of `classes` or not the product of `shape`, an axis or a temperature out of range, `out` too short, or
 * overlapping with the logits other than exactly.
 *
 * The form: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41
 * (2021) 2311, with the maximum left out of the sum.
 */
export function softmax<L extends Logits>(logits: L, options?: SoftmaxOptions<ResultArray<L>>): ResultArray<L> {
  return apply('softmax', logits, options) as ResultArray<L>
}

/**
 * logSoftmax(logits)_j = logits_j / T − log Σ_k exp(logits_k / T), for each row, T being the temperature.
 *
 * Every component is within 0.501 ulp (float32) or 0.55 ulp (float64), also that of a confident maximum, where the logarithm is
 * −1e−30 and other implementations return 0. Same bits everywhere.
 *
 * Non-finite: a row with a NaN is all NaN; −∞ gives −∞, as does a masked entry; a row of those only is all NaN, or all −∞ with
 * `allMasked: 'zero'`; one +∞ gives the limit (0 there, −∞ elsewhere), two or more are all NaN. The result is −∞ where the difference to the
 * maximum over T overflows.
 *
 * Parameters, result and errors are those of {@link softmax}.
 */
export function logSoftmax<L extends Logits>(logits: L, options?: SoftmaxOptions<ResultArray<L>>): ResultArray<L> {
  return apply('logSoftmax', logits, options) as ResultArray<L>
}
