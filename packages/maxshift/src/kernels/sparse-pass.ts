/**
 * The pass over sparse rows, block by block: logits = X·W + b with one row of W for each feature, and the gradient of W from that of the
 * logits. What follows (the products' header says why) is that a block may be cut into any groups of rows for the logits, and any
 * ranges of features for the gradient, without a change of a bit.
 *
 * Everything lies in one memory, which threads may share: the matrices, and of the data one block, in the types it has. Matrices
 * have a last row for the intercepts, and rows of `width` numbers: the classes and zeros up to a multiple of four.
 */
import type { FloatArray } from '../arrays.ts'
import type { Features, SparseRows } from './kernels.ts'
import type { SparseMemory } from './sparse-products.ts'

/** The type of the arithmetic: that of the weights, the logits and the gradient. */
export type Precision = 'f32' | 'f64'

export interface SparseShape {
  readonly featureCount: number
  readonly classes: number
  /** The most rows of a block, and the most entries in them. */
  readonly rows: number
  readonly entries: number
  /** Of the values: float64, or float32, which holds bytes too. */
  readonly valueSize: 4 | 8
  /** Whether gradients will be asked for, and in how many ranges of features. */
  readonly ranges: number
}

const LINE = 64
const roundUp = (x: number, step: number): number => Math.ceil(x / step) * step

/** Numbers from row to row of the matrices. */
export const widthOf = (classes: number): number => roundUp(classes, 4)

/** What values take in the memory of a pass. */
export const valueSizeOf = (values: Features): 4 | 8 => (values instanceof Float64Array ? 8 : 4)

/** Addresses of the areas, and the end of the last. */
function layOut({ featureCount, classes, rows, entries, valueSize, ranges }: SparseShape) {
  let end = LINE
  const area = (bytes: number): number => {
    const start = end
    end += roundUp(bytes, LINE)
    return start
  }
  const width = widthOf(classes)
  const matrix = (featureCount + 1) * width * 8
  return {
    weights: area(matrix),
    gradient: area(ranges > 0 ? matrix : 0),
    logits: area(rows * width * 8),
    /** For each border between ranges of features, the place in each row where it lies. */
    borders: area((ranges > 0 ? ranges + 1 : 2) * rows * 4),
    indices: area(entries * 4),
    values: area(entries * valueSize),
    end,
  }
}

/** Bytes of memory that a pass of this shape needs. */
export const sparseBytes = (shape: SparseShape): number => layOut(shape).end

/** An area as numbers of both types: one of them is in use. */
export interface Area {
  readonly f32: Float32Array
  readonly f64: Float64Array
}

export class SparsePass {
  readonly width: number
  /** The matrix of the weights, intercepts last. */
  readonly weights: Area
  /** That of the gradient, whose last row is left to the caller; empty for a shape without ranges. */
  readonly gradient: Area
  /** The logits of the block, `width` numbers a row, or what was made of them. */
  readonly logits: Area
  private readonly shape: SparseShape
  private readonly at: ReturnType<typeof layOut>
  private readonly memory: SparseMemory

  constructor(shape: SparseShape, memory: SparseMemory) {
    const at = layOut(shape)
    const width = widthOf(shape.classes)
    const numbers = (address: number, length: number): Area => ({
      f32: new Float32Array(memory.buffer, address, length),
      f64: new Float64Array(memory.buffer, address, length),
    })
    this.shape = shape
    this.at = at
    this.memory = memory
    this.width = width
    this.weights = numbers(at.weights, (shape.featureCount + 1) * width)
    this.gradient = numbers(at.gradient, shape.ranges > 0 ? (shape.featureCount + 1) * width : 0)
    this.logits = numbers(at.logits, shape.rows * width)
  }

  /** Takes `rows` rows from row `first` as the block. */
  load({ indptr, indices, values }: SparseRows, first: number, rows: number): void {
    const { at, shape } = this
    const { buffer } = this.memory
    const begin = indptr[first]
    const end = indptr[first + rows]
    const places = new Int32Array(buffer, at.indices, end - begin)
    places.set(indices.subarray(begin, end))
    const part = values.subarray(begin, end)
    if (shape.valueSize === 8) new Float64Array(buffer, at.values, end - begin).set(part)
    else new Float32Array(buffer, at.values, end - begin).set(part)
    const borders = new Int32Array(buffer, at.borders)
    const last = Math.max(1, shape.ranges)
    for (let r = 0; r < rows; r++) {
      const rowEnd = indptr[first + r + 1] - begin
      let place = indptr[first + r] - begin
      borders[r] = place
      for (let c = 1; c < last; c++) {
        place = lowerBound(places, place, rowEnd, this.border(c))
        borders[c * shape.rows + r] = place
      }
      borders[last * shape.rows + r] = rowEnd
    }
  }

  /** Fills the logits of `rows` rows of the block from row `first` of it. */
  computeLogits(precision: Precision, first: number, rows: number): void {
    const { at, shape, width } = this
    const logits = this.logits[precision]
    const start = shape.featureCount * width
    const intercepts = this.weights[precision].subarray(start, start + width)
    for (let r = first; r < first + rows; r++) logits.set(intercepts, r * width)
    const stride = width * logits.BYTES_PER_ELEMENT
    const begins = at.borders + first * 4
    const ends = begins + Math.max(1, shape.ranges) * shape.rows * 4
    const gather = this.kernel('gather', precision)
    gather(begins, ends, rows, at.indices, at.values, at.weights, stride, at.logits + first * stride)
  }

  /** Fills a range of the gradient's rows with zeros. */
  clearGradient(precision: Precision, range: number): void {
    const { width } = this
    this.gradient[precision].fill(0, this.border(range) * width, this.border(range + 1) * width)
  }

  /** Adds to a range of the gradient what the first `rows` rows of the block add, whose logits have become their gradient. */
  addGradient(precision: Precision, rows: number, range: number): void {
    const { at, shape, width } = this
    const stride = width * this.logits[precision].BYTES_PER_ELEMENT
    const begins = at.borders + range * shape.rows * 4
    const ends = begins + shape.rows * 4
    const scatter = this.kernel('scatter', precision)
    scatter(begins, ends, rows, at.indices, at.values, at.logits, stride, at.gradient)
  }

  /** The first feature of a range. */
  private border(range: number): number {
    return Math.floor((range * this.shape.featureCount) / this.shape.ranges)
  }

  private kernel(operation: 'gather' | 'scatter', precision: Precision) {
    const values = this.shape.valueSize === 8 ? 'f64' : 'f32'
    return this.memory.kernels[`${operation}Rows_${values}_${precision}`]
  }
}

/** The first place from `begin` on, and at most `end`, whose number is not below `least`; numbers ascend. */
function lowerBound(numbers: Int32Array, begin: number, end: number, least: number): number {
  let low = begin
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle] < least) low = middle + 1
    else high = middle
  }
  return low
}

/** Weights (classes × features) and intercepts to a matrix. */
export function toMatrix(weights: FloatArray, intercepts: ArrayLike<number>, classes: number, out: FloatArray): void {
  const featureCount = weights.length / classes
  const width = widthOf(classes)
  for (let k = 0; k < classes; k++) {
    for (let j = 0, i = k * featureCount, to = k; j < featureCount; j++, i++, to += width) out[to] = weights[i]
    out[featureCount * width + k] = intercepts[k]
  }
}

/** The inverse of toMatrix. */
export function fromMatrix(matrix: FloatArray, classes: number, weights: FloatArray, intercepts: Float64Array): void {
  const featureCount = weights.length / classes
  const width = widthOf(classes)
  for (let k = 0; k < classes; k++) {
    for (let j = 0, i = k * featureCount, from = k; j < featureCount; j++, i++, from += width) weights[i] = matrix[from]
    intercepts[k] = matrix[featureCount * width + k]
  }
}
