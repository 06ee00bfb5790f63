/**
 * What the divergences of float32 and float64 rows share: which entries are ruled out, and the results where no number is left to compute.
 */
import type { FloatArray } from '../../arrays.ts'

/** A row of logits within an array. */
interface Row {
  readonly logits: FloatArray
  readonly start: number
}

/** Whether a_i > −∞. */
export const isPresent = (a: Row, i: number): boolean => a.logits[a.start + i] !== Number.NEGATIVE_INFINITY

/** Whether q_i = 0 and p_i > 0, which makes KL infinite. */
export const isMissing = (a: Row, b: Row, i: number): boolean => isPresent(a, i) && !isPresent(b, i)

/** Where KL is infinite, the limit for missing q_i that go to 0 at one pace: they attract, unless there is nothing to attract. */
export function infiniteGradient(a: Row, b: Row, i: number, hasOthers: boolean): number {
  if (!isPresent(a, i)) return 0
  if (!isMissing(a, b, i)) return Number.NEGATIVE_INFINITY
  return hasOthers ? Number.POSITIVE_INFINITY : Number.NaN
}

/** Rows of which one is no distribution: NaN, and NaN in the gradients that are given. */
export function refuseRows(
  start: number,
  classes: number,
  aGradient: FloatArray | null,
  bGradient: FloatArray | null,
): number {
  aGradient?.fill(Number.NaN, start, start + classes)
  bGradient?.fill(Number.NaN, start, start + classes)
  return Number.NaN
}
