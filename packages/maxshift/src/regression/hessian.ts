/**
 * The Hessian of the objective over a sample of rows, in differences of classes to a reference: the exact one where the sample is all
 * rows. With x̃ = (x − μ)/D behind a 1 for the intercept, and w what a row counts,
 *
 *   H = mass·Σ_r w_r·(diag(p_r) − p_r·p_rᵀ) ⊗ x̃_r·x̃_rᵀ / Σ_r w_r + (I − 1·1ᵀ/classes) ⊗ diag(l2/D²)
 *
 * over the classes but the reference. A coefficient of class q, among those, and column i of x̃ has the place q·width + i. D and
 * the reference are chosen here: D² = β·spread² + l2 with the mean β of p·(1 − p), and the class with the most p·(1 − p),
 * so that no direction gets lost in rounding. Weights sum to 0 over the classes, where the penalty is least.
 *
 * It is a metric for the optimiser (full-coordinates.ts): p·(1 − p) may cancel, other than in information.ts, and shares that are next to
 * nothing are left out. A row that is in no doubt between two classes costs nothing for them.
 */
import type { LogitsPass } from '../kernels/kernels.ts'
import type { Sample } from './correlation.ts'
import { type CurvatureSource, hypotenuse, LEAST_TRACE, overProbabilities, spreadsOf } from './curvature.ts'
import { isSparse } from './data.ts'
import { sum } from './row-weights.ts'

export interface Hessian {
  /** (classes − 1) · width, square of that, row-major; the lower triangle. */
  readonly matrix: Float64Array
  /** The class that the others are compared with. */
  readonly reference: number
  /** μ; 0 without an intercept. */
  readonly means: Float64Array
  /** D; infinite for a feature that tells nothing. */
  readonly scales: Float64Array
}

/** Rows whose products are added in one go. */
const GROUP = 4
/**
 * Shares of a row below this are left out. What is left of diag(p) − p·pᵀ still has a dominant diagonal: p_q·p_l is not above p_q·(1 − p_q).
 */
const LEAST_SHARE = 2 ** -24

/** H of dense features where the pass is given the weights; undefined where the sample is certain of every row. */
export async function sampleHessian(
  source: CurvatureSource,
  pass: LogitsPass,
  sample: Sample,
  l2: Float64Array,
): Promise<Hessian | undefined> {
  const { features, classes, columns, intercept, mass = 1, pause } = source
  if (isSparse(features)) return undefined
  const probs = new Float64Array(sample.rows.length * classes)
  await overProbabilities(source, pass, sample.rows, (first, _, own) => probs.set(own, first * classes))
  const factor = mass / sum(sample.weights)
  const doubts = new Float64Array(classes)
  for (let r = 0, i = 0; r < sample.rows.length; r++) {
    for (let k = 0; k < classes; k++, i++) doubts[k] += factor * sample.weights[r] * probs[i] * (1 - probs[i])
  }
  if (!(sum(doubts) > LEAST_TRACE * mass)) return undefined
  const reference = doubts.indexOf(doubts.reduce((a, b) => Math.max(a, b), 0))
  const root = Math.sqrt(sum(doubts) / classes)
  const size = columns.means.length
  const means = intercept ? columns.means : new Float64Array(size)
  const scales = spreadsOf(columns, intercept).map((spread, j) => hypotenuse(root * spread, Math.sqrt(l2[j])))

  const first = intercept ? 1 : 0
  const row = new Float64Array(first + size).fill(1)
  const blocks = new ClassBlocks(classes, reference, row.length)
  for (let r = 0; r < sample.rows.length; r++) {
    for (let j = 0, i = sample.rows[r] * size; j < size; j++, i++) row[first + j] = (features[i] - means[j]) / scales[j]
    blocks.add(row, probs.subarray(r * classes, (r + 1) * classes), factor * sample.weights[r])
    if (r % 4096 === 0) await pause()
  }
  const ridge = new Float64Array(row.length)
  for (let j = 0; j < size; j++) ridge[first + j] = l2[j] / scales[j] / scales[j]
  return { matrix: blocks.assemble(ridge), reference, means, scales }
}

/** Σ c_ql·x̃·x̃ᵀ for all pairs l ≤ q of classes but the reference, each the lower triangle of a symmetric matrix, packed row by row. */
class ClassBlocks {
  private readonly classes: number
  private readonly width: number
  private readonly others: readonly number[]
  private readonly triangle: number
  private readonly blocks: Float64Array
  /** Of the rows that wait: x̃·x̃ᵀ and, for each pair, c. */
  private readonly products: Float64Array
  private readonly shares: Float64Array
  private waiting = 0

  constructor(classes: number, reference: number, width: number) {
    this.classes = classes
    this.width = width
    this.others = Array.from({ length: classes }, (_, k) => k).filter((k) => k !== reference)
    const pairs = (classes * (classes - 1)) / 2
    this.triangle = (width * (width + 1)) / 2
    this.blocks = new Float64Array(pairs * this.triangle)
    this.products = new Float64Array(GROUP * this.triangle)
    this.shares = new Float64Array(GROUP * pairs)
  }

  add(row: Float64Array, probs: Float64Array, weight: number): void {
    const { width, others, products, shares, triangle } = this
    for (let i = 0, at = this.waiting * triangle; i < width; i++) {
      for (let j = 0; j <= i; j++) products[at++] = row[i] * row[j]
    }
    for (let q = 0, at = this.waiting; q < others.length; q++) {
      const own = probs[others[q]]
      for (let l = 0; l <= q; l++, at += GROUP) {
        const share = l === q ? own * (1 - own) : -own * probs[others[l]]
        shares[at] = Math.abs(share) < LEAST_SHARE ? 0 : weight * share
      }
    }
    if (++this.waiting === GROUP) this.flush()
  }

  /** Adds the rows that wait. */
  private flush(): void {
    const { blocks, products, shares, triangle } = this
    const [b, c, d] = [triangle, 2 * triangle, 3 * triangle]
    for (let at = 0, to = 0; at < shares.length; at += GROUP, to += triangle) {
      const s0 = shares[at]
      const s1 = shares[at + 1]
      const s2 = shares[at + 2]
      const s3 = shares[at + 3]
      if (s0 === 0 && s1 === 0 && s2 === 0 && s3 === 0) continue
      for (let i = 0; i < triangle; i++) {
        blocks[to + i] += s0 * products[i] + s1 * products[b + i] + (s2 * products[c + i] + s3 * products[d + i])
      }
    }
    shares.fill(0)
    this.waiting = 0
  }

  /** The whole matrix, with (I − 1·1ᵀ/classes) ⊗ diag(ridge); 1 on the diagonal of columns of zeros. */
  assemble(ridge: Float64Array): Float64Array {
    this.flush()
    const { blocks, others, width, classes } = this
    const length = others.length * width
    const matrix = new Float64Array(length * length)
    for (let q = 0, at = 0; q < others.length; q++) {
      for (let l = 0; l <= q; l++) {
        const share = (l === q ? 1 : 0) - 1 / classes
        for (let i = 0; i < width; i++) {
          for (let j = 0; j <= i; j++, at++) {
            matrix[(q * width + i) * length + l * width + j] = blocks[at]
            matrix[(q * width + j) * length + l * width + i] = blocks[at]
          }
          matrix[(q * width + i) * length + l * width + i] += share * ridge[i]
        }
      }
    }
    for (let i = 0; i < matrix.length; i += length + 1) if (matrix[i] === 0) matrix[i] = 1
    return matrix
  }
}
