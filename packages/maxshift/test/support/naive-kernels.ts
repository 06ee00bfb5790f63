/**
 * How the softmax family is usually written, as kernels: the foils that the vectors must catch (hardness.test.ts).
 *
 * Every operation is rounded to a working dtype, so that f32 formulas really compute in f32. With m = max x:
 *   textbook      ŷ = exp(x) / Σ exp(x), log ŷ, log Σ exp(x)                            formulas (1) and (2)
 *   shifted       ŷ = exp(x − m) / Σ exp(x − m), log ŷ = (x − m) − log Σ exp(x − m)     formulas (5) and (6)
 *   difference    the same, but log ŷ = x − logSumExp, the form of most libraries
 *   complement    the largest term left out of the sum, log1p, gradient from the other terms; x − m rounded, plain sums
 */
import type { FloatArray } from '../../src/arrays.ts'
import { targetOf } from '../../src/kernels/js/targets.ts'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { type Dtype, roundTo } from './ulp.ts'

export type Formula = 'textbook' | 'shifted' | 'difference' | 'complement'

interface RowValues {
  readonly softmax: (j: number) => number
  readonly logSoftmax: (j: number) => number
  readonly logSumExp: number
  readonly labelGradient: (label: number) => number
}

type Round = (x: number) => number

/** exp(x − shift), and their sum in order, leaving out one place (−1: none). */
function terms(x: FloatArray, shift: number, round: Round): Float64Array {
  const result = new Float64Array(x.length)
  for (let i = 0; i < x.length; i++) result[i] = round(Math.exp(round(x[i] - shift)))
  return result
}

function sumWithout(left: number, values: Float64Array, round: Round): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) if (i !== left) sum = round(sum + values[i])
  return sum
}

function indexOfMax(x: FloatArray): number {
  let k = 0
  for (let i = 1; i < x.length; i++) if (x[i] > x[k]) k = i
  return k
}

function textbook(x: FloatArray, round: Round): RowValues {
  const exps = terms(x, 0, round)
  const total = sumWithout(-1, exps, round)
  const softmax = (j: number): number => round(exps[j] / total)
  return {
    softmax,
    logSoftmax: (j) => round(Math.log(softmax(j))),
    logSumExp: round(Math.log(total)),
    labelGradient: (label) => round(softmax(label) - 1),
  }
}

function shifted(x: FloatArray, round: Round, formula: 'shifted' | 'difference'): RowValues {
  const m = x[indexOfMax(x)]
  const exps = terms(x, m, round)
  const total = sumWithout(-1, exps, round)
  const logTotal = round(Math.log(total))
  const logSumExp = round(m + logTotal)
  return {
    softmax: (j) => round(exps[j] / total),
    logSoftmax: (j) => (formula === 'shifted' ? round(round(x[j] - m) - logTotal) : round(x[j] - logSumExp)),
    logSumExp,
    labelGradient: (label) => round(round(exps[label] / total) - 1),
  }
}

function complement(x: FloatArray, round: Round): RowValues {
  const k = indexOfMax(x)
  const exps = terms(x, x[k], round)
  const others = sumWithout(k, exps, round)
  const total = round(1 + others)
  const logTotal = round(Math.log1p(others))
  return {
    softmax: (j) => round(exps[j] / total),
    logSoftmax: (j) => round(round(x[j] - x[k]) - logTotal),
    logSumExp: round(x[k] + logTotal),
    labelGradient: (label) => round(-sumWithout(label, exps, round) / total),
  }
}

function valuesOf(formula: Formula, x: FloatArray, round: Round): RowValues {
  if (formula === 'textbook') return textbook(x, round)
  return formula === 'complement' ? complement(x, round) : shifted(x, round, formula)
}

/** Kernels that compute a formula with every operation rounded to the working dtype. */
export function naiveKernels(formula: Formula, working: Dtype): Kernels {
  const round: Round = (x) => roundTo(working, x)

  function eachRow(
    logits: FloatArray,
    rows: number,
    classes: number,
    write: (r: number, values: RowValues) => void,
  ): void {
    for (let r = 0; r < rows; r++) {
      write(r, valuesOf(formula, logits.subarray(r * classes, (r + 1) * classes), round))
    }
  }

  return {
    name: `${formula} in ${working}`,
    softmax(logits, rows, classes, _temperature, out) {
      eachRow(logits, rows, classes, (r, values) => {
        for (let j = 0; j < classes; j++) out[r * classes + j] = values.softmax(j)
      })
    },
    logSoftmax(logits, rows, classes, _temperature, out) {
      eachRow(logits, rows, classes, (r, values) => {
        for (let j = 0; j < classes; j++) out[r * classes + j] = values.logSoftmax(j)
      })
    },
    logSumExp(logits, rows, classes, _temperature, out) {
      eachRow(logits, rows, classes, (r, values) => {
        out[r] = values.logSumExp
      })
    },
    crossEntropy(logits, labels, rows, classes, _temperature, losses) {
      eachRow(logits, rows, classes, (r, values) => {
        losses[r] = -values.logSoftmax(labels[r])
      })
    },
    crossEntropyWithGradient(logits, labels, rows, classes, _temperature, scales, losses, gradient) {
      eachRow(logits, rows, classes, (r, values) => {
        losses[r] = -values.logSoftmax(labels[r])
        for (let j = 0; j < classes; j++) {
          const value = j === labels[r] ? values.labelGradient(j) : values.softmax(j)
          gradient[r * classes + j] = round(scales[2 * r] * value)
        }
      })
    },
    softCrossEntropy(logits, targets, rows, classes, _temperature, _zLoss, losses) {
      eachRow(logits, rows, classes, (r, values) => {
        losses[r] = 0
        for (let j = 0; j < classes; j++) {
          losses[r] = round(losses[r] - round(targetOf(targets, r, j) * values.logSoftmax(j)))
        }
      })
    },
    softCrossEntropyWithGradient(logits, targets, rows, classes, temperature, zLoss, scales, losses, gradient) {
      this.softCrossEntropy(logits, targets, rows, classes, temperature, zLoss, losses)
      eachRow(logits, rows, classes, (r, values) => {
        let sum = 0
        for (let j = 0; j < classes; j++) sum = round(sum + targetOf(targets, r, j))
        for (let j = 0; j < classes; j++) {
          const difference = round(round(values.softmax(j) * sum) - targetOf(targets, r, j))
          gradient[r * classes + j] = round(scales[2 * r] * difference)
        }
      })
    },
  }
}
