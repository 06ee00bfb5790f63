/**
 * One model for each of several l2, largest first, each fit started from the one before: nearby optima are near each other (Friedman,
 * Hastie & Tibshirani, J. Stat. Software 33(1), 2010). The data are prepared and the threads started once for all.
 *
 * Where no l2 are given they fall evenly on a logarithmic scale from where a model is as good as none. With intercepts at their optimum
 * and weights of 0 the objective is F₀, with the gradient G, and it is strongly convex in the weights, so that for any weights
 *
 *   F₀ − F ≤ Σ_j Σ_k G_kj² / (2·l2_j)
 *
 * and the largest l2 is the one for which that is one per cent of F₀: no model of it is better than the shares of the classes by
 * more. (With an offset, F₀ is at intercepts of 0, and this is a rule of thumb.)
 */
import { checkInteger, describe } from '../check.ts'
import type { Numbers } from '../loss/options.ts'
import { exp } from '../special/exp.ts'
import { log } from '../special/log.ts'
import { checkNumber } from './checks.ts'
import { Trainer } from './fit.ts'
import type { ModelParts } from './model-file.ts'
import { FIT_OPTIONS, type FitOptions, type FitSettings } from './options.ts'
import { classTotals, sum } from './row-weights.ts'
import type { Start } from './start.ts'
import type { Training } from './training.ts'
import { type Clock, startClock } from './watch.ts'

/** One fit of several is done. */
export interface PathProgress {
  readonly l2: number
  /** The place of l2 among the values, from 0, and how many there are. */
  readonly index: number
  readonly count: number
  /** The fold whose rows are held out; undefined where none are. */
  readonly fold?: number
  /** How the fit went, as in its report. */
  readonly status: string
  readonly dataPasses: number
  /** Since the beginning. */
  readonly seconds: number
}

/** Names of FitOptions that make no sense for several fits, or mean something else there. */
type Single = 'l2' | 'onIteration'

/** Options of SoftmaxRegression.path: those of fit but l2 and onIteration, and which l2. */
export interface PathOptions extends Omit<FitOptions, Single> {
  /** The values, finite and ≥ 0, in any order; not together with count or ratio. */
  readonly l2s?: Numbers
  /** How many values, in [1, 10000]. Default 22. */
  readonly count?: number
  /** The smallest value as a share of the largest, in (0, 1). Default 1e-7, with 22 values three in a decade. */
  readonly ratio?: number
  /** The time for all fits; when it is over the path ends with the models so far, the last one possibly of status `time-limit`. */
  readonly maxSeconds?: number
  /** Told of every fit that is done. Returning false ends the path with the models so far. */
  readonly onProgress?: (progress: PathProgress) => unknown
}

/** What is asked of a path besides the fits. */
export interface PathPlan {
  /** Largest first; undefined if they are to be found. */
  readonly l2s: Float64Array | undefined
  readonly count: number
  readonly ratio: number
  readonly onProgress: ((progress: PathProgress) => unknown) | undefined
}

export const PATH_OPTIONS: readonly string[] = [
  'l2s',
  'count',
  'ratio',
  'onProgress',
  ...FIT_OPTIONS.filter((name) => !['l2', 'onIteration', 'checkpoint', 'resume'].includes(name)),
]
const MOST_VALUES = 10_000
/** How much better than the shares of the classes a model of the largest l2 may be. */
const LEAST_GAIN = 0.01

/** The plan in options whose names are known already. */
export function checkPathPlan(who: string, options: PathOptions): PathPlan {
  const { l2s, count, ratio, onProgress } = options
  if (l2s !== undefined && (count !== undefined || ratio !== undefined)) {
    const other = count !== undefined ? `count ${describe(count)}` : `ratio ${describe(ratio)}`
    throw new TypeError(`${who}: expected l2s, or count and ratio, got l2s and ${other}`)
  }
  if (count !== undefined) checkInteger(who, 'count', count, 1, MOST_VALUES)
  if (ratio !== undefined && !(checkNumber(who, 'ratio', ratio, 0, 1) > 0 && ratio < 1)) {
    throw new RangeError(`${who}: expected ratio to be a number between 0 and 1, got ${ratio}`)
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new TypeError(`${who}: expected onProgress to be a function, got ${describe(onProgress)}`)
  }
  const values = l2s === undefined ? undefined : checkValues(who, l2s)
  return { l2s: values, count: count ?? 22, ratio: ratio ?? 1e-7, onProgress }
}

function checkValues(who: string, l2s: Numbers): Float64Array {
  if (!(Array.isArray(l2s) || l2s instanceof Float64Array || l2s instanceof Float32Array)) {
    throw new TypeError(`${who}: expected l2s to be a number[], a Float32Array or a Float64Array, got ${describe(l2s)}`)
  }
  if (l2s.length === 0 || l2s.length > MOST_VALUES) {
    throw new RangeError(`${who}: expected 1 to ${MOST_VALUES} values in l2s, got ${l2s.length}`)
  }
  for (let i = 0; i < l2s.length; i++) checkNumber(who, `l2s[${i}]`, l2s[i], 0, Number.MAX_VALUE)
  return Float64Array.from(l2s).sort().reverse()
}

/** The values of a plan for rows that are ready. */
export async function chooseL2s(plan: PathPlan, trainer: Trainer, training: Training): Promise<Float64Array> {
  if (plan.l2s) return plan.l2s
  const largest = await largestL2(trainer, training)
  const fall = plan.count > 1 ? log(plan.ratio) / (plan.count - 1) : 0
  return Float64Array.from({ length: plan.count }, (_, i) => largest * exp(fall * i))
}

async function largestL2(trainer: Trainer, { data, labels, settings }: Training): Promise<number> {
  const { classes, featureCount } = data
  const totals = classTotals(labels, data.weights)
  const mass = sum(totals)
  const known = settings.intercept && data.offset === undefined
  const none = {
    weights: new Float64Array(classes * featureCount),
    intercepts: totals.map((total) => (known ? log(total / mass) : 0)),
  }
  const { loss, gradient } = await trainer.evaluate(none)
  const penalty = trainer.penalty({ ...settings, l2: 1 })
  let gain = 0
  for (let i = 0; i < gradient.weights.length; i++) {
    const unit = penalty.l2[i % featureCount]
    const slope = gradient.weights[i] / trainer.totalWeight
    if (unit > 0) gain += (slope / unit) * slope
  }
  const largest = gain / (2 * LEAST_GAIN * (loss / trainer.totalWeight))
  return largest > 0 && largest < Infinity ? largest : 1
}

/** What is left of the time. */
export const timeLeft = (limit: number, clock: Clock): number => Math.max(0, limit - clock())

/** The settings of one fit of several. */
export function settingsFor(
  settings: FitSettings,
  l2: number,
  start: Start | undefined,
  maxSeconds: number,
): FitSettings {
  return { ...settings, l2, start: start ?? settings.start, maxSeconds }
}

/** The models of a path, with their l2. */
export async function fitPath(
  training: Training,
  plan: PathPlan,
): Promise<{ l2s: Float64Array; models: ModelParts[] }> {
  const clock = startClock()
  const trainer = await Trainer.prepare(training)
  const models: ModelParts[] = []
  try {
    const l2s = await chooseL2s(plan, trainer, training)
    const { settings } = training
    for (let index = 0; index < l2s.length; index++) {
      const l2 = l2s[index]
      const seconds = timeLeft(settings.maxSeconds, clock)
      const model = await trainer.fit(settingsFor(settings, l2, models.at(-1), seconds), startClock())
      models.push(model)
      const { status, dataPasses } = model.report
      const told = { l2, index, count: l2s.length, status, dataPasses, seconds: clock() }
      if (plan.onProgress?.(told) === false || clock() >= settings.maxSeconds) break
    }
    return { l2s: l2s.slice(0, models.length), models }
  } finally {
    await trainer.close()
  }
}
