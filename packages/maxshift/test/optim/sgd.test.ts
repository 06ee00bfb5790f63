/**
 * Stochastic gradient descent against its documented rule in 60 digits, on quadratics whose batches pull in different directions,
 * and the ways a run can end. The largest curvature against eigenvalues that are known.
 */
import { Decimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import { largestCurvature } from '../../src/optim/largest-curvature.ts'
import type { Objective } from '../../src/optim/objective.ts'
import { SCHEDULES, scheduleFactor } from '../../src/optim/schedule.ts'
import { type Batch, type SgdOptions, type SgdState, sgd } from '../../src/optim/sgd.ts'

const D = Decimal.clone({ precision: 60 })
const settings: SgdOptions = { epochs: 5, learningRate: 0.1, momentum: 0.9, schedule: 'cosine', averaging: false }

/** ½ Σ_i c_i·(x_i − a_i)², c = 1, 2, …; the batches of an epoch differ in a and go round with the epochs. */
const centres = [
  [1, -2, 3],
  [0.5, 0, -1],
  [2, 2, 7],
]
const shares = [1, 1, 0.25]
const batchAt = (b: number): Batch => ({
  share: shares[b],
  objective: (x, g) => {
    let value = 0
    for (let i = 0; i < x.length; i++) {
      g[i] = (i + 1) * (x[i] - centres[b][i])
      value += (g[i] * (x[i] - centres[b][i])) / 2
    }
    return value
  },
})
const order = (epoch: number): number[] => [epoch % 3, (epoch + 1) % 3, (epoch + 2) % 3]
const epochOf = (epoch: number): Batch[] => order(epoch).map(batchAt)

function exactFactor(schedule: string, e: number, epochs: number): Decimal {
  if (schedule === 'cosine') return D.cos(D.acos(-1).times(e).div(epochs)).plus(1).div(2)
  if (schedule === 'inverse') return new D(1).div(1 + e)
  if (schedule === 'step') return new D(2 * e < epochs ? 1 : 4 * e < 3 * epochs ? '0.1' : '0.01')
  return new D(1)
}

/** The rule as written in the header of sgd.ts. */
function exactRun(options: SgdOptions, start: number[]): Decimal[] {
  let x = start.map((value) => new D(value))
  let v = start.map(() => new D(0))
  let mean = x
  let t = 0
  for (let e = 0; e < options.epochs; e++) {
    const rate = exactFactor(options.schedule, e, options.epochs).times(options.learningRate)
    for (const b of order(e)) {
      const g = x.map((value, i) =>
        value
          .minus(centres[b][i])
          .times(i + 1)
          .times(shares[b]),
      )
      v = v.map((value, i) => value.times(options.momentum).plus(g[i]))
      x = x.map((value, i) => value.minus(rate.times(g[i].plus(v[i].times(options.momentum)))))
      t++
      mean = mean.map((value, i) => value.plus(new D(4).div(t + 3).times(x[i].minus(value))))
    }
  }
  return options.averaging ? mean : x
}

describe('schedules', () => {
  it.each(SCHEDULES)('%s is what its formula says', (schedule) => {
    for (const epochs of [1, 2, 3, 10, 97]) {
      for (let e = 0; e < epochs; e++) {
        const exact = exactFactor(schedule, e, epochs)
        // Half an ulp for the argument (π/2 at most), the series and the sum each, all below 2^-52 here.
        expect(Math.abs(exact.minus(scheduleFactor(schedule, e, epochs)).toNumber())).toBeLessThanOrEqual(3 * 2 ** -53)
      }
    }
    expect(scheduleFactor(schedule, 0, 10)).toBe(1)
  })
})

describe('sgd', () => {
  for (const schedule of SCHEDULES) {
    for (const [momentum, averaging] of [
      [0, false],
      [0.9, false],
      [0.9, true],
    ] as const) {
      it(`follows its rule: ${schedule}, momentum ${momentum}${averaging ? ', averaging' : ''}`, async () => {
        const options = { ...settings, schedule, momentum, averaging }
        const start = [0, 1, -1]
        const { parameters, status, iterations, evaluations } = await sgd(epochOf, Float64Array.from(start), options)
        expect({ status, iterations, evaluations }).toEqual({
          status: 'schedule-finished',
          iterations: 5,
          evaluations: 5,
        })
        // Fifteen steps of six roundings each on numbers below 8, which later steps do not enlarge.
        exactRun(options, start).forEach((exact, i) => {
          expect(Math.abs(exact.minus(parameters[i]).toNumber())).toBeLessThanOrEqual(90 * 8 * 2 ** -53)
        })
      })
    }
  }

  it('comes to the mean of the batches, weighted by their shares', async () => {
    const options: SgdOptions = { ...settings, epochs: 400, learningRate: 0.02 }
    const { parameters } = await sgd(epochOf, new Float64Array(3), options)
    const total = shares.reduce((a, b) => a + b)
    for (let i = 0; i < 3; i++) {
      const centre = shares.reduce((sum, share, b) => sum + share * centres[b][i], 0) / total
      // What the last, small rates leave of the batches pulling apart.
      expect(Math.abs(parameters[i] - centre)).toBeLessThanOrEqual(0.01)
    }
  })

  it('tells means over the batches of an epoch, by their shares', async () => {
    // Without a step everything is evaluated at the start.
    const { history } = await sgd(epochOf, new Float64Array(3), { ...settings, learningRate: 0, epochs: 2 })
    const g = new Float64Array(3)
    const sums = new Float64Array(3)
    let value = 0
    for (const { objective, share } of epochOf(0)) {
      value += share * Number(objective(new Float64Array(3), g))
      for (let i = 0; i < 3; i++) sums[i] += share * g[i]
    }
    expect(history.map((entry) => entry.iteration)).toEqual([1, 2])
    expect(history.map((entry) => entry.evaluations)).toEqual([1, 2])
    // The order of three additions.
    expect(Math.abs(history[1].objective - value / 2.25)).toBeLessThanOrEqual(1e-14 * value)
    const length = Math.sqrt(sums.reduce((sum, s) => sum + s * s, 0)) / 2.25
    expect(Math.abs(history[1].gradientNorm - length)).toBeLessThanOrEqual(1e-14 * length)
  })

  it('has the same bits whether batches come at once or later, and leaves the start alone', async () => {
    const start = Float64Array.of(1, 2, 3)
    const now = await sgd(epochOf, start, settings)
    const later = await sgd(
      async function* (epoch) {
        for (const { objective, share } of epochOf(epoch)) yield { objective: async (x, g) => objective(x, g), share }
      },
      start,
      settings,
    )
    expect(later).toEqual(now)
    expect(start).toEqual(Float64Array.of(1, 2, 3))
  })

  it.each([false, true])('resumes after any epoch to the same bits, averaging %s', async (averaging) => {
    const states: SgdState[] = []
    const options = { ...settings, averaging }
    const onState = (save: () => SgdState): void => {
      states.push(save())
    }
    const whole = await sgd(epochOf, new Float64Array(3), { ...options, onState })
    expect(states.length).toBe(5)
    for (const resume of states) {
      const copy = structuredClone(resume)
      expect(await sgd(epochOf, new Float64Array(3), { ...options, resume })).toEqual(whole)
      expect(resume).toEqual(copy)
    }
  })
})

describe('sgd ends', () => {
  it('stopped, after the epoch that was refused', async () => {
    const options: SgdOptions = { ...settings, onIteration: ({ iteration }) => iteration < 2 }
    expect(await sgd(epochOf, new Float64Array(3), options)).toMatchObject({ status: 'stopped', iterations: 2 })
  })

  it('in the middle of an epoch when interrupted, with the steps so far', async () => {
    let asked = 0
    const interrupt = () => (asked++ < 4 ? undefined : ('stopped' as const))
    const result = await sgd(epochOf, new Float64Array(3), { ...settings, interrupt })
    expect(result).toMatchObject({ status: 'stopped', iterations: 1, evaluations: 1 })
  })

  it.each([
    ['value', Number.NaN, 1],
    ['gradient', 1, Number.POSITIVE_INFINITY],
  ])('not-finite for such a %s, where the epoch began', async (_, value, slope) => {
    const bad: Batch = {
      share: 1,
      objective: (_x, g) => {
        g.fill(slope)
        return value
      },
    }
    const broken = (epoch: number): Batch[] => (epoch === 2 ? [...epochOf(2), bad] : epochOf(epoch))
    const result = await sgd(broken, new Float64Array(3), { ...settings, schedule: 'constant' })
    const before = await sgd(epochOf, new Float64Array(3), { ...settings, schedule: 'constant', epochs: 2 })
    expect(result).toMatchObject({ status: 'not-finite', iterations: 2, evaluations: 2 })
    expect(result.parameters).toEqual(before.parameters)
  })

  it('with the error of a batch', async () => {
    const failing: Objective = () => {
      throw new Error('no data')
    }
    await expect(sgd(() => [{ objective: failing, share: 1 }], new Float64Array(1), settings)).rejects.toThrow(
      'no data',
    )
  })
})

describe('largestCurvature', () => {
  const quadratic =
    (curvatures: number[], slope: number): Objective =>
    (x, g) => {
      let value = 0
      curvatures.forEach((curvature, i) => {
        g[i] = curvature * x[i] + slope
        value += (curvature * x[i] * x[i]) / 2 + slope * x[i]
      })
      return value
    }

  it.each([0, 1, -3])('is the largest eigenvalue, from below, with slope %d at the point', async (slope) => {
    const curvatures = [0.1, 5, 40, 1, 11, 0, 2]
    const found = await largestCurvature(quadratic(curvatures, slope), new Float64Array(7))
    expect(found).toBeLessThanOrEqual(40 * (1 + 1e-9))
    // Twelve rounds shrink what is left of the second, 11, by (11/40)^24.
    expect(found).toBeGreaterThanOrEqual(40 * (1 - 1e-9))
  })

  it('is 0 for a flat function and not finite for one that is not', async () => {
    expect(await largestCurvature(quadratic([0, 0], 2), new Float64Array(2))).toBe(0)
    expect(await largestCurvature(quadratic([0, 0], Number.NaN), new Float64Array(2))).toBeNaN()
  })
})
