/**
 * How an optimisation ended, as data: an optimiser never prints and never throws for a numerical reason.
 */

/**
 * `converged`: the gradient norm is at most the tolerance.
 * `max-iterations`: the iterations are used up. `stopped`: the callback asked for it.
 * `line-search-failed`: no step along the search direction, nor along steepest descent, makes progress, or forty steps
 * have made none; the gradient is as small as rounding allows, or it is not the gradient of the objective.
 * `not-finite`: the objective or its gradient is not finite at the starting point, or in stochastic gradient descent on the way.
 * `schedule-finished`: stochastic gradient descent went through its epochs, after which no test says how near the optimum is.
 */
export type OptimStatus =
  | 'converged'
  | 'max-iterations'
  | 'line-search-failed'
  | 'not-finite'
  | 'schedule-finished'
  | 'stopped'

/** One accepted step. */
export interface Iteration {
  /** 1 for the first step. */
  readonly iteration: number
  /** The value after the step. */
  readonly objective: number
  /** The Euclidean norm of the gradient after the step. */
  readonly gradientNorm: number
  /** Evaluations of the objective so far, the one at the start included. */
  readonly evaluations: number
}

export interface OptimResult {
  readonly status: OptimStatus
  /** The last accepted point; a point of finite value unless the start had none. */
  readonly parameters: Float64Array
  readonly iterations: number
  readonly evaluations: number
  /** The value at `parameters`. */
  readonly objective: number
  /** The Euclidean norm of the gradient at `parameters`. */
  readonly gradientNorm: number
  /** One entry per accepted step. */
  readonly history: readonly Iteration[]
}
