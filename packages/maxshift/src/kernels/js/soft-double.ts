/**
 * The reference kernels for float64 data with class weights instead of a label: this file goes over the entries, soft-double-row.ts
 * does what is done once a row.
 */
import type { FloatArray } from '../../arrays.ts'
import type { Targets } from '../kernels.ts'
import { scaleIndex } from '../scales.ts'
import { reduceRow, row, weightOf } from './double-row.ts'
import { limitSoftGradient, limitSoftLoss } from './loss-limits.ts'
import {
  type BaseSums,
  type SoftWeights,
  softGradient,
  softGradientAtLabel,
  softLoss,
  softWeights,
  sumBase,
} from './soft-double-row.ts'
import { baseLowOf, baseOf, type SharedPairs, sharedPairs, targetOf } from './targets.ts'
import { type Temperature, temperatureOf } from './temperature.ts'

const sums: BaseSums = { sum: { hi: 0, lo: 0 }, others: { hi: 0, lo: 0 }, fromSecond: { hi: 0, lo: 0 } }
const weights: SoftWeights = {
  factor: { hi: 0, lo: 0, exponent: 0 },
  scale: { hi: 0, lo: 0, exponent: 0 },
}

/** The loss of row r; `row` and what softWeights needs are filled if its maximum is finite. */
function lossOfRow(
  logits: FloatArray,
  targets: Targets,
  r: number,
  classes: number,
  temperature: Temperature,
  shared: SharedPairs,
  zLoss: number,
): number {
  row.lossLow = 0
  if (!reduceRow(logits, r * classes, classes, temperature)) {
    return limitSoftLoss(row, (k) => targetOf(targets, r, k), classes, zLoss)
  }
  sumBase(logits, targets, r, classes, shared, sums)
  return softLoss(logits, targets, r, classes, shared.uniform, zLoss, sums)
}

export function softCrossEntropyDouble(
  logits: FloatArray,
  targets: Targets,
  rows: number,
  classes: number,
  temperature: number,
  zLoss: number,
  losses: Float64Array,
  lossesLow: Float64Array | null = null,
): void {
  const scaled = temperatureOf(temperature)
  const shared = sharedPairs(targets, classes)
  for (let r = 0; r < rows; r++) {
    losses[r] = lossOfRow(logits, targets, r, classes, scaled, shared, zLoss)
    if (lossesLow !== null) lossesLow[r] = row.lossLow
  }
}

export function softCrossEntropyWithGradientDouble(
  logits: FloatArray,
  targets: Targets,
  rows: number,
  classes: number,
  temperature: number,
  zLoss: number,
  scales: Float64Array,
  losses: Float64Array,
  gradient: FloatArray,
  lossesLow: Float64Array | null = null,
): void {
  const { stride, labels } = targets
  const scaled = temperatureOf(temperature)
  const shared = sharedPairs(targets, classes)
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const first = r * stride
    const at = scaleIndex(scales, r)
    losses[r] = lossOfRow(logits, targets, r, classes, scaled, shared, zLoss)
    if (lossesLow !== null) lossesLow[r] = row.lossLow
    if (!Number.isFinite(row.max)) {
      const target = (k: number): number => targetOf(targets, r, k)
      limitSoftGradient(row, start, classes, target, zLoss, scales[at], gradient)
      continue
    }
    weightOf(scales[at], scales[at + 1], weights.scale)
    softWeights(weights)
    const label = labels === null ? -1 : labels[r]
    for (let k = 0; k < classes; k++) {
      gradient[start + k] =
        k === label
          ? softGradientAtLabel(logits[start + k], targets, r, weights)
          : softGradient(logits[start + k], baseOf(targets, first + k), baseLowOf(targets, first + k), weights)
    }
  }
}
