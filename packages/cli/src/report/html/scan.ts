/**
 * One walk over the judged rows: the most confident mistakes, and how well probabilities were calibrated before the temperature was
 * found. Losses come from the accurate kernels, so that mistakes are told apart where probabilities are all 1.
 */
import { crossEntropy, softmax } from 'maxshift'
import type { CalibrationBin, SoftmaxRegression } from 'maxshift/regression'
import { type Dataset, rowBlock } from '../../input/dataset.ts'

export interface Wrong {
  /** Counted from 0. */
  readonly row: number
  readonly truth: number
  readonly predicted: number
  readonly probability: number
  readonly truthProbability: number
  readonly loss: number
}

export interface Scan {
  /** Largest loss first. */
  readonly wrong: readonly Wrong[]
  /** Bins of the probabilities before calibration, of a calibrated model. */
  readonly before?: { readonly bins: readonly CalibrationBin[]; readonly ece: number }
}

const BLOCK = 1024
const BINS = 15

/** Walks over all rows and keeps the `most` worst mistakes. */
export function scan(model: SoftmaxRegression, data: Dataset, most: number): Scan {
  const places = new Map<string | number, number>(model.classNames.map((name, k) => [name, k]))
  const given: readonly (string | number)[] = data.labels ?? []
  const labels = Int32Array.from(given, (label) => places.get(label) ?? 0)
  const classes = model.classNames.length
  const temperature = model.report.calibration?.temperature
  const bins = new Bins()
  let wrong: Wrong[] = []
  for (let first = 0; first < data.rows; first += BLOCK) {
    const end = Math.min(first + BLOCK, data.rows)
    const logits = model.logits(rowBlock(data, first, end))
    const own = labels.subarray(first, end)
    wrong.push(...mistakesOf(logits, own, classes, first))
    if (wrong.length > 8 * most) wrong = worst(wrong, most)
    if (temperature !== undefined)
      bins.add(
        softmax(
          logits.map((logit) => logit * temperature),
          { classes },
        ),
        own,
        classes,
      )
  }
  return { wrong: worst(wrong, most), ...(temperature === undefined ? {} : { before: bins.finish() }) }
}

function worst(wrong: Wrong[], most: number): Wrong[] {
  return wrong.sort((a, b) => b.loss - a.loss || a.row - b.row).slice(0, most)
}

function mistakesOf(logits: Float64Array, labels: Int32Array, classes: number, first: number): Wrong[] {
  const losses = crossEntropy(logits, labels, { classes, reduction: 'none' })
  const probs = softmax(logits, { classes })
  const found: Wrong[] = []
  for (let r = 0; r < labels.length; r++) {
    const top = largest(logits, r * classes, classes)
    if (top === labels[r]) continue
    const [probability, truthProbability] = [probs[r * classes + top], probs[r * classes + labels[r]]]
    found.push({ row: first + r, truth: labels[r], predicted: top, probability, truthProbability, loss: losses[r] })
  }
  return found
}

/** The place of the largest of `count` numbers from `start`, the first of equal ones. */
function largest(values: Float64Array, start: number, count: number): number {
  let best = 0
  for (let k = 1; k < count; k++) if (values[start + k] > values[start + best]) best = k
  return best
}

/** Bins as those of the library's evaluation. */
class Bins {
  private readonly rows = new Float64Array(BINS)
  private readonly hits = new Float64Array(BINS)
  private readonly probs = new Float64Array(BINS)

  add(probs: Float64Array, labels: Int32Array, classes: number): void {
    for (let r = 0; r < labels.length; r++) {
      const top = largest(probs, r * classes, classes)
      const prob = probs[r * classes + top]
      const bin = Math.max(0, Math.min(BINS - 1, Math.ceil(prob * BINS) - 1))
      this.rows[bin]++
      this.probs[bin] += prob
      if (top === labels[r]) this.hits[bin]++
    }
  }

  finish(): { bins: CalibrationBin[]; ece: number } {
    const total = this.rows.reduce((sum, rows) => sum + rows, 0)
    let gaps = 0
    const bins = Array.from(this.rows, (rows, i) => {
      gaps += Math.abs(this.hits[i] - this.probs[i])
      const share = (sum: number) => (rows === 0 ? 0 : sum / rows)
      return { from: i / BINS, to: (i + 1) / BINS, rows, probability: share(this.probs[i]), hits: share(this.hits[i]) }
    })
    return { bins, ece: gaps / total }
  }
}
