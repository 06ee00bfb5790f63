/**
 * Transposition of small matrices, the step between an inner axis and contiguous rows: in WebAssembly where both sides lie in the
 * memory of the base arena.
 */
import type { FloatArray } from '../arrays.ts'
import { baseArena } from './wasm/arena.ts'

/**
 * For each of `count` matrices of `rows` × `columns`, one after the other: to[j, i] = from[i, j]. A row of `from` begins `fromStride` entries
 * after the one before, a row of `to` `toStride` entries; both begin at their first entry and do not overlap.
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
  const arena = baseArena()
  if (arena !== null && from.buffer === arena.memory.buffer && to.buffer === arena.memory.buffer) {
    const size = from.BYTES_PER_ELEMENT
    const kernel = size === 4 ? arena.transposeSingle : arena.transposeDouble
    kernel(from.byteOffset, fromStride * size, to.byteOffset, toStride * size, rows, columns, count)
    return
  }
  for (let matrix = 0; matrix < count; matrix++) {
    const source = matrix * rows * fromStride
    const target = matrix * columns * toStride
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) to[target + j * toStride + i] = from[source + i * fromStride + j]
    }
  }
}
