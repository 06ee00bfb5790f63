/**
 * One row of float32, accurate mode: float64 inside, so that one rounding at the end gives ≤ 0.501 ulp. This file reduces a row; the
 * results are written in single.ts and soft-single.ts.
 *
 * Entries stand for x/T here; differences are taken first and divided by T, so that nothing cancels. With m the maximum, k its first index and m₂ the largest of the others,
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
import { scaleIndex } from '../scales.ts'
import { logSumExpDouble } from './double-row.ts'
import { findTop, type Top } from './top.ts'

/** 2^18: at most 0.0005 ulp of float32 are lost to the grid. Longer rows are those of double.ts. */
export const SINGLE_CLASSES = 262144

/** What the passes over a row leave for the finishing loops. */
interface Row extends Top {
  /** T, and 1/T, at most LARGEST_INVERSE. */
  temperature: number
  inverse: number
  /** exp(m₂ − m); 0 if there is only one entry above −∞, or the others are LARGEST_GAP or more below. */
  secondPower: number
  /** s, the sum of all but the maximum relative to it. */
  others: number
  /** 1 + s. */
  total: number
}

/** The current row. */
export const row: Row = {
  max: 0,
  index: 0,
  second: 0,
  temperature: 1,
  inverse: 1,
  secondPower: 0,
  others: 0,
  total: 0,
}

/** Temperatures below 2^−1000 count as that: there any difference of float32, at least 2^−149, is beyond every exponential. */
const LARGEST_INVERSE = 1.0715086071862673e301 // 0x7e70000000000000, 2^1000

/** exp((value − shift)/T), at most 1, for rate = log2(e)/T. A difference of −∞, or one that overflows, gives a number that rounds to 0. */
export function power(value: number, shift: number, rate: number): number {
  const z = (value - shift) * rate
  return exp2Single(Math.min(0, Math.max(z, EXP2_UNDERFLOW)))
}

/** log2(e)/T of the current row. */
export const rateOf = (): number => LOG2_E * row.inverse

/** S₂. The maximum enters as exp(min(0, m − m₂)) = 1 and leaves again: no branch in the loop. */
function sumOfOthers(logits: FloatArray, start: number, classes: number, second: number, rate: number): number {
  let coarse = -1
  let fine = 0
  for (let i = start; i < start + classes; i++) {
    const term = power(logits[i], second, rate)
    const head = term + GRID_26 - GRID_26
    coarse += head
    fine += term - head + GRID_52 - GRID_52
  }
  return coarse + fine
}

/** A margin beyond which the others are nothing: e^−690 is 10^−300, and float32 ends at e^−104. */
const LARGEST_GAP = 690

/** Fills `row`; false if the row has no finite maximum, where only max, index and second are set. */
export function reduceRow(logits: FloatArray, start: number, classes: number, temperature: number): boolean {
  row.temperature = temperature
  row.inverse = Math.min(1 / temperature, LARGEST_INVERSE)
  findTop(logits, start, classes, row)
  if (!Number.isFinite(row.max)) return false
  const isNear = (row.max - row.second) / temperature < LARGEST_GAP
  const rate = rateOf()
  row.secondPower = isNear ? power(row.second, row.max, rate) : 0
  row.others = isNear ? sumOfOthers(logits, start, classes, row.second, rate) * row.secondPower : 0
  row.total = 1 + row.others
  return true
}

/** The same, with T = 1, for a row that was read before: a finite maximum, the second entry, and s. */
export function restoreRow(max: number, second: number, others: number): void {
  row.temperature = row.inverse = 1
  row.max = max
  row.second = second
  row.secondPower = max - second < LARGEST_GAP ? power(second, max, LOG2_E) : 0
  row.others = others
  row.total = 1 + others
}

/** A shift that is always finite; where no second entry exists, any will do, since secondPower is 0. */
export const finiteSecond = (): number => (row.second === Number.NEGATIVE_INFINITY ? row.max : row.second)

/**
 * Where m and L cancel below this share of L, their absolute errors would show: 2^−40 from the exponential, n · 2^−53 from the
 * grid, which long rows magnify. There the double-double kernel serves.
 */
const CANCELLATION = 0.03125
const CANCELLATION_PER_CLASS = 0.000003814697265625 // 0x3ed0000000000000, 2^−18

/** m/T + L of the current row, which is logits[start … start + classes). */
export function logSumExpOfRow(logits: FloatArray, start: number, classes: number): number {
  const log = log1p(row.others)
  const sum = row.max / row.temperature + log
  const share = Math.max(CANCELLATION, classes * CANCELLATION_PER_CLASS)
  const cancels = row.max < 0 && Math.abs(sum) < share * log
  return cancels ? logSumExpDouble(logits, start, classes, row.temperature) : sum
}

/** (m − value)/T + L, the loss of an entry. */
export const lossOf = (value: number): number => (row.max - value) / row.temperature + log1p(row.others)

/** Larger scales count as this, so that what stands for 0, 2^−1000, stays 0. */
export const LARGEST_SCALE = 6.668014432879854e240 // 0x71f0000000000000, 2^800

/** The scale of a row's gradient; its second part is far below the last digit of float32. */
export const scaleOf = (scales: Float64Array, r: number): number =>
  Math.min(scales[scaleIndex(scales, r)], LARGEST_SCALE)

/** The same for losses with class weights, where it is multiplied with up to 1e120 before exponentials make it small. */
export const softScaleOf = (scales: Float64Array, r: number): number =>
  Math.min(scales[scaleIndex(scales, r)], LARGEST_SOFT_SCALE)

const LARGEST_SOFT_SCALE = 4.149515568880993e180 // 0x6570000000000000, 2^600
