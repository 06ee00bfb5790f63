/**
 * L-BFGS: minimises a smooth function from its values and gradients, remembering the last few steps s and gradient
 * changes y to know how the function bends (Liu & Nocedal, Math. Programming 45, 1989; Nocedal & Wright, Numerical
 * Optimization, 2006, algorithm 7.5).
 *
 * The direction is made in metric.ts, the step along it in line-search.ts; what the parameters mean only the objective
 * knows.
 */
import { type LinePoint, lineSearch } from './line-search.ts'
import { Metric } from './metric.ts'
import type { Objective } from './objective.ts'
import type { Iteration, OptimResult, OptimStatus } from './result.ts'
import { dot, norm } from './vector.ts'

export interface LbfgsOptions {
  /** The run has converged when the Euclidean norm of the gradient is at most this. */
  readonly tolerance: number
  readonly maxIterations: number
  /** How many pairs (s, y) are remembered. Default 10. */
  readonly memory?: number
  /** Called after every step; returning false ends the run with the status `stopped`. */
  readonly onIteration?: (iteration: Iteration) => unknown
}

/** Minimises `objective` from `start`, which is left as it is. Rejects only with what the objective or callback throws. */
export async function lbfgs(objective: Objective, start: Float64Array, options: LbfgsOptions): Promise<OptimResult> {
  const { tolerance, maxIterations, onIteration } = options
  const history: Iteration[] = []
  const metric = new Metric(start.length, options.memory ?? 10)
  const direction = new Float64Array(start.length)
  let here = { parameters: Float64Array.from(start), gradient: new Float64Array(start.length) }
  let there = { parameters: new Float64Array(start.length), gradient: new Float64Array(start.length) }
  let evaluations = 1
  let value = await objective(here.parameters, here.gradient)

  const evaluate = async (step: number): Promise<LinePoint> => {
    evaluations++
    for (let i = 0; i < direction.length; i++) there.parameters[i] = here.parameters[i] + step * direction[i]
    const trial = await objective(there.parameters, there.gradient)
    return { step, value: trial, slope: dot(there.gradient, direction) }
  }
  /** Takes one step; false if even the direction of steepest descent has none to offer. */
  const advance = async (): Promise<boolean> => {
    for (;;) {
      metric.direction(here.gradient, direction)
      const slope = dot(direction, here.gradient)
      // Without pairs the length of the direction means nothing yet; begin with a step of length 1 at most.
      const first = metric.pairs > 0 ? 1 : Math.min(1, 1 / norm(direction))
      if (slope < 0) {
        const { found, point } = await lineSearch(evaluate, { step: 0, value, slope }, first)
        if (found || (point.step > 0 && point.value < value)) {
          value = point.value
          if (!found) await evaluate(point.step)
          return true
        }
      }
      if (metric.pairs === 0) return false
      metric.clear()
    }
  }
  const end = (status: OptimStatus): OptimResult => ({
    status,
    parameters: here.parameters,
    iterations: history.length,
    evaluations,
    objective: value,
    gradientNorm: norm(here.gradient),
    history,
  })

  if (!Number.isFinite(value) || !Number.isFinite(norm(here.gradient))) return end('not-finite')
  while (norm(here.gradient) > tolerance) {
    if (history.length >= maxIterations) return end('max-iterations')
    if (!(await advance())) return end('line-search-failed')
    metric.learn(here, there)
    ;[here, there] = [there, here]
    const gradientNorm = norm(here.gradient)
    const iteration = { iteration: history.length + 1, objective: value, gradientNorm, evaluations }
    history.push(iteration)
    if (onIteration?.(iteration) === false) return end('stopped')
  }
  return end('converged')
}
