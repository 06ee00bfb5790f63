/**
 * Temperature scaling: the one number that logits are divided by so that rows which the model has not seen are as probable as can
 * be (Guo et al., On calibration of modern neural networks, 2017). No prediction changes, only how sure it is.
 *
 *   f(β) = Σ_r w_r·loss(β·o_r) is convex in β = 1/T      f′ = Σ_r w_r·Σ_k p_k·d_k      f″ = Σ_r w_r·(Σ_k p_k·d_k² − (Σ_k p_k·d_k)²)
 *
 * with d_k = o_k − o_label. Newton's method finds the zero of f′ inside a bracket. The bracket has no unit: at its ends the largest
 * |d| of all rows is between 512 and 1024, or a millionth of that.
 */
import type { AbortSignalLike } from '../abort.ts'
import { LossSum } from '../kernels/row-losses.ts'
import { sameScales } from '../kernels/scales.ts'
import { selectLossKernels } from '../kernels/select-losses.ts'
import type { Numbers } from '../loss/options.ts'
import type { Pause } from './pause.ts'
import type { CalibrationReport } from './report.ts'
import { powerBelow } from './row-weights.ts'

/** Options of model.calibrate. */
export interface CalibrateOptions {
  /** How much each row counts, ≥ 0 and not all 0; default all alike. */
  readonly sampleWeights?: Numbers | undefined
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignalLike | undefined
}

/** Rows whose logits are known. */
export interface LogitRows {
  /** rows × classes. */
  readonly logits: Float64Array
  readonly labels: Int32Array
  readonly classes: number
  readonly weights: Float64Array | undefined
}

const MOST_DIFFERENCE = 1024
/** The temperature that would enlarge smaller ones is none. */
const LEAST_DIFFERENCE = 1e-290
const BRACKET = 2 ** 20
const STEPS = 100
/** A step below this share of β changes nothing that is known. */
const NEGLIGIBLE = 2 ** -51
const BLOCK_ROWS = 1024

/** The best temperature, and whether there is one. */
export async function findTemperature(
  rows: LogitRows,
  pause: Pause,
): Promise<Pick<CalibrationReport, 'status' | 'temperature'>> {
  await pause()
  const largest = largestDifference(rows)
  // Logits that are all alike stay so at any temperature.
  if (largest < LEAST_DIFFERENCE) return { status: 'uninformative', temperature: 1 }
  const unit = powerBelow(largest)
  let high = MOST_DIFFERENCE / unit
  let low = high / BRACKET
  if ((await slope(rows, low, pause)).first >= 0) return { status: 'uninformative', temperature: 1 / low }
  if ((await slope(rows, high, pause)).first <= 0) return { status: 'separated', temperature: 1 / high }
  let beta = low < 1 && 1 < high ? 1 : Math.sqrt(low) * Math.sqrt(high)
  for (let step = 0; step < STEPS; step++) {
    const { first, second } = await slope(rows, beta, pause)
    if (first === 0) break
    if (first < 0) low = beta
    else high = beta
    const newton = beta - first / second
    // Not a number, where f is flat, is not inside either.
    const next = newton > low && newton < high ? newton : Math.sqrt(low) * Math.sqrt(high)
    const change = Math.abs(next - beta)
    beta = next
    if (change <= NEGLIGIBLE * beta) break
  }
  return { status: 'converged', temperature: 1 / beta }
}

/** The largest |d|; throws where logits are too large for one. */
function largestDifference({ logits, labels, classes, weights }: LogitRows): number {
  let largest = 0
  for (let r = 0; r < labels.length; r++) {
    if (weights?.[r] === 0) continue
    const own = logits[r * classes + labels[r]]
    for (let k = 0; k < classes; k++) {
      const difference = Math.abs(logits[r * classes + k] - own)
      if (!(difference < Infinity)) {
        throw new RangeError(`calibrate: expected logits with finite differences, got ${difference} at row ${r}`)
      }
      largest = Math.max(largest, difference)
    }
  }
  return largest
}

/** f′ and f″ at β. */
async function slope(
  { logits, labels, classes, weights }: LogitRows,
  beta: number,
  pause: Pause,
): Promise<{ first: number; second: number }> {
  const residuals = new Float64Array(BLOCK_ROWS * classes)
  const losses = new Float64Array(BLOCK_ROWS)
  const scales = sameScales(BLOCK_ROWS)
  const first = new LossSum()
  const second = new LossSum()
  for (let from = 0; from < labels.length; from += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, labels.length - from)
    const block = logits.subarray(from * classes, (from + count) * classes)
    const own = labels.subarray(from, from + count)
    const out = residuals.subarray(0, block.length)
    const kernels = selectLossKernels(block.length)
    kernels.crossEntropyWithGradient(block, own, count, classes, 1 / beta, scales, losses, out)
    for (let r = 0; r < count; r++) {
      const weight = weights === undefined ? 1 : weights[from + r]
      if (weight === 0) continue
      const ownLogit = block[r * classes + own[r]]
      let mean = 0
      let square = 0
      for (let k = 0, i = r * classes; k < classes; k++, i++) {
        if (k === own[r]) continue
        const difference = block[i] - ownLogit
        mean += out[i] * difference
        square += out[i] * difference * difference
      }
      first.add(weight * mean)
      second.add(weight * (square - mean * mean))
    }
    await pause()
  }
  return { first: first.value, second: second.value }
}
