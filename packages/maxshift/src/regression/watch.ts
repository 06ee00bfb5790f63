/**
 * What happens between two steps of a fit, whatever the solver: the validation rows are looked at, the step is noted and told, and
 * somebody may want an end.
 */
import type { Iteration } from '../optim/result.ts'
import { matrix, rowsOf, type Tensors, takeTensor, vector } from './checkpoint.ts'
import type { FitSettings } from './options.ts'
import type { FitIteration } from './report.ts'
import type { Tensor } from './safetensors.ts'
import type { SeparationCheck } from './separation-check.ts'
import type { Start } from './start.ts'
import type { EarlyStopping } from './validation.ts'

/** Seconds since some moment. */
export type Clock = () => number

export const startClock = (): Clock => {
  const begin = performance.now()
  return () => (performance.now() - begin) / 1000
}

/** The columns of a history in a checkpoint. */
const COLUMNS = ['iteration', 'objective', 'gradientNorm', 'dataPasses', 'seconds', 'validationLoss'] as const

export class Watch {
  readonly history: FitIteration[] = []
  /** Why the fit was ended from outside, if it was. */
  ended: 'stopped' | 'time-limit' | 'early-stopped' | 'separated' | undefined
  readonly early: EarlyStopping | undefined
  /** Seconds that the fit had taken before it was resumed. */
  private before = 0
  private readonly separation: SeparationCheck | undefined
  private readonly clock: Clock
  private readonly settings: Pick<FitSettings, 'tolerance' | 'maxSeconds' | 'onIteration'>

  constructor(
    settings: Pick<FitSettings, 'tolerance' | 'maxSeconds' | 'onIteration'>,
    clock: Clock,
    early: EarlyStopping | undefined,
    separation?: SeparationCheck,
  ) {
    this.settings = settings
    this.clock = clock
    this.early = early
    this.separation = separation
  }

  /** Takes note of a step; `read` says what the weights are after it. False if the fit is to end. */
  async step({ evaluations, ...step }: Iteration, read: () => Start): Promise<boolean> {
    const { early, separation, settings, clock } = this
    const { tolerance, maxSeconds, onIteration } = settings
    const told = { ...step, dataPasses: evaluations, seconds: this.seconds() }
    const progress = early ? { ...told, validationLoss: await early.look(step.iteration, read()) } : told
    this.history.push(progress)
    if (onIteration?.(progress) === false) this.ended = 'stopped'
    else if (step.gradientNorm <= tolerance) return true
    else if (early?.isOver(step.iteration)) this.ended = 'early-stopped'
    else if (clock() >= maxSeconds) this.ended = 'time-limit'
    else if (await separation?.look(step.iteration, read)) this.ended = 'separated'
    return this.ended === undefined
  }

  /** Whether time is up between two steps; then the fit is to end. */
  isLate(): boolean {
    if (this.clock() < this.settings.maxSeconds) return false
    this.ended = 'time-limit'
    return true
  }

  seconds(): number {
    return this.before + this.clock()
  }

  /** What a checkpoint keeps. */
  save(): Tensors {
    const { history, early } = this
    const rows = history.map((step) => Float64Array.from(COLUMNS, (name) => step[name] ?? Number.NaN))
    const tensors = new Map<string, Tensor>([['history', matrix(rows, COLUMNS.length)]])
    if (early) {
      tensors.set('bestStep', vector(Float64Array.of(early.iteration, early.logLoss)))
      tensors.set('bestWeights', vector(early.best.weights.slice()))
      tensors.set('bestIntercepts', vector(early.best.intercepts.slice()))
    }
    return tensors
  }

  restore(who: string, tensors: Tensors): void {
    const { early, history } = this
    const { values } = takeTensor(who, tensors, 'history', [undefined, COLUMNS.length])
    for (const row of rowsOf(values, COLUMNS.length)) {
      const [iteration, objective, gradientNorm, dataPasses, seconds, validationLoss] = row
      const step = { iteration, objective, gradientNorm, dataPasses, seconds }
      history.push(early ? { ...step, validationLoss } : step)
    }
    this.before = history.at(-1)?.seconds ?? 0
    if (early === undefined) return
    const take = (name: string, size: number): Float64Array => takeTensor(who, tensors, name, [size]).values
    const [iteration, logLoss] = take('bestStep', 2)
    early.iteration = iteration
    early.logLoss = logLoss
    early.best.weights.set(take('bestWeights', early.best.weights.length))
    early.best.intercepts.set(take('bestIntercepts', early.best.intercepts.length))
  }

  close(): Promise<void> | void {
    return this.early?.close()
  }
}
