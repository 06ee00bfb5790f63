/**
 * What the functions of distributions given by logits share (entropy, divergences, Jacobian products): the shape of results,
 * and the loop over rows.
 */
import type { FloatArray } from '../arrays.ts'
import { checkApart, checkOut, describe } from '../check.ts'
import { SINGLE_CLASSES } from '../kernels/js/reference.ts'
import { hasRows, type Layout, type LayoutOptions, overRows, type Passengers, type RowBlock, rowCount } from './rows.ts'

/** The array for one result per row, which lies apart from the logits and the mask; NaN where rows have no entries. */
export function checkOutOfRows(
  who: string,
  options: LayoutOptions & { out?: unknown },
  layout: Layout,
  mask: Uint8Array | null,
  like: FloatArray,
): FloatArray {
  if (options.out !== undefined && !hasRows(options)) {
    throw new TypeError(
      `${who}: expected out only together with classes or shape (of one row the result is a number), got ${describe(options.out)}`,
    )
  }
  const rows = rowCount(layout)
  const results = checkOut(who, options.out, rows, like, false)
  checkApart(who, results, rows, 'mask', mask)
  return layout.classes === 0 ? results.fill(Number.NaN, 0, rows) : results
}

/** The results as they are returned: the array, or the number of the only row; NaN where there is none. */
export function perRow(options: LayoutOptions, results: FloatArray): number | FloatArray {
  if (hasRows(options)) return results
  return results.length === 0 ? Number.NaN : results[0]
}

/** Whether rows go to the kernels in plain float64 (kernels/js/plain-row.ts). */
export const isSingle = (logits: FloatArray, { classes }: Layout): boolean =>
  logits instanceof Float32Array && classes <= SINGLE_CLASSES

/** Calls `run` for every row: its block, where it starts in the block's arrays, and its number. */
export function overRowsOf(
  layout: Layout,
  passengers: Passengers,
  run: (block: RowBlock, start: number, row: number) => void,
): void {
  overRows(layout, passengers, (block) => {
    for (let r = 0; r < block.rows; r++) run(block, r * layout.classes, block.first + r)
  })
}
