/**
 * Every option of crossEntropy and crossEntropyWithGradient, alone, in pairs and at random, against 80-digit arithmetic of the definition.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { referenceKernels } from '../../src/kernels/js/reference.ts'
import * as select from '../../src/kernels/select.ts'
import { isPossible, randomCall, SWITCHES, type Switch } from '../support/loss-cases.ts'
import { faultsOf } from '../support/loss-faults.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES } from '../support/ulp.ts'

const BACKENDS = ['WebAssembly', 'TypeScript'] as const

function useBackend(name: (typeof BACKENDS)[number]): void {
  if (name === 'TypeScript') vi.spyOn(select, 'selectKernels').mockReturnValue(referenceKernels)
}

afterEach(() => vi.restoreAllMocks())

/** Every set of one or two switches that can be on together. */
function pairs(): ReadonlySet<Switch>[] {
  const sets = SWITCHES.flatMap((a, i) => SWITCHES.slice(i).map((b) => new Set([a, b])))
  return [new Set<Switch>(), ...sets].filter(isPossible)
}

describe.each(BACKENDS)('%s', (backend) => {
  describe.each(DTYPES)('%s', (dtype) => {
    it('no option, one, and two', () => {
      useBackend(backend)
      const faults = pairs().map((on, i) => faultsOf(randomCall(i + 1, dtype, on, 4, 5)))
      expect(faults.filter((fault) => fault !== '')).toEqual([])
    })
    it('any options', () => {
      useBackend(backend)
      const random = seededRandom(dtype === 'f32' ? 71 : 72)
      const faults: string[] = []
      for (let seed = 1000; seed < 1120; seed++) {
        const on = new Set(SWITCHES.filter(() => random.uniform() < 0.45))
        if (on.has('targets')) on.delete('ignoreIndex')
        faults.push(faultsOf(randomCall(seed, dtype, on, 1 + random.below(6), 1 + random.below(6))))
      }
      expect(faults.filter((fault) => fault !== '')).toEqual([])
    })
  })
})
