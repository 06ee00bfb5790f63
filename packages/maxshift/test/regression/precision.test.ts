/**
 * Fits that begin in float32: which columns may, that rounding stays below what is promised, and that the optimum is that of float64
 * wherever the columns lie.
 */
import { describe, expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { createPause } from '../../src/regression/pause.ts'
import { canBeginInSingle } from '../../src/regression/precision.ts'
import { createDenseSweep } from '../../src/regression/sweep.ts'
import { seededRandom } from '../support/random.ts'

const ROWS = 30_000
const FEATURES = 7
const CLASSES = 5
const random = seededRandom(5)
const normals = Float64Array.from({ length: ROWS * FEATURES }, () => random.normal())
const labels = Int32Array.from({ length: ROWS }, (_, r) => {
  // Drawn from a model, so that no class can be separated and an optimum exists without a penalty.
  const scores = Array.from({ length: CLASSES }, (_, k) => {
    let score = -Math.log(-Math.log(random.uniform() + 1e-12))
    for (let j = 0; j < FEATURES; j++) score += normals[r * FEATURES + j] * Math.sin(3 * k + j)
    return score
  })
  return scores.indexOf(Math.max(...scores))
})

/** Column j as shift[j] + scale[j] · normal. */
const place = (scales: readonly number[], shifts: readonly number[]): Float64Array =>
  normals.map((x, i) => shifts[i % FEATURES] + scales[i % FEATURES] * x)

const dataOf = (weights?: Float64Array, offset?: Float64Array) => ({
  features: normals,
  rows: ROWS,
  featureCount: 1,
  classes: 60,
  labels: undefined,
  targets: undefined,
  weights,
  totalWeight: ROWS,
  offset,
})
const column = (mean: number, deviation: number) => ({
  means: Float64Array.of(mean),
  deviations: Float64Array.of(deviation),
})

describe('canBeginInSingle', () => {
  it.each([
    ['near zero', 0.5, 1, true, true],
    ['a year', 2020, 5, true, false],
    ['a timestamp', 1.7e9, 1e5, true, false],
    ['of size 1e30', 0, 1e30, true, false],
    ['of size 1e-30', 0, 1e-30, true, false],
    ['constant', 7, 0, true, true],
    ['constant and huge', 1e200, 0, true, false],
    ['far from zero, and not centred', 2020, 5, false, true],
  ])('%s', (_, mean, deviation, intercept, expected) => {
    expect(canBeginInSingle(dataOf(), column(mean, deviation), intercept)).toBe(expected)
  })

  it('not for little work, weights beyond float32, and large offsets', () => {
    const fine = column(0, 1)
    expect(canBeginInSingle({ ...dataOf(), rows: 100 }, fine, true)).toBe(false)
    expect(canBeginInSingle(dataOf(new Float64Array(ROWS).fill(1e-40)), fine, true)).toBe(false)
    expect(canBeginInSingle(dataOf(new Float64Array(ROWS).fill(2)), fine, true)).toBe(true)
    expect(canBeginInSingle(dataOf(undefined, Float64Array.of(0, 1e3)), fine, true)).toBe(false)
    expect(canBeginInSingle(dataOf(undefined, Float64Array.of(0, Number.NaN)), fine, true)).toBe(false)
  })
})

it('a sweep in float32 differs by less than the documented rounding, even for columns as far from zero as allowed', async () => {
  const features = place(new Array(FEATURES).fill(1), [30, -30, 0, 3, 30, 0, 1])
  const rest = { targets: undefined, weights: undefined, totalWeight: ROWS, offset: undefined }
  const data = { features, labels, rows: ROWS, featureCount: FEATURES, classes: CLASSES, ...rest }
  const sweep = createDenseSweep(data, createPause(undefined), 1)
  const weights = Float64Array.from({ length: CLASSES * FEATURES }, (_, i) => Math.sin(i))
  const intercepts = Float64Array.from({ length: CLASSES }, (_, k) => {
    let sum = 0
    for (let j = 0; j < FEATURES; j++) sum -= weights[k * FEATURES + j] * [30, -30, 0, 3, 30, 0, 1][j]
    return sum
  })
  const run = async (precision: 'f32' | 'f64') => {
    sweep.precision = precision
    const [gradient, interceptsGradient] = [new Float64Array(weights.length), new Float64Array(CLASSES)]
    const loss = await sweep.evaluate(weights, intercepts, gradient, interceptsGradient)
    // In coordinates that are centred, per row.
    const centred = gradient.map((g, i) => {
      const shift = [30, -30, 0, 3, 30, 0, 1][i % FEATURES]
      return (g - shift * interceptsGradient[Math.floor(i / FEATURES)]) / ROWS
    })
    return { loss, centred }
  }
  const [single, double] = [await run('f32'), await run('f64')]
  expect(Math.abs(single.loss / double.loss - 1)).toBeLessThanOrEqual(2 ** -20)
  // 32 spreads from zero: 2^−24 · 32 = 2^−19 of a logit, and a quarter of that as a residual. SINGLE_FLOOR is 2^−16.
  const distance = Math.hypot(...single.centred.map((g, i) => g - double.centred[i]))
  expect(distance).toBeLessThanOrEqual(2 ** -18)
  expect(distance).toBeGreaterThan(0)
})

describe('the optimum without a penalty is the same wherever the columns lie', () => {
  const ones = new Array(FEATURES).fill(1)
  const zeros = new Array(FEATURES).fill(0)
  const fit = (features: Float64Array) =>
    SoftmaxRegression.fit(features, labels, { l2: 0, tolerance: 1e-7, threads: 1 })

  it.each([
    ['a few spreads from zero', ones, [20, -5, 0, 1, 3, 0, 31]],
    ['years and timestamps', [5, 1e5, 1, 1, 1, 1, 1], [2020, 1.7e9, 0, 0, 0, 0, 0]],
    ['of size 1e±30', [1e30, 1e-30, 1, 1e30, 1, 1e-30, 1], zeros],
    ['at the borders of float32', [1e17, 1e-17, 1, 1, 1e17, 1, 1e-17], zeros],
  ])('%s', async (_, scales, shifts) => {
    const plain = await fit(place(ones, zeros))
    const other = await fit(place(scales, shifts))
    expect([plain.report.status, other.report.status]).toEqual(['converged', 'converged'])
    // Both are within about tolerance² of the minimum; timestamps carry 1e-12 of their spread less than the normals do.
    expect(Math.abs(other.report.objective / plain.report.objective - 1)).toBeLessThanOrEqual(1e-11)
  })
})
