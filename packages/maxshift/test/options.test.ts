/**
 * The options of softmax, logSoftmax and logSumExp, each and together, against their stated meaning in decimal arithmetic: rows are taken
 * out of the array entry by entry, masked, divided by the temperature, and looked up in the table of infinities.
 */
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { alloc, type LogSumExpOptions, logSoftmax, logSumExp, type SoftmaxOptions, softmax } from '../src/index.ts'
import { bad } from './support/bad.ts'
import { exactRow } from './support/oracle.ts'
import { type Random, seededRandom } from './support/random.ts'
import { absoluteError, DTYPES, type Dtype, type Exact, floatArray, ulpError } from './support/ulp.ts'

const OPERATIONS = { softmax, logSoftmax, logSumExp }
type Name = keyof typeof OPERATIONS
const NAMES = Object.keys(OPERATIONS) as Name[]
const GOAL: Record<Name, Record<Dtype, number>> = {
  softmax: { f32: 0.501, f64: 0.51 },
  logSoftmax: { f32: 0.501, f64: 0.55 },
  logSumExp: { f32: 0.501, f64: 0.51 },
}
const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: none } = Number

interface Problem {
  readonly name: Name
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly axis: number
  readonly logits: FloatArray
  readonly mask?: Uint8Array | undefined
  readonly temperature?: number | undefined
  readonly allMasked?: 'nan' | 'zero' | undefined
}

/** The places of each row's entries, in the order in which rows are counted. */
function places(shape: readonly number[], axis: number): number[][] {
  const at = axis < 0 ? axis + shape.length : axis
  const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1)
  const outer = shape.slice(0, at).reduce((a, b) => a * b, 1)
  const found: number[][] = []
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++)
      found.push(Array.from({ length: shape[at] }, (_, j) => (o * shape[at] + j) * inner + i))
  }
  return found
}

const value = (rounded: number): Exact => ({ rounded, residual: 0 })

/** What a row gives, entry by entry, or once for logSumExp. */
function expectedRow({ name, dtype, temperature = 1, allMasked }: Problem, row: readonly number[]): readonly Exact[] {
  const all = (x: number): Exact[] => (name === 'logSumExp' ? [value(x)] : row.map(() => value(x)))
  const max = Math.max(...row) // NaN if there is one
  if (Number.isNaN(max)) return all(nan)
  if (max === none)
    return all(name === 'logSumExp' ? none : allMasked === 'zero' ? { softmax: 0, logSoftmax: none }[name] : nan)
  if (max === inf) {
    if (name === 'logSumExp') return all(inf)
    if (row.filter((x) => x === inf).length > 1) return all(nan)
    const [there, elsewhere] = name === 'softmax' ? [1, 0] : [0, none]
    return row.map((x) => value(x === inf ? there : elsewhere))
  }
  const exact = exactRow(row, 0, dtype, temperature)
  return name === 'logSumExp' ? [exact.logSumExp] : exact[name]
}

/** What is wrong with a result, in words; undefined if nothing is. */
function complaint(problem: Problem, result: FloatArray): string | undefined {
  const { name, dtype, shape, axis, logits, mask, temperature = 1 } = problem
  for (const [r, row] of places(shape, axis).entries()) {
    const entries = row.map((p) => (mask !== undefined && mask[p] === 0 && !Number.isNaN(logits[p]) ? none : logits[p]))
    for (const [j, exact] of expectedRow(problem, entries).entries()) {
      const actual = result[name === 'logSumExp' ? r : row[j]]
      const ulps = ulpError(actual, exact, dtype)
      if (ulps <= GOAL[name][dtype]) continue
      const size = Math.max(1, Math.abs(Math.max(...entries) / temperature))
      if (name === 'logSumExp' && dtype === 'f64' && absoluteError(actual, exact, dtype) <= 2 ** -62 * size) continue
      return `row ${r}, entry ${j}: ${actual} instead of ${exact.rounded}, ${ulps} ulp, in ${JSON.stringify(entries)}`
    }
  }
  return undefined
}

function solve({ name, logits, ...problem }: Problem, extra: object = {}): FloatArray {
  const { shape, axis, mask, temperature, allMasked } = problem
  return OPERATIONS[name](logits, bad({ shape, axis, mask, temperature, allMasked, ...extra }))
}

const TEMPERATURES = [undefined, 1, 0.3, 7, 0.001, 1e5]
const SHAPES = [
  [1],
  [5],
  [40],
  [0],
  [3, 0],
  [0, 3],
  [1, 1],
  [3, 7],
  [7, 3],
  [4, 1, 6],
  [2, 3, 4],
  [3, 5, 2],
  [2, 0, 2],
  [2, 3, 2, 3],
  [1, 4, 1, 5],
]

/** Logits of many scales, with infinities and NaN in some rows. */
function randomLogits(random: Random, dtype: Dtype, length: number): FloatArray {
  const scale = [0.001, 1, 5, 40][random.below(4)]
  const special = random.below(3) === 0 ? [nan, inf, none, none, none] : [none]
  const rarity = [4, 12, 1000][random.below(3)]
  return floatArray(dtype, length).map(() =>
    random.below(rarity) === 0 ? special[random.below(special.length)] : scale * random.normal(),
  )
}

function problems(seed: number, name: Name, dtype: Dtype): Problem[] {
  const random = seededRandom(seed)
  return SHAPES.flatMap((shape) =>
    shape.map((_, at) => {
      const length = shape.reduce((a, b) => a * b, 1)
      const rarity = 1 + random.below(4)
      return {
        name,
        dtype,
        shape,
        axis: random.below(2) === 0 ? at : at - shape.length,
        logits: randomLogits(random, dtype, length),
        mask: random.below(2) === 0 ? undefined : Uint8Array.from({ length }, () => random.below(rarity)),
        temperature: TEMPERATURES[random.below(TEMPERATURES.length)],
        allMasked: ([undefined, 'nan', 'zero'] as const)[random.below(3)],
      }
    }),
  )
}

const CANARY = -123.5

describe.each(NAMES)('%s', (name) => {
  describe.each(DTYPES)('%s', (dtype) => {
    it.each([1, 2, 3, 4])('means what it says along every axis, with any options: seed %i', (seed) => {
      for (const problem of problems(seed, name, dtype)) expect(complaint(problem, solve(problem))).toBe(undefined)
    })
    it('writes into out, nothing beside it, in place too, the same bits', () => {
      for (const problem of problems(7, name, dtype)) {
        const expected = solve(problem)
        const before = problem.logits.slice()
        const band = floatArray(dtype, expected.length + 8).fill(CANARY)
        const out = band.subarray(3, 3 + expected.length + 2)
        expect(solve(problem, { out })).toBe(out)
        expect(out.subarray(0, expected.length)).toEqual(expected)
        expect(problem.logits).toEqual(before)
        const rest = [...band.subarray(0, 3), ...band.subarray(3 + expected.length)]
        expect(rest.every((x) => x === CANARY)).toBe(true)
        if (name === 'logSumExp') continue
        expect(solve({ ...problem, logits: before }, { out: before })).toBe(before)
        expect(before).toEqual(expected)
      }
    })
    it('takes arrays of kernel memory', () => {
      for (const problem of problems(8, name, dtype)) {
        const logits = alloc(dtype === 'f32' ? 'float32' : 'float64', problem.logits.length)
        logits.set(problem.logits)
        expect(solve({ ...problem, logits })).toEqual(solve(problem))
      }
    })
    it('along the last axis is the same as with classes, and as one row', () => {
      const logits = randomLogits(seededRandom(9), dtype, 60)
      const mask = Uint8Array.from({ length: 60 }, (_, i) => i % 7)
      const shared = { mask, temperature: 0.7 }
      const operation = OPERATIONS[name]
      const rows = operation(logits, { ...shared, classes: 12 })
      expect(operation(logits, { ...shared, shape: [5, 12] })).toEqual(rows)
      expect(operation(logits, { ...shared, shape: [1, 5, 12], axis: -1 })).toEqual(rows)
      const whole = operation(logits, { ...shared, shape: [60] })
      const single = operation(logits, shared)
      expect(typeof single === 'number' ? [single] : [...single]).toEqual([...whole])
    })
    it('a mask is the same as −∞, and a temperature of 1 or a mask of ones as none', () => {
      for (const problem of problems(10, name, dtype)) {
        const { mask, logits } = problem
        const replaced = logits.map((x, i) => (mask?.[i] === 0 && !Number.isNaN(x) ? none : x))
        expect(solve({ ...problem, logits: replaced, mask: undefined })).toEqual(solve(problem))
        const ones = { ...problem, mask: undefined, temperature: undefined }
        expect(solve({ ...ones, mask: new Uint8Array(logits.length).fill(1), temperature: 1 })).toEqual(solve(ones))
      }
    })
    it('fast mode keeps to its bounds with any options', () => {
      for (const problem of problems(11, name, dtype)) {
        const accurate = solve(problem)
        const fast = solve(problem, { mode: 'fast' })
        // 8 + d ulps with d < 300 for these logits over 0.3; colder ones are left to the tests of the kernels.
        if (problem.temperature === 0.001) continue
        const close = 310 * (dtype === 'f32' ? 2 ** -23 : 2 ** -52)
        for (const [i, exact] of accurate.entries()) {
          if (fast[i] === exact || (Number.isNaN(fast[i]) && Number.isNaN(exact))) continue
          expect(Math.abs(fast[i] - exact)).toBeLessThanOrEqual(
            close * Math.max(Math.abs(exact), name === 'logSumExp' ? 5 : 1e-37),
          )
        }
      }
    })
  })
})

describe('rows beyond a block', () => {
  it.each(DTYPES)('%s: every row of large arrays along any axis has the bits it has alone', (dtype) => {
    const random = seededRandom(12)
    for (const shape of [
      [3, 500, 300],
      [40_000, 3, 2],
      [2, 70_000, 3],
      [2, 3, 50_000],
    ]) {
      const length = shape.reduce((a, b) => a * b, 1)
      const logits = floatArray(dtype, length).map(() => 4 * random.normal())
      const mask = Uint8Array.from({ length }, () => random.below(4))
      for (let axis = 0; axis < shape.length; axis++) {
        for (const options of [
          { shape, axis },
          { shape, axis, mask, temperature: 2.5 },
        ]) {
          const result = softmax(logits, options)
          const sums = logSumExp(logits, options)
          const rows = places(shape, axis)
          for (let k = 0; k < 20; k++) {
            const r = k < 2 ? k * (rows.length - 1) : random.below(rows.length)
            if (rows[r].length > 1000 && k > 2) continue
            const row = floatArray(
              dtype,
              rows[r].map((p) => logits[p]),
            )
            const kept = Uint8Array.from(rows[r], (p) => mask[p])
            const alone = bad('mask' in options ? { temperature: 2.5, mask: kept } : {})
            expect(softmax(row, alone)).toEqual(
              floatArray(
                dtype,
                rows[r].map((p) => result[p]),
              ),
            )
            expect(logSumExp(row, alone)).toBe(sums[r])
          }
        }
      }
    }
  })
})

describe('without WebAssembly', () => {
  afterAll(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })
  it('the same bits, any options', async () => {
    const all = NAMES.flatMap((name) => DTYPES.flatMap((dtype) => problems(13, name, dtype)))
    const expected = all.map((problem) => solve(problem))
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    const fresh = await import('../src/index.ts')
    expect(fresh.backend().accurate).toBe('typescript')
    for (const [i, { name, logits, shape, axis, mask, temperature, allMasked }] of all.entries()) {
      expect(fresh[name](logits, bad({ shape, axis, mask, temperature, allMasked }))).toEqual(expected[i])
    }
  })
})

describe('what makes them hard', () => {
  it('dividing by the temperature before the maximum is subtracted loses digits', () => {
    const logits = Float64Array.of(1e6 + 1, 1e6, 1e6 - 2)
    const naive = [...logits].map((x) => Math.exp(x / 0.3 - logits[0] / 0.3))
    const total = naive.reduce((a, b) => a + b)
    const exact = exactRow(logits, 0, 'f64', 0.3).softmax
    expect(ulpError(naive[1] / total, exact[1], 'f64')).toBeGreaterThan(1e5)
    expect(ulpError(softmax(logits, { temperature: 0.3 })[1], exact[1], 'f64')).toBeLessThanOrEqual(0.51)
  })
  it('multiplying with a mask of 0 and 1 leaves NaN where infinities are masked', () => {
    const masked = [inf, 1, 2].map((x, i) => x * [0, 1, 1][i])
    expect(masked[0]).toBe(nan)
    expect([...softmax([inf, 0, 0], { mask: Uint8Array.of(0, 1, 1) })]).toEqual([0, 0.5, 0.5])
  })
})

describe('messages', () => {
  const bytes = new Uint8Array(32)
  const over = new Float64Array(bytes.buffer)
  const cases: [() => unknown, ErrorConstructor, string][] = [
    [
      () => softmax([1], { temperature: 0 }),
      RangeError,
      'softmax: expected temperature to be a finite number above 0, got 0',
    ],
    [
      () => logSumExp([1], { temperature: nan }),
      RangeError,
      'logSumExp: expected temperature to be a finite number above 0, got NaN',
    ],
    [
      () => softmax([1], { temperature: inf }),
      RangeError,
      'softmax: expected temperature to be a finite number above 0, got Infinity',
    ],
    [
      () => logSoftmax([1], { temperature: bad('1') }),
      TypeError,
      'logSoftmax: expected temperature to be a finite number above 0, got "1"',
    ],
    [
      () => softmax([1], { allMasked: bad('NaN') }),
      RangeError,
      "softmax: expected allMasked to be one of 'nan', 'zero', got \"NaN\"",
    ],
    [
      () => logSumExp([1], { allMasked: bad(0) }),
      TypeError,
      "logSumExp: expected allMasked to be one of 'nan', 'zero', got 0",
    ],
    [
      () => softmax([1, 2, 3, 4], { mask: bytes.subarray(0, 4), out: over }),
      RangeError,
      'softmax: expected out to be apart from the mask, got an overlap at byte 0',
    ],
    [
      () => logSumExp([1, 2, 3, 4], { classes: 1, mask: bytes.subarray(8, 12), out: over }),
      RangeError,
      'logSumExp: expected out to be apart from the mask, got an overlap at byte 8',
    ],
    [
      () => softmax([1], bad({ axes: 1 })),
      TypeError,
      'softmax: expected known option names, got "axes" (did you mean axis?)',
    ],
  ]
  it.each(cases)('%#: %s', (call, Kind, message) => {
    expect(call).toThrow(new Kind(message))
  })
})

describe('types', () => {
  it('follow the dtype and the options, and know the names of options', () => {
    const single: Float32Array = softmax(Float32Array.of(1, 2), { mask: Uint8Array.of(1, 1) })
    const double: Float64Array = logSoftmax([1, 2], { shape: [2], axis: 0 })
    const sum: number = logSumExp(single, { temperature: 2 })
    const sums: Float32Array = logSumExp(single, { shape: [2, 1], axis: 0 })
    const maybe: number | undefined = single.length > 9 ? 1 : undefined
    expect(softmax(single, { classes: maybe, mask: undefined })).toEqual(softmax(single))
    const named: SoftmaxOptions & LogSumExpOptions = { classes: 2 } // without out, for either dtype
    expect([softmax(single, named).length, softmax(double, named).length, logSumExp(single, named)]).toEqual([
      2,
      2,
      expect.any(Float32Array),
    ])
    // @ts-expect-error: a name that is misspelt
    expect(() => softmax(double, { temprature: 2 })).toThrow('did you mean temperature?')
    expect(() => softmax(double, { dim: 1 } as never)).toThrow('got "dim" (did you mean axis?)')
    expect(() => softmax(double, { where: 1 } as never)).toThrow('got "where" (did you mean mask?)')
    // @ts-expect-error: an array of the other dtype
    expect(() => softmax(double, { out: single })).toThrow('expected out to be a Float64Array')
    expect(() => logSumExp(double, { out: double })).toThrow('only together with classes or shape')
    expect([sum, sums.length]).toEqual([expect.any(Number), 1])
  })
})
