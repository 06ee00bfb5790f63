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

/** The first place from `from` on whose entry is not at most the threshold; `end` if there is none. Four at a time: twice as fast. */
function firstAbove(x: FloatArray, from: number, end: number, threshold: number): number {
  let i = from
  while (i + 3 < end && x[i] <= threshold && x[i + 1] <= threshold && x[i + 2] <= threshold && x[i + 3] <= threshold) {
    i += 4
  }
  while (i < end && x[i] <= threshold) i++
  return i
}

/**
 * Fills `best` with the k = best.places.length largest of logits[start … start + classes), 1 ≤ k ≤ classes. Returns false if it
 * meets a NaN, which has no place in an order.
 */
export function findLargest(logits: FloatArray, start: number, classes: number, best: Best): boolean {
  const { keys, places } = best
  const k = places.length
  for (let i = 0; i < k; i++) {
    keys[i] = logits[start + i]
    places[i] = i
    if (Number.isNaN(keys[i])) return false
  }
  for (let i = (k >> 1) - 1; i >= 0; i--) sink(best, i, k)

  const end = start + classes
  for (let i = firstAbove(logits, start + k, end, keys[0]); i < end; i = firstAbove(logits, i + 1, end, keys[0])) {
    if (Number.isNaN(logits[i])) return false
    keys[0] = logits[i]
    places[0] = i - start
    sink(best, 0, k)
  }
  for (let size = k - 1; size > 0; size--) {
    swap(best, 0, size)
    sink(best, 0, size)
  }
  return true
}

/** Room for k entries. */
export const makeBest = (k: number): Best => ({ keys: new Float64Array(k), places: new Int32Array(k) })
