/**
 * The order of rows in an epoch of stochastic gradient descent: a permutation as a pure function of the seed and the epoch.
 *
 * The exchanges of Durstenfeld (Comm. ACM 7, 1964; "Fisher–Yates"): from the last place down, place i is exchanged with place
 * ⌊u·(i + 1)⌋, where u are 52 bits of Philox for (seed, epoch, i). No permutation is preferred by more than 2⁻⁵² · rows.
 */
import { uniform } from '../ops/sampling/uniform.ts'

/** Fills `order` with a permutation of 0, 1, … The seed is a safe integer ≥ 0. */
export function shuffle(order: Uint32Array, seed: number, epoch: number): void {
  for (let i = 0; i < order.length; i++) order[i] = i
  const u = { hi: 0, lo: 0 }
  for (let i = order.length - 1; i > 0; i--) {
    uniform(seed, epoch, i, 0, u)
    const other = Math.floor(u.hi * (i + 1))
    const row = order[i]
    order[i] = order[other]
    order[other] = row
  }
}
