/**
 * Every option of crossEntropy and crossEntropyWithGradient, alone, in pairs and at random, against 80-digit arithmetic of the definition.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { crossEntropyWithGradient } from '../../src/index.ts'
import { referenceKernels } from '../../src/kernels/js/reference.ts'
import * as select from '../../src/kernels/select-losses.ts'
import { isPossible, randomCall, SWITCHES, type Switch } from '../support/loss-cases.ts'
import { faultsOf } from '../support/loss-faults.ts'
import { type Random, seededRandom } from '../support/random.ts'
import { DTYPES } from '../support/ulp.ts'

const BACKENDS = ['WebAssembly', 'TypeScript'] as const

/** The kernels of plain TypeScript from here on, if that is the name; returns how often they were asked for. */
function useBackend(name: (typeof BACKENDS)[number]): () => number {
  const spy = vi.spyOn(select, 'selectLossKernels')
  if (name === 'TypeScript') spy.mockReturnValue(referenceKernels)
  return () => spy.mock.calls.length
}

afterEach(() => vi.restoreAllMocks())

/** Every set of one or two switches that can be on together. */
function pairs(): ReadonlySet<Switch>[] {
  const sets = SWITCHES.flatMap((a, i) => SWITCHES.slice(i).map((b) => new Set([a, b])))
  return [new Set<Switch>(), ...sets].filter(isPossible)
}

function randomSwitches(random: Random): ReadonlySet<Switch> {
  const on = new Set(SWITCHES.filter(() => random.uniform() < 0.45))
  if (on.has('targets')) on.delete('ignoreIndex')
  return on
}

describe.each(BACKENDS)('%s', (backend) => {
  describe.each(DTYPES)('%s', (dtype) => {
    it('no option, one, and two', () => {
      const uses = useBackend(backend)
      const faults = pairs().map((on, i) => faultsOf(randomCall(i + 1, dtype, on, 4, 5)))
      expect(faults.filter((fault) => fault !== '')).toEqual([])
      expect(uses()).toBe(2 * faults.length)
    })
    it('any options', () => {
      useBackend(backend)
      const random = seededRandom(dtype === 'f32' ? 71 : 72)
      const faults: string[] = []
      for (let seed = 1000; seed < 1120; seed++) {
        const most = seed % 20 === 0 ? 70 : 6
        faults.push(
          faultsOf(randomCall(seed, dtype, randomSwitches(random), 1 + random.below(6), 1 + random.below(most))),
        )
      }
      expect(faults.filter((fault) => fault !== '')).toEqual([])
    })
  })
})

it.each(DTYPES)('%s: both backends give the same bits, whatever the options', (dtype) => {
  const random = seededRandom(73)
  const calls = Array.from({ length: 200 }, (_, i) =>
    randomCall(2000 + i, dtype, randomSwitches(random), 1 + random.below(9), 1 + random.below(90)),
  )
  const results = BACKENDS.map((backend) => {
    useBackend(backend)
    return calls.map(({ logits, labels, options }) => [
      crossEntropyWithGradient(logits, labels, options),
      structuredClone(options.rowStats),
    ])
  })
  calls.forEach(({ title }, i) => {
    expect(results[1][i], title).toEqual(results[0][i])
  })
})

it.each(BACKENDS)('%s: a gradient that underflows is +0, of labels and of distributions', (backend) => {
  useBackend(backend)
  const logits = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 0 : -200))
  const labels = new Int32Array(200)
  const targets = Float32Array.from(logits, (x) => (x === 0 ? 1 : 0))
  for (const mode of ['accurate', 'fast'] as const) {
    const zeros = new Float32Array(400)
    expect(crossEntropyWithGradient(logits, labels, { classes: 2, mode }).gradient).toEqual(zeros)
    expect(crossEntropyWithGradient(logits, targets, { classes: 2, mode }).gradient).toEqual(zeros)
  }
  const wide = { shape: [1, 400], axis: 1 }
  const { gradient } = crossEntropyWithGradient(
    logits,
    Float32Array.from(targets, (t) => t / 256),
    wide,
  )
  expect(gradient.some((x) => Object.is(x, -0))).toBe(false)
})
