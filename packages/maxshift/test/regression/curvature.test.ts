/**
 * The coordinates of the optimiser and what they are made of: correlations, the curvature of classes and features, their
 * factors, and the way from one set of coordinates to the next.
 */
import { describe, expect, it } from 'vitest'
import type { Features } from '../../src/kernels/kernels.ts'
import { selectLinearKernels } from '../../src/kernels/select-linear.ts'
import {
  factorise,
  multiplyRows,
  multiplyRowsTransposed,
  solveRows,
  solveRowsTransposed,
} from '../../src/regression/cholesky.ts'
import { describeColumns } from '../../src/regression/columns.ts'
import { Coordinates, moveBetween } from '../../src/regression/coordinates.ts'
import { correlate } from '../../src/regression/correlation.ts'
import { fittedCurvature, startingCurvature } from '../../src/regression/curvature.ts'
import { eigen } from '../../src/regression/eigen.ts'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { createPause } from '../../src/regression/pause.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { evenly, objectiveFor } from '../support/objective.ts'
import { seededRandom } from '../support/random.ts'

const pause = createPause(undefined)
const random = seededRandom(20)
const normals = (length: number): Float64Array => Float64Array.from({ length }, random.normal)
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0)

/** Largest difference, in units of the largest entry. */
function distance(a: Float64Array, b: Float64Array): number {
  const largest = b.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
  return a.reduce((max, x, i) => Math.max(max, Math.abs(x - b[i])), 0) / largest
}

describe('eigen', () => {
  it.each([1, 2, 3, 10, 40])('decomposes a symmetric matrix of %d rows', (size) => {
    const half = normals(size * size)
    const matrix = half.map((x, i) => x + half[(i % size) * size + Math.floor(i / size)])
    const { values, vectors } = eigen(matrix.slice(), size)
    const column = (q: number): Float64Array => Float64Array.from({ length: size }, (_, i) => vectors[i * size + q])
    for (let q = 0; q < size; q++) {
      const v = column(q)
      const product = v.map((_, i) => dot(matrix.subarray(i * size, (i + 1) * size), v))
      // Jacobi's errors grow with the number of rotations on an entry; 1e-13 is far above it.
      for (let i = 0; i < size; i++) expect(Math.abs(product[i] - values[q] * v[i])).toBeLessThanOrEqual(1e-13 * size)
      for (let p = 0; p <= q; p++)
        expect(Math.abs(dot(column(p), v) - (p === q ? 1 : 0))).toBeLessThanOrEqual(1e-14 * size)
    }
  })

  it('takes multiples of the identity and zero as they are', () => {
    for (const c of [0, 3]) {
      const { values, vectors } = eigen(Float64Array.from([c, 0, 0, c]), 2)
      expect([...values, ...vectors]).toEqual([c, c, 1, 0, 0, 1])
    }
  })
})

describe('the Cholesky factor', () => {
  it('multiplies and solves, each the inverse of the other', async () => {
    const size = 30
    const half = normals(size * size)
    const matrix = half.map((_, i) => {
      const [r, c] = [Math.floor(i / size) * size, (i % size) * size]
      return dot(half.subarray(r, r + size), half.subarray(c, c + size)) + (r === c ? 1 : 0)
    })
    const factor = matrix.slice()
    expect(await factorise(factor, size, pause)).toBe(true)
    const rows = normals(3 * size)
    const product = rows.slice()
    multiplyRowsTransposed(factor, size, product)
    multiplyRows(factor, size, product)
    const expected = rows.map((_, i) => {
      const row = Math.floor(i / size) * size
      return dot(matrix.subarray((i % size) * size, ((i % size) + 1) * size), rows.subarray(row, row + size))
    })
    expect(distance(product, expected)).toBeLessThanOrEqual(1e-13)
    solveRows(factor, size, product)
    solveRowsTransposed(factor, size, product)
    expect(distance(product, rows)).toBeLessThanOrEqual(1e-10)
    expect(await factorise(Float64Array.from([1, 0, 2, 1]), 2, pause)).toBe(false)
  })
})

describe('correlate', () => {
  it('follows its definition, far from zero too, and says how many rows a column comes from', async () => {
    const [rows, size] = [200, 5]
    const features = Float64Array.from({ length: rows * size }, (_, i) => {
      const j = i % size
      if (j === 3) return 7
      if (j === 4) return Math.floor(i / size) % 50 === 3 ? 1 : 0
      return (j === 1 ? 1e9 : 0) + random.normal()
    })
    const { means, deviations } = await describeColumns(features, rows, size, pause)
    const spreads = deviations.map((deviation) => deviation || Infinity)
    const sample = { rows: Int32Array.from({ length: 150 }, (_, s) => s), weights: normals(150).map((x) => x * x) }
    const result = await correlate(features, sample, means, spreads, true, pause)
    const total = sample.weights.reduce((a, b) => a + b, 0)
    const mean = (f: (r: number) => number): number => sample.weights.reduce((sum, u, r) => sum + u * f(r), 0) / total
    for (let i = 0; i < size; i++) {
      const centre = mean((r) => features[r * size + i])
      if (spreads[i] < Infinity)
        expect(Math.abs(result.means[i] - centre)).toBeLessThanOrEqual(1e-12 * Math.max(1, centre))
      for (let j = 0; j <= i; j++) {
        const other = mean((r) => features[r * size + j])
        const product = mean((r) => (features[r * size + i] - centre) * (features[r * size + j] - other))
        // Differences of numbers near 1e9 have seven digits behind the point.
        expect(Math.abs(result.matrix[i * size + j] - product / spreads[i] / spreads[j])).toBeLessThanOrEqual(1e-6)
      }
    }
    expect(result.support[3]).toBe(0)
    expect(result.support[4]).toBeGreaterThan(1)
    expect(result.support[4]).toBeLessThanOrEqual(3)
  })
})

/** A problem with features of different units, one constant and one double, and coordinates before and at some point. */
async function prepare(featureCount: number, classes: number, penalty: number, intercept: boolean, rows = 300) {
  const features = Float64Array.from({ length: rows * featureCount }, (_, i) => {
    const j = i % featureCount
    return j === 2 ? 3 : (j % 4 === 0 ? 20 : 0) + random.normal() * 10 ** (j % 3)
  })
  for (let r = 0; r < rows; r++) features[r * featureCount + 1] = features[r * featureCount] * 2
  const labels = Int32Array.from({ length: rows }, (_, r) => (r < classes ? r : random.below(classes)))
  const columns = await describeColumns(features, rows, featureCount, pause)
  const source = { features, rows, classes, columns, intercept, pause }
  // Every third feature goes free.
  const l2 = evenly(penalty, featureCount).map((x, j) => (j % 3 === 0 ? 0 : x))
  const first = await Coordinates.create(await startingCurvature(source), l2, intercept, pause)
  const pass = selectLinearKernels().createPass(featureCount, classes)
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  const point = normals(first.length).map((x) => x / 10)
  first.toWeights(point, weights, intercepts)
  pass.setWeights(weights, intercepts)
  const curvature = await fittedCurvature(source, pass)
  if (curvature === undefined) throw new Error('no curvature')
  const second = await Coordinates.create(curvature, l2, intercept, pause)
  return { features, labels, source, l2, pass, first, second, curvature, point, weights, intercepts }
}

const problems: [number, number, number, boolean][] = [
  [6, 3, 0.01, true],
  [6, 3, 0, true],
  [7, 2, 10, false],
  [4, 30, 1e-3, true],
  [3, 130, 1e-3, true],
  [1030, 3, 0.01, true],
]

describe('Coordinates', () => {
  it.each(problems)(
    'change with %d features, %d classes, l2 = %d, intercept %s: nothing is lost',
    async (featureCount, classes, penalty, intercept) => {
      const problem = await prepare(featureCount, classes, penalty, intercept)
      const { features, labels, l2, first, second, point } = problem
      let coordinates = first
      const objective = objectiveFor({ features, labels, classes }, l2, () => coordinates)
      const gradient = new Float64Array(point.length)
      const value = await objective(point, gradient)
      const step = normals(point.length)
      // What lies in the direction of the constant column has no weight, and is lost.
      const back = moveBetween(first, first, featureCount, classes)
      back.moveParameters(step)
      const slope = dot(gradient, step)
      const move = moveBetween(first, second, featureCount, classes)
      for (const x of [point, step]) move.moveParameters(x)
      const moved = gradient.slice()
      move.moveGradient(moved)
      coordinates = second
      expect(Math.abs((await objective(point, gradient)) / value - 1)).toBeLessThanOrEqual(1e-9)
      // The double column leaves a factor of condition 2^15.
      expect(distance(moved, gradient)).toBeLessThanOrEqual(1e-7)
      expect(Math.abs(dot(moved, step) - slope)).toBeLessThanOrEqual(1e-7 * Math.abs(slope) + 1e-9)
      const home = point.slice()
      moveBetween(second, first, featureCount, classes).moveParameters(home)
      moveBetween(first, second, featureCount, classes).moveParameters(home)
      expect(distance(home, point)).toBeLessThanOrEqual(1e-6)
    },
  )

  it('have a Hessian nearer to the identity once they follow the model', async () => {
    const { features, labels: given, rows, featureCount, classes, l2: penalty } = loadOptimum('wine-standardised')
    const l2 = evenly(penalty, featureCount)
    const model = await SoftmaxRegression.fit(features, given, { l2: penalty, maxIterations: 9 })
    const labels = Int32Array.from(given, (label) => model.classNames.indexOf(label))
    const columns = await describeColumns(features, rows, featureCount, pause)
    const source = { features, rows, classes, columns, intercept: true, pause }
    const pass = selectLinearKernels().createPass(featureCount, classes)
    pass.setWeights(model.weights, model.intercepts)
    const curvature = await fittedCurvature(source, pass)
    if (curvature === undefined) throw new Error('no curvature')
    /** How far the eigenvalues of the Hessian at the model spread, without the third along which all classes shift alike. */
    const spread = async (coordinates: Coordinates): Promise<number> => {
      const objective = objectiveFor({ features, labels, classes }, l2, () => coordinates)
      const size = coordinates.length
      const point = new Float64Array(size)
      coordinates.fromWeights(model.weights.slice(), model.intercepts.slice(), point)
      const hessian = new Float64Array(size * size)
      const [ahead, behind] = [new Float64Array(size), new Float64Array(size)]
      for (let i = 0; i < size; i++) {
        for (const [h, gradient] of [
          [1e-4, ahead],
          [-1e-4, behind],
        ] as const) {
          const there = point.slice()
          there[i] += h
          await objective(there, gradient)
        }
        for (let j = 0; j < size; j++) {
          hessian[i * size + j] += (ahead[j] - behind[j]) / 4e-4
          hessian[j * size + i] += (ahead[j] - behind[j]) / 4e-4
        }
      }
      const values = eigen(hessian, size).values.sort()
      return values[Math.floor(0.95 * size)] / values[Math.floor(0.4 * size)]
    }
    const renewed = await spread(await Coordinates.create(curvature, l2, true, pause))
    const old = await spread(await Coordinates.create(await startingCurvature(source), l2, true, pause))
    // 2.9 against 5.0 when this was written.
    expect(renewed).toBeLessThan(0.7 * old)
  })
})

describe('fittedCurvature', () => {
  it('is B as defined, with the mean where all classes shift alike', async () => {
    const { curvature, features, pass } = await prepare(4, 5, 0.01, true)
    const { values, vectors } = curvature
    if (vectors === undefined) throw new Error('no vectors')
    const logits = new Float64Array(1500)
    pass.logits(features, 0, 300, logits)
    const expected = new Float64Array(25)
    for (let r = 0; r < 300; r++) {
      const own = logits.subarray(r * 5, r * 5 + 5).map(Math.exp)
      const p = own.map((e) => e / own.reduce((a, b) => a + b, 0))
      for (let i = 0; i < 25; i++) {
        const [k, l] = [Math.floor(i / 5), i % 5]
        expected[i] += ((k === l ? p[k] : 0) - p[k] * p[l]) / 300
      }
    }
    const trace = [0, 6, 12, 18, 24].reduce((sum, i) => sum + expected[i], 0)
    for (let i = 0; i < 25; i++) expected[i] += trace / 20
    const product = expected.map((_, i) =>
      values.reduce((sum, value, q) => sum + value * vectors[Math.floor(i / 5) * 5 + q] * vectors[(i % 5) * 5 + q], 0),
    )
    expect(distance(product, expected)).toBeLessThanOrEqual(1e-12)
  })

  it('is undefined where every row is certain', async () => {
    const { source, pass, weights, intercepts } = await prepare(4, 3, 0.01, true)
    intercepts[1] = 1e6
    weights.fill(0)
    pass.setWeights(weights, intercepts)
    expect(await fittedCurvature(source, pass)).toBe(undefined)
  })
})

describe('a fit', () => {
  it('leaves the bytes of a Buffer as they are, whose slices are views', async () => {
    const digits = loadOptimum('digits')
    const { l2, featureScale, labels } = digits
    const features: Features = Buffer.from(Uint8Array.from(digits.features))
    const before = Uint8Array.from(features)
    const model = await SoftmaxRegression.fit(features, labels, { l2, featureScale })
    expect(model.report.iterations).toBeGreaterThan(10)
    expect(Uint8Array.from(features)).toEqual(before)
  })

  it('follows classes of very different size: half the passes that coordinates need that stay', async () => {
    const own = seededRandom(5)
    const [rows, size, classes] = [4000, 12, 6]
    const features = Float64Array.from({ length: rows * size }, own.normal)
    const truth = Float64Array.from({ length: classes * size }, own.normal)
    const labels = Int32Array.from({ length: rows }, (_, r) => {
      const x = features.subarray(r * size, (r + 1) * size)
      const logits = Array.from(
        { length: classes },
        (_, k) => 2.5 * k + dot(truth.subarray(k * size, (k + 1) * size), x) + own.normal(),
      )
      return logits.indexOf(Math.max(...logits))
    })
    const { report } = await SoftmaxRegression.fit(features, labels, { tolerance: 1e-6 })
    // 36 when this was written, and 89 in the coordinates of the start.
    expect(report.status).toBe('converged')
    expect(report.dataPasses).toBeLessThanOrEqual(50)
  })
})

describe('rows with weights', () => {
  it('count as often as they say, those of weight 0 not at all', async () => {
    const { features, source, pass } = await prepare(5, 4, 0.01, true, 60)
    const counts = Array.from({ length: 60 }, (_, r) => r % 4)
    const repeated = Float64Array.from(
      counts.flatMap((n, r) =>
        Array(n)
          .fill([...features.subarray(r * 5, r * 5 + 5)])
          .flat(),
      ),
    )
    const offset = normals(60 * 4)
    const rows = repeated.length / 5
    const offsets = Float64Array.from(
      counts.flatMap((n, r) =>
        Array(n)
          .fill([...offset.subarray(r * 4, r * 4 + 4)])
          .flat(),
      ),
    )
    // Weights in other units, and twice the targets: three times as steep in all.
    const weights = Float64Array.from(counts, (n) => 8 * n)
    const columns = await describeColumns(features, 60, 5, pause, weights)
    const plain = await describeColumns(repeated, rows, 5, pause)
    expect(distance(columns.means, plain.means)).toBeLessThanOrEqual(1e-14)
    expect(distance(columns.deviations, plain.deviations)).toBeLessThanOrEqual(1e-14)
    const weighted = { ...source, columns, weights, mass: 3, offset }
    const same = { ...source, features: repeated, rows, columns: plain, offset: offsets }
    for (const make of [startingCurvature, fittedCurvature]) {
      const [one, other] = [await make(weighted, pass), await make(same, pass)]
      if (!one || !other) throw new Error('no curvature')
      expect(
        distance(
          one.values,
          other.values.map((value) => 3 * value),
        ),
      ).toBeLessThanOrEqual(1e-12)
      expect(distance(one.means, other.means)).toBeLessThanOrEqual(1e-12)
      // Off the diagonal: what is added to it follows the number of different rows.
      for (const i of [5, 15, 16, 20, 21, 23]) {
        expect(Math.abs((one.features?.[i] ?? NaN) - (other.features?.[i] ?? NaN))).toBeLessThanOrEqual(1e-12)
      }
    }
  })
})
