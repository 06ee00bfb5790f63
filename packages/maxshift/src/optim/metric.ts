/**
 * The approximate inverse Hessian H of L-BFGS: the newest pairs of a step s and the gradient's change y over it, on top
 * of the first metric γ·I with γ = sᵀy / yᵀy of the newest pair. H·g comes from the two-loop recursion (Nocedal, Math.
 * Comp. 35, 1980; Nocedal & Wright, Numerical Optimization, 2006, algorithm 7.4 and equation 7.20).
 *
 * There is no place for a better first metric here: who has one changes the coordinates of the objective instead, at the
 * start or on the way (`move`), which comes to the same and gives the norm of the gradient a meaning besides.
 */
import { addScaled, dot, subtract } from './vector.ts'

/** A pair is kept if sᵀy is at least this share of |s|·|y|: below, rounding or a saddle could spoil the metric. */
const LEAST_CURVATURE = 1e-12

/** A place and the gradient there. */
export interface Point {
  readonly parameters: Float64Array
  readonly gradient: Float64Array
}

/** A linear change of coordinates, in place. Its two maps keep the products of steps with gradients. */
export interface Move {
  readonly moveParameters: (parameters: Float64Array) => void
  readonly moveGradient: (gradient: Float64Array) => void
}

/** What a metric remembers, as plain data that is the caller's own; pairs from the oldest to the newest. */
export interface MetricState {
  readonly gamma: number
  readonly steps: readonly Float64Array[]
  readonly changes: readonly Float64Array[]
  /** sᵀy of each pair. */
  readonly products: Float64Array
}

/** The inverse Hessian as L-BFGS sees it: the newest pairs on top of γ·I. */
export class Metric {
  pairs = 0
  private newest = -1
  private readonly steps: Float64Array[]
  private readonly changes: Float64Array[]
  private readonly products: Float64Array
  private readonly alphas: Float64Array
  private readonly scratch: Float64Array
  private gamma = 1

  constructor(length: number, memory: number) {
    this.steps = Array.from({ length: memory }, () => new Float64Array(length))
    this.changes = Array.from({ length: memory }, () => new Float64Array(length))
    this.products = new Float64Array(memory)
    this.alphas = new Float64Array(memory)
    this.scratch = new Float64Array(length)
  }

  clear(): void {
    this.pairs = 0
    this.gamma = 1
  }

  save(): MetricState {
    const slots = Array.from({ length: this.pairs }, (_, i) => this.slot(this.pairs - 1 - i))
    return {
      gamma: this.gamma,
      steps: slots.map((slot) => this.steps[slot].slice()),
      changes: slots.map((slot) => this.changes[slot].slice()),
      products: Float64Array.from(slots, (slot) => this.products[slot]),
    }
  }

  /** Goes on from a state with at most as many pairs as there is room for. */
  restore({ gamma, steps, changes, products }: MetricState): void {
    this.pairs = steps.length
    this.newest = steps.length - 1
    this.gamma = gamma
    for (let i = 0; i < steps.length; i++) {
      this.steps[i].set(steps[i])
      this.changes[i].set(changes[i])
      this.products[i] = products[i]
    }
  }

  /** Takes the pairs along to other coordinates. */
  move({ moveParameters, moveGradient }: Move): void {
    for (let age = 0; age < this.pairs; age++) {
      const slot = this.slot(age)
      moveParameters(this.steps[slot])
      moveGradient(this.changes[slot])
    }
    if (this.pairs === 0) return
    const change = this.changes[this.newest]
    this.gamma = this.products[this.newest] / dot(change, change)
  }

  /** Remembers the step from one point to the next, unless the curvature along it is not clearly positive. */
  learn(from: Point, to: Point): void {
    const slot = (this.newest + 1) % this.steps.length
    const step = this.steps[slot]
    const change = this.changes[slot]
    // Writing into the slot spoils the oldest pair, which is wanted only when the new pair is kept.
    subtract(to.gradient, from.gradient, this.scratch)
    let product = 0
    let square = 0
    for (let i = 0; i < step.length; i++) {
      const s = to.parameters[i] - from.parameters[i]
      product += s * this.scratch[i]
      square += s * s
    }
    if (!(product > LEAST_CURVATURE * Math.sqrt(square * dot(this.scratch, this.scratch)))) return
    subtract(to.parameters, from.parameters, step)
    change.set(this.scratch)
    this.gamma = product / dot(change, change)
    this.products[slot] = product
    this.newest = slot
    this.pairs = Math.min(this.pairs + 1, this.steps.length)
  }

  /** out = −H·gradient, the two-loop recursion. */
  direction(gradient: Float64Array, out: Float64Array): void {
    for (let i = 0; i < out.length; i++) out[i] = -gradient[i]
    for (let age = 0; age < this.pairs; age++) {
      const slot = this.slot(age)
      const alpha = dot(this.steps[slot], out) / this.products[slot]
      this.alphas[slot] = alpha
      addScaled(out, -alpha, this.changes[slot])
    }
    for (let i = 0; i < out.length; i++) out[i] *= this.gamma
    for (let age = this.pairs - 1; age >= 0; age--) {
      const slot = this.slot(age)
      const beta = dot(this.changes[slot], out) / this.products[slot]
      addScaled(out, this.alphas[slot] - beta, this.steps[slot])
    }
  }
  /** Where the pair lies that came so many pairs before the newest. */
  private slot(age: number): number {
    return (this.newest - age + this.steps.length) % this.steps.length
  }
}
