/**
 * jax-js, WebAssembly backend, functions under jit, arrays that stay in its memory. In Node it starts no threads. Passing an
 * array takes ownership of it, hence `.ref`. Labels are one-hot arrays, made before the time starts and not by its `nn.oneHot`,
 * whose result is wrong from 65536 classes on.
 */
import { readFileSync } from 'node:fs'
import type { Contestant, Outcome, Team } from '../contestant.ts'
import { timeAsyncCalls } from '../contestant.ts'
import { type FloatArray, newArray, type Operation, type Problem } from '../problem.ts'

interface JaxArray {
  readonly ref: JaxArray
  readonly dtype: string
  reshape(shape: readonly number[]): JaxArray
  mul(other: JaxArray | number): JaxArray
  sum(): JaxArray
  blockUntilReady(): Promise<JaxArray>
  dataSync(): FloatArray
  dispose(): void
}
type Function1 = (logits: JaxArray) => JaxArray
type Loss = (logits: JaxArray, oneHot: JaxArray) => JaxArray
interface Jax {
  init(device: string): Promise<string[]>
  defaultDevice(device: string): string
  jit<F>(compute: F): F
  valueAndGrad(loss: Loss): (logits: JaxArray, oneHot: JaxArray) => [JaxArray, JaxArray]
  numpy: { array(data: FloatArray, options?: { dtype: string }): JaxArray }
  nn: {
    softmax(x: JaxArray, axis: number): JaxArray
    logSoftmax(x: JaxArray, axis: number): JaxArray
    logsumexp(x: JaxArray, axis: number): JaxArray
  }
}

interface Results {
  value?: JaxArray
  values?: JaxArray
}

function callOf(
  { jit, nn, valueAndGrad }: Jax,
  operation: Operation,
  rows: number,
  x: JaxArray,
  oneHot?: JaxArray,
): () => Results {
  const rowwise = (compute: Function1) => {
    const compiled = jit(compute)
    return () => ({ values: compiled(x.ref) })
  }
  if (operation === 'softmax') return rowwise((logits) => nn.softmax(logits, -1))
  if (operation === 'logSoftmax') return rowwise((logits) => nn.logSoftmax(logits, -1))
  if (operation === 'logSumExp') return rowwise((logits) => nn.logsumexp(logits, -1))
  if (oneHot === undefined) throw new Error('a loss needs labels')
  const loss: Loss = (logits, targets) =>
    nn
      .logSoftmax(logits, -1)
      .mul(targets)
      .sum()
      .mul(-1 / rows)
  if (operation === 'crossEntropy') {
    const compiled = jit(loss)
    return () => ({ value: compiled(x.ref, oneHot.ref) })
  }
  const compiled = jit((logits: JaxArray, targets: JaxArray) => valueAndGrad(loss)(logits, targets))
  return () => {
    const [value, values] = compiled(x.ref, oneHot.ref)
    return { value, values }
  }
}

function oneHotOf({ labels, rows, classes, dtype }: Problem): FloatArray {
  const oneHot = newArray(dtype, rows * classes)
  for (let row = 0; row < rows; row++) oneHot[row * classes + labels[row]] = 1
  return oneHot
}

async function enter(jax: Jax, problem: Problem): Promise<Contestant> {
  const { logits, rows, classes, operation, dtype } = problem
  const { numpy } = jax
  const type = dtype === 'f32' ? 'float32' : 'float64'
  const x = numpy.array(logits, { dtype: type }).reshape([rows, classes])
  const needsLabels = operation === 'crossEntropy' || operation === 'crossEntropyWithGradient'
  const oneHot = needsLabels ? numpy.array(oneHotOf(problem), { dtype: type }).reshape([rows, classes]) : undefined
  await x.blockUntilReady()
  await oneHot?.blockUntilReady()
  const call = callOf(jax, operation, rows, x, oneHot)
  return {
    time: timeAsyncCalls(async () => {
      const { value, values } = call()
      await values?.blockUntilReady()
      await value?.blockUntilReady()
      values?.dispose()
      value?.dispose()
      return 1
    }),
    // dataSync takes the array with it.
    result: () => {
      const { value, values } = call()
      const outcome: Outcome = {}
      if (values !== undefined) outcome.values = values.dataSync().slice()
      if (value !== undefined) outcome.loss = value.dataSync()[0]
      return outcome
    },
    dispose: () => {
      x.dispose()
      oneHot?.dispose()
    },
  }
}

export async function jaxJs(): Promise<Team> {
  const name: string = '@jax-js/jax'
  const jax = (await import(name)) as Jax
  await jax.init('wasm')
  jax.defaultDevice('wasm')
  const manifest = readFileSync(new URL('../node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const call =
    '`jit` of `nn.softmax`, `nn.logSoftmax`, `nn.logsumexp`, `valueAndGrad` on arrays that stay in its memory'
  return { name: 'jax-js', version, ours: false, call, enter: (problem) => enter(jax, problem) }
}
