/**
 * The sweep through sparse rows as a job for threads over one memory (job.ts). Of the block of rows that is there, a chunk is a group of
 * rows, whose logits become the gradient of what is asked for with respect to them, or a range of features, whose gradients collect that of
 * all rows:
 *
 *   differentiate   logits → w·m·p − w·t, the gradient of w·loss; p is kept for `multiply`
 *   multiply        directions z in the logits → w·m·(diag(p) − p·pᵀ)·z
 *
 * with weight w, targets t and their sum m, 1 for a label. Losses and the gradient of the intercepts are added up by groups.
 */
import type { FloatArray } from '../arrays.ts'
import type { RowData } from '../kernels/kernels.ts'
import { LossSum, RowLosses } from '../kernels/row-losses.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import { type Precision, SparsePass, type SparseShape } from '../kernels/sparse-pass.ts'
import { openSparse, type SparseHandle } from '../kernels/wasm/sparse-module.ts'
import type { Runner } from './job.ts'

export const SPARSE_STAGES = { differentiate: 0, multiplyF32: 1, multiplyF64: 2, collectF32: 3, collectF64: 4 } as const

/** Places in the state: the first row of the block, its number of rows, and 1 for the first block of a sweep, else 0. */
export const FIRST = 0
export const COUNT = 1
export const FRESH = 2

export interface SparseJob {
  readonly kind: 'sparse'
  readonly shape: SparseShape
  readonly memory: SparseHandle
  readonly rowData: RowData
  /** Rows of a group. */
  readonly groupRows: number
  /** Of all rows, rows × classes, as of the last differentiation; float32 is enough for a Hessian. */
  readonly probs: Float32Array
  /** For each group of the block the loss, and the gradient of the intercepts with zeros behind. */
  readonly results: Float64Array
  readonly state: Int32Array
}

export function createSparseRunner(job: SparseJob): Runner {
  const pass = new SparsePass(job.shape, openSparse(job.memory))
  const group = new Group(job, pass)
  const { state } = job
  const collect = (precision: Precision, range: number): void => {
    if (state[FRESH] === 1) pass.clearGradient(precision, range)
    pass.addGradient(precision, state[COUNT], range)
  }
  return {
    *run(stage, chunk) {
      if (stage === SPARSE_STAGES.differentiate) group.differentiate(chunk)
      else if (stage === SPARSE_STAGES.multiplyF32) group.multiply('f32', chunk)
      else if (stage === SPARSE_STAGES.multiplyF64) group.multiply('f64', chunk)
      else collect(stage === SPARSE_STAGES.collectF32 ? 'f32' : 'f64', chunk)
      yield
    },
  }
}

/** What happens to a group of rows. */
class Group {
  private readonly job: SparseJob
  private readonly pass: SparsePass
  private readonly losses: RowLosses
  /** The logits of a group without the zeros between rows. */
  private readonly dense: Float64Array

  constructor(job: SparseJob, pass: SparsePass) {
    const { groupRows, shape } = job
    this.job = job
    this.pass = pass
    this.losses = new RowLosses(groupRows, shape.classes)
    this.dense = new Float64Array(groupRows * shape.classes)
  }

  differentiate(chunk: number): void {
    const { job, pass } = this
    const { classes } = job.shape
    const { width } = pass
    const { first, rows, logits } = this.open('f64', chunk)
    const dense = this.dense.subarray(0, rows * classes)
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < classes; k++) dense[r * classes + k] = logits[r * width + k]
    }
    const sum = new LossSum()
    this.losses.apply(selectLossKernels(dense.length), dense, job.rowData, first, rows, sum)
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < classes; k++) logits[r * width + k] = dense[r * classes + k]
      this.keepProbs(dense, r * classes, first + r)
    }
    this.finish(chunk, logits, sum.value)
  }

  /** Differences are taken from the place of the largest probability, so that nothing cancels where a row is certain. */
  multiply(precision: Precision, chunk: number): void {
    const { probs, shape } = this.job
    const { classes } = shape
    const { width } = this.pass
    const { first, rows, logits } = this.open(precision, chunk)
    for (let r = 0; r < rows; r++) {
      const z = r * width
      const p = (first + r) * classes
      let top = 0
      for (let k = 1; k < classes; k++) if (probs[p + k] > probs[p + top]) top = k
      const origin = logits[z + top]
      let mean = 0
      for (let k = 0; k < classes; k++) mean += probs[p + k] * (logits[z + k] - origin)
      const mass = this.weightOf(first + r) * this.massOf(first + r)
      let others = 0
      for (let k = 0; k < classes; k++) {
        if (k === top) continue
        const product = mass * probs[p + k] * (logits[z + k] - origin - mean)
        others += product
        logits[z + k] = product
      }
      logits[z + top] = -others
    }
    this.finish(chunk, logits, 0)
  }

  /** Computes the logits of a group. */
  private open(precision: Precision, chunk: number): { first: number; rows: number; logits: FloatArray } {
    const { job, pass } = this
    const { groupRows, state } = job
    const begin = chunk * groupRows
    const rows = Math.min(groupRows, state[COUNT] - begin)
    pass.computeLogits(precision, begin, rows)
    const logits = pass.logits[precision].subarray(begin * pass.width, (begin + rows) * pass.width)
    return { first: state[FIRST] + begin, rows, logits }
  }

  /** Notes the loss of a group and the sums of the gradients of its logits. */
  private finish(chunk: number, gradients: FloatArray, loss: number): void {
    const { width } = this.pass
    const begin = chunk * (1 + width)
    const result = this.job.results.subarray(begin, begin + 1 + width)
    result.fill(0)
    result[0] = loss
    for (let i = 0; i < gradients.length; i += width) for (let k = 0; k < width; k++) result[1 + k] += gradients[i + k]
  }

  /** The probabilities of a row, from the gradient of its loss: p = (gradient + w·t) / (w·m). */
  private keepProbs(gradient: Float64Array, begin: number, row: number): void {
    const { probs, rowData, shape } = this.job
    const { classes } = shape
    const { labels, targets } = rowData
    const weight = this.weightOf(row)
    const mass = weight * this.massOf(row)
    for (let k = 0, i = row * classes; k < classes; k++, i++) {
      const target = targets ? targets[i] : k === labels?.[row] ? 1 : 0
      probs[i] = mass > 0 ? (gradient[begin + k] + weight * target) / mass : 0
    }
  }

  private weightOf(row: number): number {
    const { weights } = this.job.rowData
    return weights ? weights[row] : 1
  }

  /** The sum of a row's targets. */
  private massOf(row: number): number {
    const { classes } = this.job.shape
    const { targets } = this.job.rowData
    if (!targets) return 1
    let sum = 0
    for (let i = row * classes; i < (row + 1) * classes; i++) sum += targets[i]
    return sum
  }
}
