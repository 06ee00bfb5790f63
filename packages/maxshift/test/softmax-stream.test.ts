/**
 * softmaxStream and logSoftmaxStream: accuracy against the vectors, the same bits for any chunking, infinities, and sources of every kind, also those
 * that change, end early, or cannot be read twice.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { logSoftmaxStream, type StreamSource, softmax, softmaxStream } from '../src/index.ts'
import { writeEntries } from '../src/kernels/js/stream-row.ts'
import { NOTHING } from '../src/kernels/js/sum-state.ts'
import { extendState } from '../src/kernels/stream.ts'
import { baseArena } from '../src/kernels/wasm/arena.ts'
import { writeInWasm } from '../src/kernels/wasm/stream-rows.ts'
import { bad } from './support/bad.ts'
import {
  keepsGoal,
  logSoftmax as logSoftmaxOperation,
  type Operation,
  softmax as softmaxOperation,
  worstOutput,
} from './support/operations.ts'
import { seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray } from './support/ulp.ts'
import { CATEGORIES, vectorRows } from './vectors/load.ts'

const random = seededRandom(22)
type Stream = typeof softmaxStream

/** All results of a stream as one array. */
async function collect(stream: AsyncIterable<FloatArray>): Promise<number[]> {
  const all: number[] = []
  for await (const chunk of stream) for (const x of chunk) all.push(x)
  return all
}

/** The entries cut into random chunks, some of them empty. */
function chunksOf(entries: FloatArray): FloatArray[] {
  const chunks: FloatArray[] = []
  for (let from = 0; from < entries.length; ) {
    const length = random.below(random.below(3) === 0 ? entries.length + 1 : 4)
    chunks.push(entries.slice(from, from + length))
    from += length
  }
  return chunks
}

const OPERATIONS: [string, Stream, Operation][] = [
  ['softmaxStream', softmaxStream, softmaxOperation],
  ['logSoftmaxStream', logSoftmaxStream, logSoftmaxOperation],
]

describe.each(DTYPES)('%s', (dtype: Dtype) => {
  describe.each(OPERATIONS)('%s', (_, stream, operation) => {
    it.each(CATEGORIES)('all vectors of category %s', async (category) => {
      for (const { title, logits, label, ...row } of vectorRows(dtype, category)) {
        const actual = floatArray(dtype, await collect(stream([logits])))
        const worst = worstOutput(operation, dtype, actual, row, label)
        expect(keepsGoal(operation, dtype, worst, logits), `${title}: ${worst.actual}, ${worst.ulps} ulp`).toBe(true)
      }
    })

    it('any chunking and any order give the same bits', async () => {
      for (const category of ['A', 'B', 'E', 'G'] as const) {
        for (const { title, logits } of vectorRows(dtype, category).slice(0, 25)) {
          const whole = await collect(stream([logits]))
          expect(await collect(stream(chunksOf(logits))), title).toEqual(whole)
          const places = random.shuffled([...logits.keys()])
          const shuffled = floatArray(
            dtype,
            places.map((i) => logits[i]),
          )
          expect(await collect(stream(chunksOf(shuffled))), title).toEqual(places.map((i) => whole[i]))
        }
      }
    })

    it('chunks keep their lengths and dtypes, and are new', async () => {
      const chunks = [3, 0, 1, 70].map((length) => floatArray(dtype, length).map(() => random.normal()))
      let i = 0
      for await (const out of stream(chunks)) {
        expect(out).toHaveLength(chunks[i].length)
        expect(out.constructor).toBe(chunks[i].constructor)
        expect(out).not.toBe(chunks[i++])
      }
      expect(i).toBe(4)
    })

    it('calls with a temperature in between change nothing', async () => {
      const chunks = [0, 1, 2].map(() => floatArray(dtype, 100).map(() => 5 * random.normal()))
      const expected = await collect(stream(chunks))
      const actual: number[] = []
      for await (const chunk of stream(chunks)) {
        actual.push(...chunk)
        softmax(chunks[0], { temperature: 0.3 })
      }
      softmax(chunks[0], { temperature: 7 })
      expect(actual).toEqual(expected)
      expect(
        await collect(
          stream([
            floatArray(
              dtype,
              chunks.flatMap((chunk) => [...chunk]),
            ),
          ]),
        ),
      ).toEqual(expected)
    })

    it('one producer buffer may be used for all chunks', async () => {
      const entries = floatArray(dtype, 100).map(() => random.normal())
      const buffer = floatArray(dtype, 10)
      const source = function* (): Generator<FloatArray> {
        for (let i = 0; i < 100; i += 10) {
          buffer.set(entries.subarray(i, i + 10))
          yield buffer
        }
      }
      expect(await collect(stream(source))).toEqual(await collect(stream([entries])))
    })
  })

  const { NaN: nan, POSITIVE_INFINITY: high, NEGATIVE_INFINITY: low } = Number
  it.each([
    [
      [low, 1, low],
      [0, 1, 0],
      [low, 0, low],
    ],
    [
      [3, high, low],
      [0, 1, 0],
      [low, 0, low],
    ],
    [
      [high, 1, high],
      [nan, nan, nan],
      [nan, nan, nan],
    ],
    [
      [1, nan, 2],
      [nan, nan, nan],
      [nan, nan, nan],
    ],
    [
      [low, nan],
      [nan, nan],
      [nan, nan],
    ],
    [
      [low, low],
      [nan, nan],
      [nan, nan],
    ],
  ])('%j', async (entries, probs, logProbs) => {
    const single = entries.map((x) => floatArray(dtype, [x]))
    for (const chunks of [[floatArray(dtype, entries)], single]) {
      expect(await collect(softmaxStream(chunks))).toEqual(probs)
      expect(await collect(logSoftmaxStream(chunks))).toEqual(logProbs)
    }
  })
  it("allMasked: 'zero'", async () => {
    const chunks = [floatArray(dtype, [low]), floatArray(dtype, [low, low])]
    expect(await collect(softmaxStream(chunks, { allMasked: 'zero' }))).toEqual([0, 0, 0])
    expect(await collect(logSoftmaxStream(chunks, { allMasked: 'zero' }))).toEqual([low, low, low])
    expect(await collect(softmaxStream([floatArray(dtype, [nan, low])], { allMasked: 'zero' }))).toEqual([nan, nan])
    expect(await collect(softmaxStream([floatArray(dtype, [5])], { allMasked: 'zero' }))).toEqual([1])
  })
  it('a log-probability that rounds to 0 is +0', async () => {
    const [top] = await collect(logSoftmaxStream([floatArray(dtype, [0, -1e4])]))
    expect(Object.is(top, 0)).toBe(true)
  })
})

describe.each(DTYPES)('WebAssembly writes the bits of the reference, %s', (dtype) => {
  it.each([false, true])('logarithms: %s', (isLog) => {
    const arena = baseArena()
    if (arena === null) throw new Error('no WebAssembly here')
    for (const category of CATEGORIES) {
      for (const { title, logits } of vectorRows(dtype, category)) {
        const state = extendState(NOTHING, logits, dtype === 'f32' ? 'float32' : 'float64')
        const [expected, actual] = [floatArray(dtype, logits.length), floatArray(dtype, logits.length)]
        writeEntries(state, isLog, logits, expected)
        writeInWasm(arena, state, isLog, logits, actual)
        expect(
          actual.findIndex((x: number, i: number) => !Object.is(x, expected[i])),
          title,
        ).toBe(-1)
      }
    }
  })
})

describe('sources', () => {
  const data = [Float64Array.of(1, 2), Float64Array.of(3)]
  const expected = [...softmax([1, 2, 3])]
  const asynchronous = async function* (): AsyncGenerator<Float64Array> {
    for (const chunk of data) yield await Promise.resolve(chunk)
  }
  const webStream = (): AsyncIterable<Float64Array> => bad(ReadableStream).from(data)
  const sources: [string, StreamSource][] = [
    ['an array of chunks', data],
    ['a set', new Set(data)],
    ['plain numbers', [[1, 2], [3]]],
    ['a function that returns an array', () => data],
    ['a generator function', () => data.values()],
    ['an async generator function', asynchronous],
    ['a function that returns a promise', async () => data],
    ['an object that iterates', { [Symbol.asyncIterator]: asynchronous }],
    ['streams', () => webStream()],
  ]
  it.each(sources)('%s', async (_, source) => {
    const actual = await collect(softmaxStream(source))
    expect(actual).toHaveLength(3)
    for (const [i, p] of actual.entries()) expect(Math.abs(p - expected[i])).toBeLessThanOrEqual(2 ** -53)
  })
  it('a web stream itself can be read only once', async () => {
    await expect(collect(softmaxStream(webStream()))).rejects.toThrow()
  })
  it('no chunks, or empty ones', async () => {
    expect(await collect(softmaxStream([]))).toEqual([])
    const lengths: number[] = []
    for await (const chunk of softmaxStream([new Float32Array(0), new Float32Array(0)])) lengths.push(chunk.length)
    expect(lengths).toEqual([0, 0])
  })
  it('ending early ends the source', async () => {
    const ended: number[] = []
    let pass = 0
    const source = function* (): Generator<Float64Array> {
      const mine = ++pass
      try {
        yield* data
      } finally {
        ended.push(mine)
      }
    }
    for await (const _ of softmaxStream(source)) break
    expect(ended).toEqual([1, 2])
    const iterator = softmaxStream(source)
    await iterator.next()
    await iterator.return()
    expect(ended).toEqual([1, 2, 3, 4])
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })
  it('errors of the source come through', async () => {
    const source = function* (): Generator<Float64Array> {
      yield data[0]
      throw new Error('the disk is gone')
    }
    await expect(collect(softmaxStream(source))).rejects.toThrow(new Error('the disk is gone'))
  })
  it('two streams at once do not disturb each other', async () => {
    const other = softmaxStream(() => [Float64Array.of(500), Float64Array.of(499)])
    const mine: number[] = []
    for await (const chunk of softmaxStream(data)) {
      mine.push(...chunk)
      await other.next()
      softmax([1, 1])
    }
    expect(mine).toEqual(await collect(softmaxStream(data)))
  })
})

describe('messages', () => {
  const generator = (): Generator<Float64Array> => [Float64Array.of(1)].values() as Generator<Float64Array>
  const oneShot = (async function* () {
    yield Float64Array.of(1)
  })()
  const shared = generator()
  it.each([
    [
      () => softmaxStream(bad(3)),
      TypeError,
      'softmaxStream: expected source to be an iterable of chunks or a function that returns one, got 3',
    ],
    [
      () => logSoftmaxStream(bad({})),
      TypeError,
      'logSoftmaxStream: expected source to be an iterable of chunks or a function that returns one, got an object',
    ],
    [
      () => softmaxStream([], bad({ log: true })),
      TypeError,
      'softmaxStream: expected known option names, got "log" (known are allMasked)',
    ],
    [
      () => softmaxStream([], { allMasked: bad('one') }),
      RangeError,
      "softmaxStream: expected allMasked to be one of 'nan', 'zero', got \"one\"",
    ],
  ] as const)('refuses at once %#', (call, kind, message) => {
    expect(call).toThrow(new kind(message))
  })
  let calls = 0
  const shrinking =
    (...lengths: number[]) =>
    () => [new Float64Array(lengths[calls++ % 2]), new Float64Array(1)]
  it.each([
    [
      () => bad(Float64Array.of(1, 2)),
      TypeError,
      'softmaxStream: expected chunk 0 to be a Float32Array, a Float64Array or a number[], got 1',
    ],
    [
      () => bad([[1], 'x']),
      TypeError,
      'softmaxStream: expected chunk 1 to be a Float32Array, a Float64Array or a number[], got "x"',
    ],
    [() => bad([[1], [2, null]]), TypeError, 'softmaxStream: expected chunk 1[1] to be a number, got null'],
    [
      () => [new Float32Array(1), new Float64Array(1)],
      TypeError,
      'softmaxStream: expected all chunks to be float32 as the first, got float64 in chunk 1',
    ],
    [() => () => bad(7), TypeError, 'softmaxStream: expected source() to return an iterable of chunks, got 7'],
    [
      () => oneShot,
      TypeError,
      /^softmaxStream: expected a source that can be read twice, got .*, which can be read once \(give a function that makes it\)$/,
    ],
    [
      () => () => shared,
      TypeError,
      /^softmaxStream: expected a source that can be read twice, got .*, which can be read once/,
    ],
    [() => shrinking(5, 3), RangeError, 'softmaxStream: expected the second pass to give 6 logits as the first, got 4'],
    [
      () => shrinking(5, 6),
      RangeError,
      'softmaxStream: expected the second pass to give 6 logits as the first, got more',
    ],
    [
      () => {
        const once = [Float64Array.of(1)]
        return () => once.splice(0)
      },
      RangeError,
      'softmaxStream: expected the second pass to give 1 logits as the first, got none (can it be read only once?)',
    ],
  ] as [() => StreamSource, typeof TypeError, string | RegExp][])(
    'refuses while reading %#',
    async (source, kind, message) => {
      calls = 0
      const reading = collect(softmaxStream(source()))
      await expect(reading).rejects.toThrow(message)
      await expect(reading).rejects.toThrow(kind)
    },
  )
})
