/**
 * How strong the penalty is to be, when nobody says so: a path of few l2, one in a decade, tried on rows that are held out.
 *
 *   cross-validation   each of k folds is held out in turn; the log-loss of all rows decides (SoftmaxRegression.crossValidate)
 *   holdout            one row in five is held out, once: for large data, where folds would take several times the time of a fit
 *   none               images, whose pixels determine the weights well: l2 is 1/rows
 *
 * Both report the mean log-loss of each l2 and its standard error: of folds in the first case, of rows in the second. The model is
 * fitted to all rows with the l2 chosen, from the weights found on the way.
 */
import type { CrossValidateOptions, FitOptions, PathProgress, SoftmaxRegression } from 'maxshift/regression'
import type { Dataset } from '../input/dataset.ts'

type Library = typeof SoftmaxRegression
type Labels = string[] | number[]

export type SearchPlan = { method: 'none' } | { method: 'cross-validation'; folds: number } | { method: 'holdout' }

/** What was tried, and what came of it. */
export interface Search {
  method: 'cross-validation' | 'holdout'
  /** 1 for a holdout. */
  folds: number
  /** Largest first, as many as were tried. */
  l2s: number[]
  /** Mean log-loss of rows that were held out. */
  logLoss: number[]
  standardError: number[]
  /** Places of the lowest log-loss, and of the largest l2 within a standard error of it. */
  best: number
  oneStandardError: number
  /** The place of the l2 of the model. */
  chosen: number
}

export interface SearchOptions {
  l2?: number
  l1?: number
  folds?: number
  oneSe?: boolean
}

/** Numbers times classes that one pass reads; beyond, folds take too long. */
const MOST_WORK = 2e7
const FOLDS = 5
const VALUES = 7
const RATIO = 1e-6
/** One row in so many is held out. */
const SHARE = 5
const FEWEST_ROWS = 2 * FOLDS

export function planSearch(
  { rows, features, imageShape }: Dataset,
  classes: number,
  options: SearchOptions,
): SearchPlan {
  const { l2, l1, folds } = options
  if (folds !== undefined) return { method: 'cross-validation', folds }
  if (l2 !== undefined || (l1 ?? 0) > 0 || imageShape !== undefined || rows < FEWEST_ROWS) return { method: 'none' }
  const numbers = 'columns' in features ? features.values.length : features.length
  return numbers * classes <= MOST_WORK ? { method: 'cross-validation', folds: FOLDS } : { method: 'holdout' }
}

export interface SearchRequest {
  features: Dataset['features']
  labels: Labels
  settings: Omit<FitOptions, 'l2' | 'onIteration'>
  oneSe: boolean
  /** Told of every fit; false ends the search with what there is. */
  onProgress: (progress: PathProgress) => boolean
}

/** The best l2 by k folds, and the model of all rows. */
export async function crossValidate(
  library: Library,
  folds: number,
  { features, labels, settings, oneSe, onProgress }: SearchRequest,
): Promise<{ search: Search; model: SoftmaxRegression }> {
  const options: CrossValidateOptions = {
    ...settings,
    folds,
    count: VALUES,
    ratio: RATIO,
    refit: oneSe ? 'one-standard-error' : 'best',
    onProgress,
  }
  const { model, l2s, logLoss, standardError, best, oneStandardError } = await library.crossValidate<Labels>(
    features,
    labels,
    options,
  )
  const scores = { l2s: [...l2s], logLoss: [...logLoss], standardError: [...standardError], best, oneStandardError }
  return { model, search: { method: 'cross-validation', folds, ...scores, chosen: oneSe ? oneStandardError : best } }
}

/** The best l2 by one holdout, and a model of the other rows to start from. */
export async function holdOut(
  library: Library,
  { features, labels, settings, oneSe, onProgress }: SearchRequest,
): Promise<{ search: Search; start: SoftmaxRegression }> {
  const { sampleWeights, ...others } = settings
  const weights = Float64Array.from({ length: labels.length }, (_, row) => sampleWeights?.[row] ?? 1)
  const held = heldRows(labels, settings.seed ?? 0)
  const outside = weights.map((weight, row) => (held[row] === 1 ? 0 : weight))
  const inside = weights.map((weight, row) => (held[row] === 1 ? weight : 0))
  const { l2s, models } = await library.path<Labels>(features, labels, {
    ...others,
    // The errors of log-losses of so few rows are larger than what a tighter tolerance could change.
    tolerance: Math.max(settings.tolerance ?? 0, 1e-2),
    sampleWeights: outside,
    count: VALUES,
    ratio: RATIO,
    onProgress,
  })
  const scored = models.map((model) => lossOf(model, features, labels, inside))
  const logLoss = scored.map(({ mean }) => mean)
  const standardError = scored.map(({ error }) => error)
  const best = logLoss.reduce((lowest, loss, i) => (loss < logLoss[lowest] ? i : lowest), 0)
  const oneStandardError = Math.max(
    0,
    logLoss.findIndex((loss) => loss <= logLoss[best] + standardError[best]),
  )
  const chosen = oneSe ? oneStandardError : best
  const scores = { l2s: [...l2s], logLoss, standardError, best, oneStandardError, chosen }
  return { start: models[chosen], search: { method: 'holdout', folds: 1, ...scores } }
}

/** 1 for one row in five of each class, drawn by `seed`. */
function heldRows(labels: Labels, seed: number): Uint8Array {
  const held = new Uint8Array(labels.length)
  const seen = new Map<string | number, number>()
  // Weyl sequences with the golden ratio: of each class every fifth row or nearly so, at places that no order of rows follows.
  const start = (seed * 0.7548776662466927) % 1
  for (let row = 0; row < labels.length; row++) {
    const before = seen.get(labels[row]) ?? 0
    seen.set(labels[row], before + 1)
    // The first row of a class stays, so that none is without rows.
    if (before > 0 && (start + before * 0.6180339887498949) % 1 < 1 / SHARE) held[row] = 1
  }
  return held
}

/** Weighted mean log-loss, and the standard error of it. */
function lossOf(model: SoftmaxRegression, features: Dataset['features'], labels: Labels, weights: Float64Array) {
  const logs = model.predictLogProba(features)
  const place = new Map(model.classNames.map((name, k) => [name, k]))
  const width = model.classNames.length
  const losses = weights.map((_, row) => -logs[row * width + (place.get(labels[row]) ?? 0)])
  const total = weights.reduce((a, b) => a + b, 0)
  const mean = losses.reduce((all, loss, row) => all + (weights[row] > 0 ? weights[row] * loss : 0), 0) / total
  const spread = losses.reduce(
    (all, loss, row) => all + (weights[row] > 0 ? (weights[row] * (loss - mean)) ** 2 : 0),
    0,
  )
  return { mean, error: Math.sqrt(spread) / total }
}
