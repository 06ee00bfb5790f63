/**
 * A quadratic model of a smooth function around a point, whose matrix H is the BFGS approximation of the Hessian in compact
 * form: from the newest steps S and the changes Y of the gradient over them, on top of a first curvature σ·H₀,
 *
 *   H = σH₀ + Y·D⁻¹·Yᵀ − Z·T⁻¹·Zᵀ      Z = σH₀S + Y·D⁻¹·Lᵀ      T = σSᵀH₀S + L·D⁻¹·Lᵀ
 *
 * with D the diagonal of SᵀY and L what is strictly below it (Byrd, Nocedal & Schnabel, Math. Programming 63, 1994, theorem
 * 2.3, the middle matrix eliminated by blocks). Products with S alone are kept, so that S need not be.
 *
 * The model is for coordinate descent: it gives single entries of H·v while v changes in single places.
 */

/** A symmetric positive definite matrix H₀, as coordinate descent asks for it. */
export interface FirstCurvature {
  readonly diagonal: Float64Array
  /** out = H₀·vector. */
  readonly multiply: (vector: Float64Array, out: Float64Array) => void
  /** Makes v zero. */
  readonly reset: () => void
  /** v_i += change. */
  readonly add: (i: number, change: number) => void
  /** (H₀·v)_i. */
  readonly at: (i: number) => number
}

/** The identity, for coordinates that are scaled already. */
export function identityCurvature(length: number): FirstCurvature {
  const v = new Float64Array(length)
  return {
    diagonal: new Float64Array(length).fill(1),
    multiply: (vector, out) => out.set(vector),
    reset: () => v.fill(0),
    add: (i, change) => {
      v[i] += change
    },
    at: (i) => v[i],
  }
}

/** What the model has learnt, the oldest pair first: Y and H₀S by pairs, and the products sᵢᵀ·yⱼ and sᵢᵀ·H₀·sⱼ, pairs × pairs. */
export interface QuadraticState {
  readonly changes: readonly Float64Array[]
  readonly images: readonly Float64Array[]
  readonly stepChanges: Float64Array
  readonly stepImages: Float64Array
}

/** A pair is kept if sᵀy is at least this share of |s|·|y|: below, rounding could spoil the model. */
const LEAST_CURVATURE = 1e-12

export class Quadratic {
  pairs = 0
  private first: FirstCurvature
  /** σ, the largest curvature along a kept step in units of H₀, so that steps are rarely too long. */
  private scale = 1
  private readonly memory: number
  /** Y and H₀S, one row of `memory` numbers per coordinate, in slots that are used in turn. */
  private readonly changes: Float64Array
  private readonly images: Float64Array
  /** s_iᵀ·y_j and s_iᵀ·H₀·s_j by slots i, j. */
  private readonly stepChanges: Float64Array
  private readonly stepImages: Float64Array
  private newest = -1
  private readonly image: Float64Array
  /** Rows of Y·D^(−½) and Z·J⁻ᵀ (T = J·Jᵀ) of the coordinates in the working set, side by side, and their products with v. */
  private rows: Float64Array = new Float64Array(0)
  private readonly products: Float64Array
  private working: Int32Array = new Int32Array(0)

  constructor(length: number, memory: number, first: FirstCurvature) {
    this.memory = memory
    this.first = first
    this.changes = new Float64Array(length * memory)
    this.images = new Float64Array(length * memory)
    this.stepChanges = new Float64Array(memory * memory)
    this.stepImages = new Float64Array(memory * memory)
    this.image = new Float64Array(length)
    this.products = new Float64Array(2 * memory)
  }

  /** Forgets the pairs, and starts from another first curvature if there is one. */
  clear(first = this.first): void {
    this.first = first
    this.pairs = 0
    this.scale = 1
  }

  /** A copy of what it has learnt. */
  save(): QuadraticState {
    const { pairs, memory } = this
    const slots = this.slots()
    const length = this.image.length
    const column = (rows: Float64Array, slot: number): Float64Array =>
      Float64Array.from({ length }, (_, i) => rows[i * memory + slot])
    const among = (products: Float64Array): Float64Array =>
      Float64Array.from({ length: pairs * pairs }, (_, i) => {
        return products[slots[Math.floor(i / pairs)] * memory + slots[i % pairs]]
      })
    return {
      changes: slots.map((slot) => column(this.changes, slot)),
      images: slots.map((slot) => column(this.images, slot)),
      stepChanges: among(this.stepChanges),
      stepImages: among(this.stepImages),
    }
  }

  /** Goes on from a state of the same first curvature, with at most as many pairs as there is room for. */
  restore({ changes, images, stepChanges, stepImages }: QuadraticState): void {
    const { memory } = this
    this.pairs = changes.length
    this.newest = this.pairs - 1
    for (let a = 0; a < this.pairs; a++) {
      for (let i = 0; i < this.image.length; i++) {
        this.changes[i * memory + a] = changes[a][i]
        this.images[i * memory + a] = images[a][i]
      }
      for (let b = 0; b < this.pairs; b++) {
        this.stepChanges[a * memory + b] = stepChanges[a * this.pairs + b]
        this.stepImages[a * memory + b] = stepImages[a * this.pairs + b]
      }
    }
    if (this.pairs > 0) this.scale = this.largestCurvature()
  }

  /** Remembers a step and the change of the gradient over it, unless the curvature along it is not clearly positive. */
  learn(step: Float64Array, change: Float64Array): void {
    const { memory, image, changes, images, stepChanges, stepImages } = this
    let product = 0
    let stepSquare = 0
    let changeSquare = 0
    for (let i = 0; i < step.length; i++) {
      product += step[i] * change[i]
      stepSquare += step[i] * step[i]
      changeSquare += change[i] * change[i]
    }
    if (!(product > LEAST_CURVATURE * Math.sqrt(stepSquare * changeSquare))) return
    this.first.multiply(step, image)
    const slot = (this.newest + 1) % memory
    for (let i = 0; i < step.length; i++) {
      changes[i * memory + slot] = change[i]
      images[i * memory + slot] = image[i]
    }
    const own = slot * memory
    stepChanges.fill(0, own, own + memory)
    stepImages.fill(0, own, own + memory)
    for (let i = 0; i < step.length; i++) {
      if (step[i] === 0) continue
      for (let j = 0, p = i * memory; j < memory; j++, p++) {
        stepChanges[own + j] += step[i] * changes[p]
        stepImages[own + j] += step[i] * images[p]
      }
    }
    for (let j = 0; j < memory; j++) stepImages[j * memory + slot] = stepImages[own + j]
    this.newest = slot
    this.pairs = Math.min(this.pairs + 1, memory)
    this.scale = this.largestCurvature()
  }

  /**
   * Begins at v = 0, of which only coordinates of the working set will change. Returns the diagonal of H there. Coordinates are
   * called by their place p in the working set from here on.
   */
  begin(working: Int32Array): Float64Array {
    const { pairs, memory, first, scale } = this
    this.working = working
    this.products.fill(0)
    first.reset()
    const diagonal = Float64Array.from(working, (i) => scale * first.diagonal[i])
    if (pairs === 0) return diagonal
    const slots = this.slots()
    const { lower, factor, roots } = this.factorise(slots)
    const width = 2 * pairs
    if (this.rows.length < working.length * width) this.rows = new Float64Array(working.length * width)
    const { rows } = this
    for (let p = 0, at = 0; p < working.length; p++, at += width) {
      const source = working[p] * memory
      for (let a = 0; a < pairs; a++) {
        const y = this.changes[source + slots[a]] / roots[a]
        rows[at + a] = y
        let z = scale * this.images[source + slots[a]]
        for (let b = 0; b < a; b++)
          z += lower[a * pairs + b] * rows[at + b] - factor[a * pairs + b] * rows[at + pairs + b]
        z /= factor[a * pairs + a]
        rows[at + pairs + a] = z
        diagonal[p] += y * y - z * z
      }
      // Positive but for rounding.
      diagonal[p] = Math.max(diagonal[p], 1e-6 * scale * first.diagonal[working[p]])
    }
    return diagonal
  }

  /** (H·v)_p. */
  at(p: number): number {
    const { pairs, rows, products } = this
    let sum = this.scale * this.first.at(this.working[p])
    for (let a = 0, q = p * 2 * pairs; a < pairs; a++, q++)
      sum += rows[q] * products[a] - rows[q + pairs] * products[pairs + a]
    return sum
  }

  /** v_p += change. */
  add(p: number, change: number): void {
    const { pairs, rows, products } = this
    this.first.add(this.working[p], change)
    for (let a = 0, q = p * 2 * pairs; a < 2 * pairs; a++, q++) products[a] += change * rows[q]
  }

  /** Where the pairs are, from the oldest to the newest. */
  private slots(): number[] {
    const { pairs, memory, newest } = this
    return Array.from({ length: pairs }, (_, i) => (newest - pairs + 1 + i + memory) % memory)
  }

  /** Along a kept step, in units of H₀. */
  private largestCurvature(): number {
    const { memory, stepChanges, stepImages } = this
    const curvatures = this.slots().map((slot) => stepChanges[slot * (memory + 1)] / stepImages[slot * (memory + 1)])
    return Math.max(...curvatures)
  }

  /** L·D^(−½), the Cholesky factor of T, and D^½, for slots from the oldest pair to the newest. */
  private factorise(slots: readonly number[]): { lower: Float64Array; factor: Float64Array; roots: Float64Array } {
    const { pairs, memory, stepChanges, stepImages, scale } = this
    const roots = Float64Array.from(slots, (slot) => Math.sqrt(stepChanges[slot * memory + slot]))
    const lower = new Float64Array(pairs * pairs)
    const factor = new Float64Array(pairs * pairs)
    for (let a = 0; a < pairs; a++) {
      for (let b = 0; b < a; b++) lower[a * pairs + b] = stepChanges[slots[a] * memory + slots[b]] / roots[b]
    }
    for (let a = 0; a < pairs; a++) {
      for (let b = 0; b <= a; b++) {
        let sum = scale * stepImages[slots[a] * memory + slots[b]]
        for (let c = 0; c < b; c++) sum += lower[a * pairs + c] * lower[b * pairs + c]
        for (let c = 0; c < b; c++) sum -= factor[a * pairs + c] * factor[b * pairs + c]
        if (b < a) factor[a * pairs + b] = sum / factor[b * pairs + b]
        // Positive but for rounding.
        else factor[a * pairs + a] = Math.sqrt(Math.max(sum, 1e-14 * scale * stepImages[slots[a] * memory + slots[a]]))
      }
    }
    return { lower, factor, roots }
  }
}
