/**
 * What a row of float64 has in its record for a loss with class weights, after the fields of double-sum.ts and double-rows.ts: sums of
 * its base, and the weights at its top entry and at its label.
 */
import { addPairs, hi, lo } from './double-pairs'
import { LABELLED, setTemperature } from './double-rows'
import { WEIGHTED } from './double-sum'
import { loadLow, MAX } from './double-top'
import { sumError } from './pairs'

/** Σ base_k, and without the top entry. */
export const SUM: usize = 112
export const SUM_LOW: usize = 120
export const OTHERS: usize = 128
export const OTHERS_LOW: usize = 136
/** The base at the top entry and at the label, and the label with its peak. */
export const TOP_BASE: usize = 144
export const TOP_BASE_LOW: usize = 152
export const LABEL_BASE: usize = 160
export const LABEL_BASE_LOW: usize = 168
export const PEAK: usize = 176
export const PEAK_LOW: usize = 184
export const LABEL: usize = 192
/** Where the base of the row is. */
export const BASE: usize = 196

// What a call has for all its rows: the kind of the base, its sums if the rows share it, z, and where low parts lie, 0 if there are none.
export let kind: i32 = 0
let sumHi: f64 = 0
let sumLo: f64 = 0
let othersHi: f64 = 0
let othersLo: f64 = 0
export let zLoss: f64 = 0
export let baseLow: usize = 0

export function setSoft_f64(
  temperature: f64,
  kindOfBase: i32,
  sum: f64,
  sumLow: f64,
  others: f64,
  othersLow: f64,
  z: f64,
  lowOffset: usize,
): void {
  setTemperature(temperature)
  kind = kindOfBase
  sumHi = sum
  sumLo = sumLow
  othersHi = others
  othersLo = othersLow
  zLoss = z
  baseLow = lowOffset
}

/** Σ base_k without the entry at `skipped`, compensated, in two lanes that are added, to the record at `offset`. */
function sumOfBase(base: usize, classes: usize, skipped: usize, record: usize): void {
  let sum = f64x2.splat(0)
  let low = sum
  const end = base + (classes << 3)
  for (; base < end; base += 16) {
    const isTwo = base + 8 < end
    let value = isTwo ? v128.load(base) : v128.load64_zero(base)
    let valueLow = loadLow(base, baseLow, isTwo)
    if (skipped - base < 16) {
      const counts = skipped === base ? i64x2(0, -1) : i64x2(-1, 0)
      value = v128.and(value, counts)
      valueLow = v128.and(valueLow, counts)
    }
    const next = f64x2.add(sum, value)
    low = f64x2.add(low, f64x2.add(sumError(sum, value, next), valueLow))
    sum = next
  }
  addPairs(sum, low, f64x2.splat(f64x2.extract_lane(sum, 1)), f64x2.splat(f64x2.extract_lane(low, 1)))
  f64.store(record, f64x2.extract_lane(hi, 0))
  f64.store(record, f64x2.extract_lane(lo, 0), 8)
}

/** The place of the first maximum, in bytes. It is there. */
export function placeOfMax(x: usize, classes: usize, value: f64): usize {
  const wanted = f64x2.splat(value)
  let at: usize = 0
  const end = (classes & ~1) << 3
  while (at < end && !v128.any_true(f64x2.eq(v128.load(x + at), wanted))) at += 16
  return at < end && f64.load(x + at) !== value ? at + 8 : at
}

/** The part of the record that is about the base: its sums, and the weight at the top entry. */
export function recordBase(x: usize, classes: usize, base: usize, stride: usize, slot: usize): void {
  if (kind !== WEIGHTED) {
    f64.store(slot, f64.load(base), TOP_BASE)
    f64.store(slot, baseLow ? f64.load(base + baseLow) : 0, TOP_BASE_LOW)
    f64.store(slot, othersHi, OTHERS)
    f64.store(slot, othersLo, OTHERS_LOW)
  }
  if (stride) sumOfBase(base, classes, 0, slot + SUM)
  else {
    f64.store(slot, sumHi, SUM)
    f64.store(slot, sumLo, SUM_LOW)
  }
  if (kind !== WEIGHTED) return
  const place = base + placeOfMax(x, classes, f64.load(slot, MAX))
  const top = f64.load(place)
  const topLow = baseLow ? f64.load(place + baseLow) : 0
  f64.store(slot, top, TOP_BASE)
  f64.store(slot, topLow, TOP_BASE_LOW)
  if (top > 0.5 * f64.load(slot, SUM)) sumOfBase(base, classes, place, slot + OTHERS)
  else {
    const sum = f64x2.splat(f64.load(slot, SUM))
    addPairs(sum, f64x2.splat(f64.load(slot, SUM_LOW)), f64x2.splat(-top), f64x2.splat(-topLow))
    f64.store(slot, f64x2.extract_lane(hi, 0), OTHERS)
    f64.store(slot, f64x2.extract_lane(lo, 0), OTHERS_LOW)
  }
}

/** The part that is about the label. */
export function recordLabel(x: usize, base: usize, label: i32, peak: f64, peakLow: f64, slot: usize): void {
  const at = <usize>max<i32>(label, 0) << 3
  const place = kind === WEIGHTED ? base + at : base
  f64.store(slot, f64.load(x + at), LABELLED)
  f64.store(slot, f64.load(place), LABEL_BASE)
  f64.store(slot, baseLow ? f64.load(place + baseLow) : 0, LABEL_BASE_LOW)
  f64.store(slot, peak, PEAK)
  f64.store(slot, peakLow, PEAK_LOW)
  store<i32>(slot, label, LABEL)
}
