/**
 * The module of the streaming kernels, compiled on first use, and its instances: one per arena, over the arena's memory, so that arrays of
 * `alloc` are read where they are. Its constants lie in addresses that the arena leaves free (scripts/build-kernels.mjs).
 */
import { EXP2_TABLE } from '../../special/exp2-table.ts'
import type { Arena } from './arena.ts'
import { decode } from './module.ts'
import { STREAM_BINARY } from './stream.generated.ts'

/** The passes over a block of a stream: assembly/stream.ts. */
export interface StreamPasses {
  /** The first address behind the constants. */
  heapBase(): number
  /** Where the table of 2^(j/128) goes. */
  table_f64(): number
  top_f32(values: number, count: number, record: number): void
  top_f64(values: number, count: number, record: number): void
  terms2_f32(values: number, count: number, second: number, base: number, lowest: number, record: number): void
  terms3_f32(values: number, count: number, second: number, base: number, lowest: number, record: number): void
  far2_f32(
    values: number,
    count: number,
    second: number,
    base: number,
    lowest: number,
    high: number,
    middle: number,
    record: number,
  ): void
  far3_f32(
    values: number,
    count: number,
    second: number,
    base: number,
    lowest: number,
    high: number,
    middle: number,
    record: number,
  ): void
  terms3_f64(
    values: number,
    count: number,
    second: number,
    base: number,
    lowest: number,
    high: number,
    middle: number,
    low: number,
    record: number,
  ): void
  probs_f32(values: number, count: number, out: number, max: number, second: number, factor: number, top: number): void
  logProbs_f32(values: number, count: number, out: number, max: number, log: number): void
}

let streamModule: WebAssembly.Module | undefined
const instances = new WeakMap<Arena, StreamPasses>()

/** The kernels over the memory of an arena. */
export function streamPasses(arena: Arena): StreamPasses {
  let passes = instances.get(arena)
  if (passes === undefined) {
    streamModule ??= new WebAssembly.Module(decode(STREAM_BINARY))
    const { memory } = arena
    passes = new WebAssembly.Instance(streamModule, { env: { memory } }).exports as unknown as StreamPasses
    new Float64Array(memory.buffer, passes.table_f64(), EXP2_TABLE.length).set(EXP2_TABLE)
    instances.set(arena, passes)
  }
  return passes
}
