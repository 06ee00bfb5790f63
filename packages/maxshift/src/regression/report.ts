/**
 * What a fit tells about itself.
 */
import type { OptimStatus } from '../optim/result.ts'
import type { Label } from './labels.ts'
import type { SolverName } from './options.ts'

/**
 * How a fit ended. `converged`: the gradient norm is at most the tolerance. `max-iterations`: the steps are used up.
 * `line-search-failed`: rounding allows no further progress. `not-finite`: the objective overflows at zero weights.
 * `stopped`: onIteration returned false. `time-limit`: maxSeconds are over. `early-stopped`: the validation rows were predicted no better
 * for `patience` steps. `separated`: weights without a penalty can grow without end, because they
 * tell classes apart in every row, or in some while the others tie; no optimum exists (see `separation`), and the weights are those of the
 * step at which that was found. Use l2 > 0.
 */
export type FitStatus = OptimStatus | 'separated' | 'time-limit' | 'early-stopped'

/** One step of a fit. */
export interface FitIteration {
  /** 1 for the first step. */
  readonly iteration: number
  /** Σ w·loss / Σ w + l2/2·‖W‖² + l1·Σ|W| after the step. */
  readonly objective: number
  /** The norm that the tolerance is compared with. */
  readonly gradientNorm: number
  /** Passes over the training rows so far. */
  readonly dataPasses: number
  /** Time since the fit began. */
  readonly seconds: number
  /** The log-loss of the validation rows, if there are any. */
  readonly validationLoss?: number
}

/** How a fit went, as model.report. */
export interface FitReport {
  readonly status: FitStatus
  readonly iterations: number
  /** Evaluations of the objective, each of which reads all training rows once. */
  readonly dataPasses: number
  /** Σ w·loss / Σ w + l2/2·‖W‖² + l1·Σ|W| of the model. */
  readonly objective: number
  /** The norm that the tolerance is compared with. */
  readonly gradientNorm: number
  /**
   * A proof of how far the objective is above its minimum at most, from duality: beyond the rounding of the objective, no weights are
   * better by more. With l2 on all features it is 3 to 6 times the truth where they are of similar size, and up to thousands
   * of times where they are not, for a look at a sample of the rows; with l1 alone it is far looser, for one more pass over the
   * data (not counted among dataPasses). Never above the objective. Not there with features that are not penalised, nor with an
   * offset and features that have l1 alone.
   */
  readonly gapBound?: number
  /** Weights that are not 0, and features with such a weight; NaN in a model from a file of version 0.1. */
  readonly selectedWeights: number
  readonly selectedFeatures: number
  /** Wall time of the fit; 0 in a model from a file. */
  readonly seconds: number
  /** One entry per step; empty in a model from a file. */
  readonly history: readonly FitIteration[]
  /** Training rows. */
  readonly rows: number
  /** Their weights in all: Σ sampleWeights · classWeights. */
  readonly totalWeight: number
  /** The step after which the log-loss of the validation rows was lowest, which is the one of the model; only with validation rows. */
  readonly validation?: { readonly iteration: number; readonly logLoss: number }
  /** The settings that define the optimum and its neighbourhood. */
  readonly l2: number
  readonly l1: number
  readonly intercept: boolean
  readonly featureScale: number
  readonly standardize: boolean
  readonly solver: SolverName
  readonly tolerance: number
  /** Which weights grow without end; only with the status `separated`, and not in a model from a file. */
  readonly separation?: Separation
  /** What model.calibrate did; only in the report of a calibrated model, whose weights are those of the fit over the temperature. */
  readonly calibration?: CalibrationReport
}

/**
 * A direction (V, c) in which weights and intercepts grow without end: it raises the logit V_own·x + c_own of the class of a training row
 * no less than any other in every row, and more in some. It is verified in every row, to 1e-9 of the lengths of row and
 * direction; rows are tied that gain less than 1e-7. With soft targets, classes that share the target of a row must tie there.
 */
export interface Separation {
  /**
   * `complete`: every row gains on every other class, and the loss has no limit but 0. `quasi-complete`: some rows tie in this
   * direction, and, where the answer is exact (to 700 coefficients and 8 million numbers), in every other.
   */
  readonly kind: 'complete' | 'quasi-complete'
  /** The classes all of whose rows gain on every other class; if there are none, those with some such rows; else those with any gain. */
  readonly classNames: readonly Label[]
  /** V, classes × features, and c, one per class, scaled so that Σ (weight · deviation of the feature)² = 1. */
  readonly weights: Float64Array
  readonly intercepts: Float64Array
  /** Rows that gain on every other class, and rows that tie with one at least; rows of weight 0 are neither. */
  readonly strictRows: number
  readonly tiedRows: number
}

/** What model.calibrate did. */
export interface CalibrationReport {
  /**
   * `converged`: the log-loss is at its minimum. `separated`: every row is in its class, so that the log-loss falls without end as the
   * temperature does; it stays where the largest difference of two logits of a row becomes 512 to 1024. `uninformative`: the logits
   * say nothing about these rows, or mislead, so that the log-loss is least at an infinite temperature; it stays where the largest
   * difference becomes less than 0.001, or at 1 if there is none.
   */
  readonly status: 'converged' | 'separated' | 'uninformative'
  /** What the logits of the fit are divided by. */
  readonly temperature: number
  /** Log-loss and expected calibration error of the held-out rows, before and after; defined as in Evaluation. */
  readonly logLossBefore: number
  readonly logLossAfter: number
  readonly eceBefore: number
  readonly eceAfter: number
  /** Held-out rows. */
  readonly rows: number
}
