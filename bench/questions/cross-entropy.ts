/** How long does the mean cross-entropy of integer labels take? The mean of logSumExp − logit of the label. */
import type { Problem } from '../problem.ts'
import { type Expected, forEachRow } from '../validate.ts'

export function expected(problem: Problem): Expected {
  const { logits, labels, rows } = problem
  let loss = 0
  forEachRow(problem, (row, start, max, sum) => {
    loss += Math.log(sum) - (logits[start + labels[row]] - max)
  })
  return { loss: loss / rows, floor: () => 1 }
}
