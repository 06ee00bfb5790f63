/**
 * L-BFGS: minimises a smooth function from its values and gradients, remembering the last few steps s and gradient
 * changes y to know how the function bends (Liu & Nocedal, Math. Programming 45, 1989; Nocedal & Wright, Numerical
 * Optimization, 2006, algorithm 7.5).
 *
 * The direction is made in metric.ts, the step along it in line-search.ts; what the parameters mean only the objective
 * knows.
 */
import { type LinePoint, lineSearch } from './line-search.ts'
import { Metric, type MetricState, type Move, type Point } from './metric.ts'
import type { Objective } from './objective.ts'
import type { Iteration, OptimResult, OptimStatus } from './result.ts'
import { dot, norm } from './vector.ts'

export interface LbfgsOptions {
  /** The run has converged when the Euclidean norm of the gradient is at most this. */
  readonly tolerance: number
  readonly maxIterations: number
  /** How many pairs (s, y) are remembered, at least 1. Default 10. */
  readonly memory?: number
  /** Other coordinates, in which the function is rounder, once it is known better. */
  readonly renewal?: Renewal
  /** For an objective that is rough at first, and cheaper so. The result is never of the rough one. */
  readonly rough?: Rough
  /** Called after every step; returning false, or a promise of it, ends the run with the status `stopped`. */
  readonly onIteration?: (iteration: Iteration, parameters: Float64Array) => unknown
  /** Goes on from here instead of the start: the run ends as the one would have that the state is from, bit for bit. */
  readonly resume?: LbfgsState | undefined
  /** Called after every step, with a function that copies the state of the run. */
  readonly onState?: (save: () => LbfgsState) => void | Promise<void>
}

/** A run between two steps, as plain data. Coordinates that were renewed on the way are the caller's to restore. */
export interface LbfgsState {
  readonly parameters: Float64Array
  readonly gradient: Float64Array
  readonly objective: number
  readonly evaluations: number
  readonly metric: MetricState
  /** What progress is measured by: the lowest value, the smallest gradient norm, and steps since one of them fell. */
  readonly lowest: number
  readonly flattest: number
  readonly idle: number
  readonly isRough: boolean
  readonly history: readonly Iteration[]
}

/**
 * An objective whose values and gradients are rounded more than need be, until it is asked to be exact: when the gradient norm has
 * come down to `floor`, or to the tolerance, and whenever a run could end. The pairs are kept.
 */
export interface Rough {
  readonly floor: number
  /** The rounding of values, relative to them. */
  readonly noise: number
  /** Makes the objective exact; called at most once. */
  readonly refine: () => void
}

/** A change of the coordinates on the way. The pairs go along, so that nothing is forgotten. */
export interface Renewal {
  /** After so many steps, in ascending order. */
  readonly iterations: readonly number[]
  /** Given the point, chooses coordinates, in which the objective is asked from then on. Undefined leaves them as they are. */
  readonly renew: (parameters: Float64Array) => Promise<Move | undefined>
}

export interface LbfgsResult extends OptimResult {
  /** The gradient at `parameters`. */
  readonly gradient: Float64Array
}

/** So many steps without a new lowest value or gradient norm mean that rounding has taken over; while the objective is rough, fewer. */
const IDLE_MOST = 40
const ROUGH_IDLE_MOST = 4
/** Trials of a line search while the objective is rough. */
const ROUGH_TRIALS = 12

/** Minimises `objective` from `start`, which is left as it is. Rejects only with what the objective or callback throws. */
export async function lbfgs(objective: Objective, start: Float64Array, options: LbfgsOptions): Promise<LbfgsResult> {
  const { maxIterations, memory = 10, renewal, onIteration, resume, onState } = options
  const descent = new Descent(objective, start, memory)
  const history: Iteration[] = resume ? [...resume.history] : []
  let rough = options.rough
  if (rough && resume?.isRough === false) {
    rough.refine()
    rough = undefined
  }
  if (resume) descent.restore(resume)
  else await descent.measure()
  let { lowest, flattest, idle } = resume ?? { lowest: descent.value, flattest: descent.gradientNorm, idle: 0 }

  /** How the run ends here, as far as the objective can be trusted; undefined after a step. */
  const advance = async (): Promise<OptimStatus | undefined> => {
    if (!Number.isFinite(descent.value) || !Number.isFinite(descent.gradientNorm)) return 'not-finite'
    if (descent.gradientNorm <= Math.max(options.tolerance, rough?.floor ?? 0)) return 'converged'
    if (history.length >= maxIterations) return 'max-iterations'
    if (renewal?.iterations.includes(history.length)) {
      await descent.renew(renewal)
      flattest = descent.gradientNorm
      // A norm that is no number has not converged.
      if (descent.gradientNorm <= options.tolerance) return 'converged'
    }
    const most = rough ? ROUGH_IDLE_MOST : IDLE_MOST
    if (idle >= most || !(await descent.advance(rough?.noise))) return 'line-search-failed'
    const { value, gradientNorm, evaluations } = descent
    idle = value < lowest || gradientNorm < flattest ? 0 : idle + 1
    lowest = Math.min(lowest, value)
    flattest = Math.min(flattest, gradientNorm)
    const iteration = { iteration: history.length + 1, objective: value, gradientNorm, evaluations }
    history.push(iteration)
    const goOn = (await onIteration?.(iteration, descent.here.parameters)) !== false
    const isRough = rough !== undefined
    await onState?.(() => ({ ...descent.save(), lowest, flattest, idle, isRough, history: [...history] }))
    return goOn ? undefined : 'stopped'
  }

  for (;;) {
    const status = await advance()
    if (status === undefined) continue
    const ends = !rough || status === 'stopped' || status === 'max-iterations'
    if (rough) {
      rough.refine()
      rough = undefined
      await descent.measure()
      lowest = descent.value
      flattest = descent.gradientNorm
      idle = 0
    }
    if (!ends) continue
    const { here, evaluations, value, gradientNorm } = descent
    return { ...here, status, iterations: history.length, evaluations, objective: value, gradientNorm, history }
  }
}

/** A point that moves downhill, step by step. */
class Descent {
  here: Point
  value = Number.NaN
  gradientNorm = Number.NaN
  evaluations = 0
  private there: Point
  private readonly objective: Objective
  private readonly direction: Float64Array
  private readonly metric: Metric

  constructor(objective: Objective, start: Float64Array, memory: number) {
    const { length } = start
    this.objective = objective
    this.here = { parameters: Float64Array.from(start), gradient: new Float64Array(length) }
    this.there = { parameters: new Float64Array(length), gradient: new Float64Array(length) }
    this.direction = new Float64Array(length)
    this.metric = new Metric(length, memory)
  }

  /** Evaluates the objective where it is. */
  async measure(): Promise<void> {
    this.evaluations++
    this.value = await this.objective(this.here.parameters, this.here.gradient)
    this.gradientNorm = norm(this.here.gradient)
  }

  save(): Pick<LbfgsState, 'parameters' | 'gradient' | 'objective' | 'evaluations' | 'metric'> {
    const { here, value, evaluations, metric } = this
    const { parameters, gradient } = here
    const point = { parameters: parameters.slice(), gradient: gradient.slice() }
    return { ...point, objective: value, evaluations, metric: metric.save() }
  }

  restore({ parameters, gradient, objective, evaluations, metric }: LbfgsState): void {
    this.here.parameters.set(parameters)
    this.here.gradient.set(gradient)
    this.value = objective
    this.gradientNorm = norm(gradient)
    this.evaluations = evaluations
    this.metric.restore(metric)
  }

  /** Goes on in other coordinates from where it is. */
  async renew({ renew }: Renewal): Promise<void> {
    const move = await renew(this.here.parameters)
    if (move === undefined) return
    move.moveParameters(this.here.parameters)
    move.moveGradient(this.here.gradient)
    this.gradientNorm = norm(this.here.gradient)
    this.metric.move(move)
  }

  /**
   * Takes one step; false if even the direction of steepest descent has none to offer. With noise, of an objective that will be exact,
   * the pairs are not given up for that.
   */
  async advance(noise: number | undefined): Promise<boolean> {
    let value = await this.searchDirection(noise)
    if (value === undefined && this.metric.pairs > 0 && noise === undefined) {
      this.metric.clear()
      value = await this.searchDirection(noise)
    }
    if (value === undefined) return false
    this.metric.learn(this.here, this.there)
    const left = this.here
    this.here = this.there
    this.there = left
    this.value = value
    this.gradientNorm = norm(this.here.gradient)
    return true
  }

  /** The value of a better point, which is then `there`; undefined if the direction of the metric leads to none. */
  private async searchDirection(noise: number | undefined): Promise<number | undefined> {
    const { direction, metric, here, value } = this
    metric.direction(here.gradient, direction)
    const slope = dot(direction, here.gradient)
    if (!(slope < 0)) return undefined
    // Without pairs the length of the direction means nothing yet; begin with a step of length 1 at most.
    const firstStep = metric.pairs > 0 ? 1 : Math.min(1, 1 / norm(direction))
    const search = noise === undefined ? {} : { noise, maxTrials: ROUGH_TRIALS }
    const start = { step: 0, value, slope }
    const { found, point } = await lineSearch((step) => this.evaluate(step), start, firstStep, search)
    if (found) return point.value
    if (!(point.step > 0 && point.value < value)) return undefined
    // A lower point without the conditions is still progress, but was not the last that the search looked at.
    await this.evaluate(point.step)
    return point.value
  }

  /** Puts `there` at a step along the direction. */
  private async evaluate(step: number): Promise<LinePoint> {
    const { direction, here, there } = this
    for (let i = 0; i < direction.length; i++) there.parameters[i] = here.parameters[i] + step * direction[i]
    this.evaluations++
    const value = await this.objective(there.parameters, there.gradient)
    return { step, value, slope: dot(there.gradient, direction) }
  }
}
