/**
 * The interface between the harness and those who run: a team is a library that was loaded, a contestant is one way of
 * calling it, ready for one problem.
 */
import type { FloatArray, Problem } from './problem.ts'

/** What an operation computed: numbers, a loss, or both. */
export interface Outcome {
  values?: FloatArray
  loss?: number
}

export interface Contestant {
  /** Runs the operation so many times in a row, on data made ready before, and returns the nanoseconds that took. */
  time(repetitions: number): number | Promise<number>
  /** What the operation gives, from one more run. */
  result(): Outcome | Promise<Outcome>
  /** Gives back what the problem took. */
  dispose?(): void | Promise<void>
}

export interface Team<P = Problem> {
  readonly name: string
  readonly version: string
  /** True for our own ways of calling; ratios are formed of one of ours and one of the others. */
  readonly ours: boolean
  /** How this team is called, for the page of results. */
  readonly call: string
  /** True for those too slow for every round: they run in every third. */
  readonly seldom?: boolean
  /** True for those that compute nothing that could be compared. */
  readonly unchecked?: boolean
  /** Makes ready for a problem, or throws Absent. */
  enter(problem: P): Contestant | Promise<Contestant>
}

/** Why a contestant does not take part; said aloud and written into the results. */
export class Absent extends Error {
  override readonly name = 'Absent'
}

/** Numbers that depend on every result, so that no engine may drop the work. */
export const sink = { value: 0 }

/** A time() for a synchronous call that returns a number of its result. */
export function timeCalls(call: () => number): (repetitions: number) => number {
  return (repetitions) => {
    const start = performance.now()
    let sum = 0
    for (let i = 0; i < repetitions; i++) sum += call()
    const nanoseconds = (performance.now() - start) * 1e6
    sink.value += sum
    return nanoseconds
  }
}

/** The same for a call that returns a promise. */
export function timeAsyncCalls(call: () => Promise<number>): (repetitions: number) => Promise<number> {
  return async (repetitions) => {
    const start = performance.now()
    let sum = 0
    for (let i = 0; i < repetitions; i++) sum += await call()
    const nanoseconds = (performance.now() - start) * 1e6
    sink.value += sum
    return nanoseconds
  }
}
