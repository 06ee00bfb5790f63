/**
 * The states of the optimisers as tensors of a checkpoint, and back. The history is kept once, by the watch of the fit.
 */
import type { LbfgsState } from '../optim/lbfgs.ts'
import type { ProximalState } from '../optim/proximal.ts'
import type { Iteration } from '../optim/result.ts'
import type { SgdState } from '../optim/sgd.ts'
import { matrix, rowsOf, type Tensors, takeTensor, vector } from './checkpoint.ts'
import type { FitIteration } from './report.ts'
import type { Tensor } from './safetensors.ts'
import type { Start } from './start.ts'

export function encodeLbfgs(state: LbfgsState): Tensors {
  const { parameters, gradient, metric, objective, evaluations, lowest, flattest, idle, isRough } = state
  return new Map<string, Tensor>([
    ['counts', vector(Float64Array.of(objective, evaluations, lowest, flattest, idle, metric.gamma, Number(isRough)))],
    ['parameters', vector(parameters)],
    ['gradient', vector(gradient)],
    ['steps', matrix(metric.steps, parameters.length)],
    ['changes', matrix(metric.changes, parameters.length)],
    ['products', vector(metric.products)],
  ])
}

/** The inverse, for `length` parameters and at most `memory` pairs. */
export function decodeLbfgs(
  who: string,
  tensors: Tensors,
  history: readonly FitIteration[],
  length: number,
  memory: number,
): LbfgsState {
  const take = (name: string, ...shape: (number | undefined)[]): Float64Array =>
    takeTensor(who, tensors, name, shape).values
  const [objective, evaluations, lowest, flattest, idle, gamma, isRough] = take('counts', 7)
  const products = take('products', undefined)
  const pairs = Math.min(products.length, memory)
  const steps = rowsOf(take('steps', pairs, length), length)
  const changes = rowsOf(take('changes', pairs, length), length)
  return {
    parameters: take('parameters', length),
    gradient: take('gradient', length),
    ...{
      objective,
      evaluations,
      metric: { gamma, steps, changes, products },
      lowest,
      flattest,
      idle,
      isRough: isRough === 1,
    },
    history: history.map(toIteration),
  }
}

export function encodeProximal(state: ProximalState): Tensors {
  const { parameters, gradient, model, objective, evaluations, lowest, flattest, idle } = state
  const pairs = model.changes.length
  const square = (values: Float64Array): Tensor => ({ shape: [pairs, pairs], values })
  return new Map<string, Tensor>([
    ['counts', vector(Float64Array.of(objective, evaluations, lowest, flattest, idle))],
    ['parameters', vector(parameters)],
    ['gradient', vector(gradient)],
    ['changes', matrix(model.changes, parameters.length)],
    ['images', matrix(model.images, parameters.length)],
    ['stepChanges', square(model.stepChanges)],
    ['stepImages', square(model.stepImages)],
  ])
}

/** The inverse, for `length` parameters and at most `memory` pairs. */
export function decodeProximal(
  who: string,
  tensors: Tensors,
  history: readonly FitIteration[],
  length: number,
  memory: number,
): ProximalState {
  const take = (name: string, ...shape: (number | undefined)[]): Float64Array =>
    takeTensor(who, tensors, name, shape).values
  const [objective, evaluations, lowest, flattest, idle] = take('counts', 5)
  const changes = rowsOf(take('changes', undefined, length), length)
  const pairs = Math.min(changes.length, memory)
  const images = rowsOf(take('images', pairs, length), length)
  const [stepChanges, stepImages] = [take('stepChanges', pairs, pairs), take('stepImages', pairs, pairs)]
  return {
    parameters: take('parameters', length),
    gradient: take('gradient', length),
    ...{ objective, evaluations, model: { changes, images, stepChanges, stepImages }, lowest, flattest, idle },
    history: history.map(toIteration),
  }
}

export function encodeSgd({ parameters, velocity, average, steps }: SgdState): Tensors {
  return new Map<string, Tensor>([
    ['counts', vector(Float64Array.of(steps))],
    ['parameters', vector(parameters)],
    ['velocity', vector(velocity)],
    ['average', vector(average)],
  ])
}

/** The inverse, for `length` parameters. */
export function decodeSgd(who: string, tensors: Tensors, history: readonly FitIteration[], length: number): SgdState {
  const take = (name: string, size: number): Float64Array => takeTensor(who, tensors, name, [size]).values
  const [steps] = take('counts', 1)
  const point = { parameters: take('parameters', length), velocity: take('velocity', length) }
  return { ...point, average: take('average', length), steps, history: history.map(toIteration) }
}

/** The weights at which the curvature was renewed, as a checkpoint keeps them: computed again, they are the same to the last bit. */
export function writeStart(start: Start | undefined): Tensors {
  if (start === undefined) return new Map()
  return new Map([
    ['renewedWeights', vector(start.weights)],
    ['renewedIntercepts', vector(start.intercepts)],
  ])
}

export function readStart(tensors: Tensors, weightCount: number, classes: number): Start | undefined {
  if (!tensors.has('renewedWeights')) return undefined
  const take = (name: string, size: number): Float64Array => takeTensor('fit', tensors, name, [size]).values
  return { weights: take('renewedWeights', weightCount), intercepts: take('renewedIntercepts', classes) }
}

const toIteration = ({ iteration, objective, gradientNorm, dataPasses }: FitIteration): Iteration => ({
  ...{ iteration, objective, gradientNorm },
  evaluations: dataPasses,
})
