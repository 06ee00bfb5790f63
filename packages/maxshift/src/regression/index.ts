/**
 * maxshift/regression: softmax regression. The model, and the types around it.
 *
 * @module maxshift/regression
 */
export type { Features } from '../kernels/kernels.ts'
export type { OptimStatus } from '../optim/result.ts'
export type { Contributions } from './contributions.ts'
export type { Label, Labels } from './labels.ts'
export type { CalibrationBin, ClassMetrics, EvaluateOptions, Evaluation } from './metrics.ts'
export type { FitOptions } from './options.ts'
export type { CalibrationReport, FitIteration, FitReport, FitStatus } from './report.ts'
export { SoftmaxRegression } from './softmax-regression.ts'
