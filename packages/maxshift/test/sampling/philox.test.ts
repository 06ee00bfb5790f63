/**
 * Philox 4×32-10 against the known answers that were published with it, and the uniform numbers made of it.
 */
import { describe, expect, it } from 'vitest'
import { philox } from '../../src/ops/sampling/philox.ts'
import { randomSeed, uniform } from '../../src/ops/sampling/uniform.ts'

/** Counter, key, result: the file kat_vectors of Random123 (Salmon et al., SC '11). */
const KNOWN = [
  ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
]

const wordsOf = (hex: string): Uint32Array => Uint32Array.from(hex.split(' '), (word) => Number.parseInt(word, 16))

describe('philox', () => {
  it.each(KNOWN)('%s under %s', (counter, key, expected) => {
    const words = wordsOf(counter)
    const [low, high] = wordsOf(key)
    philox(words, low, high)
    expect(words).toEqual(wordsOf(expected))
  })

  it('multiplies like integers of 64 bits', () => {
    // One round by BigInt, repeated with the key schedule, on counters with all kinds of halves.
    const multiply = (a: bigint, b: bigint): [bigint, bigint] => [(a * b) >> 32n, (a * b) & 0xffffffffn]
    const words = Uint32Array.of(0xffff0000, 0x0000ffff, 0x80008000, 0x7fff7fff)
    for (let i = 0; i < 500; i++) {
      let [w0, w1, w2, w3] = [...words].map(BigInt)
      let [k0, k1] = [BigInt(words[3]), BigInt(words[1])]
      for (let round = 0; round < 10; round++) {
        const [high0, low0] = multiply(w0, 0xd2511f53n)
        const [high1, low1] = multiply(w2, 0xcd9e8d57n)
        ;[w0, w1, w2, w3] = [high1 ^ w1 ^ k0, low1, high0 ^ w3 ^ k1, low0]
        k0 = (k0 + 0x9e3779b9n) & 0xffffffffn
        k1 = (k1 + 0xbb67ae85n) & 0xffffffffn
      }
      philox(words, words[3], words[1])
      expect([...words].map(BigInt)).toEqual([w0, w1, w2, w3])
    }
  })
})

describe('uniform', () => {
  const u = { hi: 0, lo: 0 }

  it('is made of the upper 26 bits of three words', () => {
    uniform(0x299f31d0 * 2 ** 20, 0x85a308d3, 0x13198a2e, 0x03707344, u)
    const words = Uint32Array.of(0x85a308d3, 0, 0x13198a2e, 0x03707344)
    philox(words, (0x299f31d0 << 20) >>> 0, 0x299f31d0 >>> 12)
    expect(u.hi).toBe(((words[0] >>> 6) * 2 ** 26 + (words[1] >>> 6)) * 2 ** -52)
    expect(u.lo).toBe((words[2] >>> 6) * 2 ** -78)
  })

  it('every argument makes another number, also in its upper bits', () => {
    const seen = new Set<number>()
    const big = Number.MAX_SAFE_INTEGER
    for (const at of [
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [big, 0, 0, 0],
      [2 ** 32, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 2 ** 32, 0, 0],
      [0, big, 0, 0],
    ]) {
      for (const [row, draw] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [2 ** 26, 2 ** 26],
      ]) {
        uniform(at[0], at[1], row, draw, u)
        seen.add(u.hi)
      }
    }
    expect(seen.size).toBe(28)
  })

  it('moments are those of the uniform distribution, neighbours are uncorrelated', () => {
    const count = 100_000
    const sums = { mean: 0, square: 0, neighbour: 0, low: 0 }
    let last = 0.5
    let inRange = true
    for (let draw = 0; draw < count; draw++) {
      uniform(7, 0, 0, draw, u)
      const x = u.hi - 0.5
      sums.mean += x
      sums.square += x * x
      sums.neighbour += x * last
      sums.low += u.lo * 2 ** 52 - 0.5
      last = x
      inRange &&= u.hi >= 0 && u.hi < 1 && u.lo >= 0 && u.lo < 2 ** -52
    }
    expect(inRange).toBe(true)
    // Four standard deviations of each.
    const bound = 4 / Math.sqrt(count)
    expect(Math.abs(sums.mean / count)).toBeLessThan(bound * Math.sqrt(1 / 12))
    expect(Math.abs(sums.low / count)).toBeLessThan(bound * Math.sqrt(1 / 12))
    expect(Math.abs(sums.square / count - 1 / 12)).toBeLessThan(bound * Math.sqrt(1 / 180))
    expect(Math.abs(sums.neighbour / count)).toBeLessThan(bound / 12)
  })

  it('random seeds are safe integers and differ', () => {
    const seeds = Array.from({ length: 20 }, randomSeed)
    expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true)
    expect(new Set(seeds).size).toBe(20)
  })
})
