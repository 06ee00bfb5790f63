/**
 * The reference kernels for float32 data with class weights c_k instead of a label, C = Σ c_k their sum:
 *
 *   loss = Σ c_k · (m − x_k)/T + C · L + z · lse²       gradient_k = scale · (p_k · M − c_k),  M = C + 2 z · lse
 *
 * All terms of the loss are ≥ 0, so plain sums in float64 are exact enough: in four lanes they err by at most n/4 · 2^−53. In the
 * gradient p_k · M − c_k may cancel; where p_k is nearly 1, at a maximum without equal, it is taken as p_k · (M − c_k) − q_k · c_k
 * with q_k = 1 − p_k as the sum of the others over the total, so that a target all in one place keeps the digits of a label.
 */
import type { FloatArray } from '../../arrays.ts'
import { log1p } from '../../special/log.ts'
import type { Targets } from '../kernels.ts'
import { limitSoftGradient, limitSoftLoss } from './loss-limits.ts'
import { finiteSecond, logSumExpOfRow, power, rateOf, reduceRow, row, softScaleOf } from './single-row.ts'
import { baseOf, type SharedTargets, sharedTargets, sumOfBase, sumOfDifferences, targetOf } from './targets.ts'

/** What a row's loss leaves for its gradient. */
const weights = { sum: 0, logSumExp: 0 }

/** The loss of the current row, and `weights`; the log-sum-exp only where there is a z-loss. */
function lossOfRow(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  zLoss: number,
  { sum: sharedSum, uniform }: SharedTargets,
): number {
  const { base, stride, labels, peaks } = targets
  const start = r * classes
  const first = r * stride
  let sum = stride === 0 ? sharedSum : sumOfBase(base, first, classes)
  const shift = finiteSecond()
  let differences = sumOfDifferences(base, first, uniform, logits, start, classes, row.max, shift)
  if (labels !== null && peaks !== null) {
    sum += peaks[r]
    if (peaks[r] > 0) differences += peaks[r] * (row.max - logits[start + labels[r]])
  }
  weights.sum = sum
  weights.logSumExp = zLoss > 0 ? logSumExpOfRow(logits, start, classes) : 0
  const loss = differences / row.temperature + sum * log1p(row.others)
  return zLoss > 0 ? loss + zLoss * (weights.logSumExp * weights.logSumExp) : loss
}

export function softCrossEntropySingle(
  logits: FloatArray,
  targets: Targets,
  rows: number,
  classes: number,
  temperature: number,
  zLoss: number,
  losses: Float64Array,
): void {
  const shared = sharedTargets(targets, classes)
  for (let r = 0; r < rows; r++) {
    losses[r] = reduceRow(logits, r * classes, classes, temperature)
      ? lossOfRow(logits, targets, r, classes, zLoss, shared)
      : limitSoftLoss(row, (k) => targetOf(targets, r, k), classes, zLoss)
  }
}

/** M of the current row; a log-sum-exp beyond all bounds counts as a large number, so that nothing is ∞ · 0. */
const weightOf = (zLoss: number): number => {
  if (!(zLoss > 0)) return weights.sum
  return weights.sum + Math.max(-LARGEST, Math.min(2 * zLoss * weights.logSumExp, LARGEST))
}
const LARGEST = 1e120

export function softCrossEntropyWithGradientSingle(
  logits: FloatArray,
  targets: Targets,
  rows: number,
  classes: number,
  temperature: number,
  zLoss: number,
  scales: Float64Array,
  losses: Float64Array,
  gradient: FloatArray,
): void {
  const { stride, labels } = targets
  const shared = sharedTargets(targets, classes)
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const first = r * stride
    const scale = softScaleOf(scales, r)
    if (!reduceRow(logits, start, classes, temperature)) {
      const target = (k: number): number => targetOf(targets, r, k)
      losses[r] = limitSoftLoss(row, target, classes, zLoss)
      limitSoftGradient(row, start, classes, target, zLoss, scale, gradient)
      continue
    }
    losses[r] = lossOfRow(logits, targets, r, classes, zLoss, shared)
    const weight = weightOf(zLoss)
    const label = labels === null ? -1 : labels[r]
    const atLabel = label < 0 ? 0 : entryOf(logits[start + label], weight, targetOf(targets, r, label), scale)
    writeGradient(logits, start, classes, targets, first, weight, scale, gradient)
    if (label >= 0) gradient[start + label] = atLabel
  }
}

/** A float32 whose zero is +0, also where a negative number underflows. */
const positiveZero = (value: number): number => Math.fround(value) + 0

/** One entry of the gradient. */
function entryOf(value: number, weight: number, target: number, scale: number): number {
  if (value === row.max && row.second < row.max) {
    const top = 1 / row.total
    return positiveZero(scale * ((weight - target) * top - target * (row.others * top)))
  }
  const factor = row.secondPower * (1 / row.total) * weight * scale
  return positiveZero(power(value, finiteSecond(), rateOf()) * factor - target * scale)
}

/** The row of the gradient for the weights in the base. */
function writeGradient(
  logits: FloatArray,
  start: number,
  classes: number,
  targets: Targets,
  first: number,
  weight: number,
  scale: number,
  out: FloatArray,
): void {
  const factor = row.secondPower * (1 / row.total) * weight * scale
  const second = finiteSecond()
  const rate = rateOf()
  const top = row.second < row.max ? row.index : -1
  for (let k = 0; k < classes; k++) {
    const target = baseOf(targets, first + k)
    out[start + k] =
      k === top
        ? entryOf(row.max, weight, target, scale)
        : positiveZero(power(logits[start + k], second, rate) * factor - target * scale)
  }
}
