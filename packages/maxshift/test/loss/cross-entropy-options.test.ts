/**
 * Every option of crossEntropy and crossEntropyWithGradient, alone, in pairs and at random, against 80-digit arithmetic of the definition.
 *
 * Bounds in ulps of the dtype. float32 results come from float64: 0.501, gradients of soft targets 0.51 of the larger term. In float64 a
 * row loss is within 0.55 ulp, which is up to 1.1 ulp of a result in a lower binade; a rounding of the result adds 0.5 and
 * rounded coefficients (smoothing, class weights of soft targets) up to 1.5. Capped logits err by 2.5 ulp of the cap, which counts in
 * units of the temperature.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import { crossEntropy, crossEntropyWithGradient } from '../../src/index.ts'
import { referenceKernels } from '../../src/kernels/js/reference.ts'
import * as select from '../../src/kernels/select.ts'
import { exactCrossEntropy } from '../support/cross-entropy-oracle.ts'
import { type Call, isPossible, randomCall, SWITCHES, type Switch } from '../support/loss-cases.ts'
import { type Decimal, fromExact, toDecimal, toExact } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, spacing, ulpError } from '../support/ulp.ts'

interface Bounds {
  readonly loss: number
  readonly gradient: number
  readonly targetGradient: number
}

function boundsOf({ dtype, exact }: Call): Bounds {
  const { labels, labelSmoothing, classWeights, softCap, temperature = 1, zLoss } = exact
  const isSoft = labels === undefined || labelSmoothing !== undefined || zLoss !== undefined
  if (dtype === 'f32') {
    const reduced = exact.reduction === 'none' ? 0.501 : 0.001
    return { loss: reduced, gradient: isSoft ? 0.51 : 0.501, targetGradient: 0.501 }
  }
  const capped = softCap === undefined ? 0 : 4 + (40 * softCap) / temperature
  const coefficients = isSoft && (labelSmoothing !== undefined || classWeights !== undefined) ? 1.5 : 0
  return {
    loss: 1.6 + coefficients + capped,
    gradient: (isSoft ? 0.51 + coefficients : 0.55) + capped,
    targetGradient: 1.6 + (classWeights === undefined ? 0 : 1) + capped,
  }
}

/** |actual − exact| in ulps of `scale`, where that is larger than exact. */
function errorAt(actual: number, exact: Decimal, scale: Decimal, dtype: Dtype): number {
  const target = toExact(exact, dtype)
  const error = ulpError(actual, target, dtype)
  if (!Number.isFinite(error) || error === 0) return error
  const unit = Math.max(spacing(target.rounded, dtype), spacing(scale.toNumber(), dtype))
  return toDecimal(actual).minus(exact).abs().div(toDecimal(unit)).toNumber()
}

/** What is wrong with the results of a call; '' if nothing. */
function faultsOf(call: Call): string {
  const { dtype, logits, labels, options, place, exact } = call
  const expected = exactCrossEntropy(exact)
  const bounds = boundsOf(call)
  const result = crossEntropyWithGradient(logits, labels, options)
  const faults: string[] = []
  const note = (what: string, error: number, bound: number): void => {
    if (!(error <= bound)) faults.push(`${what}: ${error} ulp, ${bound} allowed`)
  }
  const { rows, classes, reduction } = exact
  if (reduction === 'none') {
    const losses = result.loss as FloatArray
    expected.rows.forEach((loss, r) => {
      note(
        `loss[${r}] = ${losses[r]}, ${loss.toNumber()}`,
        ulpError(losses[r], toExact(loss, dtype), dtype),
        bounds.loss,
      )
    })
  } else {
    note(
      `loss = ${result.loss}, ${expected.loss.toNumber()}`,
      ulpError(result.loss as number, toExact(expected.loss, dtype), dtype),
      bounds.loss,
    )
  }
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < classes; k++) {
      const i = r * classes + k
      const actual = result.gradient[place(r, k)]
      const isSharp = bounds.gradient <= 0.55 && exact.targets === undefined && exact.zLoss === undefined
      const size = isSharp && exact.labelSmoothing === undefined ? expected.gradient[i].abs() : expected.gradientTerm[i]
      note(
        `gradient[${r}, ${k}] = ${actual}, ${expected.gradient[i].toNumber()}`,
        errorAt(actual, expected.gradient[i], size, dtype),
        bounds.gradient,
      )
      if (result.targetGradient === undefined) continue
      const price = result.targetGradient[place(r, k)]
      const exactPrice = toExact(expected.targetGradient[i], dtype)
      note(`targetGradient[${r}, ${k}] = ${price}`, ulpError(price, exactPrice, dtype), bounds.targetGradient)
    }
  }
  const { logSumExp, entropy, argmax } = options.rowStats ?? {}
  const cap = exact.softCap === undefined ? 0 : bounds.loss
  for (let r = 0; r < rows; r++) {
    const lse = toExact(expected.logSumExp[r], dtype)
    // Next to 0 capped logits keep an absolute error.
    const error =
      exact.softCap === undefined
        ? ulpError(logSumExp?.[r] ?? Number.NaN, lse, dtype)
        : toDecimal(logSumExp?.[r] ?? Number.NaN)
            .minus(fromExact(lse, dtype))
            .abs()
            .div(toDecimal(spacing(Math.max(1, Math.abs(lse.rounded)), dtype)))
            .toNumber()
    note(`logSumExp[${r}] = ${logSumExp?.[r]}, ${lse.rounded}`, error, 0.51 + cap)
    note(
      `entropy[${r}] = ${entropy?.[r]}`,
      ulpError(entropy?.[r] ?? Number.NaN, toExact(expected.entropy[r], dtype), dtype),
      0.55 + cap,
    )
    if (argmax?.[r] !== expected.argmax[r]) faults.push(`argmax[${r}] = ${argmax?.[r]}, ${expected.argmax[r]}`)
  }
  const value = crossEntropy(logits, labels, withoutGradient(options))
  if (!sameNumbers(value, result.loss)) faults.push(`crossEntropy gives ${value}, with gradient ${result.loss}`)
  return faults.length === 0 ? '' : `${call.title}: ${faults.slice(0, 3).join('; ')} (${faults.length})`
}

function withoutGradient(options: Call['options']): Call['options'] {
  const { targetGradient: _, ...rest } = options
  return rest
}

function sameNumbers(a: number | FloatArray, b: number | FloatArray): boolean {
  if (typeof a === 'number' || typeof b === 'number') return Object.is(a, b)
  return a.length === b.length && a.every((x: number, i: number) => Object.is(x, b[i]))
}

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
