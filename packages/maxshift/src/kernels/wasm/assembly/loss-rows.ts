/**
 * The loop over rows that all losses share, labelled and soft; rows.ts says what is returned and what becomes of rows of few classes.
 */

import * as doubleFast from './double-fast'
import { DOUBLE, FAST } from './rows'
import { crossEntropyGradientRowFast, crossEntropyRowFast } from './single-fast'
import { crossEntropyGradientGroup, crossEntropyGroup, GROUP_CLASSES, GROUP_ROWS } from './single-group'
import { crossEntropyGradientRow, crossEntropyRow } from './single-row'
import { setTemperature } from './temperature'

export const VALUE = 0
export const GRADIENT = 1

// `operation` is a constant wherever these two are called, so each call shrinks to one of the lines.

// @ts-expect-error: decorator
@inline
function group(
  operation: i32,
  x: usize,
  classes: usize,
  label: usize,
  scale: usize,
  scaleStride: usize,
  loss: usize,
  out: usize,
): bool {
  if (operation === VALUE) return crossEntropyGroup(x, label, classes, loss)
  return crossEntropyGradientGroup(x, label, classes, scale, scaleStride, loss, out)
}

// @ts-expect-error: decorator
@inline
function row(
  operation: i32,
  x: usize,
  classes: usize,
  label: usize,
  scale: f64,
  loss: usize,
  out: usize,
  scratch: usize,
): bool {
  if (operation === VALUE) return crossEntropyRow(x, classes, label, loss)
  if (operation === GRADIENT) return crossEntropyGradientRow(x, classes, label, scale, scratch, loss, out)
  if (operation === VALUE + FAST) return crossEntropyRowFast(x, classes, label, loss)
  if (operation === GRADIENT + FAST) return crossEntropyGradientRowFast(x, classes, label, scale, loss, out)
  if (operation === VALUE + FAST + DOUBLE) return doubleFast.crossEntropyRow(x, classes, label, loss)
  return doubleFast.crossEntropyGradientRow(x, classes, label, scale, loss, out)
}

// Scales are pairs, of which float32 and fast mode take the first number; `scaleStride` is 0 where all rows have the same, else 16.

// @ts-expect-error: decorator
@inline
export function overRows(
  operation: i32,
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  scales: usize,
  scaleStride: usize,
  losses: usize,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  setTemperature(temperature)
  const stride = classes * (operation & DOUBLE ? 8 : 4)
  let left = 0
  let tried = -1
  for (let r = 0; r < rows; ) {
    if (operation < FAST && r > tried && classes <= GROUP_CLASSES && r + GROUP_ROWS <= rows) {
      if (group(operation, x, classes, labels, scales, scaleStride, losses, out)) {
        store<u32>(flags + r, 0)
        r += GROUP_ROWS
        x += stride << 2
        out += stride << 2
        labels += GROUP_ROWS << 2
        scales += scaleStride << 2
        losses += GROUP_ROWS << 3
        continue
      }
      tried = r + GROUP_ROWS - 1
    }
    const scale = operation & GRADIENT ? f64.load(scales) : 0
    const done = row(operation, x, classes, load<u32>(labels), scale, losses, out, scratch)
    store<u8>(flags + r, done ? 0 : 1)
    left += done ? 0 : 1
    r += 1
    x += stride
    out += stride
    labels += 4
    scales += scaleStride
    losses += 8
  }
  return left
}
