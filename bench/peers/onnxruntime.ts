/**
 * onnxruntime-node: one session per operator, one thread, tensors over our arrays on both sides, so nothing is copied.
 */
import { Absent, type Contestant, type Team, timeAsyncCalls } from '../contestant.ts'
import { type FloatArray, newArray, type Operation, type Problem } from '../problem.ts'
import { ELEMENT, type Node, onnxModel } from './onnx-model.ts'

interface Session {
  run(feeds: Record<string, unknown>, fetches: Record<string, unknown>): Promise<Record<string, { data: FloatArray }>>
  release(): Promise<void>
}
interface Onnxruntime {
  env: { versions: { node: string } }
  Tensor: new (type: string, data: FloatArray | Int32Array, dims: readonly number[]) => unknown
  InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<Session> }
}

function nodeOf({ operation, dtype, rows, classes }: Problem): Node {
  const logits = { name: 'logits', element: ELEMENT[dtype], dims: [rows, classes] }
  const labels = { name: 'labels', element: ELEMENT.i32, dims: [rows] }
  const out = (dims: number[]) => ({ name: 'out', element: ELEMENT[dtype], dims })
  const rowwise = (operator: string): Node => ({
    operator,
    inputs: [logits],
    output: out([rows, classes]),
    attributes: { axis: 1 },
  })
  const nodes: Record<Operation, () => Node> = {
    softmax: () => rowwise('Softmax'),
    logSoftmax: () => rowwise('LogSoftmax'),
    logSumExp: () => ({
      operator: 'ReduceLogSumExp',
      inputs: [logits],
      output: out([rows]),
      attributes: { axes: [1], keepdims: 0 },
    }),
    crossEntropy: () => ({
      operator: 'SoftmaxCrossEntropyLoss',
      inputs: [logits, labels],
      output: out([]),
      attributes: {},
    }),
    crossEntropyWithGradient: () => {
      throw new Absent('onnxruntime computes no gradients outside its training build')
    },
  }
  return nodes[operation]()
}

export async function onnxruntime(): Promise<Team> {
  const name: string = 'onnxruntime-node'
  const { default: ort } = (await import(name)) as { default: Onnxruntime }
  const enter = async (problem: Problem): Promise<Contestant> => {
    const { dtype, operation } = problem
    const node = nodeOf(problem)
    const session = await ort.InferenceSession.create(onnxModel(node), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
    })
    const type = dtype === 'f32' ? 'float32' : 'float64'
    const values = newArray(
      dtype,
      node.output.dims.reduce((a, b) => a * b, 1),
    )
    const feeds: Record<string, unknown> = { logits: new ort.Tensor(type, problem.logits, node.inputs[0].dims) }
    if (node.inputs.length > 1) feeds.labels = new ort.Tensor('int32', problem.labels, node.inputs[1].dims)
    const fetches = { out: new ort.Tensor(type, values, node.output.dims) }
    const run = async (): Promise<number> => {
      await session.run(feeds, fetches)
      return values[0]
    }
    return {
      time: timeAsyncCalls(run),
      result: async () => {
        await run()
        return operation === 'crossEntropy' ? { loss: values[0] } : { values }
      },
      dispose: () => session.release(),
    }
  }
  const call = 'one-node model of opset 13, `session.run` with preallocated output'
  return { name: 'onnxruntime', version: ort.env.versions.node, ours: false, call, enter }
}
