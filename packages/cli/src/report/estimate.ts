/**
 * How long a fit still takes, from what it has done so far.
 *
 * The solver stops when the gradient norm g falls below the tolerance, and on the way log g falls about linearly in
 * time. A straight line through the second half of the iterations (least squares of log g on seconds) says when it
 * will cross; the limit on iterations bounds the answer. When the line does not fall, only the bound is known.
 */

export interface FitStep {
  iteration: number
  objective: number
  gradientNorm: number
  dataPasses: number
  seconds: number
}

export interface Remaining {
  seconds: number
  /** False when `seconds` is only the time until the limit on iterations. */
  estimated: boolean
}

const fewest = 6

/** Undefined while nothing can be said. `steps` are in order. */
export function remainingTime(
  steps: readonly FitStep[],
  tolerance: number,
  maxIterations: number,
): Remaining | undefined {
  const last = steps.at(-1)
  if (last === undefined || steps.length < fewest || last.iteration === 0) return undefined
  const bound = ((maxIterations - last.iteration) * last.seconds) / last.iteration
  const line = lineThrough(steps.slice(Math.floor(steps.length / 2)))
  // Less than a factor of e in the time until the bound is no progress worth extrapolating.
  if (!(line.slope * bound < -1)) return { seconds: bound, estimated: false }
  const crossing = (Math.log(tolerance) - line.level) / line.slope
  return { seconds: Math.min(Math.max(crossing, 0), bound), estimated: crossing < bound }
}

/** Least squares of log g on seconds: the slope, and the level of the line at the last step. */
function lineThrough(steps: readonly FitStep[]): { slope: number; level: number } {
  const n = steps.length
  const last = steps[n - 1].seconds
  let sumT = 0
  let sumY = 0
  let sumTT = 0
  let sumTY = 0
  for (const { seconds, gradientNorm } of steps) {
    const t = seconds - last
    const y = Math.log(gradientNorm)
    sumT += t
    sumY += y
    sumTT += t * t
    sumTY += t * y
  }
  const slope = (n * sumTY - sumT * sumY) / (n * sumTT - sumT * sumT)
  return { slope, level: (sumY - slope * sumT) / n }
}

/** The part of the way from the first gradient norm to the tolerance that is done, on a log scale, in [0, 1]. */
export function partDone(steps: readonly FitStep[], tolerance: number): number {
  const first = steps[0]?.gradientNorm ?? Number.NaN
  const best = steps.reduce((low, { gradientNorm }) => Math.min(low, gradientNorm), first)
  const part = Math.log(first / best) / Math.log(first / tolerance)
  return Number.isFinite(part) ? Math.min(Math.max(part, 0), 1) : 0
}
