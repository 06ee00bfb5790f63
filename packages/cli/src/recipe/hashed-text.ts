/**
 * Free text as features: the words of a text, pairs of neighbouring words, and runs of three to five characters within words, each
 * hashed to one of 2^bits places (Weinberger et al., Feature hashing for large scale multitask learning, ICML 2009). A place holds
 * 1 + log2(occurrences), with a sign of the hash so that collisions cancel on average, and the row is scaled to length 1.
 *
 * Text is compared in normal form (NFKC) and lower case; a word is a run of letters, marks and digits.
 */
const WORD = /[\p{L}\p{M}\p{N}]+/gu
const SHORTEST = 3
const LONGEST = 5

/** Places, ascending, and their values. */
export interface HashedText {
  readonly places: Int32Array
  readonly values: Float32Array
}

export function hashText(text: string, bits: number): HashedText {
  const sums = new Map<number, number>()
  const mask = 2 ** bits - 1
  const counts = new Map<string, number>()
  for (const gram of gramsOf(text)) counts.set(gram, (counts.get(gram) ?? 0) + 1)
  for (const [gram, count] of counts) {
    const hash = fnv1a(gram)
    const place = (hash >>> 1) & mask
    const value = 1 + Math.log2(count)
    sums.set(place, (sums.get(place) ?? 0) + (hash & 1 ? value : -value))
  }
  const places = Int32Array.from(sums.keys()).sort()
  let squares = 0
  for (const value of sums.values()) squares += value * value
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0
  return { places, values: Float32Array.from(places, (place) => (sums.get(place) ?? 0) * scale) }
}

/** Words are marked apart from runs of characters by what stands before them. */
function* gramsOf(text: string): Generator<string> {
  let before = ''
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) {
    yield `w ${word}`
    if (before !== '') yield `w ${before} ${word}`
    before = word
    const characters = [...`<${word}>`]
    for (let length = SHORTEST; length <= LONGEST; length++) {
      for (let i = 0; i + length <= characters.length; i++) yield `c ${characters.slice(i, i + length).join('')}`
    }
  }
}

/** 32 bits of FNV-1a over UTF-16 code units, with the mixing of MurmurHash3 at the end, so that all bits depend on all units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
