/** How long does softmax take? exp(logit − maximum) / Σ exp(logit − maximum) for each row. */
import type { Problem } from '../problem.ts'
import { type Expected, forEachRow } from '../validate.ts'

export function expected(problem: Problem): Expected {
  const { logits, classes } = problem
  const values = new Float64Array(logits.length)
  forEachRow(problem, (_row, start, max, sum) => {
    for (let i = start; i < start + classes; i++) values[i] = Math.exp(logits[i] - max) / sum
  })
  return { values, floor: () => 0 }
}
