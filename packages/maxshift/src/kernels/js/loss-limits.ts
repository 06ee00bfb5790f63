/**
 * Losses and gradients of rows without a finite maximum, from the limits of limits.ts.
 */
import type { FloatArray } from '../../arrays.ts'
import { certain, limitSoftmax } from './limits.ts'
import type { Top } from './top.ts'

/** The loss: 0 if the label is at the +∞, +∞ if it is elsewhere, or NaN. */
export function limitLoss(top: Top, label: number): number {
  return label === top.index ? certain(top) - 1 : certain(top) * Number.POSITIVE_INFINITY
}

/** The row of the gradient: softmax minus the indicator of the label, times the scale; +0 throughout for scale 0. */
export function limitGradient(
  top: Top,
  start: number,
  classes: number,
  label: number,
  scale: number,
  out: FloatArray,
): void {
  limitSoftmax(top, start, classes, out)
  out[start + label] -= 1
  for (let i = start; i < start + classes; i++) out[i] = times(out[i], scale)
}

const times = (value: number, scale: number): number => (scale === 0 ? 0 : value === 0 ? value : value * scale)

/** The loss for class weights: +∞ if any weight lies beside the +∞, or with a z-loss, else 0; or NaN. */
export function limitSoftLoss(top: Top, target: (k: number) => number, classes: number, zLoss: number): number {
  let isInfinite = zLoss > 0
  for (let k = 0; k < classes; k++) isInfinite ||= k !== top.index && target(k) > 0
  return isInfinite ? certain(top) * Number.POSITIVE_INFINITY : certain(top) - 1
}

/** The row of the gradient for class weights: minus the weight, and at the +∞ the sum of the other weights, or +∞ with a z-loss. */
export function limitSoftGradient(
  top: Top,
  start: number,
  classes: number,
  target: (k: number) => number,
  zLoss: number,
  scale: number,
  out: FloatArray,
): void {
  let others = zLoss > 0 ? Number.POSITIVE_INFINITY : 0
  for (let k = 0; k < classes; k++) {
    const weight = target(k)
    if (k !== top.index) others += weight
    out[start + k] = times(certain(top) * (0 - weight), scale)
  }
  out[start + top.index] = times(certain(top) * others, scale)
}
