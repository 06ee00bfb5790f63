/**
 * The reference kernels for float32 data with integer labels or none: this file goes over the entries, single-row.ts explains what
 * is computed and how.
 */
import type { FloatArray } from '../../arrays.ts'
import { log1p } from '../../special/log.ts'
import { limitGradient, limitLogSoftmax, limitLoss, limitSoftmax } from './limits.ts'
import { finiteSecond, logSumExpOfRow, lossOf, power, rateOf, reduceRow, row, scaleOf } from './single-row.ts'

/** out_i = weight · softmax_i, the common part of softmax and the gradient. */
export function writeSoftmax(
  logits: FloatArray,
  start: number,
  classes: number,
  weight: number,
  out: FloatArray,
): void {
  const top = weight / row.total
  const factor = row.secondPower * top
  const second = finiteSecond()
  const rate = rateOf()
  for (let i = start; i < start + classes; i++) {
    const value = logits[i]
    out[i] = value === row.max ? top : power(value, second, rate) * factor
  }
}

export function softmaxSingle(
  logits: FloatArray,
  rows: number,
  classes: number,
  temperature: number,
  out: FloatArray,
): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes, temperature)) writeSoftmax(logits, start, classes, 1, out)
    else limitSoftmax(row, start, classes, out)
  }
}

export function logSoftmaxSingle(
  logits: FloatArray,
  rows: number,
  classes: number,
  temperature: number,
  out: FloatArray,
): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes, temperature)) {
      const log = log1p(row.others)
      const { inverse, max } = row
      for (let i = start; i < start + classes; i++) out[i] = (logits[i] - max) * inverse - log
      out[start + row.index] += 0 // −L that rounded to −0 becomes +0
    } else limitLogSoftmax(row, start, classes, out)
  }
}

export function logSumExpSingle(
  logits: FloatArray,
  rows: number,
  classes: number,
  temperature: number,
  out: FloatArray,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const isRegular = reduceRow(logits, start, classes, temperature)
    out[r] = isRegular ? logSumExpOfRow(logits, start, classes) : row.max // NaN, +∞ and −∞ are their own log-sum-exp
  }
}

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
