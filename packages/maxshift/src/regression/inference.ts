/**
 * What can be said of the coefficients of a model without a penalty: their standard errors, from the observed information or
 * the sandwich of it and the products of scores, and how well the model explains the labels.
 *
 *   covariance = I⁻¹, or I⁻¹·(Σ s·sᵀ)·I⁻¹ over the scores s of rows or of clusters of rows        (Huber 1967, White 1982)
 *
 * Softmax leaves one class free, so coefficients are differences from a reference class. Everything is solved in the
 * coordinates of information.ts, in which a system is as well conditioned as its data allow, and told in units of the features.
 */

import { describe } from '../check.ts'
import { expm1 } from '../special/exp.ts'
import { log } from '../special/log.ts'
import { chiSquaredTail, normalCritical, normalTwoSided } from '../special/tails.ts'
import { factorise, invert, solveRows } from './cholesky.ts'
import { findCombination } from './collinear.ts'
import { Likelihood, type LikelihoodSource } from './information.ts'
import type { Label } from './labels.ts'
import type { LikelihoodRatio } from './likelihood-ratio.ts'
import { nullLogLikelihood } from './null-likelihood.ts'
import { OuterSums } from './outer-sums.ts'
import type { Pause } from './pause.ts'

/** One coefficient of a class, against the reference. */
export interface Coefficient<L extends Label = Label> {
  readonly className: L
  /** The name of the feature, its number where the model has no names, or '(intercept)'. */
  readonly feature: string
  /** Difference of the weights (or intercepts) of the class and the reference. */
  readonly estimate: number
  readonly standardError: number
  /** estimate / standardError. */
  readonly z: number
  /** Two-sided: the probability of |z| or more if the coefficient is 0 and normally distributed. */
  readonly p: number
  /** Confidence interval of the level asked for. */
  readonly low: number
  readonly high: number
}

/** What model.inference returns. Logarithms are natural. */
export interface Inference<L extends Label = Label> {
  readonly reference: L
  /** Class by class, each with its intercept first, then the features in order. */
  readonly coefficients: readonly Coefficient<L>[]
  /** The covariance matrix of the estimates, square, row-major, in the order of coefficients. */
  readonly covariance: Float64Array
  /** Where it comes from: the `observed` information, `robust` to a wrong model (HC0, no factor for few rows), or `clustered`. */
  readonly covarianceKind: 'observed' | 'robust' | 'clustered'
  /** Of the confidence intervals. */
  readonly level: number
  /** Σ w·log p(class of the row). */
  readonly logLikelihood: number
  /** The same of the model without features, at its maximum: intercepts and offset, or without intercepts the offset alone. */
  readonly nullLogLikelihood: number
  /** Of the model against the one without features. */
  readonly likelihoodRatio: LikelihoodRatio
  /** McFadden 1974; Cox & Snell 1989; Nagelkerke 1991, which divides that by the most it can be. */
  readonly pseudoR2: { readonly mcfadden: number; readonly coxSnell: number; readonly nagelkerke: number }
  /** 2·(coefficients − logLikelihood). */
  readonly aic: number
  /** log(Σ w)·coefficients − 2·logLikelihood. */
  readonly bic: number
  readonly rows: number
  /** Σ w, the number of rows without sample weights. */
  readonly totalWeight: number
  /**
   * Condition number (1-norm) of the information, columns centred and scaled, with a diagonal of ones: relative errors of the
   * covariance are about this times 1e-16.
   */
  readonly condition: number
  /** How far the model is from the maximum of the likelihood of these rows, in standard errors: √(scoreᵀ·I⁻¹·score). */
  readonly distance: number
}

/** What to do, checked. */
export interface InferenceTask extends LikelihoodSource {
  readonly classNames: readonly Label[]
  readonly featureNames: readonly string[] | undefined
  readonly level: number
  readonly robust: boolean
  /** The cluster of each row, and how many there are. */
  readonly clusters: Int32Array | undefined
  readonly clusterCount: number
}

const WHO = 'inference'
/** So many coefficients make matrices of 32 MiB, three or four of them, and for 20 000 rows half a minute. */
export const MOST_COEFFICIENTS = 2048
/** Scores of clusters, in numbers: 256 MiB. */
export const MOST_CLUSTER_SCORES = 2 ** 25
/** A model further from the maximum has other z values than the maximum, by up to this. */
const MOST_DISTANCE = 0.1
/** A class in doubt in fewer rows of mean weight than this is separated. */
const LEAST_DOUBT = 0.01
/** Beyond, less than three digits of the covariance are left. */
const MOST_CONDITION = 1e13

export async function infer(task: InferenceTask): Promise<Inference> {
  const likelihood = new Likelihood(task)
  const { size } = likelihood
  const { logLikelihood, score, gram, doubts } = await likelihood.score()
  await checkColumns(task, gram, likelihood.width)
  checkDoubts(task, doubts)
  const information = await likelihood.information()
  const { factor, inverse, scales, condition } = await solve(task, likelihood, information)
  for (let i = 0; i < size; i++) score[i] /= scales[i]
  solveRows(factor, size, score)
  const distance = Math.sqrt(score.reduce((sum, value) => sum + value * value, 0))
  checkDistance(distance)
  const { robust, clusters, clusterCount } = task
  let covariance = inverse
  if (robust || clusters) {
    const products = await likelihood.scoreProducts(clusters, clusterCount)
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) products[i * size + j] /= scales[i] * scales[j]
    covariance = await sandwich(inverse, products, size, task.pause)
  }
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) covariance[i * size + j] /= scales[i] * scales[j]
  const statistics = describeFit(task, size, logLikelihood, await nullLogLikelihood(task))
  return {
    reference: task.classNames[task.reference],
    ...describeCoefficients(task, likelihood, covariance),
    covarianceKind: clusters ? 'clustered' : robust ? 'robust' : 'observed',
    level: task.level,
    ...statistics,
    rows: task.rows,
    condition,
    distance,
  }
}

const nameOf = ({ featureNames }: Pick<InferenceTask, 'featureNames'>, j: number): string =>
  featureNames === undefined ? String(j) : featureNames[j]

/** Refuses features of which some are combinations of others. */
async function checkColumns(task: InferenceTask, gram: Float64Array, width: number): Promise<void> {
  const found = await findCombination(gram, width, task.pause)
  if (found === undefined) return
  const shift = task.intercept ? 1 : 0
  const label = (column: number): string => `feature ${describe(nameOf(task, column - shift))}`
  const others = found.of.filter((column) => column >= shift).map(label)
  const shown = others.length > 4 ? [...others.slice(0, 3), `${others.length - 3} more`] : others
  const what =
    others.length > 0
      ? `a combination of ${shown.join(', ')}`
      : task.intercept
        ? 'the same in all rows'
        : '0 in all rows'
  throw new RangeError(
    `${WHO}: expected features of which none follows from others, got ${label(found.column)}, ${what}`,
  )
}

/**
 * Refuses classes that are never in doubt. At a maximum each class has rows on the wrong side, or nearly so, and in doubt for about a
 * quarter of a row at least; where it is separated, what is left depends on when the fit stopped.
 */
function checkDoubts(task: InferenceTask, doubts: Float64Array): void {
  const least = doubts.reduce((best, doubt, k) => (doubt < doubts[best] ? k : best), 0)
  if (!(doubts[least] > (LEAST_DOUBT * totalOf(task)) / task.rows)) refuseSeparated(task, least)
}

function refuseSeparated({ classNames }: InferenceTask, k: number): never {
  throw new RangeError(
    `${WHO}: expected a likelihood with one maximum, got classes that the features separate, ${describe(classNames[k])} most of ` +
      'all, so that coefficients grow without end (remove what tells it apart, join classes, or fit with l2 > 0)',
  )
}

/** The inverse of the information with a diagonal of ones, S·I⁻¹·S, S = diag(scales); the information is spoiled. */
async function solve(task: InferenceTask, { size, width, others }: Likelihood, information: Float64Array) {
  const scales = Float64Array.from({ length: size }, (_, i) => Math.sqrt(information[i * size + i]))
  const weakest = scales.reduce((least, scale, i) => (scale < scales[least] ? i : least), 0)
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) information[i * size + j] /= scales[i] * scales[j]
  const norm = oneNorm(information, size)
  if (await factorise(information, size, task.pause)) {
    const inverse = await invert(information, size, task.pause)
    const condition = norm * oneNorm(inverse, size)
    if (condition <= MOST_CONDITION) return { factor: information, inverse, scales, condition }
  }
  return refuseSeparated(task, others[Math.floor(weakest / width)])
}

/** The largest sum of magnitudes in a row of a symmetric matrix. */
function oneNorm(matrix: Float64Array, size: number): number {
  let most = 0
  for (let i = 0; i < size; i++) {
    let sum = 0
    for (let j = 0; j < size; j++) sum += Math.abs(matrix[i * size + j])
    if (!(sum <= most)) most = sum
  }
  return most
}

function checkDistance(distance: number): void {
  if (distance <= MOST_DISTANCE) return
  throw new RangeError(
    `${WHO}: expected a model at most ${MOST_DISTANCE} standard errors from the maximum of the likelihood of these rows, got ` +
      `${distance.toPrecision(2)} (give the rows, weights and offset that it was fitted to, and fit with a tolerance of 1e-8)`,
  )
}

/** inverse · products · inverse, all symmetric. */
async function sandwich(
  inverse: Float64Array,
  products: Float64Array,
  size: number,
  pause: Pause,
): Promise<Float64Array> {
  const half = new OuterSums(size, size)
  half.add(products, inverse, size)
  await pause()
  const whole = new OuterSums(size, size)
  whole.add(half.finish(), inverse, size)
  await pause()
  return whole.finish()
}

/** The table, and the covariance in units of the features. */
function describeCoefficients(
  task: InferenceTask,
  { size, width, others }: Likelihood,
  covariance: Float64Array,
): Pick<Inference, 'coefficients' | 'covariance'> {
  const { intercept, centres, units, featureCount, reference, modelWeights, modelIntercepts, classNames, level } = task
  if (intercept) for (let side = 0; side < 2; side++) uncentre(covariance, size, width, centres, units)
  const shift = intercept ? 1 : 0
  const critical = normalCritical(level)
  const coefficients = others.flatMap((k, q) =>
    Array.from({ length: width }, (_, i) => {
      const j = i - shift
      const estimate =
        j < 0
          ? modelIntercepts[k] - modelIntercepts[reference]
          : modelWeights[k * featureCount + j] - modelWeights[reference * featureCount + j]
      const at = q * width + i
      const standardError = Math.sqrt(covariance[at * size + at]) / (j < 0 ? 1 : units[j])
      const z = estimate / standardError
      const reach = critical * standardError
      const feature = j < 0 ? '(intercept)' : nameOf(task, j)
      const interval = { low: estimate - reach, high: estimate + reach }
      return { className: classNames[k], feature, estimate, standardError, z, p: normalTwoSided(z), ...interval }
    }),
  )
  const unitOf = (at: number): number => (at % width < shift ? 1 : units[(at % width) - shift])
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) covariance[i * size + j] /= unitOf(i) * unitOf(j)
  return { coefficients, covariance }
}

/** Row 0 of every class loses Σ_j centre_j/unit_j · row j, as the intercept does where features are not centred; then transposed. */
function uncentre(matrix: Float64Array, size: number, width: number, centres: Float64Array, units: Float64Array): void {
  for (let own = 0; own < size; own += width) {
    for (let j = 1; j < width; j++) {
      const share = centres[j - 1] / units[j - 1]
      for (let c = 0; c < size; c++) matrix[own * size + c] -= share * matrix[(own + j) * size + c]
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const entry = matrix[i * size + j]
      matrix[i * size + j] = matrix[j * size + i]
      matrix[j * size + i] = entry
    }
  }
}

const totalOf = ({ weights, rows }: InferenceTask): number =>
  weights === undefined ? rows : weights.reduce((a, b) => a + b, 0)

function describeFit(task: InferenceTask, size: number, full: number, none: number) {
  const { classes, featureCount } = task
  const totalWeight = totalOf(task)
  const statistic = 2 * (full - none)
  const df = (classes - 1) * featureCount
  const coxSnell = -expm1(-statistic / totalWeight)
  return {
    logLikelihood: full,
    nullLogLikelihood: none,
    likelihoodRatio: { statistic, df, p: chiSquaredTail(statistic, df) },
    pseudoR2: {
      mcfadden: 1 - full / none,
      coxSnell,
      nagelkerke: coxSnell / -expm1((2 * none) / totalWeight),
    },
    aic: 2 * (size - full),
    bic: log(totalWeight) * size - 2 * full,
    totalWeight,
  }
}
