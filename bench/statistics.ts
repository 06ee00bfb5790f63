/**
 * Medians, and medians of ratios taken pair by pair.
 */
export interface Spread {
  min: number
  median: number
  max: number
}

export function spread(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  return { min: sorted[0], median, max: sorted[sorted.length - 1] }
}

/**
 * The spread of theirs[round] / ours[round] over the rounds that both ran: above 1 where ours took less time. What slows the
 * machine for a while slows both sides of a pair, so it does not move the ratio. Undefined if there is no such round.
 */
export function ratios(theirs: ReadonlyMap<number, number>, ours: ReadonlyMap<number, number>): Spread | undefined {
  const pairs: number[] = []
  for (const [round, time] of theirs) {
    const own = ours.get(round)
    if (own !== undefined) pairs.push(time / own)
  }
  return pairs.length === 0 ? undefined : spread(pairs)
}
