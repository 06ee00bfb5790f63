/**
 * What a loss can tell about each row besides: logSumExp, entropy and argmax, computed on the blocks that the loss has in cache.
 */
import type { FloatArray } from '../arrays.ts'
import { checkOptions } from '../check.ts'
import { entropyDouble, entropySingle } from '../kernels/js/entropy.ts'
import { SINGLE_CLASSES } from '../kernels/js/reference.ts'
import type { Kernels } from '../kernels/kernels.ts'
import { takeScratch } from '../kernels/scratch.ts'
import { checkResults } from './checks.ts'
import type { RowStats } from './options.ts'

/** The arrays asked for, cut to one entry per row; null if there are none. */
export function checkRowStats(who: string, given: unknown, rows: number, like: FloatArray): RowStats | null {
  if (given === undefined) return null
  const asked = checkOptions(who, given as RowStats, NAMES, 'rowStats')
  const kinds = { logSumExp: like, entropy: like, argmax: NO_PLACES }
  const stats: Record<string, unknown> = {}
  for (const name of NAMES) {
    if (asked[name] === undefined) continue
    stats[name] = checkResults(who, `rowStats.${name}`, asked[name], rows, kinds[name]).subarray(0, rows)
  }
  return stats
}

const NAMES = ['logSumExp', 'entropy', 'argmax'] as const
const NO_PLACES = new Int32Array(0)

/** Rows of logits, masked, and what becomes of them under a soft cap; the same array without one. */
interface StatRows {
  readonly logits: FloatArray
  readonly capped: FloatArray
  readonly first: number
  readonly rows: number
}

/** Fills the entries of some rows. */
export function fillRowStats(
  stats: RowStats,
  kernels: Kernels,
  { logits, capped, first, rows }: StatRows,
  classes: number,
  temperature: number,
): void {
  const { logSumExp, entropy, argmax } = stats
  if (logSumExp !== undefined) {
    // Capped logits are float64 also where results are float32.
    const out = takeScratch(capped, rows)
    kernels.logSumExp(capped, rows, classes, temperature, out)
    logSumExp.set(out, first)
  }
  if (entropy !== undefined) {
    const of = capped instanceof Float32Array && classes <= SINGLE_CLASSES ? entropySingle : entropyDouble
    for (let r = 0; r < rows; r++) entropy[first + r] = of(capped, r * classes, classes, temperature, null)
  }
  if (argmax !== undefined) {
    // The cap keeps the order but for ties that its rounding makes.
    for (let r = 0; r < rows; r++) argmax[first + r] = indexOfLargest(logits, r * classes, classes)
  }
}

/** The place of the largest entry in its row, −1 where no entry is above −∞ or one is NaN. */
function indexOfLargest(logits: FloatArray, start: number, classes: number): number {
  let largest = Number.NEGATIVE_INFINITY
  let index = -1
  for (let k = 0; k < classes; k++) {
    const value = logits[start + k]
    if (value > largest) {
      largest = value
      index = k
    } else if (Number.isNaN(value)) return -1
  }
  return index
}
