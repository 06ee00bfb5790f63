/**
 * The WebAssembly backends: they bring rows into kernel memory, call the modules, and bring results back.
 *
 * Arrays from `alloc` are used where they are; others are copied through the data area in blocks of rows, small enough to stay
 * in cache between the copy and the kernel. The kernels leave rows without a finite maximum, and log-sum-exps that cancel, to the
 * reference (assembly/rows.ts), which gets them here, so the infinities are decided in one place.
 */
import type { FloatArray } from '../../arrays.ts'
import { dispatch } from '../dispatch.ts'
import {
  complement,
  finishLog,
  logScale,
  logSumExpOrNaN,
  lossOf,
  restoreRow,
  row,
  type Slices,
  shift,
  softmaxWeights,
  type Weights,
} from '../js/double-row.ts'
import { referenceKernels } from '../js/reference.ts'
import type { Kernels } from '../kernels.ts'
import { type Arena, arenaOf, BLOCK_ENTRIES, BLOCK_ROWS, LONGEST_ROW, RECORD } from './arena.ts'
import type { WholeKernels } from './module.ts'

/** A block of rows in kernel memory. */
interface Block {
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
 * Calls `run` for each block of rows. `out` receives `width` results per row; without it, results are no concern of this function.
 */
function overBlocks(
  base: Arena,
  logits: FloatArray,
  rows: number,
  classes: number,
  out: FloatArray | null,
  width: number,
  run: (block: Block) => void,
): void {
  const size = logits.BYTES_PER_ELEMENT
  const home = arenaOf(logits)
  const arena = home ?? base
  const writesInPlace = out !== null && arenaOf(out) === arena
  const copies = home === undefined || (out !== null && !writesInPlace)
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
function flagged({ arena, first, rows }: Block, left: number): number[] {
  if (left === 0) return []
  const found: number[] = []
  const flags = new Uint8Array(arena.memory.buffer, arena.flags, rows)
  for (let r = 0; r < rows; r++) if (flags[r] === 1) found.push(first + r)
  return found
}

/** Backends for float32 in both modes and float64 in fast mode: a whole operation per call. */
function wholeKernels(base: Arena, name: string, kernelsOf: (arena: Arena) => WholeKernels): Kernels {
  type Rows = 'softmax' | 'logSoftmax' | 'logSumExp'
  const apply =
    (operation: Rows) =>
    (logits: FloatArray, rows: number, classes: number, out: FloatArray): void => {
      const width = operation === 'logSumExp' ? 1 : classes
      const left: number[] = []
      overBlocks(base, logits, rows, classes, out, width, (block) => {
        const { arena } = block
        const kernel = kernelsOf(arena)[operation]
        const count = kernel(block.logits, block.rows, classes, block.out, arena.flags, arena.scratch)
        left.push(...flagged(block, count))
      })
      for (const r of left) {
        const row = logits.subarray(r * classes, (r + 1) * classes)
        referenceKernels[operation](row, 1, classes, out.subarray(r * width, (r + 1) * width))
      }
    }
  return {
    name,
    softmax: apply('softmax'),
    logSoftmax: apply('logSoftmax'),
    logSumExp: apply('logSumExp'),
    crossEntropy(logits, labels, rows, classes, losses) {
      const left: number[] = []
      overBlocks(base, logits, rows, classes, null, 0, (block) => {
        const { arena, first } = block
        setLabels(block, labels)
        const kernel = kernelsOf(arena).crossEntropy
        const count = kernel(block.logits, arena.labels, block.rows, classes, arena.losses, arena.flags)
        losses.set(new Float64Array(arena.memory.buffer, arena.losses, block.rows), first)
        left.push(...flagged(block, count))
      })
      for (const r of left) {
        const row = logits.subarray(r * classes, (r + 1) * classes)
        referenceKernels.crossEntropy(row, labels.subarray(r, r + 1), 1, classes, losses.subarray(r, r + 1))
      }
    },
    crossEntropyWithGradient(logits, labels, rows, classes, scaleHi, scaleLo, losses, gradient) {
      const left: number[] = []
      overBlocks(base, logits, rows, classes, gradient, classes, (block) => {
        const { arena, first } = block
        setLabels(block, labels)
        const kernel = kernelsOf(arena).crossEntropyWithGradient
        const count = kernel(
          block.logits,
          arena.labels,
          block.rows,
          classes,
          scaleHi,
          arena.losses,
          block.out,
          arena.flags,
          arena.scratch,
        )
        losses.set(new Float64Array(arena.memory.buffer, arena.losses, block.rows), first)
        left.push(...flagged(block, count))
      })
      for (const r of left) {
        const from = r * classes
        const to = from + classes
        referenceKernels.crossEntropyWithGradient(
          logits.subarray(from, to),
          labels.subarray(r, r + 1),
          1,
          classes,
          scaleHi,
          scaleLo,
          losses.subarray(r, r + 1),
          gradient.subarray(from, to),
        )
      }
    },
  }
}

function setLabels({ arena, first, rows }: Block, labels: Int32Array): void {
  new Int32Array(arena.memory.buffer, arena.labels, rows).set(labels.subarray(first, first + rows))
}

const weights: Weights = { factor: { hi: 0, lo: 0, exponent: 0 }, top: 0 }
const sums: Slices = { slice26: 0, slice52: 0, slice78: 0, slice104: 0 }

/**
 * Calls `each` with the row restored from its sums, its number in the whole, and the addresses of its logits and results; rows
 * without a finite maximum go to `limit` in the end.
 */
function overDoubleRows(
  base: Arena,
  logits: FloatArray,
  rows: number,
  classes: number,
  out: FloatArray | null,
  each: (arena: Arena, r: number, from: number, to: number) => void,
  limit: (r: number) => void,
): void {
  const left: number[] = []
  overBlocks(base, logits, rows, classes, out, classes, (block) => {
    const { arena } = block
    arena.passes.sums_f64(block.logits, block.rows, classes, arena.records)
    const records = new Float64Array(arena.memory.buffer, arena.records, block.rows * RECORD)
    for (let r = 0; r < block.rows; r++) {
      const at = r * RECORD
      if (!Number.isFinite(records[at])) {
        left.push(block.first + r)
        continue
      }
      sums.slice26 = records[at + 2]
      sums.slice52 = records[at + 3]
      sums.slice78 = records[at + 4]
      sums.slice104 = records[at + 5]
      restoreRow(records[at], records[at + 1], sums)
      const offset = r * classes * 8
      each(arena, block.first + r, block.logits + offset, block.out + offset)
    }
  })
  for (const r of left) limit(r)
}

/** Writes a row of weight · softmax with the weights in `weights`. */
function writeSoftmax(arena: Arena, classes: number, from: number, to: number): void {
  const { factor, top } = weights
  arena.passes.softmax_f64(from, classes, to, row.max, shift(), factor.hi, factor.lo, factor.exponent, top)
}

/** The backend for float64 in accurate mode: passes over the entries in WebAssembly, the row in pairs here. */
function doubleKernels(base: Arena): Kernels {
  const sliceOf = (array: FloatArray, r: number, classes: number): FloatArray =>
    array.subarray(r * classes, (r + 1) * classes)
  return {
    name: 'wasm, float64',
    softmax(logits, rows, classes, out) {
      const each = (arena: Arena, _: number, from: number, to: number): void => {
        softmaxWeights(1, 0, weights)
        writeSoftmax(arena, classes, from, to)
      }
      overDoubleRows(base, logits, rows, classes, out, each, (r) =>
        referenceKernels.softmax(sliceOf(logits, r, classes), 1, classes, sliceOf(out, r, classes)),
      )
    },
    logSoftmax(logits, rows, classes, out) {
      const each = (arena: Arena, _: number, from: number, to: number): void => {
        finishLog()
        const scale = logScale()
        const topLoss = lossOf(row.max)
        arena.passes.logSoftmax_f64(from, classes, to, row.max, row.log.hi * scale, row.log.lo * scale, topLoss)
      }
      overDoubleRows(base, logits, rows, classes, out, each, (r) =>
        referenceKernels.logSoftmax(sliceOf(logits, r, classes), 1, classes, sliceOf(out, r, classes)),
      )
    },
    logSumExp(logits, rows, classes, out) {
      const limit = (r: number): void =>
        referenceKernels.logSumExp(sliceOf(logits, r, classes), 1, classes, out.subarray(r, r + 1))
      const cancelled: number[] = []
      const each = (_: Arena, r: number): void => {
        out[r] = logSumExpOrNaN()
        if (Number.isNaN(out[r])) cancelled.push(r)
      }
      overDoubleRows(base, logits, rows, classes, null, each, limit)
      cancelled.forEach(limit)
    },
    crossEntropy(logits, labels, rows, classes, losses) {
      const each = (_: Arena, r: number): void => {
        finishLog()
        losses[r] = lossOf(logits[r * classes + labels[r]])
      }
      overDoubleRows(base, logits, rows, classes, null, each, (r) =>
        referenceKernels.crossEntropy(
          sliceOf(logits, r, classes),
          labels.subarray(r, r + 1),
          1,
          classes,
          losses.subarray(r, r + 1),
        ),
      )
    },
    crossEntropyWithGradient(logits, labels, rows, classes, scaleHi, scaleLo, losses, gradient) {
      const each = (arena: Arena, r: number, from: number, to: number): void => {
        const value = logits[r * classes + labels[r]]
        finishLog()
        losses[r] = lossOf(value)
        const rest = complement(value, scaleHi, scaleLo)
        softmaxWeights(scaleHi, scaleLo, weights)
        writeSoftmax(arena, classes, from, to)
        new Float64Array(arena.memory.buffer, to, classes)[labels[r]] = 0 - rest
      }
      overDoubleRows(base, logits, rows, classes, gradient, each, (r) =>
        referenceKernels.crossEntropyWithGradient(
          sliceOf(logits, r, classes),
          labels.subarray(r, r + 1),
          1,
          classes,
          scaleHi,
          scaleLo,
          losses.subarray(r, r + 1),
          sliceOf(gradient, r, classes),
        ),
      )
    },
  }
}

/** Accurate mode: the bits of the reference, which takes rows that are longer than the areas of an arena. */
export function accurateBackend(base: Arena): Kernels {
  const single = wholeKernels(base, 'wasm, float32', (arena) => arena.accurateSingle)
  const double = doubleKernels(base)
  return dispatch('wasm, accurate', (logits, _, classes) =>
    classes > LONGEST_ROW ? referenceKernels : logits instanceof Float32Array ? single : double,
  )
}

/**
 * Up to this many classes, float32 rows are faster four side by side in accurate mode than one by one in fast mode: at 10 classes
 * 5.0 to 7.0 against 6.1 to 9.0 ns per logit, at 32 classes 5.2 against 2.5.
 */
const FEW_CLASSES = 16

/** Fast mode. */
export function fastBackend(base: Arena): Kernels {
  const few = wholeKernels(base, 'wasm, float32', (arena) => arena.accurateSingle)
  const many = wholeKernels(base, 'wasm, float32, fast', (arena) => arena.fastSingle)
  const double = wholeKernels(base, 'wasm, float64, fast', (arena) => arena.fastDouble)
  return dispatch('wasm, fast', (logits, _, classes) => {
    if (classes > LONGEST_ROW) return referenceKernels
    if (logits instanceof Float64Array) return double
    return classes <= FEW_CLASSES ? few : many
  })
}
