/**
 * A line search for the strong Wolfe conditions. With φ(a) = f(x + a·d), φ′(0) < 0 and 0 < c1 < c2 < 1 it looks for
 *
 *   φ(a) ≤ φ(0) + c1·a·φ′(0) + noise·|φ(0)|     enough decrease
 *   |φ′(a)| ≤ c2·|φ′(0)|                        a flat enough place
 *
 * The method keeps an interval whose left end has enough decrease and still falls steeply, and whose right end is too
 * high or rises. The minimiser of φ(a) − c1·a·φ′(0) between two such ends satisfies both conditions, so shrinking the
 * interval by one of its ends, whichever the trial resembles, must find a place that does. Trials come from the cubic
 * through both ends (Nocedal & Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6 and equation 3.59), kept
 * away from the ends, and from bisection when the interval shrinks too slowly (Moré & Thuente, ACM TOMS 20, 1994).
 *
 * Near an optimum the decrease drowns in the rounding of φ, while φ′ is still good: the term with `noise` lets the slope
 * decide there, the idea of the approximate Wolfe condition of Hager & Zhang (SIAM J. Optim. 16, 2005).
 */

/** φ and φ′ at one step. */
export interface LinePoint {
  readonly step: number
  readonly value: number
  readonly slope: number
}

export interface LineSearchOptions {
  /** c1, the share of the linear decrease that is asked for. Default 1e-4. */
  readonly decrease?: number
  /** c2, the share of the first slope that may remain. Default 0.9. */
  readonly curvature?: number
  /** The rounding of φ relative to |φ(0)|. Default 1e-12. */
  readonly noise?: number
  /** Trials before giving up. Default 40. */
  readonly maxTrials?: number
}

export interface LineSearchResult {
  /** Whether both conditions hold at `point`. */
  readonly found: boolean
  /** The last trial if `found`; otherwise the best place with enough decrease, the start (step 0) if there is none. */
  readonly point: LinePoint
}

/** The trial stays this share of the interval away from its ends. */
const MARGIN = 0.1
/** An interval that keeps more than this share over two trials is bisected. */
const SLOW = 0.66
/** Without a right end the next trial is between these multiples of the last one. */
const GROW_LEAST = 2
const GROW_MOST = 10

/**
 * Searches from `start` (step 0, slope < 0) with the first trial at `firstStep` > 0. `evaluate` is called once per
 * trial, and a found point is always the one it was called for last, so the caller may keep its gradient.
 * A trial whose value or slope is not finite counts as too high.
 */
export async function lineSearch(
  evaluate: (step: number) => LinePoint | Promise<LinePoint>,
  start: LinePoint,
  firstStep: number,
  options: LineSearchOptions = {},
): Promise<LineSearchResult> {
  const { decrease = 1e-4, curvature = 0.9, noise = 1e-12, maxTrials = 40 } = options
  const slack = noise * Math.abs(start.value)
  let left = start
  let right: LinePoint | undefined
  let step = firstStep
  let widths: readonly [number, number] = [Infinity, Infinity]
  for (let trials = 0; trials < maxTrials; trials++) {
    const trial = await evaluate(step)
    const finite = Number.isFinite(trial.value) && Number.isFinite(trial.slope)
    const tooHigh = !finite || trial.value > start.value + decrease * step * start.slope + slack
    if (!tooHigh && Math.abs(trial.slope) <= -curvature * start.slope) return { found: true, point: trial }
    const previous = left
    if (tooHigh || trial.slope > 0) right = trial
    else left = trial
    if (right === undefined) {
      step = grown(previous, left)
      continue
    }
    const width = right.step - left.step
    step = width > SLOW * widths[1] ? left.step + width / 2 : inside(left, right, slack)
    widths = [width, widths[0]]
    if (!(step > left.step && step < right.step)) break
  }
  return { found: false, point: left }
}

/** The next trial when everything up to `last` falls steeply: where the slope would be 0, within limits. */
function grown(previous: LinePoint, last: LinePoint): number {
  const secant = last.step - (last.slope * (last.step - previous.step)) / (last.slope - previous.slope)
  const wanted = last.slope > previous.slope ? secant : Infinity
  return Math.min(Math.max(wanted, GROW_LEAST * last.step), GROW_MOST * last.step)
}

/** A trial between both ends. Values that differ by rounding alone would mislead the cubic; then the slopes decide. */
function inside(left: LinePoint, right: LinePoint, slack: number): number {
  const width = right.step - left.step
  if (!Number.isFinite(right.value) || !Number.isFinite(right.slope)) return left.step + MARGIN * width
  const useSlopes = right.slope > 0 && Math.abs(right.value - left.value) <= slack
  const wanted = useSlopes ? left.step - (left.slope * width) / (right.slope - left.slope) : cubicMinimiser(left, right)
  const least = left.step + MARGIN * width
  const most = right.step - MARGIN * width
  return wanted >= least && wanted <= most
    ? wanted
    : wanted < least
      ? least
      : wanted > most
        ? most
        : left.step + width / 2
}

/** The minimiser of the cubic with the values and slopes of both ends; NaN where it has none. */
function cubicMinimiser(a: LinePoint, b: LinePoint): number {
  const width = b.step - a.step
  const d1 = a.slope + b.slope - (3 * (b.value - a.value)) / width
  const d2 = Math.sqrt(d1 * d1 - a.slope * b.slope)
  return b.step - (width * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2)
}
