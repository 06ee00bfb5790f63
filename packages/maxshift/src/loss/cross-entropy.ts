/**
 * Cross-entropy from logits: value, and value with gradients. Checked, allocating, either dtype, with every option that rows, targets
 * and weights have. plan.ts checks, sweep.ts computes, reduction.ts adds up.
 */
import type { FloatArray, Logits, ResultArray } from '../arrays.ts'
import { checkApart, checkOptions, checkOut } from '../check.ts'
import { checkResults, checkResultsApart, type Named } from './checks.ts'
import type { LabelsOrTargets } from './labels.ts'
import type {
  CrossEntropyGradientOptions,
  CrossEntropyOptions,
  LossOf,
  LossWithGradient,
  WithTargetGradient,
} from './options.ts'
import { checkPlan, isDouble, OPTION_NAMES, type Plan, requireTargets } from './plan.ts'
import type { Reduction } from './reduction.ts'
import { gradientScales, reduceLosses } from './scales.ts'
import { newLossesLow, sweep } from './sweep.ts'

/**
 * The cross-entropy of each row of logits x with its label y or its distribution t, reduced:
 *
 *   v_k = x_k, or softCap · tanh(x_k / softCap);   a class that the mask removes has v_k = −∞
 *   lse = log Σ_k exp(v_k / temperature),   −log p_k = lse − v_k / temperature
 *   c_k = classWeights_k · ((1 − labelSmoothing) · t_k + labelSmoothing / U), t_k = 1 at the label and 0 elsewhere;
 *         U classes are left by the mask, and only those get their share
 *   loss of the row = sampleWeight · (Σ_k c_k · (−log p_k) + zLoss · lse²)
 *   'sum' = Σ loss of the row,   'mean' = 'sum' / Σ sampleWeight · classWeights_y (with distributions / Σ sampleWeight)
 *
 * Rows whose label is ignored, or whose sample weight is 0, count nowhere. A mean over nothing (divisor 0) is 0, with gradient 0. These are
 * the definitions of PyTorch, where they overlap; docs/losses.md tells the differences.
 *
 * Each row's loss is within 0.501 ulp (float32) or 0.55 ulp (float64) at any margin and with all options: a confident row costs 1e−30, not
 * 0. (Losses and products of weights below 1e−290 cost one more rounding in float64.) Capped logits are float64 numbers within 5 ulp;
 * what follows is as exact as for any logits. 'mean' and 'sum' are correctly rounded from exact weights and row losses in float64, for
 * float64 logits from pairs, so that they are within 0.501 ulp; they do not depend on the order of the rows.
 *
 * Non-finite, per row: NaN if the row contains a NaN (masked or not) or is all −∞ (0 for allMasked: 'zero'); +∞ if the label's logit is −∞
 * among others that are not; with one +∞ the limit, 0 at the label and +∞ elsewhere; with two or more NaN. Never −0. A target of 0
 * costs nothing, also at a logit of −∞. softCap leaves −∞ and takes +∞ to the cap.
 *
 * @param logits rows × classes, row-major, or of the `shape` given, with the classes along `axis`.
 * @param labels integers in [0, classes), one per row, in an integer array or a number[]; or distributions, one number in [0, 1e100] per
 * logit and in their layout, in a FloatArray or a number[] (which holds labels if it has one entry per row). They need not sum to 1.
 * @param options see {@link CrossEntropyOptions}. Weights and masks are read, never changed.
 * @returns a number for 'mean' and 'sum' (float64, whatever the logits are), an array in the dtype of softmax for 'none'.
 * @throws TypeError for wrong kinds, unknown options and options that contradict each other; RangeError for empty input, lengths that do
 * not fit, and values out of range. Nothing is written before everything is checked.
 */
export function crossEntropy<L extends Logits, R extends Reduction = 'mean'>(
  logits: L,
  labels: LabelsOrTargets,
  options?: CrossEntropyOptions<R>,
): LossOf<L, R> {
  const who = 'crossEntropy'
  const plan = checkPlan(who, logits, labels, checkOptions<CrossEntropyOptions<Reduction>>(who, options, OPTION_NAMES))
  if (plan.rowStats !== null) checkResultsApart(who, statsOf(plan), inputsOf(plan))
  const losses = new Float64Array(plan.rows)
  const lossesLow = newLossesLow(plan)
  sweep(plan, { losses, lossesLow, gradient: null, targetGradient: null, scales: null, targetScales: null })
  return reduceLosses(losses, plan, plan.values, lossesLow) as LossOf<L, R>
}

const GRADIENT_OPTION_NAMES = [...OPTION_NAMES, 'out', 'targetGradient'] as const

/**
 * The loss of {@link crossEntropy} and its gradient with respect to the logits, in their layout and with the reduction included:
 *
 *   d loss / d x_k = f / temperature · (p_k · (Σ_j c_j + 2 · zLoss · lse) − c_k) · (1 − tanh²(x_k / softCap))
 *
 * with f the sample weight over the divisor of 'mean', the sample weight for 'sum', and for 'none' too, where row r is the gradient of
 * loss r. For a plain label that is (p_k − (k = y)) / rows. Nothing assumes that distributions sum to 1.
 *
 * Without softCap every component for labels is within 0.501 ulp (float32) or 0.55 ulp (float64), weights included; for other targets
 * within 0.51 ulp of the larger of p·(Σ c + …) and c. At the
 * label it is computed as minus the others' sum over the total, never as p − 1, so it keeps its digits when p is nearly 1.
 *
 * On request also the gradient with respect to the distributions, d loss / d t_k = f · (1 − labelSmoothing) · classWeights_k · (−log p_k),
 * within 0.501 ulp (float32) or 0.55 ulp (float64); +∞ at classes of probability 0 unless a weight is 0.
 *
 * Non-finite, per row: all NaN where the loss is NaN; a label at −∞ has gradient −1 there and softmax elsewhere; with one +∞,
 * 0 if the label is there, else 1 at the +∞ and −1 at the label (all times f). Rows that are left out have gradient +0, whatever they hold.
 *
 * Parameters and errors are those of crossEntropy; `out` receives the gradient, `targetGradient` that of the distributions.
 */
export function crossEntropyWithGradient<
  L extends Logits,
  R extends Reduction = 'mean',
  G extends boolean | FloatArray = false,
>(
  logits: L,
  labels: LabelsOrTargets,
  options?: CrossEntropyGradientOptions<R, ResultArray<L>, G>,
): LossWithGradient<LossOf<L, R>, ResultArray<L>> & WithTargetGradient<G> {
  const who = 'crossEntropyWithGradient'
  const known = checkOptions<CrossEntropyGradientOptions<Reduction, FloatArray>>(who, options, GRADIENT_OPTION_NAMES)
  const plan = checkPlan(who, logits, labels, known)
  const { values } = plan
  const gradient = checkOut(who, known.out, values.length, values)
  const targetGradient = checkTargetGradient(who, plan, known.targetGradient)
  checkApart(who, gradient, values.length, 'labels', labels)
  checkApart(who, gradient, values.length, 'mask', plan.mask)
  if (plan.rowStats !== null || targetGradient !== null) {
    const besides: Named[] = targetGradient === null ? [] : [['targetGradient', targetGradient]]
    const out: Named = ['out', gradient.subarray(0, values.length)]
    checkResultsApart(who, [...statsOf(plan), ...besides], [...inputsOf(plan), out])
  }

  const losses = new Float64Array(plan.rows)
  // Rows that turn out to be all masked lose their scale.
  const scales = gradientScales(plan, plan.temperature, !plan.zeroDead, isDouble(plan))
  const targetScales = targetGradient === null ? null : gradientScales(plan, 1)
  const lossesLow = newLossesLow(plan)
  sweep(plan, { losses, lossesLow, gradient, targetGradient, scales, targetScales })
  const loss = reduceLosses(losses, plan, values, lossesLow)
  const result: LossWithGradient<number | FloatArray, FloatArray> = { loss, gradient }
  if (targetGradient !== null) result.targetGradient = targetGradient
  return result as LossWithGradient<LossOf<L, R>, ResultArray<L>> & WithTargetGradient<G>
}

/** The array for the gradient of the distributions, or null. */
function checkTargetGradient(who: string, plan: Plan, given: unknown): FloatArray | null {
  if (given === undefined || given === false) return null
  const targets = requireTargets(who, plan, given)
  const { length } = targets
  if (given === true) return targets instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
  return checkResults(who, 'targetGradient', given, length, targets).subarray(0, length)
}

/** What is still read while results are written. */
function inputsOf({ values, labels, targets, mask }: Plan): Named[] {
  const inputs: Named[] = [['the logits', values]]
  if (labels !== null) inputs.push(['the labels', labels])
  if (targets !== null) inputs.push(['the labels', targets])
  if (mask !== null) inputs.push(['the mask', mask])
  return inputs
}

function statsOf({ rowStats }: Plan): Named[] {
  const stats: Named[] = []
  for (const [name, array] of Object.entries(rowStats ?? {}))
    if (array !== undefined) stats.push([`rowStats.${name}`, array])
  return stats
}
