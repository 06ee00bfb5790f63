/**
 * The reference kernels for float64 data, losses with labels; what is computed once a row is in double-row.ts.
 */
import type { FloatArray } from '../../arrays.ts'
import type { ExpParts } from '../../special/exp.ts'
import { scaleIndex } from '../scales.ts'
import { writeSoftmax } from './double.ts'
import { complement, finishLog, lossOf, reduceRow, row, weightOf } from './double-row.ts'
import { limitGradient, limitLoss } from './loss-limits.ts'
import { temperatureOf } from './temperature.ts'

const scale: ExpParts = { hi: 0, lo: 0, exponent: 0 }

export function crossEntropyDouble(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  temperature: number,
  losses: Float64Array,
  lossesLow: Float64Array | null = null,
): void {
  const scaled = temperatureOf(temperature)
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    row.lossLow = 0
    if (reduceRow(logits, start, classes, scaled)) {
      finishLog()
      losses[r] = lossOf(logits[start + labels[r]])
    } else losses[r] = limitLoss(row, labels[r])
    if (lossesLow !== null) lossesLow[r] = row.lossLow
  }
}

export function crossEntropyWithGradientDouble(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  temperature: number,
  scales: Float64Array,
  losses: Float64Array,
  gradient: FloatArray,
  lossesLow: Float64Array | null = null,
): void {
  const scaled = temperatureOf(temperature)
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const label = labels[r]
    const at = scaleIndex(scales, r)
    row.lossLow = 0
    if (reduceRow(logits, start, classes, scaled)) {
      const value = logits[start + label]
      finishLog()
      losses[r] = lossOf(value)
      weightOf(scales[at], scales[at + 1], scale)
      const rest = complement(value, scale)
      writeSoftmax(logits, start, classes, scale, gradient)
      gradient[start + label] = 0 - rest
    } else {
      losses[r] = limitLoss(row, label)
      limitGradient(row, start, classes, label, scales[at], gradient)
    }
    if (lossesLow !== null) lossesLow[r] = row.lossLow
  }
}
