/**
 * The penalty of each feature, from what the options say of all of them:
 *
 *   l2_j = l2 · factor_j · unit_j²        l1_j = l1 · factor_j · unit_j
 *
 * The penalty is on weights for features in some unit, W_j · unit_j, and this is what it is for features as they are: the
 * deviation of the column with standardize, 1/featureScale otherwise.
 */
import type { FitSettings } from './options.ts'

/** Σ_j l2_j/2·Σ_k W_kj² + Σ_j l1_j·Σ_k |W_kj|; finite numbers ≥ 0, one per feature. */
export interface Penalty {
  readonly l2: Float64Array
  readonly l1: Float64Array
}

/** Units are within the limits of featureScale, so that their squares stay finite. */
const LARGEST_UNIT = 1e100

/** The penalty for columns of these deviations, of which 0 stands for a constant column: its unit is 1. */
export function penaltyOf(
  settings: Pick<FitSettings, 'l2' | 'l1' | 'penaltyFactors' | 'standardize' | 'featureScale'>,
  deviations: Float64Array,
): Penalty {
  const { l2, l1, penaltyFactors, standardize, featureScale } = settings
  const units = deviations.map((deviation) => {
    if (!standardize) return 1 / featureScale
    return Math.max(1 / LARGEST_UNIT, Math.min(LARGEST_UNIT, deviation || 1))
  })
  const factors = penaltyFactors ?? new Float64Array(units.length).fill(1)
  return {
    l2: units.map((unit, j) => finite(l2 * factors[j] * unit * unit)),
    l1: units.map((unit, j) => finite(l1 * factors[j] * unit)),
  }
}

/** A penalty beyond all numbers keeps the weight at 0, and so does the largest of them. */
const finite = (x: number): number => Math.min(x, Number.MAX_VALUE)
