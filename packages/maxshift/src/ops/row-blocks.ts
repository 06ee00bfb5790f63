/**
 * Blocks of rows that are not in one piece, or are masked: small enough for the cache, transposed into scratch memory, masked on the way, and
 * results transposed back.
 *
 * Entries are copied in pieces that keep their own order into a stage, since copying in long pieces is what typed arrays are fast at, and
 * transposed from there. With all of it, softmax along an inner axis takes 1.05 to 1.6 times as long as along the last (docs/decisions.md).
 */
import type { FloatArray } from '../arrays.ts'
import { takeScratch, withScratch } from '../kernels/scratch.ts'
import { transpose } from '../kernels/transpose.ts'
import type { Layout, Passengers, RowBlock } from './rows.ts'

/** Bytes per array in a block of small slabs (classes × inner), so that it stays in the second-level cache. */
const BLOCK_BYTES = 524288
/** A slab up to this goes into a block as a whole. */
const WHOLE_SLAB = 1048576
/**
 * A larger one is divided into blocks of so many columns that they come to this: wide, because what is copied at once ends after each line
 * of columns, and at home in the third-level cache.
 */
const WIDE_BLOCK = 4194304
/** Columns come in odd multiples of this, so that lines do not compete for the same place in a cache. */
const COLUMNS = 16
/** Bytes that are copied at once, in their own order, before they are transposed: of whole slabs, and of columns. */
const STAGE_BYTES = 32768
const WIDE_STAGE = 131072

/** Calls `run` for every block, in the order of the rows. */
export function overBlocks(layout: Layout, passengers: Required<Passengers>, run: (block: RowBlock) => void): void {
  const { outer, classes, inner } = layout
  withScratch(() => {
    const { slabs, width, stage } = divide(layout, passengers.logits[0].BYTES_PER_ELEMENT)
    const scratch = createScratch(passengers, slabs * classes * width, stage)
    for (let o = 0; o < outer; o += slabs) {
      for (let i = 0; i < inner; i += width) {
        const part = { o, slabs: Math.min(slabs, outer - o), i, width: Math.min(width, inner - i) }
        runBlock(layout, part, passengers, scratch, run)
      }
    }
  })
}

/** How a layout is divided: blocks of whole slabs, or of columns of one slab, and the entries that are staged at once. */
interface Division {
  readonly slabs: number
  readonly width: number
  readonly stage: number
}

/** The division for arrays with `size` bytes per entry. */
function divide({ outer, classes, inner }: Layout, size: number): Division {
  const slab = classes * inner * size
  if (slab <= WHOLE_SLAB && inner * size <= STAGE_BYTES) {
    const slabs = Math.min(outer, Math.max(1, Math.floor(BLOCK_BYTES / slab)))
    return { slabs, width: inner, stage: STAGE_BYTES / size }
  }
  const columns = Math.max(1, Math.floor(WIDE_BLOCK / (classes * size)))
  const wide = columns < COLUMNS ? columns : ((Math.floor(columns / COLUMNS) - 1) | 1) * COLUMNS
  const stage = WIDE_STAGE / size
  return { slabs: 1, width: Math.min(wide, inner, stage), stage }
}

/** Part of a layout: all rows of `slabs` values of o from `o` on, or `width` rows of one o, from `i` on. */
interface Part {
  readonly o: number
  readonly slabs: number
  readonly i: number
  readonly width: number
}

/** Room for the rows of a block, array by array, and for a stage, where entries keep their own order. */
interface Scratch {
  readonly logits: readonly FloatArray[]
  readonly others: readonly FloatArray[]
  readonly outputs: readonly FloatArray[]
  readonly stage: Float64Array
}

function createScratch(
  { logits, others, outputs, inPlace }: Required<Passengers>,
  entries: number,
  stage: number,
): Scratch {
  const room = (array: FloatArray): FloatArray => takeScratch(array, entries)
  const rooms = logits.map(room)
  const shares = inPlace && outputs[0] instanceof Float32Array === logits[0] instanceof Float32Array
  return {
    logits: rooms,
    others: others.map(room),
    outputs: outputs.map((array, k) => (k === 0 && shares ? rooms[0] : room(array))),
    stage: takeScratch(DOUBLES, stage + SLACK) as Float64Array,
  }
}

const DOUBLES = new Float64Array(0)
/** What the transposition may write after the last entry of the stage. */
const SLACK = 2

function runBlock(
  layout: Layout,
  part: Part,
  { logits, mask, others, outputs }: Required<Passengers>,
  scratch: Scratch,
  run: (block: RowBlock) => void,
): void {
  const rows = part.slabs * part.width
  const fit = (room: FloatArray): FloatArray => room.subarray(0, rows * layout.classes)
  const block = {
    first: part.o * layout.inner + part.i,
    rows,
    logits: scratch.logits.map(fit),
    others: scratch.others.map(fit),
    outputs: scratch.outputs.map(fit),
  }
  for (const [k, array] of logits.entries()) gather(layout, part, array, mask, scratch.stage, block.logits[k])
  for (const [k, array] of others.entries()) gather(layout, part, array, null, scratch.stage, block.others[k])
  run(block)
  for (const [k, array] of outputs.entries()) scatter(layout, part, block.outputs[k], scratch.stage, array)
}

/**
 * Calls `visit` for pieces of a part of at most `room` entries, `count` slabs × `lines` classes × width: the first entry's place in the array
 * and in the rows.
 */
function overPieces(
  { classes, inner }: Layout,
  { o, slabs, i, width }: Part,
  room: number,
  visit: (place: number, row: number, lines: number, count: number) => void,
): void {
  const most = Math.min(classes, Math.floor(room / width))
  const count = most === classes ? Math.floor(room / (width * classes)) : 1
  for (let s = 0; s < slabs; s += count) {
    for (let j = 0; j < classes; j += most) {
      const place = ((o + s) * classes + j) * inner + i
      visit(place, s * width * classes + j, Math.min(most, classes - j), Math.min(count, slabs - s))
    }
  }
}

const stageFor = (stage: Float64Array, like: FloatArray): FloatArray =>
  like instanceof Float32Array ? new Float32Array(stage.buffer, stage.byteOffset, stage.length) : stage

/** The rows of a part, contiguous, in `rows`. */
function gather(
  layout: Layout,
  part: Part,
  array: FloatArray,
  mask: Uint8Array | null,
  scratch: Float64Array,
  rows: FloatArray,
): void {
  const { classes, inner } = layout
  const { width } = part
  if (inner === 1) {
    copy(array, mask, part.o * classes, part.slabs * classes, rows, 0)
    return
  }
  const stage = stageFor(scratch, rows)
  overPieces(layout, part, scratch.length - SLACK, (place, row, lines, count) => {
    if (width === inner) copy(array, mask, place, lines * count * inner, stage, 0)
    else for (let j = 0; j < lines; j++) copy(array, mask, place + j * inner, width, stage, j * width)
    transpose(stage, width, rows.subarray(row), classes, lines, width, count)
  })
}

/** The way back. */
function scatter(layout: Layout, part: Part, rows: FloatArray, scratch: Float64Array, array: FloatArray): void {
  const { classes, inner } = layout
  const { width } = part
  if (inner === 1) {
    array.set(rows, part.o * classes)
    return
  }
  const stage = stageFor(scratch, rows)
  overPieces(layout, part, scratch.length - SLACK, (place, row, lines, count) => {
    transpose(rows.subarray(row), classes, stage, width, width, lines, count)
    if (width === inner) copy(stage, null, 0, lines * count * inner, array, place)
    else for (let j = 0; j < lines; j++) copy(stage, null, j * width, width, array, place + j * inner)
  })
}

/** Below this a loop is faster than set and subarray. */
const SHORT = 32

/** to[at + i] = from[start + i] for i < length; −∞ instead where the mask is 0, unless it is a NaN. */
function copy(
  from: FloatArray,
  mask: Uint8Array | null,
  start: number,
  length: number,
  to: FloatArray,
  at: number,
): void {
  if (mask !== null) {
    for (let i = 0; i < length; i++) {
      const value = from[start + i]
      to[at + i] = mask[start + i] === 0 && !Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
    }
  } else if (length < SHORT) for (let i = 0; i < length; i++) to[at + i] = from[start + i]
  else to.set(from.subarray(start, start + length), at)
}
