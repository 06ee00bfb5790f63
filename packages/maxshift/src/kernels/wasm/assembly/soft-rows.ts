/**
 * The loop over rows of losses with class weights; rows.ts says what is returned. `stride` is the distance of the rows of `base` in
 * bytes, 0 where all rows share one; `labels` is 0 where there are none.
 */
import { GROUP_CLASSES, GROUP_ROWS } from './single-group'
import { softGradientGroup, softGroup } from './soft-group'
import { setTargets, softGradientRow, softRow } from './soft-single'
import { setTemperature } from './temperature'

/** What all rows of the calls that follow share. */
export function setSoft(temperature: f64, kind: i32, uniform: f64, shared: f64, zLoss: f64): void {
  setTemperature(temperature)
  setTargets(kind, uniform, shared, zLoss)
}

// @ts-expect-error: decorator
@inline
function overRows(
  withGradient: bool,
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  let left = 0
  let tried = -1
  for (let r = 0; r < rows; ) {
    if (stride === 0 && r > tried && classes <= GROUP_CLASSES && r + GROUP_ROWS <= rows) {
      const done = withGradient
        ? softGradientGroup(x, classes, base, labels, peaks, scales, scaleStride, losses, out)
        : softGroup(x, classes, base, labels, peaks, losses)
      if (done) {
        store<u32>(flags + r, 0)
        r += GROUP_ROWS
        x += classes << 4
        out += classes << 4
        if (labels) {
          labels += GROUP_ROWS << 2
          peaks += GROUP_ROWS << 3
        }
        scales += scaleStride << 2
        losses += GROUP_ROWS << 3
        continue
      }
      tried = r + GROUP_ROWS - 1
    }
    const label: isize = labels ? load<i32>(labels) : -1
    const peak = labels ? f64.load(peaks) : 0
    const done = withGradient
      ? softGradientRow(x, classes, base, stride, label, peak, f64.load(scales), scratch, losses, out)
      : softRow(x, classes, base, stride, label, peak, losses)
    store<u8>(flags + r, done ? 0 : 1)
    left += done ? 0 : 1
    r += 1
    x += classes << 2
    out += classes << 2
    base += stride
    if (labels) {
      labels += 4
      peaks += 8
    }
    scales += scaleStride
    losses += 8
  }
  return left
}

export function softCrossEntropy_f32(
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  losses: usize,
  flags: usize,
): i32 {
  return overRows(false, x, base, stride, labels, peaks, rows, classes, 0, 0, losses, 0, flags, 0)
}

export function softCrossEntropyWithGradient_f32(
  x: usize,
  base: usize,
  stride: usize,
  labels: usize,
  peaks: usize,
  rows: i32,
  classes: usize,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  gradient: usize,
  flags: usize,
  scratch: usize,
): i32 {
  return overRows(
    true, x, base, stride, labels, peaks, rows, classes, scales, scaleStride, losses, gradient, flags, scratch,
  )
}
