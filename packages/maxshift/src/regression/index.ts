/**
 * maxshift/regression: softmax regression. The model, and the types around it.
 *
 * @module maxshift/regression
 */
export type { AbortSignalLike } from '../abort.ts'
export type { Features } from '../kernels/kernels.ts'
export type { OptimStatus } from '../optim/result.ts'
export type { Schedule } from '../optim/schedule.ts'
export type { CalibrateOptions } from './calibration.ts'
export type { Checkpoint } from './checkpoints.ts'
export type { Contributions } from './contributions.ts'
export type { CrossValidateOptions, CrossValidationScores } from './cross-validation.ts'
export type { CsrFeatures } from './data.ts'
export type { Folds } from './folds.ts'
export type { Coefficient, Inference } from './inference.ts'
export type { InferenceOptions } from './inference-options.ts'
export type { Label, Labels, SoftTargets, TrainingLabels } from './labels.ts'
export { type LikelihoodRatio, likelihoodRatioTest } from './likelihood-ratio.ts'
export type { CalibrationBin, ClassMetrics, EvaluateOptions, Evaluation } from './metrics.ts'
export type { FitOptions, SolverName } from './options.ts'
export type { PathOptions, PathProgress } from './path.ts'
export type { CalibrationReport, FitIteration, FitReport, FitStatus, Separation } from './report.ts'
export type { ClassWeights } from './row-weights.ts'
export type { SgdOptions } from './sgd-options.ts'
export {
  type CrossValidation,
  type LabelOf,
  type RegularisationPath,
  type SafetensorsOptions,
  SoftmaxRegression,
} from './softmax-regression.ts'
export type { WarmStart } from './start.ts'
export type { StreamOptions } from './stream-options.ts'
export type { StreamChunk, StreamSource } from './stream-reader.ts'
export type { Validation } from './validation.ts'
