/**
 * LogSumExpAccumulator: log Σ exp of entries that come one by one, in chunks, or from several machines; checked, in constant memory.
 *
 * What makes it independent of order and split is in kernels/js/sum-state.ts.
 */
import type { Dtype, FloatArray, Logits } from '../arrays.ts'
import { checkChoice, checkLogits, checkOptions, describe } from '../check.ts'
import { mergeStates, NOTHING, type SumState } from '../kernels/js/sum-state.ts'
import { logSumExpOfState } from '../kernels/js/sum-value.ts'
import { extendState } from '../kernels/stream.ts'
import { type AccumulatorJSON, parseAccumulator, writeAccumulator } from './accumulator-json.ts'

/** Options of LogSumExpAccumulator. */
export interface AccumulatorOptions {
  /**
   * 'float64' (default), or 'float32': three times faster, entries are rounded to float32 on their way in, as a Float32Array does it, and
   * the value is within 0.501 ulp of float32.
   */
  dtype?: Dtype | undefined
}

/** Single entries wait here until they are worth a call of the kernels. */
const PENDING = 256
/** How many entries there may be: integers are exact up to here. */
const LARGEST_COUNT = Number.MAX_SAFE_INTEGER

const OPTION_NAMES = ['dtype'] as const

/**
 * log Σ exp(x_i) of a stream, in memory that does not grow: push entries, merge accumulators, read `value` at any time.
 *
 * The value, and the state itself, is a function of the multiset of entries: any order, any split into chunks and any tree of merges
 * give the same bits, on every engine. In float64 it is within 0.51 ulp of the exact value, also when one entry dominates (0 and −700
 * give e^−700 to all its digits); where the maximum is negative and cancels, |value| < |maximum|/2, alternatively within 2^−62 ·
 * max(1, |maximum|). In float32 it is within 0.501 ulp, and where it cancels below 1/16 of the maximum, alternatively within 2^−39. Both
 * hold for up to 2^36 entries and lose at most n · 2^−72 (float32) or n · 2^−96 (float64) beyond.
 *
 * Non-finite: NaN once there is a NaN; else +∞ once there is a +∞; entries of −∞ count for nothing, and the value is −∞ without any other.
 *
 * The method: the maximum is left out of the sum, and the others are summed without error in slices at fixed powers of two, after Demmel &
 * Nguyen, "Parallel reproducible summation", IEEE Trans. Comput. 64 (2015) 2060; docs/numerics.md has the argument.
 */
export class LogSumExpAccumulator {
  /** The dtype of the entries. */
  readonly dtype: Dtype
  #count = 0
  #state: SumState = NOTHING
  #pending: FloatArray | undefined
  #waiting = 0

  /**
   * @param options `dtype`.
   * @throws TypeError for unknown options, RangeError for an unknown dtype.
   */
  constructor(options?: AccumulatorOptions) {
    const who = 'LogSumExpAccumulator'
    const { dtype } = checkOptions(who, options, OPTION_NAMES)
    this.dtype = dtype === undefined ? 'float64' : checkChoice(who, 'dtype', dtype, ['float32', 'float64'])
  }

  /** How many entries there are, those of −∞ included. */
  get count(): number {
    return this.#count
  }

  /** log Σ exp of all entries so far; −∞ if there are none. Rounded to float32 with that dtype. */
  get value(): number {
    const value = logSumExpOfState(this.#settled(), this.dtype)
    return this.dtype === 'float32' ? Math.fround(value) : value
  }

  /**
   * Adds one entry, of any value.
   *
   * @returns the accumulator.
   * @throws TypeError if it is no number.
   */
  push(x: number): this {
    if (typeof x !== 'number')
      throw new TypeError(`LogSumExpAccumulator.push: expected x to be a number, got ${describe(x)}`)
    this.#add('LogSumExpAccumulator.push', 1)
    this.#pending ??= this.dtype === 'float32' ? new Float32Array(PENDING) : new Float64Array(PENDING)
    this.#pending[this.#waiting++] = x
    if (this.#waiting === PENDING) this.#settled()
    return this
  }

  /**
   * Adds all entries of an array, which is read and not kept. Large chunks are faster than many small ones.
   *
   * @param logits any length, of either dtype; arrays of `alloc` with the dtype of the accumulator are not copied.
   * @returns the accumulator.
   * @throws TypeError for other kinds.
   */
  pushAll(logits: Logits): this {
    const values = checkLogits('LogSumExpAccumulator.pushAll', logits)
    this.#add('LogSumExpAccumulator.pushAll', values.length)
    this.#state = extendState(this.#state, values, this.dtype)
    return this
  }

  /**
   * Adds all entries of another accumulator of the same dtype, which stays as it is. It may be this one: then every entry counts twice.
   *
   * @returns the accumulator.
   * @throws TypeError for something else, or an accumulator of another dtype.
   */
  merge(other: LogSumExpAccumulator): this {
    if (!(other instanceof LogSumExpAccumulator)) {
      throw new TypeError(
        `LogSumExpAccumulator.merge: expected other to be a LogSumExpAccumulator (LogSumExpAccumulator.from makes one of what toJSON gave), got ${describe(other)}`,
      )
    }
    if (other.dtype !== this.dtype) {
      throw new TypeError(
        `LogSumExpAccumulator.merge: expected accumulators of one dtype, got ${this.dtype} and ${other.dtype}`,
      )
    }
    this.#add('LogSumExpAccumulator.merge', other.#count)
    this.#state = mergeStates(this.#settled(), other.#settled(), this.dtype)
    return this
  }

  /** The state without loss, for JSON.stringify: equal for equal multisets of entries. */
  toJSON(): AccumulatorJSON {
    return writeAccumulator(this.dtype, this.#count, this.#settled())
  }

  /**
   * The accumulator that toJSON was called on.
   *
   * @param json what JSON.parse gives.
   * @throws TypeError or RangeError if it is not complete and undamaged.
   */
  static from(json: AccumulatorJSON): LogSumExpAccumulator {
    const { dtype, count, state } = parseAccumulator(json)
    const accumulator = new LogSumExpAccumulator({ dtype })
    accumulator.#count = count
    accumulator.#state = state
    return accumulator
  }

  #add(who: string, entries: number): void {
    if (this.#count + entries > LARGEST_COUNT) {
      throw new RangeError(
        `${who}: expected at most ${LARGEST_COUNT} entries in all, got ${this.#count} and ${entries} more`,
      )
    }
    this.#count += entries
  }

  /** The state with the entries that were waiting. */
  #settled(): SumState {
    if (this.#pending !== undefined && this.#waiting > 0) {
      this.#state = extendState(this.#state, this.#pending.subarray(0, this.#waiting), this.dtype)
      this.#waiting = 0
    }
    return this.#state
  }
}
