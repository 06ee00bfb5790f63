/**
 * The solver for many rows and little time: stochastic gradient descent through batches of shuffled rows (optim/sgd.ts), on the calling
 * thread. What is reported of the result comes from one sweep through all rows at the end.
 */
import { selectLinearKernels } from '../kernels/select-linear.ts'
import { type Batch, sgd } from '../optim/sgd.ts'
import { norm } from '../optim/vector.ts'
import type { Coordinates } from './coordinates.ts'
import { type Dataset, type DenseDataset, isSparse } from './data.ts'
import { createObjective } from './objective.ts'
import { canBeginInSingle } from './precision.ts'
import { RowBatch } from './row-batch.ts'
import { batchObjective, columnCoordinates, type SgdProblem, sampleSize, stepLength } from './sgd-training.ts'
import { shuffle } from './shuffle.ts'
import type { Solution, Task } from './solver.ts'
import { decodeSgd, encodeSgd } from './solver-state.ts'

export async function solveBySgd(task: Task): Promise<Solution> {
  const { totalWeight, source, sweep, penalty, start, settings, watch, checkpoints } = task
  const data = denseOf(task.data)
  const { rows, featureCount, classes } = data
  const { intercept, seed } = settings
  const { learningRate, ...given } = settings.sgd
  const plan = { ...given, batchSize: Math.min(given.batchSize, rows) }
  // Batches disagree far more than float32 rounds.
  const precision = canBeginInSingle(data, source.columns, intercept) ? 'f32' : 'f64'
  const pass = selectLinearKernels().createPass(featureCount, classes, precision)
  const problem = { featureCount, classes, intercept, l2: penalty.l2, pass, pause: source.pause }
  const coordinates = await columnCoordinates(problem, source.columns)
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  const read = (parameters: Float64Array) => {
    coordinates.toWeights(parameters, weights, intercepts)
    return { weights, intercepts }
  }
  const begin = new Float64Array(coordinates.length)
  if (start) coordinates.fromWeights(start.weights.slice(), start.intercepts.slice(), begin)

  const meanWeight = totalWeight / rows
  const sample = drawSample(data)
  const sampled = batchObjective(problem, sample, sample.rows, meanWeight, coordinates)
  const unit = await stepLength(problem, source.columns, sampled, coordinates, classShares(data), plan)
  const result = await sgd(shuffledBatches(data, totalWeight, problem, coordinates, plan.batchSize, seed), begin, {
    ...plan,
    learningRate: learningRate * unit,
    interrupt: () => (watch.isLate() ? 'stopped' : undefined),
    onIteration: (step, parameters) => watch.step(step, () => read(parameters)),
    ...(checkpoints && {
      resume: checkpoints.resumed && decodeSgd('fit', checkpoints.resumed, watch.history, begin.length),
      onState: (save) => checkpoints.offer(plan.epochs, () => encodeSgd(save())),
    }),
  })

  const objective = createObjective({ ...data, totalWeight }, penalty.l2, sweep, () => coordinates)
  const slope = new Float64Array(begin.length)
  const reached = await objective(result.parameters, slope)
  const gradient = { weights: new Float64Array(weights.length), intercepts: new Float64Array(classes) }
  coordinates.fromGradient(slope, gradient.weights, gradient.intercepts)
  const { status, iterations } = result
  const measured = { objective: reached, gradientNorm: norm(slope), dataPasses: iterations + 1 }
  return { status, iterations, ...measured, ...read(result.parameters), gradient }
}

/** The batches of an epoch: all rows in an order that the seed and the epoch decide, the last batch with what remains. */
function shuffledBatches(
  data: DenseDataset,
  totalWeight: number,
  problem: SgdProblem,
  coordinates: Coordinates,
  size: number,
  seed: number,
): (epoch: number) => Iterable<Batch> {
  const { rows } = data
  const order = new Uint32Array(rows)
  const batch = new RowBatch(data, size)
  const ofFirst = (count: number): Batch => ({
    objective: batchObjective(problem, batch, count, totalWeight / rows, coordinates),
    share: count / size,
  })
  const full = ofFirst(size)
  const last = rows % size === 0 ? full : ofFirst(rows % size)
  return function* (epoch) {
    shuffle(order, seed, epoch)
    for (let begin = 0; begin < rows; begin += size) {
      const end = Math.min(begin + size, rows)
      batch.pick(order, begin, end)
      yield end < rows ? full : last
    }
  }
}

/** The options of a fit let no others in. */
function denseOf(data: Dataset): DenseDataset {
  const { features } = data
  if (isSparse(features)) throw new TypeError('sgd: expected dense features')
  return { ...data, features }
}

/** An even sample of the rows. */
function drawSample(data: DenseDataset): RowBatch & { readonly rows: number } {
  const rows = Math.min(data.rows, sampleSize(data.featureCount))
  const order = Uint32Array.from({ length: rows }, (_, s) => Math.floor((s * data.rows) / rows))
  const sample = new RowBatch(data, rows)
  sample.pick(order, 0, rows)
  return Object.assign(sample, { rows })
}

/** The share of each class in the weights of all rows. */
function classShares({ rows, classes, labels, targets, weights }: DenseDataset): Float64Array {
  const shares = new Float64Array(classes)
  for (let r = 0; r < rows; r++) {
    const weight = weights === undefined ? 1 : weights[r]
    if (targets) for (let k = 0; k < classes; k++) shares[k] += weight * targets[r * classes + k]
    else if (labels) shares[labels[r]] += weight
  }
  const total = shares.reduce((a, b) => a + b, 0)
  return shares.map((share) => share / total)
}
