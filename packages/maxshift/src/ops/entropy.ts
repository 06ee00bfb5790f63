/**
 * Entropy from logits, and its gradient: checked, allocating, either dtype. The formulas are in kernels/js/entropy.ts.
 */
import type { FloatArray, Logits, ResultArray } from '../arrays.ts'
import { checkApart, checkLogits, checkOptions, checkOut } from '../check.ts'
import { entropyDouble, entropySingle } from '../kernels/js/entropy.ts'
import { checkOutOfRows, isSingle, overRowsOf, perRow } from './distribution.ts'
import { checkRows, type OneRow, ROW_OPTIONS, type RowOptions, type RowsGiven } from './rows.ts'

/** Options of entropy. */
export interface EntropyOptions<T extends FloatArray = never> extends RowOptions {
  /** Together with `classes` or `shape`: receives one entropy per row; of the dtype of the results, apart from the logits. */
  out?: T | undefined
}

/** Options of entropyWithGradient. */
export interface EntropyGradientOptions<T extends FloatArray = never> extends RowOptions {
  /** Receives the gradient: of its dtype, at least as long as the logits, and either the logits themselves or apart from them. */
  out?: T | undefined
}

/** What entropyWithGradient returns. */
export interface EntropyWithGradient<H extends number | FloatArray, T extends FloatArray> {
  /** The entropy, or one per row. */
  entropy: H
  /** d entropy / d logits, in their layout. */
  gradient: T
}

/**
 * The entropy −Σ p_i log p_i in nats of p = softmax(logits / temperature): of all logits as one row, or with `classes` or `shape` of
 * each row.
 *
 * Within 0.501 ulp (float32) or 0.55 ulp (float64), also for a confident row, whose entropy of 1e−30 has all its digits. Same bits
 * everywhere.
 *
 * Non-finite: NaN if the row contains a NaN, is all −∞, or has two +∞ or more; 0 for one +∞, where all probability goes to its
 * place. Entries of −∞, and masked ones, count for nothing.
 *
 * @param logits one row, or rows × classes, row-major, or an array of the given shape.
 * @param options `classes` or `shape` with `axis`, `mask`, `temperature`, `out`.
 * @returns without `classes` and `shape` a number (rounded to float32 for float32 logits; NaN for no logits at all); else one
 * entropy per row, in the dtype of softmax.
 * @throws TypeError for wrong kinds, unknown options, and `out` for a single row; RangeError for lengths that do not fit, a
 * temperature that is not a finite number above 0, and an `out` that overlaps the logits.
 *
 * The form L + Σ p_i (m − x_i) is the shifted log-sum-exp of Blanchard, Higham & Higham (2021) applied to the definition: every
 * term is ≥ 0.
 */
export function entropy<L extends Logits>(
  logits: L,
  options: EntropyOptions<ResultArray<L>> & RowsGiven,
): ResultArray<L>
export function entropy(logits: Logits, options?: EntropyOptions & OneRow & { out?: undefined }): number
export function entropy(logits: Logits, options?: EntropyOptions<FloatArray>): number | FloatArray
export function entropy(logits: Logits, options?: EntropyOptions<FloatArray>): number | FloatArray {
  const who = 'entropy'
  const known = checkOptions(who, options, [...ROW_OPTIONS, 'out'])
  const values = checkLogits(who, logits)
  const { layout, mask, temperature } = checkRows(who, values.length, known)
  const result = checkOutOfRows(who, known, layout, mask, values)
  overRowsOf(layout, { logits: [values], mask }, (block, start, r) => {
    const of = isSingle(values, layout) ? entropySingle : entropyDouble
    result[r] = of(block.logits[0], start, layout.classes, temperature, null)
  })
  return perRow(known, result)
}

/**
 * The entropy of {@link entropy} and its gradient ∂H/∂logits_j = −p_j (log p_j + H) / temperature, row by row.
 *
 * The gradient is computed as p_j (gap_j − Σ p_i gap_i) / temperature with gap_j = (max − logits_j) / temperature, so that only the
 * difference of two gaps can cancel: the error is at most 0.501 ulp (float32) or 0.55 ulp (float64), or 2^−38 (2^−60) of
 * p_j · max(gap_j, Σ p_i gap_i) / temperature.
 *
 * Non-finite: NaN throughout where the entropy is NaN; 0 for a row with one +∞, and at entries of −∞ and masked ones.
 *
 * Parameters and errors are those of entropy, but `out` receives the gradient.
 */
export function entropyWithGradient<L extends Logits>(
  logits: L,
  options: EntropyGradientOptions<ResultArray<L>> & RowsGiven,
): EntropyWithGradient<ResultArray<L>, ResultArray<L>>
export function entropyWithGradient<L extends Logits>(
  logits: L,
  options?: EntropyGradientOptions<ResultArray<L>> & OneRow,
): EntropyWithGradient<number, ResultArray<L>>
export function entropyWithGradient<L extends Logits>(
  logits: L,
  options?: EntropyGradientOptions<ResultArray<L>>,
): EntropyWithGradient<number | ResultArray<L>, ResultArray<L>>
export function entropyWithGradient(
  logits: Logits,
  options?: EntropyGradientOptions<FloatArray>,
): EntropyWithGradient<number | FloatArray, FloatArray> {
  const who = 'entropyWithGradient'
  const known = checkOptions(who, options, [...ROW_OPTIONS, 'out'])
  const values = checkLogits(who, logits)
  const { layout, mask, temperature } = checkRows(who, values.length, known)
  const gradient = checkOut(who, known.out, values.length, values)
  checkApart(who, gradient, values.length, 'mask', mask)
  const result = checkOutOfRows(who, { ...known, out: undefined }, layout, mask, values)
  overRowsOf(layout, { logits: [values], mask, outputs: [gradient], inPlace: true }, (block, start, r) => {
    const of = isSingle(values, layout) ? entropySingle : entropyDouble
    result[r] = of(block.logits[0], start, layout.classes, temperature, block.outputs[0])
  })
  return { entropy: perRow(known, result), gradient }
}
