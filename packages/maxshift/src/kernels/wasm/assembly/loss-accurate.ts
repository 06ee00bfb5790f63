/**
 * What the module of the losses exports for accurate mode: <operation>_<dtype>, over rows; see rows.ts for what is returned.
 */
import * as double from './double-rows'
import { GRADIENT, overRows, VALUE } from './loss-rows'

export function crossEntropy_f32(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(VALUE, x, labels, rows, classes, temperature, 0, 0, losses, 0, flags, 0)
}

export function crossEntropyWithGradient_f32(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  gradient: usize,
  flags: usize,
  scratch: usize,
): i32 {
  return overRows(GRADIENT, x, labels, rows, classes, temperature, scales, scaleStride, losses, gradient, flags, scratch)
}

export function crossEntropy_f64(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  losses: usize,
  flags: usize,
): i32 {
  return double.overDoubleRows(double.LOSS, x, labels, rows, classes, temperature, 0, 0, losses, 0, flags, 0)
}

export function crossEntropyWithGradient_f64(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  gradient: usize,
  flags: usize,
  scratch: usize,
): i32 {
  const operation = double.GRADIENT
  return double.overDoubleRows(operation, x, labels, rows, classes, temperature, scales, scaleStride, losses, gradient, flags, scratch)
}
