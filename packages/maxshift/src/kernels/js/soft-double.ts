/**
 * The reference kernels for float64 data with class weights instead of a label: this file goes over the entries, soft-double-row.ts
 * does what is done once a row.
 */
import type { FloatArray } from '../../arrays.ts'
import type { Pair } from '../../special/double-double.ts'
import type { Targets } from '../kernels.ts'
import { reduceRow, row, shift, weightOf } from './double-row.ts'
import { limitSoftGradient, limitSoftLoss } from './loss-limits.ts'
import { type SoftWeights, softGradient, softGradientAtLabel, softLoss, softWeights } from './soft-double-row.ts'
import { baseLowOf, sumOfBasePair, sumOfDifferencesPair, targetOf, uniformWeight } from './targets.ts'
import { entryScale, type Temperature, temperatureOf } from './temperature.ts'

const baseSum: Pair = { hi: 0, lo: 0 }
const fromSecond: Pair = { hi: 0, lo: 0 }
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
  uniform: number,
  zLoss: number,
): number {
  const start = r * classes
  const first = r * targets.stride
  row.lossLow = 0
  if (!reduceRow(logits, start, classes, temperature)) {
    return limitSoftLoss(row, (k) => targetOf(targets, r, k), classes, zLoss)
  }
  sumOfBasePair(targets, first, classes, -1, baseSum)
  const scale = entryScale(temperature)
  sumOfDifferencesPair(targets, first, uniform, logits, start, classes, shift(), scale, fromSecond)
  return softLoss(logits, targets, r, classes, uniform, zLoss, baseSum, fromSecond)
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
  const uniform = uniformWeight(targets, classes)
  for (let r = 0; r < rows; r++) {
    losses[r] = lossOfRow(logits, targets, r, classes, scaled, uniform, zLoss)
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
  const { base, stride, labels } = targets
  const scaled = temperatureOf(temperature)
  const uniform = uniformWeight(targets, classes)
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const first = r * stride
    losses[r] = lossOfRow(logits, targets, r, classes, scaled, uniform, zLoss)
    if (lossesLow !== null) lossesLow[r] = row.lossLow
    if (!Number.isFinite(row.max)) {
      const target = (k: number): number => targetOf(targets, r, k)
      limitSoftGradient(row, start, classes, target, zLoss, scales[2 * r], gradient)
      continue
    }
    weightOf(scales[2 * r], scales[2 * r + 1], weights.scale)
    softWeights(weights)
    const label = labels === null ? -1 : labels[r]
    for (let k = 0; k < classes; k++) {
      gradient[start + k] =
        k === label
          ? softGradientAtLabel(logits[start + k], targets, r, weights)
          : softGradient(logits[start + k], base[first + k], baseLowOf(targets, first + k), weights)
    }
  }
}
