/**
 * The default solver: L-BFGS in the coordinates of coordinates.ts, which follow the curvature of the model so far.
 */
import { lbfgs } from '../optim/lbfgs.ts'
import type { Move } from '../optim/metric.ts'
import { Coordinates } from './coordinates.ts'
import { fittedCurvature, startingCurvature } from './curvature.ts'
import { createObjective } from './objective.ts'
import { canBeginInSingle, SINGLE_FLOOR, SINGLE_NOISE } from './precision.ts'
import type { Solution, Task } from './solver.ts'
import { decodeLbfgs, encodeLbfgs, readStart, writeStart } from './solver-state.ts'
import type { Start } from './start.ts'

/**
 * Pairs that L-BFGS remembers: the most, the least, and how many numbers they may have in all between these. Near the
 * optimum of MNIST sixty need a tenth fewer passes than twenty.
 */
const MEMORY_MOST = 60
const MEMORY_LEAST = 10
const MEMORY_NUMBERS = 2 ** 22
/** After so many steps coordinates follow the probabilities of the model so far. */
const RENEWALS = [10]

export async function solveByLbfgs(task: Task): Promise<Solution> {
  const { data, totalWeight, source, sweep, pass, penalty, settings, watch, checkpoints } = task
  const { intercept, tolerance, maxIterations } = settings
  const weights = new Float64Array(data.classes * data.featureCount)
  const intercepts = new Float64Array(data.classes)
  const create = (curvature: Awaited<ReturnType<typeof startingCurvature>>): Promise<Coordinates> =>
    Coordinates.create(curvature, penalty.l2, intercept, source.pause)
  const fitted = async (at: Start) => {
    pass.setWeights(at.weights, at.intercepts)
    return fittedCurvature(source, pass)
  }
  const start = task.start && centre(task.start, data.classes)
  const resumed = checkpoints?.resumed
  let renewedAt = resumed && readStart(resumed, weights.length, data.classes)
  const chosenAt = renewedAt ?? start
  let coordinates = await create((chosenAt && (await fitted(chosenAt))) ?? (await startingCurvature(source)))
  const begin = new Float64Array(coordinates.length)
  if (start) coordinates.fromWeights(start.weights, start.intercepts, begin)

  const read = (parameters: Float64Array) => {
    coordinates.toWeights(parameters, weights, intercepts)
    return { weights, intercepts }
  }
  const renew = async (parameters: Float64Array): Promise<Move | undefined> => {
    const curvature = await fitted(read(parameters))
    if (curvature === undefined) return undefined
    renewedAt = { weights: weights.slice(), intercepts: intercepts.slice() }
    const old = coordinates
    coordinates = await create(curvature)
    return old.moveTo(coordinates)
  }
  // The best step of an early end is reported with what was seen there, which should be exact.
  const rough = settings.validation === undefined && canBeginInSingle(data, source.columns, intercept)
  sweep.precision = rough ? 'f32' : 'f64'
  const refine = (): void => {
    sweep.precision = 'f64'
  }
  const objective = createObjective({ ...data, totalWeight }, penalty.l2, sweep, () => coordinates)
  const memory = memoryFor(coordinates.length)
  const result = await lbfgs(objective, begin, {
    tolerance,
    maxIterations,
    memory,
    renewal: { iterations: RENEWALS, renew },
    ...(rough ? { rough: { floor: SINGLE_FLOOR, noise: SINGLE_NOISE, refine } } : {}),
    onIteration: (step, parameters) => watch.step(step, () => read(parameters)),
    ...(checkpoints && {
      resume: resumed && decodeLbfgs('fit', resumed, watch.history, begin.length, memory),
      onState: (save) =>
        checkpoints.offer(maxIterations, () => new Map([...encodeLbfgs(save()), ...writeStart(renewedAt)])),
    }),
  })
  read(result.parameters)
  const gradient = { weights: new Float64Array(weights.length), intercepts: new Float64Array(intercepts.length) }
  coordinates.fromGradient(result.gradient, gradient.weights, gradient.intercepts)
  const { status, iterations, evaluations: dataPasses, objective: reached, gradientNorm } = result
  return { status, iterations, dataPasses, objective: reached, gradientNorm, weights, intercepts, gradient }
}

/**
 * The same model with weights that sum to 0 over the classes. A shift that all classes share changes no probability, and the penalty
 * is least without; the curvature along it is nothing like that of the coordinates, so that it would take long to go.
 */
function centre({ weights, intercepts }: Start, classes: number): Start {
  const centred = { weights: weights.slice(), intercepts: intercepts.slice() }
  for (const values of [centred.weights, centred.intercepts]) {
    const size = values.length / classes
    for (let j = 0; j < size; j++) {
      let mean = 0
      for (let i = j; i < values.length; i += size) mean += values[i] / classes
      for (let i = j; i < values.length; i += size) values[i] -= mean
    }
  }
  return centred
}

function memoryFor(length: number): number {
  return Math.max(MEMORY_LEAST, Math.min(MEMORY_MOST, Math.floor(MEMORY_NUMBERS / (2 * length))))
}
