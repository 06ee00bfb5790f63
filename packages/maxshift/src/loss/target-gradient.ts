/**
 * The gradient with respect to the targets: d loss / d t_k = scale · w_k · (1 − ε) · (−log p_k), where the scale is that of the row
 * without the temperature. It is linear in t, so t itself does not enter; nor does the z-loss.
 */
import type { FloatArray } from '../arrays.ts'
import type { Kernels } from '../kernels/kernels.ts'
import { takeScratch } from '../kernels/scratch.ts'
import { multiplyPairs, type Pair, productError, sumError } from '../special/double-double.ts'
import type { Plan } from './plan.ts'

/**
 * out_k for each class of `rows` rows with these logits. Logarithms are float64 whatever the dtype of the logits; where the scale or
 * the weight is 0 the result is 0, elsewhere +∞ at classes of probability 0.
 */
export function fillTargetGradient(
  { classes, temperature, smoothing, classWeights }: Plan,
  kernels: Kernels,
  logits: FloatArray,
  rows: number,
  scales: Float64Array,
  out: FloatArray,
): void {
  const wide = logits instanceof Float64Array ? logits : takeScratch(DOUBLES, logits.length)
  if (wide !== logits) wide.set(logits)
  const logs = takeScratch(DOUBLES, logits.length)
  const keptHi = 1 - smoothing
  const keptLo = sumError(1, -smoothing, keptHi)
  kernels.logSoftmax(wide, rows, classes, temperature, logs)
  for (let r = 0; r < rows; r++) {
    multiplyPairs(scales[2 * r], scales[2 * r + 1], keptHi, keptLo, factor)
    for (let k = 0; k < classes; k++) {
      const i = r * classes + k
      const weight = classWeights === null ? 1 : classWeights[k]
      out[i] = weight === 0 || factor.hi === 0 ? 0 : timesFactor(weight * (0 - logs[i]))
    }
  }
}

const factor: Pair = { hi: 0, lo: 0 }

/** Above this the splitting of products overflows; the tail of the factor is left out there. */
const LARGEST = 1e290

/** x · factor, rounded once. */
function timesFactor(x: number): number {
  const product = x * factor.hi
  if (!(x < LARGEST)) return product
  return product + (productError(x, factor.hi, product) + x * factor.lo)
}

const DOUBLES = new Float64Array(0)
