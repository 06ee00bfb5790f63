/**
 * The reference backend: plain TypeScript, accurate mode, the definition of the bits that every other backend must return.
 * The dtype of the logits decides between single.ts (float64 inside) and double.ts (double-double inside). float32 rows of more
 * than SINGLE_CLASSES go to double.ts as well: there the rounding of the terms, n · 2^−53 of the sum, would begin to show.
 */
import type { FloatArray } from '../../arrays.ts'
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

/** 2^18: at most 0.0005 ulp of float32 are lost to the grid of single.ts. */
export const SINGLE_CLASSES = 262144

const isSingle = (logits: FloatArray, classes: number): boolean =>
  logits instanceof Float32Array && classes <= SINGLE_CLASSES

export const referenceKernels: Kernels = {
  name: 'reference',
  softmax: (logits, rows, classes, out) =>
    (isSingle(logits, classes) ? softmaxSingle : softmaxDouble)(logits, rows, classes, out),
  logSoftmax: (logits, rows, classes, out) =>
    (isSingle(logits, classes) ? logSoftmaxSingle : logSoftmaxDouble)(logits, rows, classes, out),
  logSumExp: (logits, rows, classes, out) =>
    (isSingle(logits, classes) ? logSumExpSingle : logSumExpRowsDouble)(logits, rows, classes, out),
  crossEntropy: (logits, labels, rows, classes, losses) =>
    (isSingle(logits, classes) ? crossEntropySingle : crossEntropyDouble)(logits, labels, rows, classes, losses),
  crossEntropyWithGradient: (logits, labels, rows, classes, scaleHi, scaleLo, losses, gradient) =>
    isSingle(logits, classes)
      ? crossEntropyWithGradientSingle(logits, labels, rows, classes, scaleHi, losses, gradient)
      : crossEntropyWithGradientDouble(logits, labels, rows, classes, scaleHi, scaleLo, losses, gradient),
}
