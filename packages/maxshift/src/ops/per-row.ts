/**
 * What functions share that reduce rows in one pass of a kernel to one number: logSumExp and its relatives.
 */
import type { FloatArray, Logits } from '../arrays.ts'
import { checkLogits, checkMode, checkOptions } from '../check.ts'
import type { Mode } from '../kernels/select.ts'
import { checkOutOfRows } from './distribution.ts'
import { type CheckedRows, checkRows, type RowOptions, rowCount } from './rows.ts'

/** Options of a function that gives one number per row. */
export interface PerRowOptions<T extends FloatArray = never> extends RowOptions {
  /** 'accurate' (default) or 'fast', as for softmax. */
  mode?: Mode | undefined
  /**
   * With `classes` or `shape`: receives one result per row and is returned. Of the dtype of the results, at least as long as there are rows,
   * and apart from the logits.
   */
  out?: T | undefined
}

/** Checked arguments. */
export interface PerRow extends CheckedRows {
  readonly values: FloatArray
  readonly rows: number
  readonly mode: Mode
  /** Room for one result per row. */
  readonly out: FloatArray
}

/** Checks everything that these functions share. `known` are the names of their options. */
export function checkPerRow(
  who: string,
  logits: Logits,
  given: PerRowOptions<FloatArray> | undefined,
  known: readonly string[],
): PerRow {
  const options = checkOptions(who, given, known)
  const values = checkLogits(who, logits)
  const { layout, mask, temperature } = checkRows(who, values.length, options)
  const out = checkOutOfRows(who, options, layout, mask, values)
  return { values, layout, rows: rowCount(layout), mask, temperature, mode: checkMode(who, options.mode), out }
}
