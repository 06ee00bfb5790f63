/**
 * Rows of float64 whose sums were made in WebAssembly (assembly/double-sum.ts), for what is done once a row in TypeScript.
 */
import { restoreRow, type Slices } from '../js/double-row.ts'
import type { Temperature } from '../js/temperature.ts'

const sums: Slices = { slice26: 0, slice52: 0, slice78: 0, slice104: 0 }

/** Restores the row whose record begins at `at`; false if it has no finite maximum. */
export function restore(records: Float64Array, at: number, temperature: Temperature): boolean {
  if (!Number.isFinite(records[at])) return false
  sums.slice26 = records[at + 2]
  sums.slice52 = records[at + 3]
  sums.slice78 = records[at + 4]
  sums.slice104 = records[at + 5]
  restoreRow(records[at], records[at + 1], sums, temperature)
  return true
}
