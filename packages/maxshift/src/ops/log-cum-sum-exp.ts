/**
 * logCumSumExp of rows along any axis: checked, allocating, either dtype.
 */
import type { FloatArray, Logits, ResultArray } from '../arrays.ts'
import { checkApart, checkFlag, checkLogits, checkOptions, checkOut } from '../check.ts'
import { logCumSumExpRow } from '../kernels/js/cumulative.ts'
import { temperatureOf } from '../kernels/js/temperature.ts'
import { overRowsOf } from './distribution.ts'
import { checkRows, ROW_OPTIONS, type RowOptions } from './rows.ts'

/** Options of logCumSumExp. */
export interface LogCumSumExpOptions<T extends FloatArray = never> extends RowOptions {
  /** Whether an entry counts only for those after it; the first result of a row is −∞ then. Default: false. */
  exclusive?: boolean | undefined
  /** Whether rows are summed from their end. Default: false. */
  reverse?: boolean | undefined
  /**
   * Receives the results and is returned: of the dtype of the results, at least as long as the logits (what lies beyond is not
   * touched), and either the logits themselves (in place) or memory apart from them.
   */
  out?: T | undefined
}

const OPTION_NAMES = [...ROW_OPTIONS, 'exclusive', 'reverse', 'out'] as const

/**
 * logCumSumExp(logits)_j = log Σ_{i ≤ j} exp(logits_i / T), for each row: the logSumExp of every prefix.
 *
 * Each result is within 0.501 ulp (float32) or 0.51 ulp (float64), whatever maxima come later; where a negative maximum m of the prefix
 * cancels, |result| < |m|/(2 T), alternatively within 2^−62 · max(1, |m|/T). Same bits on every engine.
 *
 * Non-finite: NaN from the first NaN on; +∞ from the first +∞ on; entries of −∞ and masked ones count for nothing, and a prefix of them only
 * gives −∞, as does the empty one of `exclusive`.
 *
 * Computed in plain TypeScript; float64 takes several times as long as float32.
 *
 * @param logits row-major, as `classes` or `shape` tell. Float32Array gives a Float32Array; Float64Array and number[] a Float64Array.
 * @param options `classes`, or `shape` and `axis`; `mask`, `temperature`, `exclusive`, `reverse`, `out`.
 * @returns `out`, or a new array of the length and the order of `logits`.
 * @throws as softmax does.
 */
export function logCumSumExp<L extends Logits>(logits: L, options?: LogCumSumExpOptions<ResultArray<L>>): ResultArray<L>
export function logCumSumExp(logits: Logits, given?: LogCumSumExpOptions<FloatArray>): FloatArray {
  const who = 'logCumSumExp'
  const options = checkOptions(who, given, OPTION_NAMES)
  const values = checkLogits(who, logits)
  const { layout, mask, temperature } = checkRows(who, values.length, options)
  const scan = {
    exclusive: checkFlag(who, 'exclusive', options.exclusive),
    reverse: checkFlag(who, 'reverse', options.reverse),
  }
  const out = checkOut(who, options.out, values.length, values)
  checkApart(who, out, values.length, 'mask', mask)
  const divisor = temperatureOf(temperature)
  overRowsOf(layout, { logits: [values], mask, outputs: [out], inPlace: true }, ({ logits, outputs }, start) =>
    logCumSumExpRow(logits[0], start, layout.classes, divisor, scan, outputs[0]),
  )
  return out
}
