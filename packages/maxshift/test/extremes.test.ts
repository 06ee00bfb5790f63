/**
 * Logits at the end of float64 and temperatures far from 1: what overflows on the way is no reason for a wrong result. The rows are
 * those on which error-free differences with Knuth's sum, or distances kept with an exponent of their own, once failed.
 */
import { describe, expect, it } from 'vitest'
import {
  crossEntropy,
  crossEntropyWithGradient,
  entropy,
  focalLoss,
  jsDivergenceWithGradient,
  klDivergence,
  klDivergenceWithGradient,
  logSoftmax,
  logSumExpVjp,
  sampleCategorical,
  softmax,
} from '../src/index.ts'
import { decimalWorld } from './support/distribution.ts'
import { type Decimal, toExact } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { ulpError } from './support/ulp.ts'

const world = decimalWorld(380)
const MAX = Number.MAX_VALUE
const random = seededRandom(2026)

/** Rows of large entries; where an entry is ±MAX and another a quarter to half of it, sum − virtual leaves the format. */
const LARGE = [2, 3, 5, 17, 33].flatMap((classes) =>
  Array.from({ length: 5 }, () =>
    Float64Array.from({ length: classes }, () => {
      const sign = random.below(2) === 0 ? 1 : -1
      return sign * MAX * (random.below(3) === 0 ? 1 : random.uniform())
    }),
  ),
)

const CASES: readonly (readonly [Float64Array, number])[] = [
  ...LARGE.flatMap((row) => [0.6, 1, 1.7, 833, 3e307].map((t) => [row, t] as const)),
  [Float64Array.of(0, -1e-4), 1e-44],
  [Float64Array.of(663.2994130277777, 1308.6915249191923, 1308.6915249191927), 8.967482020098338e-45],
  [Float64Array.of(-2391.768591579945, -2391.7685915799443), 5e-300],
  [Float64Array.of(-8.277689931972173e-229, 1.1402038745061062e197), 2.5578743522740083e17],
  [Float64Array.of(3e30, 1e30, -2e30), 979],
]

const title = (row: Float64Array, temperature: number): string => `[${row.slice(0, 5).join()}] / ${temperature}`

function within(got: number, exact: Decimal, bound: number, what: string): void {
  expect(ulpError(got, toExact(exact, 'f64'), 'f64'), what).toBeLessThanOrEqual(bound)
}

describe('logits and temperatures at the ends of float64', () => {
  it('give softmax, logSoftmax, losses and entropy within their bounds', () => {
    for (const [row, temperature] of CASES) {
      const { p, logP } = world.softmax(row, temperature)
      const what = title(row, temperature)
      const probabilities = softmax(row, { temperature })
      const logs = logSoftmax(row, { temperature })
      const products = temperature > 1 ? logSumExpVjp(row, 1, { temperature }) : null
      let exactEntropy = world.zero
      for (let i = 0; i < row.length; i++) {
        const log = logP[i] ?? world.zero
        exactEntropy = exactEntropy.minus(p[i].times(log))
        within(probabilities[i], p[i], 0.51, `softmax ${what}`)
        within(logs[i], log, 0.55, `logSoftmax ${what}`)
        within(crossEntropy(row, [i], { temperature }), log.negated(), 0.55, `crossEntropy ${what}`)
        const others = p.reduce((sum, share, j) => (j === i ? sum : sum.plus(share)), world.zero)
        const focal = focalLoss(row, [i], { temperature, gamma: 1 })
        within(focal, log.times(others).negated(), 0.55, `focalLoss ${what}`)
        if (products) within(products[i], p[i].div(world.from(temperature)), 0.55, `logSumExpVjp ${what}`)
      }
      within(entropy(row, { temperature }), exactEntropy, 0.55, `entropy ${what}`)
    }
  })

  it('give divergences within their bounds', () => {
    for (const [row, temperature] of CASES.filter(([row]) => row.length <= 5)) {
      const other = row.map((x, i) => (i === 0 ? x * 0.75 : x))
      const a = world.softmax(row, temperature)
      const b = world.softmax(other, temperature)
      const terms = a.p.map((share, i) => share.times((a.logP[i] ?? world.zero).minus(b.logP[i] ?? world.zero)))
      const exact = terms.reduce((sum, term) => sum.plus(term), world.zero)
      within(klDivergence(row, other, { temperature }), exact, 0.55, title(row, temperature))
    }
  })

  it('give no NaN with a large z-loss', () => {
    for (const zLoss of [1, 1e10, 1e100]) {
      const { loss, gradient } = crossEntropyWithGradient([3e307, 1e307, -1e300], [0], { zLoss, reduction: 'none' })
      expect([...loss, ...gradient].some(Number.isNaN)).toBe(false)
    }
  })

  it('give no NaN in float32 where 1/T is infinite', () => {
    const row = Float32Array.of(0, 1, 0.5)
    const temperature = 5e-324
    expect([...logSumExpVjp(row, 1, { temperature })]).toEqual([0, Number.POSITIVE_INFINITY, 0])
    const { aGradient, bGradient } = jsDivergenceWithGradient(row, Float32Array.of(0, 1, 2), { temperature })
    expect([...aGradient, ...bGradient]).toEqual([0, 0, 0, 0, 0, 0])
    const kl = klDivergenceWithGradient(Float32Array.of(0.5, 0, 0.5), Float32Array.of(0.5, 1, 0.5), { temperature })
    expect(kl.divergence).toBe(Number.POSITIVE_INFINITY)
    expect([...kl.aGradient, ...kl.bGradient].some(Number.isNaN)).toBe(false)
  })

  it('give a certain draw the log-probability 0 of logSoftmax, not −0', () => {
    expect(sampleCategorical(Float32Array.of(0, -104), { seed: 1 }).logProbs[0]).toBe(0)
  })

  it('round a weighted loss once, however large it is', () => {
    const row = Float64Array.of(8e307, -9.4e307)
    const [loss] = crossEntropy(row, [1], { sampleWeights: [0.7], reduction: 'none' })
    within(loss, world.from(8e307).plus(world.from(9.4e307)).times(world.from(0.7)), 1.1, 'weighted')
  })
})
