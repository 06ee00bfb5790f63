/**
 * What happens between two steps of a fit, whatever the solver: the validation rows are looked at, the step is noted and told, and
 * somebody may want an end.
 */
import type { Iteration } from '../optim/result.ts'
import type { FitSettings } from './options.ts'
import type { FitIteration } from './report.ts'
import type { Start } from './start.ts'
import type { EarlyStopping } from './validation.ts'

/** Seconds since some moment. */
export type Clock = () => number

export const startClock = (): Clock => {
  const begin = performance.now()
  return () => (performance.now() - begin) / 1000
}

export class Watch {
  readonly history: FitIteration[] = []
  /** Why the fit was ended from outside, if it was. */
  ended: 'stopped' | 'time-limit' | 'early-stopped' | undefined
  readonly early: EarlyStopping | undefined
  private readonly clock: Clock
  private readonly settings: Pick<FitSettings, 'tolerance' | 'maxSeconds' | 'onIteration'>

  constructor(
    settings: Pick<FitSettings, 'tolerance' | 'maxSeconds' | 'onIteration'>,
    clock: Clock,
    early: EarlyStopping | undefined,
  ) {
    this.settings = settings
    this.clock = clock
    this.early = early
  }

  /** Takes note of a step; `read` says what the weights are after it. False if the fit is to end. */
  async step({ evaluations, ...step }: Iteration, read: () => Start): Promise<boolean> {
    const { early, settings, clock } = this
    const { tolerance, maxSeconds, onIteration } = settings
    const told = { ...step, dataPasses: evaluations, seconds: clock() }
    const progress = early ? { ...told, validationLoss: await early.look(step.iteration, read()) } : told
    this.history.push(progress)
    if (onIteration?.(progress) === false) this.ended = 'stopped'
    else if (step.gradientNorm <= tolerance) return true
    else if (early?.isOver(step.iteration)) this.ended = 'early-stopped'
    else if (clock() >= maxSeconds) this.ended = 'time-limit'
    return this.ended === undefined
  }

  seconds(): number {
    return this.clock()
  }

  close(): Promise<void> | void {
    return this.early?.close()
  }
}
