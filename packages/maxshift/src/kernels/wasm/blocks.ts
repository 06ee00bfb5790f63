/**
 * Rows on their way into kernel memory and back.
 *
 * Arrays from `alloc` are used where they are; others are copied through the data area in blocks of rows, small enough to stay
 * in cache between the copy and the kernel.
 */
import type { FloatArray } from '../../arrays.ts'
import type { Targets } from '../kernels.ts'
import { type Arena, arenaOf, BLOCK_ENTRIES, BLOCK_ROWS } from './arena.ts'

/** A block of rows in kernel memory. */
export interface Block {
  arena: Arena
  first: number
  rows: number
  /** Addresses of its logits and of its results; the same where they are computed in place. */
  logits: number
  out: number
}

const viewOf = (like: FloatArray, arena: Arena, address: number, length: number): FloatArray =>
  like instanceof Float32Array
    ? new Float32Array(arena.memory.buffer, address, length)
    : new Float64Array(arena.memory.buffer, address, length)

/**
 * Calls `run` for each block of rows. `out` receives `width` results per row; without it, results are no concern of this function. A
 * block has at most BLOCK_ENTRIES entries (or one row) where arrays are copied, or where `isBounded`.
 */
export function overBlocks(
  base: Arena,
  logits: FloatArray,
  rows: number,
  classes: number,
  out: FloatArray | null,
  width: number,
  run: (block: Block) => void,
  isBounded: boolean = false,
): void {
  const size = logits.BYTES_PER_ELEMENT
  const home = arenaOf(logits)
  const arena = home ?? base
  const writesInPlace = out !== null && arenaOf(out) === arena
  const copies = isBounded || home === undefined || (out !== null && !writesInPlace)
  const most = copies ? Math.min(BLOCK_ROWS, Math.max(1, Math.floor(BLOCK_ENTRIES / classes))) : BLOCK_ROWS
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first)
    const from = first * classes
    const to = from + count * classes
    if (home === undefined) viewOf(logits, arena, arena.data, to - from).set(logits.subarray(from, to))
    const source = home === undefined ? arena.data : logits.byteOffset + from * size
    const target = writesInPlace ? out.byteOffset + first * width * size : arena.data
    run({ arena, first, rows: count, logits: source, out: target })
    if (out !== null && !writesInPlace) {
      out.set(viewOf(out, arena, arena.data, count * width), first * width)
    }
  }
}

/** Which rows of a block were left, as row numbers of the whole. */
export function flagged({ arena, first, rows }: Block, left: number): number[] {
  if (left === 0) return []
  const found: number[] = []
  const flags = new Uint8Array(arena.memory.buffer, arena.flags, rows)
  for (let r = 0; r < rows; r++) if (flags[r] === 1) found.push(first + r)
  return found
}

/** Copies the labels of a block into its arena. */
export function setLabels({ arena, first, rows }: Block, labels: Int32Array): void {
  new Int32Array(arena.memory.buffer, arena.labels, rows).set(labels.subarray(first, first + rows))
}

/** Copies the class weights of a block into its arena; those that all rows share only the first time. One for all classes is repeated. */
export function setBase(block: Block, { base, stride }: Targets, classes: number, isFirst: boolean): void {
  const { arena } = block
  if (stride > 0 || isFirst) setPart(block, base, stride, classes, arena.base)
  if (base.length === 1 && isFirst) new Float64Array(arena.memory.buffer, arena.base, classes).fill(base[0])
}

/** The same with the low parts, for kernels that add them, one for all classes as it is; how many bytes behind the weights they lie, 0 if there are none. */
export function setBasePairs(block: Block, targets: Targets, classes: number, isFirst: boolean): number {
  const { base, baseLow, stride } = targets
  const { arena } = block
  if (stride > 0 || isFirst) setPart(block, base, stride, classes, arena.base)
  if (!baseLow) return 0
  if (stride > 0 || isFirst) setPart(block, baseLow, stride, classes, arena.baseLow)
  return arena.baseLow - arena.base
}

/** Copies the part of a base that a block needs to an address. */
function setPart({ arena, first, rows }: Block, base: Float64Array, stride: number, classes: number, to: number): void {
  const part = stride === 0 ? base.subarray(0, classes) : base.subarray(first * stride, (first + rows) * stride)
  new Float64Array(arena.memory.buffer, to, part.length).set(part)
}

/** Copies the labels and their peaks, if there are any, and what rounding took from these behind them. */
export function setPeaks(block: Block, { labels, peaks, peaksLow }: Targets): boolean {
  if (labels === null || peaks === null) return false
  const { arena, first, rows } = block
  setLabels(block, labels)
  const copy = new Float64Array(arena.memory.buffer, arena.peaks, 2 * rows)
  copy.set(peaks.subarray(first, first + rows))
  if (peaksLow) copy.set(peaksLow.subarray(first, first + rows), rows)
  else copy.fill(0, rows)
  return true
}

/** The class weights of row r alone. */
export function targetsOf(
  { base, baseLow, stride, labels, peaks, peaksLow }: Targets,
  r: number,
  classes: number,
): Targets {
  return {
    base: stride === 0 ? base : rowOf(base, r, classes),
    baseLow: baseLow ? (stride === 0 ? baseLow : rowOf(baseLow, r, classes)) : null,
    stride,
    labels: labels === null ? null : rowOf(labels, r, 1),
    peaks: peaks === null ? null : rowOf(peaks, r, 1),
    peaksLow: peaksLow ? rowOf(peaksLow, r, 1) : null,
  }
}

/** The place for the low part of the loss of row r, if there is one. */
export const lowOf = (lossesLow: Float64Array | null, r: number): Float64Array | null =>
  lossesLow && rowOf(lossesLow, r, 1)

/** The part of an array that belongs to row r, `width` entries per row. */
export function rowOf<T extends FloatArray | Int32Array>(array: T, r: number, width: number): T {
  return array.subarray(r * width, (r + 1) * width) as T
}
