/**
 * What the kernels of soft targets take, from labels or distributions t, class weights w and smoothing ε:
 *
 *   c_k = w_k · ((1 − ε) · t_k + ε/U)    with U the number of classes that the mask leaves, and ε/U only on those
 *
 * For labels without a mask one row of ε/K · w_k serves all rows and the label's share comes on top; otherwise rows are built block by block.
 */
import type { FloatArray } from '../arrays.ts'
import type { Targets } from '../kernels/kernels.ts'
import { takeScratch } from '../kernels/scratch.ts'
import type { Plan } from './plan.ts'

/** Rows of the plan from `first` on, and their distributions where they are contiguous. */
export interface TargetRows {
  readonly first: number
  readonly rows: number
  readonly targets: FloatArray | null
}

/** Makes the kernels' targets for blocks of rows; what is common to all is made here, once. */
export function createTargets(plan: Plan): (block: TargetRows) => Targets {
  const { labels, classes, smoothing, classWeights, mask } = plan
  const peaks = labels === null ? null : labelShares(plan, labels)
  if (labels === null || (smoothing > 0 && mask !== null)) return (block) => buildRows(plan, peaks, block)
  const base = new Float64Array(classes).fill(smoothing / classes)
  if (classWeights !== null) for (let k = 0; k < classes; k++) base[k] *= classWeights[k]
  return ({ first, rows }) => ({ base, stride: 0, ...peaksOf(plan, peaks, first, rows) })
}

/** (1 − ε) · w_label for each row. */
function labelShares({ smoothing, classWeights }: Plan, labels: Int32Array): Float64Array {
  const shares = new Float64Array(labels.length).fill(1 - smoothing)
  if (classWeights !== null) for (let r = 0; r < shares.length; r++) shares[r] *= classWeights[labels[r]]
  return shares
}

/** The labels of some rows with their shares, as the kernels take them. */
function peaksOf(
  { labels }: Plan,
  peaks: Float64Array | null,
  first: number,
  rows: number,
): Pick<Targets, 'labels' | 'peaks'> {
  if (labels === null || peaks === null) return { labels: null, peaks: null }
  return { labels: labels.subarray(first, first + rows), peaks: peaks.subarray(first, first + rows) }
}

function buildRows(plan: Plan, peaks: Float64Array | null, { first, rows, targets }: TargetRows): Targets {
  const { classes, smoothing, classWeights } = plan
  const common = { stride: classes, ...peaksOf(plan, peaks, first, rows) }
  if (targets instanceof Float64Array && smoothing === 0 && classWeights === null) return { base: targets, ...common }

  const base = takeScratch(DOUBLES, rows * classes) as Float64Array
  if (targets === null) base.fill(0)
  else base.set(targets)
  if (smoothing > 0) for (let r = 0; r < rows; r++) smooth(plan, first + r, base, r * classes)
  if (classWeights !== null) {
    for (let start = 0; start < rows * classes; start += classes) {
      for (let k = 0; k < classes; k++) base[start + k] *= classWeights[k]
    }
  }
  return { base, ...common }
}

const DOUBLES = new Float64Array(0)

/** t_k becomes (1 − ε) · t_k + ε/U in row r, which begins at `start`. */
function smooth({ classes, smoothing, mask, layout }: Plan, r: number, base: Float64Array, start: number): void {
  const kept = 1 - smoothing
  const end = start + classes
  if (mask === null) {
    const share = smoothing / classes
    for (let i = start; i < end; i++) base[i] = kept * base[i] + share
    return
  }
  const { inner } = layout
  const place = Math.floor(r / inner) * classes * inner + (r % inner)
  let left = classes
  for (let k = 0; k < classes; k++) if (mask[place + k * inner] === 0) left--
  const share = smoothing / left
  for (let i = start, at = place; i < end; i++, at += inner) base[i] = kept * base[i] + (mask[at] === 0 ? 0 : share)
}
