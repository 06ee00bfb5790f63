/**
 * The whole Hessian of a sample and the coordinates in which it is the identity; the sample by classes; and fits in these coordinates.
 */
import { describe, expect, it } from 'vitest'
import { selectLinearKernels } from '../../src/kernels/select-linear.ts'
import {
  multiplyRow,
  multiplyRows,
  multiplyRowsTransposed,
  multiplyRowTransposed,
  solveRow,
  solveRows,
  solveRowsTransposed,
  solveRowTransposed,
} from '../../src/regression/cholesky.ts'
import { describeColumns } from '../../src/regression/columns.ts'
import { Coordinates, moveBetween } from '../../src/regression/coordinates.ts'
import { drawByClass, startingCurvature } from '../../src/regression/curvature.ts'
import { FullCoordinates } from '../../src/regression/full-coordinates.ts'
import { sampleHessian } from '../../src/regression/hessian.ts'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { createPause } from '../../src/regression/pause.ts'
import { objectiveFor } from '../support/objective.ts'
import { seededRandom } from '../support/random.ts'

const pause = createPause(undefined)
const random = seededRandom(61)
const normals = (length: number): Float64Array => Float64Array.from({ length }, random.normal)
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0)
const distance = (a: Float64Array, b: Float64Array): number =>
  a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i])), 0)

/** Features far apart in size and place, the second one constant; the last class is rare. */
async function prepare(featureCount: number, classes: number, intercept: boolean) {
  const rows = 150
  const units = Float64Array.from({ length: featureCount }, (_, j) => 10 ** ((j % 7) - 3))
  const features = normals(rows * featureCount).map((x, i) => {
    const j = i % featureCount
    return units[j] * (j === 1 ? 3 : x + j)
  })
  const labels = Int32Array.from({ length: rows }, (_, r) => (r < classes ? r : random.below(classes - 1)))
  const columns = await describeColumns(features, rows, featureCount, pause)
  const source = { features, rows, classes, columns, intercept, pause }
  const l2 = units.map((unit, j) => (j % 3 === 0 ? 0 : 0.01 * unit * unit))
  const pass = selectLinearKernels().createPass(featureCount, classes)
  const weights = normals(classes * featureCount).map((x, i) => x / units[i % featureCount] / 10)
  const intercepts = normals(classes).map((x) => (intercept ? x : 0))
  for (const values of [weights, intercepts]) {
    const size = values.length / classes
    for (let j = 0; j < size; j++) {
      let mean = 0
      for (let i = j; i < values.length; i += size) mean += values[i] / classes
      for (let i = j; i < values.length; i += size) values[i] -= mean
    }
  }
  // What is constant beside an intercept has no weight.
  if (intercept && featureCount > 1) for (let k = 0; k < classes; k++) weights[k * featureCount + 1] = 0
  pass.setWeights(weights, intercepts)
  const sample = drawByClass(source, labels, rows)
  const hessian = await sampleHessian(source, pass, sample, l2)
  const coordinates = hessian && (await FullCoordinates.create(hessian, classes, intercept, 2 ** -40, pause))
  if (coordinates === undefined) throw new Error('no coordinates')
  return { rows, features, labels, source, l2, pass, weights, intercepts, coordinates }
}

const problems: [number, number, boolean][] = [
  [4, 3, true],
  [5, 2, false],
  [3, 6, true],
  [8, 4, false],
  [1, 2, true],
]

describe('FullCoordinates', () => {
  it.each(problems)('make the Hessian the identity: %d features, %d classes, intercept %s', async (...shape) => {
    const [featureCount, classes, intercept] = shape
    const { features, labels, l2, weights, intercepts, coordinates } = await prepare(...shape)
    const objective = objectiveFor({ features, labels, classes }, l2, () => coordinates)
    const point = new Float64Array(coordinates.length)
    coordinates.fromWeights(weights.slice(), intercepts.slice(), point)
    const width = featureCount + (intercept ? 1 : 0)
    const [ahead, behind] = [new Float64Array(point.length), new Float64Array(point.length)]
    for (let i = 0; i < point.length; i++) {
      for (const [h, gradient] of [
        [1e-4, ahead],
        [-1e-4, behind],
      ] as const) {
        const there = point.slice()
        there[i] += h
        await objective(there, gradient)
      }
      const isNothing = i >= (classes - 1) * width || (intercept && featureCount > 1 && i % width === 2)
      const column = ahead.map((x, j) => (x - behind[j]) / 2e-4)
      const wanted = column.map((_, j) => (i === j && !isNothing ? 1 : 0))
      // Central differences of a gradient of size 1: the third derivative times h² and rounding over h.
      expect(distance(column, wanted)).toBeLessThanOrEqual(1e-6)
    }
  })

  it.each(problems)('lose nothing on the way from others and back: %d features, %d classes, %s', async (...shape) => {
    const [featureCount, classes, intercept] = shape
    const { features, labels, source, l2, weights, intercepts, coordinates } = await prepare(...shape)
    const others = await Coordinates.create(await startingCurvature(source), l2, intercept, pause)
    expect(coordinates.length).toBe(others.length)
    const point = new Float64Array(others.length)
    others.fromWeights(weights.slice(), intercepts.slice(), point)
    let current: Coordinates | FullCoordinates = others
    const objective = objectiveFor({ features, labels, classes }, l2, () => current)
    const gradient = new Float64Array(point.length)
    const value = await objective(point, gradient)
    const [there, moved] = [point.slice(), gradient.slice()]
    const move = moveBetween(others, coordinates, featureCount, classes)
    move.moveParameters(there)
    move.moveGradient(moved)
    expect(Math.abs(dot(there, moved) - dot(point, gradient))).toBeLessThanOrEqual(1e-9)
    current = coordinates
    const fresh = new Float64Array(point.length)
    expect(Math.abs((await objective(there, fresh)) / value - 1)).toBeLessThanOrEqual(1e-12)
    expect(distance(fresh, moved)).toBeLessThanOrEqual(1e-9)
    const back = moveBetween(coordinates, others, featureCount, classes)
    back.moveParameters(there)
    back.moveGradient(moved)
    expect(distance(there, point)).toBeLessThanOrEqual(1e-9)
    expect(distance(moved, gradient)).toBeLessThanOrEqual(1e-9)
  })

  it('are not there for a model that is certain of every row', async () => {
    const { source, pass, labels, l2, rows } = await prepare(4, 3, true)
    pass.setWeights(new Float64Array(12), Float64Array.of(0, 1000, -1000))
    expect(await sampleHessian(source, pass, drawByClass(source, labels, rows), l2)).toBe(undefined)
  })
})

describe('products and solves of a single row', () => {
  it('are those of four rows', () => {
    const size = 13
    const factor = normals(size * size)
    for (let i = 0; i < size; i++) factor[i * size + i] = 4 + random.below(3)
    const pairs = [
      [multiplyRow, multiplyRows],
      [multiplyRowTransposed, multiplyRowsTransposed],
      [solveRow, solveRows],
      [solveRowTransposed, solveRowsTransposed],
    ] as const
    for (const [one, four] of pairs) {
      const [a, b] = [normals(size), new Float64Array(size)]
      b.set(a)
      one(factor, size, a)
      four(factor, size, b)
      // Thirteen products in another order.
      expect(distance(a, b)).toBeLessThanOrEqual(1e-11 * b.reduce((max, x) => Math.max(max, Math.abs(x)), 0))
    }
  })
})

describe('drawByClass', () => {
  const rows = 1000
  const labels = Int32Array.from({ length: rows }, (_, r) => (r % 250 === 7 ? 2 : r % 5 === 0 ? 1 : 0))
  const source = (weights?: Float64Array) => ({
    ...{ features: new Float64Array(rows), rows, classes: 3, intercept: true, pause, weights },
    columns: { means: Float64Array.of(0), deviations: Float64Array.of(0) },
  })
  const massOf = (sample: ReturnType<typeof drawByClass>, k: number): number =>
    sample.rows.reduce((sum, row, i) => sum + (labels[row] === k ? sample.weights[i] : 0), 0)

  it('takes all of a rare class and as many of the others, which stand for the rest', () => {
    const sample = drawByClass(source(), labels, 104)
    expect(sample.isAll).toBe(false)
    expect([0, 1, 2].map((k) => sample.rows.filter((row) => labels[row] === k).length)).toEqual([50, 50, 4])
    // Counts are whole numbers; their shares are not.
    ;[796, 200, 4].forEach((count, k) => {
      expect(Math.abs(massOf(sample, k) - count)).toBeLessThanOrEqual(1e-9)
    })
    expect(new Set(sample.rows).size).toBe(104)
  })

  it('takes everything where that is asked for, and rows of weight 0 never', () => {
    const all = drawByClass(source(), labels, rows)
    expect(all).toMatchObject({ isAll: true, rows: Int32Array.from({ length: rows }, (_, r) => r) })
    const weights = Float64Array.from({ length: rows }, (_, r) => r % 2)
    const half = drawByClass(source(weights), labels, rows)
    expect(half.isAll).toBe(true)
    expect(half.rows.length).toBe(500)
    expect(half.weights.every((weight) => weight === 1)).toBe(true)
  })

  it('is even without labels', () => {
    const { rows: taken, weights } = drawByClass(source(), undefined, 250)
    expect(taken).toEqual(Int32Array.from({ length: 250 }, (_, i) => 4 * i + 3))
    expect(weights.every((weight) => weight === 4)).toBe(true)
  })
})

describe('fits in these coordinates', () => {
  /** Rows of classes with shares that fall by a factor, around their own centres; columns nearly the same, in wild units. */
  function rough(rows: number, classes: number, falling: number) {
    const featureCount = 6
    const centres = normals(classes * featureCount).map((x) => 2 * x)
    const labels: number[] = []
    const features = new Float64Array(rows * featureCount)
    for (let r = 0; r < rows; r++) {
      let k = 0
      while (k < classes - 1 && random.below(1000) < 1000 * falling) k++
      labels.push(k)
      const common = random.normal()
      for (let j = 0; j < featureCount; j++) {
        const own = common + 1e-3 * (random.normal() + centres[k * featureCount + j])
        features[r * featureCount + j] = 10 ** (4 * (j % 3) - 4) * own
      }
    }
    return { features, labels, featureScale: 1 }
  }

  it('take few passes where columns are nearly the same and classes rare', async () => {
    const { features, labels } = rough(6000, 6, 0.3)
    const { report } = await SoftmaxRegression.fit(features, labels, { standardize: true, l2: 1e-6, tolerance: 1e-7 })
    expect(report.status).toBe('converged')
    // 13 when this was written; in coordinates of a Kronecker product 83 on data like these.
    expect(report.dataPasses).toBeLessThanOrEqual(30)
  })

  it.each([0, 1e-7])('end where classes are told apart in every row, with l2 %d', async (l2) => {
    const labels = Array.from({ length: 90 }, (_, r) => 'abc'[r % 3])
    const features = Float64Array.from(
      { length: 180 },
      (_, i) => ((i >> 1) % 3) * (i % 2 ? 1 : -2) + random.normal() / 50,
    )
    const { report } = await SoftmaxRegression.fit(features, labels, { l2, tolerance: 1e-6 })
    expect(report.status).toBe(l2 === 0 ? 'separated' : 'converged')
    // The bound is |gradient|²/(2·l2) or so.
    if (l2 > 0) expect(report.gapBound).toBeLessThanOrEqual(1e-2 * report.objective)
    expect(report.dataPasses).toBeLessThanOrEqual(80)
  })
})
