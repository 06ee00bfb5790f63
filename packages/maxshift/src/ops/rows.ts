/**
 * The rows of an N-dimensional array: which entries form a row, and the one loop that brings them to the kernels.
 *
 * Along an axis, a row-major array is outer × classes × inner, and entry j of row (o, i) lies at (o · classes + j) · inner + i. Kernels
 * want rows in one piece. Where they are (inner = 1, no mask), the arrays go through as they are. Elsewhere blocks of rows, small
 * enough for the cache, are transposed into scratch memory, masked on the way, and results transposed back.
 */
import type { FloatArray } from '../arrays.ts'
import { checkInteger, describe } from '../check.ts'
import { takeScratch, withScratch } from '../kernels/scratch.ts'
import { transpose } from '../kernels/transpose.ts'
import { GRID_TERMS } from '../special/grid.ts'

/** How flat logits are divided into rows: by `classes`, or by `shape` and `axis`; without either they are one row. */
export interface LayoutOptions {
  /**
   * Entries per row: logits are rows × classes, row-major. Default: all logits are one row. At most 2^26; rows of more than 2^18 are
   * computed in plain TypeScript, several times slower.
   */
  classes?: number
  /** Instead of `classes`: the sizes of a row-major array. Their product is the length of the logits; 0 is a size like any other. */
  shape?: readonly number[]
  /** With `shape`: the axis that rows run along; negative counts from the end. Default: −1, the last. */
  axis?: number
}

/**
 * Entry j of row (o, i) is at (o · classes + j) · inner + i. Rows are counted in the order of (o, i): r = o · inner + i. With
 * classes = 1, inner is 1.
 */
export interface Layout {
  readonly outer: number
  readonly classes: number
  readonly inner: number
}

/** The number of rows. */
export const rowCount = ({ outer, inner }: Layout): number => outer * inner

function checkShape(who: string, length: number, shape: unknown, given: number | undefined): Layout {
  if (!Array.isArray(shape))
    throw new TypeError(`${who}: expected shape to be an array of sizes, got ${describe(shape)}`)
  if (shape.length === 0) throw new RangeError(`${who}: expected shape to have at least one axis, got []`)
  for (const [i, size] of shape.entries()) {
    const message = `${who}: expected shape[${i}] to be an integer ≥ 0, got ${describe(size)}`
    if (typeof size !== 'number') throw new TypeError(message)
    if (!(Number.isInteger(size) && size >= 0)) throw new RangeError(message)
  }
  const product = shape.reduce((a, b) => a * b, 1)
  if (product !== length) {
    throw new RangeError(`${who}: expected logits of the shape [${shape.join(', ')}], ${product} in all, got ${length}`)
  }
  const axis = given === undefined ? -1 : checkInteger(who, 'axis', given, -shape.length, shape.length - 1)
  const at = axis < 0 ? axis + shape.length : axis
  const classes = shape[at]
  if (classes > GRID_TERMS)
    throw new RangeError(`${who}: expected at most ${GRID_TERMS} logits in a row, got ${classes}`)
  const outer = shape.slice(0, at).reduce((a, b) => a * b, 1)
  const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1)
  return classes === 1 ? { outer: outer * inner, classes, inner: 1 } : { outer, classes, inner }
}

/** The layout of `length` logits; without options they are one row, or none where there are no logits. */
export function checkLayout(who: string, length: number, { classes, shape, axis }: LayoutOptions): Layout {
  if (shape !== undefined) {
    if (classes !== undefined) {
      throw new TypeError(
        `${who}: expected either classes or shape, got both (classes = ${describe(classes)}, shape = ${describe(shape)})`,
      )
    }
    return checkShape(who, length, shape, axis)
  }
  if (axis !== undefined)
    throw new TypeError(`${who}: expected axis only together with shape, got ${describe(axis)} alone`)
  if (classes === undefined) {
    if (length > GRID_TERMS)
      throw new RangeError(`${who}: expected at most ${GRID_TERMS} logits in a row, got ${length}`)
    return { outer: length === 0 ? 0 : 1, classes: length, inner: 1 }
  }
  checkInteger(who, 'classes', classes, 1, GRID_TERMS)
  if (length % classes !== 0) {
    throw new RangeError(
      `${who}: expected the length of logits to be a multiple of classes = ${classes}, got ${length}`,
    )
  }
  return { outer: length / classes, classes, inner: 1 }
}

/** The mask, one byte per logit, or null if there is none. */
export function checkMask(who: string, mask: unknown, length: number): Uint8Array | null {
  if (mask === undefined) return null
  if (!(mask instanceof Uint8Array)) {
    throw new TypeError(`${who}: expected mask to be a Uint8Array, got ${describe(mask)}`)
  }
  if (mask.length !== length) {
    throw new RangeError(`${who}: expected mask to have one entry per logit, ${length} in all, got ${mask.length}`)
  }
  return mask
}

/** What passes through the callback of overRows: arrays of the layout's length (outputs may be longer). */
export interface Passengers {
  /** Inputs in which a masked entry becomes −∞, except that a NaN stays. */
  readonly logits: readonly FloatArray[]
  /** 0 removes an entry. */
  readonly mask?: Uint8Array | null
  /** Inputs that the mask leaves alone. */
  readonly others?: readonly FloatArray[]
  /** Arrays of results; each may be one of the inputs. */
  readonly outputs?: readonly FloatArray[]
  /** Whether outputs[0] may share its scratch memory with logits[0], which is faster: for callbacks that work in place. */
  readonly inPlace?: boolean
}

/** Contiguous rows: each array holds `rows` × classes entries from its start on. The arrays are in the order of the passengers'. */
export interface RowBlock {
  /** The number of the first row, r = o · inner + i; per-row arrays go on from there: `labels.subarray(first, first + rows)`. */
  readonly first: number
  readonly rows: number
  readonly logits: readonly FloatArray[]
  readonly others: readonly FloatArray[]
  readonly outputs: readonly FloatArray[]
}

const NONE: readonly FloatArray[] = []

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

/**
 * Calls `run` for blocks of consecutive rows that cover the layout; not at all if it has no entries. In one piece, with the arrays of the
 * caller, where rows are contiguous and nothing is masked. A block's inputs are read before its outputs are written, and no other
 * block needs them, so that outputs may be inputs.
 */
export function overRows(layout: Layout, passengers: Passengers, run: (block: RowBlock) => void): void {
  const { outer, classes, inner } = layout
  const { logits, mask = null, others = NONE, outputs = NONE } = passengers
  if (outer * classes * inner === 0) return
  if (inner === 1 && mask === null) {
    run({ first: 0, rows: outer, logits, others, outputs })
    return
  }
  withScratch(() => {
    const { slabs, width, stage } = divide(layout, logits[0].BYTES_PER_ELEMENT)
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
  { logits, others = NONE, outputs = NONE, inPlace }: Passengers,
  entries: number,
  stage: number,
): Scratch {
  const room = (array: FloatArray): FloatArray => takeScratch(array, entries)
  const rooms = logits.map(room)
  const shares = inPlace === true && outputs[0] instanceof Float32Array === logits[0] instanceof Float32Array
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
  { logits, mask = null, others = NONE, outputs = NONE }: Passengers,
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
