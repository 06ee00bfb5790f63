/**
 * What the module exports for the softmax family in fast mode: <operation>Fast_<dtype>, over rows; see rows.ts for what is returned.
 * Alone, it is also a module that is built with relaxed SIMD.
 */
import { DOUBLE, FAST, LOG_SOFTMAX, LOG_SUM_EXP, overRows, SOFTMAX } from './rows'

export function softmaxFast_f32(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(SOFTMAX + FAST, x, rows, classes, temperature, out, flags, 0)
}

export function logSoftmaxFast_f32(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(LOG_SOFTMAX + FAST, x, rows, classes, temperature, out, flags, 0)
}

export function logSumExpFast_f32(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(LOG_SUM_EXP + FAST, x, rows, classes, temperature, out, flags, 0)
}

export function softmaxFast_f64(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(SOFTMAX + FAST + DOUBLE, x, rows, classes, temperature, out, flags, 0)
}

export function logSoftmaxFast_f64(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(LOG_SOFTMAX + FAST + DOUBLE, x, rows, classes, temperature, out, flags, 0)
}

export function logSumExpFast_f64(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(LOG_SUM_EXP + FAST + DOUBLE, x, rows, classes, temperature, out, flags, 0)
}

export { heapBase } from './rows'
