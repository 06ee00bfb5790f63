/**
 * The fused pass of a linear classifier in plain TypeScript, the reference for every faster one. Per tile of rows:
 *
 *   logits = X·Wᵀ + b      loss = log Σ exp(logits) − logits[label]      residual = softmax(logits) − t
 *   gradient W += residualᵀ·X      gradient b += residual
 *
 * Loss and residual come from the accurate row kernel, so the residual keeps its digits however confident the row is.
 * The tile is widened to float64 where it is read, a few rows at a time; features are never widened as a whole.
 * The loops themselves are in linear-panels.ts.
 */
import type { Features, Kernels, LinearKernels, LinearPass } from '../kernels.ts'
import { sameScales } from '../scales.ts'
import {
  addDenseOuter,
  addDenseProducts,
  addOuter2,
  addOuter8,
  addProducts2,
  addProducts8,
  listNonzeros,
  type NonzeroLists,
  PANEL,
} from './linear-panels.ts'

/** A tile of features and its logits should stay in the second-level cache: this many float64 numbers each. */
const TILE_NUMBERS = 16_384
const TILE_ROWS_MOST = 32
/** The dense loops take rows in groups of four. */
const GROUP = 4
/** A tile is taken as dense if at least this share of its first row is not zero: there both ways take the same time. */
const DENSE_SHARE = 0.55

/** Linear kernels on top of the row kernels of a backend. */
export function createLinearKernels(rowKernels: Pick<Kernels, 'name' | 'crossEntropyWithGradient'>): LinearKernels {
  return {
    name: rowKernels.name,
    createPass: (featureCount, classes) => new PanelPass(rowKernels, featureCount, classes),
  }
}

class PanelPass implements LinearPass {
  private readonly rowKernels: Pick<Kernels, 'crossEntropyWithGradient'>
  private readonly featureCount: number
  private readonly classes: number
  /** Classes with the zero class that makes them even: the row length of `scores`. */
  private readonly stride: number
  private readonly tileRows: number
  private readonly panels: Float64Array
  private readonly gradient: Float64Array
  private readonly intercepts: Float64Array
  private readonly interceptsGradient: Float64Array
  private readonly tile: Float64Array
  private readonly lists: NonzeroLists
  private readonly scores: Float64Array
  private readonly logitsTile: Float64Array
  private readonly labelsTile: Int32Array
  private readonly losses: Float64Array
  /** Scale 1 for every row. */
  private readonly scales: Float64Array
  /** How many rows of the current tile go through the dense loops; the others have lists. */
  private denseRows = 0

  constructor(rowKernels: Pick<Kernels, 'crossEntropyWithGradient'>, featureCount: number, classes: number) {
    this.rowKernels = rowKernels
    this.featureCount = featureCount
    this.classes = classes
    this.stride = classes + (classes % 2)
    const fitting = Math.floor(TILE_NUMBERS / Math.max(featureCount, classes) / GROUP) * GROUP
    this.tileRows = Math.max(GROUP, Math.min(TILE_ROWS_MOST, fitting))
    this.panels = new Float64Array(featureCount * this.stride)
    this.gradient = new Float64Array(featureCount * this.stride)
    this.intercepts = new Float64Array(this.stride)
    this.interceptsGradient = new Float64Array(classes)
    this.tile = new Float64Array(this.tileRows * featureCount)
    this.lists = {
      columns: new Int32Array(this.tileRows * featureCount),
      values: new Float64Array(this.tileRows * featureCount),
      starts: new Int32Array(this.tileRows + 1),
    }
    this.scores = new Float64Array(this.tileRows * this.stride)
    this.logitsTile = new Float64Array(this.tileRows * classes)
    this.labelsTile = new Int32Array(this.tileRows)
    this.losses = new Float64Array(this.tileRows)
    this.scales = sameScales(this.tileRows)
  }

  setWeights(weights: Float64Array, intercepts: Float64Array): void {
    const { featureCount, panels } = this
    for (let k = 0; k < this.classes; k++) {
      const { base, step } = this.place(k)
      for (let j = 0; j < featureCount; j++) panels[base + j * step] = weights[k * featureCount + j]
      this.intercepts[k] = intercepts[k]
    }
  }

  logits(features: Features, firstRow: number, rows: number, out: Float64Array): void {
    for (let done = 0; done < rows; done += this.tileRows) {
      const count = Math.min(this.tileRows, rows - done)
      this.load(features, firstRow + done, count)
      this.forward(count)
      copyRows(this.scores, this.stride, 0, out, this.classes, done, count, this.classes)
    }
  }

  addLossAndGradient(
    features: Features,
    labels: Int32Array,
    firstRow: number,
    rows: number,
    weightsGradient: Float64Array,
    interceptsGradient: Float64Array,
  ): number {
    const { classes, stride, scores, logitsTile, labelsTile, losses } = this
    this.gradient.fill(0)
    this.interceptsGradient.fill(0)
    let loss = 0
    let lost = 0
    for (let done = 0; done < rows; done += this.tileRows) {
      const count = Math.min(this.tileRows, rows - done)
      this.load(features, firstRow + done, count)
      this.forward(count)
      copyRows(scores, stride, 0, logitsTile, classes, 0, count, classes)
      for (let r = 0; r < count; r++) labelsTile[r] = labels[firstRow + done + r]
      this.rowKernels.crossEntropyWithGradient(
        logitsTile,
        labelsTile,
        count,
        classes,
        1,
        this.scales,
        losses,
        logitsTile,
      )
      copyRows(logitsTile, classes, 0, scores, stride, 0, count, classes)
      this.backward(count)
      // Neumaier's sum: `lost` collects what each addition rounds away.
      for (let r = 0; r < count; r++) {
        const sum = loss + losses[r]
        lost += loss >= losses[r] ? loss - sum + losses[r] : losses[r] - sum + loss
        loss = sum
      }
    }
    this.addGradient(weightsGradient, interceptsGradient)
    return loss + lost
  }

  /** Where class k begins in the panels, and how far apart its numbers for neighbouring features are. */
  private place(k: number): { base: number; step: number } {
    const wide = this.stride - (this.stride % PANEL)
    const step = k < wide ? PANEL : 2
    const within = k % step
    return { base: (k - within) * this.featureCount + within, step }
  }

  /** Widens rows into the tile and decides how each of them is read. */
  private load(features: Features, firstRow: number, rows: number): void {
    const { featureCount, tile } = this
    tile.set(features.subarray(firstRow * featureCount, (firstRow + rows) * featureCount))
    let nonzeros = 0
    for (let j = 0; j < featureCount; j++) if (tile[j] !== 0) nonzeros++
    this.denseRows = nonzeros >= DENSE_SHARE * featureCount ? rows - (rows % GROUP) : 0
    listNonzeros(tile, this.denseRows, rows - this.denseRows, featureCount, this.lists)
  }

  /** scores = logits of the tile. */
  private forward(rows: number): void {
    const { featureCount, stride, panels, scores, denseRows } = this
    for (let r = 0; r < rows; r++) for (let k = 0; k < stride; k++) scores[r * stride + k] = this.intercepts[k]
    for (let r = 0; r < denseRows; r += GROUP)
      for (let k = 0; k < stride; k += 2) {
        const { base, step } = this.place(k)
        addDenseProducts(this.tile, r, featureCount, panels, base, step, scores, r * stride + k, stride)
      }
    const wide = stride - (stride % PANEL)
    for (let r = denseRows; r < rows; r++) {
      const row = r - denseRows
      for (let k = 0; k < wide; k += PANEL)
        addProducts8(this.lists, row, panels, k * featureCount, scores, r * stride + k)
      for (let k = wide; k < stride; k += 2)
        addProducts2(this.lists, row, panels, k * featureCount, scores, r * stride + k)
    }
  }

  /** Adds the tile's part to the gradients; `scores` holds the residuals, anything in the class of zeros. */
  private backward(rows: number): void {
    const { featureCount, classes, stride, gradient, scores, denseRows } = this
    for (let r = 0; r < rows; r++)
      for (let k = 0; k < classes; k++) this.interceptsGradient[k] += scores[r * stride + k]
    for (let r = 0; r < denseRows; r += GROUP)
      for (let k = 0; k < stride; k += 2) {
        const { base, step } = this.place(k)
        addDenseOuter(this.tile, r, featureCount, scores, r * stride + k, stride, gradient, base, step)
      }
    const wide = stride - (stride % PANEL)
    for (let r = denseRows; r < rows; r++) {
      const row = r - denseRows
      for (let k = 0; k < wide; k += PANEL)
        addOuter8(this.lists, row, scores, r * stride + k, gradient, k * featureCount)
      for (let k = wide; k < stride; k += 2)
        addOuter2(this.lists, row, scores, r * stride + k, gradient, k * featureCount)
    }
  }

  private addGradient(weightsGradient: Float64Array, interceptsGradient: Float64Array): void {
    const { featureCount, gradient } = this
    for (let k = 0; k < this.classes; k++) {
      const { base, step } = this.place(k)
      for (let j = 0; j < featureCount; j++) weightsGradient[k * featureCount + j] += gradient[base + j * step]
      interceptsGradient[k] += this.interceptsGradient[k]
    }
  }
}

/** Copies the first `width` numbers of `rows` rows between matrices of different row lengths. */
function copyRows(
  from: Float64Array,
  fromStride: number,
  fromRow: number,
  to: Float64Array,
  toStride: number,
  toRow: number,
  rows: number,
  width: number,
): void {
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < width; k++) to[(toRow + r) * toStride + k] = from[(fromRow + r) * fromStride + k]
}
