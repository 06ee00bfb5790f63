/**
 * Transposition of matrices in memory, for rows along an inner axis: blocks of 4 × 4 float32 or 2 × 2 float64 in vectors, what is left
 * over entry by entry. See kernels/transpose.ts; strides are in bytes.
 *
 * Vectors at the end of a row reach beyond it: 12 bytes after `from` are read, and after `to` written, which must be there.
 *
 * The loops go along the rows of the side with the longer stride, since the other side stays in the first-level cache; down the columns in
 * fours of float32 and in eights of float64, so that a line of the cache is read once.
 */
import { highHalves, highPairs, lowHalves, lowPairs } from './transpose'

/** A block of which only the first `columns` ≤ 4 columns count; what is loaded beside them may be anything. */
// @ts-expect-error: decorator
@inline
function block_f32(from: usize, fromStride: usize, to: usize, toStride: usize, columns: usize): void {
  const r0 = v128.load(from)
  const r1 = v128.load(from + fromStride)
  const r2 = v128.load(from + 2 * fromStride)
  const r3 = v128.load(from + 3 * fromStride)
  const a = lowPairs(r0, r1)
  const b = lowPairs(r2, r3)
  const c = highPairs(r0, r1)
  const d = highPairs(r2, r3)
  v128.store(to, lowHalves(a, b))
  if (columns > 1) v128.store(to + toStride, highHalves(a, b))
  if (columns > 2) v128.store(to + 2 * toStride, lowHalves(c, d))
  if (columns > 3) v128.store(to + 3 * toStride, highHalves(c, d))
}

/**
 * A matrix of 2 or 3 rows whose transpose is contiguous, but for the last columns % 4 columns: every store of four entries writes
 * over the beginning of the next row, which is stored after it.
 */
function fewRows_f32(from: usize, fromStride: usize, to: usize, rows: usize, columns: usize): void {
  const stride = rows << 2
  const end = from + ((columns & ~3) << 2)
  const third = rows > 2 ? 2 * fromStride : 0
  for (; from < end; from += 16) {
    const r0 = v128.load(from)
    const r1 = v128.load(from + fromStride)
    const r2 = v128.load(from + third)
    const a = lowPairs(r0, r1)
    const b = lowPairs(r2, r2)
    const c = highPairs(r0, r1)
    const d = highPairs(r2, r2)
    v128.store(to, lowHalves(a, b))
    v128.store(to + stride, highHalves(a, b))
    v128.store(to + 2 * stride, lowHalves(c, d))
    v128.store(to + 3 * stride, highHalves(c, d))
    to += stride << 2
  }
}

// @ts-expect-error: decorator
@inline
function block_f64(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const r0 = v128.load(from)
  const r1 = v128.load(from + fromStride)
  v128.store(to, lowHalves(r0, r1))
  v128.store(to + toStride, highHalves(r0, r1))
}

/** Rows `firstRow` to `rows` and columns `firstColumn` to `columns`, entry by entry. */
// @ts-expect-error: decorator
@inline
function entries<T>(
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  firstRow: usize,
  rows: usize,
  firstColumn: usize,
  columns: usize,
): void {
  for (let j = firstColumn; j < columns; j++) {
    let source = from + firstRow * fromStride + j * sizeof<T>()
    const end = to + j * toStride + rows * sizeof<T>()
    for (let target = to + j * toStride + firstRow * sizeof<T>(); target < end; target += sizeof<T>()) {
      store<T>(target, load<T>(source))
      source += fromStride
    }
  }
}

/** One matrix; T is u32 or u64. */
// @ts-expect-error: decorator
@inline
function matrix<T>(from: usize, fromStride: usize, to: usize, toStride: usize, rows: usize, columns: usize): void {
  const size: usize = sizeof<T>()
  const step: usize = 16 / sizeof<T>()
  const blockRows = rows & ~(step - 1)
  const blockColumns = columns & ~(step - 1)
  if (fromStride > toStride) {
    for (let i: usize = 0; i < blockRows; i += step) {
      for (let j: usize = 0; j < blockColumns; j += step) {
        const source = from + i * fromStride + j * size
        const target = to + j * toStride + i * size
        if (sizeof<T>() === 4) block_f32(source, fromStride, target, toStride, 4)
        else block_f64(source, fromStride, target, toStride)
      }
    }
  } else {
    for (let first: usize = 0; first < blockColumns; first += sizeof<T>()) {
      const end = min<usize>(first + sizeof<T>(), blockColumns)
      for (let i: usize = 0; i < blockRows; i += step) {
        for (let j = first; j < end; j += step) {
          const source = from + i * fromStride + j * size
          const target = to + j * toStride + i * size
          if (sizeof<T>() === 4) block_f32(source, fromStride, target, toStride, 4)
          else block_f64(source, fromStride, target, toStride)
        }
      }
    }
  }
  if (sizeof<T>() === 4 && blockColumns < columns) {
    for (let i: usize = 0; i < blockRows; i += step) {
      const source = from + i * fromStride + blockColumns * size
      block_f32(source, fromStride, to + blockColumns * toStride + i * size, toStride, columns - blockColumns)
    }
  } else entries<T>(from, fromStride, to, toStride, 0, blockRows, blockColumns, columns)
  if (sizeof<T>() === 4 && blockRows === 0 && rows > 1 && toStride === rows * size) {
    fewRows_f32(from, fromStride, to, rows, columns)
    entries<T>(from, fromStride, to, toStride, 0, rows, blockColumns, columns)
  } else entries<T>(from, fromStride, to, toStride, blockRows, rows, 0, columns)
}

export function transpose_f32(
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  rows: usize,
  columns: usize,
  count: i32,
): void {
  for (; count > 0; count--) {
    matrix<u32>(from, fromStride, to, toStride, rows, columns)
    from += rows * fromStride
    to += columns * toStride
  }
}

export function transpose_f64(
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  rows: usize,
  columns: usize,
  count: i32,
): void {
  for (; count > 0; count--) {
    matrix<u64>(from, fromStride, to, toStride, rows, columns)
    from += rows * fromStride
    to += columns * toStride
  }
}
