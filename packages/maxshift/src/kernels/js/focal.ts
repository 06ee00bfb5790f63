/**
 * Focal loss from logits (Lin, Goyal, Girshick, He & Dollár, "Focal loss for dense object detection", ICCV 2017), of rows with a label and
 * of single logits. With p the probability of the truth, c = 1 − p and ℓ = −log p,
 *
 *   F = c^γ ℓ      ∂F/∂x_j = p_j · D for j ≠ y, −c · D for j = y,      D = c^γ (1 + γ p ℓ/c) ≥ 0
 *
 * c is the sum of the others over the total, never 1 − p, so a well-classified row keeps all digits: F is about p · c^(γ+1) there. Small
 * integer powers are products; others are exp(γ log c), with log c = log1p(−p) while p is below ½. float64 is computed in Scaled numbers,
 * float32 in plain float64. An error of c, 2^−64 (2^−40) at most, is multiplied by γ.
 */
import type { FloatArray } from '../../arrays.ts'
import { exp } from '../../special/exp.ts'
import { log, log1p } from '../../special/log.ts'
import { FULL, QUICK } from '../../special/precision.ts'
import {
  addScaled,
  approximately,
  divideScaled,
  exactSum,
  multiplyScaled,
  negateScaled,
  roundScaled,
  type Scaled,
  scaled,
  scaledOf,
} from '../../special/scaled.ts'
import { gapOf, newPlainRow, readPlainRow, weightOfGap } from './plain-row.ts'
import { clear, differenceOver, expOfNegative, newScaledRow, ONE, readEntry, readScaledRow } from './scaled-row.ts'
import { pointMass } from './top.ts'

/** Integers up to this are powers by multiplication. */
const LARGEST_PRODUCT = 32
/** Where γ |log c| is larger, the logarithm is taken in full: its error is multiplied by it. */
const QUICK_LOG = 8

const p = scaled()
const c = scaled()
/** ℓ. */
const loss = scaled()
/** c^γ and D. */
const power = scaled()
const slope = scaled()
const part = scaled()
const exponent = scaled()

/** Leaves c^γ in `power`, for c in [0, 1]. */
function raise(gamma: number): void {
  if (gamma === 0 || c.hi === 0) {
    addScaled(gamma === 0 ? ONE : c, ZERO, power)
    return
  }
  if (Number.isInteger(gamma) && gamma <= LARGEST_PRODUCT) {
    addScaled(c, ZERO, power)
    for (let k = 1; k < gamma; k++) multiplyScaled(power, c, power)
    return
  }
  scaledOf(gamma, exponent)
  for (const precision of [QUICK, FULL]) {
    negateScaled(p, part)
    if (approximately(p) < 0.5) precision.log1p(part, power)
    else precision.log(c, power)
    multiplyScaled(power, exponent, power)
    if (approximately(power) > -QUICK_LOG) break
  }
  negateScaled(power, power)
  expOfNegative(power, power)
}

const ZERO: Readonly<Scaled> = { hi: 0, lo: 0, exponent: 0 }

/** Leaves c^γ and D, from p, c and `loss`. */
function finish(gamma: number): void {
  raise(gamma)
  clear(slope)
  if (c.hi !== 0 && gamma !== 0) {
    scaledOf(gamma, slope)
    multiplyScaled(slope, p, slope)
    multiplyScaled(slope, loss, slope)
    divideScaled(slope, c, slope)
  }
  addScaled(slope, ONE, slope)
  multiplyScaled(slope, power, slope)
}

const row = newScaledRow()
const weight = scaled()
const scale = scaled()
const gap = scaled()

/** The scale of a gradient, with 1/T in it, as a pair; 0 leaves the row out. */
type Scale = readonly [hi: number, lo: number]

/**
 * The loss of one row, in float64 but unscaled, and its gradient times `scale` from `start` on. `empty` is the result for a row of
 * −∞ only.
 */
export function focalDouble(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  label: number,
  gamma: number,
  empty: number,
  scaleOf: Scale,
  gradient: FloatArray | null,
): number {
  if (!readScaledRow(logits, start, classes, temperature, row)) {
    const limit = pointMass(row, classes)
    if (limit === null) {
      const value = row.max === Number.NEGATIVE_INFINITY ? empty : Number.NaN
      gradient?.fill(scaleOf[0] === 0 ? 0 : value, start, start + classes)
      return value
    }
    readScaledRow(limit, 0, classes, temperature, row)
  }
  const isPossible = readLabel(label, gamma)
  if (gradient !== null) {
    exactSum(scaleOf[0], scaleOf[1], scale)
    multiplyScaled(slope, scale, slope)
    divideScaled(slope, row.total, scale)
    for (let i = 0; i < classes; i++) {
      const has = i !== label && readEntry(row, i, gap, weight)
      if (has) multiplyScaled(weight, scale, weight)
      gradient[start + i] = has ? roundScaled(weight) + 0 : 0
    }
    negateScaled(slope, slope)
    multiplyScaled(slope, c, slope)
    gradient[start + label] = roundScaled(slope) + 0
  }
  if (!isPossible) return Number.POSITIVE_INFINITY
  multiplyScaled(power, loss, loss)
  return roundScaled(loss) + 0
}

/** Leaves p, c, `loss`, c^γ and D of the label; false where its logit is −∞. */
function readLabel(label: number, gamma: number): boolean {
  const value = row.logits[row.start + label]
  clear(p)
  addScaled(row.total, ZERO, c)
  const isPossible = differenceOver(row, row.max, value, loss)
  if (isPossible) {
    expOfNegative(loss, p)
    negateScaled(p, weight)
    if (value === row.max) addScaled(row.others, ZERO, c)
    else addScaled(c, weight, c)
    addScaled(loss, row.log, loss)
    divideScaled(p, row.total, p)
  } else clear(loss)
  divideScaled(c, row.total, c)
  finish(gamma)
  return isPossible
}

/** The loss of −log σ(y) = log(1 + e^−y), in float64; leaves −∂F/∂y in `slope`. */
function binaryDouble(y: number, gamma: number): number {
  clear(weight)
  clear(gap)
  if (Number.isFinite(y)) {
    QUICK.exp(-Math.abs(y), 0, weight)
    scaledOf(Math.max(-y, 0), gap)
  }
  addScaled(weight, ONE, part)
  divideScaled(ONE, part, y >= 0 ? p : c)
  divideScaled(weight, part, y >= 0 ? c : p)
  QUICK.log1p(weight, loss)
  addScaled(loss, gap, loss)
  finish(gamma)
  multiplyScaled(slope, c, slope)
  if (y === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY
  multiplyScaled(power, loss, loss)
  return roundScaled(loss)
}

/** c^γ and D in plain float64. */
let plainPower = 0
let plainSlope = 0

function finishPlain(share: number, rest: number, value: number, gamma: number): void {
  if (gamma === 0 || rest === 0) plainPower = gamma === 0 ? 1 : 0
  else if (Number.isInteger(gamma) && gamma <= LARGEST_PRODUCT) {
    plainPower = rest
    for (let k = 1; k < gamma; k++) plainPower *= rest
  } else plainPower = exp(gamma * (share < 0.5 ? log1p(-share) : log(rest)))
  plainSlope = plainPower * (gamma === 0 || rest === 0 ? 1 : 1 + gamma * share * (value / rest))
}

const plain = newPlainRow()

/** focalDouble for float32; its loss is still to be rounded. */
export const focalSingle: typeof focalDouble = (
  logits,
  start,
  classes,
  temperature,
  label,
  gamma,
  empty,
  scaleOf,
  gradient,
) => {
  const known = readPlainRow(logits, start, classes, temperature, plain)
  const distance = gapOf(plain, label)
  if (!known || !Number.isFinite(distance)) {
    return focalDouble(logits, start, classes, temperature, label, gamma, empty, scaleOf, gradient)
  }
  const share = weightOfGap(distance)
  const rest = (distance === 0 ? plain.others : plain.total - share) / plain.total
  const value = distance + plain.log
  finishPlain(share / plain.total, rest, value, gamma)
  if (gradient !== null) {
    const factor = (plainSlope * scaleOf[0]) / plain.total
    for (let i = 0; i < classes; i++) gradient[start + i] = weightOfGap(gapOf(plain, i)) * factor + 0
    gradient[start + label] = 0 - plainSlope * scaleOf[0] * rest
  }
  return plainPower * value
}

function binarySingle(y: number, gamma: number): number {
  const e = weightOfGap(Math.abs(y))
  const share = (y >= 0 ? 1 : e) / (1 + e)
  const rest = (y >= 0 ? e : 1) / (1 + e)
  const value = log1p(e) + Math.max(-y, 0)
  finishPlain(share, rest, y === Number.NEGATIVE_INFINITY ? 0 : value, gamma)
  plainSlope *= rest
  return value === Number.POSITIVE_INFINITY ? value : plainPower * value
}

/** What binaryFocal computes; arrays as in binary-cross-entropy.ts. */
export interface BinaryFocalTask {
  readonly logits: FloatArray
  /** 0 or 1. */
  readonly targets: ArrayLike<number>
  readonly classes: number
  readonly gamma: number
  /** What losses of target 1 and of target 0 are multiplied with, each as a pair. */
  readonly weights: readonly [Scale, Scale]
  readonly losses: Float64Array
  readonly gradient: FloatArray | null
  readonly scales: Float64Array
}

export function binaryFocal({
  logits,
  targets,
  classes,
  gamma,
  weights,
  losses,
  gradient,
  scales,
}: BinaryFocalTask): void {
  const isSingle = logits instanceof Float32Array
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i]
    const sign = targets[i] === 1 ? 1 : -1
    const [hi, lo] = weights[sign === 1 ? 0 : 1]
    const r = 2 * Math.floor(i / classes)
    const share = gradient === null ? 0 : scales[r]
    if (Number.isNaN(x) || hi === 0) {
      losses[i] = Number.isNaN(x) ? x : 0
      if (gradient !== null) gradient[i] = share === 0 ? 0 : losses[i]
    } else if (isSingle) {
      losses[i] = binarySingle(sign * x, gamma) * hi
      if (gradient !== null) gradient[i] = 0 - sign * plainSlope * hi * share
    } else {
      losses[i] = weigh(binaryDouble(sign * x, gamma), hi, lo)
      if (gradient === null) continue
      exactSum(-sign * share, -sign * scales[r + 1], scale)
      exactSum(hi, lo, part)
      multiplyScaled(slope, scale, slope)
      multiplyScaled(slope, part, slope)
      gradient[i] = roundScaled(slope) + 0
    }
  }
}

/** The loss of the entry in `loss` times a weight; `value` is what it is alone. */
function weigh(value: number, hi: number, lo: number): number {
  if (!Number.isFinite(value) || hi === 1) return value
  exactSum(hi, lo, part)
  multiplyScaled(loss, part, loss)
  return roundScaled(loss) + 0
}
