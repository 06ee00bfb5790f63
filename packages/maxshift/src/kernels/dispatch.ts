/**
 * Backends made of several: who serves is decided per call from the logits, their shape and the temperature.
 */
import type { FloatArray } from '../arrays.ts'
import type { FamilyKernels, LossKernels } from './kernels.ts'

type Pick<K> = (logits: FloatArray, classes: number, temperature: number) => K

export function dispatch(name: string, pick: Pick<FamilyKernels>): FamilyKernels {
  return {
    name,
    softmax: (logits, rows, classes, temperature, out) =>
      pick(logits, classes, temperature).softmax(logits, rows, classes, temperature, out),
    logSoftmax: (logits, rows, classes, temperature, out) =>
      pick(logits, classes, temperature).logSoftmax(logits, rows, classes, temperature, out),
    logSumExp: (logits, rows, classes, temperature, out) =>
      pick(logits, classes, temperature).logSumExp(logits, rows, classes, temperature, out),
  }
}

export function dispatchLosses(name: string, pick: Pick<Omit<LossKernels, 'name'>>): LossKernels {
  return {
    name,
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
