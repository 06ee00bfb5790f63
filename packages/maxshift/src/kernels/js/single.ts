/**
 * The reference kernels for float32 data, the softmax family: this file goes over the entries, single-row.ts explains what is computed
 * and how.
 */
import type { FloatArray } from '../../arrays.ts'
import { log1p } from '../../special/log.ts'
import { limitLogSoftmax, limitSoftmax } from './limits.ts'
import { finiteSecond, logSumExpOfRow, power, rateOf, reduceRow, row } from './single-row.ts'

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
