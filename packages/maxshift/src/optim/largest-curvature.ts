/**
 * The largest curvature of a function at a point: the largest eigenvalue of its Hessian, by power iteration on differences
 * of gradients, H·v ≈ (∇f(x + h·v) − ∇f(x)) / h. Good enough to choose a step length, after a few evaluations.
 */
import type { Objective } from './objective.ts'
import { norm } from './vector.ts'

/** Evaluations after the first. */
const ITERATIONS = 12
/** h, small against 1, at which curvature of order 1 changes, and large against rounding. */
const DISTANCE = 2 ** -16

/**
 * The estimate, from below; 0 where the function is flat in every direction tried. Not finite where values or gradients are not.
 */
export async function largestCurvature(objective: Objective, point: Float64Array): Promise<number> {
  const { length } = point
  const origin = new Float64Array(length)
  const gradient = new Float64Array(length)
  await objective(point, origin)
  // The first direction is the gradient, to which the directions that matter are no strangers; where it is 0, any other.
  const direction = norm(origin) > 0 ? origin.slice() : origin.map((_, i) => 1 / (1 + i))
  const trial = new Float64Array(length)
  let curvature = norm(direction)
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    for (let i = 0; i < length; i++) trial[i] = point[i] + (DISTANCE * direction[i]) / curvature
    await objective(trial, gradient)
    for (let i = 0; i < length; i++) direction[i] = (gradient[i] - origin[i]) / DISTANCE
    curvature = norm(direction)
    if (!(curvature > 0 && Number.isFinite(curvature))) return curvature
  }
  return curvature
}
