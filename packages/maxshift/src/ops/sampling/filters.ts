/**
 * The filters of a draw: what of a row is left to be drawn from.
 *
 * They apply in this order, each to what the one before left: temperature, mask (both known to the caller), topK, topP, minP.
 */
import { arrayLike, type FloatArray } from '../../arrays.ts'
import { findTop, type Top } from '../../kernels/js/top.ts'
import { type Mode, selectKernels } from '../../kernels/select.ts'
import { log } from '../../special/log.ts'
import { accumulate, makeCumulative } from './cumulative.ts'
import { type Best, findLargest } from './largest.ts'
import { type Cut, nucleus, placesWithin } from './nucleus.ts'

/** What a row is drawn with. */
export interface Filters {
  temperature: number
  /** Room for the so many largest that stay, fewer than a row has; null for no limit. */
  best: Best | null
  /** The share of the nucleus; 1 for all. */
  topP: number
  /** The least probability relative to the largest; 0 for all. */
  minP: number
  mode: Mode
}

/** What is left of a row: its logits there, and their places in the row, ascending; null if all are left. */
export interface Candidates {
  logits: FloatArray
  places: Int32Array | null
}

const top: Top = { max: 0, index: 0, second: 0 }

/** Keeps what lies within a cut. */
function keep(candidates: Candidates, cut: Cut): Candidates {
  const { logits, places } = candidates
  const kept = placesWithin(logits, cut)
  const values = arrayLike(logits, kept.length)
  for (let i = 0; i < kept.length; i++) values[i] = logits[kept[i]]
  return { logits: values, places: places === null ? kept : kept.map((i) => places[i]) }
}

/** Whether a row with these two largest entries has a distribution (docs/numerics.md, the table of infinities). */
export const hasDistribution = ({ max, second }: Top): boolean =>
  max > Number.NEGATIVE_INFINITY && second < Number.POSITIVE_INFINITY

function topKCut(logits: FloatArray, best: Best): Cut {
  findLargest(logits, 0, logits.length, best)
  const place = best.places[best.places.length - 1]
  return { value: logits[place], place }
}

function topPCut(logits: FloatArray, { topP, temperature, mode }: Filters): Cut {
  const probs = arrayLike(logits, logits.length)
  selectKernels(logits.length, mode).softmax(logits, 1, logits.length, temperature, probs)
  const sums = makeCumulative(logits.length)
  accumulate(probs, sums)
  return nucleus(logits, probs, sums.total, topP)
}

/** p_j ≥ ratio · max p ⇔ (x_j − m)/T ≥ log ratio. */
function minPCut(logits: FloatArray, max: number, ratio: number, temperature: number): Cut {
  const least = log(ratio)
  let value = max
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] < value && (logits[i] - max) / temperature >= least) value = logits[i]
  }
  return { value, place: logits.length }
}

/** What the filters leave of a row; null if the row has no distribution. */
export function filterRow(row: FloatArray, filters: Filters): Candidates | null {
  const { best, topP, minP, temperature } = filters
  findTop(row, 0, row.length, top)
  if (!hasDistribution(top)) return null
  let candidates: Candidates = { logits: row, places: null }
  if (best !== null) candidates = keep(candidates, topKCut(row, best))
  if (topP < 1) candidates = keep(candidates, topPCut(candidates.logits, filters))
  if (minP > 0) candidates = keep(candidates, minPCut(candidates.logits, top.max, minP, temperature))
  return candidates
}
