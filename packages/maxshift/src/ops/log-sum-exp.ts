/**
 * logSumExp of rows along any axis: checked, allocating, either dtype.
 */
import type { FloatArray, Logits, ResultArray } from '../arrays.ts'
import { checkAllMasked } from '../check.ts'
import { selectKernels } from '../kernels/select.ts'
import { checkPerRow, type PerRow, type PerRowOptions } from './per-row.ts'
import { hasRows, type OneRow, overRows, ROW_OPTIONS, type RowsGiven } from './rows.ts'
import { checkWeights, type RowWeights, weightedLogSumExp } from './weighted.ts'

/** Options of logSumExp. */
export interface LogSumExpOptions<T extends FloatArray = never> extends PerRowOptions<T> {
  /**
   * w: one number per logit, or one per class, for all rows. Any sign; 0 takes its logit out, +∞ too. The results are log Σ w · exp(x/T), and
   * NaN where the sum is negative; {@link logSumExpWithSign} gives log |Σ| and the sign.
   */
  weights?: RowWeights | undefined
  /** Taken so that options of softmax serve here too; a row without entries above −∞ is −∞ whatever it says. */
  allMasked?: 'nan' | 'zero' | undefined
}

/** What logSumExpWithSign returns. */
export interface SignedLogSumExp<V extends number | FloatArray, S extends number | Int8Array> {
  /** log |Σ w · exp(x/T)|: a number, or one per row. */
  logSumExp: V
  /** The sign of the sum: 1 or −1, and 0 where it is 0 or NaN. */
  sign: S
}

const OPTION_NAMES = [...ROW_OPTIONS, 'weights', 'allMasked', 'out', 'mode'] as const

function check(who: string, logits: Logits, options: LogSumExpOptions<FloatArray> | undefined): PerRow {
  const checked = checkPerRow(who, logits, options, OPTION_NAMES)
  checkAllMasked(who, options?.allMasked)
  return checked
}

/**
 * logSumExp(logits) = log Σ_k exp(logits_k / T): of all logits as one row, or with `classes` or `shape` of each row.
 *
 * Within 0.501 ulp (float32) or 0.51 ulp (float64), also near 0, where the maximum and the logarithm of the sum cancel: there
 * float64 promises an absolute error of 2^−62 · max(1, |max|/T), float32 its 0.501 ulp down to n · 2^−70 and below that n · 2^−104. Same bits
 * everywhere and for every order. With `weights` see {@link logSumExpWithSign}.
 *
 * Non-finite: NaN if the row contains a NaN; else +∞ if it contains a +∞; entries of −∞ and masked ones count for nothing, and a row of
 * them only, or an empty one, gives −∞.
 *
 * @param logits row-major, as `classes` or `shape` tell.
 * @param options `classes`, or `shape` and `axis`; `mask`, `weights`, `temperature`, `out`, `mode`.
 * @returns without `classes` and `shape` a number (rounded to float32 for float32 logits); with one of them one result per row, in the dtype
 * of softmax and in the order of the logits without their axis.
 * @throws as softmax does; TypeError for `out` without `classes` or `shape`; RangeError for weights that are neither one per logit nor one per class.
 */
export function logSumExp<L extends Logits>(
  logits: L,
  options: LogSumExpOptions<ResultArray<L>> & RowsGiven,
): ResultArray<L>
export function logSumExp(logits: Logits, options?: LogSumExpOptions & OneRow & { out?: undefined }): number
export function logSumExp<L extends Logits>(
  logits: L,
  options?: LogSumExpOptions<ResultArray<L>>,
): ResultArray<L> | number
export function logSumExp(logits: Logits, options?: LogSumExpOptions<FloatArray>): FloatArray | number {
  const who = 'logSumExp'
  const checked = check(who, logits, options)
  const { values, layout, rows, mask, temperature, out } = checked
  if (options?.weights !== undefined) {
    weightedLogSumExp(checked, checkWeights(who, options.weights, checked), null)
  } else {
    out.fill(Number.NEGATIVE_INFINITY, 0, layout.classes === 0 ? rows : 0)
    const kernels = selectKernels(values.length, checked.mode)
    overRows(layout, { logits: [values], mask }, (block) => {
      const part = block.first === 0 ? out : out.subarray(block.first)
      kernels.logSumExp(block.logits[0], block.rows, layout.classes, temperature, part)
    })
  }
  if (hasRows(options ?? {})) return out
  return rows === 0 ? Number.NEGATIVE_INFINITY : out[0]
}

/**
 * The logarithm of |Σ_k w_k · exp(logits_k / T)| and the sign of the sum, per row, for weights of any sign.
 *
 * Where nothing cancels, within 0.501 ulp (float32) or 0.51 ulp (float64). Terms are good to 2^−97 and added exactly on a grid of 2^−104 of the
 * largest, so what is left after cancellation is good too: with κ = Σ|terms|/|Σ terms| the absolute error is at most κ · (2^−96 + n · 2^−105)
 * more, next to a result of 0 up to 2^−96 · max(1, |max|/T). Terms that cancel exactly give −∞ and sign 0. Same bits everywhere and for every order.
 *
 * Non-finite: a weight of 0 takes its logit out, +∞ too, and a logit of −∞ its weight, ±∞ too, so 0 · ∞ never counts; only a NaN among logits or
 * weights always gives NaN. Other terms of +∞ give +∞ and their sign, or NaN if they are of both signs.
 *
 * Computed in TypeScript in either mode, about 0.2 µs per logit.
 *
 * @param options those of {@link logSumExp}; without `weights` all are 1.
 * @returns `logSumExp` as logSumExp does (`out` receives it), and `sign`: a number, or an Int8Array with one per row.
 */
export function logSumExpWithSign<L extends Logits>(
  logits: L,
  options: LogSumExpOptions<ResultArray<L>> & RowsGiven,
): SignedLogSumExp<ResultArray<L>, Int8Array>
export function logSumExpWithSign(
  logits: Logits,
  options?: LogSumExpOptions & OneRow & { out?: undefined },
): SignedLogSumExp<number, number>
export function logSumExpWithSign<L extends Logits>(
  logits: L,
  options?: LogSumExpOptions<ResultArray<L>>,
): SignedLogSumExp<ResultArray<L> | number, Int8Array | number>
export function logSumExpWithSign(
  logits: Logits,
  options?: LogSumExpOptions<FloatArray>,
): SignedLogSumExp<FloatArray | number, Int8Array | number> {
  const who = 'logSumExpWithSign'
  const checked = check(who, logits, options)
  const weights = options?.weights === undefined ? null : checkWeights(who, options.weights, checked)
  const sign = new Int8Array(checked.rows)
  weightedLogSumExp(checked, weights, sign)
  if (hasRows(options ?? {})) return { logSumExp: checked.out, sign }
  return checked.rows === 0
    ? { logSumExp: Number.NEGATIVE_INFINITY, sign: 0 }
    : { logSumExp: checked.out[0], sign: sign[0] }
}
