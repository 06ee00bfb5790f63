/** How long does logSoftmax take? logit − maximum − log Σ exp(logit − maximum) for each row. */
import type { Problem } from '../problem.ts'
import { type Expected, forEachRow } from '../validate.ts'

export function expected(problem: Problem): Expected {
  const { logits, classes } = problem
  const values = new Float64Array(logits.length)
  forEachRow(problem, (_row, start, max, sum) => {
    const log = Math.log(sum)
    for (let i = start; i < start + classes; i++) values[i] = logits[i] - max - log
  })
  return { values, floor: () => 1 }
}
