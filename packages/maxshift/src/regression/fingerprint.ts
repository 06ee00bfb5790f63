/**
 * Fingerprints of numbers: 64 bits that tell other bits from the same, to notice an accident, not an adversary.
 *
 * Two 32-bit hashes with different constants over the bytes as little-endian words, each word and state mixed in the manner of
 * MurmurHash3 (Appleby, public domain). For a given word a state goes to a state one to one and back, so that a single changed word
 * always changes both hashes. About half a second per gigabyte.
 */
import type { Pause } from './pause.ts'

/** Words between two pauses. */
const BLOCK_WORDS = 2 ** 20

export class Fingerprint {
  private first = 0x6d617873
  private second = 0x68696674
  private readonly words = new Uint32Array(2 ** 14)
  private readonly bytes = new Uint8Array(this.words.buffer)

  /** Adds an array: its kind, its length and its bytes. Undefined counts too. */
  async add(array: ArrayBufferView | undefined, pause: Pause): Promise<void> {
    this.addText(array === undefined ? '' : array.constructor.name === 'Buffer' ? 'Uint8Array' : array.constructor.name)
    if (array === undefined) return
    this.addWord(array.byteLength >>> 0)
    this.addWord(Math.floor(array.byteLength / 2 ** 32))
    const given = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
    for (let begin = 0, done = 0; begin < given.length; begin += this.bytes.length) {
      // Copied, because the words of a view need not be aligned.
      const part = given.subarray(begin, begin + this.bytes.length)
      this.bytes.fill(0, part.length & ~3)
      this.bytes.set(part)
      this.addWords(Math.ceil(part.length / 4))
      done += this.words.length
      if (done % BLOCK_WORDS === 0) await pause()
    }
  }

  /** Adds the code units of a text, and their number. */
  addText(text: string): void {
    this.addWord(text.length)
    for (let i = 0; i < text.length; i++) this.addWord(text.charCodeAt(i))
  }

  /** Sixteen hexadecimal digits of what was added so far. */
  get digest(): string {
    return [this.first, this.second].map((hash) => finish(hash).toString(16).padStart(8, '0')).join('')
  }

  private addWord(word: number): void {
    this.words[0] = word
    this.addWords(1)
  }

  /** Adds the first words of the buffer. */
  private addWords(count: number): void {
    const { words } = this
    let a = this.first
    let b = this.second
    for (let i = 0; i < count; i++) {
      const word = words[i]
      let k = Math.imul(word, 0xcc9e2d51)
      k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
      a ^= k
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
      k = Math.imul(word, 0x239b961b)
      k = Math.imul((k << 16) | (k >>> 16), 0xab0e9789)
      b ^= k
      b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x0bcaa747) | 0
    }
    this.first = a
    this.second = b
  }
}

/** Spreads every bit of a state over all. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
