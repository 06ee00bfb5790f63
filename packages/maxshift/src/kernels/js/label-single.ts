/**
 * The reference kernels for float32 data, losses with labels; the formulas are in single-row.ts.
 */
import type { FloatArray } from '../../arrays.ts'
import { limitGradient, limitLoss } from './loss-limits.ts'
import { writeSoftmax } from './single.ts'
import { finiteSecond, lossOf, power, rateOf, reduceRow, row, scaleOf } from './single-row.ts'

export function crossEntropySingle(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  temperature: number,
  losses: Float64Array,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const isRegular = reduceRow(logits, start, classes, temperature)
    losses[r] = isRegular ? lossOf(logits[start + labels[r]]) : limitLoss(row, labels[r])
  }
}

export function crossEntropyWithGradientSingle(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  temperature: number,
  scales: Float64Array,
  losses: Float64Array,
  gradient: FloatArray,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const label = labels[r]
    const scale = scaleOf(scales, r)
    if (reduceRow(logits, start, classes, temperature)) {
      const value = logits[start + label]
      // The complement of p_y without subtraction from 1: all the others over the total.
      const rest = value === row.max ? row.others : row.total - power(value, finiteSecond(), rateOf()) * row.secondPower
      losses[r] = lossOf(value)
      writeSoftmax(logits, start, classes, scale, gradient)
      gradient[start + label] = (-rest / row.total) * scale
      gradient[start + label] += 0 // −0 becomes +0
    } else {
      losses[r] = limitLoss(row, label)
      limitGradient(row, start, classes, label, scale, gradient)
    }
  }
}
