/**
 * The likelihood of labelled rows around a model: its logarithm, score and observed information, in coordinates in which
 * they can be trusted. Against a reference class, with x̃ the features centred and in units of their deviations behind a 1 for the intercept,
 *
 *   log L = Σ_r w_r·log p_r,label        score = Σ_r w_r·(t_r − p_r) ⊗ x̃_r        information = Σ_r w_r·(diag(p_r) − p_r·p_rᵀ) ⊗ x̃_r·x̃_rᵀ
 *
 * with t and p over the other classes. A coefficient (q, i) of class q and column i of x̃ has the place q·width + i. The intercept
 * absorbs the centring, so the maximum stays where it is; without an intercept nothing is centred. p·(1 − p) is taken from
 * p − t of the accurate kernels, which has all digits where p rounds to 1.
 */
import type { FloatArray } from '../arrays.ts'
import type { Features, LinearPass } from '../kernels/kernels.ts'
import { addOffset, LossSum } from '../kernels/row-losses.ts'
import { sameScales } from '../kernels/scales.ts'
import { selectLinearKernels } from '../kernels/select-linear.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import { OuterSums } from './outer-sums.ts'
import type { Pause } from './pause.ts'

/** Rows and the model that they are looked at with. */
export interface LikelihoodSource {
  readonly features: Features
  readonly labels: Int32Array
  readonly weights: Float64Array | undefined
  readonly offset: FloatArray | undefined
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  readonly reference: number
  readonly intercept: boolean
  /** Where the columns are centred, and their units. */
  readonly centres: Float64Array
  readonly units: Float64Array
  readonly modelWeights: Float64Array
  readonly modelIntercepts: Float64Array
  readonly pause: Pause
}

/** Rows that are looked at together. */
const BLOCK_ROWS = 64
/** Columns of the information that are summed in one pass over the rows, as their sums take memory, some 64 MiB of it. */
const PASS_COLUMNS = 2 ** 16

/** A block of rows: what `each` of overBlocks sees. */
interface Block {
  readonly first: number
  readonly count: number
  /** x̃, count × width. */
  readonly columns: Float64Array
  /** p − t, count × classes. */
  readonly residuals: Float64Array
  readonly losses: Float64Array
}

export class Likelihood {
  /** Columns of x̃. */
  readonly width: number
  /** (classes − 1) · width. */
  readonly size: number
  /** The classes but the reference, in order. */
  readonly others: readonly number[]
  private readonly source: LikelihoodSource
  private readonly pass: LinearPass

  constructor(source: LikelihoodSource) {
    this.source = source
    this.width = source.featureCount + (source.intercept ? 1 : 0)
    this.others = Array.from({ length: source.classes }, (_, k) => k).filter((k) => k !== source.reference)
    this.size = this.others.length * this.width
    this.pass = selectLinearKernels().createPass(source.featureCount, source.classes)
  }

  /** log L, the score, Σ_r w_r·x̃_r·x̃_rᵀ, and for each class Σ_r w_r·p_r·(1 − p_r): in how many rows it is in doubt. */
  async score(): Promise<{ logLikelihood: number; score: Float64Array; gram: Float64Array; doubts: Float64Array }> {
    const { width, others } = this
    const { classes } = this.source
    const score = new Float64Array(this.size)
    const doubts = new Float64Array(classes)
    const gram = new OuterSums(width, width)
    const sum = new LossSum()
    const weighted = new Float64Array(BLOCK_ROWS * width)
    await this.overBlocks(({ first, count, columns, residuals, losses }) => {
      for (let r = 0; r < count; r++) {
        const weight = this.weightOf(first + r)
        for (let i = r * width; i < (r + 1) * width; i++) weighted[i] = weight * columns[i]
        if (weight === 0) continue
        sum.add(weight * losses[r])
        for (let k = 0; k < classes; k++) doubts[k] += weight * doubtOf(residuals[r * classes + k])
        for (let q = 0, at = 0; q < others.length; q++) {
          const residual = residuals[r * classes + others[q]]
          for (let i = r * width; i < (r + 1) * width; i++, at++) score[at] -= residual * weighted[i]
        }
      }
      gram.add(weighted, columns, count)
    })
    return { logLikelihood: -sum.value, score, gram: gram.finish(), doubts }
  }

  /** The information, size × size, both triangles. */
  async information(): Promise<Float64Array> {
    const { width, size, others } = this
    const matrix = new Float64Array(size * size)
    for (let from = 0, to = 0; from < others.length; from = to) {
      for (let length = 0; to < others.length && (to === from || length + (to + 1) * width <= PASS_COLUMNS); to++) {
        length += (to + 1) * width
      }
      const sums = Array.from({ length: to - from }, (_, q) => new OuterSums((from + q + 1) * width, width))
      const left = new Float64Array(BLOCK_ROWS * to * width)
      await this.overBlocks((block) => {
        sums.forEach((sum, q) => {
          this.fillInformation(block, from + q, left)
          sum.add(left, block.columns, block.count)
        })
      })
      sums.forEach((sum, q) => {
        copyBlocks(sum.finish(), from + q, width, matrix, size)
      })
    }
    return matrix
  }

  /** left[r, (l, i)] = w·(diag(p) − p·pᵀ)[q, l]·x̃_i for l ≤ q. */
  private fillInformation({ first, count, columns, residuals }: Block, q: number, left: Float64Array): void {
    const { width, others } = this
    const { classes, labels } = this.source
    const probOf = (r: number, l: number): number =>
      residuals[r * classes + others[l]] + (labels[first + r] === others[l] ? 1 : 0)
    for (let r = 0, at = 0; r < count; r++) {
      const weight = this.weightOf(first + r)
      const own = doubtOf(residuals[r * classes + others[q]])
      const prob = probOf(r, q)
      for (let l = 0; l <= q; l++) {
        const factor = weight === 0 ? 0 : weight * (l === q ? own : -prob * probOf(r, l))
        for (let i = r * width; i < (r + 1) * width; i++, at++) left[at] = factor * columns[i]
      }
    }
  }

  /**
   * Σ s·sᵀ over the scores of rows, or of groups of rows, whose scores are added first: size × size. `groups` says which group, below
   * `groupCount`, a row is of.
   */
  async scoreProducts(groups: Int32Array | undefined, groupCount: number): Promise<Float64Array> {
    const { width, size, others } = this
    const { classes } = this.source
    const sums = new OuterSums(size, size)
    const grouped = groups && new Float64Array(groupCount * size)
    const scores = new Float64Array(BLOCK_ROWS * size)
    await this.overBlocks(({ first, count, columns, residuals }) => {
      for (let r = 0; r < count; r++) {
        const weight = this.weightOf(first + r)
        const to = grouped ?? scores
        let at = size * (groups === undefined ? r : groups[first + r])
        if (!grouped) to.fill(0, at, at + size)
        for (let q = 0; q < others.length; q++) {
          const factor = weight === 0 ? 0 : -weight * residuals[r * classes + others[q]]
          for (let i = r * width; i < (r + 1) * width; i++, at++) to[at] += factor * columns[i]
        }
      }
      if (!grouped) sums.add(scores, scores, count)
    })
    if (grouped) sums.add(grouped, grouped, groupCount)
    return sums.finish()
  }

  private weightOf(row: number): number {
    return this.source.weights === undefined ? 1 : this.source.weights[row]
  }

  private async overBlocks(each: (block: Block) => void): Promise<void> {
    const { features, labels, rows, featureCount, classes, modelWeights, modelIntercepts, pause } = this.source
    const columns = new Float64Array(BLOCK_ROWS * this.width)
    const logits = new Float64Array(BLOCK_ROWS * classes)
    const losses = new Float64Array(BLOCK_ROWS)
    const scales = sameScales(BLOCK_ROWS)
    this.pass.setWeights(modelWeights, modelIntercepts)
    for (let first = 0; first < rows; first += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - first)
      const residuals = logits.subarray(0, count * classes)
      this.pass.logits(features, first, count, residuals)
      addOffset(residuals, this.source, first, classes)
      const own = labels.subarray(first, first + count)
      const kernels = selectLossKernels(residuals.length)
      kernels.crossEntropyWithGradient(residuals, own, count, classes, 1, scales, losses, residuals)
      this.fillColumns(features.subarray(first * featureCount, (first + count) * featureCount), count, columns)
      each({ first, count, columns, residuals, losses })
      await pause()
    }
  }

  /** x̃ of `count` rows. */
  private fillColumns(rows: Features, count: number, columns: Float64Array): void {
    const { featureCount, intercept, centres, units } = this.source
    for (let r = 0, i = 0, at = 0; r < count; r++) {
      if (intercept) columns[at++] = 1
      for (let j = 0; j < featureCount; j++, i++) columns[at++] = (rows[i] - centres[j]) / units[j]
    }
  }
}

/** p·(1 − p) from p − t, whose magnitude is p or 1 − p. */
const doubtOf = (residual: number): number => Math.abs(residual) * (1 - Math.abs(residual))

/** Copies the blocks (l, q) for l ≤ q, which are symmetric, to their places on both sides of the diagonal. */
function copyBlocks(blocks: Float64Array, q: number, width: number, matrix: Float64Array, size: number): void {
  for (let l = 0; l <= q; l++) {
    for (let i = 0; i < width; i++) {
      const from = (l * width + i) * width
      for (let j = 0; j < width; j++) {
        matrix[(q * width + i) * size + l * width + j] = blocks[from + j]
        matrix[(l * width + j) * size + q * width + i] = blocks[from + j]
      }
    }
  }
}
