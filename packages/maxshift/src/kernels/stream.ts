/**
 * Who reads the entries of a stream: the one place where that is chosen, as select.ts for rows.
 */
import type { FloatArray } from '../arrays.ts'
import { reduceEntries, type SumState } from './js/sum-state.ts'
import type { Dtype } from './js/sum-window.ts'
import { baseArena } from './wasm/arena.ts'
import { reduceInWasm } from './wasm/stream.ts'

/** From this many entries on, WebAssembly serves. */
const SMALLEST = 16

/** The state of at most 2^26 entries, rounded to the dtype; the same from either backend. */
export function reduceStream(values: FloatArray, dtype: Dtype): SumState {
  const arena = values.length < SMALLEST ? null : baseArena()
  return arena === null ? reduceEntries(values, dtype) : reduceInWasm(arena, values, dtype)
}
