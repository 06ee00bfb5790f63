/**
 * Projections onto cones whose nearest points are known otherwise.
 */
import { describe, expect, it } from 'vitest'
import { projectOntoCone } from '../../src/optim/cone.ts'
import { seededRandom } from '../support/random.ts'

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0)
const unit = (a: Float64Array): Float64Array => a.map((x) => x / Math.sqrt(dot(a, a)))

/** Asks for the worst constraints of a list. */
function listed(normals: readonly Float64Array[], most = 3) {
  return async (d: Float64Array, tolerance: number): Promise<Float64Array[]> =>
    normals
      .filter((a) => dot(a, d) < -tolerance * Math.sqrt(dot(d, d)))
      .sort((a, b) => dot(a, d) - dot(b, d))
      .slice(0, most)
}

/** Pool-adjacent-violators: the nearest ascending sequence. */
function ascending(c: Float64Array): Float64Array {
  const pools: { sum: number; count: number }[] = []
  for (const value of c) {
    pools.push({ sum: value, count: 1 })
    for (;;) {
      const [a, b] = pools.slice(-2)
      if (b === undefined || a.sum / a.count <= b.sum / b.count) break
      pools.splice(-2, 2, { sum: a.sum + b.sum, count: a.count + b.count })
    }
  }
  return Float64Array.from(pools.flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count)))
}

const random = seededRandom(21)
const vector = (size: number): Float64Array => Float64Array.from({ length: size }, random.normal)

async function project(c: Float64Array, normals: readonly Float64Array[], most?: number): Promise<Float64Array> {
  const found = await projectOntoCone(c, listed(normals, most))
  if (found === undefined) throw new Error('no answer')
  return found
}

describe('projectOntoCone', () => {
  it('takes the positive part, onto an orthant', async () => {
    const c = vector(20)
    const axes = Array.from(c, (_, i) => Float64Array.from(c, (_, j) => Number(i === j)))
    const found = await project(c, axes)
    c.forEach((x, i) => {
      expect(Math.abs(found[i] - Math.max(0, x))).toBeLessThanOrEqual(1e-14)
    })
  })

  it.each([1, 4, 100])(
    'is isotonic regression, onto ascending sequences, told of %d constraints at a time',
    async (most) => {
      for (const size of [2, 10, 60]) {
        const c = vector(size)
        const steps = Array.from({ length: size - 1 }, (_, i) => {
          const a = new Float64Array(size)
          a[i] = -Math.SQRT1_2
          a[i + 1] = Math.SQRT1_2
          return a
        })
        const found = await project(c, steps, most)
        // Tolerances of 1e-10 of its length on each of the constraints.
        ascending(c).forEach((x, i) => {
          expect(Math.abs(found[i] - x)).toBeLessThanOrEqual(1e-8)
        })
      }
    },
  )

  it('meets the conditions of the nearest point, onto random cones, with constraints that depend on each other', async () => {
    for (let trial = 0; trial < 40; trial++) {
      const size = 3 + random.below(10)
      const inside = vector(size)
      const normals = Array.from({ length: 1 + random.below(4 * size) }, () => {
        const a = vector(size)
        return unit(dot(a, inside) < 0 ? a.map((x) => -x) : a)
      })
      // Twice the same, and sums of others.
      normals.push(normals[0], unit(normals[0].map((x, i) => x + normals[normals.length - 1][i])))
      const c = vector(size)
      const d = await project(c, normals)
      for (const a of normals) expect(dot(a, d)).toBeGreaterThanOrEqual(-1e-9)
      // c − d is normal to d, and no point of the cone is on its side: not the one it was made around.
      const rest = c.map((x, i) => x - d[i])
      expect(Math.abs(dot(rest, d))).toBeLessThanOrEqual(1e-9)
      expect(dot(rest, inside)).toBeLessThanOrEqual(1e-9)
    }
  })

  it('is 0 where no direction is on the side of c, the line that the cone is included', async () => {
    const c = Float64Array.from([1, 2, 3])
    expect(await project(c, [unit(c.map((x) => -x))].concat([Float64Array.from([0, 0, -1])]), 1)).not.toEqual(c)
    const tent = Array.from({ length: 30 }, () => unit(vector(3)))
    expect(await project(c, tent)).toEqual(new Float64Array(3))
    const point = await project(Float64Array.from([5, 1]), [Float64Array.from([-1, 0]), Float64Array.from([0, -1])])
    expect(point).toEqual(new Float64Array(2))
  })

  it('leaves a point of the cone where it is, and gives up when told to', async () => {
    const c = Float64Array.from([1, 2])
    expect(await project(c, [Float64Array.from([1, 0])])).toEqual(c)
    const axis = Float64Array.from([-1, 0])
    expect(await projectOntoCone(c, listed([axis]), { maxQuestions: 1 })).toBe(undefined)
  })
})
