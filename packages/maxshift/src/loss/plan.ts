/**
 * From arguments to a plan: everything that is checked before a loss is computed, and what the options come to for each row.
 *
 * loss_r = factor_r · (what the kernel computes of row r), and 'mean' divides the sum of these by the sum of the effective weights.
 * Plain labels take the kernel of −log p_y, with w_y in the factor; smoothing, z-loss and distributions take that of Σ_k c_k · (−log p_k),
 * with the class weights in c.
 */
import type { FloatArray, Logits } from '../arrays.ts'
import { checkAllMasked, checkLogits, checkMode, checkTemperature, describe } from '../check.ts'
import type { Mode } from '../kernels/select.ts'
import { checkMask, type Layout, ROW_OPTIONS, rowCount } from '../ops/rows.ts'
import { productError } from '../special/double-double.ts'
import { checkIgnoreIndex, checkReduction, checkSmoothing, checkSoftCap, checkWeights, checkZLoss } from './checks.ts'
import { type CheckedLabels, checkLabelledLayout, checkLabelsOrTargets, type LabelsOrTargets } from './labels.ts'
import type { CrossEntropyOptions, RowStats } from './options.ts'
import type { Reduction, RowWeights } from './reduction.ts'
import { checkRowStats } from './row-stats.ts'

/** How rows are weighted and targets are made; what linear models share with losses of logits. */
export interface WeightPlan extends CheckedLabels {
  readonly rows: number
  readonly classes: number
  readonly reduction: Reduction
  readonly smoothing: number
  readonly zLoss: number
  /** null: all 1. */
  readonly classWeights: Float64Array | null
  /** Whether rows need the kernels of soft targets. */
  readonly soft: boolean
  /** What the kernel's loss of each row is multiplied with; null: 1. */
  readonly factors: RowWeights | null
  /** The effective weights, by whose sum 'mean' divides; null: 1 each. */
  readonly divisors: RowWeights | null
}

/** Everything about one call. */
export interface Plan extends WeightPlan {
  readonly values: FloatArray
  readonly layout: Layout
  readonly temperature: number
  readonly mask: Uint8Array | null
  /** Whether a row without any entry above −∞ has loss 0. */
  readonly zeroDead: boolean
  readonly softCap: number | null
  readonly rowStats: RowStats | null
  readonly mode: Mode
}

/** Whether the losses of a plan are computed in float64 as pairs: accurate mode, and logits that are float64 or become it under a cap. */
export const isDouble = ({ values, softCap, mode }: Pick<Plan, 'values' | 'softCap' | 'mode'>): boolean =>
  mode === 'accurate' && (values instanceof Float64Array || softCap !== null)

/** The names of WeightOptions. */
export const WEIGHT_OPTIONS = ['reduction', 'ignoreIndex', 'classWeights', 'sampleWeights', 'labelSmoothing'] as const

/** The names of all options of crossEntropy. */
export const OPTION_NAMES = [
  ...ROW_OPTIONS,
  ...WEIGHT_OPTIONS,
  'allMasked',
  'zLoss',
  'softCap',
  'rowStats',
  'mode',
] as const

export function checkPlan(
  who: string,
  logits: Logits,
  given: LabelsOrTargets,
  options: CrossEntropyOptions<Reduction>,
): Plan {
  const values = checkLogits(who, logits)
  const layout = checkLabelledLayout(who, values.length, given, options)
  const weighted = checkWeightPlan(who, given, layout, options)
  const zeroDead = checkAllMasked(who, options.allMasked)
  // Field by field: spreading would take more time than the loss of a short row.
  return {
    labels: weighted.labels,
    targets: weighted.targets,
    ignored: weighted.ignored,
    rows: weighted.rows,
    classes: weighted.classes,
    reduction: weighted.reduction,
    smoothing: weighted.smoothing,
    zLoss: weighted.zLoss,
    classWeights: weighted.classWeights,
    soft: weighted.soft,
    factors: weighted.factors,
    divisors: weighted.divisors,
    values,
    layout,
    temperature: checkTemperature(who, options.temperature),
    mask: checkMask(who, options.mask, values.length),
    zeroDead,
    softCap: checkSoftCap(who, options.softCap),
    rowStats: checkRowStats(who, options.rowStats, weighted.rows, values),
    mode: checkMode(who, options.mode),
  }
}

/** Labels or distributions, weights, smoothing and reduction. */
export function checkWeightPlan(
  who: string,
  given: LabelsOrTargets,
  layout: Layout,
  options: CrossEntropyOptions<Reduction>,
): WeightPlan {
  const rows = rowCount(layout)
  const { classes } = layout
  const reduction = checkReduction(who, options.reduction)
  const checked = checkLabelsOrTargets(who, given, layout, checkIgnoreIndex(who, options.ignoreIndex))
  const { labels, targets, ignored } = checked
  const smoothing = checkSmoothing(who, options.labelSmoothing)
  const zLoss = checkZLoss(who, options.zLoss)
  const classWeights = checkWeights(who, 'classWeights', options.classWeights, 'class', classes)
  const sampleWeights = checkWeights(who, 'sampleWeights', options.sampleWeights, 'row', rows)
  const soft = targets !== null || smoothing > 0 || zLoss > 0
  const ofLabels = labels === null ? null : classWeights
  const divisors = rowWeights(rows, checked, sampleWeights, ofLabels)
  // The kernels of soft targets have the class weights in the targets.
  const factors = soft && ofLabels !== null ? rowWeights(rows, checked, sampleWeights ?? ones(rows), null) : divisors
  return {
    labels,
    targets,
    ignored,
    rows,
    classes,
    reduction,
    smoothing,
    zLoss,
    classWeights,
    soft,
    factors,
    divisors,
  }
}

const ones = (length: number): Float64Array => new Float64Array(length).fill(1)

/** sampleWeights_r · classWeights_label, 0 for ignored rows; null if all are 1. */
function rowWeights(
  rows: number,
  { labels, ignored }: CheckedLabels,
  sampleWeights: Float64Array | null,
  classWeights: Float64Array | null,
): RowWeights | null {
  if (sampleWeights === null && classWeights === null && ignored === null) return null
  const weights = new Float64Array(2 * rows)
  for (let r = 0; r < rows; r++) {
    if (ignored !== null && ignored[r] === 1) continue
    const sample = sampleWeights === null ? 1 : sampleWeights[r]
    if (classWeights === null || labels === null) weights[2 * r] = sample
    else {
      const weight = classWeights[labels[r]]
      const product = sample * weight
      weights[2 * r] = product
      if (sampleWeights !== null) weights[2 * r + 1] = productError(sample, weight, product)
    }
  }
  return weights
}

/** What `targetGradient` must not come with. */
export function requireTargets(who: string, plan: Plan, given: unknown): FloatArray {
  if (plan.targets !== null) return plan.targets
  throw new TypeError(
    `${who}: expected targetGradient only together with distributions, got ${describe(given)} and integer labels`,
  )
}
