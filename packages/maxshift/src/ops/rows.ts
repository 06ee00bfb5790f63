/**
 * The rows of an N-dimensional array: which entries form a row, and the one loop that brings them to the kernels.
 *
 * Along an axis, a row-major array is outer × classes × inner, and entry j of row (o, i) lies at (o · classes + j) · inner + i. Kernels
 * want rows in one piece. Where they are (inner = 1, no mask), the arrays go through as they are; elsewhere row-blocks.ts brings them there.
 */
import type { FloatArray } from '../arrays.ts'
import { checkInteger, checkTemperature, describe } from '../check.ts'
import { GRID_TERMS } from '../special/grid.ts'
import { overBlocks } from './row-blocks.ts'

/** How flat logits are divided into rows: by `classes`, or by `shape` and `axis`; without either they are one row. */
export interface LayoutOptions {
  /**
   * Entries per row: logits are rows × classes, row-major. Default: all logits are one row. At most 2^26; rows of more than 2^18 are
   * computed in plain TypeScript, several times slower.
   */
  classes?: number | undefined
  /** Instead of `classes`: the sizes of a row-major array. Their product is the length of the logits; 0 is a size like any other. */
  shape?: readonly number[] | undefined
  /** With `shape`: the axis that rows run along; negative counts from the end. Default: −1, the last. */
  axis?: number | undefined
}

/** What all functions of rows take: how logits are read as rows, and as distributions. */
export interface RowOptions extends LayoutOptions {
  /** One byte per logit; 0 removes the entry from its row, whatever it holds but a NaN. */
  mask?: Uint8Array | undefined
  /** Logits are divided by it; > 0 and finite. Default 1. */
  temperature?: number | undefined
}

/** The names of these options. */
export const ROW_OPTIONS = ['classes', 'shape', 'axis', 'mask', 'temperature'] as const

/** With one of these, results come as arrays, one number per row. */
export type RowsGiven = { classes: number } | { shape: readonly number[] }

/** Without them all logits are one row, and its result is a number. */
export interface OneRow {
  classes?: undefined
  shape?: undefined
}

/** Whether results come as arrays. */
export const hasRows = ({ classes, shape }: LayoutOptions): boolean => classes !== undefined || shape !== undefined

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

/** Checked RowOptions. */
export interface CheckedRows {
  readonly layout: Layout
  readonly mask: Uint8Array | null
  readonly temperature: number
}

/** The rows of `length` logits. */
export function checkRows(who: string, length: number, options: RowOptions): CheckedRows {
  const layout = checkLayout(who, length, options)
  const mask = checkMask(who, options.mask, length)
  return { layout, mask, temperature: checkTemperature(who, options.temperature) }
}

/** Whether rows are in one piece already, and there are any. */
export const isContiguous = ({ outer, classes, inner }: Layout, mask: Uint8Array | null): boolean =>
  inner === 1 && mask === null && outer * classes > 0

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

/**
 * Calls `run` for blocks of consecutive rows that cover the layout; not at all if it has no entries. In one piece, with the arrays of the
 * caller, where rows are contiguous and nothing is masked. A block's inputs are read before its outputs are written, and no other
 * block needs them, so that outputs may be inputs.
 */
export function overRows(layout: Layout, passengers: Passengers, run: (block: RowBlock) => void): void {
  const { outer, classes, inner } = layout
  const { logits, mask = null, others = [], outputs = [], inPlace = false } = passengers
  if (isContiguous(layout, mask)) run({ first: 0, rows: outer, logits, others, outputs })
  else if (outer * classes * inner > 0) overBlocks(layout, { logits, mask, others, outputs, inPlace }, run)
}
