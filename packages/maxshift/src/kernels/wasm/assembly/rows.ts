/**
 * The loop over rows that the operations of the softmax family share; loss-rows.ts is its twin for losses.
 *
 * It returns how many rows were left alone, rows without a finite maximum or with cancellation, and flags them in `flags`; the
 * caller gives those to the reference. Rows of few classes go four at a time where that is possible.
 */

import * as doubleFast from './double-fast'
import { logSoftmaxRowFast, logSumExpRowFast, softmaxRowFast } from './single-fast'
import { GROUP_CLASSES, GROUP_ROWS, logSoftmaxGroup, logSumExpGroup, softmaxGroup } from './single-group'
import { logSoftmaxRow, logSumExpRow, softmaxRow } from './single-row'
import { setTemperature } from './temperature'

export const SOFTMAX = 0
export const LOG_SOFTMAX = 1
export const LOG_SUM_EXP = 2
/** Added to an operation for fast mode, and to that for float64. */
export const FAST = 8
export const DOUBLE = 16

// `operation` is a constant wherever these two are called, so each call shrinks to one of the lines.

// @ts-expect-error: decorator
@inline
function group(operation: i32, x: usize, classes: usize, out: usize): bool {
  if (operation === SOFTMAX) return softmaxGroup(x, classes, out)
  if (operation === LOG_SOFTMAX) return logSoftmaxGroup(x, classes, out)
  return logSumExpGroup(x, classes, out)
}

// @ts-expect-error: decorator
@inline
function row(operation: i32, x: usize, classes: usize, out: usize, scratch: usize): bool {
  if (operation === SOFTMAX) return softmaxRow(x, classes, scratch, out)
  if (operation === LOG_SOFTMAX) return logSoftmaxRow(x, classes, out)
  if (operation === LOG_SUM_EXP) return logSumExpRow(x, classes, out)
  if (operation === SOFTMAX + FAST + DOUBLE) return doubleFast.softmaxRow(x, classes, out)
  if (operation === LOG_SOFTMAX + FAST + DOUBLE) return doubleFast.logSoftmaxRow(x, classes, out)
  if (operation === LOG_SUM_EXP + FAST + DOUBLE) return doubleFast.logSumExpRow(x, classes, out)
  if (operation === SOFTMAX + FAST) return softmaxRowFast(x, classes, out)
  if (operation === LOG_SOFTMAX + FAST) return logSoftmaxRowFast(x, classes, out)
  return logSumExpRowFast(x, classes, out)
}

// @ts-expect-error: decorator
@inline
export function overRows(
  operation: i32,
  x: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  setTemperature(temperature)
  const size: usize = operation & DOUBLE ? 8 : 4
  const stride = classes * size
  const outStride = (operation & 7) === LOG_SUM_EXP ? size : stride
  let left = 0
  let tried = -1 // the last row of a group that was refused: it is taken row by row, and not tried again
  for (let r = 0; r < rows; ) {
    if (operation < FAST && r > tried && classes <= GROUP_CLASSES && r + GROUP_ROWS <= rows) {
      if (group(operation, x, classes, out)) {
        store<u32>(flags + r, 0)
        r += GROUP_ROWS
        x += stride << 2
        out += outStride << 2
        continue
      }
      tried = r + GROUP_ROWS - 1
    }
    const done = row(operation, x, classes, out, scratch)
    store<u8>(flags + r, done ? 0 : 1)
    left += done ? 0 : 1
    r += 1
    x += stride
    out += outStride
  }
  return left
}

/** The first address that the module does not use itself; in every module. */
export function heapBase(): usize {
  return __heap_base
}
