/**
 * The reference kernels for float64 data, accurate mode: double-double inside, one rounding at the end. This file goes over the
 * entries; what is computed once a row, and how, is in double-row.ts.
 */
import type { FloatArray } from '../../arrays.ts'
import { scaleRounded } from '../../special/bits.ts'
import { productError } from '../../special/double-double.ts'
import { type ExpParts, expParts } from '../../special/exp.ts'
import {
  finishLog,
  logSumExpDouble,
  lossOf,
  power,
  reduceRow,
  row,
  shift,
  softmaxWeights,
  UNIT,
  type Weights,
} from './double-row.ts'
import { limitLogSoftmax, limitSoftmax } from './limits.ts'
import { temperatureOf } from './temperature.ts'

const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const weights: Weights = { factor: { hi: 0, lo: 0, exponent: 0 }, top: 0 }

/** out_i = weight · softmax_i, the common part of softmax and the gradient. */
export function writeSoftmax(
  logits: FloatArray,
  start: number,
  classes: number,
  weight: Readonly<ExpParts>,
  out: FloatArray,
): void {
  softmaxWeights(weight, weights)
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

export function softmaxDouble(
  logits: FloatArray,
  rows: number,
  classes: number,
  temperature: number,
  out: FloatArray,
): void {
  const scaled = temperatureOf(temperature)
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes, scaled)) writeSoftmax(logits, start, classes, UNIT, out)
    else limitSoftmax(row, start, classes, out)
  }
}

export function logSoftmaxDouble(
  logits: FloatArray,
  rows: number,
  classes: number,
  temperature: number,
  out: FloatArray,
): void {
  const scaled = temperatureOf(temperature)
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes, scaled)) {
      finishLog()
      for (let i = 0; i < classes; i++) out[start + i] = 0 - lossOf(logits[start + i])
    } else limitLogSoftmax(row, start, classes, out)
  }
}

export function logSumExpRowsDouble(
  logits: FloatArray,
  rows: number,
  classes: number,
  temperature: number,
  out: FloatArray,
): void {
  for (let r = 0; r < rows; r++) out[r] = logSumExpDouble(logits, r * classes, classes, temperature)
}
