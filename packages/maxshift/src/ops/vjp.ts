/**
 * Jacobian products of softmax, logSoftmax and logSumExp (vector-Jacobian products, the backward passes of automatic differentiation):
 * checked, allocating, either dtype. The formulas are in kernels/js/vjp.ts.
 */
import type { FloatArray, Logits, ResultArray } from '../arrays.ts'
import { checkAllMasked, checkApart, checkLogits, checkOptions, checkOut, describe } from '../check.ts'
import {
  logSoftmaxVjpDouble,
  logSoftmaxVjpSingle,
  logSumExpVjpDouble,
  logSumExpVjpSingle,
  type RowVjp,
  softmaxVjpDouble,
  softmaxVjpSingle,
} from '../kernels/js/vjp.ts'
import { isSingle, overRowsOf } from './distribution.ts'
import { checkRows, hasRows, type OneRow, ROW_OPTIONS, type RowOptions, type RowsGiven, rowCount } from './rows.ts'

/** Options of logSumExpVjp. */
export interface LogSumExpVjpOptions<T extends FloatArray = never> extends RowOptions {
  /** Receives the result: of its dtype, at least as long as the logits; the logits themselves, or apart from them and the upstream gradient. */
  out?: T | undefined
}

/** Options of softmaxVjp and logSoftmaxVjp. */
export interface VjpOptions<T extends FloatArray = never> extends LogSumExpVjpOptions<T> {
  /**
   * Receives the result: of its dtype, at least as long as the logits; the logits themselves, the upstream gradient itself, or apart
   * from both.
   */
  out?: T | undefined
  /** The result for a row without any entry above −∞: 'nan' (default), or 'zero', as for softmax. */
  allMasked?: 'nan' | 'zero' | undefined
}

const SOFTMAX = { single: softmaxVjpSingle, double: softmaxVjpDouble }
const LOG_SOFTMAX = { single: logSoftmaxVjpSingle, double: logSoftmaxVjpDouble }

/** out, for a result that may replace the upstream gradient too. */
function checkOutOver(
  who: string,
  given: unknown,
  values: FloatArray,
  upstream: FloatArray,
  mask: unknown,
): FloatArray {
  const out = checkOut(who, given, values.length, values)
  const isUpstream = out.constructor === upstream.constructor && out.byteOffset === upstream.byteOffset
  if (!isUpstream) checkApart(who, out, values.length, 'upstream gradient', upstream)
  checkApart(who, out, values.length, 'mask', mask)
  return out
}

function vjp(
  who: string,
  kernels: { readonly single: RowVjp; readonly double: RowVjp },
  logits: Logits,
  upstreamGradient: Logits,
  options: VjpOptions<FloatArray> | undefined,
): FloatArray {
  const known = checkOptions(who, options, [...ROW_OPTIONS, 'allMasked', 'out'])
  const values = checkLogits(who, logits)
  const upstream = checkLogits(who, upstreamGradient, 'upstream')
  if (upstream.length !== values.length) {
    throw new RangeError(
      `${who}: expected upstream to have one entry per logit, ${values.length} in all, got ${upstream.length}`,
    )
  }
  const { layout, mask, temperature } = checkRows(who, values.length, known)
  const empty = checkAllMasked(who, known.allMasked) ? 0 : Number.NaN
  const out = checkOutOver(who, known.out, values, upstream, mask)
  const kernel = isSingle(values, layout) ? kernels.single : kernels.double
  overRowsOf(layout, { logits: [values], mask, others: [upstream], outputs: [out] }, (block, start) => {
    kernel(block.logits[0], start, layout.classes, temperature, block.others[0], empty, block.outputs[0])
  })
  return out
}

/**
 * The product of an upstream gradient g = d loss / d softmax(logits / temperature) with the Jacobian of softmax, row by row: d loss / d logits_j
 * = p_j (g_j − Σ p_i g_i) / temperature. From logits, not from probabilities: those no longer know 1 − p_j where p_j is nearly 1.
 *
 * Components are within 0.501 ulp (float32) or 0.55 ulp (float64), or, where differences of the g cancel, within 2^−38 (2^−60) of
 * p_j · max(|g_j − g_k|, Σ p_i |g_i − g_k|) / temperature, with k the place of the largest logit. Equal g give 0 exactly.
 *
 * Non-finite: entries of −∞, and masked ones, have the result 0, and their g counts for nothing, be it NaN or ∞. Elsewhere a g that is not
 * finite makes the row NaN, and so does a NaN among the logits, and a second +∞. One +∞ is the limit, all probability at its place and the
 * others ruled out: 0 throughout. A row of −∞ only is NaN, or 0 with `allMasked: 'zero'`.
 *
 * @param logits row-major, as `classes` or `shape` tell; without them one row.
 * @param upstream one number per logit, in their layout.
 * @param options `classes` or `shape` with `axis`, `mask`, `temperature`, `allMasked`, `out`.
 * @returns `out`, or a new array in the dtype of softmax.
 * @throws TypeError for wrong kinds and unknown options; RangeError for lengths that do not fit, a temperature that is not a finite
 * number above 0, and an `out` that overlaps logits or upstream other than exactly.
 */
export function softmaxVjp<L extends Logits>(
  logits: L,
  upstream: Logits,
  options?: VjpOptions<ResultArray<L>>,
): ResultArray<L> {
  return vjp('softmaxVjp', SOFTMAX, logits, upstream, options) as ResultArray<L>
}

/**
 * The product of an upstream gradient g = d loss / d logSoftmax(logits / temperature) with the Jacobian of logSoftmax, row by row:
 * d loss / d logits_j = (g_j − p_j Σ g_i) / temperature.
 *
 * Components are within 0.501 ulp (float32) or 0.55 ulp (float64), or, where terms cancel, within 2^−38 (2^−60) of
 * ((1 − p_j) |g_j| + p_j Σ_{i≠j} |g_i|) / temperature: for a g that is −1 at the label and 0 elsewhere that is the gradient of
 * crossEntropy with all its digits.
 *
 * Non-finite: as {@link softmaxVjp}. (An output of −∞ is a constant here, whose g counts for nothing; crossEntropy, whose loss is
 * +∞ there, has the gradient −1 at such a label.)
 *
 * Parameters, result and errors are those of softmaxVjp.
 */
export function logSoftmaxVjp<L extends Logits>(
  logits: L,
  upstream: Logits,
  options?: VjpOptions<ResultArray<L>>,
): ResultArray<L> {
  return vjp('logSoftmaxVjp', LOG_SOFTMAX, logits, upstream, options) as ResultArray<L>
}

/** One upstream number per row, as an array. */
function checkUpstreamOfRows(who: string, given: unknown, rows: number, isOneRow: boolean): FloatArray {
  if (isOneRow) {
    if (typeof given === 'number') return Float64Array.of(given)
    throw new TypeError(
      `${who}: expected upstream to be a number, for all logits as one row (without classes or shape), got ${describe(given)}`,
    )
  }
  const upstream = checkLogits(who, given as Logits, 'upstream')
  if (upstream.length === rows) return upstream
  throw new RangeError(`${who}: expected upstream to have one number per row, ${rows} in all, got ${upstream.length}`)
}

/**
 * The product of upstream gradients g = d loss / d logSumExp(logits / temperature), one number per row, with its Jacobian:
 * d loss / d logits_j = g · softmax(logits / temperature)_j / temperature.
 *
 * Every component is within 0.501 ulp (float32) or 0.55 ulp (float64), subnormal results included.
 *
 * Non-finite: entries of −∞, and masked ones, have the result 0, and so has a row of them only, whose logSumExp is −∞ whatever else
 * changes. One +∞ is the limit: g there, 0 elsewhere. A NaN among the logits, and a second +∞, make the row NaN; a g of NaN or ±∞ stands at
 * every entry that is not ruled out.
 *
 * @param upstream a number for a single row; with `classes` or `shape` one number per row, in the order of logSumExp's results.
 * Other parameters, result and errors are those of {@link softmaxVjp}, without `allMasked`.
 */
export function logSumExpVjp<L extends Logits>(
  logits: L,
  upstream: Logits,
  options: LogSumExpVjpOptions<ResultArray<L>> & RowsGiven,
): ResultArray<L>
export function logSumExpVjp<L extends Logits>(
  logits: L,
  upstream: number,
  options?: LogSumExpVjpOptions<ResultArray<L>> & OneRow,
): ResultArray<L>
export function logSumExpVjp<L extends Logits>(
  logits: L,
  upstream: number | Logits,
  options?: LogSumExpVjpOptions<ResultArray<L>>,
): ResultArray<L>
export function logSumExpVjp(
  logits: Logits,
  upstream: number | Logits,
  options?: LogSumExpVjpOptions<FloatArray>,
): FloatArray {
  const who = 'logSumExpVjp'
  const known = checkOptions(who, options, [...ROW_OPTIONS, 'out'])
  const values = checkLogits(who, logits)
  const { layout, mask, temperature } = checkRows(who, values.length, known)
  const ofRows = checkUpstreamOfRows(who, upstream, rowCount(layout), !hasRows(known))
  const out = checkOut(who, known.out, values.length, values)
  checkApart(who, out, values.length, 'upstream gradient', ofRows)
  checkApart(who, out, values.length, 'mask', mask)
  const kernel = isSingle(values, layout) ? logSumExpVjpSingle : logSumExpVjpDouble
  overRowsOf(layout, { logits: [values], mask, outputs: [out], inPlace: true }, (block, start, r) => {
    kernel(block.logits[0], start, layout.classes, temperature, ofRows[r], block.outputs[0])
  })
  return out
}
