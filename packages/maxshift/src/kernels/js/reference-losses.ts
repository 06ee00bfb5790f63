/**
 * The reference backend of the losses; which file serves is decided as in reference-family.ts.
 */
import { dispatchLosses } from '../dispatch.ts'
import type { LossKernels } from '../kernels.ts'
import { crossEntropyDouble, crossEntropyWithGradientDouble } from './label-double.ts'
import { crossEntropySingle, crossEntropyWithGradientSingle } from './label-single.ts'
import { SINGLE_CLASSES } from './single-row.ts'
import { softCrossEntropyDouble, softCrossEntropyWithGradientDouble } from './soft-double.ts'
import { softCrossEntropySingle, softCrossEntropyWithGradientSingle } from './soft-single.ts'

const single: LossKernels = {
  name: 'reference, float32',
  crossEntropy: crossEntropySingle,
  crossEntropyWithGradient: crossEntropyWithGradientSingle,
  softCrossEntropy: softCrossEntropySingle,
  softCrossEntropyWithGradient: softCrossEntropyWithGradientSingle,
}

const double: LossKernels = {
  name: 'reference, float64',
  crossEntropy: crossEntropyDouble,
  crossEntropyWithGradient: crossEntropyWithGradientDouble,
  softCrossEntropy: softCrossEntropyDouble,
  softCrossEntropyWithGradient: softCrossEntropyWithGradientDouble,
}

export const referenceLosses: LossKernels = /* @__PURE__ */ dispatchLosses('reference', (logits, classes) =>
  logits instanceof Float32Array && classes <= SINGLE_CLASSES ? single : double,
)
