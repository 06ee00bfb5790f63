/**
 * log |Σ_i w_i · exp(x_i/T) / n| of one row, for weights of any sign and a count n, in double-double arithmetic.
 *
 * With m the largest x_i that counts, every term t_i = w_i · exp((x_i − m)/T) is taken to 2^−97, divided by a power of two 2^E that makes the
 * largest of them nearly 1, and added exactly on grids down to 2^−104, so that terms of both signs cancel as far as they can and their
 * order does not matter. The result is m/T + log(|Σ t_i/2^E|/n · 2^E).
 */
import type { FloatArray } from '../../arrays.ts'
import { highWord, powerOfTwo } from '../../special/bits.ts'
import { addPairs, dividePairs, multiplyPairs, type Pair } from '../../special/double-double.ts'
import { EXP_UNDERFLOW, type ExpParts } from '../../special/exp.ts'
import { expFull } from '../../special/exp-full.ts'
import { LOG2_E } from '../../special/exp-single.ts'
import { addToGridSum, clearGridSum, type GridSum, gridSum, gridTotal } from '../../special/grid-sum.ts'
import { FULL } from '../../special/precision.ts'
import { type Scaled, scaled, scaledOf } from '../../special/scaled.ts'
import { differenceOver, overTemperature, type Temperature, temperatureOf } from './temperature.ts'

/** A row: logits[start + i] and weights[weightsStart + i], or 1 where there are no weights. */
export interface WeightedRow {
  logits: FloatArray
  start: number
  classes: number
  weights: FloatArray | null
  weightsStart: number
}

export interface SignedLog {
  log: number
  /** 1 or −1; 0 where the sum is 0 or NaN. */
  sign: number
}

const quotient: Pair = { hi: 0, lo: 0 }
const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const weight: Scaled = scaled()
const total: Scaled = scaled()
const slices: GridSum = gridSum()

/** Fills `out`; see above. NaN where one is among logits or weights; a weight of 0 and a logit of −∞ count nothing; +∞ decides. */
export function signedLogSumExp(row: WeightedRow, temperature: number, count: number, out: SignedLog): void {
  const max = largestEntry(row, out)
  if (!Number.isFinite(max)) return
  const scale = temperatureOf(temperature)
  addTerms(row, max, scale, largestExponent(row, max, scale))
  out.sign = Math.sign(total.hi)
  if (out.sign === 0) {
    out.log = Number.NEGATIVE_INFINITY
    return
  }
  dividePairs(out.sign * total.hi, out.sign * total.lo, count, 0, total)
  FULL.log(total, total)
  overTemperature(scale, max * scale.half, 0, quotient)
  if (total.hi === 0 || !Number.isFinite(quotient.hi)) {
    out.log = max / temperature
    return
  }
  addPairs(quotient.hi, quotient.lo, total.hi, total.lo, quotient)
  out.log = quotient.hi
}

/** The largest entry that counts. Where the result does not depend on finite numbers, it is left in `out` and NaN returned. */
function largestEntry({ logits, start, classes, weights, weightsStart }: WeightedRow, out: SignedLog): number {
  let max = Number.NEGATIVE_INFINITY
  let hasNaN = false
  let infinities = 0 // the sum of ±∞, NaN where there are both
  for (let i = 0; i < classes; i++) {
    const x = logits[start + i]
    const w = weights === null ? 1 : weights[weightsStart + i]
    if (Number.isNaN(x) || Number.isNaN(w)) hasNaN = true
    else if (w === 0 || x === Number.NEGATIVE_INFINITY) continue
    else if (x === Number.POSITIVE_INFINITY || Math.abs(w) === Number.POSITIVE_INFINITY) {
      infinities += w * Number.POSITIVE_INFINITY
    } else if (x > max) max = x
  }
  if (!hasNaN && infinities === 0 && max > Number.NEGATIVE_INFINITY) return max
  out.log = hasNaN ? Number.NaN : infinities === 0 ? max : Math.abs(infinities)
  out.sign = Number.isNaN(out.log) || infinities === 0 ? 0 : Math.sign(infinities)
  return Number.NaN
}

/** ⌊log2 |x|⌋ of a normal number. */
export const exponentOf = (x: number): number => ((highWord(x) >> 20) & 0x7ff) - 1023

/** Leaves w_i in `weight` and (x_i − m)/T in `quotient`, and returns an exponent that |t_i| is below; −∞ if it counts nothing. */
function boundTerm(row: WeightedRow, i: number, max: number, scale: Temperature): number {
  const w = row.weights === null ? 1 : row.weights[row.weightsStart + i]
  if (w === 0) return Number.NEGATIVE_INFINITY
  differenceOver(scale, row.logits[row.start + i], max, quotient)
  if (!(quotient.hi > EXP_UNDERFLOW)) return Number.NEGATIVE_INFINITY
  scaledOf(w, weight)
  return exponentOf(weight.hi) + weight.exponent + 1 + Math.ceil(quotient.hi * LOG2_E)
}

/** E: the largest of those exponents. */
function largestExponent(row: WeightedRow, max: number, scale: Temperature): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < row.classes; i++) largest = Math.max(largest, boundTerm(row, i, max, scale))
  return largest
}

/** Beside the largest term, those below this vanish on the grid. */
const BELOW_GRID = -110

/** Leaves Σ t_i in `total`. */
function addTerms(row: WeightedRow, max: number, scale: Temperature, exponent: number): void {
  clearGridSum(slices)
  for (let i = 0; i < row.classes; i++) {
    if (boundTerm(row, i, max, scale) - exponent < BELOW_GRID) continue
    expFull(quotient.hi, quotient.lo, term)
    multiplyPairs(term.hi, term.lo, weight.hi, 0, term)
    const unit = powerOfTwo(term.exponent + weight.exponent - exponent)
    addToGridSum(term.hi * unit, term.lo * unit, slices)
  }
  gridTotal(slices, total)
  total.exponent = exponent
}
