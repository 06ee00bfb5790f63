/**
 * Sums over class weights (Targets), in lanes: for float32 logits entry k belongs to lane k mod 4, for float64 to lane k mod 2; each
 * lane adds in the order of k, and the lanes are added last. Vector units have such lanes; this order gives the same bits in both.
 *
 * The float64 sums are compensated: what each product and each addition rounds away is summed beside them, which leaves about
 * n² · 2^−106 of a sum of n terms of one sign (Ogita, Rump & Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26 (2005)
 * 1955).
 */
import {
  addLoosely,
  addPairs,
  multiplyLoosely,
  multiplyPairs,
  type Pair,
  productErrorOfLarge,
  sumError,
} from '../../special/double-double.ts'
import type { Targets } from '../kernels.ts'

/** Entry i of a base. */
export const baseOf = ({ base }: Targets, i: number): number => base[base.length === 1 ? 0 : i]

/** What is missing in it. */
export const baseLowOf = ({ baseLow }: Targets, i: number): number => baseLow?.[baseLow.length === 1 ? 0 : i] ?? 0

/** c[r, k]. */
export function targetOf(targets: Targets, r: number, k: number): number {
  const { labels, peaks } = targets
  const peak = labels !== null && peaks !== null && labels[r] === k ? peaks[r] : 0
  return baseOf(targets, r * targets.stride + k) + peak
}

const lanes = new Float64Array(4)

/** The sum of the lanes. */
const total = (): number => lanes[0] + lanes[2] + (lanes[1] + lanes[3])

/** Σ_k base[first + k], in float64. */
export function sumOfBase(base: Float64Array, first: number, classes: number): number {
  lanes.fill(0)
  for (let k = 0; k < classes; k++) lanes[k & 3] += base[first + k]
  return total()
}

/** What is missing in the peak of row r. */
export const peakLowOf = ({ peaksLow }: Targets, r: number): number => peaksLow?.[r] ?? 0

/** The weight that all classes of all rows share, or NaN if there is none. */
export const uniformWeight = ({ base }: Targets): number => (base.length === 1 ? base[0] : Number.NaN)

/** How vector kernels sum differences: not at all, without weights, or with them. */
export const kindOf = (uniform: number): number => (uniform === 0 ? 0 : uniform > 0 ? 1 : 2)

/** What all rows of a call have in common: the sum of a shared base, or 0, and the uniform weight. */
export interface SharedTargets {
  readonly sum: number
  readonly uniform: number
}

function sharedSum({ base, stride }: Targets, classes: number): number {
  if (base.length === 1) return base[0] * classes
  return stride === 0 ? sumOfBase(base, 0, classes) : 0
}

export const sharedTargets = (targets: Targets, classes: number): SharedTargets => ({
  sum: sharedSum(targets, classes),
  uniform: uniformWeight(targets),
})

/**
 * Σ_k base[first + k] · (max − logits[start + k]), in float64; terms of weight 0 are 0, also at −∞. A uniform weight, if it is not
 * NaN, is multiplied with the sum of the differences, by way of the second entry, from which the exponentials have them.
 */
export function sumOfDifferences(
  base: Float64Array,
  first: number,
  uniform: number,
  logits: ArrayLike<number>,
  start: number,
  classes: number,
  max: number,
  shift: number,
): number {
  if (uniform === 0) return 0
  lanes.fill(0)
  if (uniform > 0) {
    for (let k = 0; k < classes; k++) lanes[k & 3] += Math.min(logits[start + k], shift) - shift
    return uniform * ((classes - 1) * (max - shift) - total())
  }
  for (let k = 0; k < classes; k++) {
    const weight = base[first + k]
    if (weight > 0) lanes[k & 3] += weight * (max - logits[start + k])
  }
  return total()
}

/** Compensated sums, a lane each. */
const sums = [
  { hi: 0, lo: 0 },
  { hi: 0, lo: 0 },
]

function clear(): void {
  for (const sum of sums) sum.hi = sum.lo = 0
}

/** Adds value + error to lane k. */
function addTo(k: number, value: number, error: number): void {
  const sum = sums[k & 1]
  const next = sum.hi + value
  sum.lo += sumError(sum.hi, value, next) + error
  sum.hi = next
}

const totalPair = (out: Pair): void => addPairs(sums[0].hi, sums[0].lo, sums[1].hi, sums[1].lo, out)

/** Σ_k base[first + k] as a pair, without entry `skipped` (−1: with all). */
export function sumOfBasePair(targets: Targets, first: number, classes: number, skipped: number, out: Pair): void {
  const { base } = targets
  clear()
  for (let k = 0; k < classes; k++) if (k !== skipped) addTo(k, base[first + k], baseLowOf(targets, first + k))
  totalPair(out)
}

/** What all rows of a call have in common, as pairs: the sums of the base over all classes, and over all but one where they share a weight. */
export interface SharedPairs {
  readonly uniform: number
  readonly sum: Pair
  readonly others: Pair
}

const shared = { uniform: 0, sum: { hi: 0, lo: 0 }, others: { hi: 0, lo: 0 } }

/** They hold until the next call. */
export function sharedPairs(targets: Targets, classes: number): SharedPairs {
  shared.uniform = uniformWeight(targets)
  if (!Number.isNaN(shared.uniform)) {
    multiplyPairs(shared.uniform, baseLowOf(targets, 0), classes, 0, shared.sum)
    multiplyPairs(shared.uniform, baseLowOf(targets, 0), classes - 1, 0, shared.others)
  } else if (targets.stride === 0) sumOfBasePair(targets, 0, classes, -1, shared.sum)
  return shared
}

/**
 * Σ_k base[first + k] · (shift − min(x_k, shift)) as a loose pair, all terms ≥ 0, entries and shift multiplied with `scale` before they
 * are subtracted; terms of weight 0 are 0, also at −∞. Not finite where a term or the sum overflows. A uniform weight, if it is not NaN,
 * is multiplied with the sum of the differences.
 */
export function sumOfDifferencesPair(
  targets: Targets,
  first: number,
  uniform: number,
  logits: ArrayLike<number>,
  start: number,
  classes: number,
  shift: number,
  scale: number,
  out: Pair,
): void {
  const { base } = targets
  out.hi = out.lo = 0
  if (uniform === 0) return
  clear()
  const scaledShift = shift * scale
  for (let k = 0; k < classes; k++) {
    const value = Math.min(logits[start + k], shift) * scale
    const difference = value - scaledShift
    const tail = sumError(value, -scaledShift, difference)
    if (uniform > 0) addTo(k, difference, tail)
    else if (base[first + k] > 0) {
      const weight = base[first + k]
      const product = weight * difference
      const low = weight * tail + baseLowOf(targets, first + k) * difference
      addTo(k, product, productErrorOfLarge(difference, weight, product) + low)
    }
  }
  addLoosely(-sums[0].hi, -sums[0].lo, -sums[1].hi, -sums[1].lo, out)
  if (uniform > 0) multiplyLoosely(out.hi, out.lo, uniform, baseLowOf(targets, 0), out)
}
