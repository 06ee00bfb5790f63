/**
 * maxshift: numerically exact softmax, cross-entropy and their relatives. The checked public functions, nothing else.
 *
 * @module maxshift
 */
export type { Dtype, FloatArray, IntegerArray, Labels, Logits, ResultArray, SameDtype } from './arrays.ts'
export type { Features } from './kernels/kernels.ts'
export { type Backend, backend, type Mode } from './kernels/select.ts'
export {
  type BinaryCrossEntropyGradientOptions,
  type BinaryCrossEntropyOptions,
  type BinaryLossOptions,
  type BinaryTargets,
  binaryCrossEntropy,
  binaryCrossEntropyWithGradient,
} from './loss/binary-cross-entropy.ts'
export { crossEntropy, crossEntropyWithGradient } from './loss/cross-entropy.ts'
export {
  type BinaryFocalLossGradientOptions,
  type BinaryFocalLossOptions,
  binaryFocalLoss,
  binaryFocalLossWithGradient,
  type FocalLossGradientOptions,
  type FocalLossOptions,
  focalLoss,
  focalLossWithGradient,
} from './loss/focal.ts'
export type { LabelsOrTargets } from './loss/labels.ts'
export {
  type LinearCrossEntropyGradientOptions,
  type LinearGradients,
  type LinearLoss,
  type LinearResult,
  linearCrossEntropy,
  linearCrossEntropyWithGradient,
  type WithFeaturesGradient,
} from './loss/linear-cross-entropy.ts'
export type { LinearCrossEntropyOptions } from './loss/linear-plan.ts'
export type {
  CrossEntropyGradientOptions,
  CrossEntropyOptions,
  LossOf,
  LossWithGradient,
  Numbers,
  RowStats,
  WeightOptions,
  WithTargetGradient,
} from './loss/options.ts'
export {
  type LogProbsOptions,
  type PerplexityOptions,
  perplexity,
  perplexityFromLogProbs,
} from './loss/perplexity.ts'
export type { Reduction } from './loss/reduction.ts'
export { type AccumulatorOptions, LogSumExpAccumulator } from './ops/accumulator.ts'
export type { AccumulatorJSON } from './ops/accumulator-json.ts'
export { type ArrayTypes, alloc } from './ops/alloc.ts'
export {
  type DivergenceGradientOptions,
  type DivergenceOptions,
  type DivergenceWithGradient,
  jsDivergence,
  jsDivergenceWithGradient,
  klDivergence,
  klDivergenceWithGradient,
} from './ops/divergence.ts'
export type {
  Binary,
  BinaryFunction,
  Elements,
  ElementwiseOptions,
  ElementwiseResult,
  Ternary,
  TernaryFunction,
  Unary,
  UnaryFunction,
} from './ops/elementwise.ts'
export {
  type EntropyGradientOptions,
  type EntropyOptions,
  type EntropyWithGradient,
  entropy,
  entropyWithGradient,
} from './ops/entropy.ts'
export { type LogCumSumExpOptions, logCumSumExp } from './ops/log-cum-sum-exp.ts'
export { cexpexp, cloglog } from './ops/log-exp/complementary-log-log.ts'
export { logAbsSinh, logAbsTanh, logCosh } from './ops/log-exp/hyperbolic.ts'
export { log1pMx, log1pSq, logMxp1 } from './ops/log-exp/log-minus.ts'
export { logAddExp, logInvLogitDiff, logMix, logSubExp } from './ops/log-exp/log-sums.ts'
export { xexpx, xexpy, xlog1py, xlogx, xlogy } from './ops/log-exp/products.ts'
export {
  log1mSigmoid,
  logit,
  logit1mExp,
  logitExp,
  logSigmoid,
  sigmoid,
} from './ops/log-exp/sigmoid.ts'
export { log1mExp, log1pExp, log2mExp, logExpm1 } from './ops/log-exp/softplus.ts'
export { logMeanExp } from './ops/log-mean-exp.ts'
export {
  type LogSumExpOptions,
  logSumExp,
  logSumExpWithSign,
  type SignedLogSumExp,
} from './ops/log-sum-exp.ts'
export type { PerRowOptions } from './ops/per-row.ts'
export type { LayoutOptions, OneRow, RowOptions, RowsGiven } from './ops/rows.ts'
export { type SampleOptions, type Samples, sampleCategorical } from './ops/sampling/sample-categorical.ts'
export { type TopK, type TopKOptions, topK } from './ops/sampling/top-k.ts'
export { logSoftmax, type SoftmaxOptions, softmax } from './ops/softmax.ts'
export {
  type Chunks,
  logSoftmaxStream,
  type SoftmaxStreamOptions,
  type StreamSource,
  softmaxStream,
} from './ops/softmax-stream.ts'
export {
  type LogSumExpVjpOptions,
  logSoftmaxVjp,
  logSumExpVjp,
  softmaxVjp,
  type VjpOptions,
} from './ops/vjp.ts'
export type { RowWeights } from './ops/weighted.ts'
