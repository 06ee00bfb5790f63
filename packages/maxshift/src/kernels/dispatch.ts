/**
 * A backend made of several: who serves is decided per call from the logits and their shape.
 */
import type { FloatArray } from '../arrays.ts'
import type { Kernels } from './kernels.ts'

export function dispatch(name: string, pick: (logits: FloatArray, rows: number, classes: number) => Kernels): Kernels {
  return {
    name,
    softmax: (logits, rows, classes, out) => pick(logits, rows, classes).softmax(logits, rows, classes, out),
    logSoftmax: (logits, rows, classes, out) => pick(logits, rows, classes).logSoftmax(logits, rows, classes, out),
    logSumExp: (logits, rows, classes, out) => pick(logits, rows, classes).logSumExp(logits, rows, classes, out),
    crossEntropy: (logits, labels, rows, classes, losses) =>
      pick(logits, rows, classes).crossEntropy(logits, labels, rows, classes, losses),
    crossEntropyWithGradient: (logits, labels, rows, classes, scaleHi, scaleLo, losses, gradient) =>
      pick(logits, rows, classes).crossEntropyWithGradient(
        logits,
        labels,
        rows,
        classes,
        scaleHi,
        scaleLo,
        losses,
        gradient,
      ),
  }
}
