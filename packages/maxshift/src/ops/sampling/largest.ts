/**
 * The k largest entries of a row, in one pass: a heap of the k best so far, whose root, the worst of them, is the threshold that an
 * entry must pass. Of n entries in random order about k · ln(n/k) do; the others cost one comparison.
 *
 * The order is that of all sampling helpers: larger logits first, and among equal ones the lower index.
 */
import type { FloatArray } from '../../arrays.ts'

/** Room for the k best, reused from row to row. */
export interface Best {
  readonly keys: Float64Array
  /** After `findLargest`: places within the row, best first. */
  readonly places: Int32Array
}

/** Whether entry a of the heap comes after entry b in the order. */
const isWorse = ({ keys, places }: Best, a: number, b: number): boolean =>
  keys[a] < keys[b] || (keys[a] === keys[b] && places[a] > places[b])

function swap({ keys, places }: Best, a: number, b: number): void {
  const key = keys[a]
  const place = places[a]
  keys[a] = keys[b]
  places[a] = places[b]
  keys[b] = key
  places[b] = place
}

/** Lets the entry at `from` sink to where no entry below it is worse. */
function sink(best: Best, from: number, size: number): void {
  for (let parent = from; ; ) {
    let child = 2 * parent + 1
    if (child >= size) return
    if (child + 1 < size && isWorse(best, child + 1, child)) child++
    if (!isWorse(best, child, parent)) return
    swap(best, child, parent)
    parent = child
  }
}

/**
 * The first place from `from` on, in steps, whose entry is not at most the threshold; `end` or more if there is none. Four at a time: twice
 * as fast.
 */
function firstAbove(x: FloatArray, from: number, end: number, step: number, threshold: number): number {
  let i = from
  const last = end - 3 * step
  while (
    i < last &&
    x[i] <= threshold &&
    x[i + step] <= threshold &&
    x[i + 2 * step] <= threshold &&
    x[i + 3 * step] <= threshold
  ) {
    i += 4 * step
  }
  while (i < end && x[i] <= threshold) i += step
  return i
}

/**
 * Makes `best` the heap of the k largest among every step-th entry, of which there are at least k, all of those above `floor`. Returns
 * false at a NaN.
 */
function scan(x: FloatArray, start: number, classes: number, step: number, floor: number, best: Best): boolean {
  const { keys, places } = best
  const k = places.length
  for (let i = 0; i < k; i++) {
    places[i] = i * step
    keys[i] = x[start + places[i]]
    if (Number.isNaN(keys[i])) return false
  }
  for (let i = (k >> 1) - 1; i >= 0; i--) sink(best, i, k)
  const end = start + classes
  const next = (from: number): number => firstAbove(x, from, end, step, Math.max(keys[0], floor))
  for (let i = next(start + k * step); i < end; i = next(i + step)) {
    if (Number.isNaN(x[i])) return false
    keys[0] = x[i]
    places[0] = i - start
    sink(best, 0, k)
  }
  return true
}

/** From this step on a sample is worth its pass. */
const SAMPLE_STEP = 8

/**
 * Fills `best` with the k = best.places.length largest of logits[start … start + classes), 1 ≤ k ≤ classes. Returns false if it
 * meets a NaN, which has no place in an order.
 */
export function findLargest(logits: FloatArray, start: number, classes: number, best: Best): boolean {
  const k = best.places.length
  // The k-th largest of a sample bounds that of the row from below, so that a row in ascending order does not pass the heap entry by entry.
  const step = Math.floor(Math.sqrt(classes / k))
  let floor = Number.NEGATIVE_INFINITY
  if (step >= SAMPLE_STEP) {
    if (!scan(logits, start, classes, step, floor, best)) return false
    floor = below(best.keys[0])
  }
  if (!scan(logits, start, classes, 1, floor, best)) return false
  for (let size = k - 1; size > 0; size--) {
    swap(best, 0, size)
    sink(best, 0, size)
  }
  return true
}

/** A number below x, unless x is −∞. */
const below = (x: number): number =>
  x === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : x - Math.abs(x) * 2 ** -52 - Number.MIN_VALUE

/** Room for k entries. */
export const makeBest = (k: number): Best => ({ keys: new Float64Array(k), places: new Int32Array(k) })
