/**
 * Contributions of features to the logits of one row: their definition in 60 digits, and their sum.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { Decimal, toDecimal } from '../support/oracle.ts'

const wine = loadOptimum('wine')
const COUNT = 13
let model: SoftmaxRegression<number>

beforeAll(async () => {
  model = await SoftmaxRegression.fit(wine.features, wine.labels)
})

const means = (): Float64Array => model.means ?? new Float64Array(0)

describe('contributions', () => {
  it('start from the means of the training rows', () => {
    for (let j = 0; j < COUNT; j++) {
      let sum = new Decimal(0)
      for (let r = 0; r < wine.rows; r++) sum = sum.plus(toDecimal(wine.features[r * COUNT + j]))
      // 178 additions in float64, relative to a column of positive numbers.
      expect(means()[j] / sum.div(wine.rows).toNumber()).toBeCloseTo(1, 13)
    }
  })

  it('are weight · (feature − mean), and with the base add up to the logits', () => {
    for (const r of [0, 70, 177]) {
      const row = wine.features.slice(r * COUNT, (r + 1) * COUNT)
      const { base, contributions } = model.contributions(row)
      const logits = model.logits(row)
      expect(contributions.length).toBe(3 * COUNT)
      for (let k = 0; k < 3; k++) {
        let exactBase = toDecimal(model.intercepts[k])
        let total = toDecimal(base[k])
        let size = Math.abs(base[k])
        let logitSize = Math.abs(model.intercepts[k])
        for (let j = 0; j < COUNT; j++) {
          const weight = model.weights[k * COUNT + j]
          exactBase = exactBase.plus(toDecimal(weight).mul(toDecimal(means()[j])))
          const exact = toDecimal(weight).mul(toDecimal(row[j]).minus(toDecimal(means()[j])))
          // Two roundings: that of the difference and that of the product.
          const error = toDecimal(contributions[k * COUNT + j])
            .minus(exact)
            .abs()
            .toNumber()
          expect(error).toBeLessThanOrEqual(Math.abs(exact.toNumber()) * 2 ** -52 * 1.0001)
          total = total.plus(toDecimal(contributions[k * COUNT + j]))
          size += Math.abs(contributions[k * COUNT + j])
          logitSize += Math.abs(weight * row[j])
        }
        expect(base[k]).toBe(exactBase.toNumber())
        // The documented bound, and the bound of linear-products.ts for logits: 13 features in two lanes.
        const bound = 2 ** -52 * size + 8 * 2 ** -53 * logitSize
        expect(Math.abs(total.minus(toDecimal(logits[k])).toNumber())).toBeLessThanOrEqual(bound)
      }
    }
  })

  it('are 0 at the means, and take rows of any type', () => {
    const { base, contributions } = model.contributions(means())
    expect(contributions.every((value) => value === 0)).toBe(true)
    expect(base).toEqual(model.contributions(new Uint8Array(COUNT)).base)
    const row = Float32Array.from(wine.features.subarray(0, COUNT))
    expect(model.contributions(row)).toEqual(model.contributions(Float64Array.from(row)))
  })

  it('are of one finite row', () => {
    expect(() => model.contributions(wine.features)).toThrow(
      new RangeError('contributions: expected one row of features, got 178'),
    )
    expect(() => model.contributions(new Float64Array(0))).toThrow(
      new RangeError('contributions: expected one row of features, got 0'),
    )
    expect(() => model.contributions(new Float64Array(5))).toThrow(/^contributions: expected rows of 13 features/)
    expect(() => model.contributions(new Float64Array(COUNT).fill(Number.NaN))).toThrow(
      /^contributions: expected features to be finite, got NaN at row 0, column 0$/,
    )
  })
})
