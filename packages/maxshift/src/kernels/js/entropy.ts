/**
 * The entropy of softmax(x/T) from logits, and its gradient.
 *
 *   H = −Σ p_i log p_i = L + Σ_{i≠k} p_i gap_i      ∂H/∂x_j = p_j (gap_j − G)/T with G = Σ_{i≠k} p_i gap_i
 *
 * Every term of H is ≥ 0 (names as in scaled-row.ts), so it has all digits for a confident row, where Σ p log p has none. In the
 * gradient, log p_j + H = G − gap_j: the logarithm has left the formula, and what remains cancels only for entries whose gap is
 * nearly the mean gap. An entry of −∞ has p_i gap_i = 0 and gradient 0.
 */
import type { FloatArray } from '../../arrays.ts'
import { addScaled, divideScaled, multiplyScaled, negateScaled, roundScaled, scaled } from '../../special/scaled.ts'
import { gapOf, newPlainRow, readPlainRow, weightOfGap } from './plain-row.ts'
import { clear, newScaledRow, ONE, readEntry, readScaledRow } from './scaled-row.ts'
import type { Top } from './top.ts'

/** Rows without finite maximum: 0 for one +∞, where all probability goes to one place, NaN for the others. */
const limit = (top: Top): number =>
  top.max === Number.POSITIVE_INFINITY && top.second < Number.POSITIVE_INFINITY ? 0 : Number.NaN

const row = newScaledRow()
const gap = scaled()
const weight = scaled()
const meanGap = scaled()
const entropy = scaled()
const factor = scaled()

/** The entropy of one row of float64, and where `gradient` is given its derivative, into gradient[start … start + classes). */
export function entropyDouble(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  gradient: FloatArray | null,
): number {
  if (!readScaledRow(logits, start, classes, temperature, row)) {
    gradient?.fill(limit(row), start, start + classes)
    return limit(row)
  }
  clear(meanGap)
  for (let i = 0; i < classes; i++) {
    if (!readEntry(row, i, gap, weight)) continue
    multiplyScaled(weight, gap, weight)
    addScaled(meanGap, weight, meanGap)
  }
  divideScaled(meanGap, row.total, meanGap)
  addScaled(row.log, meanGap, entropy)
  const result = roundScaled(entropy)
  if (gradient !== null) writeGradientDouble(start, classes, gradient)
  return result
}

function writeGradientDouble(start: number, classes: number, gradient: FloatArray): void {
  negateScaled(meanGap, meanGap)
  divideScaled(ONE, row.total, factor)
  if (!row.isUnit) divideScaled(factor, row.temperature, factor)
  for (let i = 0; i < classes; i++) {
    if (!readEntry(row, i, gap, weight)) {
      gradient[start + i] = 0
      continue
    }
    addScaled(gap, meanGap, gap)
    multiplyScaled(weight, gap, weight)
    multiplyScaled(weight, factor, weight)
    gradient[start + i] = roundScaled(weight)
  }
}

const plain = newPlainRow()

/** The same for one row of float32; the entropy is a float64 that is still to be rounded. */
export function entropySingle(
  logits: FloatArray,
  start: number,
  classes: number,
  temperature: number,
  gradient: FloatArray | null,
): number {
  if (!readPlainRow(logits, start, classes, temperature, plain)) {
    gradient?.fill(limit(plain), start, start + classes)
    return limit(plain)
  }
  let sum = 0
  for (let i = 0; i < classes; i++) {
    const distance = gapOf(plain, i)
    const share = weightOfGap(distance)
    if (share !== 0) sum += share * distance
  }
  const mean = sum / plain.total
  if (gradient !== null) {
    for (let i = 0; i < classes; i++) {
      const distance = gapOf(plain, i)
      const share = weightOfGap(distance)
      gradient[start + i] = share === 0 ? 0 : ((distance - mean) * share) / plain.total / temperature
    }
  }
  return plain.log + mean
}
