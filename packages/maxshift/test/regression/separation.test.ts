/**
 * Separation: the search against a linear program, and what a fit makes of it.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeColumns } from '../../src/regression/columns.ts'
import { type FitOptions, type Separation, SoftmaxRegression } from '../../src/regression/index.ts'
import { findSeparation, scalingFor } from '../../src/regression/separation.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { seededRandom } from '../support/random.ts'

interface Case {
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  readonly intercept: boolean
  readonly features: number[]
  readonly labels?: number[]
  readonly targets?: number[]
  readonly weights: number[]
  readonly kind: 'none' | Separation['kind']
  readonly strictRows: number
  readonly told: number[]
}
const cases = JSON.parse(readFileSync(new URL('../fixtures/separation.json', import.meta.url), 'utf8')) as Case[]

interface Given {
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  readonly features: ArrayLike<number>
  /** Whether the target of a row has a share of a class. */
  readonly shares: (r: number, k: number) => boolean
}

/** Checks a direction in every row, and counts the rows that gain on every other class. */
function verify({ weights, intercepts }: Pick<Separation, 'weights' | 'intercepts'>, given: Given): number {
  const { rows, featureCount, classes, features, shares } = given
  const logits = Array.from({ length: rows }, (_, r) =>
    Array.from(intercepts, (b, k) => {
      let sum = b
      for (let j = 0; j < featureCount; j++) sum += weights[k * featureCount + j] * features[r * featureCount + j]
      return sum
    }),
  )
  const rounding = 1e-8 * Math.max(...logits.flat().map(Math.abs))
  let strict = 0
  for (let r = 0; r < rows; r++) {
    const own = logits[r].findIndex((_, k) => shares(r, k))
    let gains = true
    for (let k = 0; k < classes; k++) {
      const margin = logits[r][own] - logits[r][k]
      if (shares(r, k)) expect(Math.abs(margin)).toBeLessThanOrEqual(rounding)
      else expect(margin).toBeGreaterThanOrEqual(-rounding)
      if (!shares(r, k) && !(margin > rounding)) gains = false
    }
    if (gains) strict++
  }
  return strict
}

describe('findSeparation', () => {
  it('says of 300 small data sets what a linear program says', async () => {
    for (const one of cases) {
      const features = Float64Array.from(one.features)
      const weights = Float64Array.from(one.weights)
      const pause = async (): Promise<void> => {}
      const columns = await describeColumns(features, one.rows, one.featureCount, pause, weights)
      const none = new Float64Array(one.featureCount)
      const labels = one.labels && Int32Array.from(one.labels)
      const targets = one.targets && Float64Array.from(one.targets)
      const data = { ...one, features, labels, targets, weights, totalWeight: 1, offset: undefined }
      const found = await findSeparation(data, scalingFor({ l1: none, l2: none }, columns, one.intercept), pause)
      expect(found?.kind ?? 'none').toBe(one.kind)
      if (found === undefined) continue
      expect(found.strictRows).toBe(one.strictRows)
      expect(found.strictRows + found.tiedRows).toBe(one.weights.filter((w) => w > 0).length)
      if (one.told.length > 0) expect(found.classes).toEqual(one.told)
      const counting = Array.from(one.weights.keys()).filter((r) => one.weights[r] > 0)
      const shares = (r: number, k: number): boolean =>
        targets ? targets[counting[r] * one.classes + k] > 0 : labels?.[counting[r]] === k
      const rows = counting.flatMap((r) => one.features.slice(r * one.featureCount, (r + 1) * one.featureCount))
      expect(verify(found, { ...one, rows: counting.length, features: rows, shares })).toBe(one.strictRows)
    }
  })
})

async function fit(
  features: Float32Array | Float64Array | Uint8Array,
  labels: readonly number[],
  options: FitOptions = {},
): Promise<SoftmaxRegression<number>> {
  const model = await SoftmaxRegression.fit(features, labels, { l2: 0, ...options })
  const { separation, status } = model.report
  expect(separation !== undefined).toBe(status === 'separated')
  if (separation) {
    const rows = labels.length
    const shares = (r: number, k: number): boolean => model.classNames[k] === labels[r]
    const given = { rows, featureCount: features.length / rows, classes: model.classNames.length, features, shares }
    expect(verify(separation, given)).toBe(separation.strictRows)
  }
  return model
}

describe('a fit without a penalty', () => {
  it('of iris is separated: setosa from the others, which overlap', async () => {
    const { features, labels } = loadOptimum('iris')
    for (const tolerance of [1e-3, 0]) {
      const { report, evaluate } = await fit(features, labels, { tolerance }).then((model) => ({
        report: model.report,
        evaluate: model.evaluate(features, labels),
      }))
      expect(report.separation).toMatchObject({
        kind: 'quasi-complete',
        classNames: [0],
        strictRows: 50,
        tiedRows: 100,
      })
      // It does not run away, and leaves a good model.
      expect(report.dataPasses).toBeLessThanOrEqual(50)
      expect(evaluate.accuracy).toBeGreaterThan(0.97)
    }
  })

  it('of wine is separated completely, in any units', async () => {
    const { features, labels } = loadOptimum('wine')
    const units = [1e-150, 1, 1e100]
    const scaled = features.map((x, i) => x * units[(i % 13) % 3]) as Float64Array
    for (const x of [features, scaled]) {
      const { report } = await fit(x, labels, { tolerance: 0 })
      expect(report.separation).toMatchObject({ kind: 'complete', classNames: [0, 1, 2], strictRows: 178, tiedRows: 0 })
      expect(report.dataPasses).toBeLessThanOrEqual(50)
    }
  })

  it('is separated by a rare feature that only one class has', async () => {
    const random = seededRandom(8)
    const rows = 400
    const labels = Array.from({ length: rows }, () => random.below(3))
    const features = Float64Array.from({ length: rows * 3 }, (_, i) => {
      const r = Math.floor(i / 3)
      return i % 3 < 2 ? random.normal() + 0.3 * labels[r] : Number(labels[r] === 2 && r % 40 === 0)
    })
    const some = labels.filter((label, r) => label === 2 && r % 40 === 0).length
    expect(some).toBeGreaterThan(0)
    const { report } = await fit(features, labels)
    expect(report.separation).toMatchObject({ kind: 'quasi-complete', classNames: [2], strictRows: some })
    const { weights } = report.separation as Separation
    // All of the direction is in that feature.
    weights.forEach((w, i) => {
      if (i % 3 < 2) expect(Math.abs(w)).toBeLessThanOrEqual(1e-7)
    })
    expect(weights[8]).toBeGreaterThan(weights[5])
    // Penalised, it cannot grow; the others have an optimum.
    const penalised = await fit(features, labels, { l2: 1e-3, penaltyFactors: [0, 0, 1] })
    expect(penalised.report.status).toBe('converged')
    const other = await fit(features, labels, { l2: 1e-3, penaltyFactors: [1, 1, 0], solver: 'proximal' })
    expect(other.report.separation).toMatchObject({ classNames: [2], strictRows: some })
  })

  it('has an optimum where classes overlap by a single row, and none where they touch', async () => {
    const x = Float64Array.from([1, 2, 3, 4, 5, 6])
    expect((await fit(x, [0, 0, 1, 0, 1, 1])).report.status).toBe('converged')
    const touching = await fit(Float64Array.from([1, 2, 3, 3, 5, 6]), [0, 0, 0, 1, 1, 1])
    expect(touching.report.separation).toMatchObject({
      kind: 'quasi-complete',
      classNames: [0, 1],
      strictRows: 4,
      tiedRows: 2,
    })
    const between = await fit(Float64Array.from([1, 2, 3, 4, 5, 6]), [0, 1, 0, 1, 0, 1], { intercept: false })
    expect(between.report.status).toBe('converged')
  })

  it('is not asked with a penalty, nor where features say nothing', async () => {
    const { features, labels } = loadOptimum('wine')
    expect((await fit(features, labels, { l2: 1e-6 })).report.status).toBe('converged')
    expect((await fit(features, labels, { l1: 1e-3 })).report.status).toBe('converged')
    expect((await fit(new Float64Array(178), labels)).report.status).toBe('converged')
  })

  it('does not count rows of weight 0, and ends no sooner than the caller wants', async () => {
    const x = Float64Array.from([1, 2, 3, 2, 4, 5])
    const labels = [0, 0, 0, 1, 1, 1]
    const model = await SoftmaxRegression.fit(x, labels, { l2: 0, sampleWeights: [1, 1, 1, 0, 1, 1] })
    expect(model.report.separation).toMatchObject({ kind: 'complete', strictRows: 5, tiedRows: 0 })
    expect((await fit(x, labels)).report.status).toBe('converged')
    const stopped = await fit(Float64Array.from([1, 2, 3, 4]), [0, 0, 1, 1], { onIteration: () => false })
    expect(stopped.report.status).toBe('stopped')
  })
})

describe('a fit too large for the search', () => {
  const random = seededRandom(12)
  const [rows, size] = [1500, 240]
  const labels = Array.from({ length: rows }, (_, r) => r % 3)
  const features = Float32Array.from({ length: rows * size }, (_, i) => {
    const label = labels[Math.floor(i / size)]
    return random.normal() + (i % size === 0 && label === 1 ? 14 : i % size === 1 && label === 2 ? 0.5 : 0)
  })

  it('says what its weights tell: one class from the rest', async () => {
    const { report } = await fit(features, labels, { tolerance: 1e-6 })
    expect(report.separation).toMatchObject({
      kind: 'quasi-complete',
      classNames: [1],
      strictRows: 500,
      tiedRows: 1000,
    })
    expect(report.dataPasses).toBeLessThanOrEqual(80)
  })

  it('or all classes from each other, with an intercept and without', async () => {
    const apart = features.map((x, i) => x + (i % size === labels[Math.floor(i / size)] ? 20 : 0))
    for (const intercept of [true, false]) {
      const { report } = await fit(apart, labels, { tolerance: 0, intercept })
      expect(report.separation).toMatchObject({
        kind: 'complete',
        classNames: [0, 1, 2],
        strictRows: 1500,
        tiedRows: 0,
      })
      expect(report.dataPasses).toBeLessThanOrEqual(50)
    }
  })

  it('and nothing where nothing is told apart', async () => {
    const shuffled = random.shuffled(labels)
    expect((await fit(features, shuffled)).report.status).toBe('converged')
  })
})
