/**
 * softmax and logSoftmax over a stream that is read twice, in memory for one chunk: checked, either dtype.
 *
 * The first pass accumulates the state of LogSumExpAccumulator, the second turns chunk after chunk into results.
 */
import { arrayLike, type Dtype, type FloatArray, type Logits, type ResultArray } from '../arrays.ts'
import { checkAllMasked, checkLogits, checkOptions, describe } from '../check.ts'
import { NOTHING, type SumState } from '../kernels/js/sum-state.ts'
import { extendState, writeChunk } from '../kernels/stream.ts'

/** Chunks of logits, synchronous or asynchronous. */
export type Chunks<L extends Logits = Logits> = Iterable<L> | AsyncIterable<L>

/**
 * A stream that can be read twice: a function that starts it anew at each call, or chunks that can be iterated more than once, such as an
 * array of them.
 */
export type StreamSource<L extends Logits = Logits> = Chunks<L> | (() => Chunks<L> | Promise<Chunks<L>>)

/** Options of softmaxStream and logSoftmaxStream. */
export interface SoftmaxStreamOptions {
  /** What a stream without any entry above −∞ gives: 'nan' (default), or 'zero', which is 0 for softmax and −∞ for logSoftmax. */
  allMasked?: 'nan' | 'zero' | undefined
}

type Who = 'softmaxStream' | 'logSoftmaxStream'

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Whether an object is its own iterator, like a generator, and so can be read only once. */
function isOneShot(chunks: Chunks): boolean {
  if (!('next' in chunks)) return false
  return Symbol.asyncIterator in chunks
    ? chunks[Symbol.asyncIterator]() === chunks
    : chunks[Symbol.iterator]() === chunks
}

/** Starts a pass; `before` is what the pass before it iterated. */
async function open(who: Who, source: StreamSource, before?: Chunks): Promise<Chunks> {
  const chunks: unknown = typeof source === 'function' ? await source() : source
  if (!isObject(chunks) || !(Symbol.asyncIterator in chunks || Symbol.iterator in chunks)) {
    throw new TypeError(`${who}: expected source() to return an iterable of chunks, got ${describe(chunks)}`)
  }
  if ((typeof source !== 'function' || chunks === before) && isOneShot(chunks as Chunks)) {
    throw new TypeError(
      `${who}: expected a source that can be read twice, got ${describe(chunks)}, which can be read once (give a function that makes it)`,
    )
  }
  return chunks as Chunks
}

const dtypeOf = (values: FloatArray): Dtype => (values instanceof Float32Array ? 'float32' : 'float64')

/** The chunks of a pass as arrays of one dtype, checked. */
async function* arraysOf(who: Who, chunks: Chunks, expected?: Dtype): AsyncGenerator<FloatArray> {
  let dtype = expected
  let index = 0
  for await (const chunk of chunks) {
    const values = checkLogits(who, chunk, `chunk ${index}`)
    dtype ??= dtypeOf(values)
    if (dtypeOf(values) !== dtype) {
      throw new TypeError(
        `${who}: expected all chunks to be ${dtype} as the first, got ${dtypeOf(values)} in chunk ${index}`,
      )
    }
    index++
    yield values
  }
}

async function* results(who: Who, source: StreamSource, zero: boolean): AsyncGenerator<FloatArray, void, undefined> {
  let state: SumState = NOTHING
  let length = 0
  let dtype: Dtype | undefined
  const first = await open(who, source)
  for await (const values of arraysOf(who, first)) {
    dtype ??= dtypeOf(values)
    state = extendState(state, values, dtype)
    length += values.length
  }
  const isLog = who === 'logSoftmaxStream'
  const isZero = zero && state.max === Number.NEGATIVE_INFINITY
  let seen = 0
  for await (const values of arraysOf(who, await open(who, source, first), dtype)) {
    seen += values.length
    if (seen > length) break
    const out = arrayLike(values, values.length)
    if (!isZero) writeChunk(state, isLog, values, out)
    else if (isLog) out.fill(Number.NEGATIVE_INFINITY)
    yield out
  }
  if (seen !== length) {
    const got = seen === 0 ? 'none (can it be read only once?)' : seen > length ? 'more' : `${seen}`
    throw new RangeError(`${who}: expected the second pass to give ${length} logits as the first, got ${got}`)
  }
}

function start(
  who: Who,
  source: StreamSource,
  given: SoftmaxStreamOptions | undefined,
): AsyncGenerator<FloatArray, void, undefined> {
  const { allMasked } = checkOptions(who, given, ['allMasked'])
  const zero = checkAllMasked(who, allMasked)
  if (
    typeof source !== 'function' &&
    !(isObject(source) && (Symbol.asyncIterator in source || Symbol.iterator in source))
  ) {
    throw new TypeError(
      `${who}: expected source to be an iterable of chunks or a function that returns one, got ${describe(source)}`,
    )
  }
  return results(who, source, zero)
}

/**
 * The softmax of a stream as one row, chunk by chunk, in memory for one chunk: the source is read once for the sum, and again for the results.
 *
 * Every component is within 0.501 ulp (float32) or 0.51 ulp (float64), subnormal results included, and depends on its logit and the multiset of
 * all logits only: any chunking and any order give the same bits.
 *
 * Non-finite: as softmax of one row. A stream without chunks gives none, an empty chunk an empty one.
 *
 * @param source a function that starts the stream anew (it may return a promise), or chunks that can be iterated twice. All chunks of
 * one dtype: Float32Array, or Float64Array and number[].
 * @param options `allMasked`.
 * @returns a new array per chunk, of its length and dtype. Ending the iteration early ends that of the source.
 * @throws TypeError at once for a wrong source or option; while iterating, TypeError for a chunk of a wrong kind, another dtype, or a source that can be
 * read only once, and RangeError if the second pass is not as long as the first. Errors of the source come through.
 *
 * The sum: {@link LogSumExpAccumulator}.
 */
export function softmaxStream<L extends Logits>(
  source: StreamSource<L>,
  options?: SoftmaxStreamOptions,
): AsyncGenerator<ResultArray<L>, void, undefined> {
  return start('softmaxStream', source, options) as AsyncGenerator<ResultArray<L>, void, undefined>
}

/**
 * The logSoftmax of a stream as one row: every component within 0.501 ulp (float32) or 0.55 ulp (float64), for the rest as {@link softmaxStream}.
 */
export function logSoftmaxStream<L extends Logits>(
  source: StreamSource<L>,
  options?: SoftmaxStreamOptions,
): AsyncGenerator<ResultArray<L>, void, undefined> {
  return start('logSoftmaxStream', source, options) as AsyncGenerator<ResultArray<L>, void, undefined>
}
