/**
 * What the loss leaves to the penalty: the same number t less for all classes of a feature changes no probability, so that
 *
 *   Σ_k a/2·(w_k − t)² + λ·|w_k − t|
 *
 * can be made as small as it gets without a look at the data. With l2 alone t is the mean, with l1 alone a median, else in between. A
 * quasi-Newton method takes long to get there by itself, for nothing but a small l2 bends the objective in these directions.
 */

/**
 * The best t for weights in ascending order, a = `l2` and λ = `l1`, finite and not both 0: the slope a·(K·t − Σw) + λ·(weights below t −
 * weights above t) changes its sign there. Of several the one nearest to 0.
 */
export function bestShift(sorted: Float64Array, l2: number, l1: number): number {
  const { length } = sorted
  const sum = sorted.reduce((a, b) => a + b, 0)
  for (let below = 0; below < length; below++) {
    const pull = l1 * (length - 2 * below)
    const lower = below === 0 ? -Infinity : sorted[below - 1]
    const level = l2 > 0 ? (sum + pull / l2) / length : pull === 0 ? 0 : pull * Infinity
    if (level <= sorted[below] || (l2 === 0 && pull === 0)) return Math.max(lower, Math.min(sorted[below], level))
  }
  const last = (sum - (l1 / l2) * length) / length
  return l2 > 0 ? Math.max(sorted[length - 1], last) : sorted[length - 1]
}

/**
 * Takes the best t from all classes of each feature; `weights` begins with classes × features, the penalties are one per feature.
 * Weights that are all 0 stay so.
 */
export function settleShifts(weights: Float64Array, classes: number, l2: Float64Array, l1: Float64Array): void {
  const size = l2.length
  const sorted = new Float64Array(classes)
  for (let j = 0; j < size; j++) {
    let any = false
    for (let k = 0; k < classes; k++) {
      sorted[k] = weights[k * size + j]
      any ||= sorted[k] !== 0
    }
    if (!any || (l2[j] === 0 && l1[j] === 0)) continue
    const shift = bestShift(sorted.sort(), l2[j], l1[j])
    if (shift !== 0) for (let k = 0; k < classes; k++) weights[k * size + j] -= shift
  }
}
