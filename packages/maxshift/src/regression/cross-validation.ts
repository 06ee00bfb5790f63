/**
 * k-fold cross-validation over l2: for each fold a path of models of the other rows, and the log-loss of these for the rows of the fold.
 * Rows that are held out have weight 0; nothing is copied. All folds go through the values of l2 side by side, so that a time limit
 * leaves complete results for the larger ones.
 *
 *   logLoss_i = Σ_f W_f·loss_if / Σ_f W_f      standardError_i = √(Σ_f W_f·(loss_if − logLoss_i)² / Σ_f W_f / (folds − 1))
 *
 * with the weight W_f of a fold, as in glmnet. The one-standard-error rule takes the largest l2 whose log-loss is within one standard
 * error of the lowest (Breiman et al., Classification and Regression Trees, 1984, section 3.4.3).
 */
import { checkChoice } from '../check.ts'
import { Trainer, type Weighting } from './fit.ts'
import { type FoldPlan, type Folds, weightsOf } from './folds.ts'
import type { ModelParts } from './model-file.ts'
import { chooseL2s, PATH_OPTIONS, type PathOptions, type PathPlan, settingsFor, timeLeft } from './path.ts'
import { sum } from './row-weights.ts'
import type { Start } from './start.ts'
import type { Training } from './training.ts'
import { type Clock, startClock } from './watch.ts'

/** Options of SoftmaxRegression.crossValidate: those of path but validation, and how rows are held out. */
export interface CrossValidateOptions extends Omit<PathOptions, 'validation'> {
  /**
   * How many folds, in [2, rows], or the fold of each row, integers from 0: rows of one group in the same fold, for example. Default 5
   * folds, drawn at random by `seed` within each class.
   */
  readonly folds?: Folds
  /** Which l2 the final model, of all rows, is fitted with: that of the lowest log-loss or that of the rule. Default 'best'. */
  readonly refit?: 'best' | 'one-standard-error'
  /**
   * The time for everything, of which a share is kept for the final fit. When it is over the remaining, smaller values of l2 are left
   * out; the largest is always tried.
   */
  readonly maxSeconds?: number
}

/** What cross-validation found, apart from the model. */
export interface CrossValidationScores {
  /** Largest first. */
  readonly l2s: Float64Array
  /** The weighted mean log-loss of held-out rows for each l2. */
  readonly logLoss: Float64Array
  /** Of the mean, from the spread between folds. */
  readonly standardError: Float64Array
  /** The index of the lowest log-loss; the largest l2 of equal ones. */
  readonly best: number
  /** The index of the largest l2 whose log-loss is at most the lowest plus its standard error. */
  readonly oneStandardError: number
  /** The fold of each row. */
  readonly folds: Int32Array
}

export const CROSS_VALIDATE_OPTIONS: readonly string[] = [
  ...PATH_OPTIONS.filter((name) => name !== 'validation'),
  'folds',
  'refit',
]

export const checkRefit = (who: string, refit: unknown = 'best'): 'best' | 'one-standard-error' =>
  checkChoice(who, 'refit', refit, ['best', 'one-standard-error'])

/** A fold on its way down the path. */
interface Fold {
  readonly fold: number
  readonly training: Weighting
  readonly heldOut: Float64Array
  readonly heldWeight: number
  start: Start | undefined
}

/** Scores, and the model of all rows. The rows of the training have weights. */
export async function crossValidate(
  training: Training,
  plan: PathPlan,
  { folds, count }: FoldPlan,
  refit: 'best' | 'one-standard-error',
): Promise<CrossValidationScores & { readonly model: ModelParts }> {
  const clock = startClock()
  const { settings, data } = training
  const trainer = await Trainer.prepare(training)
  try {
    const l2s = await chooseL2s(plan, trainer, training)
    const all = await trainer.weigh(data.weights?.slice() ?? new Float64Array(data.rows).fill(1))
    const weights = all.weights ?? new Float64Array(data.rows)
    const parts: Fold[] = []
    for (let fold = 0; fold < count; fold++) {
      const heldOut = weightsOf(folds, fold, weights, true)
      const others = await trainer.weigh(weightsOf(folds, fold, weights, false))
      parts.push({ fold, training: others, heldOut, heldWeight: sum(heldOut), start: settings.start })
    }
    const limit = (settings.maxSeconds * count) / (count + 1)
    const losses = await scoreAll(trainer, training, plan, l2s, parts, limit, clock)
    const held = parts.map(({ heldWeight }) => heldWeight)
    const scores = { ...summarise(losses, held), l2s: l2s.slice(0, losses.length), folds }
    trainer.use(all)
    const chosen = refit === 'best' ? scores.best : scores.oneStandardError
    const left = timeLeft(settings.maxSeconds, clock)
    const model = await trainer.fit(settingsFor(settings, l2s[chosen], parts[0].start, left), startClock())
    return { ...scores, model }
  } finally {
    await trainer.close()
  }
}

/** The mean log-loss of each fold's rows, for as many l2 as time allows, at least one. */
async function scoreAll(
  trainer: Trainer,
  { settings }: Training,
  plan: PathPlan,
  l2s: Float64Array,
  parts: readonly Fold[],
  limit: number,
  clock: Clock,
): Promise<number[][]> {
  const losses: number[][] = []
  for (let index = 0; index < l2s.length; index++) {
    const l2 = l2s[index]
    const row: number[] = []
    let goesOn = true
    for (const part of parts) {
      trainer.use(part.training)
      const model = await trainer.fit(settingsFor(settings, l2, part.start, timeLeft(limit, clock)), startClock())
      part.start = model
      row.push((await trainer.lossOf(model, part.heldOut)) / part.heldWeight)
      const { status, dataPasses } = model.report
      const told = { l2, index, count: l2s.length, fold: part.fold, status, dataPasses, seconds: clock() }
      goesOn = plan.onProgress?.(told) !== false && clock() < limit && goesOn
      if (!goesOn && index > 0)
        return part === parts[parts.length - 1] && status !== 'time-limit' ? [...losses, row] : losses
    }
    losses.push(row)
    if (!goesOn) break
  }
  return losses
}

/** Means, errors and the two choices, from the losses of folds for each l2. */
function summarise(
  losses: readonly (readonly number[])[],
  weights: readonly number[],
): Pick<CrossValidationScores, 'logLoss' | 'standardError' | 'best' | 'oneStandardError'> {
  const total = weights.reduce((a, b) => a + b, 0)
  const mean = (values: readonly number[]): number =>
    values.reduce((all, value, f) => all + weights[f] * value, 0) / total
  const logLoss = Float64Array.from(losses, mean)
  const standardError = Float64Array.from(losses, (row, i) => {
    return Math.sqrt(mean(row.map((loss) => (loss - logLoss[i]) * (loss - logLoss[i]))) / (row.length - 1))
  })
  const best = logLoss.reduce(
    (lowest, loss, i) => (loss < logLoss[lowest] || Number.isNaN(logLoss[lowest]) ? i : lowest),
    0,
  )
  const within = logLoss.findIndex((loss) => loss <= logLoss[best] + standardError[best])
  return { logLoss, standardError, best, oneStandardError: Math.max(0, within) }
}
