/**
 * What the module exports for accurate mode: <operation>_<dtype>, over rows; see rows.ts for what is returned.
 */
import { CROSS_ENTROPY, GRADIENT, LOG_SOFTMAX, LOG_SUM_EXP, overRows, SOFTMAX } from './rows'

export function softmax_f32(x: usize, rows: i32, classes: usize, out: usize, flags: usize, scratch: usize): i32 {
  return overRows(SOFTMAX, x, rows, classes, out, 0, 1, 0, flags, scratch)
}

export function logSoftmax_f32(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(LOG_SOFTMAX, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function logSumExp_f32(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(LOG_SUM_EXP, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function crossEntropy_f32(x: usize, labels: usize, rows: i32, classes: usize, losses: usize, flags: usize): i32 {
  return overRows(CROSS_ENTROPY, x, rows, classes, 0, labels, 1, losses, flags, 0)
}

export function crossEntropyWithGradient_f32(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  scale: f64,
  losses: usize,
  gradient: usize,
  flags: usize,
  scratch: usize,
): i32 {
  return overRows(GRADIENT, x, rows, classes, gradient, labels, scale, losses, flags, scratch)
}
