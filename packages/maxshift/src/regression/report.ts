/**
 * What a fit tells about itself.
 */
import type { OptimStatus } from '../optim/result.ts'
import type { SolverName } from './options.ts'

/**
 * How a fit ended. `converged`: the gradient norm is at most the tolerance. `max-iterations`: the steps are used up.
 * `line-search-failed`: rounding allows no further progress. `not-finite`: the objective overflows at zero weights.
 * `stopped`: onIteration returned false. `time-limit`: maxSeconds are over. `early-stopped`: the validation rows were predicted no better
 * for `patience` steps. `separated`: there is no penalty and the weights put every training row into its
 * class, so that larger multiples of them are better without end and no optimum exists; use l2 > 0. (Where only some
 * classes can be separated, there is no optimum either, but the objective has a limit and the fit converges to it.)
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
  /** What model.calibrate did; only in the report of a calibrated model, whose weights are those of the fit over the temperature. */
  readonly calibration?: CalibrationReport
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
