/**
 * The reference kernels for float32 data, accurate mode: float64 inside, one rounding at the end, ≤ 0.501 ulp.
 *
 * With m the maximum, k its first index and m₂ the largest of the others,
 *
 *   S₂ = Σ_{i≠k} exp(x_i − m₂) ∈ [1, n − 1],   s = S₂ · exp(m₂ − m),   total = 1 + s,   L = log1p(s)
 *
 *   softmax_i = exp(x_i − m₂) · (exp(m₂ − m) / total), and 1/total at k      logSoftmax_i = (x_i − m) − L
 *   logSumExp = m + L      loss = (m − x_y) + L      gradient_y = −s/total if y = k, else −(total − exp(x_y − m))/total
 *
 * Leaving the maximum out of the sum is what keeps every digit: for a confident row 1 + s rounds to 1 and log(1 + s), p_k − 1
 * lose everything, while s itself is as accurate as any other number. Differences of float32 are exact enough in float64.
 *
 * S₂ is summed exactly: each term in [0, 1] is first rounded to a multiple of 2^−52, and sums of those are carried without
 * error, so no order of summation, block or thread count can change a bit. The error of that rounding is at most n · 2^−53
 * against S₂ ≥ 1.
 */
import type { FloatArray } from '../../arrays.ts'
import { EXP2_UNDERFLOW, exp2Single, LOG2_E } from '../../special/exp-single.ts'
import { GRID_26, GRID_52 } from '../../special/grid.ts'
import { log1p } from '../../special/log.ts'
import { logSumExpDouble } from './double-row.ts'
import { limitGradient, limitLogSoftmax, limitLoss, limitSoftmax } from './limits.ts'
import { findTop, type Top } from './top.ts'

/** What the passes over a row leave for the finishing loops. */
interface Row extends Top {
  /** exp(m₂ − m); 0 if there is only one entry above −∞, or the others are LARGEST_GAP or more below. */
  secondPower: number
  /** s, the sum of all but the maximum relative to it. */
  others: number
  /** 1 + s. */
  total: number
}

const row: Row = { max: 0, index: 0, second: 0, secondPower: 0, others: 0, total: 0 }

/** exp(value − shift), at most 1. A difference of −∞, or one that overflows, gives a number that rounds to 0. */
function power(value: number, shift: number): number {
  const z = (value - shift) * LOG2_E
  return exp2Single(Math.min(0, Math.max(z, EXP2_UNDERFLOW)))
}

/** S₂. The maximum enters as exp(min(0, m − m₂)) = 1 and leaves again: no branch in the loop. */
function sumOfOthers(logits: FloatArray, start: number, classes: number, second: number): number {
  let coarse = -1
  let fine = 0
  for (let i = start; i < start + classes; i++) {
    const term = power(logits[i], second)
    const head = term + GRID_26 - GRID_26
    coarse += head
    fine += term - head + GRID_52 - GRID_52
  }
  return coarse + fine
}

/** A margin beyond which the others are nothing: e^−690 is 10^−300, and float32 ends at e^−104. */
const LARGEST_GAP = 690

/** Fills `row`; false if the row has no finite maximum, where only max, index and second are set. */
function reduceRow(logits: FloatArray, start: number, classes: number): boolean {
  findTop(logits, start, classes, row)
  if (!Number.isFinite(row.max)) return false
  const gap = row.max - row.second
  row.secondPower = gap < LARGEST_GAP ? power(row.second, row.max) : 0
  row.others = gap < LARGEST_GAP ? sumOfOthers(logits, start, classes, row.second) * row.secondPower : 0
  row.total = 1 + row.others
  return true
}

/** A shift that is always finite; where no second entry exists, any will do, since secondPower is 0. */
const finiteSecond = (): number => (row.second === Number.NEGATIVE_INFINITY ? row.max : row.second)

/** out_i = weight · softmax_i, the common part of softmax and the gradient. */
function writeSoftmax(logits: FloatArray, start: number, classes: number, weight: number, out: FloatArray): void {
  const top = weight / row.total
  const factor = row.secondPower * top
  const second = finiteSecond()
  for (let i = start; i < start + classes; i++) {
    const value = logits[i]
    out[i] = value === row.max ? top : power(value, second) * factor
  }
}

export function softmaxSingle(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes)) writeSoftmax(logits, start, classes, 1, out)
    else limitSoftmax(row, start, classes, out)
  }
}

export function logSoftmaxSingle(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  for (let start = 0; start < rows * classes; start += classes) {
    if (reduceRow(logits, start, classes)) {
      const log = log1p(row.others)
      for (let i = start; i < start + classes; i++) out[i] = logits[i] - row.max - log
      out[start + row.index] += 0 // −L that rounded to −0 becomes +0
    } else limitLogSoftmax(row, start, classes, out)
  }
}

/**
 * Where m and L cancel below this share of L, their absolute errors would show: 2^−40 from the exponential, n · 2^−53 from the
 * grid, which long rows magnify. There the double-double kernel serves.
 */
const CANCELLATION = 0.03125
const CANCELLATION_PER_CLASS = 0.000003814697265625 // 0x3ed0000000000000, 2^−18

export function logSumExpSingle(logits: FloatArray, rows: number, classes: number, out: FloatArray): void {
  const share = Math.max(CANCELLATION, classes * CANCELLATION_PER_CLASS)
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    if (reduceRow(logits, start, classes)) {
      const log = log1p(row.others)
      const sum = row.max + log
      const cancels = row.max < 0 && Math.abs(sum) < share * log
      out[r] = cancels ? logSumExpDouble(logits, start, classes) : sum
    } else out[r] = row.max // NaN, +∞ and −∞ are their own log-sum-exp
  }
}

const lossOf = (value: number): number => row.max - value + log1p(row.others)

export function crossEntropySingle(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  losses: Float64Array,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    losses[r] = reduceRow(logits, start, classes) ? lossOf(logits[start + labels[r]]) : limitLoss(row, labels[r])
  }
}

export function crossEntropyWithGradientSingle(
  logits: FloatArray,
  labels: Int32Array,
  rows: number,
  classes: number,
  scale: number,
  _scaleLo: number, // far below the last digit of float32
  losses: Float64Array,
  gradient: FloatArray,
): void {
  for (let r = 0; r < rows; r++) {
    const start = r * classes
    const label = labels[r]
    if (reduceRow(logits, start, classes)) {
      const value = logits[start + label]
      // The complement of p_y without subtraction from 1: all the others over the total.
      const rest = value === row.max ? row.others : row.total - power(value, finiteSecond()) * row.secondPower
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
