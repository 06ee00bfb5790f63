/**
 * The reference backend: plain TypeScript, accurate mode, the definition of the bits that every other backend must return.
 * The dtype of the logits decides between single.ts (float64 inside) and double.ts (double-double inside).
 */
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

export const referenceKernels: Kernels = {
  name: 'reference',
  softmax: (logits, rows, classes, out) =>
    (logits instanceof Float32Array ? softmaxSingle : softmaxDouble)(logits, rows, classes, out),
  logSoftmax: (logits, rows, classes, out) =>
    (logits instanceof Float32Array ? logSoftmaxSingle : logSoftmaxDouble)(logits, rows, classes, out),
  logSumExp: (logits, rows, classes, out) =>
    (logits instanceof Float32Array ? logSumExpSingle : logSumExpRowsDouble)(logits, rows, classes, out),
  crossEntropy: (logits, labels, rows, classes, losses) =>
    (logits instanceof Float32Array ? crossEntropySingle : crossEntropyDouble)(logits, labels, rows, classes, losses),
  crossEntropyWithGradient: (logits, labels, rows, classes, scaleHi, scaleLo, losses, gradient) =>
    logits instanceof Float32Array
      ? crossEntropyWithGradientSingle(logits, labels, rows, classes, scaleHi, losses, gradient)
      : crossEntropyWithGradientDouble(logits, labels, rows, classes, scaleHi, scaleLo, losses, gradient),
}
