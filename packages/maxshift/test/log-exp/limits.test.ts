/**
 * Limits, poles, domains and signed zeros of the log-exp functions and their derivatives. Numbers never throw.
 */
import { describe, expect, it } from 'vitest'
import { functionNamed, loadCases } from '../support/log-exp.ts'

const INF = Number.POSITIVE_INFINITY
const NAN = Number.NaN
const MAX = Number.MAX_VALUE
const MIN = Number.MIN_VALUE
const LN2 = Math.LN2

/** Arguments and the result, told apart with Object.is. */
// biome-ignore format: a function per line
const LIMITS: Record<string, readonly (readonly number[])[]> = {
  log1pExp: [[-INF, 0], [INF, INF], [0, LN2], [-0, LN2], [-800, 0], [1e300, 1e300], [-745.13, MIN]],
  'log1pExp.derivative': [[-INF, 0], [INF, 1], [0, 0.5], [-800, 0], [1e300, 1]],
  log1mExp: [[-INF, -0], [0, -INF], [-0, -INF], [MIN, NAN], [INF, NAN], [-800, -0], [-LN2, -LN2]],
  'log1mExp.derivative': [[-INF, -0], [0, -INF], [-0, -INF], [1, NAN], [-800, -0], [-MIN, -INF]],
  log2mExp: [[-INF, LN2], [0, 0], [-0, 0], [0.7, NAN], [INF, NAN], [MIN, -MIN], [-MIN, MIN], [-1e300, LN2]],
  'log2mExp.derivative': [[-INF, -0], [0, -1], [1, NAN], [-800, -0]],
  logExpm1: [
    [0, -INF], [-0, -INF], [INF, INF], [-MIN, NAN], [-INF, NAN], [1e300, 1e300], [LN2, -4.638093627692599e-17],
  ],
  'logExpm1.derivative': [[0, INF], [-0, INF], [INF, 1], [-1, NAN], [1e300, 1], [MIN, INF]],
  sigmoid: [[-INF, 0], [INF, 1], [0, 0.5], [-0, 0.5], [-800, 0], [1e300, 1]],
  'sigmoid.derivative': [[-INF, 0], [INF, 0], [0, 0.25], [800, 0]],
  logSigmoid: [[-INF, -INF], [INF, -0], [0, -LN2], [-1e300, -1e300], [800, -0]],
  'logSigmoid.derivative': [[-INF, 1], [INF, 0], [0, 0.5]],
  log1mSigmoid: [[-INF, -0], [INF, -INF], [0, -LN2], [1e300, -1e300]],
  'log1mSigmoid.derivative': [[-INF, -0], [INF, -1], [0, -0.5]],
  logit: [[0, -INF], [-0, -INF], [1, INF], [0.5, 0], [-MIN, NAN], [1.0000000000000002, NAN], [INF, NAN], [-INF, NAN]],
  'logit.derivative': [[0, INF], [1, INF], [0.5, 4], [2, NAN], [-1, NAN], [MIN, INF]],
  logitExp: [[-INF, -INF], [0, INF], [-0, INF], [MIN, NAN], [-1e300, -1e300]],
  'logitExp.derivative': [[-INF, 1], [0, INF], [-0, INF], [1, NAN], [-1e300, 1]],
  logit1mExp: [[-INF, INF], [0, -INF], [-0, -INF], [MIN, NAN], [-1e300, 1e300]],
  'logit1mExp.derivative': [[-INF, -1], [0, -INF], [-0, -INF], [1, NAN]],
  logCosh: [[0, 0], [-0, 0], [INF, INF], [-INF, INF], [MAX, MAX], [-MAX, MAX], [MIN, 0], [1e-200, 0]],
  'logCosh.derivative': [[0, 0], [-0, -0], [INF, 1], [-INF, -1], [MIN, MIN], [-MIN, -MIN], [MAX, 1]],
  logAbsSinh: [[0, -INF], [-0, -INF], [INF, INF], [-INF, INF], [MAX, MAX], [-MAX, MAX]],
  'logAbsSinh.derivative': [[0, INF], [-0, -INF], [INF, 1], [-INF, -1], [MIN, INF], [-MAX, -1]],
  logAbsTanh: [[0, -INF], [-0, -INF], [INF, -0], [-INF, -0], [MAX, -0]],
  'logAbsTanh.derivative': [[0, INF], [-0, -INF], [INF, 0], [-INF, -0], [MIN, INF], [-MAX, -0]],
  log1pMx: [[0, 0], [-0, 0], [-1, -INF], [INF, -INF], [-INF, NAN], [-1.0000000000000002, NAN], [MAX, -MAX], [MIN, -0]],
  'log1pMx.derivative': [[0, -0], [-0, 0], [-1, INF], [INF, -1], [-2, NAN], [MAX, -1], [MIN, -MIN]],
  logMxp1: [[1, 0], [0, -INF], [-0, -INF], [INF, -INF], [-MIN, NAN], [MAX, -MAX]],
  'logMxp1.derivative': [[1, 0], [0, INF], [-0, INF], [INF, -1], [-1, NAN], [MAX, -1], [MIN, INF]],
  log1pSq: [[0, 0], [-0, 0], [INF, INF], [-INF, INF], [MIN, 0], [1e300, 1381.5510557964274]],
  'log1pSq.derivative': [[0, 0], [-0, -0], [INF, 0], [-INF, -0], [1, 1], [-1, -1], [MIN, 2 * MIN]],
  xlogx: [[0, 0], [-0, 0], [1, 0], [INF, INF], [-MIN, NAN], [MAX, INF]],
  'xlogx.derivative': [[0, -INF], [-0, -INF], [1, 1], [INF, INF], [-1, NAN]],
  xexpx: [[0, 0], [-0, -0], [-INF, -0], [INF, INF], [-800, -0], [-MAX, -0], [MAX, INF], [MIN, MIN]],
  'xexpx.derivative': [[0, 1], [-1, 0], [-INF, -0], [INF, INF], [-800, -0], [-MAX, -0], [MAX, INF]],
  cloglog: [[0, -INF], [-0, -INF], [1, INF], [-MIN, NAN], [1.0000000000000002, NAN], [INF, NAN]],
  'cloglog.derivative': [[0, INF], [1, INF], [2, NAN], [-1, NAN], [MIN, INF]],
  cexpexp: [[-INF, 0], [INF, 1], [-800, 0], [MAX, 1], [-MAX, 0]],
  'cexpexp.derivative': [[-INF, 0], [INF, 0], [-800, 0], [MAX, 0], [-MAX, 0]],
  xlogy: [
    [0, 0, 0], [-0, 0, 0], [0, -1, 0], [0, INF, 0], [0, NAN, NAN], [1, 0, -INF], [-1, 0, INF], [1, -1, NAN],
    [INF, 1, NAN], [INF, 2, INF], [-INF, 2, -INF], [2, INF, INF], [MAX, 1, 0], [MAX, MAX, INF],
  ],
  'xlogy.derivatives.x': [[3, 0, -INF], [0, 0, -INF], [3, 1, 0], [3, INF, INF], [3, -1, NAN]],
  'xlogy.derivatives.y': [
    [3, 0, INF], [3, -0, INF], [-3, 0, -INF], [0, 0, NAN], [3, INF, 0], [3, -1, NAN], [3, 2, 1.5],
  ],
  xlog1py: [
    [0, -1, 0], [-0, 5, 0], [0, -2, 0], [0, INF, 0], [0, NAN, NAN], [1, -1, -INF], [-1, -1, INF], [1, -2, NAN],
    [2, INF, INF], [INF, 0, NAN], [2, 0, 0], [1, MIN, MIN],
  ],
  'xlog1py.derivatives.x': [[3, -1, -INF], [3, 0, 0], [3, -0, -0], [3, INF, INF], [3, -2, NAN]],
  'xlog1py.derivatives.y': [[3, -1, INF], [0, -1, NAN], [3, INF, 0], [3, -2, NAN], [3, 1, 1.5], [INF, 1, INF]],
  xexpy: [
    [0, 5, 0], [-0, 5, -0], [INF, -INF, 0], [-INF, -INF, -0], [2, -INF, 0], [-2, -INF, -0], [0, INF, NAN],
    [2, INF, INF], [-2, INF, -INF], [INF, 5, INF], [-INF, -5, -INF], [1e-300, 1000, 1.970071114017047e134],
    [MAX, -MAX, 0], [-MIN, MAX, -INF],
  ],
  'xexpy.derivatives.x': [[3, 0, 1], [3, -INF, 0], [3, INF, INF], [NAN, 0, 1]],
  'xexpy.derivatives.y': [[3, 0, 3], [3, -INF, 0], [3, INF, INF]],
  logAddExp: [
    [-INF, -INF, -INF], [INF, INF, INF], [INF, -INF, INF], [-INF, 5, 5], [5, -INF, 5], [0, 0, LN2], [MAX, MAX, MAX],
    [-MAX, MAX, MAX], [-MAX, -MAX, -MAX], [INF, NAN, NAN], [-INF, NAN, NAN],
  ],
  'logAddExp.derivatives.a': [
    [-INF, -INF, NAN], [INF, INF, NAN], [INF, -INF, 1], [-INF, 5, 0], [5, -INF, 1], [3, 3, 0.5], [MAX, -MAX, 1],
    [-MAX, MAX, 0],
  ],
  'logAddExp.derivatives.b': [[-INF, -INF, NAN], [INF, -INF, 0], [-INF, 5, 1], [5, -INF, 0], [MAX, -MAX, 0]],
  logSubExp: [
    [-INF, -INF, -INF], [INF, INF, NAN], [INF, 5, INF], [INF, -INF, INF], [5, -INF, 5], [5, 5, -INF], [5, 6, NAN],
    [MAX, -MAX, MAX], [-MAX, -INF, -MAX], [0, -INF, 0], [INF, NAN, NAN],
  ],
  'logSubExp.derivatives.a': [
    [-INF, -INF, NAN], [INF, INF, NAN], [INF, 5, 1], [5, -INF, 1], [5, 5, INF], [5, 6, NAN], [MAX, -MAX, 1],
  ],
  'logSubExp.derivatives.b': [
    [-INF, -INF, NAN], [INF, INF, NAN], [INF, 5, -0], [5, -INF, -0], [5, 5, -INF], [5, 6, NAN],
  ],
  logInvLogitDiff: [
    [INF, -INF, -0], [INF, INF, -INF], [-INF, -INF, -INF], [3, 3, -INF], [INF, 0, -LN2], [0, -INF, -LN2], [1, 2, NAN],
    [MAX, -MAX, -0], [1e300, 1e299, -1e299], [-1e299, -1e300, -1e299],
  ],
  'logInvLogitDiff.derivatives.a': [
    [INF, -INF, 0], [INF, INF, NAN], [-INF, -INF, NAN], [3, 3, INF], [INF, 0, 0], [0, -INF, 0.5], [1, 2, NAN],
    [MAX, -MAX, 0], [-MAX, -INF, 1],
  ],
  'logInvLogitDiff.derivatives.b': [
    [INF, -INF, -0], [INF, INF, NAN], [3, 3, -INF], [INF, 0, -0.5], [0, -INF, -0], [1, 2, NAN],
  ],
  logMix: [
    [0, INF, 3, 3], [1, 3, INF, 3], [0.5, INF, 3, INF], [0.5, -INF, -INF, -INF], [0.5, INF, INF, INF],
    [0.5, 0, -INF, -LN2], [0.5, -INF, 0, -LN2], [-0.1, 0, 0, NAN], [1.1, 0, 0, NAN], [NAN, 0, 0, NAN],
    [0, NAN, 0, NAN], [0.3, 1e-300, 1e-300, 1e-300], [0.5, MAX, -MAX, MAX], [0.5, -1e300, -INF, -1e300],
  ],
  'logMix.derivatives.theta': [
    [0.5, 3, 3, 0], [0.5, INF, 0, 2], [0.25, -INF, 0, -4 / 3], [0.5, INF, INF, NAN], [2, 0, 1, NAN], [0, 800, 0, INF],
    [1, 0, 800, -INF], [0.5, MAX, -MAX, 2],
  ],
  'logMix.derivatives.a': [
    [0, INF, 0, 0], [1, -5, 800, 1], [0.5, 3, 3, 0.5], [0.5, INF, 3, 1], [0.5, -INF, 3, 0], [0.5, INF, INF, NAN],
    [-1, 0, 0, NAN],
  ],
  'logMix.derivatives.b': [
    [1, 0, INF, 0], [0, 800, -5, 1], [0.5, 3, 3, 0.5], [0.5, 3, INF, 1], [0.5, 3, -INF, 0], [0.5, INF, INF, NAN],
    [-1, 0, 0, NAN],
  ],
}

const show = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))

describe('limits and domains', () => {
  it.each(Object.entries(LIMITS))('%s', (name, rows) => {
    const f = functionNamed(name)
    for (const row of rows) {
      const values = row.slice(0, -1)
      expect(show(f(...values)), `at ${values.map(show)}`).toBe(show(row[row.length - 1]))
    }
  })
  it('are stated for every function and derivative', () => {
    expect(Object.keys(LIMITS).sort()).toEqual([...loadCases().keys()].sort())
  })
})

/** x and y of a derivative that does not look at them. */
const BLIND: Record<string, number> = {
  'xlogy.derivatives.x': 0,
  'xlog1py.derivatives.x': 0,
  'xexpy.derivatives.x': 0,
}

describe('NaN', () => {
  it.each(Object.keys(LIMITS))('is passed on by %s', (name) => {
    const f = functionNamed(name)
    const count = LIMITS[name][0].length - 1
    for (let i = 0; i < count; i++) {
      if (BLIND[name] === i) continue
      for (const other of [0, 0.5, 1, -1, INF, -INF]) {
        const values = Array.from({ length: count }, (_, j) => (i === j ? NAN : other))
        expect(f(...values), `at ${values}`).toBeNaN()
      }
    }
  })
})
