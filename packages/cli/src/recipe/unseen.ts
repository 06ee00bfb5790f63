/**
 * Levels of categories that the training data did not have, as a person is told of them.
 */
import { plural, quote } from '../text.ts'

/** What is said about levels that the training data did not have; empty when there are none. */
export function describeUnseen(unseen: ReadonlyMap<string, number> = new Map()): string {
  const parts = [...unseen].map(([name, cells]) => `${plural(cells, 'cell')} of ${quote(name, 30)}`)
  if (parts.length === 0) return ''
  const [have, levels] = [...unseen.values()].reduce((a, b) => a + b, 0) === 1 ? ['has', 'a level'] : ['have', 'levels']
  return `${parts.join(', ')} ${have} ${levels} that the training data did not have`
}
