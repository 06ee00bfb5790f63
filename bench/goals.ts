/**
 * The goals, as data: one of ours against one peer, with a bound per shape. The report computes from the results whether they
 * are met.
 */
import type { Dtype, Operation, Shape } from './problem.ts'
import { OPERATIONS, SHAPES } from './problem.ts'
import { measurementOf, type QuestionResult, ratioOf } from './results.ts'

export interface Goal {
  readonly operation: Operation
  readonly dtype: Dtype
  readonly ours: string
  readonly peer: string
  /** 'faster': peer / ours must be at least the bound; 'slower': ours / peer must be at most the bound. */
  readonly kind: 'faster' | 'slower'
  /** One bound per entry of SHAPES; undefined where the goal says nothing. */
  readonly bounds: readonly (number | undefined)[]
}

const isRow = ({ rows }: Shape): boolean => rows === 1
const isLarge = ({ rows, classes }: Shape): boolean => rows * classes > 4e6
const matrices = (bound: number) => SHAPES.map((shape) => (isRow(shape) ? undefined : bound))
const large = (bound: number) => SHAPES.map((shape) => (isLarge(shape) ? bound : undefined))
const everywhere = (bound: number) => SHAPES.map(() => bound)
/** One bound for 100000×10, another for the large matrices. */
const fewAndMany = (few: number, many: number) =>
  SHAPES.map((shape) => (isRow(shape) ? undefined : isLarge(shape) ? many : few))
const rowOfTen = (bound: number) => SHAPES.map(({ rows, classes }) => (rows * classes === 10 ? bound : undefined))

const f32 = { dtype: 'f32', kind: 'faster' } as const
const f64 = { dtype: 'f64', kind: 'faster' } as const
const accurate = 'accurate (alloc)'
const fast = 'fast (alloc)'
const copied = 'accurate'
const ROWWISE = ['softmax', 'logSoftmax'] as const
const WITHOUT_LABELS = ['softmax', 'logSoftmax', 'logSumExp'] as const
const REDUCTIONS = ['logSumExp', 'crossEntropy'] as const
const gradient = 'crossEntropyWithGradient'

export const GOALS: readonly Goal[] = [
  ...ROWWISE.map((operation) => ({
    ...f32,
    operation,
    ours: accurate,
    peer: 'onnxruntime',
    bounds: fewAndMany(2, 1.5),
  })),
  ...ROWWISE.map((operation) => ({ ...f32, operation, ours: copied, peer: 'onnxruntime', bounds: matrices(1.2) })),
  { ...f32, operation: 'softmax', ours: fast, peer: 'onnxruntime', bounds: matrices(2.5) },
  { ...f32, operation: 'softmax', ours: fast, peer: 'PyTorch', bounds: matrices(1.2) },
  { ...f32, operation: 'softmax', ours: fast, peer: 'memcpy', kind: 'slower', bounds: large(2) },
  ...REDUCTIONS.map((operation) => ({ ...f32, operation, ours: accurate, peer: 'PyTorch', bounds: matrices(1.5) })),
  { ...f32, operation: gradient, ours: accurate, peer: 'PyTorch', bounds: matrices(3) },
  { ...f32, operation: gradient, ours: fast, peer: 'PyTorch', bounds: matrices(5) },
  ...WITHOUT_LABELS.map((operation) => ({ ...f64, operation, ours: accurate, peer: 'SciPy', bounds: matrices(1) })),
  ...WITHOUT_LABELS.map((operation) => ({ ...f64, operation, ours: fast, peer: 'SciPy', bounds: matrices(3) })),
  ...['TensorFlow.js', 'jax-js'].flatMap((peer) =>
    OPERATIONS.map((operation) => ({ ...f32, operation, ours: accurate, peer, bounds: everywhere(2) })),
  ),
  { ...f32, operation: 'softmax', ours: copied, peer: 'hand-written', kind: 'slower', bounds: rowOfTen(5) },
]

export interface Check {
  shape: Shape
  bound: number
  /** peer / ours, or ours / peer for 'slower'; undefined where one of them was not timed. */
  ratio: number | undefined
  met: boolean
}

/** The goal at every shape that it has a bound for. */
export function checkGoal(results: readonly QuestionResult[], goal: Goal): Check[] {
  const { operation, dtype, ours, peer, kind, bounds } = goal
  return SHAPES.flatMap((shape, i): Check[] => {
    const bound = bounds[i]
    if (bound === undefined) return []
    const faster = ratioOf(measurementOf(results, operation, dtype, shape), ours, peer)?.median
    if (faster === undefined) return [{ shape, bound, ratio: undefined, met: false }]
    const ratio = kind === 'faster' ? faster : 1 / faster
    return [{ shape, bound, ratio, met: kind === 'faster' ? ratio >= bound : ratio <= bound }]
  })
}
