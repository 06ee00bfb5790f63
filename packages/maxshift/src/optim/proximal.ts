/**
 * Minimises f(x) + Σ λ_i·|x_i| for a smooth f: a proximal quasi-Newton method (Lee, Sun & Saunders, SIAM J. Optim. 24, 2014;
 * Scheinberg & Tang, Math. Programming 160, 2016). Each step minimises a model in which f is a quadratic (quadratic.ts) and the
 * absolute values are themselves, by coordinate descent, which costs no evaluation of f; then f is asked how much of the way
 * there is good. Coordinates that the model puts at 0 are exactly 0.
 *
 * The measure of optimality is the Euclidean norm of the shortest subgradient, with g the gradient of f:
 *
 *   r_i = g_i + λ_i·sign(x_i) where x_i ≠ 0      r_i = max(|g_i| − λ_i, 0) where x_i = 0
 *
 * which is 0 exactly where the conditions of Karush, Kuhn and Tucker hold. With all λ_i = 0 it is the norm of the gradient.
 */
import { descend } from './coordinate-descent.ts'
import type { Objective } from './objective.ts'
import { type FirstCurvature, identityCurvature, Quadratic, type QuadraticState } from './quadratic.ts'
import type { Iteration, OptimResult, OptimStatus } from './result.ts'
import { subtract } from './vector.ts'

export interface ProximalOptions {
  /** λ, one per parameter, ≥ 0; a parameter whose λ is infinite must start at 0 and stays there. */
  readonly penalties: Float64Array
  /** The run has converged when the norm of the shortest subgradient is at most this. */
  readonly tolerance: number
  readonly maxIterations: number
  /** How many pairs of steps and changes of the gradient are remembered, at least 1. Default 20. */
  readonly memory?: number
  /** What the model of f starts from. Default the identity. */
  readonly first?: FirstCurvature
  /** Moves a point to where the value of the whole is no higher, if more is known of it than the objective tells. */
  readonly settle?: (parameters: Float64Array) => void
  /** A better first curvature, once f is known better. The pairs are forgotten then. */
  readonly renewal?: CurvatureRenewal
  /** Waited for now and then while no evaluation is under way. What it throws rejects the optimisation. */
  readonly pause?: () => unknown
  /** Called after every step; returning false, or a promise of it, ends the run with the status `stopped`. */
  readonly onIteration?: (iteration: Iteration, parameters: Float64Array) => unknown
  /** Goes on from here instead of the start: the run ends as the one would have that the state is from, bit for bit. */
  readonly resume?: ProximalState | undefined
  /** Called after every step, with a function that copies the state of the run. */
  readonly onState?: (save: () => ProximalState) => void | Promise<void>
}

/** A run between two steps, as plain data. A first curvature that was renewed on the way is the caller's to restore. */
export interface ProximalState {
  readonly parameters: Float64Array
  readonly gradient: Float64Array
  readonly objective: number
  readonly evaluations: number
  readonly model: QuadraticState
  /** What progress is measured by: the lowest value, the smallest norm, and steps since one of them fell. */
  readonly lowest: number
  readonly flattest: number
  readonly idle: number
  readonly history: readonly Iteration[]
}

/** `objective` is the value of the whole, `gradientNorm` the norm of the shortest subgradient. */
export interface ProximalResult extends OptimResult {
  /** The gradient of f at `parameters`. */
  readonly gradient: Float64Array
}

export interface CurvatureRenewal {
  /** After so many steps, in ascending order. */
  readonly iterations: readonly number[]
  /** Undefined leaves the first curvature as it is. */
  readonly renew: (parameters: Float64Array) => Promise<FirstCurvature | undefined>
}

/** Coordinate descent ends when it moves by this share of the norm of the shortest subgradient. */
const ACCURACY = 0.1
/** The share of the decrease promised by the slope that a step has to bring. */
const DECREASE = 1e-4
/** The share of the slope that may remain where the decrease drowns in rounding. */
const FLATNESS = 0.9
/** The rounding of the objective relative to itself. */
const NOISE = 1e-12
/** Trials of one step. */
const TRIALS_MOST = 30
/** So many steps without a new lowest value or norm mean that rounding has taken over. */
const IDLE_MOST = 40

/** Minimises from `start`, which is left as it is. Rejects only with what the objective, the pause or a callback throws. */
export async function proximal(
  objective: Objective,
  start: Float64Array,
  options: ProximalOptions,
): Promise<ProximalResult> {
  const { tolerance, maxIterations, renewal, onIteration, resume, onState } = options
  const descent = new ProximalDescent(objective, start, options)
  const history: Iteration[] = resume ? [...resume.history] : []
  const end = (status: OptimStatus): ProximalResult => ({
    status,
    parameters: descent.x,
    iterations: history.length,
    evaluations: descent.evaluations,
    objective: descent.value,
    gradientNorm: descent.norm,
    gradient: descent.gradient,
    history,
  })

  if (resume) descent.restore(resume)
  else await descent.begin()
  if (!Number.isFinite(descent.value) || !Number.isFinite(descent.norm)) return end('not-finite')
  let { lowest, flattest, idle } = resume ?? { lowest: descent.value, flattest: descent.norm, idle: 0 }
  // A norm that is no number has not converged.
  while (!(descent.norm <= tolerance)) {
    if (history.length >= maxIterations) return end('max-iterations')
    if (renewal?.iterations.includes(history.length)) descent.renew(await renewal.renew(descent.x))
    if (idle >= IDLE_MOST || !(await descent.advance())) return end('line-search-failed')
    const { value, norm, evaluations } = descent
    idle = value < lowest || norm < flattest ? 0 : idle + 1
    lowest = Math.min(lowest, value)
    flattest = Math.min(flattest, norm)
    const iteration = { iteration: history.length + 1, objective: value, gradientNorm: norm, evaluations }
    history.push(iteration)
    const goOn = (await onIteration?.(iteration, descent.x)) !== false
    await onState?.(() => ({ ...descent.save(), lowest, flattest, idle, history: [...history] }))
    if (!goOn) return end('stopped')
  }
  return end('converged')
}

/** A point that moves downhill, step by step. */
class ProximalDescent {
  x: Float64Array
  value = Number.NaN
  /** Of the shortest subgradient. */
  norm = Number.NaN
  evaluations = 0
  /** Of the smooth part. */
  gradient: Float64Array
  private trial: Float64Array
  private trialGradient: Float64Array
  private readonly target: Float64Array
  private readonly penalties: Float64Array
  private readonly objective: Objective
  private readonly model: Quadratic
  private readonly pause: () => unknown
  private readonly settle: (parameters: Float64Array) => void

  constructor(objective: Objective, start: Float64Array, options: ProximalOptions) {
    const { length } = start
    const { penalties, memory = 20, first = identityCurvature(length), pause = () => {}, settle = () => {} } = options
    this.objective = objective
    this.x = Float64Array.from(start)
    this.gradient = new Float64Array(length)
    this.trial = new Float64Array(length)
    this.trialGradient = new Float64Array(length)
    this.target = new Float64Array(length)
    this.penalties = penalties
    this.model = new Quadratic(length, memory, first)
    this.pause = pause
    this.settle = settle
  }

  /** Evaluates the start. */
  async begin(): Promise<void> {
    this.settle(this.x)
    this.value = await this.evaluate(this.x, this.gradient)
    this.norm = subgradientNorm(this.x, this.gradient, this.penalties)
  }

  /** What it needs to go on from here. */
  save(): Pick<ProximalState, 'parameters' | 'gradient' | 'objective' | 'evaluations' | 'model'> {
    const { x, gradient, value, evaluations, model } = this
    return { parameters: x.slice(), gradient: gradient.slice(), objective: value, evaluations, model: model.save() }
  }

  /** Goes on from there. */
  restore({ parameters, gradient, objective, evaluations, model }: ProximalState): void {
    this.x.set(parameters)
    this.gradient.set(gradient)
    this.value = objective
    this.evaluations = evaluations
    this.model.restore(model)
    this.norm = subgradientNorm(this.x, this.gradient, this.penalties)
  }

  /** Starts the model from another first curvature. */
  renew(first: FirstCurvature | undefined): void {
    if (first !== undefined) this.model.clear(first)
  }

  /** Takes one step; false if the model has none to offer, even without what it remembers. */
  async advance(): Promise<boolean> {
    if (await this.step()) return true
    if (this.model.pairs === 0) return false
    this.model.clear()
    return this.step()
  }

  private async step(): Promise<boolean> {
    const { x, gradient, penalties, target, model } = this
    await descend(model, { x, gradient, penalties }, ACCURACY * this.norm, target, this.pause)
    const slope = this.slope()
    if (!(slope < 0)) return false
    const value = await this.search(slope)
    if (value === undefined) return false
    // The arrays of the old point have served, once the model has learnt.
    subtract(this.trial, x, target)
    subtract(this.trialGradient, gradient, gradient)
    model.learn(target, gradient)
    this.x = this.trial
    this.gradient = this.trialGradient
    this.trial = x
    this.trialGradient = gradient
    this.value = value
    this.norm = subgradientNorm(this.x, this.gradient, penalties)
    return true
  }

  /** The decrease that gradient and absolute values promise for the whole way to the target: negative. */
  private slope(): number {
    const { x, gradient, penalties, target } = this
    let slope = 0
    for (let i = 0; i < x.length; i++) {
      const way = target[i] - x[i]
      if (way === 0) continue
      // Near the optimum g and ±λ cancel, so they go first.
      if (x[i] * target[i] >= 0) slope += (gradient[i] + penalties[i] * Math.sign(x[i] + target[i])) * way
      else slope += gradient[i] * way + penalties[i] * (Math.abs(target[i]) - Math.abs(x[i]))
    }
    return slope
  }

  /** Looks for a good place on the way to the target, from its end backwards. Leaves it in `trial`; returns its value. */
  private async search(slope: number): Promise<number | undefined> {
    const { x, target, trial } = this
    let share = 1
    for (let trials = 0; trials < TRIALS_MOST; trials++) {
      // The whole way ends in the target itself, whose zeros are exact.
      if (share === 1) trial.set(target)
      else for (let i = 0; i < x.length; i++) trial[i] = x[i] + share * (target[i] - x[i])
      this.settle(trial)
      const value = await this.evaluate(trial, this.trialGradient)
      if (value <= this.value + DECREASE * share * slope) return value
      const drowned = value <= this.value + NOISE * Math.abs(this.value)
      if (drowned && this.slopeAtTrial() <= -FLATNESS * slope) return value
      // The lowest place of the parabola through both values and the slope, within limits.
      const wanted = (-slope * share * share) / (2 * (value - this.value - slope * share))
      share = Number.isFinite(wanted) ? Math.max(0.1 * share, Math.min(0.5 * share, wanted)) : 0.1 * share
    }
    return undefined
  }

  /** The slope towards the target at the trial, from the side of x. */
  private slopeAtTrial(): number {
    const { x, target, penalties, trial, trialGradient } = this
    let slope = 0
    for (let i = 0; i < x.length; i++) {
      const way = target[i] - x[i]
      if (way === 0) continue
      // At 0 the way has come from the other side.
      const sign = trial[i] === 0 ? -Math.sign(way) : Math.sign(trial[i])
      slope += (trialGradient[i] + penalties[i] * sign) * way
    }
    return slope
  }

  private async evaluate(x: Float64Array, gradient: Float64Array): Promise<number> {
    this.evaluations++
    const { penalties } = this
    let sum = 0
    for (let i = 0; i < x.length; i++) if (x[i] !== 0) sum += penalties[i] * Math.abs(x[i])
    return (await this.objective(x, gradient)) + sum
  }
}

/** The norm of the shortest subgradient of f + Σ λ_i·|x_i|, given the gradient of f. */
export function subgradientNorm(x: Float64Array, gradient: Float64Array, penalties: Float64Array): number {
  let square = 0
  for (let i = 0; i < x.length; i++) {
    const entry =
      x[i] === 0 ? Math.max(0, Math.abs(gradient[i]) - penalties[i]) : gradient[i] + Math.sign(x[i]) * penalties[i]
    square += entry * entry
  }
  return Math.sqrt(square)
}
