/**
 * The divergences of divergence-double.ts for float32 logits, in plain float64: the same forms, and the same reason for each. What must
 * be exact even here is r_i, the difference of two differences: they are taken with their rounding errors.
 */
import type { FloatArray } from '../../arrays.ts'
import { sumError } from '../../special/double-double.ts'
import { expm1 } from '../../special/exp.ts'
import { exp2Single, LOG2_E } from '../../special/exp-single.ts'
import { log1p } from '../../special/log.ts'
import { infiniteGradient, isMissing, isPresent, refuseRows } from './divergence-rows.ts'
import { gapOf, newPlainRow, type PlainRow, readPlainRow, weightOfGap } from './plain-row.ts'
import { pointMass } from './top.ts'

const a = newPlainRow()
const b = newPlainRow()
/** δ_i = ((b_i − pivot) − (a_i − m_a))/T + shift, as in scaled-comparison.ts. */
let pivot = 0
let shift = 0

const NEAR = 2

function readRow(logits: FloatArray, start: number, classes: number, temperature: number, row: PlainRow): boolean {
  if (readPlainRow(logits, start, classes, temperature, row)) return true
  const limit = pointMass(row, classes)
  return limit !== null && readPlainRow(limit, 0, classes, temperature, row)
}

/** Float32 entries are equal or infinitely far apart at this temperature, in float32; below it quotients would leave float64. */
const COLDEST = 1e-200

function compareRows(
  aLogits: FloatArray,
  bLogits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
): boolean {
  const t = Math.max(temperature, COLDEST)
  if (!readRow(aLogits, start, classes, t, a)) return false
  if (!readRow(bLogits, start, classes, t, b)) return false
  pivot = b.logits[b.start + a.index]
  if ((b.max - pivot) / t <= NEAR) shiftFromDifferences(classes)
  else {
    pivot = b.max
    shift = a.log - b.log
  }
  return true
}

function shiftFromDifferences(classes: number): void {
  shift = 0
  let sum = 0
  for (let i = 0; i < classes; i++) {
    const p = weightOfGap(gapOf(a, i))
    const distance = (pivot - b.logits[b.start + i]) / b.temperature
    const q = distance < 0 ? exp2Single(distance * -LOG2_E) : weightOfGap(distance)
    if (p !== 0 && q !== 0) {
      const delta = deltaOf(i)
      sum += delta > 0 ? -q * expm1(-delta) : p * expm1(delta)
    } else sum += q - p
  }
  shift = -log1p(sum / a.total)
}

/** δ_i; ±∞ or NaN where an entry is −∞. */
function deltaOf(i: number): number {
  const aValue = a.logits[a.start + i]
  const bValue = b.logits[b.start + i]
  const fromB = bValue - pivot
  const fromA = aValue - a.max
  const difference = fromB - fromA
  const error = sumError(fromB, -fromA, difference)
  const errors = sumError(bValue, -pivot, fromB) - sumError(aValue, -a.max, fromA)
  return (difference + (error + errors)) / a.temperature + shift
}

const shareOfA = (i: number): number => weightOfGap(gapOf(a, i)) / a.total
const shareOfB = (i: number): number => weightOfGap(gapOf(b, i)) / b.total

/** KL(p ‖ q) of one row, still to be rounded; its gradients, where they are given, from `start` on. */
export function klSingle(
  aLogits: FloatArray,
  bLogits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  aGradient: FloatArray | null,
  bGradient: FloatArray | null,
): number {
  if (!compareRows(aLogits, bLogits, start, classes, temperature)) {
    return refuseRows(start, classes, aGradient, bGradient)
  }
  let sum = 0
  let missing = 0
  let present = 0
  for (let i = 0; i < classes; i++) {
    if (isPresent(a, i)) present++
    if (isMissing(a, b, i)) missing++
    else sum += klTerm(i)
  }
  if (aGradient !== null || bGradient !== null) {
    for (let i = 0; i < classes; i++) {
      const byA = missing > 0 ? infiniteGradient(a, b, i, present > missing) : klGradientByA(i, sum)
      const byB = klGradientByB(i)
      if (aGradient !== null) aGradient[start + i] = byA
      if (bGradient !== null) bGradient[start + i] = byB
    }
  }
  return missing > 0 ? Number.POSITIVE_INFINITY : sum
}

function klTerm(i: number): number {
  const p = shareOfA(i)
  if (p === 0) return shareOfB(i)
  const delta = deltaOf(i)
  if (delta <= 1) return p * excess(delta)
  return shareOfB(i) * (1 - (1 + delta) * weightOfGap(delta))
}

/** Below this expm1(x) − x is its series. */
const EXCESS_SERIES = 0.03125

function excess(x: number): number {
  if (x >= EXCESS_SERIES || x <= -EXCESS_SERIES) return expm1(x) - x
  return x * x * (1 / 2 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x * (1 / 720 + x * (1 / 5040 + x * (1 / 40320)))))))
}

function klGradientByA(i: number, divergence: number): number {
  const p = shareOfA(i)
  return a.others === 0 || p === 0 ? 0 : (-p * (deltaOf(i) + divergence)) / a.temperature + 0
}

function klGradientByB(i: number): number {
  const p = shareOfA(i)
  const q = shareOfB(i)
  if (p === 0 || q === 0) return (q - p) / a.temperature
  const delta = deltaOf(i)
  return (delta > 0 ? -q * expm1(-delta) : p * expm1(delta)) / a.temperature + 0
}

const LN2 = 0.6931471805599453 // 0x3fe62e42fefa39ef

/** log(2p/(p + q)) and log(2q/(p + q)) of an entry, and its term of JS. */
let aLog = 0
let bLog = 0

/** JS(p, q) of one row, still to be rounded; its gradients, where they are given, from `start` on. */
export function jsSingle(
  aLogits: FloatArray,
  bLogits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  aGradient: FloatArray | null,
  bGradient: FloatArray | null,
): number {
  if (!compareRows(aLogits, bLogits, start, classes, temperature)) {
    return refuseRows(start, classes, aGradient, bGradient)
  }
  let sum = 0
  let aMean = 0
  let bMean = 0
  for (let i = 0; i < classes; i++) {
    const p = shareOfA(i)
    const q = shareOfB(i)
    sum += jsTerm(i, p, q)
    if (p !== 0) aMean += p * aLog
    if (q !== 0) bMean += q * bLog
  }
  if (aGradient !== null || bGradient !== null) {
    for (let i = 0; i < classes; i++) {
      const p = shareOfA(i)
      const q = shareOfB(i)
      jsTerm(i, p, q)
      if (aGradient !== null) aGradient[start + i] = p === 0 ? 0 : (0.5 * p * (aLog - aMean)) / a.temperature
      if (bGradient !== null) bGradient[start + i] = q === 0 ? 0 : (0.5 * q * (bLog - bMean)) / a.temperature
    }
  }
  return sum
}

/** Below this h is its series; coefficients as in divergence-double.ts. */
const JS_SERIES = 0.125

/** The term of JS; leaves aLog and bLog. */
function jsTerm(i: number, p: number, q: number): number {
  if (p === 0 || q === 0) {
    aLog = bLog = LN2
    return 0.5 * LN2 * (p + q)
  }
  const delta = deltaOf(i)
  const x = Math.abs(delta)
  const power = expm1(-x) // w − 1
  const log = log1p(0.5 * power)
  aLog = delta < 0 ? -log : -x - log
  bLog = delta < 0 ? -x - log : -log
  const half = 0.5 * Math.max(p, q)
  if (x >= JS_SERIES) return half * (-(2 + power) * log - (1 + power) * x)
  const y2 = 0.25 * x * x
  return half * (2 + power) * y2 * (1 / 2 + y2 * (-1 / 4 + y2 * (1 / 9 + y2 * (-17 / 360 + y2 * (31 / 1575)))))
}
