/**
 * float64 rows, accurate mode: whole operations. Each row is reduced on its own; what is done once a row is done for two at a time
 * (double-row.ts). Rows without a finite maximum, and log-sum-exps that cancel, are left and flagged, as in rows.ts.
 */
import { writeKept, writeLogSoftmax_f64, writeSoftmax_f64 } from './double'
import { dividePairs, hi, lo } from './double-pairs'
import {
  both,
  complements,
  factorExponent,
  factorHi,
  factorLo,
  finalLogHi,
  finalLogLo,
  finalLogs,
  finishLogs,
  finishRows,
  finishWeights,
  logSumExps,
  lossesOf,
  lossRest,
  max,
  setWeights,
  shift,
  SLOT,
  SLOTS,
  top,
  topLoss,
} from './double-row'
import { NONE, sumOfOthers } from './double-sum'
import { findTopDouble, MAX, SECOND } from './double-top'
import { isScaled, setTemperature_f64 } from './temperature-double'

export const SOFTMAX = 0
export const LOG_SOFTMAX = 1
export const LOG_SUM_EXP = 2
export const LOSS = 3
export const GRADIENT = 4

/** After the fields of double-sum.ts in a record: the entry at the label, and the pair of its scale; the address and number of the row. */
export const LABELLED: usize = 48
export const SCALE: usize = 56
export const SCALE_LOW: usize = 64
export const ADDRESS: usize = 72
export const NUMBER: usize = 76

/** Up to this many classes the exponentials of two rows are kept: 24 bytes each. */
export const KEPT_CLASSES: usize = 32768

/** The slices of S₂; with `kept`, the exponentials stay there. */
function reduce(scaled: bool, x: usize, classes: usize, slot: usize, kept: usize): void {
  if (scaled) sumOfOthers(true, x, classes, slot, kept !== 0, kept, NONE, 0, 0)
  else if (kept) sumOfOthers(false, x, classes, slot, true, kept, NONE, 0, 0)
  else sumOfOthers(false, x, classes, slot, false, 0, NONE, 0, 0)
}

// @ts-expect-error: decorator
@inline
export function lane(v: v128, second: i32): f64 {
  return second ? f64x2.extract_lane(v, 1) : f64x2.extract_lane(v, 0)
}

/** Writes the softmax of one of the two rows. */
function write(i: i32, classes: usize, out: usize, kept: usize): void {
  const slot = SLOTS + <usize>i * SLOT
  const x = <usize>load<u32>(slot, ADDRESS)
  const maximum = lane(max, i)
  const e = i ? i64x2.extract_lane(factorExponent, 1) : i64x2.extract_lane(factorExponent, 0)
  if (kept && isFinite(f64.load(slot, SECOND))) {
    writeKept(x, classes, out, kept, maximum, lane(factorHi, i), lane(factorLo, i), e, lane(top, i))
  } else {
    const from = lane(shift, i)
    writeSoftmax_f64(x, classes, out, maximum, from, lane(factorHi, i), lane(factorLo, i), <i32>e, lane(top, i))
  }
}

/** Finishes `count` rows whose records are complete; how many of them are left. */
function finish(
  operation: i32,
  scaled: bool,
  count: i32,
  classes: usize,
  temperature: f64,
  labels: usize,
  values: usize,
  lowOffset: usize,
  out: usize,
  flags: usize,
  kept: usize,
  keptBytes: usize,
): i32 {
  finishRows(scaled)
  if (operation !== SOFTMAX) finishLogs()
  let left = 0
  let results = max
  if (operation === LOG_SUM_EXP) results = logSumExps(scaled, temperature)
  if (operation >= LOSS) results = lossesOf(scaled, both(LABELLED))
  if (operation === LOG_SOFTMAX) finalLogs()
  if (operation === SOFTMAX) {
    setWeights(f64x2.splat(1), f64x2.splat(0))
    finishWeights()
  }
  let rest = max
  if (operation === GRADIENT) {
    setWeights(both(SCALE), both(SCALE_LOW))
    finishWeights()
    rest = f64x2.sub(f64x2.splat(0), complements(scaled, both(LABELLED)))
  }
  for (let i = 0; i < count; i++) {
    const slot = SLOTS + <usize>i * SLOT
    const r = <usize>load<u32>(slot, NUMBER)
    const target = out + ((r * classes) << 3)
    if (operation === LOG_SOFTMAX) {
      const x = <usize>load<u32>(slot, ADDRESS)
      const loss = lane(topLoss, i)
      writeLogSoftmax_f64(x, classes, target, lane(max, i), lane(finalLogHi, i), lane(finalLogLo, i), loss)
    } else if (operation === SOFTMAX || operation === GRADIENT) {
      write(i, classes, target, kept ? kept + <usize>i * keptBytes : 0)
    }
    if (operation === GRADIENT) f64.store(target + (<usize>load<u32>(labels + (r << 2)) << 3), lane(rest, i))
    if (operation >= LOG_SUM_EXP) {
      const result = lane(results, i)
      f64.store(values + (r << 3), result)
      if (operation >= LOSS) f64.store(values + lowOffset + (r << 3), lane(lossRest, i))
      if (operation === LOG_SUM_EXP && isNaN(result)) {
        store<u8>(flags + r, 1)
        left++
      }
    }
  }
  return left
}

// @ts-expect-error: decorator
@inline
function overScaled(
  operation: i32,
  scaled: bool,
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  scales: usize,
  scaleStride: usize,
  values: usize,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  const keptBytes = ((classes + 1) >> 1) * 48
  const kept = (operation === SOFTMAX || operation === GRADIENT) && classes <= KEPT_CLASSES ? scratch : 0
  const lowOffset = <usize>rows << 3
  let left = 0
  let pending = 0
  for (let r = 0; r < rows; r++) {
    const slot = SLOTS + <usize>pending * SLOT
    findTopDouble(x, classes, slot)
    const isRegular = isFinite(f64.load(slot, MAX))
    store<u8>(flags + r, isRegular ? 0 : 1)
    if (!isRegular) left++
    else {
      if (isFinite(f64.load(slot, SECOND))) {
        reduce(scaled, x, classes, slot, kept ? kept + <usize>pending * keptBytes : 0)
      }
      if (operation >= LOSS) f64.store(slot, f64.load(x + (<usize>load<u32>(labels + (<usize>r << 2)) << 3)), LABELLED)
      if (operation === GRADIENT) v128.store(slot, v128.load(scales + <usize>r * scaleStride), SCALE)
      store<u32>(slot, x, ADDRESS)
      store<u32>(slot, r, NUMBER)
      if (pending) {
        left += finish(operation, scaled, 2, classes, temperature, labels, values, lowOffset, out, flags, kept, keptBytes)
      }
      pending ^= 1
    }
    x += classes << 3
  }
  if (pending) {
    memory.copy(SLOTS + SLOT, SLOTS, SLOT)
    left += finish(operation, scaled, 1, classes, temperature, labels, values, lowOffset, out, flags, kept, keptBytes)
  }
  return left
}

/** Sets the temperature: temperatureOf of kernels/js/temperature.ts, for temperatures that need no lift. */
export function setTemperature(temperature: f64): void {
  const half: f64 = temperature > 1 ? 0.5 : 1
  dividePairs(f64x2.splat(1), f64x2.splat(0), f64x2.splat(temperature * half), f64x2.splat(0))
  setTemperature_f64(half, f64x2.extract_lane(hi, 0), f64x2.extract_lane(lo, 0))
}

/**
 * One operation over rows; `values` is where one number per row goes, and behind all losses what rounding took from each; `out` where rows
 * go.
 */
// @ts-expect-error: decorator
@inline
export function overDoubleRows(
  operation: i32,
  x: usize,
  labels: usize,
  rows: i32,
  classes: usize,
  temperature: f64,
  scales: usize,
  scaleStride: usize,
  values: usize,
  out: usize,
  flags: usize,
  scratch: usize,
): i32 {
  setTemperature(temperature)
  return overScaled(operation, isScaled, x, labels, rows, classes, temperature, scales, scaleStride, values, out, flags, scratch)
}
