/**
 * The compact BFGS matrix against the textbook's recursion, update by update.
 */
import { describe, expect, it } from 'vitest'
import { type FirstCurvature, identityCurvature, Quadratic } from '../../src/optim/quadratic.ts'
import { seededRandom } from '../support/random.ts'

const size = 7
const random = seededRandom(11)
const vector = (): Float64Array => Float64Array.from({ length: size }, random.normal)
const times = (matrix: number[][], v: Float64Array): Float64Array =>
  Float64Array.from(matrix, (row) => row.reduce((sum, entry, j) => sum + entry * v[j], 0))
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0)

/** A random symmetric positive definite matrix. */
function definite(): number[][] {
  const rows = Array.from({ length: size }, vector)
  return rows.map((a, i) => rows.map((b, j) => dot(a, b) / size + (i === j ? 0.5 : 0)))
}

function denseCurvature(matrix: number[][]): FirstCurvature {
  const v = new Float64Array(size)
  return {
    diagonal: Float64Array.from(matrix, (row, i) => row[i]),
    multiply: (given, out) => out.set(times(matrix, given)),
    reset: () => v.fill(0),
    add: (i, change) => {
      v[i] += change
    },
    at: (i) => times(matrix, v)[i],
  }
}

/** H·v as coordinate descent sees it: entries that are added one by one. */
function product(model: Quadratic, v: Float64Array): { image: Float64Array; diagonal: Float64Array } {
  const diagonal = model.begin(Int32Array.from(v.keys()))
  v.forEach((value, i) => {
    model.add(i, value)
  })
  return { image: Float64Array.from(v, (_, i) => model.at(i)), diagonal }
}

describe('Quadratic', () => {
  it.each([1, 3, 5])('is the BFGS matrix of the newest %d pairs on the scaled first curvature', (memory) => {
    const first = definite()
    const hessian = definite()
    const model = new Quadratic(size, memory, denseCurvature(first))
    const pairs: [Float64Array, Float64Array][] = []
    for (let count = 1; count <= 6; count++) {
      const step = vector()
      pairs.push([step, times(hessian, step)])
      model.learn(step, times(hessian, step))
      const kept = pairs.slice(-memory)
      const scale = Math.max(...kept.map(([s, y]) => dot(s, y) / dot(s, times(first, s))))
      let expected = first.map((row) => row.map((entry) => entry * scale))
      for (const [s, y] of kept) {
        const image = times(expected, s)
        expected = expected.map((row, i) =>
          row.map((entry, j) => entry - (image[i] * image[j]) / dot(s, image) + (y[i] * y[j]) / dot(s, y)),
        )
      }
      const v = vector()
      const { image, diagonal } = product(model, v)
      // Roundings of a few dozen additions of numbers of size 10 at most.
      times(expected, v).forEach((value, i) => {
        expect(Math.abs(image[i] - value)).toBeLessThanOrEqual(1e-12)
        expect(Math.abs(diagonal[i] - expected[i][i])).toBeLessThanOrEqual(1e-12)
      })
      // The secant equation.
      const newest = product(model, step).image
      times(hessian, step).forEach((value, i) => {
        expect(Math.abs(newest[i] - value)).toBeLessThanOrEqual(1e-12)
      })
    }
  })

  it('knows the same of a part of the coordinates', () => {
    const model = new Quadratic(size, 4, denseCurvature(definite()))
    const hessian = definite()
    for (let count = 0; count < 3; count++) {
      const step = vector()
      model.learn(step, times(hessian, step))
    }
    const v = Float64Array.from([0, 2, 0, 0, -1, 0.5, 0])
    const whole = product(model, v)
    const working = Int32Array.from([1, 4, 5])
    const diagonal = model.begin(working)
    working.forEach((i, p) => {
      model.add(p, v[i])
    })
    working.forEach((i, p) => {
      expect(model.at(p)).toBeCloseTo(whole.image[i], 12)
      expect(diagonal[p]).toBe(whole.diagonal[i])
    })
  })

  it('forgets on request, and does not learn a step without curvature', () => {
    const model = new Quadratic(size, 4, identityCurvature(size))
    const step = vector()
    model.learn(step, new Float64Array(size))
    model.learn(
      step,
      step.map((s) => -s),
    )
    model.learn(
      step,
      step.map(() => Number.NaN),
    )
    expect(model.pairs).toBe(0)
    model.learn(
      step,
      step.map((s) => 3 * s),
    )
    expect(model.pairs).toBe(1)
    model.clear()
    const v = vector()
    expect(product(model, v).image).toEqual(v)
  })
})
