/**
 * What the module of the losses exports for fast mode: <operation>Fast_<dtype>, over rows; see rows.ts for what is returned. Alone, it
 * is also a module that is built with relaxed SIMD.
 */
import { GRADIENT, overRows, VALUE } from './loss-rows'
import { DOUBLE, FAST } from './rows'

export function crossEntropyFast_f32(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(VALUE + FAST, x, labels, rows, classes, temperature, 0, 0, losses, 0, flags, 0)
}

export function crossEntropyWithGradientFast_f32(
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
  return overRows(GRADIENT + FAST, x, labels, rows, classes, temperature, scales, scaleStride, losses, gradient, flags, scratch)
}

export function crossEntropyFast_f64(
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(VALUE + FAST + DOUBLE, x, labels, rows, classes, temperature, 0, 0, losses, 0, flags, 0)
}

export function crossEntropyWithGradientFast_f64(
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
  return overRows(GRADIENT + FAST + DOUBLE, x, labels, rows, classes, temperature, scales, scaleStride, losses, gradient, flags, scratch)
}

export { heapBase } from './rows'
export * from './soft-fast'
export { setSoft } from './soft-rows'
