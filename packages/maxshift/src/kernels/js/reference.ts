/**
 * The reference backend: plain TypeScript, accurate mode, the definition of the bits that every other backend must return.
 * The dtype of the logits decides between single.ts (float64 inside) and double.ts (double-double inside). float32 rows of more
 * than SINGLE_CLASSES go to double.ts as well: there the rounding of the terms, n · 2^−53 of the sum, would begin to show.
 */
import { dispatch } from '../dispatch.ts'
import type { Kernels } from '../kernels.ts'
import {
  crossEntropyDouble,
  crossEntropyWithGradientDouble,
  logSoftmaxDouble,
  logSumExpRowsDouble,
  softmaxDouble,
} from './double.ts'
import {
  crossEntropySingle,
  crossEntropyWithGradientSingle,
  logSoftmaxSingle,
  logSumExpSingle,
  softmaxSingle,
} from './single.ts'
import { softCrossEntropyDouble, softCrossEntropyWithGradientDouble } from './soft-double.ts'
import { softCrossEntropySingle, softCrossEntropyWithGradientSingle } from './soft-single.ts'

/** 2^18: at most 0.0005 ulp of float32 are lost to the grid of single.ts. */
export const SINGLE_CLASSES = 262144

const single: Kernels = {
  name: 'reference, float32',
  softmax: softmaxSingle,
  logSoftmax: logSoftmaxSingle,
  logSumExp: logSumExpSingle,
  crossEntropy: crossEntropySingle,
  crossEntropyWithGradient: crossEntropyWithGradientSingle,
  softCrossEntropy: softCrossEntropySingle,
  softCrossEntropyWithGradient: softCrossEntropyWithGradientSingle,
}

const double: Kernels = {
  name: 'reference, float64',
  softmax: softmaxDouble,
  logSoftmax: logSoftmaxDouble,
  logSumExp: logSumExpRowsDouble,
  crossEntropy: crossEntropyDouble,
  crossEntropyWithGradient: crossEntropyWithGradientDouble,
  softCrossEntropy: softCrossEntropyDouble,
  softCrossEntropyWithGradient: softCrossEntropyWithGradientDouble,
}

export const referenceKernels: Kernels = dispatch('reference', (logits, classes) =>
  logits instanceof Float32Array && classes <= SINGLE_CLASSES ? single : double,
)
