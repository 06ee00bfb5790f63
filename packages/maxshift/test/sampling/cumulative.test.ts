/**
 * The inversion of the cumulative distribution at every border, against integers; and shares of a total.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import {
  accumulate,
  type Cumulative,
  classAt,
  isBelow,
  type Mass,
  makeCumulative,
  shareOf,
} from '../../src/ops/sampling/cumulative.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, floatArray } from '../support/ulp.ts'
import { UNIT, unitsOf } from './units.ts'

/** Pairs have 106 bits: what is within a 2^−20th of a unit is not told from the unit. */
const BLUR = UNIT >> 20n

const massOf = (units: bigint): Mass => ({
  coarse: Number(units >> 26n) * 2 ** -52,
  fine: Number(units & 0x3ffffffn) * 2 ** -78,
})
const unitsOfMass = ({ coarse, fine }: Mass): bigint => BigInt(coarse * 2 ** 52) * 2n ** 26n + BigInt(fine * 2 ** 78)

function tableOf(probs: FloatArray): Cumulative {
  const sums = makeCumulative(probs.length)
  accumulate(probs, sums)
  return sums
}

/** Rows whose sum is about 1: even, wide, with zeros, with tails far below the grid, long ones. */
function rows(): number[][] {
  const { uniform, below } = seededRandom(5)
  const normal = (weights: number[]): number[] => {
    const sum = weights.reduce((a, b) => a + b, 0)
    return weights.map((w) => w / sum)
  }
  return [
    [1],
    [0, 1],
    [1, 0],
    [0.5, 0.5],
    [0.1, 0.2, 0.3, 0.4],
    [2 ** -78, 1, 2 ** -79, 2 ** -78],
    [2 ** -79, 2 ** -80, 1, 1e-300, 3 * 2 ** -79],
    normal(Array.from({ length: 64 }, () => 1)),
    normal(Array.from({ length: 65 }, uniform)),
    ...Array.from({ length: 30 }, () =>
      normal(
        Array.from({ length: 1 + below(300) }, () => (below(3) === 0 ? 0 : uniform() * 2 ** -below(90))).concat(0.3),
      ),
    ),
    normal(Array.from({ length: 3000 }, () => uniform() * 2 ** -below(60))),
  ]
}

describe.each(DTYPES)('%s', (dtype) => {
  it('sums are exact', () => {
    for (const row of rows()) {
      const probs = floatArray(dtype, row)
      const total = Array.from(probs, unitsOf).reduce((a, b) => a + b)
      expect(unitsOfMass(tableOf(probs).total)).toBe(total)
    }
  })

  it('every class owns the interval between its sums, and a class of weight 0 nothing', () => {
    for (const row of rows()) {
      const probs = floatArray(dtype, row)
      const sums = tableOf(probs)
      const weights = Array.from(probs, unitsOf)
      let before = 0n
      for (const [j, weight] of weights.entries()) {
        if (weight > 0n) {
          // The first and the last point, and one between.
          for (const at of [0n, weight / 2n, weight - 1n]) expect(classAt(probs, sums, massOf(before + at))).toBe(j)
        }
        before += weight
      }
    }
  })

  it('a share lies below the total, and is rounded the way that is asked for', () => {
    const { bits, uniform } = seededRandom(9)
    for (const row of rows()) {
      const { total } = tableOf(floatArray(dtype, row))
      const totalUnits = unitsOfMass(total)
      const shares = [0n, 1n, UNIT / 2n, UNIT - 1n]
      for (let i = 0; i < 20; i++)
        shares.push(((BigInt(bits()) << 64n) | (BigInt(bits()) << 32n) | BigInt(bits())) >> 18n)
      for (const share of shares) {
        const { coarse, fine } = massOf(share)
        const floor = unitsOfMass(shareOf(total, coarse, fine, Math.floor))
        const exact = share * totalUnits
        expect((floor + 1n) * UNIT > exact - BLUR && floor * UNIT <= exact + BLUR).toBe(true)
        expect(isBelow(shareOf(total, coarse, fine, Math.floor), total)).toBe(true)
      }
      for (const share of [0, 0.5, 0.9, 0.95, 1 - 2 ** -53, ...Array.from({ length: 20 }, uniform)]) {
        const exact = unitsOf(share) * totalUnits
        const ceil = unitsOfMass(shareOf(total, share, 0, Math.ceil))
        expect(ceil * UNIT >= exact - BLUR && (ceil - 1n) * UNIT < exact + BLUR).toBe(true)
      }
    }
  })
})
