/**
 * A fit from checked arguments to the parts of a model: prepare (describe the columns, set up the sweep), solve, finish (the report).
 * What is prepared serves as many fits to the same rows as are wanted. Nothing outside is touched, so a fit that fails or is aborted
 * leaves nothing.
 */
import type { LogitsPass } from '../kernels/kernels.ts'
import { Checkpoints } from './checkpoints.ts'
import type { Columns } from './columns.ts'
import type { Dataset } from './data.ts'
import { boundGap } from './gap-bound.ts'
import { createLogitsPass, createSweep, describeFeatures } from './kinds.ts'
import type { Label } from './labels.ts'
import type { ModelParts } from './model-file.ts'
import type { FitSettings, SolverName } from './options.ts'
import { createPause, type Pause } from './pause.ts'
import { type Penalty, penaltyOf } from './penalty.ts'
import type { FitReport, FitStatus, Separation } from './report.ts'
import { sum } from './row-weights.ts'
import type { Direction } from './separation.ts'
import { SeparationCheck } from './separation-check.ts'
import { solveByLbfgs } from './solve-lbfgs.ts'
import { solveByNewton } from './solve-newton.ts'
import { solveByProximal } from './solve-proximal.ts'
import { solveBySgd } from './solve-sgd.ts'
import type { Solution, Solver, Task } from './solver.ts'
import type { Start } from './start.ts'
import type { Sweep } from './sweep.ts'
import type { Training } from './training.ts'
import { EarlyStopping } from './validation.ts'
import { type Clock, startClock, Watch } from './watch.ts'

const SOLVERS: Readonly<Record<SolverName, Solver>> = {
  lbfgs: solveByLbfgs,
  'newton-cg': solveByNewton,
  proximal: (task) => solveByProximal(task),
  sgd: solveBySgd,
}

export async function fitModel(training: Training): Promise<ModelParts> {
  const clock = startClock()
  const trainer = await Trainer.prepare(training)
  try {
    return await trainer.fit(training.settings, clock)
  } finally {
    await trainer.close()
  }
}

/** Rows as they are weighted, and what follows from that. */
export interface Weighting {
  /** The only difference to others; undefined if the data have none. */
  readonly weights: Float64Array | undefined
  readonly totalWeight: number
  readonly columns: Columns
  /** What each row counts in the curvature: its weight times the sum of its targets. */
  readonly masses: Float64Array | undefined
}

/** Rows that are ready for fits. */
export class Trainer {
  private readonly training: Training
  private readonly sweep: Sweep
  private readonly pause: Pause
  private readonly pass: LogitsPass
  private weighting: Weighting

  private constructor(training: Training, pause: Pause, weighting: Weighting) {
    const { data } = training
    this.training = training
    this.pause = pause
    this.weighting = weighting
    this.sweep = createSweep(data, pause, training.settings.threads)
    this.pass = createLogitsPass(data)
  }

  static async prepare(training: Training): Promise<Trainer> {
    const { data, settings } = training
    const pause = createPause(settings.signal)
    await pause()
    return new Trainer(training, pause, await weighOf(data, data.weights, pause))
  }

  close(): Promise<void> {
    return this.sweep.close()
  }

  /** What other weights of the same rows would mean; the data must have weights. */
  weigh(weights: Float64Array): Promise<Weighting> {
    return weighOf(this.training.data, weights, this.pause)
  }

  /** From now on rows are weighted like this. */
  use(weighting: Weighting): void {
    this.weighting = weighting
    if (weighting.weights) this.training.data.weights?.set(weighting.weights)
  }

  /** Σ w·loss of a model for rows of other weights, for this once. */
  async lossOf({ weights, intercepts }: Start, rowWeights: Float64Array): Promise<number> {
    this.training.data.weights?.set(rowWeights)
    const { loss } = await this.evaluate({ weights, intercepts })
    this.use(this.weighting)
    return loss
  }

  /** Σ w·loss and its gradient. */
  async evaluate({ weights, intercepts }: Start): Promise<{ loss: number; gradient: Start }> {
    const gradient = { weights: new Float64Array(weights.length), intercepts: new Float64Array(intercepts.length) }
    this.sweep.precision = 'f64'
    const loss = await this.sweep.evaluate(weights, intercepts, gradient.weights, gradient.intercepts)
    return { loss, gradient }
  }

  penalty(settings: FitSettings): Penalty {
    return penaltyOf(settings, this.weighting.columns.deviations)
  }

  get totalWeight(): number {
    return this.weighting.totalWeight
  }

  /** One fit from the start that the settings name; they may differ from those of the training in what is not about the rows. */
  async fit(settings: FitSettings, clock: Clock): Promise<ModelParts> {
    const { data, labels } = this.training
    const { pass, pause } = this
    const { columns } = this.weighting
    const penalty = this.penalty(settings)
    const separation = SeparationCheck.create(data, penalty, columns, settings.intercept, pass, pause)
    const task = await this.createTask(settings, penalty, clock, separation)
    const { watch } = task
    const found = await SOLVERS[settings.solver](task).finally(() => watch.close())
    const solution = keepBest(found, watch)
    const decided = found.status === 'stopped' || found.status === 'not-finite'
    const separated = !decided && (await separation?.settle(solution))
    const status = separated ? 'separated' : found.status === 'stopped' ? (watch.ended ?? 'stopped') : found.status
    settings.signal?.throwIfAborted()
    const gapBound = await boundGap(task, solution)
    const report = this.report(settings, solution, status, watch, separation?.direction, gapBound)
    const { weights, intercepts } = solution
    const names = { classNames: labels.classNames, featureNames: settings.featureNames }
    return { ...names, weights, intercepts, means: this.weighting.columns.means, report }
  }

  private async createTask(
    settings: FitSettings,
    penalty: Penalty,
    clock: Clock,
    separation: SeparationCheck | undefined,
  ): Promise<Task> {
    const { training, weighting, pause, sweep, pass } = this
    const { data } = training
    const { columns, masses, totalWeight } = weighting
    const { features, rows, classes, offset } = data
    const mass = (masses === undefined ? rows : sum(masses)) / totalWeight
    const source = {
      features,
      rows,
      classes,
      columns,
      intercept: settings.intercept,
      weights: masses,
      mass,
      offset,
      pause,
    }
    const { validation, start } = settings
    const early = validation && new EarlyStopping(validation, createSweep(validation.data, pause, settings.threads))
    const watch = new Watch(settings, clock, early, separation)
    const checkpoints = await Checkpoints.prepare('fit', training, settings, penalty, watch, pause)
    return { data, totalWeight, penalty, source, sweep, pass, start, settings, watch, checkpoints }
  }

  private report(
    settings: FitSettings,
    solution: Solution,
    status: FitStatus,
    watch: Watch,
    direction: Direction | undefined,
    gapBound: number | undefined,
  ): FitReport {
    const { l2, l1, intercept, featureScale, standardize, solver, tolerance, rowWeights } = settings
    const { iterations, dataPasses, objective, gradientNorm } = solution
    const outcome = { status, iterations, dataPasses, objective, gradientNorm, seconds: watch.seconds() }
    const { early, history } = watch
    const best = early && early.iteration > 0 && { iteration: early.iteration, logLoss: early.logLoss }
    return {
      ...outcome,
      ...countSelected(solution.weights, this.training.data.featureCount),
      history,
      rows: this.training.data.rows,
      totalWeight: this.totalWeight * rowWeights.unit,
      ...(best ? { validation: best } : {}),
      ...(gapBound === undefined ? {} : { gapBound }),
      ...(direction ? { separation: nameClasses(direction, this.training.labels.classNames) } : {}),
      l2,
      l1,
      intercept,
      featureScale,
      standardize,
      solver,
      tolerance,
    }
  }
}

async function weighOf(data: Dataset, weights: Float64Array | undefined, pause: Pause): Promise<Weighting> {
  const columns = await describeFeatures(data, pause, weights)
  const totalWeight = weights === undefined ? data.rows : sum(weights)
  return { weights, totalWeight, columns, masses: massesOf(data, weights) }
}

function massesOf({ rows, classes, targets }: Dataset, weights: Float64Array | undefined): Float64Array | undefined {
  if (targets === undefined) return weights
  return Float64Array.from({ length: rows }, (_, r) => {
    let mass = 0
    for (let i = r * classes; i < (r + 1) * classes; i++) mass += targets[i]
    return weights === undefined ? mass : weights[r] * mass
  })
}

function nameClasses({ classes, ...direction }: Direction, classNames: readonly Label[]): Separation {
  const { kind, weights, intercepts, strictRows, tiedRows } = direction
  return { kind, classNames: classes.map((k) => classNames[k]), weights, intercepts, strictRows, tiedRows }
}

/** How many weights and features are not 0. */
export function countSelected(
  weights: Float64Array,
  featureCount: number,
): Pick<FitReport, 'selectedWeights' | 'selectedFeatures'> {
  const features = new Set<number>()
  let selectedWeights = 0
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue
    selectedWeights++
    features.add(i % featureCount)
  }
  return { selectedWeights, selectedFeatures: features.size }
}

/** The solution at the step that predicts the validation rows best, if there are any. */
function keepBest(found: Solution, { early, history }: Watch): Solution {
  if (early === undefined || early.iteration === 0 || early.iteration === found.iterations) return found
  const { objective, gradientNorm } = history[early.iteration - 1]
  return { ...found, ...early.best, objective, gradientNorm, gradient: undefined }
}
