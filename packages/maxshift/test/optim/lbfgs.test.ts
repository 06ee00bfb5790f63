/**
 * L-BFGS on functions whose minima are known, and on the ways a run can end.
 */
import { describe, expect, it } from 'vitest'
import { type LbfgsOptions, type LbfgsState, lbfgs } from '../../src/optim/lbfgs.ts'
import type { Objective } from '../../src/optim/objective.ts'

const settings: LbfgsOptions = { tolerance: 1e-10, maxIterations: 1000 }

/** Extended Rosenbrock function: pairs of a valley that bends like a banana; minimum 0 at (1, …, 1). */
const rosenbrock = (x: Float64Array, g: Float64Array): number => {
  let value = 0
  for (let i = 0; i < x.length; i += 2) {
    const across = x[i + 1] - x[i] * x[i]
    const along = 1 - x[i]
    value += 100 * across * across + along * along
    g[i] = -400 * x[i] * across - 2 * along
    g[i + 1] = 200 * across
  }
  return value
}

/** ½ Σ λ_i (x_i − i)², with curvatures from 1 to `condition` in equal ratios. */
const quadratic =
  (condition: number): Objective =>
  (x, g) => {
    let value = 0
    for (let i = 0; i < x.length; i++) {
      const curvature = condition ** (i / (x.length - 1))
      g[i] = curvature * (x[i] - i)
      value += (g[i] * (x[i] - i)) / 2
    }
    return value
  }

const banana = (pairs: number): Float64Array => Float64Array.from({ length: 2 * pairs }, (_, i) => (i % 2 ? 1 : -1.2))

describe('lbfgs finds minima', () => {
  it.each([1, 10, 500])('of the Rosenbrock function in %d pairs of variables', async (pairs) => {
    const result = await lbfgs(rosenbrock, banana(pairs), settings)
    expect(result.status).toBe('converged')
    // The smallest curvature at the minimum is 0.4, so a gradient of 1e-10 leaves at most 2.5e-10 in the parameters.
    for (const x of result.parameters) expect(Math.abs(x - 1)).toBeLessThanOrEqual(2.5e-10)
    // SciPy's L-BFGS-B takes 36 iterations from here in one pair.
    expect(result.iterations).toBeLessThanOrEqual(60)
  })

  // Iterations of SciPy 1.17's L-BFGS-B from the same start to the same gradient; a tenth more is as good.
  it.each([
    [1e2, 126],
    [1e4, 1046],
    [1e5, 3075],
  ])('of a quadratic with condition number %d in about %d iterations', async (condition, peer) => {
    const result = await lbfgs(quadratic(condition), new Float64Array(40), { ...settings, maxIterations: 5000 })
    expect(result.status).toBe('converged')
    expect(result.iterations).toBeLessThanOrEqual(1.1 * peer)
    // The smallest curvature is 1: the error is at most the gradient.
    result.parameters.forEach((x, i) => {
      expect(Math.abs(x - i)).toBeLessThanOrEqual(1e-10)
    })
  })

  it('of a quadratic with condition number 1e8, curvatures in clusters', async () => {
    const curvatures = [1, 1e4, 1e8]
    const clusters: Objective = (x, g) => {
      let value = 0
      for (let i = 0; i < x.length; i++) {
        g[i] = curvatures[i % 3] * (x[i] - i)
        value += (g[i] * (x[i] - i)) / 2
      }
      return value
    }
    const result = await lbfgs(clusters, new Float64Array(30), { ...settings, tolerance: 1e-6 })
    expect(result.status).toBe('converged')
    expect(result.iterations).toBeLessThanOrEqual(60)
    result.parameters.forEach((x, i) => {
      expect(Math.abs(x - i)).toBeLessThanOrEqual(1e-6)
    })
  })

  it('with every memory, the smallest included', async () => {
    for (const memory of [1, 2, 5, 30]) {
      const result = await lbfgs(rosenbrock, banana(3), { ...settings, memory })
      expect(result.status).toBe('converged')
    }
  })

  it('in a valley whose walls are not finite', async () => {
    // Σ x − log x: the minimum is at 1, and there is nothing at or below 0.
    const result = await lbfgs(
      (x, g) => {
        let value = 0
        for (let i = 0; i < x.length; i++) {
          value += x[i] - Math.log(x[i])
          g[i] = 1 - 1 / x[i]
        }
        return value
      },
      Float64Array.from([1e-3, 20, 5]),
      settings,
    )
    expect(result.status).toBe('converged')
    for (const x of result.parameters) expect(Math.abs(x - 1)).toBeLessThanOrEqual(1e-9)
  })
})

describe('lbfgs in coordinates that change on the way', () => {
  const condition = 1e4
  const size = 40
  const root = Float64Array.from({ length: size }, (_, i) => Math.sqrt(condition ** (i / (size - 1))))

  /** The quadratic in x until it is renewed, then in u = root · x, where it is round. */
  function renewable() {
    let round = false
    const objective: Objective = (x, g) => {
      const original = round ? x.map((u, i) => u / root[i]) : x
      const value = quadratic(condition)(original, g)
      if (round) for (let i = 0; i < size; i++) g[i] /= root[i]
      return value
    }
    const renew = async () => {
      round = true
      return {
        moveParameters: (x: Float64Array) => x.set(x.map((value, i) => value * root[i])),
        moveGradient: (g: Float64Array) => g.set(g.map((value, i) => value / root[i])),
      }
    }
    return { objective, renew }
  }

  it('needs a few steps more in round ones', async () => {
    const { objective, renew } = renewable()
    const renewal = { iterations: [10], renew }
    const result = await lbfgs(objective, new Float64Array(size), { ...settings, renewal })
    expect(result.status).toBe('converged')
    expect(result.iterations).toBeLessThanOrEqual(50)
    result.parameters.forEach((u, i) => {
      expect(Math.abs(u / root[i] - i)).toBeLessThanOrEqual(1e-9)
    })
  })

  it('takes the pairs along: in coordinates of another scale it does what it did', async () => {
    const plain = await lbfgs(rosenbrock, banana(3), settings)
    // Powers of two, the same for all: every number stays as it is, up to the factor.
    let factor = 1
    const scaled: Objective = (x, g) => {
      const value = rosenbrock(
        x.map((u) => u / factor),
        g,
      )
      for (let i = 0; i < g.length; i++) g[i] /= factor
      return value
    }
    const renew = async () => {
      factor = 8
      return {
        moveParameters: (x: Float64Array) => x.set(x.map((value) => value * 8)),
        moveGradient: (g: Float64Array) => g.set(g.map((value) => value / 8)),
      }
    }
    const options = { ...settings, tolerance: settings.tolerance / 8, renewal: { iterations: [7], renew } }
    const moved = await lbfgs(scaled, banana(3), options)
    expect(moved.parameters.map((u) => u / 8)).toEqual(plain.parameters)
    expect(moved.history.map((step) => step.objective)).toEqual(plain.history.map((step) => step.objective))
  })

  it('leaves everything as it is where there are no others, and asks no more than once each', async () => {
    const asked: number[] = []
    const renew = async (x: Float64Array) => {
      asked.push(x.length)
      return undefined
    }
    const plain = await lbfgs(rosenbrock, banana(2), settings)
    expect(await lbfgs(rosenbrock, banana(2), { ...settings, renewal: { iterations: [3, 5, 900], renew } })).toEqual(
      plain,
    )
    expect(asked).toEqual([4, 4])
  })
})

describe('lbfgs reports', () => {
  it('one entry of history per step, consistent with the result', async () => {
    let evaluations = 0
    const seen: number[] = []
    const result = await lbfgs(
      (x, g) => {
        evaluations++
        return rosenbrock(x, g)
      },
      banana(1),
      { ...settings, onIteration: ({ iteration }) => seen.push(iteration) },
    )
    expect(result.evaluations).toBe(evaluations)
    expect(result.history.map((entry) => entry.iteration)).toEqual(seen)
    expect(seen).toEqual(Array.from({ length: result.iterations }, (_, i) => i + 1))
    const last = result.history[result.history.length - 1]
    expect(last).toMatchObject({ objective: result.objective, gradientNorm: result.gradientNorm, evaluations })
    const gradient = new Float64Array(2)
    expect(rosenbrock(result.parameters, gradient)).toBe(result.objective)
    expect(Math.sqrt(gradient[0] ** 2 + gradient[1] ** 2)).toBe(result.gradientNorm)
  })

  it('the same bits whether the objective answers at once or later, and leaves the start alone', async () => {
    const start = banana(2)
    const now = await lbfgs(rosenbrock, start, settings)
    const later = await lbfgs(
      async (x, g) => {
        await new Promise((resolve) => setTimeout(resolve, 0))
        return rosenbrock(x, g)
      },
      start,
      settings,
    )
    expect(later).toEqual(now)
    expect(start).toEqual(banana(2))
  })
})

describe('lbfgs ends', () => {
  it('converged, without a step, at a minimum', async () => {
    const result = await lbfgs(rosenbrock, Float64Array.from([1, 1]), settings)
    expect(result).toMatchObject({ status: 'converged', iterations: 0, evaluations: 1, objective: 0, history: [] })
  })

  it('max-iterations', async () => {
    const result = await lbfgs(rosenbrock, banana(1), { ...settings, maxIterations: 7 })
    expect(result).toMatchObject({ status: 'max-iterations', iterations: 7 })
  })

  it('stopped, with the parameters of the step that was refused', async () => {
    const result = await lbfgs(rosenbrock, banana(1), { ...settings, onIteration: ({ iteration }) => iteration < 4 })
    expect(result).toMatchObject({ status: 'stopped', iterations: 4 })
    expect(rosenbrock(result.parameters, new Float64Array(2))).toBe(result.objective)
  })

  it.each([
    ['value', NaN, 1],
    ['value', Infinity, 1],
    ['gradient', 1, NaN],
    ['gradient', 1, -Infinity],
  ])('not-finite for a %s of %d with a gradient of %d at the start', async (_, value, slope) => {
    const broken: Objective = (_x, g) => {
      g.fill(slope)
      return value
    }
    const result = await lbfgs(broken, new Float64Array(2), settings)
    expect(result).toMatchObject({ status: 'not-finite', iterations: 0, evaluations: 1 })
    expect(result.parameters).toEqual(new Float64Array(2))
  })

  it('line-search-failed for a gradient that points the wrong way', async () => {
    const wrong: Objective = (x, g) => {
      g[0] = -2 * x[0]
      return x[0] * x[0]
    }
    const result = await lbfgs(wrong, Float64Array.from([3]), settings)
    expect(result).toMatchObject({ status: 'line-search-failed', iterations: 0, objective: 9 })
  })

  it('line-search-failed soon after rounding has taken over, with the optimum in hand', async () => {
    // Σ e^x − (i + 2)·x: the minimum log(i + 2) is no float64, so the gradient never becomes exactly 0.
    const crooked: Objective = (x, g) => {
      let value = 0
      for (let i = 0; i < x.length; i++) {
        g[i] = Math.exp(x[i]) - (i + 2)
        value += Math.exp(x[i]) - (i + 2) * x[i]
      }
      return value
    }
    const result = await lbfgs(crooked, new Float64Array(10), { tolerance: 0, maxIterations: 100_000 })
    expect(result.status).toBe('line-search-failed')
    expect(result.iterations).toBeLessThanOrEqual(150)
    result.parameters.forEach((x, i) => {
      expect(Math.abs(x - Math.log(i + 2))).toBeLessThanOrEqual(1e-14)
    })
  })

  it('with the error of the objective or of the callback', async () => {
    const failing: Objective = () => {
      throw new Error('no data')
    }
    await expect(lbfgs(failing, new Float64Array(1), settings)).rejects.toThrow('no data')
    await expect(lbfgs(async () => failing(banana(1), banana(1)), banana(1), settings)).rejects.toThrow('no data')
    const onIteration = (): never => {
      throw new Error('enough')
    }
    await expect(lbfgs(rosenbrock, banana(1), { ...settings, onIteration })).rejects.toThrow('enough')
  })
})

describe('lbfgs resumes', () => {
  it.each([1, 3, 30])('after any step of a run with memory %d, to the same bits', async (memory) => {
    const states: LbfgsState[] = []
    const options = { ...settings, memory }
    const onState = (save: () => LbfgsState): void => {
      states.push(save())
    }
    const whole = await lbfgs(rosenbrock, banana(3), { ...options, onState })
    expect(states.length).toBe(whole.iterations)
    for (const state of states) {
      const copy = structuredClone(state)
      // The start does not matter.
      expect(await lbfgs(rosenbrock, new Float64Array(6), { ...options, resume: state })).toEqual(whole)
      expect(state).toEqual(copy)
    }
  })

  it('where rounding has taken over: idle steps are counted on', async () => {
    const crooked: Objective = (x, g) => {
      let value = 0
      for (let i = 0; i < x.length; i++) {
        g[i] = Math.exp(x[i]) - (i + 2)
        value += Math.exp(x[i]) - (i + 2) * x[i]
      }
      return value
    }
    const states: LbfgsState[] = []
    const options: LbfgsOptions = { tolerance: 0, maxIterations: 100_000, memory: 4 }
    const onState = (save: () => LbfgsState): void => {
      states.push(save())
    }
    const whole = await lbfgs(crooked, new Float64Array(10), { ...options, onState })
    expect(whole.status).toBe('line-search-failed')
    expect(states.some((state) => state.idle > 0)).toBe(true)
    for (const resume of states) {
      expect(await lbfgs(crooked, new Float64Array(10), { ...options, resume })).toEqual(whole)
    }
  })
})

describe('lbfgs with an objective that is rough at first', () => {
  /** Rounds what a function gives, until it is refined. */
  const roughly = (objective: Objective, noise: number) => {
    let exact = false
    let rough = 0
    return {
      rough: {
        floor: 1e-5,
        noise,
        refine: (): void => {
          exact = true
        },
      },
      count: () => rough,
      objective: async (x: Float64Array, g: Float64Array): Promise<number> => {
        const value = await objective(x, g)
        if (exact) return value
        rough++
        for (let i = 0; i < g.length; i++) g[i] = Math.round(g[i] / noise) * noise
        return Math.round(value / noise) * noise
      },
    }
  }

  it('ends where the exact one is flat, having used both', async () => {
    const { objective, rough, count } = roughly(quadratic(100), 1e-8)
    const result = await lbfgs(objective, new Float64Array(8), { ...settings, rough })
    expect(result.status).toBe('converged')
    expect(result.gradientNorm).toBeLessThanOrEqual(1e-10)
    result.parameters.forEach((x, i) => {
      expect(Math.abs(x - i)).toBeLessThanOrEqual(1e-9)
    })
    expect(count()).toBeGreaterThan(5)
    expect(count()).toBeLessThan(result.evaluations)
  })

  it('is exact as soon as rounding hides the way down', async () => {
    // Rounded to tenths the gradient soon says nothing, long before it is below the floor.
    const { objective, rough } = roughly(quadratic(10), 0.1)
    const result = await lbfgs(objective, new Float64Array(8), { ...settings, rough })
    expect(result.status).toBe('converged')
    expect(result.evaluations).toBeLessThan(120)
  })

  it('tells what is exact, however it ends', async () => {
    for (const options of [{ maxIterations: 2 }, { onIteration: () => false }]) {
      const { objective, rough } = roughly(rosenbrock, 0.3)
      const result = await lbfgs(objective, banana(2), { ...settings, ...options, rough })
      expect(['max-iterations', 'stopped']).toContain(result.status)
      const gradient = new Float64Array(4)
      expect(result.objective).toBe(rosenbrock(result.parameters, gradient))
      expect(result.gradient).toEqual(gradient)
    }
  })

  it('begins exactly where the rough one is not finite', async () => {
    let exact = false
    const objective: Objective = (x, g) => (exact ? quadratic(10)(x, g) : Infinity)
    const refine = (): void => {
      exact = true
    }
    const rough = { floor: 1e-5, noise: 1e-6, refine }
    expect((await lbfgs(objective, new Float64Array(4), { ...settings, rough })).status).toBe('converged')
  })

  it('resumes in the precision in which it was', async () => {
    const whole = roughly(quadratic(1000), 1e-8)
    const states: LbfgsState[] = []
    const onState = (save: () => LbfgsState): void => void states.push(save())
    const result = await lbfgs(whole.objective, new Float64Array(12), { ...settings, rough: whole.rough, onState })
    expect(new Set(states.map(({ isRough }) => isRough)).size).toBe(2)
    for (const resume of states) {
      const { objective, rough } = roughly(quadratic(1000), 1e-8)
      expect(await lbfgs(objective, new Float64Array(12), { ...settings, rough, resume })).toEqual(result)
    }
  })
})
