/**
 * Early stopping: rows that are not trained on tell when further steps only learn the training rows by heart (Prechelt, "Early stopping
 * — but when?", 1998: stop when the error has not fallen for some steps, keep the best).
 */
import type { FloatArray } from '../arrays.ts'
import { checkInteger, checkOptions } from '../check.ts'
import type { Features } from '../kernels/kernels.ts'
import type { Numbers } from '../loss/options.ts'
import {
  checkFeatureKind,
  checkFinite,
  checkLabelCount,
  checkLabelKind,
  checkOffset,
  checkRowCount,
  checkSampleWeights,
} from './checks.ts'
import type { CsrFeatures, Dataset } from './data.ts'
import { encodeLabels, type Label, type Labels } from './labels.ts'
import { sum } from './row-weights.ts'
import type { Start } from './start.ts'
import type { Sweep } from './sweep.ts'

/** Rows that are not trained on, and how long to wait for them. */
export interface Validation {
  /** Rows of as many features as the training rows. */
  readonly features: Features | CsrFeatures
  /** One label per row, each a class of the training rows. */
  readonly labels: Labels
  /** As for the training rows. */
  readonly sampleWeights?: Numbers
  readonly offset?: FloatArray
  /** Steps without a lower log-loss before the fit ends, ≥ 1. Default 10. */
  readonly patience?: number
}

/** The rows, checked. */
export interface ValidationData {
  readonly data: Dataset
  readonly patience: number
}

const MOST_PATIENCE = 2 ** 31 - 1

export function checkValidation(
  who: string,
  given: Validation,
  classNames: readonly Label[],
  featureCount: number,
): ValidationData {
  const known = ['features', 'labels', 'sampleWeights', 'offset', 'patience']
  const {
    features: values,
    labels: names,
    sampleWeights,
    offset,
    patience = 10,
  } = checkOptions(who, given, known, 'validation')
  const owner = `${who}: in validation`
  const features = checkFeatureKind(owner, values)
  const rows = checkRowCount(owner, features, featureCount)
  const labels = checkLabelKind(owner, names)
  checkLabelCount(owner, rows, labels)
  checkFinite(owner, features, featureCount)
  const encoded = encodeLabels(owner, labels, classNames)
  const weights = checkSampleWeights(owner, rows, sampleWeights)
  const classes = classNames.length
  const data = {
    features,
    rows,
    featureCount,
    classes,
    labels: encoded,
    targets: undefined,
    weights,
    totalWeight: weights ? sum(weights) : rows,
    offset: checkOffset(owner, offset, { rows, classNames }),
  }
  return { data, patience: checkInteger(owner, 'patience', patience, 1, MOST_PATIENCE) }
}

/** Watches the log-loss of the validation rows, and keeps the weights where it is lowest. */
export class EarlyStopping {
  /** After which step it is lowest; 0 before the first. */
  iteration = 0
  logLoss = Infinity
  readonly best: Start
  private readonly sweep: Sweep
  private readonly totalWeight: number
  private readonly patience: number
  private readonly scratch: Start

  constructor({ data, patience }: ValidationData, sweep: Sweep) {
    const numbers = (length: number): Float64Array => new Float64Array(length)
    const create = (): Start => ({
      weights: numbers(data.classes * data.featureCount),
      intercepts: numbers(data.classes),
    })
    this.best = create()
    this.scratch = create()
    this.sweep = sweep
    this.totalWeight = data.totalWeight
    this.patience = patience
  }

  /** The log-loss for the weights after a step. */
  async look(iteration: number, { weights, intercepts }: Start): Promise<number> {
    const { scratch, best } = this
    const loss = await this.sweep.evaluate(weights, intercepts, scratch.weights, scratch.intercepts)
    const logLoss = loss / this.totalWeight
    if (logLoss < this.logLoss) {
      this.logLoss = logLoss
      this.iteration = iteration
      best.weights.set(weights)
      best.intercepts.set(intercepts)
    }
    return logLoss
  }

  isOver(iteration: number): boolean {
    return iteration - this.iteration >= this.patience
  }

  close(): Promise<void> | void {
    return this.sweep.close()
  }
}
