/**
 * Cross-entropy from logits with integer labels: value, and value with gradient. Checked, allocating, either dtype.
 */
import type { FloatArray, Labels, Logits } from '../arrays.ts'
import {
  checkApart,
  checkChoice,
  checkLabelKind,
  checkLabels,
  checkLogits,
  checkMode,
  checkOptions,
  checkOut,
  checkRows,
  type Rows,
} from '../check.ts'
import { sameScales } from '../kernels/scales.ts'
import { type Mode, selectKernels } from '../kernels/select.ts'
import { dividePairs } from '../special/double-double.ts'
import { meanOf, type Reduction } from './reduction.ts'

/** Options of crossEntropy. */
export interface CrossEntropyOptions {
  /** Entries per row. Default: the length of the logits divided by the number of labels. */
  classes?: number
  /** 'mean' (default) and 'sum' give a number, 'none' one loss per row. */
  reduction?: Reduction
  /** 'accurate' (default) or 'fast', as for softmax. */
  mode?: Mode
}

/** Options of crossEntropyWithGradient. */
export interface CrossEntropyGradientOptions<T extends FloatArray = FloatArray> extends CrossEntropyOptions {
  /** Receives the gradient: of its dtype, at least as long as the logits, and either the logits themselves or apart from them. */
  out?: T
}

/** What crossEntropyWithGradient returns. */
export interface LossWithGradient<L extends number | FloatArray, T extends FloatArray> {
  /** The reduced loss, or one loss per row for 'none'. */
  loss: L
  /** d loss / d logits, rows × classes, the reduction included. */
  gradient: T
}

const REDUCTIONS = ['mean', 'sum', 'none'] as const

interface Arguments extends Rows {
  values: FloatArray
  labels: Int32Array
  reduction: Reduction
  mode: Mode
}

/** Everything that both functions check, and no more than that. */
function checkArguments(who: string, logits: Logits, labels: Labels, options: CrossEntropyOptions): Arguments {
  const values = checkLogits(who, logits)
  checkLabelKind(who, labels)
  const reduction =
    options.reduction === undefined ? 'mean' : checkChoice(who, 'reduction', options.reduction, REDUCTIONS)
  if (labels.length === 0) throw new RangeError(`${who}: expected at least one label, got none`)
  if (values.length === 0) throw new RangeError(`${who}: expected at least one logit per row, got none`)
  if (options.classes === undefined && values.length % labels.length !== 0) {
    throw new RangeError(
      `${who}: expected the length of logits to be a multiple of the number of labels, got ${values.length} logits and ` +
        `${labels.length} labels`,
    )
  }
  const mode = checkMode(who, options.mode)
  const { rows, classes } = checkRows(who, values.length, options.classes ?? values.length / labels.length)
  return { values, labels: checkLabels(who, labels, rows, classes), rows, classes, reduction, mode }
}

function reduce(losses: Float64Array, reduction: Reduction, like: FloatArray): number | FloatArray {
  if (reduction !== 'none') return meanOf(losses, reduction === 'mean' ? losses.length : 1)
  return like instanceof Float32Array ? Float32Array.from(losses) : losses
}

/**
 * loss = log Σ_k exp(logits_k) − logits_label, per row, then reduced.
 *
 * Each row's loss is within 0.501 ulp (float32) or 0.55 ulp (float64) at any margin: a confident row costs 1e−30, not 0. 'mean' and
 * 'sum' are correctly rounded from float64 row losses, so they do not depend on the order of the rows.
 *
 * Non-finite, per row: NaN if the row contains a NaN or is all −∞; +∞ if the label's logit is −∞ among others that are not; with
 * one +∞ the limit, 0 at the label and +∞ elsewhere; with two or more NaN. Never −0.
 *
 * @param logits rows × classes, row-major.
 * @param labels one integer in [0, classes) per row.
 * @param options `classes`, `reduction`, `mode`.
 * @returns a number for 'mean' and 'sum' (float64, whatever the logits are), an array in the dtype of softmax for 'none'.
 * @throws TypeError for wrong kinds and unknown options; RangeError for empty input, lengths that do not fit, and labels that
 * are no integers in [0, classes).
 */
export function crossEntropy(
  logits: Logits,
  labels: Labels,
  options?: CrossEntropyOptions & { reduction?: 'mean' | 'sum' },
): number
export function crossEntropy(
  logits: Float32Array,
  labels: Labels,
  options: CrossEntropyOptions & { reduction: 'none' },
): Float32Array
export function crossEntropy(
  logits: Float64Array | readonly number[],
  labels: Labels,
  options: CrossEntropyOptions & { reduction: 'none' },
): Float64Array
export function crossEntropy(
  logits: Logits,
  labels: Labels,
  options: CrossEntropyOptions & { reduction: 'none' },
): FloatArray
export function crossEntropy(logits: Logits, labels: Labels, options?: CrossEntropyOptions): number | FloatArray
export function crossEntropy(logits: Logits, labels: Labels, options?: CrossEntropyOptions): number | FloatArray {
  const who = 'crossEntropy'
  const known = checkOptions(who, options, ['classes', 'reduction', 'mode'])
  const checked = checkArguments(who, logits, labels, known)
  const losses = new Float64Array(checked.rows)
  const kernels = selectKernels(checked.values.length, checked.mode)
  kernels.crossEntropy(checked.values, checked.labels, checked.rows, checked.classes, 1, losses)
  return reduce(losses, checked.reduction, checked.values)
}

/**
 * The loss of {@link crossEntropy} and its gradient d loss / d logits = (softmax(logits) − indicator of the label) / rows ('mean')
 * or without the division ('sum', and 'none', where row r is the gradient of loss r).
 *
 * Every component is within 0.501 ulp (float32) or 0.55 ulp (float64). At the label it is computed as minus the others' sum over
 * the total, never as p − 1, so it keeps its digits when p is nearly 1.
 *
 * Non-finite, per row: all NaN where the loss is NaN; a label at −∞ has gradient −1 there and softmax elsewhere; with one +∞,
 * 0 if the label is there, else 1 at the +∞ and −1 at the label (all divided as above).
 *
 * Parameters and errors are those of crossEntropy; `out` receives the gradient.
 */
export function crossEntropyWithGradient(
  logits: Float32Array,
  labels: Labels,
  options?: CrossEntropyGradientOptions<Float32Array> & { reduction?: 'mean' | 'sum' },
): LossWithGradient<number, Float32Array>
export function crossEntropyWithGradient(
  logits: Float64Array | readonly number[],
  labels: Labels,
  options?: CrossEntropyGradientOptions<Float64Array> & { reduction?: 'mean' | 'sum' },
): LossWithGradient<number, Float64Array>
export function crossEntropyWithGradient(
  logits: Float32Array,
  labels: Labels,
  options: CrossEntropyGradientOptions<Float32Array> & { reduction: 'none' },
): LossWithGradient<Float32Array, Float32Array>
export function crossEntropyWithGradient(
  logits: Float64Array | readonly number[],
  labels: Labels,
  options: CrossEntropyGradientOptions<Float64Array> & { reduction: 'none' },
): LossWithGradient<Float64Array, Float64Array>
export function crossEntropyWithGradient(
  logits: Logits,
  labels: Labels,
  options?: CrossEntropyGradientOptions & { reduction?: 'mean' | 'sum' },
): LossWithGradient<number, FloatArray>
export function crossEntropyWithGradient(
  logits: Logits,
  labels: Labels,
  options: CrossEntropyGradientOptions & { reduction: 'none' },
): LossWithGradient<FloatArray, FloatArray>
export function crossEntropyWithGradient(
  logits: Logits,
  labels: Labels,
  options?: CrossEntropyGradientOptions,
): LossWithGradient<number | FloatArray, FloatArray>
export function crossEntropyWithGradient(
  logits: Logits,
  labels: Labels,
  options?: CrossEntropyGradientOptions,
): LossWithGradient<number | FloatArray, FloatArray> {
  const who = 'crossEntropyWithGradient'
  const known = checkOptions(who, options, ['classes', 'reduction', 'out', 'mode'])
  const checked = checkArguments(who, logits, labels, known)
  const { values, rows, classes, reduction } = checked
  const gradient = checkOut(who, known.out, values.length, values)
  checkApart(who, gradient, values.length, 'labels', labels)
  const losses = new Float64Array(rows)
  const scale = { hi: 1, lo: 0 }
  if (reduction === 'mean') dividePairs(1, 0, rows, 0, scale)
  const scales = sameScales(rows, scale.hi, scale.lo)
  const kernels = selectKernels(values.length, checked.mode)
  kernels.crossEntropyWithGradient(values, checked.labels, rows, classes, 1, scales, losses, gradient)
  return { loss: reduce(losses, reduction, values), gradient }
}
