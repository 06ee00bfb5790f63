/**
 * TensorFlow.js, WebAssembly backend with SIMD and one thread. Tensors live in its own memory, so nothing is copied; every
 * result is disposed of. Labels are one-hot tensors, made before the time starts. It has float32 only.
 */
import { createRequire } from 'node:module'
import { Absent, type Contestant, type Outcome, type Team, timeCalls } from '../contestant.ts'
import type { Operation, Problem } from '../problem.ts'

interface Tensor {
  dataSync(): Float32Array
  dispose(): void
}
interface TensorFlow {
  version_core: string
  env(): { set(flag: string, value: boolean): void; getAsync(flag: string): Promise<unknown> }
  setBackend(name: string): Promise<boolean>
  getBackend(): string
  tensor2d(data: Float32Array, shape: readonly number[]): Tensor
  tensor1d(data: Int32Array, dtype: string): Tensor
  oneHot(labels: Tensor, classes: number): Tensor
  cast(tensor: Tensor, dtype: string): Tensor
  softmax(logits: Tensor): Tensor
  logSoftmax(logits: Tensor): Tensor
  logSumExp(logits: Tensor, axis: number): Tensor
  losses: { softmaxCrossEntropy(oneHot: Tensor, logits: Tensor): Tensor }
  valueAndGrad(loss: (logits: Tensor) => Tensor): (logits: Tensor) => { value: Tensor; grad: Tensor }
  tidy<T>(work: () => T): T
}

function enter(tf: TensorFlow, problem: Problem): Contestant {
  const { logits, labels, rows, classes, operation } = problem
  if (!(logits instanceof Float32Array)) throw new Absent('TensorFlow.js has no float64')
  const input = tf.tensor2d(logits, [rows, classes])
  const needsLabels = operation === 'crossEntropy' || operation === 'crossEntropyWithGradient'
  const oneHot = tf.tidy(() =>
    needsLabels
      ? tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32')
      : tf.tensor2d(new Float32Array(1), [1, 1]),
  )
  const valueAndGrad = tf.valueAndGrad((x) => tf.losses.softmaxCrossEntropy(oneHot, x))
  const calls: Record<Operation, () => { value?: Tensor; grad?: Tensor }> = {
    softmax: () => ({ grad: tf.softmax(input) }),
    logSoftmax: () => ({ grad: tf.logSoftmax(input) }),
    logSumExp: () => ({ grad: tf.logSumExp(input, -1) }),
    crossEntropy: () => ({ value: tf.losses.softmaxCrossEntropy(oneHot, input) }),
    crossEntropyWithGradient: () => valueAndGrad(input),
  }
  const call = calls[operation]
  const release = ({ value, grad }: { value?: Tensor; grad?: Tensor }): void => {
    value?.dispose()
    grad?.dispose()
  }
  return {
    // The backend computes when it is called; reading the numbers would copy them.
    time: timeCalls(() => {
      release(call())
      return 1
    }),
    result: () => {
      const tensors = call()
      const outcome: Outcome = {}
      if (tensors.value !== undefined) outcome.loss = tensors.value.dataSync()[0]
      if (tensors.grad !== undefined) outcome.values = tensors.grad.dataSync().slice()
      release(tensors)
      return outcome
    },
    dispose: () => {
      input.dispose()
      oneHot.dispose()
    },
  }
}

export async function tensorflow(): Promise<Team> {
  const require = createRequire(import.meta.url)
  const tf = require('@tensorflow/tfjs-core') as TensorFlow
  require('@tensorflow/tfjs-layers') // registers the gradients, which the core alone does not have
  const wasm = require('@tensorflow/tfjs-backend-wasm') as { setThreadsCount(count: number): void }
  await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  wasm.setThreadsCount(1)
  if (!(await tf.setBackend('wasm')) || tf.getBackend() !== 'wasm')
    throw new Absent('its WebAssembly backend does not start')
  const call = '`tf.softmax`, `tf.losses.softmaxCrossEntropy`, `tf.valueAndGrad` on tensors that stay in its memory'
  return { name: 'TensorFlow.js', version: tf.version_core, ours: false, call, enter: (problem) => enter(tf, problem) }
}
