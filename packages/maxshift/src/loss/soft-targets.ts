/**
 * What the kernels of soft targets take, from labels or distributions t, class weights w and smoothing ε:
 *
 *   c_k = w_k · ((1 − ε) · t_k + ε/U)    with U the number of classes that the mask leaves, and ε/U only on those
 *
 * For labels without a mask one row of ε/K · w_k serves all rows and the label's share comes on top; otherwise rows are built block by block.
 * For logits that are computed in float64 everything is a pair: what is rounded away is in the low parts.
 */
import type { FloatArray } from '../arrays.ts'
import type { Targets } from '../kernels/kernels.ts'
import { takeScratch } from '../kernels/scratch.ts'
import { dividePairs, multiplyPairs, type Pair, productError, sumError } from '../special/double-double.ts'
import { isDouble, type Plan } from './plan.ts'

/** Rows of the plan from `first` on, and their distributions where they are contiguous. */
export interface TargetRows {
  readonly first: number
  readonly rows: number
  readonly targets: FloatArray | null
}

/** Numbers with what rounding took from them, if anyone has a use for it. */
interface Pairs {
  readonly hi: Float64Array
  readonly lo: Float64Array | null
}

/** Below this what a product has lost cannot be told in float64; it is left out. */
const SMALLEST = 1e-290

const product: Pair = { hi: 0, lo: 0 }

/** pairs[i] = (hi + lo) · weight, all ≥ 0. */
function setProduct({ hi, lo }: Pairs, i: number, factor: Readonly<Pair>, weight: number): void {
  hi[i] = factor.hi * weight
  if (lo === null) return
  multiplyPairs(factor.hi, factor.lo, weight, 0, product)
  hi[i] = product.hi
  lo[i] = product.hi < SMALLEST ? 0 : product.lo
}

const newPairs = (plan: Plan, length: number): Pairs => ({
  hi: new Float64Array(length),
  lo: isDouble(plan) ? new Float64Array(length) : null,
})

/** 1 − ε. */
const keptOf = (smoothing: number): Pair => ({ hi: 1 - smoothing, lo: sumError(1, -smoothing, 1 - smoothing) })

/** ε/U. */
function shareOf(smoothing: number, classes: number): Pair {
  const share = { hi: 0, lo: 0 }
  dividePairs(smoothing, 0, classes, 0, share)
  if (share.hi < SMALLEST) share.lo = 0
  return share
}

/** Makes the kernels' targets for blocks of rows; what is common to all is made here, once. */
export function createTargets(plan: Plan): (block: TargetRows) => Targets {
  const { labels, classes, smoothing, classWeights, mask } = plan
  const peaks = labels === null ? null : labelShares(plan, labels)
  if (labels === null || (smoothing > 0 && mask !== null)) return (block) => buildRows(plan, peaks, block)
  // Without weights of their own all classes share one.
  const base = newPairs(plan, smoothing > 0 && classWeights !== null ? classes : 1)
  const share = shareOf(smoothing, classes)
  if (smoothing > 0) for (let k = 0; k < base.hi.length; k++) setProduct(base, k, share, classWeights?.[k] ?? 1)
  const common = { base: base.hi, baseLow: smoothing > 0 ? base.lo : null, stride: 0 }
  return ({ first, rows }) => ({ ...common, ...peaksOf(plan, peaks, first, rows) })
}

/** (1 − ε) · w_label for each row. */
function labelShares(plan: Plan, labels: Int32Array): Pairs {
  const { classWeights } = plan
  const shares = newPairs(plan, labels.length)
  const kept = keptOf(plan.smoothing)
  for (let r = 0; r < labels.length; r++) setProduct(shares, r, kept, classWeights?.[labels[r]] ?? 1)
  return shares
}

/** The labels of some rows with their shares, as the kernels take them. */
function peaksOf(
  { labels }: Plan,
  peaks: Pairs | null,
  first: number,
  rows: number,
): Pick<Targets, 'labels' | 'peaks' | 'peaksLow'> {
  if (labels === null || peaks === null) return { labels: null, peaks: null }
  const end = first + rows
  const { hi, lo } = peaks
  return {
    labels: labels.subarray(first, end),
    peaks: hi.subarray(first, end),
    peaksLow: lo === null ? null : lo.subarray(first, end),
  }
}

function buildRows(plan: Plan, peaks: Pairs | null, { first, rows, targets }: TargetRows): Targets {
  const { classes, smoothing, classWeights } = plan
  const common = { stride: classes, ...peaksOf(plan, peaks, first, rows) }
  const isExact = smoothing === 0 && classWeights === null
  if (targets instanceof Float64Array && isExact) return { base: targets, ...common }

  const base = takeScratch(DOUBLES, rows * classes) as Float64Array
  const needsLow = !isExact && isDouble(plan)
  const baseLow = needsLow ? (takeScratch(DOUBLES, rows * classes) as Float64Array) : null
  if (isExact && targets !== null) base.set(targets)
  else {
    const parts = { kept: keptOf(smoothing), share: shareOf(smoothing, classes) }
    for (let r = 0; r < rows; r++) buildRow(plan, first + r, targets, parts, base, baseLow, r * classes)
  }
  return { base, baseLow, ...common }
}

const DOUBLES = new Float64Array(0)

/** w_k · ((1 − ε) · t_k + ε/U) for row r, which begins at `start`; t is 0 where there are no distributions. `common.share` is ε/K. */
function buildRow(
  { classes, smoothing, classWeights, mask, layout }: Plan,
  r: number,
  targets: FloatArray | null,
  common: { readonly kept: Pair; readonly share: Pair },
  base: Float64Array,
  baseLow: Float64Array | null,
  start: number,
): void {
  const { inner } = layout
  const place = Math.floor(r / inner) * classes * inner + (r % inner)
  const { kept } = common
  let { share } = common
  if (mask !== null && smoothing > 0) {
    let left = classes
    for (let k = 0; k < classes; k++) if (mask[place + k * inner] === 0) left--
    share = shareOf(smoothing, left)
  }
  for (let k = 0; k < classes; k++) {
    const i = start + k
    let value = targets === null ? 0 : targets[i]
    let low = 0
    if (smoothing > 0) {
      const part = kept.hi * value
      const isIn = mask === null || mask[place + k * inner] !== 0
      const sum = isIn ? part + share.hi : part
      if (baseLow !== null) {
        low = productError(kept.hi, value, part) + kept.lo * value
        if (isIn) low += sumError(part, share.hi, sum) + share.lo
      }
      value = sum
    }
    if (classWeights !== null) {
      const weight = classWeights[k]
      const weighted = value * weight
      if (baseLow !== null) low = productError(value, weight, weighted) + low * weight
      value = weighted
    }
    base[i] = value
    if (baseLow !== null) baseLow[i] = value < SMALLEST ? 0 : low
  }
}
