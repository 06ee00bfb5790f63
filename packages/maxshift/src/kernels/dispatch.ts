/**
 * A backend made of several: who serves is decided per call from the logits, their shape and the temperature.
 */
import type { FloatArray } from '../arrays.ts'
import type { Kernels } from './kernels.ts'

type Pick = (logits: FloatArray, classes: number, temperature: number) => Kernels

export function dispatch(name: string, pick: Pick): Kernels {
  return {
    name,
    softmax: (logits, rows, classes, temperature, ...rest) =>
      pick(logits, classes, temperature).softmax(logits, rows, classes, temperature, ...rest),
    logSoftmax: (logits, rows, classes, temperature, ...rest) =>
      pick(logits, classes, temperature).logSoftmax(logits, rows, classes, temperature, ...rest),
    logSumExp: (logits, rows, classes, temperature, ...rest) =>
      pick(logits, classes, temperature).logSumExp(logits, rows, classes, temperature, ...rest),
    crossEntropy: (logits, labels, rows, classes, temperature, ...rest) =>
      pick(logits, classes, temperature).crossEntropy(logits, labels, rows, classes, temperature, ...rest),
    crossEntropyWithGradient: (logits, labels, rows, classes, temperature, ...rest) =>
      pick(logits, classes, temperature).crossEntropyWithGradient(logits, labels, rows, classes, temperature, ...rest),
    softCrossEntropy: (logits, targets, rows, classes, temperature, ...rest) =>
      pick(logits, classes, temperature).softCrossEntropy(logits, targets, rows, classes, temperature, ...rest),
    softCrossEntropyWithGradient: (logits, targets, rows, classes, temperature, ...rest) =>
      pick(logits, classes, temperature).softCrossEntropyWithGradient(
        logits,
        targets,
        rows,
        classes,
        temperature,
        ...rest,
      ),
  }
}
