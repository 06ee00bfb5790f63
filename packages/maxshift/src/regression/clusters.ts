/**
 * Clusters of rows, given by a label for each: 0, 1, … in the order in which they come.
 */
import { describe, isIntegerArray } from '../check.ts'
import type { Label, Labels } from './labels.ts'

/** The cluster of each of `rows` rows, and how many there are, 2 to `most`; undefined and 0 if none are given. */
export function checkClusters(
  who: string,
  given: Labels | undefined,
  rows: number,
  most: number,
): { clusters: Int32Array | undefined; clusterCount: number } {
  if (given === undefined) return { clusters: undefined, clusterCount: 0 }
  if (!Array.isArray(given) && !isIntegerArray(given)) {
    const expected = 'a string[], a number[] or an integer array'
    throw new TypeError(`${who}: expected clusters to be ${expected}, got ${describe(given)}`)
  }
  if (given.length !== rows) {
    throw new RangeError(`${who}: expected one cluster per row, ${rows} in all, got ${given.length}`)
  }
  const places = new Map<Label, number>()
  const clusters = new Int32Array(rows)
  for (let r = 0; r < rows; r++) {
    const label: unknown = given[r]
    if (typeof label !== 'string' && typeof label !== 'number') {
      throw new TypeError(`${who}: expected clusters[${r}] to be a string or a number, got ${describe(label)}`)
    }
    const place = places.get(label) ?? places.size
    places.set(label, place)
    clusters[r] = place
  }
  if (places.size < 2) throw new RangeError(`${who}: expected at least two clusters, got ${places.size}`)
  if (places.size > most) {
    throw new RangeError(`${who}: expected at most ${most} clusters for so many coefficients, got ${places.size}`)
  }
  return { clusters, clusterCount: places.size }
}
