/**
 * The log-exp functions of arrays: entry by entry the functions of numbers, in every combination of kinds, in place and with `out`;
 * and their messages.
 */
import { describe, expect, it } from 'vitest'
import { type ElementwiseResult, log1pExp, logAddExp, logit, logMix, sigmoid, xlogy } from '../../src/index.ts'
import { bad } from '../support/bad.ts'
import { BINARY, functionNamed, loadCases, NAMES, published, UNARY } from '../support/log-exp.ts'

const cases = loadCases()
const column = (name: string, i: number): number[] => (cases.get(name) ?? []).map(({ values }) => values[i])

/** Every published function and derivative by name, itself and not as a function of numbers. */
const all = [...cases.keys()].map((name) => ({ name, f: functionNamed(name) as (...values: unknown[]) => unknown }))

describe('arrays', () => {
  it.each(all)('$name of float64 arrays has the bits of $name of numbers', ({ name, f }) => {
    const count = cases.get(name)?.[0].values.length ?? 0
    const columns = Array.from({ length: count }, (_, i) => column(name, i))
    const expected = Float64Array.from(columns[0], (_, k) => f(...columns.map((values) => values[k])) as number)
    expect(f(...columns.map((values) => Float64Array.from(values)))).toEqual(expected)
    expect(f(...columns)).toEqual(expected)
    for (let place = 0; place < count; place++) {
      const arrays = columns.map((values) => Float64Array.from(values))
      expect(f(...arrays, { out: arrays[place] })).toBe(arrays[place])
      expect(arrays[place]).toEqual(expected)
    }
  })

  it.each(all)('$name of float32 arrays is $name of numbers, rounded', ({ name, f }) => {
    const count = cases.get(name)?.[0].values.length ?? 0
    const columns = Array.from({ length: count }, (_, i) => Float32Array.from(column(name, i)))
    const expected = Float32Array.from(columns[0], (_, k) => f(...columns.map((values) => values[k])) as number)
    expect(f(...columns)).toEqual(expected)
    expect(f(...columns, { out: columns[0] })).toBe(columns[0])
    expect(columns[0]).toEqual(expected)
  })

  it('a number goes with every entry', () => {
    const a = [1, 2, 3]
    expect(logAddExp(a, 2)).toEqual(Float64Array.from(a, (x) => logAddExp(x, 2)))
    expect(logAddExp(2, a)).toEqual(logAddExp(a, 2))
    expect(logMix(0.3, a, 2)).toEqual(Float64Array.from(a, (x) => logMix(0.3, x, 2)))
    expect(logMix(0.3, 1, a)).toEqual(Float64Array.from(a, (x) => logMix(0.3, 1, x)))
    expect(logMix([0, 0.5, 1], 1, 2)).toEqual(Float64Array.from([0, 0.5, 1], (x) => logMix(x, 1, 2)))
  })

  it('float32 results come from float32 arrays, beside numbers that keep their digits', () => {
    const a = Float32Array.of(1, 2)
    expect(logAddExp(a, 0.1)).toEqual(Float32Array.from(a, (x) => logAddExp(x, 0.1)))
    expect(logAddExp(a, [0.1, 0.2])).toEqual(Float64Array.of(logAddExp(1, 0.1), logAddExp(2, 0.2)))
    expect(logMix(a, a, Float64Array.of(1, 2))).toBeInstanceOf(Float64Array)
  })

  it('out may be longer, and what lies beyond is not touched', () => {
    const memory = new Float64Array(7).fill(9)
    expect(sigmoid([0, 0], { out: memory.subarray(2, 5) })).toEqual(Float64Array.of(0.5, 0.5, 9))
    expect(memory).toEqual(Float64Array.of(9, 9, 0.5, 0.5, 9, 9, 9))
  })

  it('an empty array gives an empty array', () => {
    expect(sigmoid([])).toEqual(new Float64Array(0))
    expect(sigmoid(new Float32Array(0))).toEqual(new Float32Array(0))
    expect(logAddExp(new Float32Array(0), 1)).toEqual(new Float32Array(0))
  })

  it('map takes them as they are', () => {
    expect([0, 0].map(sigmoid)).toEqual([0.5, 0.5])
    expect(Float32Array.of(0).map(sigmoid.derivative)).toEqual(Float32Array.of(0.25))
  })

  it('types follow the arguments', () => {
    const single: Float32Array = logAddExp(Float32Array.of(1), 2)
    const double: Float64Array = logAddExp(Float32Array.of(1), [2])
    const either: Float32Array | Float64Array = sigmoid(single as Float32Array | Float64Array)
    const numbers: number = logMix(0.5, 1, 2) + sigmoid(0)
    const mixed: ElementwiseResult<Float32Array | number, number> = logAddExp(single as Float32Array | number, 1)
    expect([single.length, double.length, either.length, typeof numbers, typeof mixed]).toEqual([
      1,
      1,
      1,
      'number',
      'object',
    ])
  })
})

describe('the list', () => {
  it('has derivatives under the names of the arguments', () => {
    for (const name of UNARY) expect(Object.keys(published(name)), name).toEqual(['derivative'])
    for (const name of [...BINARY, 'logMix'] as const) {
      const expected = name === 'logMix' ? ['theta', 'a', 'b'] : name.startsWith('x') ? ['x', 'y'] : ['a', 'b']
      expect(Object.keys(published(name).derivatives ?? {}), name).toEqual(expected)
    }
  })
  it.each(NAMES)('%s names itself in messages, and so do its derivatives', (name) => {
    const { derivative, derivatives = {} } = published(name)
    expect(() => published(name)('1')).toThrow(`${name}: expected `)
    if (derivative) expect(() => derivative('1')).toThrow(`${name}.derivative: expected `)
    for (const [argument, partial] of Object.entries(derivatives)) {
      expect(() => partial('1', '1')).toThrow(`${name}.derivatives.${argument}: expected `)
    }
  })
})

const shared = new Float64Array(8)
const messages: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
  [
    () => log1pExp(bad('1')),
    TypeError,
    'log1pExp: expected x to be a number, a Float32Array, a Float64Array or a number[], got "1"',
  ],
  [
    () => logit(bad(undefined)),
    TypeError,
    'logit: expected p to be a number, a Float32Array, a Float64Array or a number[], got undefined',
  ],
  [
    () => sigmoid.derivative(bad(1n)),
    TypeError,
    'sigmoid.derivative: expected x to be a number, a Float32Array, a Float64Array or a number[], got 1n',
  ],
  [
    () => sigmoid(bad(new Int32Array(2))),
    TypeError,
    'sigmoid: expected x to be a number, a Float32Array, a Float64Array or a number[], got Int32Array of length 2',
  ],
  [
    () => logAddExp(1, bad(null)),
    TypeError,
    'logAddExp: expected b to be a number, a Float32Array, a Float64Array or a number[], got null',
  ],
  [
    () => logMix.derivatives.theta(bad({}), 1, 2),
    TypeError,
    'logMix.derivatives.theta: expected theta to be a number, a Float32Array, a Float64Array or a number[], got an object',
  ],
  [() => sigmoid(bad([1, '2'])), TypeError, 'sigmoid: expected x[1] to be a number, got "2"'],
  [() => xlogy(1, bad([1, null])), TypeError, 'xlogy: expected y[1] to be a number, got null'],
  [() => sigmoid([1], bad(3)), TypeError, 'sigmoid: expected options to be an object, got 3'],
  [
    () => sigmoid([1], bad({ output: [] })),
    TypeError,
    'sigmoid: expected known option names, got "output" (known are out)',
  ],
  [() => logAddExp([1, 2], [1]), RangeError, 'logAddExp: expected a and b to have equal lengths, got 2 and 1'],
  [() => logMix(0.5, [1], [1, 2]), RangeError, 'logMix: expected a and b to have equal lengths, got 1 and 2'],
  [() => logMix([1], 1, [1, 2]), RangeError, 'logMix: expected theta and b to have equal lengths, got 1 and 2'],
  [
    () => sigmoid([1], bad({ out: new Float32Array(1) })),
    TypeError,
    'sigmoid: expected out to be a Float64Array, as the results are, got Float32Array of length 1',
  ],
  [
    () => logAddExp(Float32Array.of(1), [2], bad({ out: new Float32Array(1) })),
    TypeError,
    'logAddExp: expected out to be a Float64Array, as the results are, got Float32Array of length 1',
  ],
  [
    () => sigmoid([1], bad({ out: [0] })),
    TypeError,
    'sigmoid: expected out to be a Float64Array, as the results are, got an array of length 1',
  ],
  [
    () => sigmoid([1, 2], { out: new Float64Array(1) }),
    RangeError,
    'sigmoid: expected out to have room for 2 results, got length 1',
  ],
  [
    () => sigmoid(shared.subarray(0, 4), { out: shared.subarray(1, 5) }),
    RangeError,
    'sigmoid: expected out to be x itself or apart from it, got an overlap (bytes 8 to 40 and 0 to 32)',
  ],
  [
    () => logAddExp(shared.subarray(0, 4), shared.subarray(2, 6), { out: shared.subarray(0, 4) }),
    RangeError,
    'logAddExp: expected out to be b itself or apart from it, got an overlap (bytes 0 to 32 and 16 to 48)',
  ],
  [
    () => logAddExp([1, 2], new Float32Array(shared.buffer, 0, 2), { out: shared.subarray(0, 2) }),
    RangeError,
    'logAddExp: expected out to be b itself or apart from it, got an overlap (bytes 0 to 16 and 0 to 8)',
  ],
]

describe('messages', () => {
  it.each(messages)('%#', (call, kind, message) => {
    expect(call).toThrow(new kind(message))
  })
})
