/**
 * Sums over class weights (Targets), in lanes: for float32 logits entry k belongs to lane k mod 4, for float64 to lane k mod 2; each
 * lane adds in the order of k, and the lanes are added last. Vector units have such lanes; this order gives the same bits in both.
 *
 * The float64 sums are compensated: what each product and each addition rounds away is summed beside them, which leaves about
 * n² · 2^−106 of a sum of n terms of one sign (Ogita, Rump & Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26 (2005)
 * 1955).
 */
import { addPairs, multiplyPairs, type Pair, productErrorOfLarge, sumError } from '../../special/double-double.ts'
import type { Targets } from '../kernels.ts'

/** c[r, k]. */
export function targetOf({ base, stride, labels, peaks }: Targets, r: number, k: number): number {
  const peak = labels !== null && peaks !== null && labels[r] === k ? peaks[r] : 0
  return base[r * stride + k] + peak
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

/** What is missing in entry i of a base. */
export const baseLowOf = ({ baseLow }: Targets, i: number): number => baseLow?.[i] ?? 0

/** What is missing in the peak of row r. */
export const peakLowOf = ({ peaksLow }: Targets, r: number): number => peaksLow?.[r] ?? 0

/** The weight that all classes of all rows share, or NaN if there is none. */
export function uniformWeight({ base, baseLow, stride }: Targets, classes: number): number {
  if (stride !== 0) return Number.NaN
  for (let k = 1; k < classes; k++) if (base[k] !== base[0]) return Number.NaN
  if (baseLow) for (let k = 1; k < classes; k++) if (baseLow[k] !== baseLow[0]) return Number.NaN
  return base[0]
}

/** How vector kernels sum differences: not at all, without weights, or with them. */
export const kindOf = (uniform: number): number => (uniform === 0 ? 0 : uniform > 0 ? 1 : 2)

/** What all rows of a call have in common: the sum of a shared base, or 0, and the uniform weight. */
export interface SharedTargets {
  readonly sum: number
  readonly uniform: number
}

export const sharedTargets = (targets: Targets, classes: number): SharedTargets => ({
  sum: targets.stride === 0 ? sumOfBase(targets.base, 0, classes) : 0,
  uniform: uniformWeight(targets, classes),
})

/**
 * Σ_k base[first + k] · (max − logits[start + k]), in float64; terms of weight 0 are 0, also at −∞. A uniform weight, if it is not
 * NaN, is multiplied with the sum of the differences.
 */
export function sumOfDifferences(
  base: Float64Array,
  first: number,
  uniform: number,
  logits: ArrayLike<number>,
  start: number,
  classes: number,
  max: number,
): number {
  if (uniform === 0) return 0
  lanes.fill(0)
  if (uniform > 0) {
    for (let k = 0; k < classes; k++) lanes[k & 3] += max - logits[start + k]
    return uniform * total()
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

/**
 * Σ_k base[first + k] · (min(x_k, shift) − shift) as a pair, all terms ≤ 0, entries and shift multiplied with `scale` before they are
 * subtracted; terms of weight 0 are 0, also at −∞. Not finite where a term or the sum overflows. A uniform weight, if it is not NaN, is
 * multiplied with the sum of the differences.
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
  clear()
  const scaledShift = shift * scale
  for (let k = 0; k < classes; k++) {
    const weight = base[first + k]
    if (!(weight > 0)) continue
    const value = Math.min(logits[start + k], shift) * scale
    const difference = value - scaledShift
    const tail = sumError(value, -scaledShift, difference)
    if (uniform > 0) addTo(k, difference, tail)
    else {
      const product = weight * difference
      const low = weight * tail + baseLowOf(targets, first + k) * difference
      addTo(k, product, productErrorOfLarge(difference, weight, product) + low)
    }
  }
  totalPair(out)
  scaleDot(targets, uniform, out)
}

/** Multiplies a sum of differences with the uniform weight, if there is one. */
export function scaleDot(targets: Targets, uniform: number, out: Pair): void {
  if (uniform > 0) multiplyPairs(out.hi, out.lo, uniform, baseLowOf(targets, 0), out)
}
