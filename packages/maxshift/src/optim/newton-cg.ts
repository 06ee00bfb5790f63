/**
 * Newton's method with truncated conjugate gradients, for smooth convex functions of so many parameters that a pass over the data
 * costs little more than a handful of vector operations: each step minimises the quadratic model at the point by conjugate
 * gradients, with products of the Hessian instead of the Hessian, and only as far as it can be trusted (Dembo & Steihaug, Math.
 * Programming 26, 1983; Nocedal & Wright, Numerical Optimization, 2006, algorithm 7.1).
 *
 * It remembers four vectors besides two points. Conjugate gradients run in float32: they are asked for a tenth of the gradient, and
 * what a step leaves over is seen by the next gradient, in float64.
 */
import { type LinePoint, lineSearch } from './line-search.ts'
import type { Point } from './metric.ts'
import type { Objective } from './objective.ts'
import type { Iteration, OptimResult, OptimStatus } from './result.ts'
import { norm } from './vector.ts'

/** A function whose Hessian can be multiplied with vectors. */
export interface CurvedObjective {
  readonly evaluate: Objective
  /** Writes the product of `direction` with the Hessian, at the place of the last evaluation, into `out`; float32 is good enough. */
  multiply(direction: Float32Array, out: Float32Array): void | Promise<void>
}

export interface NewtonOptions {
  /** The run has converged when the Euclidean norm of the gradient is at most this. */
  readonly tolerance: number
  readonly maxIterations: number
  /** Called after every step with the parameters, which it must not change; false ends the run with the status `stopped`. */
  readonly onIteration?: (iteration: Iteration, parameters: Float64Array) => unknown
}

/** The share of the gradient that conjugate gradients leave over. */
const REMAINDER = 0.1
/** Products for one step, at most. */
const PRODUCTS_MOST = 200
/** So many steps without a new lowest value or gradient norm mean that rounding has taken over. */
const IDLE_MOST = 5

/**
 * Minimises `objective` from `start`, which is left as it is. `evaluations` counts products of the Hessian too: each is one pass.
 * Rejects only with what the objective or callback throws.
 */
export async function newtonCg(
  objective: CurvedObjective,
  start: Float64Array,
  { tolerance, maxIterations, onIteration }: NewtonOptions,
): Promise<OptimResult> {
  const descent = new NewtonDescent(objective, start)
  const history: Iteration[] = []
  const end = (status: OptimStatus): OptimResult => ({
    status,
    parameters: descent.here.parameters,
    iterations: history.length,
    evaluations: descent.evaluations,
    objective: descent.value,
    gradientNorm: descent.gradientNorm,
    history,
  })

  await descent.begin()
  if (!Number.isFinite(descent.value) || !Number.isFinite(descent.gradientNorm)) return end('not-finite')
  let lowest = descent.value
  let flattest = descent.gradientNorm
  let idle = 0
  // A norm that is no number has not converged.
  while (!(descent.gradientNorm <= tolerance)) {
    if (history.length >= maxIterations) return end('max-iterations')
    if (idle >= IDLE_MOST || !(await descent.advance())) return end('line-search-failed')
    const { value, gradientNorm, evaluations } = descent
    idle = value < lowest || gradientNorm < flattest ? 0 : idle + 1
    lowest = Math.min(lowest, value)
    flattest = Math.min(flattest, gradientNorm)
    const iteration = { iteration: history.length + 1, objective: value, gradientNorm, evaluations }
    history.push(iteration)
    if ((await onIteration?.(iteration, descent.here.parameters)) === false) return end('stopped')
  }
  return end('converged')
}

/** A point that moves downhill, step by step. */
class NewtonDescent {
  here: Point
  value = Number.NaN
  gradientNorm = Number.NaN
  evaluations = 0
  private there: Point
  private readonly objective: CurvedObjective
  /** The step so far, what is left of the gradient, the direction of the search and its product with the Hessian. */
  private readonly step: Float32Array
  private readonly residual: Float32Array
  private readonly direction: Float32Array
  private readonly product: Float32Array

  constructor(objective: CurvedObjective, start: Float64Array) {
    const { length } = start
    this.objective = objective
    this.here = { parameters: Float64Array.from(start), gradient: new Float64Array(length) }
    this.there = { parameters: new Float64Array(length), gradient: new Float64Array(length) }
    this.step = new Float32Array(length)
    this.residual = new Float32Array(length)
    this.direction = new Float32Array(length)
    this.product = new Float32Array(length)
  }

  /** Evaluates the start. */
  async begin(): Promise<void> {
    this.evaluations = 1
    this.value = await this.objective.evaluate(this.here.parameters, this.here.gradient)
    this.gradientNorm = norm(this.here.gradient)
  }

  /** Takes one step; false if there is none to take. */
  async advance(): Promise<boolean> {
    const { step, gradientNorm, here, value } = this
    await this.solve()
    const slope = gradientNorm * slopeAlong(step, here.gradient)
    if (!(slope < 0)) return false
    const evaluate = (share: number): Promise<LinePoint> => this.evaluate(share)
    const { found, point } = await lineSearch(evaluate, { step: 0, value, slope }, 1)
    if (!found && !(point.step > 0 && point.value < value)) return false
    // A lower point without the conditions is still progress, but was not the last that the search looked at.
    if (!found) await this.evaluate(point.step)
    const left = this.here
    this.here = this.there
    this.there = left
    this.value = point.value
    this.gradientNorm = norm(this.here.gradient)
    return true
  }

  /** Puts `there` at a share of the step. */
  private async evaluate(share: number): Promise<LinePoint> {
    const { step, here, there, gradientNorm } = this
    const scale = share * gradientNorm
    for (let i = 0; i < step.length; i++) there.parameters[i] = here.parameters[i] + scale * step[i]
    this.evaluations++
    const value = await this.objective.evaluate(there.parameters, there.gradient)
    return { step: share, value, slope: gradientNorm * slopeAlong(step, there.gradient) }
  }

  /** Makes the step for a gradient of length 1: conjugate gradients for H·step = −gradient/|gradient|. */
  private async solve(): Promise<void> {
    const { step, residual, direction, product, here, gradientNorm } = this
    for (let i = 0; i < step.length; i++) direction[i] = residual[i] = -here.gradient[i] / gradientNorm
    step.fill(0)
    let square = inner(residual, residual)
    const enough = REMAINDER * REMAINDER * square
    for (let products = 0; products < PRODUCTS_MOST; products++) {
      await this.objective.multiply(direction, product)
      this.evaluations++
      const curvature = inner(direction, product)
      // Where the function does not bend, as far as float32 can tell, the step so far has to do.
      if (!(curvature > 0 && curvature < Infinity)) break
      const next = advance(step, residual, direction, product, square / curvature)
      if (!(next > enough)) return
      conjugate(direction, residual, next / square)
      square = next
    }
    // Steepest descent is left where the first product said nothing.
    if (step.every((s) => s === 0)) for (let i = 0; i < step.length; i++) step[i] = -here.gradient[i] / gradientNorm
  }
}

/** step += length · direction, residual −= length · product; returns |residual|². */
function advance(
  step: Float32Array,
  residual: Float32Array,
  direction: Float32Array,
  product: Float32Array,
  length: number,
): number {
  let even = 0
  let odd = 0
  // Two sums, because a chain of additions would be the slowest part.
  const pairs = step.length - 1
  let i = 0
  for (; i < pairs; i += 2) {
    step[i] += length * direction[i]
    step[i + 1] += length * direction[i + 1]
    const a = residual[i] - length * product[i]
    const b = residual[i + 1] - length * product[i + 1]
    residual[i] = a
    residual[i + 1] = b
    even += a * a
    odd += b * b
  }
  if (i < step.length) {
    step[i] += length * direction[i]
    residual[i] -= length * product[i]
    even += residual[i] * residual[i]
  }
  return even + odd
}

/** direction = residual + share · direction. */
function conjugate(direction: Float32Array, residual: Float32Array, share: number): void {
  for (let i = 0; i < direction.length; i++) direction[i] = residual[i] + share * direction[i]
}

/** The inner product, from two sums for the same reason. */
function inner(a: Float32Array, b: Float32Array): number {
  let even = 0
  let odd = 0
  const pairs = a.length - 1
  let i = 0
  for (; i < pairs; i += 2) {
    even += a[i] * b[i]
    odd += a[i + 1] * b[i + 1]
  }
  if (i < a.length) even += a[i] * b[i]
  return even + odd
}

function slopeAlong(step: Float32Array, gradient: Float64Array): number {
  let sum = 0
  for (let i = 0; i < step.length; i++) sum += step[i] * gradient[i]
  return sum
}
