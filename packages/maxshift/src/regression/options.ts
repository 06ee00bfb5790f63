/**
 * The options of a fit: what they mean, what they are by default, and what they may be.
 */
import type { AbortSignalLike } from '../abort.ts'
import type { FloatArray } from '../arrays.ts'
import { checkChoice, checkInteger, checkOptions, describe } from '../check.ts'
import { checkWeights } from '../loss/checks.ts'
import type { Numbers } from '../loss/options.ts'
import { type Checkpoint, checkCheckpoint } from './checkpoints.ts'
import { checkNumber, checkOffset, checkSignal } from './checks.ts'
import type { EncodedLabels } from './labels.ts'
import type { FitIteration } from './report.ts'
import { type ClassWeights, type RowWeights, weighRows } from './row-weights.ts'
import { checkSgdOptions, type SgdOptions, type SgdSettings } from './sgd-options.ts'
import { checkWarmStart, type Start, type WarmStart } from './start.ts'
import { checkValidation, type Validation, type ValidationData } from './validation.ts'

/**
/**
 * How the objective is minimised. `lbfgs`: limited-memory BFGS in decorrelated coordinates, for l1 = 0. `newton-cg`: Newton's method with
 * conjugate gradients, for sparse features and l1 = 0. `proximal`: a proximal quasi-Newton method, for any penalty; its zeros are exact.
 * `sgd`: stochastic gradient descent through batches of rows, for dense features and l1 = 0, which comes near the optimum of many rows
 * in little time.
 */
export type SolverName = 'lbfgs' | 'newton-cg' | 'proximal' | 'sgd'

/** Options of SoftmaxRegression.fit. */
export interface FitOptions {
  /**
   * λ of the penalty λ/2·‖W‖² on the weighted mean loss, ≥ 0. Default 1/Σ weights of the rows, which is C = 1 for users of
   * scikit-learn (in general λ = 1/(C·Σ weights)), and 0 where l1 is given and above 0. W are the weights of the scaled features;
   * intercepts are never penalised.
   */
  readonly l2?: number
  /**
   * λ of the penalty λ·Σ|W| on the weighted mean loss, ≥ 0; default 0. Weights that do not pay for it are exactly 0. With l2 it is the
   * elastic net. For users of scikit-learn: l1 = l1_ratio/(C·Σ weights), l2 = (1 − l1_ratio)/(C·Σ weights); of two classes the
   * weights are w and −w, which costs the same l1 as its one 2·w, and half of the l2. Without l2 the optimum need not be unique
   * where classes are even in number.
   */
  readonly l1?: number
  /**
   * One number in [0, 1e100] per feature, by which its penalty is multiplied (`penalty.factor` of glmnet, but as it is, not rescaled to
   * a mean of 1). A feature of factor 0 is not penalised. Default 1 for all.
   */
  readonly penaltyFactors?: Numbers
  /**
   * Whether the penalty is on weights for features in units of their standard deviation (population formula, over the weighted rows),
   * as with scikit-learn's StandardScaler or glmnet's `standardize`. Default false. Weights, predictions and report are for
   * features as they are; nothing is copied. Centring is the intercept's business: without one there is none, and the unit is the
   * deviation from the mean all the same. The unit of a constant column is 1. Not together with featureScale.
   */
  readonly standardize?: boolean
  /** Whether each class has an intercept. Default true. */
  readonly intercept?: boolean
  /**
   * Features count as featureScale · feature, in [1e-100, 1e100]. Default 1. With 1/255 the bytes of an image act as
   * numbers from 0 to 1 and stay bytes. Only the penalty notices: `weights` and predictions are for features as they are.
   */
  readonly featureScale?: number
  /** One distinct name per feature, kept in the model and its file. */
  readonly featureNames?: readonly string[]
  /**
   * How much each row counts: one number in [0, 1e100] per row, their sum above 0; default 1. The loss is Σ w·loss / Σ w, so a weight of
   * 2 is the row twice, one of 0 leaves it out, and only their ratios matter (once l2 is given).
   */
  readonly sampleWeights?: Numbers
  /**
   * By what the sample weights of the rows of a class are multiplied: an object with a number in [0, 1e100] for each class name, or
   * 'balanced', which gives every class the same weight in all, Σ w / (classes · Σ w of the class), as in scikit-learn. Only
   * with one label per row.
   */
  readonly classWeights?: ClassWeights
  /**
   * Added to the logits of the training rows, rows × classes, finite: what is known already, the logarithm of an exposure or the logits
   * of another model. The model does not contain it; to predict with one, add it to `logits`.
   */
  readonly offset?: FloatArray
  /**
   * Where to begin: a model of the same classes and features, or { weights, intercepts } of its shape. Default 0. The optimum is the
   * same from anywhere; the way there is shorter from nearby.
   */
  readonly warmStart?: WarmStart
  /** Which method; default 'proximal' where l1 is above 0, else 'newton-cg' for sparse features and 'lbfgs' for others. */
  readonly solver?: SolverName
  /**
   * How solver 'sgd' goes about it; only with that. A step of the fit is then an epoch, and what onIteration and history tell are means over
   * its batches, each at the weights of its time; the report's objective and gradient norm are of all rows at the end.
   * The fit has no test of convergence: it ends with the status `schedule-finished`.
   */
  readonly sgd?: SgdOptions
  /**
   * The fit has converged when the gradient norm is at most this. Default 1e-3. The gradient is that of the mean
   * objective in centred, decorrelated coordinates of about unit curvature, so the norm has no unit: it
   * depends neither on the number of rows nor on the units of the features. Up to 256 coefficients, (classes − 1) · (features + 1), the
   * coordinates are those of the whole Hessian (full-coordinates.ts), taken anew after 1, 3, 6, 10, … steps: the objective is then above its
   * minimum by ½ to 1 times the square of the norm. Beyond, they are those of coordinates.ts, and follow the probabilities of the
   * model after ten steps: 1 to 4 times the square on digits and letters, up to 15 times on MNIST. Below about 1e-14 rounding decides.
   * The proximal solver measures the shortest subgradient, in coordinates that are centred and scaled, but not decorrelated; it is
   * 0 exactly at the optimum.
   */
  readonly tolerance?: number
  /** Steps of the optimiser before it gives up, ≥ 1. Default 1000. */
  readonly maxIterations?: number
  /** The fit ends with the status `time-limit` after the first step that is done later than this, in seconds. Default no limit. */
  readonly maxSeconds?: number
  /**
   * Rows that are not trained on, to stop early: after each step their log-loss is looked at, and once it has not fallen for
   * `patience` steps (default 10) the fit ends with the status `early-stopped`. However it ends, the model is the one after the
   * step of the lowest log-loss, and so is its report.
   */
  readonly validation?: Validation
  /**
   * The most threads that work at once, in [1, 1024], the calling one among them. Default as many as the machine has cores. The model
   * does not depend on it, to the last bit; little work is done by one, and so is all work where threads cannot share memory (in
   * browsers, by pages that are not isolated from other origins). Features over a SharedArrayBuffer are used in place; of others the
   * threads get copies of as many rows as keep the fit within a quarter of their size and 100 MiB.
   */
  readonly threads?: number
  /** For whatever is drawn at random, a safe integer ≥ 0: the same seed gives the same result. Default 0. */
  readonly seed?: number
  /**
   * To write down from time to time where the fit is, so that an interruption costs little: also when it ends because onIteration returned
   * false, by maxSeconds or after the last step that it may take (with solver 'sgd' always at the end of an epoch).
   */
  readonly checkpoint?: Checkpoint
  /**
   * The bytes of a checkpoint: the fit goes on from there, and its model and report are those of a fit without interruption, to the last bit
   * (`seconds` aside, which add up). Data and options must be the same, except those that say when to end and whom to tell.
   */
  readonly resume?: Uint8Array
  /** Aborting makes the fit reject with the signal's reason. */
  readonly signal?: AbortSignalLike
  /** Told of every step. Returning false ends the fit and keeps the model so far, with the status `stopped`. */
  readonly onIteration?: (progress: FitIteration) => unknown
}

/** The options with their defaults, checked. */
export interface FitSettings {
  readonly l2: number
  readonly l1: number
  readonly penaltyFactors: Float64Array | undefined
  readonly standardize: boolean
  readonly intercept: boolean
  readonly featureScale: number
  readonly featureNames: readonly string[] | undefined
  readonly rowWeights: RowWeights
  readonly offset: FloatArray | undefined
  readonly start: Start | undefined
  readonly solver: SolverName
  readonly sgd: SgdSettings
  readonly checkpoint: Checkpoint | undefined
  /** To be checked against the fit. */
  readonly resume: unknown
  readonly tolerance: number
  readonly maxIterations: number
  /** Infinity without a limit. */
  readonly maxSeconds: number
  readonly validation: ValidationData | undefined
  /** undefined for as many as make sense. */
  readonly threads: number | undefined
  readonly seed: number
  readonly signal: AbortSignalLike | undefined
  readonly onIteration: ((progress: FitIteration) => unknown) | undefined
}

export const FIT_OPTIONS: readonly (keyof FitOptions)[] = [
  'l2',
  'l1',
  'penaltyFactors',
  'standardize',
  'intercept',
  'featureScale',
  'featureNames',
  'sampleWeights',
  'classWeights',
  'offset',
  'warmStart',
  'solver',
  'sgd',
  'tolerance',
  'maxIterations',
  'maxSeconds',
  'validation',
  'threads',
  'seed',
  'checkpoint',
  'resume',
  'signal',
  'onIteration',
]
export const SOLVERS: readonly SolverName[] = ['lbfgs', 'newton-cg', 'proximal', 'sgd']
const MOST_ITERATIONS = 2 ** 31 - 1
const MOST_THREADS = 1024
/** Of solver 'sgd', if nothing else is said. */
const EPOCHS = 10

/** The settings of a fit to these labels; `known` are the names that the options may have. */
export function checkFitOptions(
  who: string,
  options: FitOptions | undefined,
  labels: EncodedLabels,
  featureCount: number,
  sparse: boolean,
  known: readonly string[] = FIT_OPTIONS,
): FitSettings {
  const given = checkOptions(who, options, known)
  const { standardize = false, intercept = true, seed = 0 } = given
  checkKind(who, 'standardize', standardize, typeof standardize === 'boolean', 'true or false')
  checkKind(who, 'intercept', intercept, typeof intercept === 'boolean', 'true or false')
  const scale = checkScale(who, given, standardize)
  if (given.featureNames !== undefined) checkFeatureNames(who, given.featureNames, featureCount)
  const limits = checkLimits(who, given)
  const { penaltyFactors, sampleWeights, classWeights, warmStart, validation } = given
  const { classNames } = labels
  const rowWeights = weighRows(who, labels, sampleWeights, classWeights)
  const penalty = checkPenalty(who, given, rowWeights.totalWeight * rowWeights.unit, sparse)
  return {
    ...penalty,
    penaltyFactors: checkWeights(who, 'penaltyFactors', penaltyFactors, 'feature', featureCount) ?? undefined,
    standardize,
    intercept,
    featureScale: scale,
    featureNames: given.featureNames && [...given.featureNames],
    rowWeights,
    offset: checkOffset(who, given.offset, labels),
    start: warmStart === undefined ? undefined : checkWarmStart(who, warmStart, classNames, featureCount, intercept),
    sgd: checkSgd(who, given, penalty.solver),
    checkpoint: checkCheckpoint(who, given.checkpoint),
    resume: given.resume,
    ...limits,
    validation: validation === undefined ? undefined : checkValidation(who, validation, classNames, featureCount),
    seed: checkInteger(who, 'seed', seed, 0, Number.MAX_SAFE_INTEGER),
  }
}

/** What is minimised, and by whom. */
function checkPenalty(
  who: string,
  given: FitOptions,
  totalWeight: number,
  sparse: boolean,
): Pick<FitSettings, 'l2' | 'l1' | 'solver'> {
  const { l1 = 0 } = given
  checkNumber(who, 'l1', l1, 0, Number.MAX_VALUE)
  const { l2 = l1 > 0 ? 0 : 1 / totalWeight, solver = l1 > 0 ? 'proximal' : sparse ? 'newton-cg' : 'lbfgs' } = given
  checkNumber(who, 'l2', l2, 0, Number.MAX_VALUE)
  checkChoice(who, 'solver', solver, SOLVERS)
  if (l1 > 0 && solver !== 'proximal') {
    throw new RangeError(`${who}: expected solver 'proximal' for an l1 above 0, got '${solver}' with l1 ${l1}`)
  }
  if (solver === 'newton-cg' && !sparse) {
    throw new RangeError(`${who}: expected sparse features for solver 'newton-cg', got it with dense ones`)
  }
  if (solver === 'newton-cg' && (given.checkpoint !== undefined || given.resume !== undefined)) {
    const name = given.checkpoint === undefined ? 'resume' : 'checkpoint'
    throw new RangeError(
      `${who}: expected ${name} with another solver than 'newton-cg', which has none, got it with that`,
    )
  }
  if (solver === 'sgd' && sparse) {
    throw new RangeError(`${who}: expected dense features for solver 'sgd', got it with sparse ones`)
  }
  return { l2, l1, solver }
}

/** The plan of solver 'sgd', which only that has, and which says when it ends. */
function checkSgd(who: string, given: FitOptions, solver: SolverName): SgdSettings {
  const { sgd, tolerance, maxIterations } = given
  if (solver !== 'sgd' && sgd !== undefined) {
    throw new RangeError(`${who}: expected sgd only with solver 'sgd', got it with solver '${solver}'`)
  }
  const other = Object.entries({ tolerance, maxIterations }).find(([, value]) => value !== undefined)
  if (solver === 'sgd' && other) {
    throw new RangeError(
      `${who}: expected sgd.epochs to say when solver 'sgd' ends, got ${other[0]} ${describe(other[1])} too`,
    )
  }
  return checkSgdOptions(who, sgd, EPOCHS)
}

type Limits = 'tolerance' | 'maxIterations' | 'maxSeconds' | 'threads' | 'signal' | 'onIteration'

/** When a fit ends, and who has a say in it. */
export function checkLimits(who: string, given: FitOptions): Pick<FitSettings, Limits> {
  const { tolerance = 1e-3, maxIterations = 1000, maxSeconds, threads, signal, onIteration } = given
  checkNumber(who, 'tolerance', tolerance, 0, Number.MAX_VALUE)
  checkInteger(who, 'maxIterations', maxIterations, 1, MOST_ITERATIONS)
  if (maxSeconds !== undefined && maxSeconds !== Infinity) {
    checkNumber(who, 'maxSeconds', maxSeconds, 0, Number.MAX_VALUE)
  }
  if (threads !== undefined) checkInteger(who, 'threads', threads, 1, MOST_THREADS)
  checkSignal(who, signal)
  if (onIteration !== undefined) {
    checkKind(who, 'onIteration', onIteration, typeof onIteration === 'function', 'a function')
  }
  return { tolerance, maxIterations, maxSeconds: maxSeconds ?? Infinity, threads, signal, onIteration }
}

function checkScale(who: string, { featureScale }: FitOptions, standardize: boolean): number {
  if (featureScale === undefined) return 1
  checkNumber(who, 'featureScale', featureScale, 1e-100, 1e100)
  if (!standardize) return featureScale
  throw new RangeError(
    `${who}: expected featureScale or standardize: true, as both choose the unit of the features, got featureScale ${featureScale} with it`,
  )
}

export function checkKind(who: string, name: string, value: unknown, fine: boolean, expected: string): void {
  if (!fine) throw new TypeError(`${who}: expected ${name} to be ${expected}, got ${describe(value)}`)
}

/** An array of `featureCount` distinct strings. */
export function checkFeatureNames(who: string, names: unknown, featureCount: number): void {
  if (!Array.isArray(names)) {
    throw new TypeError(`${who}: expected featureNames to be a string[], got ${describe(names)}`)
  }
  if (names.length !== featureCount) {
    throw new RangeError(`${who}: expected one feature name per feature, ${featureCount} in all, got ${names.length}`)
  }
  const seen = new Map<string, number>()
  for (let j = 0; j < featureCount; j++) {
    const name: unknown = names[j]
    if (typeof name !== 'string') {
      throw new TypeError(`${who}: expected featureNames[${j}] to be a string, got ${describe(name)}`)
    }
    const before = seen.get(name)
    if (before !== undefined) {
      throw new RangeError(
        `${who}: expected distinct feature names, got ${describe(name)} for features ${before} and ${j}`,
      )
    }
    seen.set(name, j)
  }
}
