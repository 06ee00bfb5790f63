/**
 * Seeded random numbers, so that a failing row can be made again from its seed.
 *
 * Tommy Ettinger's mulberry32, which generate.py repeats: the long rows of the vectors are recipes over it.
 */

export interface Random {
  /** The next of the generator's 32-bit integers. */
  readonly bits: () => number
  /** Uniform in [0, 1), a multiple of 2^-32. */
  readonly uniform: () => number
  /** Close to N(0, 1): the sum of twelve uniform numbers less six, exact in float64. */
  readonly normal: () => number
  /** A uniform integer in [0, n). */
  readonly below: (n: number) => number
  /** A new array with the same entries in random order. */
  readonly shuffled: <T>(items: readonly T[]) => T[]
}

/** A generator for a seed: an unsigned 32-bit integer. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const bits = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const normal = (): number => {
    let sum = 0
    for (let i = 0; i < 12; i++) sum += bits()
    return (sum - 6 * 2 ** 32) / 2 ** 32
  }
  const below = (n: number): number => bits() % n
  const shuffled = <T>(items: readonly T[]): T[] => {
    const result = [...items]
    for (let i = result.length - 1; i > 0; i--) {
      const j = below(i + 1)
      const kept = result[i]
      result[i] = result[j]
      result[j] = kept
    }
    return result
  }
  return { bits, uniform: () => bits() / 2 ** 32, normal, below, shuffled }
}
