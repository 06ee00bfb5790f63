/**
 * The linear pass, tile of rows by tile of rows: logits = X·Wᵀ + b, and from their gradient those of W and X.
 *
 * A tile is at most 64 rows, so that its logits and its features stay within the budgets below; classes are taken in panels of
 * at most 60. Weights that fit are laid out once, others panel by panel for every tile; gradients of weights that fit are added up in
 * float64, others in their own type, in the array of the result. Which of these holds depends on the shape alone, so the order
 * of all additions does, and with it every bit of the result.
 */
import type { FloatArray } from '../arrays.ts'
import { log } from '../special/log.ts'
import { RESIDUAL_TABLE } from './js/residuals.ts'
import type { Features } from './kernels.ts'
import type { LinearMemory, LinearProducts } from './linear-products.ts'

/** The type of the products: that of the logits and of what they are made of. */
export type Precision = 'f32' | 'f64'

export interface LinearShape {
  readonly featureCount: number
  readonly classes: number
  /** The most rows that will be given at once. */
  readonly rows: number
  readonly precision: Precision
  /** Whether gradients for the weights and for the features will be asked for. */
  readonly weightsGradient: boolean
  readonly featuresGradient: boolean
}

const TILE_ROWS = 64
const PANEL_CLASSES = 60
/** Panels but the last are a multiple of this. */
const PANEL_STEP = 20
/** Vectors of features in the longest block whose products are added in one type. */
const BLOCK_VECTORS = 64

const MIB = 2 ** 20
/** What the logits of a tile may take, and what its features and a panel of weights may. */
const LOGITS_BYTES = 32 * MIB
const TILE_BYTES = 4 * MIB
/** Up to this size weights stay laid out, and gradients are added up in float64. */
const WEIGHTS_BYTES = 8 * MIB
const GRADIENT_BYTES = 8 * MIB

/** A cache line; also the border on which areas begin. */
const LINE = 64
const roundUp = (x: number, step: number): number => Math.ceil(x / step) * step

/** How a shape is cut. All sizes in bytes. */
export interface Plan {
  readonly size: 4 | 8
  /** From row to row of a tile: an odd number of cache lines, so that the rows of a column do not meet in one set of the cache. */
  readonly stride: number
  readonly tileRows: number
  readonly panelClasses: number
  readonly blockFeatures: number
  readonly weightsStay: boolean
  readonly gradientStays: boolean
}

export function planOf({ featureCount, classes, rows, precision }: LinearShape): Plan {
  const size = precision === 'f32' ? 4 : 8
  const stride = (Math.ceil((featureCount * size) / LINE) | 1) * LINE
  const padded = roundUp(featureCount, 4)
  const longest = (BLOCK_VECTORS * 16) / size
  const fitting = Math.min(
    TILE_ROWS,
    rows,
    Math.floor(LOGITS_BYTES / (classes * size)),
    Math.floor(TILE_BYTES / stride),
  )
  const panels = Math.ceil(classes / PANEL_CLASSES)
  const panel = panels === 1 ? classes : roundUp(Math.ceil(classes / panels), PANEL_STEP)
  const narrow = Math.max(4, Math.floor(TILE_BYTES / stride / 4) * 4)
  return {
    size,
    stride,
    tileRows: Math.max(1, fitting),
    panelClasses: Math.min(panel, narrow),
    blockFeatures: roundUp(Math.ceil(padded / Math.ceil(padded / longest)), 4),
    weightsStay: padded * classes * size <= WEIGHTS_BYTES,
    gradientStays: featureCount * classes * 8 <= GRADIENT_BYTES,
  }
}

type RowsLoader = Extract<keyof LinearProducts, `loadRows_${string}`>
/** Those that there are: weights in float64 are never made narrower. */
type PanelLoader = Extract<keyof LinearProducts, `loadPanel_${string}`>
type AddOuter = Extract<keyof LinearProducts, `addOuter_${string}`>

type Suffix = 'u8' | 'f32' | 'f64'
const suffixOf = (array: Features): Suffix =>
  array instanceof Uint8Array ? 'u8' : array instanceof Float32Array ? 'f32' : 'f64'

/** Addresses of the areas in the memory of a pass, and the end of the last. */
function layOut(shape: LinearShape, plan: Plan) {
  const { featureCount, classes } = shape
  const { size, stride, tileRows, panelClasses, weightsStay, gradientStays } = plan
  let end = LINE
  const area = (bytes: number): number => {
    const start = end
    end += roundUp(bytes, LINE)
    return start
  }
  const gradientBytes = featureCount * (gradientStays ? classes : panelClasses) * 8
  return {
    /** Rows or weights as they come. */
    raw: area(Math.max(tileRows, panelClasses) * featureCount * 8),
    /** The features of the tile, with room for the row that makes them even. */
    x: area((tileRows + 1) * stride),
    panel: area(roundUp(featureCount, 4) * size * (weightsStay ? classes : panelClasses)),
    bias: area(classes * 8),
    sums: area((tileRows + 1) * panelClasses * 8),
    logits: area(tileRows * classes * size),
    coefficients: area(panelClasses * tileRows * size),
    gradient: area(shape.weightsGradient ? gradientBytes : 0),
    /** A panel of weights laid out like the rows of a tile, and what they add up to. */
    weightRows: area(shape.featuresGradient ? panelClasses * stride : 0),
    featuresGradient: area(shape.featuresGradient ? tileRows * featureCount * 8 : 0),
    spare: area(128),
    /** What residuals_f32 takes and gives, row by row, and its constants. */
    labels: area(tileRows * 4),
    weights: area(tileRows * 8),
    rowSums: area(tileRows * 8),
    gaps: area(tileRows * 8),
    table: area(RESIDUAL_TABLE.byteLength),
    biasGradient: area(classes * 8),
    end,
  }
}

/** A product of sums beyond this gives its logarithm before the next. */
const LARGE_PRODUCT = 2 ** 512

/** A pass over rows of one shape, with its memory. */
export class LinearTiles {
  /** Rows per tile: the most that load takes. */
  readonly tileRows: number
  /** The logits of the tile, tileRows × classes. What adds gradients finds there d loss / d logits instead. */
  readonly logits: FloatArray
  private readonly shape: LinearShape
  private readonly plan: Plan
  private readonly at: ReturnType<typeof layOut>
  private readonly kernels: LinearProducts
  private readonly views: { u8: Uint8Array; i32: Int32Array; f32: Float32Array; f64: Float64Array }
  private weights: FloatArray = new Float32Array(0)

  /** `create` gives a memory of at least so many bytes, with kernels. */
  constructor(shape: LinearShape, create: (bytes: number) => LinearMemory) {
    const plan = planOf(shape)
    const at = layOut(shape, plan)
    const { buffer, kernels } = create(at.end)
    this.views = {
      u8: new Uint8Array(buffer, 0, at.end),
      i32: new Int32Array(buffer, 0, at.end / 4),
      f32: new Float32Array(buffer, 0, at.end / 4),
      f64: new Float64Array(buffer, 0, at.end / 8),
    }
    const { tileRows, size } = plan
    this.tileRows = tileRows
    this.logits = this.views[shape.precision].subarray(at.logits / size, at.logits / size + tileRows * shape.classes)
    this.shape = shape
    this.plan = plan
    this.at = at
    this.kernels = kernels
    if (shape.weightsGradient) this.views.u8.fill(0, at.gradient, at.weightRows)
    this.views.f32.set(RESIDUAL_TABLE, at.table / 4)
    this.views.u8.fill(0, at.biasGradient, at.end)
  }

  /**
   * Sets the weights (classes × featureCount) and the bias for what follows. Weights that do not fit are not copied: they must
   * stay as they are until the last tile.
   */
  setWeights(weights: FloatArray, bias: ArrayLike<number> | null): void {
    const { shape, plan, at, views } = this
    this.weights = weights
    const biases = views.f64.subarray(at.bias / 8, at.bias / 8 + shape.classes)
    if (bias === null) biases.fill(0)
    else biases.set(bias)
    if (plan.weightsStay) this.overPanels((first, count) => this.loadPanel(first, count))
  }

  /** Takes the features of `rows` rows, from row `first`, as the tile. */
  load(features: Features, first: number, rows: number): void {
    const { shape, plan, at, kernels } = this
    const { featureCount, precision } = shape
    const kind = suffixOf(features)
    const part = features.subarray(first * featureCount, (first + rows) * featureCount)
    if (kind === precision && featureCount * plan.size === plan.stride) {
      this.put(part, at.x)
    } else {
      this.put(part, at.raw)
      kernels[`loadRows_${kind}_${precision}` as RowsLoader](at.raw, rows, featureCount, at.x, plan.stride)
    }
  }

  /** Takes zeros for the features of row `r` of the tile, so that it has no part in gradients, whatever it holds. */
  clearRow(r: number): void {
    const { at, plan, views } = this
    const begin = at.x + r * plan.stride
    views.u8.fill(0, begin, begin + plan.stride)
  }

  /** Computes the logits of the tile. */
  computeLogits(rows: number): void {
    const { shape, plan, at, kernels } = this
    const { featureCount, classes, precision } = shape
    const { size, stride, blockFeatures } = plan
    const products = kernels[`products_${precision}`]
    this.overPanels((first, count) => {
      const panel = plan.weightsStay ? this.panelAt(first) : this.loadPanel(first, count)
      const out = at.logits + first * size
      const bias = at.bias + first * 8
      products(at.x, rows, stride, panel, bias, count, featureCount, blockFeatures, at.sums, out, classes * size)
    })
  }

  /**
   * Adds the tile's part, from the gradient of its logits, to the gradient of the weights, which is not of a narrower type; see
   * finishWeightsGradient.
   */
  addWeightsGradient(rows: number, result: FloatArray): void {
    const { shape, plan, at, kernels, views } = this
    const { featureCount, classes, precision } = shape
    const { size, stride, gradientStays } = plan
    const pack = kernels[`packCoefficients_${precision}`]
    const type = result instanceof Float32Array ? 'f32' : 'f64'
    const add = kernels[`addOuter_${precision}_${gradientStays ? 'f64' : type}` as AddOuter]
    this.overPanels((first, count) => {
      pack(at.logits + first * size, classes * size, size, rows, count, at.coefficients)
      if (gradientStays) {
        const out = at.gradient + first * featureCount * 8
        add(at.x, stride, rows, at.coefficients, count, featureCount, out, at.spare)
        return
      }
      const begin = first * featureCount
      const length = count * featureCount
      this.put(result.subarray(begin, begin + length), at.gradient)
      add(at.x, stride, rows, at.coefficients, count, featureCount, at.gradient, at.spare)
      const from = at.gradient / result.BYTES_PER_ELEMENT
      result.set(views[type].subarray(from, from + length), begin)
    })
  }

  /** Adds what is still in the memory of the pass to the gradient of the weights. */
  finishWeightsGradient(result: FloatArray): void {
    const { plan, shape, at, views } = this
    if (!plan.gradientStays) return
    const length = shape.classes * shape.featureCount
    const sums = views.f64.subarray(at.gradient / 8, at.gradient / 8 + length)
    for (let i = 0; i < length; i++) result[i] += sums[i]
    sums.fill(0)
  }

  /**
   * Replaces the float32 logits of the tile by the gradient of Σ_r w_r·loss_r and returns that sum, without regard to its last digits
   * (residuals_f32). `labels` and `weights`, if any, are those of its rows.
   */
  addResiduals(rows: number, labels: Int32Array, weights: Float64Array | undefined): number {
    const { at, kernels, views } = this
    const { classes } = this.shape
    views.i32.set(labels, at.labels / 4)
    if (weights) views.f64.set(weights, at.weights / 8)
    kernels.residuals_f32(
      at.logits,
      rows,
      classes,
      at.labels,
      weights ? at.weights : 0,
      at.rowSums,
      at.gaps,

      at.table,
    )
    const sums = at.rowSums / 8
    const gaps = at.gaps / 8
    let loss = 0
    // Without weights Σ log s is the logarithm of a product, taken before that leaves the format.
    let product = 1
    for (let r = 0; r < rows; r++) {
      const sum = views.f64[sums + r]
      if (weights) {
        loss += weights[r] * (views.f64[gaps + r] + log(sum))
        continue
      }
      loss += views.f64[gaps + r]
      product *= sum
      if (product > LARGE_PRODUCT) {
        loss += log(product)
        product = 1
      }
    }
    return loss + log(product)
  }

  /** Adds the sums over the rows of the tile of the gradient of its logits, one per class; see finishBiasGradient. */
  addBiasGradient(rows: number): void {
    const { at, kernels } = this
    kernels[`addColumns_${this.shape.precision}`](at.logits, rows, this.shape.classes, at.biasGradient)
  }

  /** Adds what addBiasGradient has collected to `result`, and begins anew. */
  finishBiasGradient(result: FloatArray): void {
    const { at, views } = this
    const sums = views.f64.subarray(at.biasGradient / 8, at.biasGradient / 8 + this.shape.classes)
    for (let k = 0; k < sums.length; k++) result[k] += sums[k]
    sums.fill(0)
  }

  /** Writes the gradient of the tile's features to `result` (rows × featureCount), from row `firstRow` on. */
  writeFeaturesGradient(rows: number, result: FloatArray, firstRow: number): void {
    const { shape, plan, at, kernels, weights, views } = this
    const { featureCount, classes, precision } = shape
    const { size, stride } = plan
    const sums = views.f64.subarray(at.featuresGradient / 8, at.featuresGradient / 8 + rows * featureCount)
    sums.fill(0)
    const load = kernels[`loadRows_${suffixOf(weights)}_${precision}` as RowsLoader]
    const pack = kernels[`packCoefficients_${precision}`]
    const add = kernels[`addOuter_${precision}_f64`]
    this.overPanels((first, count) => {
      this.put(weights.subarray(first * featureCount, (first + count) * featureCount), at.raw)
      load(at.raw, count, featureCount, at.weightRows, stride)
      pack(at.logits + first * size, size, classes * size, count, rows, at.coefficients)
      add(at.weightRows, stride, count, at.coefficients, rows, featureCount, at.featuresGradient, at.spare)
    })
    result.set(sums, firstRow * featureCount)
  }

  private overPanels(each: (first: number, count: number) => void): void {
    const { classes } = this.shape
    const { panelClasses } = this.plan
    for (let first = 0; first < classes; first += panelClasses) each(first, Math.min(panelClasses, classes - first))
  }

  /** Where the panel that begins with class `first` lies. */
  private panelAt(first: number): number {
    const { at, plan, shape } = this
    return plan.weightsStay ? at.panel + first * roundUp(shape.featureCount, 4) * plan.size : at.panel
  }

  /** Lays a panel of weights out and returns where. */
  private loadPanel(first: number, count: number): number {
    const { shape, at, kernels, weights } = this
    const { featureCount, precision } = shape
    const to = this.panelAt(first)
    this.put(weights.subarray(first * featureCount, (first + count) * featureCount), at.raw)
    kernels[`loadPanel_${suffixOf(weights)}_${precision}` as PanelLoader](at.raw, count, featureCount, to)
    return to
  }

  /** Copies numbers as they are to an address. */
  private put(numbers: Features, address: number): void {
    this.views[suffixOf(numbers)].set(numbers, address / numbers.BYTES_PER_ELEMENT)
  }
}
