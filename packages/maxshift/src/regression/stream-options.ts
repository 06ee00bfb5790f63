/**
 * The options of a fit to a stream.
 */
import { checkOptions, describe } from '../check.ts'
import { checkClassCount, checkNumber } from './checks.ts'
import { findClassNames, type Label } from './labels.ts'
import { checkKind, checkLimits, type FitOptions, type FitSettings } from './options.ts'
import { checkSgdOptions, type SgdOptions, type SgdSettings } from './sgd-options.ts'

type Shared = 'intercept' | 'featureScale' | 'featureNames' | 'warmStart' | 'maxSeconds' | 'signal' | 'onIteration'

/** Options of SoftmaxRegression.fitStream; what is not described here is as in FitOptions. */
export interface StreamOptions<L extends Label = Label> extends Pick<FitOptions, Shared> {
  /** All labels that may come, distinct and all strings or all numbers. */
  readonly classNames: readonly L[]
  /** λ of the penalty λ/2·‖W‖² on the mean loss, ≥ 0. Default 0: how many rows there will be is not known. */
  readonly l2?: number
  /** As for solver 'sgd'; by default one epoch. More need a source that is a function. */
  readonly sgd?: SgdOptions
}

/** The options with their defaults, checked as far as they can be before the first row. */
export interface StreamSettings extends Pick<FitSettings, 'maxSeconds' | 'signal' | 'onIteration' | 'tolerance'> {
  readonly classNames: readonly Label[]
  readonly l2: number
  readonly intercept: boolean
  readonly featureScale: number
  readonly featureNames: unknown
  readonly warmStart: FitOptions['warmStart']
  readonly sgd: SgdSettings
}

const KNOWN: readonly (keyof StreamOptions)[] = [
  'classNames',
  'l2',
  'intercept',
  'featureScale',
  'featureNames',
  'warmStart',
  'maxSeconds',
  'sgd',
  'signal',
  'onIteration',
]

export function checkStreamOptions(who: string, options: StreamOptions, isReplayable: boolean): StreamSettings {
  const given = checkOptions(who, options, KNOWN)
  const { l2 = 0, intercept = true, featureScale = 1, featureNames, warmStart } = given
  checkNumber(who, 'l2', l2, 0, Number.MAX_VALUE)
  checkKind(who, 'intercept', intercept, typeof intercept === 'boolean', 'true or false')
  checkNumber(who, 'featureScale', featureScale, 1e-100, 1e100)
  const sgd = checkSgdOptions(who, given.sgd, 1)
  if (sgd.epochs > 1 && !isReplayable) {
    throw new RangeError(
      `${who}: expected source to be a function that begins the stream anew together with sgd.epochs above 1, got an iterable and ${sgd.epochs}`,
    )
  }
  const { maxSeconds, signal, onIteration } = checkLimits(who, given)
  const classNames = checkClassNames(who, given.classNames)
  const plan = { l2, intercept, featureScale, featureNames, warmStart, sgd, tolerance: 0 }
  return { classNames, ...plan, maxSeconds, signal, onIteration }
}

/** Distinct names, in ascending order. */
function checkClassNames(who: string, names: unknown): Label[] {
  if (!Array.isArray(names)) {
    throw new TypeError(`${who}: expected classNames to be a string[] or a number[], got ${describe(names)}`)
  }
  const distinct = findClassNames(who, names, 'classNames')
  if (distinct.length < names.length) {
    const twice = names.find((name, k) => names.indexOf(name) < k)
    throw new RangeError(`${who}: expected distinct classNames, got ${describe(twice)} twice`)
  }
  checkClassCount(who, distinct)
  return distinct
}
