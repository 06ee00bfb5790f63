/**
 * The fused pass of a linear classifier, for the trainer: tiles of linear-tiles.ts. In float64 their logits go through the accurate
 * row kernel: loss and residual keep their digits however confident a row is. In float32, which serves until rounding shows, labels
 * are compared by the plain formulas (residuals_f32). Features of any dtype are widened, or rounded, tile by
 * tile, never as a whole.
 */
import type { Features, Kernels, LinearKernels, LinearPass } from './kernels.ts'
import type { LinearMemory } from './linear-products.ts'
import { LinearTiles, type Precision } from './linear-tiles.ts'
import { addOffset, LossSum, RowLosses } from './row-losses.ts'

/** The row kernels for a call over so many logits. */
type RowKernels = (entries: number) => Pick<Kernels, 'crossEntropyWithGradient' | 'softCrossEntropyWithGradient'>

/** Linear kernels on memory of `create`, with these row kernels. */
export function createLinearKernels(
  name: string,
  create: (bytes: number) => LinearMemory,
  rowKernels: RowKernels,
): LinearKernels {
  return {
    name,
    createPass: (featureCount, classes, precision = 'f64') =>
      createPass(featureCount, classes, precision, create, rowKernels),
  }
}

function createPass(
  featureCount: number,
  classes: number,
  precision: Precision,
  create: (bytes: number) => LinearMemory,
  rowKernels: RowKernels,
): LinearPass {
  const shape = {
    featureCount,
    classes,
    rows: Infinity,
    precision,
    weightsGradient: true,
    featuresGradient: false,
  } as const
  const tiles = new LinearTiles(shape, create)
  const rowLosses = new RowLosses(tiles.tileRows, classes)
  const rounded = precision === 'f32' ? new Float32Array(classes * featureCount) : undefined

  /** Calls `each` for every tile with its first row and its number of rows. */
  function overTiles(
    features: Features,
    firstRow: number,
    rows: number,
    each: (first: number, count: number) => void,
  ): void {
    for (let done = 0; done < rows; done += tiles.tileRows) {
      const count = Math.min(tiles.tileRows, rows - done)
      tiles.load(features, firstRow + done, count)
      tiles.computeLogits(count)
      each(firstRow + done, count)
    }
  }

  return {
    setWeights(weights, intercepts) {
      if (rounded) rounded.set(weights)
      tiles.setWeights(rounded ?? weights, intercepts)
    },
    logits(features, firstRow, rows, out) {
      overTiles(features, firstRow, rows, (first, count) =>
        out.set(tiles.logits.subarray(0, count * classes), (first - firstRow) * classes),
      )
    },
    addLossAndGradient(features, data, firstRow, rows, weightsGradient, interceptsGradient) {
      const { labels, weights } = data
      const sum = new LossSum()
      overTiles(features, firstRow, rows, (first, count) => {
        const logits = tiles.logits.subarray(0, count * classes)
        if (precision === 'f32' && labels) {
          addOffset(logits, data, first, classes)
          const own = weights?.subarray(first, first + count)
          sum.add(tiles.addResiduals(count, labels.subarray(first, first + count), own))
        } else rowLosses.apply(rowKernels(logits.length), logits, data, first, count, sum)
        if (weights) for (let r = 0; r < count; r++) if (weights[first + r] === 0) tiles.clearRow(r)
        tiles.addBiasGradient(count)
        tiles.addWeightsGradient(count, weightsGradient)
      })
      tiles.finishWeightsGradient(weightsGradient)
      tiles.finishBiasGradient(interceptsGradient)
      return sum.value
    },
  }
}
