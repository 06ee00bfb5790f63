/**
 * The options of a fit: what they mean, what they are by default, and what they may be.
 */
import { checkInteger, checkOptions, describe } from '../check.ts'
import { checkNumber } from './checks.ts'
import type { FitIteration } from './report.ts'

/** Options of SoftmaxRegression.fit. */
export interface FitOptions {
  /**
   * λ of the penalty λ/2·‖W‖² on the mean loss, ≥ 0. Default 1/rows, which is C = 1 for users of scikit-learn
   * (in general λ = 1/(C·rows)). W are the weights of the scaled features; intercepts are never penalised.
   */
  readonly l2?: number
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
   * The fit has converged when the gradient norm is at most this. Default 1e-3. The gradient is that of the mean
   * objective in centred, decorrelated coordinates of about unit curvature (coordinates.ts), so the norm has no unit: it
   * depends neither on the number of rows nor on the units of the features. After ten steps the coordinates follow the
   * probabilities of the model so far, and the norm with them. The objective is then above its minimum by about the square
   * of the norm: ½ to 2 times it on iris, wine and digits, up to 15 times on MNIST. Below about 1e-14 rounding decides.
   */
  readonly tolerance?: number
  /** Steps of the optimiser before it gives up, ≥ 1. Default 1000. */
  readonly maxIterations?: number
  /** Aborting makes the fit reject with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told of every step. Returning false ends the fit and keeps the model so far, with the status `stopped`. */
  readonly onIteration?: (progress: FitIteration) => unknown
}

/** The options with their defaults, checked. */
export interface FitSettings {
  readonly l2: number
  readonly intercept: boolean
  readonly featureScale: number
  readonly featureNames: readonly string[] | undefined
  readonly tolerance: number
  readonly maxIterations: number
  readonly signal: AbortSignal | undefined
  readonly onIteration: ((progress: FitIteration) => unknown) | undefined
}

const KNOWN: readonly (keyof FitOptions)[] = [
  'l2',
  'intercept',
  'featureScale',
  'featureNames',
  'tolerance',
  'maxIterations',
  'signal',
  'onIteration',
]
const MOST_ITERATIONS = 2 ** 31 - 1

export function checkFitOptions(
  who: string,
  options: FitOptions | undefined,
  rows: number,
  featureCount: number,
): FitSettings {
  const given = checkOptions(who, options, KNOWN)
  const { l2 = 1 / rows, intercept = true, featureScale = 1, tolerance = 1e-3, maxIterations = 1000 } = given
  const { featureNames, signal, onIteration } = given
  checkNumber(who, 'l2', l2, 0, Number.MAX_VALUE)
  checkKind(who, 'intercept', intercept, typeof intercept === 'boolean', 'true or false')
  checkNumber(who, 'featureScale', featureScale, 1e-100, 1e100)
  checkNumber(who, 'tolerance', tolerance, 0, Number.MAX_VALUE)
  checkInteger(who, 'maxIterations', maxIterations, 1, MOST_ITERATIONS)
  if (signal !== undefined) checkKind(who, 'signal', signal, signal instanceof AbortSignal, 'an AbortSignal')
  if (onIteration !== undefined) {
    checkKind(who, 'onIteration', onIteration, typeof onIteration === 'function', 'a function')
  }
  if (featureNames !== undefined) checkFeatureNames(who, featureNames, featureCount)
  return {
    l2,
    intercept,
    featureScale,
    featureNames: featureNames && [...featureNames],
    tolerance,
    maxIterations,
    signal,
    onIteration,
  }
}

function checkKind(who: string, name: string, value: unknown, fine: boolean, expected: string): void {
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
