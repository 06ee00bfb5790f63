/**
 * A fit from checked arguments to the parts of a model: describe the columns, choose the coordinates, minimise the
 * objective, translate the result back. Nothing outside is touched, so a fit that fails or is aborted leaves nothing.
 */
import type { LinearPass } from '../kernels/kernels.ts'
import { addOffset } from '../kernels/row-losses.ts'
import { selectLinearKernels } from '../kernels/select-linear.ts'
import { lbfgs } from '../optim/lbfgs.ts'
import type { Move } from '../optim/metric.ts'
import { describeColumns } from './columns.ts'
import { Coordinates } from './coordinates.ts'
import { fittedCurvature, startingCurvature } from './curvature.ts'
import type { DenseDataset } from './data.ts'
import type { Label } from './labels.ts'
import type { ModelParts } from './model-file.ts'
import { createObjective } from './objective.ts'
import type { FitSettings } from './options.ts'
import { createPause, type Pause } from './pause.ts'
import type { FitIteration, FitStatus } from './report.ts'
import { blockRows, createDenseSweep } from './sweep.ts'

/**
 * Pairs that L-BFGS remembers: the most, the least, and how many numbers they may have in all between these. Near the
 * optimum of MNIST sixty need a tenth fewer passes than twenty.
 */
const MEMORY_MOST = 60
const MEMORY_LEAST = 10
const MEMORY_NUMBERS = 2 ** 23
/** After so many steps coordinates follow the probabilities of the model so far. */
const RENEWALS = [10]

export async function fitModel(
  data: DenseDataset,
  classNames: readonly Label[],
  settings: FitSettings,
): Promise<ModelParts> {
  const begin = performance.now()
  const seconds = (): number => (performance.now() - begin) / 1000
  const { features, rows, featureCount, classes } = data
  const { l2, intercept, featureScale, featureNames, tolerance, maxIterations, signal, onIteration } = settings
  const pause = createPause(signal)
  await pause()
  // The penalty is on the weights of the scaled features, w / featureScale.
  const penalty = l2 / featureScale / featureScale
  const columns = await describeColumns(features, rows, featureCount, pause)
  const source = { features, rows, classes, columns, intercept, pause }
  const l2s = new Float64Array(featureCount).fill(penalty)
  let coordinates = await Coordinates.create(await startingCurvature(source), l2s, intercept, pause)
  const pass = selectLinearKernels().createPass(featureCount, classes)
  const sweep = createDenseSweep(data, pause)
  const objective = createObjective(data, l2s, sweep, () => coordinates)
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  const history: FitIteration[] = []
  const renew = async (parameters: Float64Array): Promise<Move | undefined> => {
    coordinates.toWeights(parameters, weights, intercepts)
    pass.setWeights(weights, intercepts)
    const curvature = await fittedCurvature(source, pass)
    if (curvature === undefined) return undefined
    const old = coordinates
    coordinates = await Coordinates.create(curvature, l2s, intercept, pause)
    return old.moveTo(coordinates)
  }
  const result = await lbfgs(objective, new Float64Array(coordinates.length), {
    tolerance,
    maxIterations,
    memory: memoryFor(coordinates.length),
    renewal: { iterations: RENEWALS, renew },
    onIteration: ({ evaluations, ...step }) => {
      const progress = { ...step, dataPasses: evaluations, seconds: seconds() }
      history.push(progress)
      return onIteration?.(progress)
    },
  }).finally(() => sweep.close())
  coordinates.toWeights(result.parameters, weights, intercepts)
  pass.setWeights(weights, intercepts)
  const decided = result.status === 'stopped' || result.status === 'not-finite' || l2 > 0
  const status: FitStatus = !decided && (await separates(data, pass, pause)) ? 'separated' : result.status
  signal?.throwIfAborted()
  const { iterations, evaluations: dataPasses, objective: reached, gradientNorm } = result
  const outcome = { status, iterations, dataPasses, objective: reached, gradientNorm, seconds: seconds(), history }
  const report = { ...outcome, rows, l2, intercept, featureScale, tolerance }
  return { classNames, featureNames, weights, intercepts, means: columns.means, report }
}

function memoryFor(length: number): number {
  return Math.max(MEMORY_LEAST, Math.min(MEMORY_MOST, Math.floor(MEMORY_NUMBERS / (2 * length))))
}

/**
 * Whether the logit of its class is strictly the largest in every row. Then multiples of the weights bring the loss as
 * near to 0 as one likes, and no finite weights are optimal (Albert & Anderson, Biometrika 71, 1984).
 */
async function separates(
  { features, labels, weights, rows, featureCount, classes, offset }: DenseDataset,
  pass: LinearPass,
  pause: Pause,
): Promise<boolean> {
  if (labels === undefined) return false
  const step = blockRows(featureCount, classes)
  const logits = new Float64Array(step * classes)
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first)
    pass.logits(features, first, count, logits)
    addOffset(logits.subarray(0, count * classes), { offset }, first, classes)
    for (let r = 0; r < count; r++) {
      if (weights?.[first + r] === 0) continue
      const own = logits[r * classes + labels[first + r]]
      for (let k = 0; k < classes; k++) {
        if (k !== labels[first + r] && !(own > logits[r * classes + k])) return false
      }
    }
    await pause()
  }
  return true
}
