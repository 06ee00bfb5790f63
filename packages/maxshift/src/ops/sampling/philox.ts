/**
 * Philox 4×32-10, a counter-based generator: 128 random bits as a pure function of a counter of four words and a key of two.
 *
 * Ten rounds; in each, two words of the counter are multiplied by constants, the upper halves of the products are mixed with the
 * other two words and the key, and the key moves on by a Weyl step. No state: any draw can be made again, alone and in any order.
 * Not for secrets.
 *
 * Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC '11 (2011); the tests hold the known
 * answers published with it (Random123, kat_vectors).
 */

const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
/** The golden ratio and √3 − 1, as fractions of 2^32. */
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10

/** The upper half of the product of two unsigned words, from products of their halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const other = aLow * bHigh + (middle & 0xffff)
  return aHigh * bHigh + (middle >>> 16) + (other >>> 16)
}

/** Replaces the counter in `words` (four unsigned words) by its random bits under the key. */
export function philox(words: Uint32Array, keyLow: number, keyHigh: number): void {
  let w0 = words[0]
  let w1 = words[1]
  let w2 = words[2]
  let w3 = words[3]
  let k0 = keyLow
  let k1 = keyHigh
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(w0, MULTIPLIER_0)
    const high1 = multiplyHigh(w2, MULTIPLIER_1)
    const low0 = Math.imul(w0, MULTIPLIER_0)
    const low1 = Math.imul(w2, MULTIPLIER_1)
    w0 = (high1 ^ w1 ^ k0) >>> 0
    w1 = low1 >>> 0
    w2 = (high0 ^ w3 ^ k1) >>> 0
    w3 = low0 >>> 0
    k0 = (k0 + WEYL_0) >>> 0
    k1 = (k1 + WEYL_1) >>> 0
  }
  words[0] = w0
  words[1] = w1
  words[2] = w2
  words[3] = w3
}
