/** How long do the mean cross-entropy and its gradient take? (softmax − indicator of the label) / rows, and the loss. */
import type { Problem } from '../problem.ts'
import { type Expected, forEachRow } from '../validate.ts'

export function expected(problem: Problem): Expected {
  const { logits, labels, rows, classes } = problem
  const values = new Float64Array(logits.length)
  let loss = 0
  forEachRow(problem, (row, start, max, sum) => {
    for (let i = start; i < start + classes; i++) values[i] = Math.exp(logits[i] - max) / sum / rows
    values[start + labels[row]] -= 1 / rows
    loss += Math.log(sum) - (logits[start + labels[row]] - max)
  })
  const isLabel = (i: number): boolean => i % classes === labels[Math.floor(i / classes)]
  return { values, loss: loss / rows, floor: (i) => (isLabel(i) ? 1 / rows : 0) }
}
