/**
 * Minimises a quadratic model with absolute values, g·v + ½·vᵀHv + Σ λ_i·|x_i + v_i| over v, one coordinate after the other:
 *
 *   x_i + v_i ← S(h_i·(x_i + v_i) − (g + H·v)_i, λ_i) / h_i      S(a, λ) = sign(a)·max(|a| − λ, 0), h the diagonal of H
 *
 * which is the exact minimiser along that axis, and exactly 0 where that is best (Friedman, Hastie & Tibshirani, J. Stat.
 * Software 33, 2010). Sweeps over all coordinates of the working set take turns with sweeps over those that are not 0.
 */
import type { Quadratic } from './quadratic.ts'

/** x, g and λ of the problem. An infinite λ keeps its coordinate, which must be 0, where it is. */
export interface Composite {
  readonly x: Float64Array
  readonly gradient: Float64Array
  readonly penalties: Float64Array
}

/**
 * A coordinate at 0 takes part if its |gradient| is above this share of its λ: in the solution of the model the others stay at 0,
 * with rare exceptions that the next model will see.
 */
const NEAR = 0.8
/** Most sweeps for one model. */
const SWEEPS_MOST = 100

/**
 * Fills `target` with x + v for a v that is nearly the best, and no worse than 0: the last sweep changed it by at most `accuracy`, as
 * √(Σ h_i·change²). Waits for `pause` after every sweep.
 */
export async function descend(
  model: Quadratic,
  { x, gradient, penalties }: Composite,
  accuracy: number,
  target: Float64Array,
  pause: () => unknown,
): Promise<void> {
  const working = workingSet(x, gradient, penalties)
  const diagonal = model.begin(working)
  target.set(x)

  /** Sweeps over places of the working set; whether they hardly change any more. */
  const sweep = (places: Int32Array): boolean => {
    let square = 0
    for (let q = 0; q < places.length; q++) {
      const p = places[q]
      const i = working[p]
      const h = diagonal[p]
      const next = shrink(h * target[i] - gradient[i] - model.at(p), penalties[i]) / h
      const change = next - target[i]
      if (change === 0) continue
      target[i] = next
      model.add(p, change)
      square += h * change * change
    }
    return square <= accuracy * accuracy
  }

  const all = Int32Array.from(working.keys())
  let sweeps = 0
  while (sweeps++ < SWEEPS_MOST && !sweep(all)) {
    await pause()
    const moving = all.filter((p) => target[working[p]] !== 0)
    while (sweeps++ < SWEEPS_MOST && !sweep(moving)) await pause()
  }
}

function workingSet(x: Float64Array, gradient: Float64Array, penalties: Float64Array): Int32Array {
  const takesPart = (i: number): boolean => x[i] !== 0 || Math.abs(gradient[i]) > NEAR * penalties[i]
  return Int32Array.from(x.keys()).filter(takesPart)
}

/** S(a, λ). */
function shrink(a: number, penalty: number): number {
  return a > penalty ? a - penalty : a < -penalty ? a + penalty : 0
}
