/**
 * Who reads the entries of a stream: the one place where that is chosen, as select.ts for rows.
 */
import type { Dtype, FloatArray } from '../arrays.ts'
import { writeEntries } from './js/stream-row.ts'
import { mergeStates, reduceEntries, type SumState } from './js/sum-state.ts'
import { baseArena } from './wasm/arena.ts'
import { reduceInWasm } from './wasm/stream.ts'
import { writeInWasm } from './wasm/stream-rows.ts'

/** From this many entries on, WebAssembly serves. */
const SMALLEST = 16

/** Entries at a time. */
const CHUNK = 67108864 // 2^26

/** The state with the entries of `values` added, rounded to the dtype; the same from either backend. */
export function extendState(state: SumState, values: FloatArray, dtype: Dtype): SumState {
  let extended = state
  for (let from = 0; from < values.length; from += CHUNK) {
    extended = mergeStates(extended, reduce(values.subarray(from, from + CHUNK), dtype), dtype)
  }
  return extended
}

function reduce(values: FloatArray, dtype: Dtype): SumState {
  const arena = values.length < SMALLEST ? null : baseArena()
  return arena === null ? reduceEntries(values, dtype) : reduceInWasm(arena, values, dtype)
}

/** out_i = exp(values_i) / Σ exp, or its logarithm, where the sum is that of a whole stream; the same from either backend. */
export function writeChunk(state: SumState, isLog: boolean, values: FloatArray, out: FloatArray): void {
  const arena = values.length < SMALLEST || !Number.isFinite(state.max) ? null : baseArena()
  if (arena === null) writeEntries(state, isLog, values, out)
  else writeInWasm(arena, state, isLog, values, out)
}
