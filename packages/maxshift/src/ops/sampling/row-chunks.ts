/**
 * Rows in chunks of bounded size, for operations that return a few numbers per row and need scratch memory for all of its entries.
 */
import type { FloatArray } from '../../arrays.ts'
import { withScratch } from '../../kernels/scratch.ts'
import { type Layout, type LayoutOptions, overRows } from '../rows.ts'

/** Entries of a chunk, unless a single row has more. */
const CHUNK_ENTRIES = 65536

/** Calls `run` for contiguous chunks of rows that cover the layout: their logits, masked, how many they are, and the first one's number. */
export function overChunks(
  layout: Layout,
  values: FloatArray,
  mask: Uint8Array | null,
  run: (logits: FloatArray, rows: number, first: number) => void,
): void {
  const { classes } = layout
  const size = Math.max(1, Math.floor(CHUNK_ENTRIES / classes))
  overRows(layout, { logits: [values], mask }, ({ first, rows, logits: [block] }) => {
    for (let r = 0; r < rows; r += size) {
      const count = Math.min(size, rows - r)
      withScratch(() => run(block.subarray(r * classes, (r + count) * classes), count, first + r))
    }
  })
}

/** The product of the sizes behind the axis; a layout itself does not tell it where there is only one class. */
export function innerSize({ inner }: Layout, { shape, axis = -1 }: LayoutOptions): number {
  return shape === undefined
    ? inner
    : shape.slice(axis < 0 ? axis + shape.length + 1 : axis + 1).reduce((a, b) => a * b, 1)
}

/** Where entry j of row r lies among results with `perRow` entries along the axis. */
export const resultPlace = (inner: number, perRow: number, r: number, j: number): number =>
  (Math.floor(r / inner) * perRow + j) * inner + (r % inner)
