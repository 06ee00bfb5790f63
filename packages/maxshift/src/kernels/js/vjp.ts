/**
 * Products of an upstream gradient g with the Jacobians of softmax, logSoftmax and logSumExp of x/T, row by row. With k the place of the
 * maximum and names as in scaled-row.ts,
 *
 *   softmax      p_j (g_j − Σ p_i g_i)/T = p_j (c_j − Σ_{i≠k} p_i c_i)/T      with c_i = g_i − g_k exactly
 *   logSoftmax   (g_j − p_j Σ g_i)/T, and at k  (others · g_k − Σ_{i≠k} g_i)/(total · T)
 *   logSumExp    p_j g/T
 *
 * Centring at k leaves the largest probability out of the sum, so for a confident row the sum has the digits of 1 − p_k; the form of logSoftmax
 * at k is (1 − p_k) g_k − p_k Σ_{i≠k} g_i. What is left to cancel is in the numbers g themselves.
 *
 * An entry of −∞ is ruled out: its outputs are constants, so its g counts for nothing, NaN and ∞ included, and its result is 0. Elsewhere
 * a g that is not finite makes the row NaN. float32 rows are computed in plain float64 as long as everything is finite.
 */
import type { FloatArray } from '../../arrays.ts'
import { sumError } from '../../special/double-double.ts'
import {
  addScaled,
  divideScaled,
  multiplyScaled,
  negateScaled,
  roundScaled,
  type Scaled,
  scaled,
  scaledOf,
} from '../../special/scaled.ts'
import { gapOf, newPlainRow, readPlainRow, weightOfGap } from './plain-row.ts'
import { clear, newScaledRow, ONE, readEntry, readScaledRow } from './scaled-row.ts'
import { pointMass } from './top.ts'

/** One row: logits and g from `start` on, and where the result goes. `empty` is the result for a row of −∞ only: NaN or 0. */
export type RowVjp = (
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  upstream: FloatArray,
  empty: number,
  out: FloatArray,
) => void

const row = newScaledRow()
const plain = newPlainRow()
const gap = scaled()
const weight = scaled()
const g = scaled()
const pivot = scaled()
const sum = scaled()
const factor = scaled()

/** Reads a row into `row`; where there is nothing to read, writes the result and returns false. */
function readRow(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  empty: number,
  out: FloatArray,
): boolean {
  if (!readScaledRow(logits, start, classes, temperature, row)) {
    const limit = pointMass(row, classes)
    if (limit === null) {
      out.fill(row.max === Number.NEGATIVE_INFINITY ? empty : Number.NaN, start, start + classes)
      return false
    }
    readScaledRow(limit, 0, classes, temperature, row)
  }
  divideScaled(ONE, row.total, factor)
  if (!row.isUnit) divideScaled(factor, row.temperature, factor)
  return true
}

const isRuledOut = (i: number): boolean => row.logits[row.start + i] === Number.NEGATIVE_INFINITY

/** Whether all g that count are finite; else the row is NaN, and 0 where it is ruled out. */
function hasFinite(upstream: FloatArray, start: number, classes: number, out: FloatArray): boolean {
  for (let i = 0; i < classes; i++) {
    if (Number.isFinite(upstream[start + i]) || isRuledOut(i)) continue
    for (let j = 0; j < classes; j++) out[start + j] = isRuledOut(j) ? 0 : Number.NaN
    return false
  }
  return true
}

/** value · factor, rounded, never −0. */
function finish(value: Scaled): number {
  multiplyScaled(value, factor, value)
  return roundScaled(value) + 0
}

/** c_i = g_i − g_k into `g`, with −g_k in `pivot`. */
function centre(upstream: FloatArray, place: number): void {
  scaledOf(upstream[place], g)
  addScaled(g, pivot, g)
}

export const softmaxVjpDouble: RowVjp = (logits, start, classes, temperature, upstream, empty, out) => {
  if (!readRow(logits, start, classes, temperature, empty, out)) return
  if (!hasFinite(upstream, start, classes, out)) return
  scaledOf(-upstream[start + row.index], pivot)
  clear(sum)
  for (let i = 0; i < classes; i++) {
    if (i === row.index || !readEntry(row, i, gap, weight)) continue
    centre(upstream, start + i)
    multiplyScaled(g, weight, g)
    addScaled(sum, g, sum)
  }
  divideScaled(sum, row.total, sum)
  negateScaled(sum, sum)
  for (let i = 0; i < classes; i++) {
    centre(upstream, start + i)
    addScaled(g, sum, g)
    const has = readEntry(row, i, gap, weight)
    if (has) multiplyScaled(g, weight, g)
    out[start + i] = has ? finish(g) : 0
  }
}

export const logSoftmaxVjpDouble: RowVjp = (logits, start, classes, temperature, upstream, empty, out) => {
  if (!readRow(logits, start, classes, temperature, empty, out)) return
  if (!hasFinite(upstream, start, classes, out)) return
  clear(sum)
  for (let i = 0; i < classes; i++) {
    if (i === row.index || isRuledOut(i)) continue
    scaledOf(upstream[start + i], g)
    addScaled(sum, g, sum)
  }
  negateScaled(sum, pivot) // −Σ_{i≠k} g_i
  scaledOf(-upstream[start + row.index], g)
  addScaled(pivot, g, sum) // −Σ g_i
  for (let i = 0; i < classes; i++) {
    scaledOf(upstream[start + i], g)
    if (i === row.index) {
      multiplyScaled(g, row.others, g)
      addScaled(g, pivot, g)
    } else {
      multiplyScaled(g, row.total, g)
      if (readEntry(row, i, gap, weight)) {
        multiplyScaled(weight, sum, weight)
        addScaled(g, weight, g)
      }
    }
    out[start + i] = isRuledOut(i) ? 0 : finish(g)
  }
}

/** The same for logSumExp, whose g is one number per row. */
export function logSumExpVjpDouble(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  upstream: number,
  out: FloatArray,
): void {
  if (!readRow(logits, start, classes, temperature, 0, out)) return
  const finite = Number.isFinite(upstream)
  scaledOf(finite ? upstream : 0, pivot)
  for (let i = 0; i < classes; i++) {
    const has = readEntry(row, i, gap, weight)
    if (has) multiplyScaled(weight, pivot, weight)
    if (finite) out[start + i] = has ? finish(weight) : 0
    else out[start + i] = isRuledOut(i) ? 0 : upstream
  }
}

export const softmaxVjpSingle: RowVjp = (logits, start, classes, temperature, upstream, empty, out) => {
  const known = readPlainRow(logits, start, classes, temperature, plain)
  const base = upstream[start + plain.index]
  let sum = known ? 0 : Number.NaN
  let errors = 0
  for (let i = 0; i < classes && known; i++) {
    if (i === plain.index) continue
    const product = weightOfGap(gapOf(plain, i)) * (upstream[start + i] - base)
    const next = sum + product
    errors += sumError(sum, product, next)
    sum = next
  }
  const mean = (sum + errors) / plain.total
  if (!Number.isFinite(mean)) {
    softmaxVjpDouble(logits, start, classes, temperature, upstream, empty, out)
    return
  }
  for (let i = 0; i < classes; i++) {
    const share = weightOfGap(gapOf(plain, i)) / plain.total
    out[start + i] = ((upstream[start + i] - base - mean) * share) / temperature + 0
  }
}

export const logSoftmaxVjpSingle: RowVjp = (logits, start, classes, temperature, upstream, empty, out) => {
  const known = readPlainRow(logits, start, classes, temperature, plain)
  let sum = known ? 0 : Number.NaN
  let errors = 0
  for (let i = 0; i < classes && known; i++) {
    if (i === plain.index || logits[start + i] === Number.NEGATIVE_INFINITY) continue
    const next = sum + upstream[start + i]
    errors += sumError(sum, upstream[start + i], next)
    sum = next
  }
  const rest = sum + errors
  const top = upstream[start + plain.index]
  if (!Number.isFinite(rest + top)) {
    logSoftmaxVjpDouble(logits, start, classes, temperature, upstream, empty, out)
    return
  }
  for (let i = 0; i < classes; i++) {
    const weight = weightOfGap(gapOf(plain, i))
    const isTop = i === plain.index
    const value = isTop ? plain.others * top - rest : plain.total * upstream[start + i] - weight * (rest + top)
    const ruledOut = logits[start + i] === Number.NEGATIVE_INFINITY
    out[start + i] = ruledOut ? 0 : value / plain.total / temperature + 0
  }
}

export function logSumExpVjpSingle(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  upstream: number,
  out: FloatArray,
): void {
  const known = readPlainRow(logits, start, classes, temperature, plain)
  if (!known || !Number.isFinite(upstream)) {
    logSumExpVjpDouble(logits, start, classes, temperature, upstream, out)
    return
  }
  const scale = upstream / plain.total
  for (let i = 0; i < classes; i++) out[start + i] = (weightOfGap(gapOf(plain, i)) * scale) / temperature + 0
}
