/**
 * Validation before time: what a contestant computed against the formula in float64.
 *
 * The tolerance is generous, two digits in float32 and eight in float64: it tells a wrong operation, axis, label or dtype from
 * a right one, not a good implementation from a poor one (docs/numerics.md does that). It is relative to each component, so
 * that a wrong result cannot hide below an absolute tolerance in rows of many small probabilities. Only where the usual
 * formulas cancel, in a logarithm near 0 or in p − 1 at the label, is it relative to the size of what cancels.
 */
import type { Outcome } from './contestant.ts'
import type { Dtype, Problem } from './problem.ts'

export const TOLERANCE: Record<Dtype, number> = { f32: 1e-2, f64: 1e-8 }

/** An exact outcome, and the smallest size that the error of component i is measured against. */
export interface Expected extends Outcome {
  floor(i: number): number
}

function relativeError(got: number, exact: number, floor: number): number {
  if (got === exact) return 0
  const error = Math.abs(got - exact) / Math.max(Math.abs(exact), floor)
  return Number.isNaN(error) ? Infinity : error
}

/** The largest relative error, Infinity where numbers are missing or NaN. */
export function errorOf(got: Outcome, expected: Expected): number {
  let worst = 0
  if (expected.loss !== undefined) worst = relativeError(got.loss ?? NaN, expected.loss, 1)
  const { values } = expected
  if (values === undefined) return worst
  if (got.values?.length !== values.length) return Infinity
  for (let i = 0; i < values.length; i++) {
    const error = relativeError(got.values[i], values[i], expected.floor(i))
    if (error > worst) worst = error
  }
  return worst
}

/** Calls `each` per row with its start, its maximum and Σ exp(logit − maximum), all in float64. */
export function forEachRow(
  { logits, rows, classes }: Pick<Problem, 'logits' | 'rows' | 'classes'>,
  each: (row: number, start: number, max: number, sum: number) => void,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * classes
    let max = -Infinity
    for (let i = start; i < start + classes; i++) if (logits[i] > max) max = logits[i]
    let sum = 0
    for (let i = start; i < start + classes; i++) sum += Math.exp(logits[i] - max)
    each(row, start, max, sum)
  }
}
