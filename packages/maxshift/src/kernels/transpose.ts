/**
 * Transposition of small matrices, the step between an inner axis and contiguous rows.
 */
import type { FloatArray } from '../arrays.ts'

/**
 * For each of `count` matrices of `rows` × `columns`, one after the other: to[j, i] = from[i, j]. A row of `from` begins `fromStride` entries
 * after the one before, a row of `to` `toStride` entries; `from` and `to` begin at the first entry and do not overlap.
 */
export function transpose(
  from: FloatArray,
  fromStride: number,
  to: FloatArray,
  toStride: number,
  rows: number,
  columns: number,
  count: number,
): void {
  for (let matrix = 0; matrix < count; matrix++) {
    const source = matrix * rows * fromStride
    const target = matrix * columns * toStride
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) to[target + j * toStride + i] = from[source + i * fromStride + j]
    }
  }
}
