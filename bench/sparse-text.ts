/**
 * Text as a sparse classifier meets it, made from a seed: words of Zipf's law with successors that recur, classes that prefer some of
 * them, and the 1- and 2-grams hashed to columns, weighted by tf–idf with rows of length 1 (Weinberger et al., ICML 2009).
 */

export interface SparseText {
  readonly indptr: Int32Array
  readonly indices: Int32Array
  readonly values: Float32Array
  readonly columns: number
  readonly labels: Int32Array
}

const WORDS = 60_000
/** Words that a class prefers, and how often one of them is taken instead of any. */
const TOPIC_WORDS = 400
const TOPIC_SHARE = 0.12
/** How often a word is one of the usual successors of the word before. */
const SUCCESSOR_SHARE = 0.35
const SUCCESSORS = 4
/** Rows whose label is that of another text. */
const WRONG_SHARE = 0.05

export function makeSparseText(rows: number, columns: number, classes: number, seed: number): SparseText {
  const random = generator(seed)
  const zipf = new Float64Array(WORDS)
  for (let w = 0, sum = 0; w < WORDS; w++) zipf[w] = sum += 1 / (w + 3) ** 1.05
  const draw = (): number => search(zipf, random() * zipf[WORDS - 1])
  // Informative words are neither the most common nor the rarest.
  const topics = Array.from({ length: classes }, () =>
    Int32Array.from({ length: TOPIC_WORDS }, () => Math.floor(50 * 200 ** random())),
  )
  const labels = Int32Array.from({ length: rows }, () => Math.floor(classes * random() ** 1.3))
  const indptr = new Int32Array(rows + 1)
  const parts: Map<number, number>[] = []
  const frequency = new Float64Array(columns)
  for (let r = 0; r < rows; r++) {
    const counts = new Map<number, number>()
    const topic = topics[labels[r]]
    const length = Math.ceil(20 + 60 * (random() + random()) * random() * 2)
    let before = -1
    for (let i = 0; i < length; i++) {
      const kind = random()
      const word =
        kind < TOPIC_SHARE
          ? topic[Math.floor(TOPIC_WORDS * random() ** 2)]
          : kind < TOPIC_SHARE + SUCCESSOR_SHARE && before >= 0
            ? search(zipf, ((hash(before, Math.floor(SUCCESSORS * random())) % 65536) / 65536) * zipf[WORDS - 1])
            : draw()
      count(counts, hash(word, -1) % columns)
      if (before >= 0) count(counts, hash(before, word) % columns)
      before = word
    }
    for (const j of counts.keys()) frequency[j]++
    parts.push(counts)
    indptr[r + 1] = indptr[r] + counts.size
  }
  const indices = new Int32Array(indptr[rows])
  const values = new Float32Array(indptr[rows])
  parts.forEach((counts, r) => {
    const row = [...counts].sort((a, b) => a[0] - b[0])
    const weighted = row.map(([j, n]) => (1 + Math.log(n)) * (1 + Math.log((1 + rows) / (1 + frequency[j]))))
    const length = Math.sqrt(weighted.reduce((sum, x) => sum + x * x, 0))
    row.forEach(([j], i) => {
      indices[indptr[r] + i] = j
      values[indptr[r] + i] = weighted[i] / length
    })
  })
  for (let r = 0; r < rows; r++) if (random() < WRONG_SHARE) labels[r] = Math.floor(classes * random())
  return { indptr, indices, values, columns, labels }
}

function count(counts: Map<number, number>, column: number): void {
  counts.set(column, (counts.get(column) ?? 0) + 1)
}

/** The first place whose cumulative number is above x. */
function search(cumulative: Float64Array, x: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle] > x) high = middle
    else low = middle + 1
  }
  return low
}

/** 32 well mixed bits of two integers (the finaliser of MurmurHash3). */
function hash(a: number, b: number): number {
  let h = (Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 2, 0x85ebca6b)) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** mulberry32. */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
