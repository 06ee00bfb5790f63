/**
 * Binary cross-entropy of logits, entry by entry, with its derivative.
 *
 * With e = exp(−|x|), λ = log1p(e), a = positiveWeight · z and c = 1 − z for a target z in [0, 1],
 *
 *   loss         a log(1 + e^−x) + c log(1 + e^x) = (a + c) λ + (x ≥ 0 ? c : a) |x|
 *   derivative   c σ(x) − a σ(−x) = (x ≥ 0 ? c − a e : c e − a)/(1 + e)
 *
 * Every term of the loss is ≥ 0; in the derivative only a target between 0 and 1 can cancel. For z = 1 it is −e/(1 + e), never σ(x) − 1.
 * float64 is computed in Scaled numbers, float32 in plain float64.
 */
import type { FloatArray } from '../../arrays.ts'
import { log1p } from '../../special/log.ts'
import { QUICK } from '../../special/precision.ts'
import {
  addScaled,
  divideScaled,
  exactSum,
  multiplyScaled,
  negateScaled,
  roundScaled,
  scaled,
  scaledOf,
} from '../../special/scaled.ts'
import { weightOfGap } from './plain-row.ts'
import { clear, ONE } from './scaled-row.ts'

/** What is computed: rows × classes logits with as many targets. */
export interface BinaryTask {
  readonly logits: FloatArray
  /** In [0, 1]. */
  readonly targets: ArrayLike<number>
  readonly rows: number
  readonly classes: number
  /** positiveWeight, one number per class; null for 1. */
  readonly positive: Float64Array | null
  /** The share of a target that is moved, half of it to 1 and half to 0. */
  readonly smoothing: number
  readonly losses: Float64Array
  readonly gradient: FloatArray | null
  /** What a row of the gradient is multiplied with, as pairs; a row of scale 0 has gradient 0, whatever it holds. */
  readonly scales: Float64Array
}

const power = scaled()
const log = scaled()
const total = scaled()
const size = scaled()
const value = scaled()
const scale = scaled()
const part = scaled()
/** a and c. */
const positive = scaled()
const negative = scaled()

export function binaryCrossEntropyDouble(task: BinaryTask): void {
  const { logits, rows, classes, losses, gradient, scales } = task
  for (let i = 0; i < rows * classes; i++) {
    const x = logits[i]
    if (Number.isFinite(x)) {
      scaledOf(Math.abs(x), size)
      QUICK.exp(-Math.abs(x), 0, power)
    } else clear(power)
    QUICK.log1p(power, log)
    addScaled(power, ONE, total)
    readTarget(task, i)
    losses[i] = lossOf(x)
    if (gradient === null) continue
    const r = 2 * Math.floor(i / classes)
    exactSum(scales[r], scales[r + 1], scale)
    gradient[i] = scales[r] === 0 ? 0 : gradientOf(x)
  }
}

function readTarget(task: BinaryTask, place: number): void {
  const target = task.targets[place]
  scaledOf(target, positive)
  exactSum(1, -target, negative)
  if (task.smoothing > 0) {
    exactSum(1, -task.smoothing, part)
    multiplyScaled(positive, part, positive)
    multiplyScaled(negative, part, negative)
    scaledOf(0.5 * task.smoothing, part)
    addScaled(positive, part, positive)
    addScaled(negative, part, negative)
  }
  if (task.positive === null) return
  scaledOf(task.positive[place % task.classes], part)
  multiplyScaled(positive, part, positive)
}

function lossOf(x: number): number {
  if (Number.isNaN(x)) return x
  const outer = x >= 0 ? negative : positive
  if (!Number.isFinite(x)) return outer.hi === 0 ? 0 : Number.POSITIVE_INFINITY
  addScaled(positive, negative, value)
  multiplyScaled(value, log, value)
  multiplyScaled(outer, size, part)
  addScaled(value, part, value)
  return roundScaled(value) + 0
}

function gradientOf(x: number): number {
  if (Number.isNaN(x)) return x
  multiplyScaled(x >= 0 ? positive : negative, power, value)
  negateScaled(value, value)
  addScaled(x >= 0 ? negative : positive, value, value)
  if (x < 0) negateScaled(value, value)
  divideScaled(value, total, value)
  multiplyScaled(value, scale, value)
  return roundScaled(value) + 0
}

export function binaryCrossEntropySingle(task: BinaryTask): void {
  const { logits, targets, rows, classes, smoothing, losses, gradient, scales } = task
  const keep = 1 - smoothing
  for (let i = 0; i < rows * classes; i++) {
    const x = logits[i]
    const weight = task.positive === null ? 1 : task.positive[i % classes]
    const a = weight * (targets[i] * keep + 0.5 * smoothing)
    const c = (1 - targets[i]) * keep + 0.5 * smoothing
    const e = Number.isNaN(x) ? x : weightOfGap(Math.abs(x))
    const outer = x >= 0 ? c : a
    // 0 · ∞ is nothing here; a NaN shows by e
    losses[i] = (a + c) * log1p(e) + (outer === 0 ? 0 : outer * Math.abs(x))
    if (gradient === null) continue
    const share = scales[2 * Math.floor(i / classes)]
    gradient[i] = share === 0 ? 0 : ((x >= 0 ? c - a * e : c * e - a) / (1 + e)) * share + 0
  }
}
