/**
 * Uniform numbers for draws: 78 bits as a function of (seed, counter, row, draw), and seeds where none is given.
 *
 * 78 bits are the resolution of the cumulative sums (cumulative.ts), so that a class of probability 10^−20 still gets its share.
 */
import type { Pair } from '../../special/double-double.ts'
import { philox } from './philox.ts'

const TWO_32 = 4294967296
const words = new Uint32Array(4)

/** The upper 26 bits of a word. */
const upper = (word: number): number => word >>> 6

/** u = hi + lo uniform in [0, 1), hi a multiple of 2^−52 and lo one of 2^−78 below it. Seed and counter are safe integers ≥ 0. */
export function uniform(seed: number, counter: number, row: number, draw: number, u: Pair): void {
  words[0] = counter
  words[1] = Math.floor(counter / TWO_32)
  words[2] = row
  words[3] = draw
  philox(words, seed >>> 0, Math.floor(seed / TWO_32))
  u.hi = upper(words[0]) * 2 ** -26 + upper(words[1]) * 2 ** -52
  u.lo = upper(words[2]) * 2 ** -78
}

/** A seed of 53 random bits. */
export function randomSeed(): number {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2))
  return (high >>> 11) * TWO_32 + low
}
