/**
 * Which entries of a row filters keep. Every filter keeps the first so many in one order, larger logits first and among equal ones
 * the lower index; so what it keeps is told by the last entry that stays, the cut.
 *
 * The nucleus, the shortest start of that order whose probabilities reach a share of their sum, is found without sorting the row:
 * entries are put into buckets by their logits, the masses of the buckets are exact sums (cumulative.ts), and only the bucket in
 * which the share is reached is looked at again, in finer buckets, until few entries are left to be sorted.
 *
 * Source of the nucleus: Holtzman, Buys, Du, Forbes & Choi, "The curious case of neural text degeneration", ICLR 2020.
 */
import type { FloatArray } from '../../arrays.ts'
import { coarsePart, finePart, isBelow, type Mass, shareOf } from './cumulative.ts'

/** The last entry that stays: its logit and its place. */
export interface Cut {
  value: number
  place: number
}

/** The places of the entries that a cut keeps, in the order of the row. */
export function placesWithin(logits: FloatArray, { value, place }: Cut): Int32Array {
  const kept: number[] = []
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] > value || (logits[i] === value && i <= place)) kept.push(i)
  }
  return Int32Array.from(kept)
}

const BUCKETS = 1024
/** So few entries are sorted. */
const FEW = 64
/** What is below this has no mass: 2^−79. */
const LEAST = 1.6543612251060553e-24

/** Adds the mass of an entry. */
function add(sum: Mass, p: number): void {
  const coarse = coarsePart(p)
  sum.coarse += coarse
  sum.fine += finePart(p, coarse)
}

/** Goes over sorted entries until `sum` is no longer below the target; the entry that does it is the cut. */
function walk(logits: FloatArray, probs: FloatArray, sorted: Int32Array, sum: Mass, target: Mass): Cut {
  let last = 0
  do add(sum, probs[sorted[last++]])
  while (last < sorted.length && isBelow(sum, target))
  const place = sorted[last - 1]
  return { value: logits[place], place }
}

/** The entries whose probability is at least `least`, and more than 0. */
function placesFrom(probs: FloatArray, least: number): Int32Array {
  const places = new Int32Array(probs.length)
  let count = 0
  for (let i = 0; i < probs.length; i++) if (probs[i] >= least) places[count++] = i
  return places.subarray(0, count)
}

/** The largest and the smallest logit at some places. */
function rangeOf(logits: FloatArray, places: Int32Array): { high: number; low: number } {
  let high = Number.NEGATIVE_INFINITY
  let low = Number.POSITIVE_INFINITY
  for (let i = 0; i < places.length; i++) {
    const value = logits[places[i]]
    if (value > high) high = value
    if (value < low) low = value
  }
  return { high, low }
}

/** Masses of buckets. */
const coarse = new Float64Array(BUCKETS)
const fine = new Float64Array(BUCKETS)

/**
 * Puts the members into buckets of equal width, adds up to `sum` the masses of those before the one in which the target is reached,
 * and returns the members of that one.
 */
function narrow(
  logits: FloatArray,
  probs: FloatArray,
  members: Int32Array,
  high: number,
  scale: number,
  sum: Mass,
  target: Mass,
): Int32Array {
  coarse.fill(0)
  fine.fill(0)
  for (let i = 0; i < members.length; i++) {
    const place = members[i]
    const bucket = Math.floor((high - logits[place]) * scale)
    const head = coarsePart(probs[place])
    coarse[bucket] += head
    fine[bucket] += finePart(probs[place], head)
  }
  const next: Mass = { coarse: 0, fine: 0 }
  let reached = 0
  for (; reached < BUCKETS - 1; reached++) {
    next.coarse = sum.coarse + coarse[reached]
    next.fine = sum.fine + fine[reached]
    if (!isBelow(next, target)) break
    sum.coarse = next.coarse
    sum.fine = next.fine
  }
  let count = 0
  for (let i = 0; i < members.length; i++) {
    if (Math.floor((high - logits[members[i]]) * scale) === reached) members[count++] = members[i]
  }
  return members.subarray(0, count)
}

/**
 * The cut of the shortest start whose probabilities sum up to at least `share` ∈ [0, 1) of the total, at least one entry. The
 * logits have a distribution, of which `probs` are the probabilities and `total` is their exact sum.
 */
export function nucleus(logits: FloatArray, probs: FloatArray, total: Mass, share: number): Cut {
  const target = shareOf(total, share, 0, Math.ceil)
  const sum: Mass = { coarse: 0, fine: 0 }
  // From the cut on at least 1 − share is left, so the cut has at least an n-th of that; half of it is safe from any rounding.
  let members = placesFrom(probs, Math.max(LEAST, (0.5 * (1 - share)) / probs.length))
  for (;;) {
    const { high, low } = rangeOf(logits, members)
    const scale = (BUCKETS - 1) / (high - low)
    if (high === low) return walk(logits, probs, members, sum, target)
    if (members.length <= FEW || !(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
      const sorted = members.sort((a, b) => logits[b] - logits[a] || a - b)
      return walk(logits, probs, sorted, sum, target)
    }
    members = narrow(logits, probs, members, high, scale, sum, target)
  }
}
