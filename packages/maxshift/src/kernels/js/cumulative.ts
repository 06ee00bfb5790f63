/**
 * log Σ exp of every prefix of a row.
 *
 * One scan keeps the maximum m and the sum of the others relative to an anchor a, one of them: S = Σ exp((x_i − a)/T) as a pair. A prefix is
 * then the row of double-row.ts with a in the place of the second entry, s = S · exp((a − m)/T). Entries may rise above the anchor by
 * up to REACH before it moves, so that however many maxima come, a term is rescaled only once per REACH: by the time that its errors
 * could add up, it is nothing beside the new ones.
 */
import type { FloatArray } from '../../arrays.ts'
import { powerOfTwo } from '../../special/bits.ts'
import { addPairs, multiplyPairs, type Pair } from '../../special/double-double.ts'
import { type ExpParts, expParts } from '../../special/exp.ts'
import { expFull } from '../../special/exp-full.ts'
import { log1p } from '../../special/log.ts'
import { finishLog, maxPlusLog, power, restoreRow, row } from './double-row.ts'
import { differenceOver, type Temperature } from './temperature.ts'

/** How far above the anchor, over T, an entry may be. */
const REACH = 40

const sum: Pair = { hi: 0, lo: 0 }
const term: ExpParts = { hi: 0, lo: 0, exponent: 0 }
const distance: Pair = { hi: 0, lo: 0 }
const slices = { slice26: 0, slice52: 0, slice78: 0, slice104: 0 }

/** Adds a finite entry to `sum`; the anchor afterwards. Without others before, the anchor is −∞ and `sum` 0. */
function addOther(x: number, anchor: number, temperature: Temperature): number {
  differenceOver(temperature, x, anchor, distance)
  if (distance.hi <= REACH) {
    power(x, anchor, expParts, term)
    const scale = powerOfTwo(Math.max(term.exponent, -1022))
    addPairs(sum.hi, sum.lo, term.hi * scale, term.lo * scale, sum)
    return anchor
  }
  power(anchor, x, expFull, term)
  const scale = powerOfTwo(Math.max(term.exponent, -1022))
  multiplyPairs(sum.hi, sum.lo, term.hi * scale, term.lo * scale, sum)
  addPairs(1, 0, sum.hi, sum.lo, sum)
  return x
}

/** Where m and L cancel below this share of L, float32 needs the digits of the pairs as well. */
const CANCELLATION = 0.03125

/** m/T + L of the prefix; in float64, but good to float32 alone with `single`. */
function prefixValue(max: number, anchor: number, temperature: Temperature, single: boolean): number {
  slices.slice26 = sum.hi
  slices.slice52 = sum.lo
  restoreRow(max, anchor, slices, temperature)
  if (single) {
    const { hi, exponent } = row.others
    const log = log1p(hi * powerOfTwo(Math.max(exponent, -1022)))
    const value = max / temperature.value + log
    if (max >= 0 || Math.abs(value) >= CANCELLATION * log) return value
  }
  finishLog()
  return maxPlusLog()
}

/**
 * out_j = log Σ exp(x_i / T) over the entries i ≤ j of a row, or i < j if exclusive, or with `reverse` those from the other end. `out` may be the
 * array of the entries.
 */
export function logCumSumExpRow(
  values: FloatArray,
  start: number,
  classes: number,
  temperature: Temperature,
  { exclusive, reverse }: { exclusive: boolean; reverse: boolean },
  out: FloatArray,
): void {
  const single = values instanceof Float32Array
  let max = Number.NEGATIVE_INFINITY
  let anchor = Number.NEGATIVE_INFINITY
  let current = Number.NEGATIVE_INFINITY
  row.temperature = temperature
  sum.hi = sum.lo = 0
  for (let j = 0; j < classes; j++) {
    const i = start + (reverse ? classes - 1 - j : j)
    const x = values[i]
    if (exclusive) out[i] = current
    if (Number.isNaN(x) || Number.isNaN(max)) current = max = Number.NaN
    else if (x > Number.NEGATIVE_INFINITY) {
      const other = Math.min(x, max)
      max = Math.max(x, max)
      if (max === Number.POSITIVE_INFINITY) current = max
      else {
        if (other > Number.NEGATIVE_INFINITY) anchor = addOther(other, anchor, temperature)
        current = prefixValue(max, anchor, temperature, single)
      }
    }
    if (!exclusive) out[i] = current
  }
}
