/**
 * Sums of outer products of rows, Σ_r a_r·b_rᵀ, by the matrix products of the linear pass: that is the gradient of its weights
 * where b_r are the features of a row and a_r the gradient of its logits. Fixed order of all additions, the same bits everywhere.
 */
import { LinearTiles } from '../kernels/linear-tiles.ts'
import { createLinearMemory } from '../kernels/wasm/linear-module.ts'

const SHAPE = { rows: Infinity, precision: 'f64', weightsGradient: true, featuresGradient: false } as const

export class OuterSums {
  /** left × right, row-major; complete after finish. */
  readonly result: Float64Array
  private readonly left: number
  private readonly right: number
  private readonly tiles: LinearTiles

  /** For rows a of length `left` and b of length `right`. */
  constructor(left: number, right: number) {
    this.left = left
    this.right = right
    this.result = new Float64Array(left * right)
    this.tiles = new LinearTiles({ ...SHAPE, featureCount: right, classes: left }, createLinearMemory)
  }

  /** Adds the products of `count` rows of a, count × left, and of b, count × right. */
  add(a: Float64Array, b: Float64Array, count: number): void {
    const { left, right, tiles, result } = this
    for (let first = 0; first < count; first += tiles.tileRows) {
      const rows = Math.min(tiles.tileRows, count - first)
      tiles.load(b.subarray(first * right), 0, rows)
      tiles.logits.set(a.subarray(first * left, (first + rows) * left))
      tiles.addWeightsGradient(rows, result)
    }
  }

  finish(): Float64Array {
    this.tiles.finishWeightsGradient(this.result)
    return this.result
  }
}
