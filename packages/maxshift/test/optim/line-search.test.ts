/**
 * The line search on the six functions of Moré & Thuente (ACM TOMS 20, 1994, section 5), whose minima hide behind bends,
 * wiggles and corners, and on what real objectives do: overflow, drown in rounding, lie about their slope.
 */
import { describe, expect, it } from 'vitest'
import { type LinePoint, lineSearch } from '../../src/optim/line-search.ts'

type Line = (a: number) => { value: number; slope: number }

const wiggles: Line = (a) => {
  const beta = 0.01
  const l = 39
  const near = Math.abs(a - 1) < beta
  const value = near ? (a - 1) ** 2 / (2 * beta) + beta / 2 : Math.abs(a - 1)
  const slope = near ? (a - 1) / beta : Math.sign(a - 1)
  const angle = (l * Math.PI * a) / 2
  return {
    value: value + ((2 * (1 - beta)) / (l * Math.PI)) * Math.sin(angle),
    slope: slope + (1 - beta) * Math.cos(angle),
  }
}

/** Yanai, Ozawa & Kaneko: convex, with one or two bends of radius β. */
const bends =
  (beta1: number, beta2: number): Line =>
  (a) => {
    const weight = (beta: number): number => Math.sqrt(1 + beta * beta) - beta
    const right = Math.sqrt((1 - a) ** 2 + beta2 * beta2)
    const left = Math.sqrt(a * a + beta1 * beta1)
    return {
      value: weight(beta1) * right + weight(beta2) * left,
      slope: (weight(beta1) * (a - 1)) / right + (weight(beta2) * a) / left,
    }
  }

// Name, function, c1 and c2 of the paper.
const functions: [string, Line, number, number][] = [
  ['1', (a) => ({ value: -a / (a * a + 2), slope: (a * a - 2) / (a * a + 2) ** 2 }), 0.001, 0.1],
  [
    '2',
    (a) => ({ value: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4, slope: 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3 }),
    0.1,
    0.1,
  ],
  ['3', wiggles, 0.1, 0.1],
  ['4', bends(0.001, 0.001), 0.001, 0.001],
  ['5', bends(0.01, 0.001), 0.001, 0.001],
  ['6', bends(0.001, 0.01), 0.001, 0.001],
]

/** Searches along a line and counts the trials. */
async function search(
  line: Line,
  firstStep: number,
  options = {},
): Promise<{ found: boolean; point: LinePoint; trials: number }> {
  let trials = 0
  const evaluate = (step: number): LinePoint => {
    trials++
    return { step, ...line(step) }
  }
  const result = await lineSearch(evaluate, { step: 0, ...line(0) }, firstStep, options)
  return { ...result, trials }
}

describe('lineSearch on the functions of Moré & Thuente', () => {
  for (const [name, line, decrease, curvature] of functions) {
    it.each([1e-3, 1e-1, 1e1, 1e3])(`function ${name}, first step %d`, async (firstStep) => {
      const { found, point, trials } = await search(line, firstStep, { decrease, curvature, noise: 0 })
      const start = line(0)
      expect(found).toBe(true)
      expect(point.value).toBeLessThanOrEqual(start.value + decrease * point.step * start.slope)
      expect(Math.abs(point.slope)).toBeLessThanOrEqual(curvature * Math.abs(start.slope))
      // The paper's own method takes up to 28 (function 3 from 1e-3); no search should come near the limit of 40.
      expect(trials).toBeLessThanOrEqual(20)
    })
  }
})

describe('lineSearch on difficult ground', () => {
  it('takes one trial where the first step is good', async () => {
    const { found, point, trials } = await search((a) => ({ value: (a - 1) ** 2, slope: 2 * (a - 1) }), 1)
    expect({ found, step: point.step, trials }).toEqual({ found: true, step: 1, trials: 1 })
  })

  it('steps back from values that are not finite', async () => {
    // −3a − log(1 − a) has its minimum at 2/3 and is NaN beyond 1.
    const { found, point } = await search((a) => ({ value: -3 * a - Math.log(1 - a), slope: -3 + 1 / (1 - a) }), 1000)
    expect(found).toBe(true)
    expect(point.step).toBeGreaterThan(0)
    expect(point.step).toBeLessThan(1)
  })

  it('steps back from infinite slopes of finite values', async () => {
    const { found, point } = await search((a) => ({ value: (a - 1) ** 2, slope: a > 3 ? Infinity : 2 * (a - 1) }), 50)
    expect(found).toBe(true)
    expect(point.step).toBeLessThanOrEqual(3)
  })

  it('follows the slope where the decrease is below the rounding of the value', async () => {
    // A parabola of height 1e-17 on a floor of 1 with rounding noise of a few ulps.
    const noisy: Line = (a) => ({ value: 1 + ((Math.floor(a * 1e6) * 7919) % 5) * 2.2e-16, slope: 2e-17 * (a - 1) })
    for (const firstStep of [0.01, 1, 30]) {
      const { found, point } = await search(noisy, firstStep, { curvature: 0.1 })
      expect(found).toBe(true)
      expect(Math.abs(point.step - 1)).toBeLessThanOrEqual(0.1)
    }
  })

  it('would fail there without the allowance for rounding', async () => {
    const noisy: Line = (a) => ({ value: a === 0 ? 1 : 1 + 2.2e-16, slope: 2e-17 * (a - 1) })
    expect((await search(noisy, 1, { noise: 0 })).found).toBe(false)
    expect((await search(noisy, 1)).found).toBe(true)
  })

  it('gives up on a slope that points uphill, and stays', async () => {
    const { found, point, trials } = await search((a) => ({ value: a, slope: -1 }), 1)
    expect({ found, step: point.step }).toEqual({ found: false, step: 0 })
    expect(trials).toBeLessThanOrEqual(40)
  })

  it('gives up on a line that falls for ever, and keeps the lowest place', async () => {
    const { found, point } = await search((a) => ({ value: -a, slope: -1 }), 1)
    expect(found).toBe(false)
    expect(point.step).toBeGreaterThan(1e11)
  })
})
