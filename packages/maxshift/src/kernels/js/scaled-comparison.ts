/**
 * Two rows of float64 logits a and b, as distributions p and q, and the logarithm of their quotient δ_i = log(q_i/p_i), accurate also
 * where the rows differ by 1e−16 or 1e−300. Divergences (divergence-double.ts) are made of these.
 *
 * With k the place of the maximum of a, and r_i = ((b_i − b_k) − (a_i − a_k))/T, which is exact but for 2^−104 of itself,
 *
 *   δ_i = r_i − log1p(Σ p_i expm1(r_i))
 *
 * Because p_k ≥ 1/n, what the subtraction cancels is at most a factor n in the sums that use δ. Where b_k is more than NEAR below the
 * maximum of b, δ_k is of order 1, and δ_i = ((b_i − m_b) − (a_i − m_a))/T + L_a − L_b does.
 */
import type { FloatArray } from '../../arrays.ts'
import { powerOfTwo } from '../../special/bits.ts'
import { QUICK } from '../../special/precision.ts'
import {
  addScaled,
  approximately,
  divideScaled,
  multiplyScaled,
  negateScaled,
  type Scaled,
  scaled,
} from '../../special/scaled.ts'
import {
  clear,
  differenceOver,
  exactDifference,
  expOfNegative,
  newScaledRow,
  ONE,
  readEntry,
  readScaledRow,
  type ScaledRow,
} from './scaled-row.ts'
import { pointMass } from './top.ts'

export const a = newScaledRow()
export const b = newScaledRow()
/** What readShares and readDelta leave: p_i, q_i and δ_i. */
export const p = scaled()
export const q = scaled()
export const delta = scaled()

/** 1/total of either row. */
const aFactor = scaled()
const bFactor = scaled()
/** δ_i = ((b_i − pivot) − (a_i − m_a))/T + shift. */
let pivot = 0
const shift = scaled()

const gap = scaled()
const term = scaled()
const sum = scaled()

/** Up to this gap of b at the place of a's maximum, the shift is found from differences. */
const NEAR = 2

function readRow(logits: FloatArray, start: number, classes: number, temperature: number, row: ScaledRow): boolean {
  if (readScaledRow(logits, start, classes, temperature, row)) return true
  const limit = pointMass(row, classes)
  return limit !== null && readScaledRow(limit, 0, classes, temperature, row)
}

/** Reads both rows; false if one has no limit. */
export function compareRows(
  aLogits: FloatArray,
  bLogits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
): boolean {
  if (!readRow(aLogits, start, classes, temperature, a)) return false
  if (!readRow(bLogits, start, classes, temperature, b)) return false
  divideScaled(ONE, a.total, aFactor)
  divideScaled(ONE, b.total, bFactor)
  pivot = b.logits[b.start + a.index]
  if (differenceOver(b, b.max, pivot, gap) && approximately(gap) <= NEAR) shiftFromDifferences(classes)
  else {
    pivot = b.max
    negateScaled(b.log, shift)
    addScaled(a.log, shift, shift)
  }
  return true
}

/** shift = −log1p(Σ p_i expm1(r_i)), where p_i expm1(r_i) = p_k · (exp(b_i − b_k) − exp(a_i − a_k)). */
function shiftFromDifferences(classes: number): void {
  clear(shift)
  clear(sum)
  for (let i = 0; i < classes; i++) {
    const hasP = readEntry(a, i, gap, p)
    const hasQ = differenceOver(b, b.logits[b.start + i], pivot, gap)
    if (hasQ) expUpToNear(gap, q)
    if (hasP && hasQ) {
      readDelta(i)
      const grows = delta.hi > 0
      expm1OfNegative(delta, term)
      multiplyScaled(term, grows ? q : p, term)
      if (grows) negateScaled(term, term)
    } else if (hasQ) addScaled(q, ZERO, term)
    else if (hasP) negateScaled(p, term)
    else continue
    addScaled(sum, term, sum)
  }
  multiplyScaled(sum, aFactor, sum)
  QUICK.log1p(sum, shift)
  negateScaled(shift, shift)
}

const ZERO: Readonly<Scaled> = { hi: 0, lo: 0, exponent: 0 }

/** out = exp(x) for x ≤ NEAR. */
function expUpToNear(x: Scaled, out: Scaled): void {
  if (x.hi > 0) {
    QUICK.exp(approximately(x), x.lo * powerOfTwo(Math.max(x.exponent, -1022)), out)
  } else {
    negateScaled(x, term)
    expOfNegative(term, out)
  }
}

/** out = exp(−|x|) − 1. */
export function expm1OfNegative(x: Scaled, out: Scaled): void {
  const value = approximately(x)
  const sign = value < 0 ? 1 : -1
  if (Math.abs(value) < 1600) {
    QUICK.expm1(sign * value, sign * x.lo * powerOfTwo(Math.max(x.exponent, -1022)), out)
  } else negateScaled(ONE, out)
}

const fromA = scaled()

/** Leaves δ_i in `delta`; false where it is infinite. */
export function readDelta(i: number): boolean {
  const aValue = a.logits[a.start + i]
  const bValue = b.logits[b.start + i]
  if (!(exactDifference(bValue, pivot, delta) && exactDifference(a.max, aValue, fromA))) return false
  addScaled(delta, fromA, delta)
  if (!a.isUnit) divideScaled(delta, a.temperature, delta)
  addScaled(delta, shift, delta)
  return true
}

/** Leaves p_i in `p`; false where it is 0, by an entry of −∞ or so far below that nothing of it can show. */
export function readP(i: number): boolean {
  const has = readEntry(a, i, gap, p)
  if (has) multiplyScaled(p, aFactor, p)
  return has
}

/** Leaves q_i in `q`, likewise. */
export function readQ(i: number): boolean {
  const has = readEntry(b, i, gap, q)
  if (has) multiplyScaled(q, bFactor, q)
  return has
}
