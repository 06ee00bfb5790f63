/**
 * Focal loss from logits, of rows with integer labels and of single logits with binary targets: value, and value with gradient. Checked,
 * allocating, either dtype. The formulas are in kernels/js/focal.ts.
 */
import type { FloatArray, Labels, Logits, ResultArray } from '../arrays.ts'
import {
  checkAllMasked,
  checkApart,
  checkLogits,
  checkNumber,
  checkOptions,
  checkOut,
  checkShare,
  checkTemperature,
} from '../check.ts'
import { binaryFocal, focalDouble, focalSingle } from '../kernels/js/focal.ts'
import { isSingle, overRowsOf } from '../ops/distribution.ts'
import { checkMask, ROW_OPTIONS, type RowOptions, rowCount } from '../ops/rows.ts'
import { BINARY_OPTIONS, type BinaryLossOptions, type BinaryTargets, checkBinaryPlan } from './binary-cross-entropy.ts'
import { checkLabelledLayout } from './labels.ts'
import type { LossOf, LossWithGradient, WeightOptions } from './options.ts'
import { checkWeightPlan } from './plan.ts'
import type { Reduction } from './reduction.ts'
import { gradientScales, reduceLosses } from './scales.ts'

/** Options of focalLoss. */
export interface FocalLossOptions<R extends Reduction = 'mean'>
  extends Omit<WeightOptions<R>, 'labelSmoothing'>,
    RowOptions {
  /** The exponent γ of (1 − p), ≥ 0 and finite. Default 2; 0 gives the cross-entropy. */
  gamma?: number | undefined
  /** The loss and the gradient of a row without any entry above −∞: 'nan' (default) or 'zero'. */
  allMasked?: 'nan' | 'zero' | undefined
}

/** Options of focalLossWithGradient. */
export interface FocalLossGradientOptions<R extends Reduction = 'mean', T extends FloatArray = never>
  extends FocalLossOptions<R> {
  /** Receives the gradient: of its dtype, at least as long as the logits, and either the logits themselves or apart from them. */
  out?: T | undefined
}

/** Options of binaryFocalLoss. */
export interface BinaryFocalLossOptions<R extends Reduction = 'mean'> extends BinaryLossOptions<R> {
  /** The exponent γ of (1 − p), ≥ 0 and finite. Default 2. */
  gamma?: number | undefined
  /** In [0, 1]: losses of target 1 are multiplied with alpha, those of target 0 with 1 − alpha. Default: neither. */
  alpha?: number | undefined
}

/** Options of binaryFocalLossWithGradient. */
export interface BinaryFocalLossGradientOptions<R extends Reduction = 'mean', T extends FloatArray = never>
  extends BinaryFocalLossOptions<R> {
  /** Receives the gradient: of its dtype, at least as long as the logits, and either the logits themselves or apart from them. */
  out?: T | undefined
}

const checkGamma = (who: string, gamma: unknown): number =>
  gamma === undefined
    ? 2
    : checkNumber(who, 'gamma', gamma, 'at least 0 and finite', (x) => x >= 0 && x < Number.POSITIVE_INFINITY)

const OPTION_NAMES = [
  ...ROW_OPTIONS,
  'gamma',
  'reduction',
  'classWeights',
  'sampleWeights',
  'ignoreIndex',
  'allMasked',
] as const

function focal(
  who: string,
  logits: Logits,
  labels: Labels,
  options: FocalLossGradientOptions<Reduction, FloatArray>,
  wantsGradient: boolean,
): LossWithGradient<number | FloatArray, FloatArray> {
  const values = checkLogits(who, logits)
  const layout = checkLabelledLayout(who, values.length, labels, options, false)
  if (labels.length !== rowCount(layout)) {
    const hint = labels.length === values.length ? ' (distributions are not supported)' : ''
    throw new RangeError(`${who}: expected one label per row, ${rowCount(layout)} in all, got ${labels.length}${hint}`)
  }
  const plan = checkWeightPlan(who, labels, layout, options)
  const integers = plan.labels as Int32Array // one per row, so they are no distributions
  const gamma = checkGamma(who, options.gamma)
  const temperature = checkTemperature(who, options.temperature)
  const mask = checkMask(who, options.mask, values.length)
  const empty = checkAllMasked(who, options.allMasked) ? 0 : Number.NaN
  const gradient = wantsGradient ? checkOut(who, options.out, values.length, values) : values
  if (wantsGradient) {
    checkApart(who, gradient, values.length, 'labels', labels)
    checkApart(who, gradient, values.length, 'mask', mask)
  }
  const { factors, rows, classes } = plan
  const scales = wantsGradient ? gradientScales(plan, temperature) : new Float64Array(2 * rows)
  const losses = new Float64Array(rows)
  const kernel = isSingle(values, layout) ? focalSingle : focalDouble
  const passengers = { logits: [values], mask, outputs: wantsGradient ? [gradient] : [], inPlace: true }
  overRowsOf(layout, passengers, ({ logits: [row], outputs: [out = null] }, start, r) => {
    if (factors !== null && factors[2 * r] === 0) out?.fill(0, start, start + classes)
    else {
      const scale = [scales[2 * r], scales[2 * r + 1]] as const
      losses[r] = kernel(row, start, classes, temperature, integers[r], gamma, empty, scale, out)
    }
  })
  return { loss: reduceLosses(losses, plan, values), gradient }
}

/**
 * The focal loss of each row of logits with its label y, reduced:
 *
 *   p = softmax(logits / temperature)_y,   loss = sampleWeight · classWeights_y · (1 − p)^gamma · (−log p)
 *   'sum' = Σ loss,   'mean' = 'sum' / Σ sampleWeight · classWeights_y
 *
 * as crossEntropy reduces; the factor (1 − p)^gamma takes weight from rows that are classified well (Lin et al., ICCV 2017).
 *
 * For gamma up to 100 each row's loss is within 0.501 ulp (float32) or 0.55 ulp (float64) at any margin, also where p is nearly 1 and the loss is
 * 1e−90; beyond, γ · 2^−16 (γ · 2^−10) ulp come to it. In float64, weights add the rounding of one product. Same bits everywhere.
 *
 * Non-finite, per row: NaN if the row contains a NaN, is all −∞ (0 for allMasked: 'zero'), or has two +∞; +∞ if the label's logit is −∞
 * among others that are not; with one +∞ the limit, 0 at the label and +∞ elsewhere. Never −0.
 *
 * @param logits rows × classes, row-major, or of the `shape` given, with the classes along `axis`.
 * @param labels integers in [0, classes), one per row. Without `classes` and `shape` their number tells that of rows of
 * two classes or more.
 * @param options see {@link FocalLossOptions}.
 * @returns a number for 'mean' and 'sum' (float64, whatever the logits are), an array in the dtype of softmax for 'none'.
 * @throws TypeError for wrong kinds and unknown options; RangeError for empty input, lengths that do not fit, and values out of range.
 */
export function focalLoss<L extends Logits, R extends Reduction = 'mean'>(
  logits: L,
  labels: Labels,
  options?: FocalLossOptions<R>,
): LossOf<L, R> {
  const who = 'focalLoss'
  const known = checkOptions<FocalLossOptions<Reduction>>(who, options, OPTION_NAMES)
  return focal(who, logits, labels, known, false).loss as LossOf<L, R>
}

/**
 * The loss of {@link focalLoss} and its gradient with respect to the logits, in their layout and with the reduction included:
 *
 *   d loss / d logits_j = f / temperature · (p_j − (j = y)) · (1 − p)^gamma · (1 + gamma · p · (−log p) / (1 − p))
 *
 * with f the weight of the row over the divisor of 'mean'. Nothing in it cancels: every component has the bounds of the loss.
 *
 * Non-finite, per row: all NaN where the loss is NaN; a label at −∞ has gradient −1 there and softmax elsewhere; with one +∞, 0 if the label is
 * there, else 1 at the +∞ and −1 at the label (all times f). Rows that are left out have gradient +0, whatever they hold.
 *
 * Parameters and errors are those of focalLoss; `out` receives the gradient.
 */
export function focalLossWithGradient<L extends Logits, R extends Reduction = 'mean'>(
  logits: L,
  labels: Labels,
  options?: FocalLossGradientOptions<R, ResultArray<L>>,
): LossWithGradient<LossOf<L, R>, ResultArray<L>> {
  const who = 'focalLossWithGradient'
  const known = checkOptions<FocalLossGradientOptions<Reduction, FloatArray>>(who, options, [...OPTION_NAMES, 'out'])
  return focal(who, logits, labels, known, true) as LossWithGradient<LossOf<L, R>, ResultArray<L>>
}

const BINARY_NAMES = [...BINARY_OPTIONS, 'gamma', 'alpha'] as const

function binary(
  who: string,
  logits: Logits,
  targets: BinaryTargets,
  options: BinaryFocalLossGradientOptions<Reduction, FloatArray>,
  wantsGradient: boolean,
): LossWithGradient<number | FloatArray, FloatArray> {
  const plan = checkBinaryPlan(who, logits, targets, options, 'equal to 0 or 1', (x) => x === 0 || x === 1)
  const { values, classes, rowScales, reducing } = plan
  const gamma = checkGamma(who, options.gamma)
  const { alpha } = options
  if (alpha !== undefined) checkShare(who, 'alpha', alpha)
  const gradient = wantsGradient ? checkOut(who, options.out, values.length, values) : values
  if (wantsGradient) checkApart(who, gradient, values.length, 'targets', targets)
  const rest = alpha === undefined ? 1 : 1 - alpha
  const losses = new Float64Array(values.length)
  binaryFocal({
    logits: values,
    targets: plan.targets,
    classes,
    gamma,
    weights: [
      [alpha ?? 1, 0],
      [rest, alpha === undefined ? 0 : 1 - rest - alpha],
    ],
    losses,
    gradient: wantsGradient ? gradient : null,
    scales: wantsGradient ? gradientScales(rowScales, rowScales.reduction === 'mean' ? classes : 1) : losses,
  })
  return { loss: reduceLosses(losses, reducing, values), gradient }
}

/**
 * The focal loss of single logits x with targets 0 or 1, reduced: with p = sigmoid(x) for target 1 and sigmoid(−x) for target 0,
 *
 *   loss = sampleWeight · a · (1 − p)^gamma · (−log p),   a = alpha for target 1, 1 − alpha for target 0, 1 without alpha
 *
 * Reduction, and what is returned and thrown, are those of {@link binaryCrossEntropy}: without sample weights 'mean' divides by the number of
 * logits. (RetinaNet sums, with alpha = 0.25, and divides by the number of its positive anchors.) Bounds are those of {@link focalLoss}.
 *
 * Non-finite: a NaN costs NaN; the infinity on the side of the target costs 0, the other one +∞ (0 if its alpha is 0).
 */
export function binaryFocalLoss<L extends Logits, R extends Reduction = 'mean'>(
  logits: L,
  targets: BinaryTargets,
  options?: BinaryFocalLossOptions<R>,
): LossOf<L, R> {
  const who = 'binaryFocalLoss'
  const known = checkOptions<BinaryFocalLossOptions<Reduction>>(who, options, BINARY_NAMES)
  return binary(who, logits, targets, known, false).loss as LossOf<L, R>
}

/**
 * The loss of {@link binaryFocalLoss} and its gradient with respect to the logits, the reduction included: ∓ sampleWeight · a · (1 − p)^(gamma + 1) ·
 * (1 + gamma · p · (−log p) / (1 − p)) over the divisor of 'mean', − for target 1. Nothing in it cancels: it has the bounds of the loss.
 *
 * Non-finite: NaN for a NaN; at ±∞ the limit. Rows of weight 0 have gradient +0, whatever they hold.
 *
 * Parameters and errors are those of binaryFocalLoss; `out` receives the gradient, and must lie apart from the targets.
 */
export function binaryFocalLossWithGradient<L extends Logits, R extends Reduction = 'mean'>(
  logits: L,
  targets: BinaryTargets,
  options?: BinaryFocalLossGradientOptions<R, ResultArray<L>>,
): LossWithGradient<LossOf<L, R>, ResultArray<L>> {
  const who = 'binaryFocalLossWithGradient'
  const known = checkOptions<BinaryFocalLossGradientOptions<Reduction, FloatArray>>(who, options, [
    ...BINARY_NAMES,
    'out',
  ])
  return binary(who, logits, targets, known, true) as LossWithGradient<LossOf<L, R>, ResultArray<L>>
}
