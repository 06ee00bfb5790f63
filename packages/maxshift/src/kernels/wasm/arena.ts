/**
 * Memory for the kernels, and the arrays of `alloc`.
 *
 * An arena is one WebAssembly memory of fixed size with instances of the modules: constants, scratch for the kernels, a bounded
 * area through which ordinary arrays are copied in blocks, and, in arenas made for `alloc`, arrays of the caller. A memory never
 * grows, so no view is ever detached; when an arena is full the next one is made. Arrays keep their arena alive through their
 * buffer, and when the last one is gone the garbage collector takes the whole arena. Two copies of the library have nothing in
 * common.
 */
import { type Instance, instantiate, loadModules } from './module.ts'

/** Rows per call: bounds labels, losses, flags, records, scales and peaks below. */
export const BLOCK_ROWS = 4096
/** Entries per block that is copied; a longer row is a block of its own. */
export const BLOCK_ENTRIES = 65536
/** Bytes for what streams leave of a block (wasm/stream.ts). */
const RECORD = 64
/** Entries of the longest row that is copied, and for which there is scratch: 2^18. */
export const LONGEST_ROW = 262144

const PAGE = 65536
/**
 * What an arena for `alloc` holds: this much, or four times the array that did not fit, so that arrays that are used together live
 * together. Untouched memory is only reserved, not used.
 */
const ARENA_BYTES = 64 * 1024 * 1024
/** What the base arena holds instead: the stack of scratch.ts. */
export const SCRATCH_BYTES = 24 * 1024 * 1024
/** WebAssembly's own limit: 65536 pages. */
const LARGEST_BYTES = 65536 * PAGE

export interface Arena extends Instance {
  readonly memory: WebAssembly.Memory
  /** Addresses of the areas. */
  readonly scratch: number
  readonly data: number
  readonly labels: number
  readonly losses: number
  readonly flags: number
  readonly records: number
  readonly scales: number
  readonly peaks: number
  readonly base: number
  readonly baseLow: number
  /** Where the caller's arrays go next, and the end of the memory. */
  next: number
  readonly end: number
}

/** Where the areas begin: below lie the constants of all modules (scripts/build-kernels.mjs). */
export const HEAP_BASE = 40960

const AREAS = [
  ...[LONGEST_ROW * 8, LONGEST_ROW * 8, BLOCK_ROWS * 4, BLOCK_ROWS * 16, BLOCK_ROWS, RECORD],
  ...[BLOCK_ROWS * 16, BLOCK_ROWS * 16, LONGEST_ROW * 8 + 64, LONGEST_ROW * 8 + 64],
]
const AREA_BYTES = AREAS.reduce((sum, size) => sum + size, 0)

/** The largest array that `alloc` can give, in bytes. */
export const LARGEST_ARRAY = LARGEST_BYTES - AREA_BYTES - 2 * PAGE

const byBuffer = new WeakMap<ArrayBufferLike, Arena>()

/** An arena with room for `bytes` of the caller's, or null where there is no WebAssembly. Throws RangeError without memory. */
function createArena(bytes: number): Arena | null {
  const modules = loadModules()
  if (modules === null) return null
  const pages = Math.ceil((PAGE + AREA_BYTES + bytes) / PAGE)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const instance = instantiate(modules, memory)
  let at = HEAP_BASE
  const [scratch, data, labels, losses, flags, records, scales, peaks, base, baseLow] = AREAS.map((size) => {
    const start = at
    at += size
    return start
  })
  const areas = { scratch, data, labels, losses, flags, records, scales, peaks, base, baseLow }
  const arena = { ...instance, ...areas, memory, next: at, end: pages * PAGE }
  byBuffer.set(memory.buffer, arena)
  return arena
}

let base: Arena | null | undefined

/** The arena that ordinary arrays pass through, or null where there is no WebAssembly or no memory for it. */
export function baseArena(): Arena | null {
  if (base === undefined) {
    try {
      base = createArena(SCRATCH_BYTES)
    } catch {
      base = null
    }
  }
  return base
}

/** The arena in which an array lives, if it came from `alloc`. */
export const arenaOf = (array: ArrayBufferView): Arena | undefined => byBuffer.get(array.buffer)

/** An arena with room for several arrays of this size, or for just one if that is all the memory there is. */
function createRoomyArena(bytes: number): Arena | null {
  try {
    return createArena(Math.max(ARENA_BYTES, Math.min(4 * bytes, LARGEST_ARRAY)))
  } catch {
    return createArena(bytes)
  }
}

let current: WeakRef<Arena> | undefined

/** The address of `bytes` fresh, zeroed bytes in some arena, on a border of 64; null where there is no WebAssembly. */
export function reserve(bytes: number): { buffer: ArrayBuffer; address: number } | null {
  const needed = Math.ceil(bytes / 64) * 64 // no bit operation: those end at 2 GiB
  let arena: Arena | null | undefined = current?.deref()
  if (arena === undefined || arena.end - arena.next < needed) {
    arena = createRoomyArena(needed)
    if (arena === null) return null
    current = new WeakRef(arena)
  }
  const address = arena.next
  arena.next += needed
  return { buffer: arena.memory.buffer as ArrayBuffer, address }
}
