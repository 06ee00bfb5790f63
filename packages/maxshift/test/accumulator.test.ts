/**
 * LogSumExpAccumulator: one state for a multiset of entries, whatever the order, the split and the tree of merges; the same from both
 * backends; within its bounds; nothing lost in JSON.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Dtype as DtypeName, FloatArray } from '../src/arrays.ts'
import { alloc, LogSumExpAccumulator, logSumExp, softmaxStream } from '../src/index.ts'
import { reduceEntries, type SumState } from '../src/kernels/js/sum-state.ts'
import { baseArena, HEAP_BASE } from '../src/kernels/wasm/arena.ts'
import { loadModules } from '../src/kernels/wasm/module.ts'
import { reduceInWasm } from '../src/kernels/wasm/stream.ts'
import { streamPasses } from '../src/kernels/wasm/stream-module.ts'
import { bad } from './support/bad.ts'
import { keepsGoal, logSumExp as operation } from './support/operations.ts'
import { exactRow } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { absoluteError, DTYPES, type Dtype, floatArray, ulpError } from './support/ulp.ts'
import { CATEGORIES, vectorRows } from './vectors/load.ts'

const NAMES: Record<Dtype, DtypeName> = { f32: 'float32', f64: 'float64' }
const random = seededRandom(20)
const uniform = (low: number, high: number): number => low + (high - low) * random.uniform()

/** What entries may look like: near and far, tied, around the borders of cells and windows, beyond every exponential, infinite. */
const KINDS: Record<string, (dtype: Dtype) => () => number> = {
  'N(0, 1)': () => random.normal,
  'log-probabilities': () => () => -20 * random.uniform(),
  'a wide range': () => () => 500 * random.normal(),
  'near ties': () => () => 3 + 1e-7 * random.normal(),
  'exact ties': () => () => random.below(3) - 1,
  'any size': (dtype) => () => (random.below(2) * 2 - 1) * 10 ** uniform(-30, dtype === 'f32' ? 38 : 300),
  'a common offset': () => {
    const offset = 10 ** uniform(2, 19) * (random.below(2) * 2 - 1)
    return () => offset + 20 * random.normal()
  },
  'the border of a cell': () => {
    const border = 1024 + 2048 * (random.below(2000) - 1000)
    return () => border + 40 * random.normal()
  },
  'the border of a slice': () => {
    const border = (52 * (random.below(41) - 20) - 20) * Math.LN2
    return () => border + uniform(-1e-3, 1e-3) - (random.below(3) === 0 ? 36 * random.below(4) : 0)
  },
  'halves of powers of two': () => () => Math.LN2 * 0.5 * (random.below(400) - 200),
  'around where cells end': (dtype) => () =>
    -(dtype === 'f32' ? 2 ** 31 : 2 ** 60) * (1 + (random.below(9) - 4) * 2 ** -24),
  'maxima that climb': () => {
    let x = -700
    return () => {
      x += 20 * random.uniform()
      return x
    }
  },
  'signed zeros and subnormals': () => () => [0, -0, 2 ** -149, -(2 ** -149), 1e-40, -20][random.below(6)],
  'some −∞': () => () => (random.below(3) === 0 ? Number.NEGATIVE_INFINITY : random.normal()),
  'a few of everything': () => () =>
    [Number.NEGATIVE_INFINITY, 1e30, -1e30, 0, 1000, 999, 1][random.below(random.below(9) === 0 ? 7 : 1) + 0] +
    random.normal(),
}

const sample = (dtype: Dtype, kind: (dtype: Dtype) => () => number, length: number): FloatArray => {
  const draw = kind(dtype)
  return floatArray(dtype, length).map(draw)
}

const textOf = (accumulator: LogSumExpAccumulator): string => JSON.stringify(accumulator)
const stateText = ({ max, second, slices }: SumState): string => [max, second, ...slices].join(' ')

/** Accumulates a random split of a random order, in a random tree of merges, some of the parts by way of JSON. */
function scattered(dtype: Dtype, entries: FloatArray): LogSumExpAccumulator {
  const create = (): LogSumExpAccumulator => new LogSumExpAccumulator({ dtype: NAMES[dtype] })
  const order = floatArray(dtype, random.shuffled([...entries]))
  const parts: LogSumExpAccumulator[] = [create()]
  for (let from = 0; from < order.length; ) {
    const length = 1 + random.below(random.below(4) === 0 ? order.length : 5)
    const piece = order.subarray(from, from + length)
    const part = random.below(3) === 0 ? parts[random.below(parts.length)] : create()
    if (random.below(2) === 0) for (const x of piece) part.push(x)
    else part.pushAll(random.below(3) === 0 ? [...piece] : piece)
    if (!parts.includes(part)) parts.push(part)
    from += length
  }
  while (parts.length > 1) {
    const [part] = parts.splice(random.below(parts.length), 1)
    const at = random.below(parts.length)
    if (random.below(4) === 0) parts[at] = LogSumExpAccumulator.from(JSON.parse(textOf(parts[at])))
    parts[at].merge(part)
  }
  return parts[0]
}

describe.each(DTYPES)('any order and any split, %s', (dtype) => {
  it.each(Object.entries(KINDS))('%s', (_, kind) => {
    for (let round = 0; round < 60; round++) {
      const entries = sample(dtype, kind, 1 + random.below(round % 10 === 0 ? 700 : 30))
      const whole = new LogSumExpAccumulator({ dtype: NAMES[dtype] }).pushAll(entries)
      const other = scattered(dtype, entries)
      expect(textOf(other), `round ${round}`).toBe(textOf(whole))
      expect(other.value).toBe(whole.value)
      expect(whole.count).toBe(entries.length)
    }
  })

  it('chunks of every size, plain and from alloc', () => {
    const entries = sample(dtype, KINDS['a wide range'], 140_001)
    const inside = alloc(NAMES[dtype], entries.length)
    inside.set(entries)
    const expected = textOf(new LogSumExpAccumulator({ dtype: NAMES[dtype] }).pushAll(entries))
    for (const size of [1023, 1025, 65535, 65537, 140_001]) {
      for (const source of [entries, inside]) {
        const accumulator = new LogSumExpAccumulator({ dtype: NAMES[dtype] })
        for (let i = 0; i < source.length; i += size) accumulator.pushAll(source.subarray(i, i + size))
        expect(textOf(accumulator), `chunks of ${size}`).toBe(expected)
      }
    }
  })

  it('WebAssembly leaves the state of the reference', () => {
    const arena = baseArena()
    if (arena === null) throw new Error('no WebAssembly here')
    for (const [name, kind] of Object.entries(KINDS)) {
      for (let round = 0; round < 40; round++) {
        const entries = sample(dtype, kind, 1 + random.below(round === 0 ? 5000 : 40))
        const expected = stateText(reduceEntries(entries, NAMES[dtype]))
        expect(stateText(reduceInWasm(arena, entries, NAMES[dtype])), name).toBe(expected)
      }
    }
  })

  it('running sums as they are usually merged depend on the order', () => {
    const running = (entries: Iterable<number>): number => {
      let max = Number.NEGATIVE_INFINITY
      let sum = 0
      for (const x of entries) {
        const top = Math.max(max, x)
        sum = sum * Math.exp(max - top) + Math.exp(x - top)
        max = top
      }
      return max + Math.log(sum)
    }
    const values = new Set<number>()
    const entries = [...sample(dtype, KINDS['N(0, 1)'], 300)]
    for (let i = 0; i < 50; i++) values.add(running(random.shuffled(entries)))
    expect(values.size).toBeGreaterThan(1)
    expect(Object.is(running([0, -700]), 0)).toBe(true) // and e^−700 is lost
  })
})

/** Whether a float32 value, which may have cancelled, is as near as promised. */
function keepsSingle(value: number, entries: FloatArray, exact: ReturnType<typeof exactRow>['logSumExp']): boolean {
  if (ulpError(value, exact, 'f32') <= 0.501) return true
  const max = Math.max(...entries)
  return max < 0 && Math.abs(exact.rounded) < -max / 16 && absoluteError(value, exact, 'f32') <= 2 ** -39
}

describe.each(DTYPES)('accuracy, %s', (dtype) => {
  const valueFor = (entries: FloatArray): number =>
    new LogSumExpAccumulator({ dtype: NAMES[dtype] }).pushAll(entries).value
  const holds = (entries: FloatArray, exact: ReturnType<typeof exactRow>['logSumExp']): boolean => {
    const actual = valueFor(entries)
    if (dtype === 'f32') return keepsSingle(actual, entries, exact)
    return keepsGoal(operation, dtype, { place: 0, actual, exact, ulps: ulpError(actual, exact, dtype) }, entries)
  }

  it.each(CATEGORIES)('all vectors of category %s', (category) => {
    for (const { title, logits, logSumExp: exact } of vectorRows(dtype, category)) {
      expect(holds(logits, exact), `${title}: ${valueFor(logits)} for ${exact.rounded}`).toBe(true)
    }
  })

  it.each(Object.entries(KINDS))('%s', (_, kind) => {
    for (let round = 0; round < 12; round++) {
      const entries = sample(dtype, kind, 2 + random.below(10))
      if (!entries.some(Number.isFinite)) continue
      const exact = exactRow(entries, entries.findIndex(Number.isFinite), dtype).logSumExp
      expect(holds(entries, exact), `${[...entries]}: ${valueFor(entries)} for ${exact.rounded}`).toBe(true)
    }
  })

  it('one entry dominates', () => {
    const gaps = dtype === 'f32' ? [20, 40, 80, 103] : [40, 100, 300, 700, 744]
    for (const max of [0, dtype === 'f32' ? 1e-30 : 1e-250, -1e-20]) {
      for (const gap of gaps) {
        const entries = floatArray(dtype, [max, -gap, -gap - 1, Number.NEGATIVE_INFINITY])
        const exact = exactRow(entries, 0, dtype).logSumExp
        expect(ulpError(valueFor(entries), exact, dtype), `${[...entries]}`).toBeLessThanOrEqual(
          dtype === 'f32' ? 0.501 : 0.51,
        )
      }
    }
  })
})

describe('float32 entries in a float64 accumulator', () => {
  it('have all digits of float64, next to 0 too', () => {
    for (const { title, logits } of vectorRows('f32', 'F')) {
      const { value } = new LogSumExpAccumulator().pushAll(logits)
      expect(value, title).toBe(new LogSumExpAccumulator().pushAll(Float64Array.from(logits)).value)
      const exact = exactRow(logits, 0, 'f64').logSumExp
      const max = Math.max(...logits)
      const near = absoluteError(value, exact, 'f64') <= 2 ** -62 * Math.max(1, -max)
      expect(near || ulpError(value, exact, 'f64') <= 0.51, title).toBe(true)
    }
  })
  it('and float64 entries in a float32 accumulator are rounded on their way in', () => {
    const entries = sample('f64', KINDS['N(0, 1)'], 100)
    const rounded = new LogSumExpAccumulator({ dtype: 'float32' }).pushAll(Float32Array.from(entries))
    const pushed = new LogSumExpAccumulator({ dtype: 'float32' })
    for (const x of entries) pushed.push(x)
    expect(textOf(pushed)).toBe(textOf(rounded))
    expect(textOf(new LogSumExpAccumulator({ dtype: 'float32' }).pushAll(entries))).toBe(textOf(rounded))
    expect(textOf(new LogSumExpAccumulator({ dtype: 'float32' }).pushAll([...entries]))).toBe(textOf(rounded))
  })
})

describe.each(DTYPES)('infinities and NaN, %s', (dtype) => {
  const { NaN: nan, POSITIVE_INFINITY: high, NEGATIVE_INFINITY: low } = Number
  it.each([
    [[], low],
    [[low], low],
    [[low, low, low], low],
    [[low, 3], 3],
    [[high], high],
    [[high, 1, low], high],
    [[high, high], high],
    [[nan], nan],
    [[nan, low], nan],
    [[nan, high, 1], nan],
  ] as [number[], number][])('%j', (entries, expected) => {
    const orders = [entries, [...entries].reverse(), random.shuffled(entries)]
    for (const order of orders) {
      const whole = new LogSumExpAccumulator({ dtype: NAMES[dtype] }).pushAll(order)
      expect(whole.value).toBe(expected)
      expect(whole.value).toBe(logSumExp(floatArray(dtype, order)))
      const single = new LogSumExpAccumulator({ dtype: NAMES[dtype] })
      for (const x of order) single.push(x)
      expect(textOf(single)).toBe(textOf(whole))
      expect(LogSumExpAccumulator.from(JSON.parse(textOf(whole))).value).toBe(expected)
    }
  })
  it('a NaN and infinities that come late', () => {
    const accumulator = new LogSumExpAccumulator({ dtype: NAMES[dtype] }).pushAll([1, 2, 3])
    expect(accumulator.push(high).value).toBe(high)
    expect(accumulator.push(5).value).toBe(high)
    expect(accumulator.push(nan).value).toBe(nan)
    expect(accumulator.pushAll([1, high]).value).toBe(nan)
    expect(accumulator.count).toBe(8)
  })
})

describe('the module of the streaming kernels', () => {
  it('keeps its constants where the row kernels have none', () => {
    const arena = baseArena()
    const modules = loadModules()
    if (arena === null || modules === null) throw new Error('no WebAssembly here')
    const passes = streamPasses(arena)
    expect(passes.heapBase()).toBeLessThanOrEqual(HEAP_BASE)
    for (const module of [modules.simd, modules.relaxed]) {
      if (module === undefined) continue
      const memory = new WebAssembly.Memory({ initial: 1 })
      const { heapBase } = new WebAssembly.Instance(module, { env: { memory } }).exports as { heapBase(): number }
      expect(heapBase()).toBeLessThanOrEqual(passes.table_f64())
    }
    expect(Math.min(arena.scratch, arena.data, arena.records)).toBeGreaterThanOrEqual(HEAP_BASE)
  })
})

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })
  it.each(DTYPES)('%s: the same states and the same results', async (dtype) => {
    const entries = sample(dtype, KINDS['a wide range'], 2000)
    const expected = textOf(new LogSumExpAccumulator({ dtype: NAMES[dtype] }).pushAll(entries))
    const probs = (await softmaxStream([entries]).next()).value
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    const fresh = await import('../src/index.ts')
    expect(fresh.backend().accurate).toBe('typescript')
    const accumulator = new fresh.LogSumExpAccumulator({ dtype: NAMES[dtype] }).pushAll(entries)
    expect(JSON.stringify(accumulator)).toBe(expected)
    for await (const chunk of fresh.softmaxStream([entries])) expect(chunk).toEqual(probs)
  })
})

describe('use', () => {
  it('calls chain, empty arrays add nothing, and an accumulator may be merged with itself', () => {
    const accumulator = new LogSumExpAccumulator().push(0).pushAll([]).pushAll([0]).merge(new LogSumExpAccumulator())
    expect(accumulator.value).toBe(Math.LN2)
    expect(accumulator.merge(accumulator).value).toBe(2 * Math.LN2)
    expect(accumulator.count).toBe(4)
  })
  it('merging leaves the other as it is', () => {
    const other = new LogSumExpAccumulator().push(1)
    const before = textOf(other)
    new LogSumExpAccumulator().push(2).merge(other)
    expect(textOf(other)).toBe(before)
  })
  it('2^53 − 1 entries and no more', () => {
    const accumulator = new LogSumExpAccumulator().push(1)
    for (let i = 0; i < 52; i++) accumulator.merge(accumulator)
    expect(accumulator.count).toBe(2 ** 52)
    expect(accumulator.value).toBe(1 + 52 * Math.LN2)
    expect(() => accumulator.merge(accumulator)).toThrow(
      new RangeError(
        'LogSumExpAccumulator.merge: expected at most 9007199254740991 entries in all, got 4503599627370496 and 4503599627370496 more',
      ),
    )
    expect(accumulator.count).toBe(2 ** 52)
  })
})

describe('messages', () => {
  const json = (): Record<string, unknown> => JSON.parse(textOf(new LogSumExpAccumulator().pushAll([1, 2, 3])))
  const change = (fields: Record<string, unknown>) => () => LogSumExpAccumulator.from(bad({ ...json(), ...fields }))
  const float32 = new LogSumExpAccumulator({ dtype: 'float32' })
  it.each([
    [
      () => new LogSumExpAccumulator(bad({ type: 'float32' })),
      TypeError,
      'LogSumExpAccumulator: expected known option names, got "type" (did you mean dtype?)',
    ],
    [
      () => new LogSumExpAccumulator({ dtype: bad('f32') }),
      RangeError,
      "LogSumExpAccumulator: expected dtype to be one of 'float32', 'float64', got \"f32\"",
    ],
    [() => float32.push(bad('1')), TypeError, 'LogSumExpAccumulator.push: expected x to be a number, got "1"'],
    [
      () => float32.push(bad([1])),
      TypeError,
      'LogSumExpAccumulator.push: expected x to be a number, got an array of length 1',
    ],
    [
      () => float32.pushAll(bad(1)),
      TypeError,
      'LogSumExpAccumulator.pushAll: expected logits to be a Float32Array, a Float64Array or a number[], got 1',
    ],
    [
      () => float32.pushAll(bad([1, null])),
      TypeError,
      'LogSumExpAccumulator.pushAll: expected logits[1] to be a number, got null',
    ],
    [
      () => float32.merge(bad({})),
      TypeError,
      'LogSumExpAccumulator.merge: expected other to be a LogSumExpAccumulator (LogSumExpAccumulator.from makes one of what toJSON gave), got an object',
    ],
    [
      () => float32.merge(new LogSumExpAccumulator()),
      TypeError,
      'LogSumExpAccumulator.merge: expected accumulators of one dtype, got float32 and float64',
    ],
    [
      () => LogSumExpAccumulator.from(bad(null)),
      TypeError,
      'LogSumExpAccumulator.from: expected json to be an object as toJSON returns it, got null',
    ],
    [
      () => LogSumExpAccumulator.from(bad('{}')),
      TypeError,
      'LogSumExpAccumulator.from: expected json to be an object as toJSON returns it, got "{}" (JSON.parse it first)',
    ],
    [
      change({ type: undefined }),
      RangeError,
      "LogSumExpAccumulator.from: expected json.type to be 'LogSumExpAccumulator', got undefined",
    ],
    [change({ version: 2 }), RangeError, 'LogSumExpAccumulator.from: expected json.version to be 1, got 2'],
    [
      change({ dtype: 'float16' }),
      RangeError,
      "LogSumExpAccumulator.from: expected json.dtype to be 'float32' or 'float64', got \"float16\"",
    ],
    [change({ count: -1 }), RangeError, 'LogSumExpAccumulator.from: expected json.count to be an integer ≥ 0, got -1'],
    [
      change({ count: '3' }),
      RangeError,
      'LogSumExpAccumulator.from: expected json.count to be an integer ≥ 0, got "3"',
    ],
    [change({ max: 3 }), RangeError, 'LogSumExpAccumulator.from: expected json.max to be 16 hexadecimal digits, got 3'],
    [
      change({ second: 'xyz' }),
      RangeError,
      'LogSumExpAccumulator.from: expected json.second to be 16 hexadecimal digits, got "xyz"',
    ],
    [
      change({ slices: ['1', '2.5'] }),
      RangeError,
      'LogSumExpAccumulator.from: expected json.slices to be an array of decimal integers, got an array of length 2',
    ],
    [
      change({ checksum: null }),
      RangeError,
      'LogSumExpAccumulator.from: expected json.checksum to be 8 hexadecimal digits, got null',
    ],
  ] as const)('refuses %#', (call, kind, message) => {
    expect(call).toThrow(new kind(message))
    expect(call).toThrow(kind)
  })
  it('a change of any field is noticed', () => {
    expect(change({ count: 4 })).toThrow(
      /^LogSumExpAccumulator.from: expected json.checksum to be [\da-f]{8}, that of the content, got [\da-f]{8} \(the content is damaged\)$/,
    )
    expect(change({ dtype: 'float32' })).toThrow(/damaged/)
    expect(change({ max: '4008000000000001' })).toThrow(/damaged/)
    expect(change({ slices: ['5', '6', '7'] })).toThrow(/damaged/)
    expect(LogSumExpAccumulator.from(bad(json())).value).toBe(new LogSumExpAccumulator().pushAll([1, 2, 3]).value)
  })
})
