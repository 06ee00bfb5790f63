/**
 * The default solver: L-BFGS in coordinates that follow the curvature of the model so far. Those of few classes and features are of the
 * whole Hessian (full-coordinates.ts), so that the step after a renewal is one of Newton's method, and the pairs of L-BFGS spare
 * most renewals; those of more, of a Kronecker product that stands for it (coordinates.ts).
 */
import { lbfgs } from '../optim/lbfgs.ts'
import type { Move } from '../optim/metric.ts'
import { type CoordinateSystem, Coordinates, moveBetween } from './coordinates.ts'
import { drawByClass, fittedCurvature, startingCurvature } from './curvature.ts'
import { isSparse } from './data.ts'
import { centreClasses, FullCoordinates } from './full-coordinates.ts'
import { sampleHessian } from './hessian.ts'
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
/** The same where coordinates are of the whole Hessian: more often at first, when the model changes most. */
const FULL_RENEWALS = Array.from({ length: 40 }, (_, i) => ((i + 1) * (i + 2)) / 2)
/** The whole Hessian has at most so many rows and columns. */
const FULL_LENGTH = 256
/** It comes from as many rows as make up so many products, which take as long as a few passes; of no more rows, and no fewer per column, than this. */
const FULL_PRODUCTS = 2 ** 26
const FULL_ROWS = 2 ** 16
const FULL_SUPPORT = 8
/**
 * Added to its diagonal, relative: enough that rounding moves nothing between columns that are the same; for a sample also this times the
 * rows of the Hessian per row that it comes from.
 */
const FULL_RIDGE = 2 ** -20
const FULL_DAMPING = 0.1

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
  const full = isSparse(data.features) ? undefined : fullCoordinates(task)
  const coordinatesAt = async (at: Start): Promise<CoordinateSystem | undefined> => {
    const whole = await full?.(at)
    if (whole) return whole
    const curvature = await fitted(at)
    return curvature && create(curvature)
  }
  const chosenAt = renewedAt ?? start
  let coordinates: CoordinateSystem =
    (await (chosenAt ? coordinatesAt(chosenAt) : full?.({ weights, intercepts }))) ??
    (await create(await startingCurvature(source)))
  const begin = new Float64Array(coordinates.length)
  if (start) coordinates.fromWeights(start.weights, start.intercepts, begin)

  const read = (parameters: Float64Array) => {
    coordinates.toWeights(parameters, weights, intercepts)
    return { weights, intercepts }
  }
  const renew = async (parameters: Float64Array): Promise<Move | undefined> => {
    const next = await coordinatesAt(read(parameters))
    if (next === undefined) return undefined
    renewedAt = { weights: weights.slice(), intercepts: intercepts.slice() }
    const old = coordinates
    coordinates = next
    return moveBetween(old, next, data.featureCount, data.classes)
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
    renewal: { iterations: full ? FULL_RENEWALS : RENEWALS, renew },
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

/** Makes coordinates of the whole Hessian around a model, where there are any; undefined where it would be too large. */
function fullCoordinates({ data, source, pass, penalty, settings: { intercept } }: Task) {
  const { classes, featureCount, labels } = data
  const length = (classes - 1) * (featureCount + (intercept ? 1 : 0))
  if (length > FULL_LENGTH) return undefined
  const most = Math.max(FULL_SUPPORT * length, Math.ceil(FULL_PRODUCTS / (length * length)))
  const sample = drawByClass(source, labels, Math.min(FULL_ROWS, most))
  const damping = FULL_RIDGE + (sample.isAll ? 0 : (FULL_DAMPING * length) / sample.rows.length)
  return async (at: Start): Promise<CoordinateSystem | undefined> => {
    pass.setWeights(at.weights, at.intercepts)
    const hessian = await sampleHessian(source, pass, sample, penalty.l2)
    return hessian && FullCoordinates.create(hessian, classes, intercept, damping, source.pause)
  }
}

/**
 * The same model with weights that sum to 0 over the classes. A shift that all classes share changes no probability, and the penalty
 * is least without; the curvature along it is nothing like that of the coordinates, so that it would take long to go.
 */
function centre({ weights, intercepts }: Start, classes: number): Start {
  const centred = { weights: weights.slice(), intercepts: intercepts.slice() }
  centreClasses(centred.weights, classes)
  centreClasses(centred.intercepts, classes)
  return centred
}

function memoryFor(length: number): number {
  return Math.max(MEMORY_LEAST, Math.min(MEMORY_MOST, Math.floor(MEMORY_NUMBERS / (2 * length))))
}
