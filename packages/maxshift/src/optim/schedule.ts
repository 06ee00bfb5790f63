/**
 * Schedules: by how much the learning rate of an epoch is smaller than the first one's. They depend on the epoch alone, not on how
 * many rows it has, because a stream does not know that beforehand.
 */

/**
 * With e = 0, 1, … of E epochs: `constant` 1 · `cosine` ½·(1 + cos(π·e/E)) (Loshchilov & Hutter, arXiv:1608.03983) ·
 * `inverse` 1/(1 + e) · `step` 1, from half of the epochs on 0.1, from three quarters on 0.01.
 */
export type Schedule = 'constant' | 'cosine' | 'inverse' | 'step'

export const SCHEDULES: readonly Schedule[] = ['constant', 'cosine', 'inverse', 'step']

/** The factor of the learning rate in one of `epochs` epochs. */
export function scheduleFactor(schedule: Schedule, epoch: number, epochs: number): number {
  switch (schedule) {
    case 'constant':
      return 1
    case 'cosine':
      return (1 + cosine(epoch / epochs)) / 2
    case 'inverse':
      return 1 / (1 + epoch)
    case 'step':
      return epoch < epochs / 2 ? 1 : epoch < (3 * epochs) / 4 ? 0.1 : 0.01
  }
}

/** cos(π·x) for x in [0, 1], as −sin(π·(x − ½)) by its Taylor series: Math.cos has other bits in other engines. */
function cosine(x: number): number {
  const angle = Math.PI * (x - 0.5)
  let term = angle
  let sum = 0
  // |angle| ≤ π/2: the last term is below 1e-17.
  for (let n = 1; n <= 21; n += 2) {
    sum += term
    term *= -(angle * angle) / ((n + 1) * (n + 2))
  }
  return -sum
}
