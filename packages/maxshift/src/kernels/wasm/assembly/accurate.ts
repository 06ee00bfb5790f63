/**
 * What the module exports for the softmax family in accurate mode: <operation>_<dtype>, over rows; see rows.ts for what is returned.
 */
import * as double from './double-rows'
import { LOG_SOFTMAX, LOG_SUM_EXP, overRows, SOFTMAX } from './rows'

export function softmax_f32(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  return overRows(SOFTMAX, x, rows, classes, temperature, out, flags, scratch)
}

export function logSoftmax_f32(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(LOG_SOFTMAX, x, rows, classes, temperature, out, flags, 0)
}

export function logSumExp_f32(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
): i32 {
  return overRows(LOG_SUM_EXP, x, rows, classes, temperature, out, flags, 0)
}

export function softmax_f64(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  return double.overDoubleRows(double.SOFTMAX, x, 0, rows, classes, temperature, 0, 0, 0, out, flags, scratch)
}

export function logSoftmax_f64(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  return double.overDoubleRows(double.LOG_SOFTMAX, x, 0, rows, classes, temperature, 0, 0, 0, out, flags, scratch)
}

export function logSumExp_f64(
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  return double.overDoubleRows(double.LOG_SUM_EXP, x, 0, rows, classes, temperature, 0, 0, out, 0, flags, scratch)
}
