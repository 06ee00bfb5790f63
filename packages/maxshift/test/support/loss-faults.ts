/**
 * What is wrong with the results of one call of crossEntropyWithGradient and of crossEntropy, by 80-digit arithmetic of the definition.
 *
 * Bounds in ulps of the dtype. float32 results come from float64: 0.501, gradients of soft targets 0.51 of the larger term. In float64
 * whatever is multiplied or added before the end is a pair, so it is the rounding at the end that counts: 0.55 ulp, and 0.51 of the larger term
 * for gradients of soft targets. Capped logits err by 5 ulp of the cap, which counts in units of the temperature, and for lse² in units of lse.
 */
import type { FloatArray } from '../../src/arrays.ts'
import { crossEntropy, crossEntropyWithGradient } from '../../src/index.ts'
import { type ExactLoss, exactCrossEntropy } from './cross-entropy-oracle.ts'
import type { Call } from './loss-cases.ts'
import { type Decimal, fromExact, toDecimal, toExact } from './oracle.ts'
import { type Dtype, spacing, ulpError } from './ulp.ts'

interface Bounds {
  readonly loss: number
  readonly gradient: number
  readonly targetGradient: number
}

function boundsOf({ dtype, exact }: Call, expected: ExactLoss): Bounds {
  const { labels, labelSmoothing, softCap, temperature = 1, zLoss } = exact
  const isSoft = labels === undefined || labelSmoothing !== undefined || zLoss !== undefined
  if (dtype === 'f32') {
    const reduced = exact.reduction === 'none' ? 0.501 : 0.001
    return { loss: reduced, gradient: isSoft ? 0.51 : 0.501, targetGradient: 0.501 }
  }
  const capped = softCap === undefined ? 0 : 4 + (40 * softCap) / temperature
  const smallest = Math.min(...expected.logSumExp.map((lse) => Math.abs(lse.toNumber())))
  return {
    loss: 0.55 + capped * (1 + (zLoss === undefined ? 0 : 1 / smallest)),
    gradient: (isSoft ? 0.51 : 0.55) + capped,
    targetGradient: 0.55 + capped,
  }
}

/** float64 results below this may come from losses that have no room for a low part: one more rounding, and its unit. */
const TINY = 1e-290
const roundings = (exact: Decimal, dtype: Dtype): number => (dtype === 'f64' && exact.abs().lessThan(TINY) ? 1.1 : 0)

/** |actual − exact| in ulps of `scale`, where that is larger than exact. */
function errorAt(actual: number, exact: Decimal, scale: Decimal, dtype: Dtype): number {
  const target = toExact(exact, dtype)
  const error = ulpError(actual, target, dtype)
  if (!Number.isFinite(error) || error === 0) return error
  const unit = Math.max(spacing(target.rounded, dtype), spacing(scale.toNumber(), dtype))
  return toDecimal(actual).minus(exact).abs().div(toDecimal(unit)).toNumber()
}

/** Hears of every comparison: what, how far off in ulps, and how far it may be. */
export type Witness = (what: string, error: number, bound: number) => void

/** What is wrong with the results of a call; '' if nothing. */
export function faultsOf(call: Call, witness?: Witness): string {
  const { dtype, logits, labels, options, place, exact } = call
  const expected = exactCrossEntropy(exact)
  const bounds = boundsOf(call, expected)
  const result = crossEntropyWithGradient(logits, labels, options)
  const faults: string[] = []
  const note = (what: string, error: number, bound: number): void => {
    witness?.(what, error, bound)
    if (!(error <= bound)) faults.push(`${what}: ${error} ulp, ${bound} allowed`)
  }
  const { rows, classes, reduction } = exact
  if (reduction === 'none') {
    const losses = result.loss as FloatArray
    expected.rows.forEach((loss, r) => {
      note(
        `loss[${r}] = ${losses[r]}, ${loss.toNumber()}`,
        ulpError(losses[r], toExact(loss, dtype), dtype),
        bounds.loss + roundings(loss, dtype),
      )
    })
  } else {
    note(
      `loss = ${result.loss}, ${expected.loss.toNumber()}`,
      ulpError(result.loss as number, toExact(expected.loss, dtype), dtype),
      bounds.loss + roundings(expected.loss, dtype),
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
      const bound = bounds.targetGradient + roundings(expected.targetGradient[i], dtype)
      note(`targetGradient[${r}, ${k}] = ${price}`, ulpError(price, exactPrice, dtype), bound)
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
