/**
 * A stream of chunks of any size as batches of one size, so that what is computed does not depend on how the rows arrive. No more
 * than a chunk and the batches in use are held.
 */
import type { AbortSignalLike } from '../abort.ts'
import { describe } from '../check.ts'
import type { Features } from '../kernels/kernels.ts'
import { checkDenseKind, checkFeatureCount, checkFinite, checkLabelKind } from './checks.ts'
import { encodeLabels, type Label, type Labels } from './labels.ts'

/** Rows that arrive together; there may be none. */
export interface StreamChunk {
  /** Row-major, as many rows as labels, of as many features as the first row of the stream. */
  readonly features: Features
  readonly labels: Labels
}

/** Chunks, or a function that begins them anew, the same rows in the same order, for each pass. */
export type StreamSource =
  | Iterable<StreamChunk>
  | AsyncIterable<StreamChunk>
  | (() => Iterable<StreamChunk> | AsyncIterable<StreamChunk>)

/** Rows side by side. */
export class StreamBatch {
  /** Rows so far. */
  count = 0
  /** Whether somebody holds on to it; others are filled again. */
  kept = false
  readonly features: Float64Array
  readonly data: { readonly labels: Int32Array }

  constructor(size: number, featureCount: number) {
    this.features = new Float64Array(size * featureCount)
    this.data = { labels: new Int32Array(size) }
  }
}

export class StreamReader {
  /** Known after the first row. */
  featureCount: number | undefined
  private readonly who: string
  private readonly source: StreamSource
  private readonly classNames: readonly Label[]
  private readonly signal: AbortSignalLike | undefined

  constructor(who: string, source: unknown, classNames: readonly Label[], signal: AbortSignalLike | undefined) {
    if (!isIterable(source) && typeof source !== 'function') {
      const expected = 'an iterable of chunks or a function that returns one'
      throw new TypeError(`${who}: expected source to be ${expected}, got ${describe(source)}`)
    }
    this.who = who
    this.source = source as StreamSource
    this.classNames = classNames
    this.signal = signal
  }

  /** Whether there can be more than one pass. */
  get isReplayable(): boolean {
    return typeof this.source === 'function'
  }

  /** One pass through the rows, `size` at a time; the last batch may have fewer. Throws for chunks that are none. */
  async *batches(size: number): AsyncGenerator<StreamBatch, void, void> {
    const chunks: unknown = typeof this.source === 'function' ? this.source() : this.source
    if (!isIterable(chunks)) {
      throw new TypeError(`${this.who}: expected source to return an iterable of chunks, got ${describe(chunks)}`)
    }
    let batch: StreamBatch | undefined
    let index = 0
    for await (const chunk of untilAborted(chunks, this.signal)) {
      const { features, labels, featureCount } = this.read(chunk, index++)
      for (let row = 0; row < labels.length; ) {
        if (batch === undefined || batch.kept) batch = new StreamBatch(size, featureCount)
        if (batch.count === size) batch.count = 0
        const end = Math.min(labels.length, row + size - batch.count)
        batch.features.set(features.subarray(row * featureCount, end * featureCount), batch.count * featureCount)
        batch.data.labels.set(labels.subarray(row, end), batch.count)
        batch.count += end - row
        row = end
        if (batch.count === size) yield batch
      }
    }
    if (batch !== undefined && batch.count < size) yield batch
  }

  /** A chunk, checked. */
  private read(chunk: unknown, index: number): { features: Features; labels: Int32Array; featureCount: number } {
    const owner = `${this.who}: in chunk ${index}`
    if (typeof chunk !== 'object' || chunk === null || !('features' in chunk && 'labels' in chunk)) {
      throw new TypeError(`${owner}: expected { features, labels }, got ${describe(chunk)}`)
    }
    const features = checkDenseKind(owner, chunk.features)
    const labels = encodeLabels(owner, checkLabelKind(owner, chunk.labels), this.classNames)
    const rows = labels.length
    if (this.featureCount === undefined && rows > 0) this.featureCount = checkFeatureCount(owner, features, rows)
    const { featureCount = 0 } = this
    if (features.length !== rows * featureCount) {
      throw new RangeError(
        `${owner}: expected ${featureCount} features for each of ${rows} labels, got ${features.length} features in all`,
      )
    }
    checkFinite(owner, features, featureCount)
    return { features, labels, featureCount }
  }
}

const isIterable = (value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)

/** The same, but a signal need not wait for a source that does not answer. The source is closed however it ends. */
async function* untilAborted(
  chunks: Iterable<unknown> | AsyncIterable<unknown>,
  signal: AbortSignalLike | undefined,
): AsyncGenerator<unknown, void, void> {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  let finished = false
  try {
    for (;;) {
      const result = await orAbort(Promise.resolve(iterator.next()), signal)
      finished = result.done === true
      if (finished) return
      yield result.value
    }
  } finally {
    if (!finished) {
      const closed = Promise.resolve(iterator.return?.())
      // A source that does not answer would not close either.
      if (signal?.aborted) closed.catch(() => {})
      else await closed
    }
  }
}

/** Settles with the promise, or rejects with the reason of the signal if that comes first. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
