/**
 * The door of every training: what callers give, checked, as data and settings.
 */
import type { Features } from '../kernels/kernels.ts'
import { checkFeatureCount, checkFeatureKind, checkFinite } from './checks.ts'
import { type CsrFeatures, type Dataset, isSparse } from './data.ts'
import { type EncodedLabels, readTrainingLabels, type TrainingLabels } from './labels.ts'
import { checkFitOptions, type FitOptions, type FitSettings } from './options.ts'

export interface Training {
  readonly data: Dataset
  readonly labels: EncodedLabels
  readonly settings: FitSettings
}

/** Throws a TypeError or a RangeError in the name of `who`, and the reason of a signal that is aborted already. */
export function prepareTraining(
  who: string,
  given: Features | CsrFeatures,
  givenLabels: TrainingLabels,
  options: FitOptions | undefined,
  known?: readonly string[],
): Training {
  const features = checkFeatureKind(who, given)
  const labels = readTrainingLabels(who, givenLabels)
  const { rows, classNames, targets } = labels
  const featureCount = checkFeatureCount(who, features, rows)
  const settings = checkFitOptions(who, options, labels, featureCount, isSparse(features), known)
  settings.signal?.throwIfAborted()
  checkFinite(who, features, featureCount)
  const { weights, totalWeight } = settings.rowWeights
  const shape = { rows, featureCount, classes: classNames.length }
  const data = { features, ...shape, labels: labels.labels, targets, weights, totalWeight, offset: settings.offset }
  return { data, labels, settings }
}
