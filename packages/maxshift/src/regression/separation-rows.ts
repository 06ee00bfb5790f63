/**
 * The training rows as constraints on a direction (V, c) in which the weights and intercepts might grow without end: in every row the
 * logit of the own class must not fall against any other,
 *
 *   (V_own − V_k)·x + c_own − c_k ≥ 0 for every other class k
 *
 * with equality where the target of the row has a share of class k too. If a direction meets them all, and one of them strictly, the
 * loss falls along it for ever and no finite weights are optimal; otherwise an optimum exists (Albert & Anderson, Biometrika 71, 1984).
 *
 * Rows are centred, scaled and of length 1 here, so that all normals of the constraints have the same length, √2, and what is nearly 0 has
 * a meaning.
 */
import { type Dataset, isSparse } from './data.ts'
import type { Pause } from './pause.ts'

/** How features count: x_j as (x_j − mean_j)/spread_j, for the columns listed; and an entry of 1 with an intercept. */
export interface Scaling {
  readonly columns: Int32Array
  readonly means: Float64Array
  readonly spreads: Float64Array
  readonly intercept: boolean
}

/** Multiplications between two pauses. */
const BLOCK_PRODUCTS = 8_388_608
/** Constraints told of at once. */
const BATCH = 32

export class SeparationRows {
  /** Rows that count, and their entries. */
  readonly count: number
  readonly width: number
  readonly classes: number
  /** The own class of each: the first with a share of the target. */
  readonly owners: Int32Array
  private readonly entries: Float64Array
  /** rows × classes where targets are distributions: whether a class has a share. */
  private readonly shares: Uint8Array | undefined
  private readonly pause: Pause

  constructor(data: Dataset, scaling: Scaling, pause: Pause) {
    const { classes, labels, targets, weights, rows } = data
    const hasShare = (r: number, k: number): boolean => (targets ? targets[r * classes + k] > 0 : labels?.[r] === k)
    const owner = (r: number): number => {
      for (let k = 0; k < classes; k++) if (hasShare(r, k)) return k
      return -1
    }
    const counting: number[] = []
    for (let r = 0; r < rows; r++) if (weights?.[r] !== 0 && owner(r) >= 0) counting.push(r)
    this.pause = pause
    this.classes = classes
    this.count = counting.length
    this.width = scaling.columns.length + (scaling.intercept ? 1 : 0)
    this.owners = Int32Array.from(counting, owner)
    this.entries = scaleRows(data, counting, scaling, this.width)
    this.shares =
      targets &&
      Uint8Array.from({ length: this.count * classes }, (_, i) =>
        Number(hasShare(counting[Math.floor(i / classes)], i % classes)),
      )
  }

  /** Whether class k has a share of row r, which its own class must neither gain on nor lose to. */
  isTied(r: number, k: number): boolean {
    return this.shares !== undefined && this.shares[r * this.classes + k] === 1
  }

  /** Calls `each` for every row and every class but its own with how far the own class gains on it in this direction, classes × width. */
  async margins(direction: Float64Array, each: (r: number, k: number, margin: number) => void): Promise<void> {
    const { count, width, classes, owners, entries } = this
    const gains = new Float64Array(classes)
    const block = Math.max(1, Math.floor(BLOCK_PRODUCTS / (width * classes)))
    for (let r = 0; r < count; r++) {
      for (let k = 0, i = 0; k < classes; k++) {
        let sum = 0
        for (let j = 0, p = r * width; j < width; j++, p++, i++) sum += direction[i] * entries[p]
        gains[k] = sum
      }
      const own = owners[r]
      for (let k = 0; k < classes; k++) if (k !== own) each(r, k, gains[own] - gains[k])
      if (r % block === block - 1) await this.pause()
    }
  }

  /** direction += factor · the normal of the constraint of row r and class k. */
  addNormal(direction: Float64Array, r: number, k: number, factor: number): void {
    const { width, owners, entries } = this
    const own = owners[r] * width
    for (let j = 0, p = r * width; j < width; j++, p++) {
      direction[own + j] += factor * entries[p]
      direction[k * width + j] -= factor * entries[p]
    }
  }

  /** Normals of length 1 of the constraints that the direction violates by more than the tolerance times its length: the worst of them. */
  async violated(direction: Float64Array, tolerance: number): Promise<Float64Array[]> {
    const least = tolerance * Math.SQRT2 * lengthOf(direction)
    const found: { r: number; k: number; margin: number }[] = []
    // Of each row the worst.
    await this.margins(direction, (r, k, margin) => {
      const violation = this.isTied(r, k) ? -Math.abs(margin) : margin
      if (!(violation < -least)) return
      const last = found[found.length - 1]
      if (last === undefined || last.r !== r) found.push({ r, k, margin })
      else if (violation < -Math.abs(last.margin)) Object.assign(last, { k, margin })
    })
    found.sort((a, b) => Math.abs(b.margin) - Math.abs(a.margin) || a.r - b.r)
    return found.slice(0, BATCH).map(({ r, k, margin }) => {
      const normal = new Float64Array(direction.length)
      this.addNormal(normal, r, k, -Math.sign(margin) * Math.SQRT1_2)
      return normal
    })
  }
}

export const lengthOf = (vector: Float64Array): number => Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0))

/** Rows of length 1; of length 0 where all features are at their means and there is no intercept. */
function scaleRows(
  { features, featureCount }: Dataset,
  rows: readonly number[],
  { columns, means, spreads, intercept }: Scaling,
  width: number,
): Float64Array {
  const entries = new Float64Array(rows.length * width)
  const dense = new Float64Array(featureCount)
  rows.forEach((r, at) => {
    if (isSparse(features)) {
      dense.fill(0)
      for (let i = features.indptr[r]; i < features.indptr[r + 1]; i++) dense[features.indices[i]] = features.values[i]
    } else {
      dense.set(features.subarray(r * featureCount, (r + 1) * featureCount))
    }
    const row = entries.subarray(at * width, (at + 1) * width)
    for (let j = 0; j < columns.length; j++) row[j] = (dense[columns[j]] - means[j]) / spreads[j]
    if (intercept) row[columns.length] = 1
    const length = lengthOf(row)
    if (length > 0) for (let j = 0; j < width; j++) row[j] /= length
  })
  return entries
}
