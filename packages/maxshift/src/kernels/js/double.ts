/**
 * The reference kernels for float64 data, accurate mode: double-double inside, one rounding at the end. This file goes over the
 * entries; what is computed once a row, and how, is in double-row.ts.
 */
import type { FloatArray } from '../../arrays.ts'
import { scaleRounded } from '../../special/bits.ts'
import { productError } from '../../special/double-double.ts'
import { type ExpParts, expParts } from '../../special/exp.ts'
import {
  complement,
  finishLog,
  logSumExpDouble,
  lossOf,
  power,
  reduceRow,
  row,
  shift,
  softmaxWeights,
  type Weights,
} from './double-row.ts'
import { limitGradient, limitLogSoftmax, limitLoss, limitSoftmax } from './limits.ts'

const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const weights: Weights = { factor: { hi: 0, lo: 0, exponent: 0 }, top: 0 }

/** out_i = weight · softmax_i for the pair `weight`, the common part of softmax and the gradient. */
function writeSoftmax(
  logits: FloatArray,
  start: number,
  classes: number,
  weightHi: number,
  weightLo: number,
  out: FloatArray,
): void {
  softmaxWeights(weightHi, weightLo, weights)
  const { hi, lo, exponent } = weights.factor
  const second = shift()
  for (let i = start; i < start + classes; i++) {
    const value = logits[i]
    if (value === row.max) {
      out[i] = weights.top
      continue
    }
    power(value, second, expParts, term)
    const product = term.hi * hi
    const error = productError(term.hi, hi, product) + (term.hi * lo + term.lo * hi)
    const rounded = product + error
    out[i] = scaleRounded(rounded, product - rounded + error, term.exponent + exponent)
  }
}

export function softmaxDouble(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes)) writeSoftmax(logits, start, classes, 1, 0, out)
    else limitSoftmax(row, start, classes, out)
  }
}

export function logSoftmaxDouble(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes)) {
      finishLog()
      for (let i = 0; i < classes; i++) out[start + i] = 0 - lossOf(logits[start + i])
    } else limitLogSoftmax(row, start, classes, out)
  }
}

export function logSumExpRowsDouble(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let r = 0; r < rows; r++) out[r] = logSumExpDouble(logits, r * classes, classes)
}

export function crossEntropyDouble(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  losses: Float64Array,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    if (reduceRow(logits, start, classes)) {
      finishLog()
      losses[r] = lossOf(logits[start + labels[r]])
    } else losses[r] = limitLoss(row, labels[r])
  }
}

export function crossEntropyWithGradientDouble(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  scaleHi: number,
  scaleLo: number,
  losses: Float64Array,
  gradient: FloatArray,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const label = labels[r]
    if (reduceRow(logits, start, classes)) {
      const value = logits[start + label]
      finishLog()
      losses[r] = lossOf(value)
      const rest = complement(value, scaleHi, scaleLo)
      writeSoftmax(logits, start, classes, scaleHi, scaleLo, gradient)
      gradient[start + label] = 0 - rest
    } else {
      losses[r] = limitLoss(row, label)
      limitGradient(row, start, classes, label, scaleHi, gradient)
    }
  }
}
