/**
 * Rows of a data set, picked by number and copied side by side, for a pass over just these.
 */
import type { FloatArray } from '../arrays.ts'
import type { RowData } from '../kernels/kernels.ts'
import { createLike } from './curvature.ts'
import type { DenseDataset } from './data.ts'

export class RowBatch {
  readonly features: DenseDataset['features']
  readonly data: RowData
  private readonly source: DenseDataset

  /** Room for `most` rows. */
  constructor(source: DenseDataset, most: number) {
    const { features, featureCount, classes, labels, targets, weights, offset } = source
    const rows = (like: FloatArray): FloatArray => createLike(like, most * classes) as FloatArray
    this.source = source
    this.features = createLike(features, most * featureCount)
    this.data = {
      labels: labels && new Int32Array(most),
      targets: targets && rows(targets),
      weights: weights && new Float64Array(most),
      offset: offset && rows(offset),
    }
  }

  /** Copies the rows numbered by `order` from `begin` to `end`. */
  pick(order: Uint32Array, begin: number, end: number): void {
    const { features, featureCount, classes, labels, targets, weights, offset } = this.source
    const { data } = this
    for (let i = begin, r = 0; i < end; i++, r++) {
      const row = order[i]
      copyRow(features, this.features, row, r, featureCount)
      if (labels && data.labels) data.labels[r] = labels[row]
      if (weights && data.weights) data.weights[r] = weights[row]
      if (targets && data.targets) copyRow(targets, data.targets, row, r, classes)
      if (offset && data.offset) copyRow(offset, data.offset, row, r, classes)
    }
  }
}

type Rows = DenseDataset['features']

function copyRow(from: Rows, to: Rows, fromRow: number, toRow: number, width: number): void {
  to.set(from.subarray(fromRow * width, (fromRow + 1) * width), toRow * width)
}
