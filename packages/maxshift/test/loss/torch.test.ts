/**
 * crossEntropyWithGradient against PyTorch in float64, for every combination of options that PyTorch has (generate_torch.py).
 *
 * PyTorch itself errs by some ulps per operation, so the tolerance is its: 1e-13 of the largest number of a result.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { crossEntropyWithGradient } from '../../src/index.ts'

interface TorchCase {
  readonly shape: number[]
  readonly logits: number[]
  readonly labels?: number[]
  readonly targets?: number[]
  readonly reduction: 'mean' | 'sum' | 'none'
  readonly labelSmoothing: number
  readonly temperature: number
  readonly zLoss: number
  readonly classWeights?: number[]
  readonly ignoreIndex?: number
  readonly loss: number[]
  readonly gradient: number[]
  readonly targetGradient?: number[]
}

const path = new URL('../fixtures/cross-entropy-torch.json', import.meta.url)
const cases = JSON.parse(readFileSync(path, 'utf8')) as TorchCase[]

function expectNear(actual: ArrayLike<number>, expected: readonly number[], title: string): void {
  const size = Math.max(...expected.map(Math.abs))
  expect(actual.length, title).toBe(expected.length)
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(actual[i] - x)), 0)
  expect(worst / size, title).toBeLessThan(1e-13)
}

describe('PyTorch agrees', () => {
  it.each(cases.map((given, i) => [i, given] as const))('case %d', (_, given) => {
    const { shape, labels, targets, classWeights, ignoreIndex, reduction, labelSmoothing, temperature, zLoss } = given
    const result = crossEntropyWithGradient(given.logits, labels ?? Float64Array.from(targets ?? []), {
      shape,
      axis: 1,
      reduction,
      labelSmoothing,
      temperature,
      zLoss,
      ...(classWeights === undefined ? {} : { classWeights }),
      ...(ignoreIndex === undefined ? {} : { ignoreIndex }),
      targetGradient: targets !== undefined,
    })
    const losses = typeof result.loss === 'number' ? [result.loss] : result.loss
    expectNear(losses, given.loss, 'loss')
    expectNear(result.gradient, given.gradient, 'gradient')
    if (given.targetGradient !== undefined) expectNear(result.targetGradient ?? [], given.targetGradient, 'targets')
  })
})

describe('PyTorch differs on purpose', () => {
  it('a mean over nothing is 0 with gradient 0, where PyTorch gives NaN', () => {
    const options = { ignoreIndex: -100 }
    const { loss, gradient } = crossEntropyWithGradient([1, 2, 3, 4], [-100, -100], options)
    expect(loss).toBe(0)
    expect([...gradient]).toEqual([0, 0, 0, 0])
  })
  it('smoothing is spread over the classes that a mask leaves', () => {
    const mask = Uint8Array.of(1, 1, 0)
    const masked = crossEntropyWithGradient([1, 2, 9], [0], { mask, labelSmoothing: 0.2 })
    const without = crossEntropyWithGradient([1, 2], [0], { labelSmoothing: 0.2 })
    expect(masked.loss).toBe(without.loss)
    expect([...masked.gradient]).toEqual([...without.gradient, 0])
  })
})
