/**
 * From the logits of some rows to their losses and the gradient of these, in place: the offset is added, labels or targets say what
 * a row is compared with, and weights how much it counts. A row of weight 0 has no part in anything, whatever it holds.
 */
import type { FloatArray } from '../arrays.ts'
import type { Kernels, RowData } from './kernels.ts'
import { sameScales } from './scales.ts'

type RowKernels = Pick<Kernels, 'crossEntropyWithGradient' | 'softCrossEntropyWithGradient'>

/** A sum that knows what its additions rounded away (Neumaier, ZAMM 54 (1974) 39). */
export class LossSum {
  private sum = 0
  private lost = 0

  add(term: number): void {
    const sum = this.sum + term
    // Once infinite it stays so: ∞ − ∞ has nothing to tell.
    if (sum - sum === 0)
      this.lost += Math.abs(this.sum) >= Math.abs(term) ? this.sum - sum + term : term - sum + this.sum
    this.sum = sum
  }

  get value(): number {
    return this.sum + this.lost
  }
}

/** Scratch for up to `most` rows of `classes` logits. */
export class RowLosses {
  private readonly classes: number
  private readonly losses: Float64Array
  private readonly scales: Float64Array
  private base: Float64Array | undefined

  constructor(most: number, classes: number) {
    this.classes = classes
    this.losses = new Float64Array(most)
    this.scales = sameScales(most)
  }

  /**
   * Replaces the logits of `rows` rows, of which the first is row `first` of the data, by the gradient of Σ_r w_r·loss_r, and adds the
   * terms of that to `sum`.
   */
  apply(kernels: RowKernels, logits: FloatArray, data: RowData, first: number, rows: number, sum: LossSum): void {
    const { classes, losses, scales } = this
    const { labels, targets, weights } = data
    addOffset(logits, data, first, classes)
    if (weights) for (let r = 0; r < rows; r++) scales[2 * r] = weights[first + r]
    if (targets) {
      this.base ??= new Float64Array(losses.length * classes)
      this.base.set(targets.subarray(first * classes, (first + rows) * classes))
      const soft = { base: this.base, stride: classes, labels: null, peaks: null }
      kernels.softCrossEntropyWithGradient(logits, soft, rows, classes, 1, 0, scales, losses, logits)
    } else if (labels) {
      const own = labels.subarray(first, first + rows)
      kernels.crossEntropyWithGradient(logits, own, rows, classes, 1, scales, losses, logits)
    }
    for (let r = 0; r < rows; r++) {
      const weight = scales[2 * r]
      if (weight > 0) sum.add(weight * losses[r])
    }
  }
}

/** Adds the offset of the rows from `first` on to their logits. */
export function addOffset(logits: FloatArray, { offset }: RowData, first: number, classes: number): void {
  if (!offset) return
  const begin = first * classes
  for (let i = 0; i < logits.length; i++) logits[i] += offset[begin + i]
}
