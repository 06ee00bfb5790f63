/**
 * The proximal solver on functions whose minima are known, and on the ways a run can end.
 */
import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/optim/objective.ts'
import { type ProximalOptions, proximal } from '../../src/optim/proximal.ts'
import { identityCurvature } from '../../src/optim/quadratic.ts'
import { seededRandom } from '../support/random.ts'

const settings = { tolerance: 1e-10, maxIterations: 1000 }

function solve(objective: Objective, penalties: Float64Array, options: Partial<ProximalOptions> = {}) {
  return proximal(objective, new Float64Array(penalties.length), { ...settings, penalties, ...options })
}

/** ½ Σ h_i·(x_i − c_i)², with curvatures from 1 to `condition` in equal ratios. */
function separable(centres: Float64Array, condition: number) {
  const curvatures = centres.map((_, i) => condition ** (i / (centres.length - 1)))
  const objective: Objective = (x, g) => {
    let value = 0
    for (let i = 0; i < x.length; i++) {
      g[i] = curvatures[i] * (x[i] - centres[i])
      value += (g[i] * (x[i] - centres[i])) / 2
    }
    return value
  }
  return { curvatures, objective }
}

/** Binary logistic regression on correlated features: mean over rows of log(1 + exp(−a_r·x)). */
function logistic(rows: number, size: number, seed: number): Objective {
  const random = seededRandom(seed)
  const a = Array.from({ length: rows }, () => {
    const common = random.normal()
    const sign = random.uniform() < 0.5 ? -1 : 1
    return Float64Array.from({ length: size }, (_, j) => sign * (common + 0.3 * random.normal()) + (j < 3 ? 0.5 : 0))
  })
  return (x, g) => {
    g.fill(0)
    let value = 0
    for (const row of a) {
      const margin = row.reduce((sum, entry, j) => sum + entry * x[j], 0)
      value += (margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin) / rows
      const share = -1 / (1 + Math.exp(margin)) / rows
      for (let j = 0; j < size; j++) g[j] += share * row[j]
    }
    return value
  }
}

describe('proximal finds minima', () => {
  it.each([1, 1e2, 1e4])('of separate parabolas with condition number %d: the soft threshold', async (condition) => {
    const random = seededRandom(2)
    const centres = Float64Array.from({ length: 50 }, random.normal)
    const { curvatures, objective } = separable(centres, condition)
    const penalties = curvatures.map((h, i) => h * [0, 0.5, 1, 3][i % 4])
    const result = await solve(objective, penalties, { tolerance: 1e-6 })
    expect(result.status).toBe('converged')
    centres.forEach((centre, i) => {
      const threshold = [0, 0.5, 1, 3][i % 4]
      const expected = Math.sign(centre) * Math.max(0, Math.abs(centre) - threshold)
      if (expected === 0) expect(result.parameters[i]).toBe(0)
      // Curvatures are at least 1, so that the error is at most the norm.
      else expect(Math.abs(result.parameters[i] - expected)).toBeLessThanOrEqual(1e-6)
    })
  })

  it('of logistic regression: the conditions hold, and no neighbour is lower', async () => {
    const objective = logistic(200, 30, 5)
    for (const penalty of [0.3, 0.05, 0.01]) {
      const penalties = new Float64Array(30).fill(penalty)
      const { status, parameters: x, objective: value, gradientNorm, evaluations } = await solve(objective, penalties)
      expect(status).toBe('converged')
      expect(evaluations).toBeLessThanOrEqual(120)
      const g = new Float64Array(30)
      const total = (y: Float64Array): number =>
        (objective(y, g) as number) + y.reduce((sum, entry, i) => sum + penalties[i] * Math.abs(entry), 0)
      expect(total(x)).toBeCloseTo(value, 15)
      let square = 0
      x.forEach((entry, i) => {
        if (entry === 0) expect(Math.abs(g[i])).toBeLessThanOrEqual(penalty)
        else square += (g[i] + Math.sign(entry) * penalty) ** 2
      })
      expect(Math.sqrt(square)).toBeCloseTo(gradientNorm, 15)
      const random = seededRandom(9)
      for (let trial = 0; trial < 50; trial++) {
        const near = x.map((entry) => entry + 1e-4 * random.normal())
        expect(total(near)).toBeGreaterThan(value)
      }
    }
  })

  it('at 0 where penalties are large, after one evaluation', async () => {
    const result = await solve(logistic(50, 5, 1), new Float64Array(5).fill(10))
    expect(result).toMatchObject({ status: 'converged', iterations: 0, evaluations: 1, gradientNorm: 0 })
    expect(result.parameters).toEqual(new Float64Array(5))
  })

  it('leaves a parameter with an infinite penalty alone, and may leave others free', async () => {
    const { objective } = separable(Float64Array.from([1, 2, 3, 4]), 10)
    const result = await solve(objective, Float64Array.from([0, Infinity, 0, Infinity]))
    expect(result.status).toBe('converged')
    expect(result.parameters[1]).toBe(0)
    expect(result.parameters[3]).toBe(0)
    expect(result.parameters[0]).toBeCloseTo(1, 9)
    expect(result.parameters[2]).toBeCloseTo(3, 9)
  })

  it('from any start, with any memory, to the same place', async () => {
    const objective = logistic(100, 12, 3)
    const penalties = new Float64Array(12).fill(0.02)
    const expected = (await solve(objective, penalties)).parameters
    for (const memory of [1, 2, 40]) {
      const start = Float64Array.from({ length: 12 }, (_, i) => 5 * Math.sin(i))
      const given = start.slice()
      const result = await proximal(objective, start, { ...settings, penalties, memory })
      expect(result.status).toBe('converged')
      expect(start).toEqual(given)
      result.parameters.forEach((x, i) => {
        expect(Math.abs(x - expected[i])).toBeLessThanOrEqual(1e-7)
        expect(x === 0).toBe(expected[i] === 0)
      })
    }
  })

  it('in few steps with the right curvature, known at the start or later', async () => {
    const { curvatures, objective } = separable(
      Float64Array.from({ length: 40 }, (_, i) => (i % 5) - 2),
      1e3,
    )
    const penalties = curvatures.map((h) => h / 2)
    const v = new Float64Array(40)
    const first = {
      ...identityCurvature(40),
      diagonal: curvatures,
      multiply: (given: Float64Array, out: Float64Array) => out.set(given.map((x, i) => x * curvatures[i])),
      reset: () => v.fill(0),
      add: (i: number, change: number) => {
        v[i] += change
      },
      at: (i: number) => curvatures[i] * v[i],
    }
    expect((await solve(objective, penalties, { first, tolerance: 1e-6 })).iterations).toBe(1)
    const renewal = { iterations: [3], renew: async () => first }
    expect((await solve(objective, penalties, { renewal, tolerance: 1e-6 })).iterations).toBe(4)
    const renewals: number[] = []
    const none = { iterations: [2, 5], renew: async (x: Float64Array) => void renewals.push(x.length) }
    expect((await solve(objective, penalties, { renewal: none, tolerance: 1e-6 })).status).toBe('converged')
    expect(renewals).toEqual([40, 40])
  })

  it('steps back from values that are not finite', async () => {
    // Σ x − log x + |x|/2 has its minimum at 2/3, and nothing at or below 0.
    const result = await proximal(
      (x, g) => {
        let value = 0
        for (let i = 0; i < x.length; i++) {
          value += x[i] - Math.log(x[i])
          g[i] = 1 - 1 / x[i]
        }
        return value
      },
      Float64Array.from([1e-2, 20, 5]),
      { ...settings, penalties: new Float64Array(3).fill(0.5) },
    )
    expect(result.status).toBe('converged')
    for (const x of result.parameters) expect(Math.abs(x - 2 / 3)).toBeLessThanOrEqual(1e-9)
  })
})

describe('proximal ends', () => {
  const objective = logistic(100, 12, 3)
  const penalties = new Float64Array(12).fill(0.02)

  it('with each status, and tells of every step', async () => {
    const told: number[] = []
    const limited = await solve(objective, penalties, {
      maxIterations: 3,
      onIteration: ({ iteration }) => void told.push(iteration),
    })
    expect(limited).toMatchObject({ status: 'max-iterations', iterations: 3 })
    expect(told).toEqual([1, 2, 3])
    expect(limited.history.map((step) => step.iteration)).toEqual([1, 2, 3])
    for (let i = 1; i < 3; i++) expect(limited.history[i].objective).toBeLessThan(limited.history[i - 1].objective)
    const stopped = await solve(objective, penalties, { onIteration: ({ iteration }) => iteration < 3 })
    expect(stopped).toMatchObject({ status: 'stopped', iterations: 3 })
    expect(stopped.parameters).toEqual(limited.parameters)
    expect((await solve(() => Number.NaN, penalties)).status).toBe('not-finite')
  })

  it('where rounding allows no more: far below what can be seen in the objective', async () => {
    const result = await solve(objective, penalties, { tolerance: 0 })
    expect(['converged', 'line-search-failed']).toContain(result.status)
    expect(result.gradientNorm).toBeLessThanOrEqual(1e-14)
  })

  it('where the gradient is not that of the objective', async () => {
    const wrong: Objective = (x, g) => {
      g.fill(1)
      return x[0] * x[0]
    }
    const result = await proximal(wrong, Float64Array.from([-1]), { ...settings, penalties: new Float64Array(1) })
    expect(result.status).toBe('line-search-failed')
  })

  it('with what the objective, the callback or the pause throws', async () => {
    const fail = (): never => {
      throw new Error('enough')
    }
    await expect(solve(fail, penalties)).rejects.toThrow('enough')
    await expect(solve(objective, penalties, { onIteration: fail })).rejects.toThrow('enough')
    await expect(solve(objective, penalties, { pause: fail })).rejects.toThrow('enough')
  })
})
