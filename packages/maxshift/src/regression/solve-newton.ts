/**
 * The solver for sparse features: Newton's method with conjugate gradients, in coordinates of one unit per feature
 * (sparse-objective.ts). It keeps few vectors as long as the weights, and sees how frequent and rare features bend together.
 */
import { fromMatrix, type Precision, toMatrix } from '../kernels/sparse-pass.ts'
import { newtonCg } from '../optim/newton-cg.ts'
import { type CsrFeatures, isSparse } from './data.ts'
import type { Solution, Task } from './solver.ts'
import { SparseObjective } from './sparse-objective.ts'
import { SparseSweep } from './sparse-sweep.ts'
import type { Start } from './start.ts'

/** A column's largest value in units of its spread, and values themselves, that float32 is trusted with. */
const LARGEST_RATIO = 2 ** 12
const LARGEST_VALUE = 1e15
const LEAST_VALUE = 1e-15

/** Minimises the objective for sparse features; penalties other than l2 are not looked at. */
export async function solveByNewton({ data, source, sweep, ...task }: Task): Promise<Solution> {
  const { totalWeight, penalty, start, settings, watch } = task
  const { intercept, tolerance, maxIterations } = settings
  const { features, classes, featureCount } = data
  if (!isSparse(features) || !(sweep instanceof SparseSweep)) throw new TypeError('newton-cg: expected sparse features')
  const { columns } = source
  const precision = precisionFor(features, columns.deviations)
  const shape = { featureCount, classes, totalWeight }
  const objective = new SparseObjective(shape, penalty.l2, intercept, columns, sweep, precision)
  const read = (parameters: Float64Array): Start => {
    const weights = new Float64Array(classes * featureCount)
    const intercepts = new Float64Array(classes)
    const matrix = new Float64Array(parameters.length)
    objective.toWeights(parameters, matrix)
    fromMatrix(matrix, classes, weights, intercepts)
    return { weights, intercepts }
  }
  const begin = new Float64Array(objective.length)
  if (start) {
    toMatrix(start.weights, start.intercepts, classes, begin)
    objective.fromWeights(begin.slice(), begin)
  }
  const result = await newtonCg(objective, begin, {
    tolerance,
    maxIterations,
    onIteration: (step, parameters) => watch.step(step, () => read(parameters)),
  })
  const { status, iterations, evaluations: dataPasses, objective: reached, gradientNorm } = result
  const found = read(result.parameters)
  return { status, iterations, dataPasses, objective: reached, gradientNorm, ...found, gradient: undefined }
}

/**
 * The precision for products of the Hessian: float32 while its 24 bits can hold the spread of every column beside its largest value, and
 * its range the squares of the values; otherwise float64, which takes twice as long.
 */
function precisionFor({ indices, values }: CsrFeatures, deviations: Float64Array): Precision {
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i])
    if (size === 0) continue
    const deviation = deviations[indices[i]]
    if (size > LARGEST_VALUE || size < LEAST_VALUE || (deviation > 0 && size > LARGEST_RATIO * deviation)) return 'f64'
  }
  return 'f32'
}
