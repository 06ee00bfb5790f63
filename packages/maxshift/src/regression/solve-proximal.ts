/**
 * The solver for l1 and elastic net: the proximal quasi-Newton method, in coordinates along the axes of the weights, on the curvature
 * B ⊗ A (kronecker.ts). Weights that the penalty puts at 0 are exactly 0.
 */
import { proximal } from '../optim/proximal.ts'
import { settleShifts } from './common-shift.ts'
import { Coordinates } from './coordinates.ts'
import { type Curvature, fittedCurvature, startingCurvature } from './curvature.ts'
import { axisScales, kroneckerCurvature } from './kronecker.ts'
import { createObjective } from './objective.ts'
import type { Solution, Task } from './solver.ts'
import { decodeProximal, encodeProximal, readStart, writeStart } from './solver-state.ts'
import type { Start } from './start.ts'

/** Pairs that the model remembers, where their numbers fit: fewer cost passes, more do not save any. */
const MEMORY_MOST = 20
const MEMORY_LEAST = 5
const MEMORY_NUMBERS = 2 ** 23
/** After so many steps the curvature is that of the model so far. */
const RENEWALS = [10]

/** Minimises with these l1 in place of those of the task; a feature whose l1 is infinite keeps its weights of 0. */
export async function solveByProximal(task: Task, l1: Float64Array = task.penalty.l1): Promise<Solution> {
  const { data, totalWeight, source, sweep, pass, penalty, start, settings, watch, checkpoints } = task
  const { intercept, tolerance, maxIterations } = settings
  const { classes, featureCount } = data
  const weights = new Float64Array(classes * featureCount)
  const intercepts = new Float64Array(classes)
  const startCurvature = await startingCurvature(source)
  const { axes, plain } = axisScales(startCurvature, penalty.l2)
  const coordinates = await Coordinates.create(plain, penalty.l2, intercept, source.pause)
  const firstOf = (curvature: Curvature) => kroneckerCurvature(curvature, axes, penalty.l2, intercept)
  const fitted = async (at: Start): Promise<Curvature | undefined> => {
    pass.setWeights(at.weights, at.intercepts)
    return fittedCurvature(source, pass)
  }
  const read = (parameters: Float64Array) => {
    coordinates.toWeights(parameters, weights, intercepts)
    return { weights, intercepts }
  }

  const begin = new Float64Array(coordinates.length)
  if (start) coordinates.fromWeights(start.weights.slice(), start.intercepts.slice(), begin)
  const resumed = checkpoints?.resumed
  let renewedAt = resumed && readStart(resumed, weights.length, classes)
  const chosenAt = renewedAt ?? start
  const curvature = (chosenAt && (await fitted(chosenAt))) ?? startCurvature
  const memory = memoryFor(coordinates.length)
  const penalties = new Float64Array(coordinates.length)
  for (let i = 0; i < weights.length; i++) {
    const j = i % featureCount
    // A feature that tells nothing keeps its weights of 0 anyway.
    penalties[i] = axes.scales[j] === Infinity ? 0 : l1[j] / axes.scales[j]
  }
  const squares = penalty.l2.map((l2, j) => (Math.sqrt(l2) / axes.scales[j]) ** 2)
  sweep.precision = 'f64'
  const result = await proximal(
    createObjective({ ...data, totalWeight }, penalty.l2, sweep, () => coordinates),
    begin,
    {
      penalties,
      tolerance,
      maxIterations,
      memory,
      first: firstOf(curvature),
      settle: (parameters) => settleShifts(parameters, classes, squares, penalties),
      renewal: {
        iterations: RENEWALS,
        renew: async (parameters) => {
          const fresh = await fitted(read(parameters))
          if (fresh === undefined) return undefined
          renewedAt = { weights: weights.slice(), intercepts: intercepts.slice() }
          return firstOf(fresh)
        },
      },
      pause: source.pause,
      onIteration: (step, parameters) => watch.step(step, () => read(parameters)),
      ...(checkpoints && {
        resume: resumed && decodeProximal('fit', resumed, watch.history, begin.length, memory),
        onState: (save) =>
          checkpoints.offer(maxIterations, () => new Map([...encodeProximal(save()), ...writeStart(renewedAt)])),
      }),
    },
  )
  read(result.parameters)
  // The same number more for all classes changes no probability. What no penalty decides is decided here: their sum is 0.
  if (intercept) centre(intercepts, 0, 1)
  for (let j = 0; j < featureCount; j++) {
    if (penalty.l2[j] === 0 && (classes === 2 || l1[j] === 0)) centre(weights, j, featureCount)
  }
  const gradient = { weights: new Float64Array(weights.length), intercepts: new Float64Array(classes) }
  coordinates.fromGradient(result.gradient, gradient.weights, gradient.intercepts)
  const { status, iterations, evaluations: dataPasses, objective, gradientNorm } = result
  return { status, iterations, dataPasses, objective, gradientNorm, weights, intercepts, gradient }
}

function memoryFor(length: number): number {
  return Math.max(MEMORY_LEAST, Math.min(MEMORY_MOST, Math.floor(MEMORY_NUMBERS / (2 * length))))
}

/**
 * Takes their mean from the entries of a column. With l1 alone that is right for two classes, which have w and −w then: the sum
 * of the absolute values is the same wherever 0 lies between them.
 */
function centre(columns: Float64Array, first: number, width: number): void {
  let sum = 0
  for (let i = first; i < columns.length; i += width) sum += columns[i]
  const mean = (sum * width) / columns.length
  for (let i = first; i < columns.length; i += width) columns[i] -= mean
}
