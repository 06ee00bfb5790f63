/**
 * What the types promise, checked by `npm run typecheck`, and that the values agree.
 */
import { expect, test } from 'vitest'
import { klDivergence, linearCrossEntropyWithGradient, log1pExp } from '../src/index.ts'
import type { AbortSignalLike } from '../src/regression/index.ts'

const features = new Float32Array(4)
const labels = [0, 1]

test('divergences take logits of one dtype, a number[] counting as float64', () => {
  const divergence: number = klDivergence([1, 2], new Float64Array([1, 2]))
  expect(divergence).toBe(0)
  // @ts-expect-error: float64 and float32
  expect(() => klDivergence([1, 2], new Float32Array(2))).toThrow(TypeError)
})

test('a function of numbers and arrays takes what may be either', () => {
  const either: number | Float64Array = [1, new Float64Array(2)][labels.length - 1]
  const result: number | Float64Array = log1pExp(either)
  expect(result).toBeInstanceOf(Float64Array)
  const mapped: number[] = [0].map(log1pExp)
  expect(mapped).toEqual([Math.LN2])
})

test('featuresGradient is there if it was asked for', () => {
  const options = { featureCount: 2 }
  const asked = linearCrossEntropyWithGradient(features, features, labels, { ...options, featuresGradient: true })
  const present: Float32Array = asked.featuresGradient
  expect(present.length).toBe(4)
  const notAsked: Float32Array | undefined = linearCrossEntropyWithGradient(
    features,
    features,
    labels,
    options,
  ).featuresGradient
  expect(notAsked).toBeUndefined()
})

test('an AbortSignal is what signal options take', () => {
  const signal: AbortSignalLike = new AbortController().signal
  expect(signal.aborted).toBe(false)
})
