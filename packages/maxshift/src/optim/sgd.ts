/**
 * Stochastic gradient descent: many small steps, each along the gradient g of one batch of what the objective is a mean of (times
 * its share, if it is not full), with momentum in the form of Nesterov (Sutskever, Martens, Dahl & Hinton, ICML 2013):
 *
 *   v ← momentum·v + g        x ← x − rate·(g + momentum·v)        rate = learningRate · factor of the epoch (schedule.ts)
 *
 * With averaging the result is not the last x but a mean of all, in which later ones count more (Shamir & Zhang, ICML 2013, with
 * η = 3): after step t = 1, 2, …  x̄ ← x̄ + 4/(t + 3)·(x − x̄). Where the rate stays as it is, x never comes to rest, x̄ does.
 *
 * What a batch is, and in which order they come, only the caller knows.
 */
import type { Objective } from './objective.ts'
import type { Iteration, OptimResult, OptimStatus } from './result.ts'
import { type Schedule, scheduleFactor } from './schedule.ts'
import { addScaled, norm } from './vector.ts'

export interface SgdOptions {
  readonly epochs: number
  /** The rate of the first epoch. */
  readonly learningRate: number
  /** In [0, 1); 0 is plain gradient descent. */
  readonly momentum: number
  readonly schedule: Schedule
  readonly averaging: boolean
  /** Asked before every batch; a status ends the run there. */
  readonly interrupt?: () => OptimStatus | undefined
  /** Called after every epoch with what would be the result; returning false, or a promise of it, ends the run with the status `stopped`. */
  readonly onIteration?: (iteration: Iteration, parameters: Float64Array) => unknown
  /** Goes on from here instead of the start: the run ends as the one would have that the state is from, bit for bit. */
  readonly resume?: SgdState | undefined
  /** Called after every epoch, with a function that copies the state of the run. */
  readonly onState?: (save: () => SgdState) => void | Promise<void>
}

/** A run between two epochs, as plain data. */
export interface SgdState {
  readonly parameters: Float64Array
  readonly velocity: Float64Array
  readonly average: Float64Array
  /** Batches so far. */
  readonly steps: number
  readonly history: readonly Iteration[]
}

/** A part of what the objective is a mean of. */
export interface Batch {
  /** The value and gradient of the objective if there were no other parts. */
  readonly objective: Objective
  /** In (0, 1]: how full the batch is. Its gradient counts for so much. */
  readonly share: number
}

/** The batches of an epoch in their order. */
export type Epoch = Iterable<Batch> | AsyncIterable<Batch>

/** η of the average. */
const RECENCY = 3

/**
 * Runs through `epochs` epochs, numbered from 0. What iterations and the result tell are means over the batches of the epoch (the last
 * whole one, if there is one), each at the point of its time: the value, and the norm of the mean gradient. `evaluations` counts epochs.
 *
 * The status is `schedule-finished` after the last epoch, `not-finite` once a batch has a value or gradient that is not finite: then
 * the parameters are those of the epoch's start. Rejects only with what a batch or callback throws.
 */
export async function sgd(
  epochOf: (epoch: number) => Epoch,
  start: Float64Array,
  options: SgdOptions,
): Promise<OptimResult> {
  const { epochs, learningRate, momentum, schedule, averaging, interrupt, onIteration, resume, onState } = options
  const run = new Run(start, momentum)
  const history: Iteration[] = resume ? [...resume.history] : []
  if (resume) run.restore(resume)
  const result = averaging ? run.average : run.parameters
  const end = (status: OptimStatus): OptimResult => ({
    status,
    parameters: result,
    iterations: history.length,
    evaluations: history.length,
    ...(history.length > 0 ? measured(history[history.length - 1]) : run.epochMeans()),
    history,
  })

  while (history.length < epochs) {
    const rate = learningRate * scheduleFactor(schedule, history.length, epochs)
    const before = run.save()
    run.beginEpoch()
    for await (const batch of epochOf(history.length)) {
      const reason = interrupt?.()
      if (reason !== undefined) return end(reason)
      if (!(await run.step(batch, rate))) {
        run.restore(before)
        return end('not-finite')
      }
    }
    const count = history.length + 1
    const iteration = { iteration: count, ...run.epochMeans(), evaluations: count }
    history.push(iteration)
    const goOn = (await onIteration?.(iteration, result)) !== false
    await onState?.(() => ({ ...run.save(), history: [...history] }))
    if (!goOn) return end('stopped')
  }
  return end('schedule-finished')
}

const measured = ({ objective, gradientNorm }: Iteration): Pick<Iteration, 'objective' | 'gradientNorm'> => ({
  objective,
  gradientNorm,
})

/** A point on its way. */
class Run {
  readonly parameters: Float64Array
  readonly average: Float64Array
  steps = 0
  private readonly momentum: number
  private readonly velocity: Float64Array
  private readonly gradient: Float64Array
  /** Of the epoch. */
  private readonly gradients: Float64Array
  private values = 0
  private shares = 0

  constructor(start: Float64Array, momentum: number) {
    this.parameters = Float64Array.from(start)
    this.average = Float64Array.from(start)
    this.momentum = momentum
    this.velocity = new Float64Array(start.length)
    this.gradient = new Float64Array(start.length)
    this.gradients = new Float64Array(start.length)
  }

  beginEpoch(): void {
    this.gradients.fill(0)
    this.values = 0
    this.shares = 0
  }

  epochMeans(): Pick<Iteration, 'objective' | 'gradientNorm'> {
    return { objective: this.values / this.shares, gradientNorm: norm(this.gradients) / this.shares }
  }

  /** False if the batch has no finite value or gradient; then nothing moves. */
  async step({ objective, share }: Batch, rate: number): Promise<boolean> {
    const { parameters, average, velocity, gradient, gradients, momentum } = this
    const value = await objective(parameters, gradient)
    if (!Number.isFinite(value) || !Number.isFinite(norm(gradient))) return false
    this.values += share * value
    this.shares += share
    this.steps++
    addScaled(gradients, share, gradient)
    const recent = (RECENCY + 1) / (this.steps + RECENCY)
    for (let i = 0; i < parameters.length; i++) {
      const g = share * gradient[i]
      velocity[i] = momentum * velocity[i] + g
      parameters[i] -= rate * (g + momentum * velocity[i])
      average[i] += recent * (parameters[i] - average[i])
    }
    return true
  }

  save(): Omit<SgdState, 'history'> {
    const { parameters, velocity, average, steps } = this
    return { parameters: parameters.slice(), velocity: velocity.slice(), average: average.slice(), steps }
  }

  restore({ parameters, velocity, average, steps }: Omit<SgdState, 'history'>): void {
    this.parameters.set(parameters)
    this.velocity.set(velocity)
    this.average.set(average)
    this.steps = steps
  }
}
