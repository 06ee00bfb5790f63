/**
 * The sweep through sparse rows: losses and their gradient as in sweep.ts, and products of the Hessian of the losses with a matrix,
 *
 *   H·V = Σ_r w_r·m_r·x_r·((diag(p_r) − p_r·p_rᵀ)·Vᵀx_r)ᵀ      m_r: the sum of row r's targets
 *
 * for conjugate gradients. Rows are taken in blocks that fit in memory; a block in groups of rows for the logits, and then in ranges of
 * features for the gradient (sparse-job.ts). Groups depend on the rows alone and are added in their order, and a gradient entry is a sum over
 * the rows in theirs: the result does not depend on who computes what.
 */
import {
  fromMatrix,
  type Precision,
  SparsePass,
  type SparseShape,
  sparseBytes,
  toMatrix,
  valueSizeOf,
  widthOf,
} from '../kernels/sparse-pass.ts'
import { allocateSparse, openSparse } from '../kernels/wasm/sparse-module.ts'
import type { CsrFeatures, Dataset } from './data.ts'
import type { Pause } from './pause.ts'
import { canShare, createNumbers, shareRowData } from './share.ts'
import { COUNT, FIRST, FRESH, SPARSE_STAGES, type SparseJob } from './sparse-job.ts'
import type { Sweep } from './sweep.ts'
import { Team } from './team.ts'
import { availableCores } from './thread.ts'

/** A data set of sparse rows. */
export interface SparseDataset extends Dataset {
  readonly features: CsrFeatures
}

/** What a block of rows may take in memory, with its logits. */
const BLOCK_BYTES = 64 * 2 ** 20
/** Rows of a group: at least so many, and so many groups in a block at most. */
const GROUP_ROWS = 256
const GROUPS_MOST = 2048
/** Ranges of features: few, because each looks at all rows. */
const RANGES = 4
/** A sweep with fewer products of a value with a weight is not worth another thread. */
const SHARED_PRODUCTS = 2 ** 22

export class SparseSweep implements Sweep {
  readonly width: number
  /** Values and gradients are always of float64. */
  precision: Precision = 'f64'
  private readonly data: SparseDataset
  private readonly pause: Pause
  private readonly cuts: readonly number[]
  private readonly job: SparseJob
  private readonly pass: SparsePass
  private readonly team: Team
  private loaded = -1

  /**
   * By at most so many threads, the calling one among them. The weights of the rows may be changed between two sweeps, where there are
   * any. `blockBytes` is for tests.
   */
  constructor(data: SparseDataset, pause: Pause, threads: number = availableCores(), blockBytes: number = BLOCK_BYTES) {
    const cuts = cutBlocks(data, blockBytes)
    const shape = shapeOf(data, cuts)
    const products = data.features.values.length * data.classes
    const others = canShare() && products >= SHARED_PRODUCTS ? Math.min(threads, RANGES) - 1 : 0
    const shared = others > 0
    const memory = allocateSparse(sparseBytes(shape), shared)
    const groupRows = Math.max(GROUP_ROWS, Math.ceil(shape.rows / GROUPS_MOST))
    const width = widthOf(data.classes)
    this.data = data
    this.pause = pause
    this.cuts = cuts
    this.width = width
    this.pass = new SparsePass(shape, openSparse(memory))
    this.job = {
      kind: 'sparse',
      shape,
      memory,
      rowData: shared ? shareRowData(data, data.rows, data.classes) : data,
      groupRows,
      probs: new Float32Array(createNumbers(Math.ceil((data.rows * data.classes) / 2), shared).buffer),
      results: createNumbers(Math.ceil(shape.rows / groupRows) * (1 + width), shared),
      state: new Int32Array(createNumbers(2, shared).buffer),
    }
    this.team = new Team(this.job, shared ? this.job : undefined, others)
  }

  get threads(): number {
    return this.team.size
  }

  /** The matrix from which `differentiate` and `multiply` take their weights: featureCount + 1 rows, the last for intercepts. */
  weights(precision: Precision): Float32Array | Float64Array {
    return this.pass.weights[precision]
  }

  /** Where their results are, until the next call. */
  gradient(precision: Precision): Float32Array | Float64Array {
    return this.pass.gradient[precision]
  }

  /** Returns Σ_r w_r·loss_r for the float64 weights, whose gradient is then in `gradient`. */
  differentiate(): Promise<number> {
    return this.overBlocks('f64', SPARSE_STAGES.differentiate)
  }

  /** Puts H·V into `gradient`, with V in `weights` and H at the place of the last `differentiate`. */
  async multiply(precision: Precision): Promise<void> {
    await this.overBlocks(precision, precision === 'f32' ? SPARSE_STAGES.multiplyF32 : SPARSE_STAGES.multiplyF64)
  }

  async evaluate(
    weights: Float64Array,
    intercepts: Float64Array,
    weightsGradient: Float64Array,
    interceptsGradient: Float64Array,
  ): Promise<number> {
    const { pass, data } = this
    toMatrix(weights, intercepts, data.classes, pass.weights.f64)
    const loss = await this.differentiate()
    fromMatrix(pass.gradient.f64, data.classes, weightsGradient, interceptsGradient)
    return loss
  }

  close(): Promise<void> {
    return this.team.close()
  }

  /** One pass over all rows; returns the sum of the losses of the groups. */
  private async overBlocks(precision: Precision, stage: number): Promise<number> {
    const { pass, cuts, width, job, team, pause, data } = this
    const { state, results, groupRows, rowData } = job
    if (data.weights && rowData.weights !== data.weights) rowData.weights?.set(data.weights)
    const intercepts = new Float64Array(width)
    const collect = precision === 'f32' ? SPARSE_STAGES.collectF32 : SPARSE_STAGES.collectF64
    let loss = 0
    for (let b = 0; b + 1 < cuts.length; b++) {
      state[FIRST] = cuts[b]
      state[COUNT] = cuts[b + 1] - cuts[b]
      state[FRESH] = Number(b === 0)
      if (this.loaded !== b) pass.load(this.data.features, state[FIRST], state[COUNT])
      this.loaded = b
      const groups = Math.ceil(state[COUNT] / groupRows)
      await team.run(stage, groups, groups, pause)
      for (let g = 0, i = 0; g < groups; g++) {
        loss += results[i++]
        for (let k = 0; k < width; k++, i++) intercepts[k] += results[i]
      }
      await team.run(collect, RANGES, RANGES, pause)
    }
    const gradient = pass.gradient[precision]
    gradient.set(intercepts, gradient.length - width)
    return loss
  }
}

/** The first rows of the blocks, and behind them the number of rows. */
function cutBlocks({ features, rows, classes }: SparseDataset, budget: number): number[] {
  const { indptr, values } = features
  const entryBytes = 4 + valueSizeOf(values)
  const rowBytes = widthOf(classes) * 8 + (RANGES + 1) * 4
  const cuts = [0]
  let first = 0
  for (let r = 1; r <= rows; r++) {
    const bytes = (indptr[r] - indptr[first]) * entryBytes + (r - first) * rowBytes
    if (bytes > budget && r - 1 > first) {
      first = r - 1
      cuts.push(first)
    }
  }
  cuts.push(rows)
  return cuts
}

function shapeOf({ features, featureCount, classes }: SparseDataset, cuts: readonly number[]): SparseShape {
  const { indptr, values } = features
  let rows = 0
  let entries = 0
  for (let b = 0; b + 1 < cuts.length; b++) {
    rows = Math.max(rows, cuts[b + 1] - cuts[b])
    entries = Math.max(entries, indptr[cuts[b + 1]] - indptr[cuts[b]])
  }
  return { featureCount, classes, rows, entries, valueSize: valueSizeOf(values), ranges: RANGES }
}
