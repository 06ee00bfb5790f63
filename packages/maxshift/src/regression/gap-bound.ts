/**
 * How far an objective may be above its minimum, from a point of the dual problem (Fenchel): a bound that holds whatever the optimiser
 * believes. With the penalties h_j(w) = l2_j/2·w² + l1_j·|w| and the losses' conjugates, the negative entropies of p = softmax(o),
 *
 *   objective − minimum ≤ objective + Σ_r w_r·ℓ*(a_r)/Σw + Σ_kj h_j*(−z_kj)      z = Σ_r w_r·a_r·x_rᵀ/Σw
 *
 * for all a_r = t′_r − t_r with distributions t′_r (of the same sum) in place of the targets t_r, if Σ_r w_r·a_r = 0, for the intercepts are free. The
 * residuals p − t are nearly such a point. Mixed with a little of residuals q − t of one distribution q for all rows, they meet the
 * equation; and shrunk towards t they fit between ±l1_j where l2_j is 0. Entropies of mixtures are at least those of the parts, so that nothing
 * but the objective, its gradient, and one more sweep for the gradient at q is needed:
 *
 * Where l2 holds every feature, gap-by-sample.ts comes far nearer (digits: 2.3e-6 where this one gives 1.4e-3), and needs no sweep.
 *
 *   Σ w·ℓ*(p − t)/Σw = ⟨G, W⟩ + ⟨g, b⟩ − mean loss      h_j*(z) = max(|z| − l1_j, 0)²/(2·l2_j), or 0 for |z| ≤ l1_j where l2_j is 0
 */
import { log } from '../special/log.ts'
import { boundGapBySample } from './gap-by-sample.ts'
import type { Solution, Task } from './solver.ts'
import type { Start } from './start.ts'

type Known = Pick<Solution, 'weights' | 'intercepts' | 'objective' | 'gradient'>

/**
 * A bound on objective − minimum, up to the rounding of the objective, which it never exceeds: losses are never negative. Undefined
 * for features that are not penalised at all, and with an offset for features that only l1 holds.
 */
export async function boundGap(task: Task, known: Known): Promise<number | undefined> {
  const { l2, l1 } = task.penalty
  const held = l2.every((own) => own > 0)
  const bare = l2.some((own, j) => own === 0 && l1[j] === 0)
  if (bare || (!held && task.data.offset !== undefined)) return undefined
  const gradient = known.gradient ?? (await gradientAt(task, known))
  const gap = await (held ? boundGapBySample : boundByMixture)(task, known, gradient)
  // No number says nothing.
  return gap < known.objective ? Math.max(0, gap) : known.objective
}

/** The gradient of the smooth part, where the solver did not leave it. */
async function gradientAt({ data, totalWeight, penalty, sweep }: Task, { weights, intercepts }: Known): Promise<Start> {
  const slopes = { weights: new Float64Array(weights.length), intercepts: new Float64Array(intercepts.length) }
  sweep.precision = 'f64'
  await sweep.evaluate(weights, intercepts, slopes.weights, slopes.intercepts)
  return {
    weights: slopes.weights.map((slope, i) => slope / totalWeight + penalty.l2[i % data.featureCount] * weights[i]),
    intercepts: slopes.intercepts.map((slope) => slope / totalWeight),
  }
}

/** The bound of the header; ∞ or no number where the mixture is no distribution: far from the optimum. */
async function boundByMixture(task: Task, known: Known, gradient: Start): Promise<number> {
  const { data, penalty } = task
  const { weights, intercepts, objective } = known
  const { featureCount } = data
  const { l2, l1 } = penalty
  // The gradient and the value of the loss alone.
  const slopes = gradient.weights.map((g, i) => g - l2[i % featureCount] * weights[i])
  let loss = objective
  let conjugate = 0
  for (let i = 0; i < weights.length; i++) {
    const j = i % featureCount
    const w = weights[i]
    loss -= (l2[j] * w * w) / 2 + l1[j] * Math.abs(w)
    conjugate += slopes[i] * w
  }
  for (let k = 0; k < intercepts.length; k++) conjugate += gradient.intercepts[k] * intercepts[k]
  conjugate -= loss

  const mixed = await mixIn(task, gradient.intercepts, slopes, conjugate)
  if (mixed === undefined) return Infinity
  let shrink = 1
  for (let i = 0; i < slopes.length; i++) {
    const j = i % featureCount
    if (l2[j] === 0 && Math.abs(slopes[i]) > l1[j]) shrink = Math.min(shrink, l1[j] / Math.abs(slopes[i]))
  }
  let gap = objective + shrink * mixed
  for (let i = 0; i < slopes.length; i++) {
    const j = i % featureCount
    const excess = shrink * Math.abs(slopes[i]) - l1[j]
    if (l2[j] > 0 && excess > 0) gap += (excess * excess) / (2 * l2[j])
  }
  return gap
}

/**
 * Mixes as little as it takes of the residuals q − t into the residuals, so that their sums over the rows are 0: changes the slopes, and returns
 * the bound on the mean conjugate of the mixture. Undefined where even nothing else would not do.
 */
async function mixIn(
  { data, totalWeight, sweep }: Pick<Task, 'data' | 'totalWeight' | 'sweep'>,
  sums: Float64Array,
  slopes: Float64Array,
  conjugate: number,
): Promise<number | undefined> {
  if (sums.every((sum) => sum === 0)) return conjugate
  const shares = targetShares(data, totalWeight)
  const mass = shares.reduce((a, b) => a + b, 0)
  // With (1 − ε)·sums + ε·(mass·q − shares) = 0 this leaves at least half of each share to q.
  const share = sums.reduce((most, sum, k) => Math.max(most, (2 * Math.abs(sum)) / shares[k]), 0)
  if (!(share < 1)) return undefined
  const logs = shares.map((own, k) => log((own - ((1 - share) / share) * sums[k]) / mass))
  const zeros = new Float64Array(slopes.length)
  const others = new Float64Array(slopes.length)
  // The loss at the logits log q is Σ w·(−Σ t·log q), of which the conjugate of q − t needs Σ w·Σ q·log q.
  await sweep.evaluate(zeros, logs, others, new Float64Array(sums.length))
  for (let i = 0; i < slopes.length; i++) slopes[i] = (1 - share) * slopes[i] + (share * others[i]) / totalWeight
  const entropy = logs.reduce((sum, own, k) => sum + (own * (shares[k] - ((1 - share) / share) * sums[k])) / mass, 0)
  return (1 - share) * conjugate + share * mass * entropy
}

/** Σ_r w_r·t_rk / Σ_r w_r. */
function targetShares({ rows, classes, labels, targets, weights }: Task['data'], totalWeight: number): Float64Array {
  const shares = new Float64Array(classes)
  for (let r = 0; r < rows; r++) {
    const weight = weights === undefined ? 1 : weights[r]
    if (targets) for (let k = 0; k < classes; k++) shares[k] += weight * targets[r * classes + k]
    else if (labels) shares[labels[r]] += weight
  }
  return shares.map((share) => share / totalWeight)
}
