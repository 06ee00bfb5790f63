/**
 * The states of streams, their entries read by WebAssembly: the integers of the reference (js/sum-terms.ts), hence the same states.
 */
import type { Dtype, FloatArray } from '../../arrays.ts'
import { mergeStates, NOTHING, type SumState, stateOf } from '../js/sum-state.ts'
import { lowestOf, sumTerms } from '../js/sum-terms.ts'
import { type Arena, arenaOf, BLOCK_ENTRIES } from './arena.ts'
import { streamPasses } from './stream-module.ts'

/** Slices per record, each a pair of integers: the sum divided by 2^26, and the remainder. */
const SLICES = 3
const LOW_BITS = 26n

/** The state of `count` entries at an address. `values` are the same entries, for the few windows that WebAssembly leaves to the reference. */
function reduceAt(arena: Arena, address: number, values: FloatArray, dtype: Dtype): SumState {
  const { records, memory } = arena
  const stream = streamPasses(arena)
  const count = values.length
  if (dtype === 'float32') stream.top_f32(address, count, records)
  else stream.top_f64(address, count, records)
  const [max, second] = new Float64Array(memory.buffer, records, 2)
  return stateOf(max, second, dtype, (window) => {
    const { base, cell, slices } = window
    const lowest = lowestOf(window)
    if (slices === 1 || lowest < cell.from) return sumTerms(values, window, dtype)
    const sums = new BigInt64Array(memory.buffer, records, 2 * SLICES).fill(0n)
    if (dtype === 'float64') {
      stream.terms3_f64(address, count, second, base, lowest, cell.high, cell.middle, cell.low, records)
    } else if (cell.slices !== 0n) {
      const terms = slices === 2 ? stream.far2_f32 : stream.far3_f32
      terms(address, count, second, base, lowest, cell.high, cell.middle, records)
    } else if (slices === 2) stream.terms2_f32(address, count, second, base, lowest, records)
    else stream.terms3_f32(address, count, second, base, lowest, records)
    return Array.from({ length: slices }, (_, j) => (sums[2 * j] << LOW_BITS) + sums[2 * j + 1])
  })
}

/** The state of at most 2^26 entries, rounded to the dtype. Arrays of that dtype from `alloc` are read where they are, others in copied blocks. */
export function reduceInWasm(base: Arena, values: FloatArray, dtype: Dtype): SumState {
  const Type = dtype === 'float32' ? Float32Array : Float64Array
  const home = arenaOf(values)
  if (home !== undefined && values instanceof Type) return reduceAt(home, values.byteOffset, values, dtype)
  let state = NOTHING
  for (let from = 0; from < values.length; from += BLOCK_ENTRIES) {
    const part = values.subarray(from, from + BLOCK_ENTRIES)
    const copy = new Type(base.memory.buffer, base.data, part.length)
    copy.set(part)
    state = mergeStates(state, reduceAt(base, base.data, copy, dtype), dtype)
  }
  return state
}
