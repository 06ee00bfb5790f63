/**
 * The tight bound on objective − minimum, where l2 holds every feature: the dual problem of gap-bound.ts at a point very near to p − t.
 *
 * Of masses m_r (the weight w_r times the sum of the targets) and distributions p′_r, take a_r with w_r·a_r = m_r·p′_r − w_r·t_r. If
 * these sum to 0 over the rows the intercepts gain nothing, and Fenchel's inequality is, term by term, with p the model's probabilities
 *
 *   objective − minimum ≤ Σ_r m_r·KL(p′_r‖p_r)/Σw + Σ_kj d_j(W_kj, G′_kj)        G′ = Σ_r w_r·a_r·x_rᵀ/Σw
 *   d_j(w, g) = l1_j·|w| + l2_j/2·w² + g·w + max(|g| − l1_j, 0)²/(2·l2_j)
 *
 * for log-sum-exp of logits plus the negative entropy of p′ less ⟨logits, p′⟩ is KL(p′‖p). Without l1, d is (g + l2_j·w)²/(2·l2_j), what is
 * left of the gradient over the curvature. p′ = p misses the condition by the gradient of the intercepts, g. That is put right in a
 * sample of the rows, by
 *
 *   p′_rk = p_rk·(1 + δ_k − p_r·δ)      Σ_sample m_r·(diag(p_r) − p_r·p_rᵀ)·δ = −Σw·g      KL(p′_r‖p_r) ≤ Σ_k p_rk·(δ_k − p_r·δ)²
 *
 * (KL ≤ log(1 + χ²) ≤ χ²), a cost of second order in g. p′ sums to 1, and is a distribution if δ_k − p_r·δ ≥ −1, which is looked at.
 * Nothing is estimated: a bad sample makes the bound larger, never wrong. Only rounding is left out.
 *
 * Source: Boyd & Vandenberghe, Convex Optimization (2004), sections 5.1.6 and 5.5.1.
 */
import { addOffset } from '../kernels/row-losses.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import { factorise, solveRows, solveRowsTransposed } from './cholesky.ts'
import { type Dataset, isSparse } from './data.ts'
import type { Pause } from './pause.ts'
import type { Task } from './solver.ts'
import type { Start } from './start.ts'

type Problem = Pick<Task, 'data' | 'totalWeight' | 'penalty' | 'pass'> & {
  readonly settings: Pick<Task['settings'], 'intercept'>
  readonly source: Pick<Task['source'], 'weights' | 'pause'>
}

/**
 * The bound, from the gradient of the smooth part of the objective at the model; every l2 must be above 0. ∞ if no p′ was found: far
 * from the optimum, or for more than 512 classes.
 */
export async function boundGapBySample(problem: Problem, model: Start, gradient: Start): Promise<number> {
  const { l2, l1 } = problem.penalty
  const { featureCount } = problem.data
  const slopes = gradient.weights.map((slope, i) => slope - l2[i % featureCount] * model.weights[i])
  let gap = problem.settings.intercept ? await balance(problem, model, gradient.intercepts, slopes) : 0
  for (let i = 0; i < slopes.length; i++) {
    const j = i % featureCount
    gap += fenchel(model.weights[i], slopes[i], l2[j], l1[j])
  }
  return gap
}

/** d(w, g) for l2 > 0, in forms that do not cancel. */
function fenchel(weight: number, slope: number, l2: number, l1: number): number {
  const w = Math.abs(weight)
  const g = weight < 0 ? -slope : slope
  const beyond = Math.max(0, Math.abs(g) - l1)
  if (w > 0 && g < -l1) {
    const left = g + l1 + l2 * w
    return ((left / l2) * left) / 2
  }
  return w * (l1 + g) + (l2 / 2) * w * w + ((beyond / l2) * beyond) / 2
}

/** A sample of the rows has so many, and one of so many others. */
const SAMPLE_ROWS = 5000
const SAMPLE_SHARE = 50
/** Rows of the sample that lie side by side, so that nothing is copied. */
const BLOCK_ROWS = 64
/** More classes would take longer to solve for than the fit takes. */
const MOST_CLASSES = 512

/** Puts the condition right: returns what that costs at most, ∞ where it cannot be done, and moves the slopes from G to G′. */
async function balance(problem: Problem, model: Start, missing: Float64Array, slopes: Float64Array): Promise<number> {
  const { data, pass, source, totalWeight } = problem
  const { weights: masses, pause } = source
  const { classes } = data
  if (missing.every((slope) => slope === 0)) return 0
  if (classes > MOST_CLASSES) return Infinity
  pass.setWeights(model.weights, model.intercepts)
  const matrix = new Float64Array(classes * classes)
  await overSample(problem, (probs, first, rows) => {
    for (let r = 0; r < rows; r++) {
      const mass = masses?.[first + r] ?? 1
      // What such a row holds has no part in anything.
      if (mass > 0) addCovariance(matrix, probs, r * classes, classes, mass)
    }
  })
  const delta = missing.map((slope) => -slope * totalWeight)
  if (!(await solve(matrix, delta, pause))) return Infinity
  let cost = 0
  await overSample(problem, (probs, first, rows) => {
    for (let r = 0; r < rows; r++) {
      const weight = (masses?.[first + r] ?? 1) / totalWeight
      if (weight === 0) continue
      cost += weight * tilt(probs, r * classes, delta)
      addProducts(data, first + r, weight, probs.subarray(r * classes, (r + 1) * classes), slopes)
    }
  })
  return cost
}

/** slopes[k, j] += weight · changes[k] · x_j of a row. */
function addProducts(
  { features, featureCount }: Dataset,
  row: number,
  weight: number,
  changes: Float64Array,
  slopes: Float64Array,
): void {
  const sparse = isSparse(features) ? features : undefined
  const values = isSparse(features) ? features.values : features
  const begin = sparse ? sparse.indptr[row] : row * featureCount
  const end = sparse ? sparse.indptr[row + 1] : begin + featureCount
  for (let k = 0; k < changes.length; k++) {
    const change = weight * changes[k]
    const own = k * featureCount
    if (sparse) for (let i = begin; i < end; i++) slopes[own + sparse.indices[i]] += change * values[i]
    else for (let i = begin; i < end; i++) slopes[own + i - begin] += change * values[i]
  }
}

/** Probabilities of an even sample of the rows, block by block; `visit` may change them. */
async function overSample(
  { data, pass, source }: Problem,
  visit: (probs: Float64Array, first: number, rows: number) => void,
): Promise<void> {
  const { features, rows, classes, offset } = data
  const wanted = Math.min(rows, SAMPLE_ROWS + Math.ceil(rows / SAMPLE_SHARE))
  const blocks = Math.ceil(wanted / BLOCK_ROWS)
  const all = Math.ceil(rows / BLOCK_ROWS)
  for (let block = 0; block < blocks; block++) {
    const first = Math.floor((block * all) / blocks) * BLOCK_ROWS
    const count = Math.min(BLOCK_ROWS, rows - first)
    const probs = new Float64Array(count * classes)
    pass.logits(features, first, count, probs)
    addOffset(probs, { offset }, first, classes)
    selectLossKernels(probs.length).softmax(probs, count, classes, 1, probs)
    visit(probs, first, count)
    await source.pause()
  }
}

/** matrix += mass·(diag(p) − p·pᵀ), the lower triangle. */
function addCovariance(matrix: Float64Array, probs: Float64Array, begin: number, classes: number, mass: number): void {
  for (let k = 0; k < classes; k++) {
    const p = mass * probs[begin + k]
    let rest = 0
    for (let l = 0; l < classes; l++) {
      if (l < k) matrix[k * classes + l] -= p * probs[begin + l]
      if (l !== k) rest += probs[begin + l]
    }
    matrix[k * classes + k] += p * rest
  }
}

/** Replaces the right side by the solution; false if there is none. The same for all classes is nothing on either side. */
async function solve(matrix: Float64Array, side: Float64Array, pause: Pause): Promise<boolean> {
  const classes = side.length
  let trace = 0
  for (let k = 0; k < classes; k++) trace += matrix[k * classes + k]
  for (let i = 0; i < matrix.length; i++) matrix[i] += trace / classes / classes
  if (!(await factorise(matrix, classes, pause))) return false
  solveRows(matrix, classes, side)
  solveRowsTransposed(matrix, classes, side)
  return true
}

/** Replaces p by p′ − p, and returns the bound on KL(p′‖p); ∞ if some p′ would be negative. */
function tilt(probs: Float64Array, begin: number, delta: Float64Array): number {
  let mean = 0
  for (let k = 0; k < delta.length; k++) mean += probs[begin + k] * delta[k]
  let cost = 0
  for (let k = 0; k < delta.length; k++) {
    const change = delta[k] - mean
    if (!(change >= -1)) cost = Infinity
    cost += probs[begin + k] * change * change
    probs[begin + k] *= change
  }
  return cost
}
