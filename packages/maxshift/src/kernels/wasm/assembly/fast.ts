/**
 * What the module exports for fast mode: <operation>Fast_<dtype>, over rows; see rows.ts for what is returned. Alone, it is also
 * the module that is built with relaxed SIMD.
 */
import { CROSS_ENTROPY, DOUBLE, FAST, GRADIENT, LOG_SOFTMAX, LOG_SUM_EXP, overRows, SOFTMAX } from './rows'

export function softmaxFast_f32(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(SOFTMAX + FAST, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function logSoftmaxFast_f32(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(LOG_SOFTMAX + FAST, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function logSumExpFast_f32(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(LOG_SUM_EXP + FAST, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function crossEntropyFast_f32(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(CROSS_ENTROPY + FAST, x, rows, classes, 0, labels, 1, losses, flags, 0)
}

export function crossEntropyWithGradientFast_f32(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  scale: f64,
  losses: usize,
  gradient: usize,
  flags: usize,
): i32 {
  return overRows(GRADIENT + FAST, x, rows, classes, gradient, labels, scale, losses, flags, 0)
}

export function softmaxFast_f64(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(SOFTMAX + FAST + DOUBLE, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function logSoftmaxFast_f64(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(LOG_SOFTMAX + FAST + DOUBLE, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function logSumExpFast_f64(x: usize, rows: i32, classes: usize, out: usize, flags: usize): i32 {
  return overRows(LOG_SUM_EXP + FAST + DOUBLE, x, rows, classes, out, 0, 1, 0, flags, 0)
}

export function crossEntropyFast_f64(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(CROSS_ENTROPY + FAST + DOUBLE, x, rows, classes, 0, labels, 1, losses, flags, 0)
}

export function crossEntropyWithGradientFast_f64(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  scale: f64,
  losses: usize,
  gradient: usize,
  flags: usize,
): i32 {
  return overRows(GRADIENT + FAST + DOUBLE, x, rows, classes, gradient, labels, scale, losses, flags, 0)
}

export { heapBase } from './rows'
