/**
 * How good predictions are. The predicted class of a row is the one with the largest logit, the lowest of equal ones.
 * Loss and p − t come from the accurate kernels, so confident rows count for what they are.
 */
import type { Kernels } from '../kernels/kernels.ts'
import { sameScales } from '../kernels/scales.ts'
import type { Numbers } from '../loss/options.ts'
import { meanOf, weightedMeanOf } from '../loss/reduction.ts'
import type { Label } from './labels.ts'

/** What is told of one class. With sample weights, rows are counted by their weights. */
export interface ClassMetrics<L extends Label = Label> {
  readonly className: L
  /** Rows of this class. */
  readonly support: number
  /** Rows predicted to be of this class. */
  readonly predicted: number
  /** Share of the rows predicted to be of this class that are; 0 if there are none. */
  readonly precision: number
  /** Share of the rows of this class that are predicted to be; 0 if there are none. */
  readonly recall: number
  /** 2·precision·recall / (precision + recall), which is 2·hits / (support + predicted); 0 without hits. */
  readonly f1: number
}

/** The rows whose predicted class has a probability in (from, to]. With sample weights, rows are counted by their weights. */
export interface CalibrationBin {
  readonly from: number
  readonly to: number
  readonly rows: number
  /** Mean probability of the predicted class; 0 without rows. */
  readonly probability: number
  /** Share of the rows that are of the predicted class; 0 without rows. A calibrated model has the two alike. */
  readonly hits: number
}

/**
 * What model.evaluate returns: measures of the predictions for labelled rows. With sample weights every count, share and mean is the
 * weighted one.
 */
export interface Evaluation<L extends Label = Label> {
  /** Share of the rows whose class is predicted. */
  readonly accuracy: number
  /** Mean over the classes that have rows of their recall; with as many rows of each class it is the accuracy. */
  readonly balancedAccuracy: number
  /** Mean of f1 over the classes that have rows or are predicted. */
  readonly macroF1: number
  /** Mean of −log p(class of the row), natural logarithm. */
  readonly logLoss: number
  /** topK[k − 1] is the share of the rows whose class is among the k most probable, for k from 1 to min(classes, 5). */
  readonly topK: readonly number[]
  /** Mean over rows of Σ_j (p_j − t_j)², where t is 1 at the class of the row and else 0; from 0 to 2 (Brier 1950). */
  readonly brier: number
  /**
   * Expected calibration error: rows are binned by the probability of their predicted class in 15 bins of equal width,
   * (0, 1/15], (1/15, 2/15], …; the mean over rows of |share of hits − mean probability| of their bin (Guo et al. 2017).
   */
  readonly ece: number
  /** The bins behind `ece`, in ascending order, empty ones included: what a reliability diagram shows. */
  readonly calibration: readonly CalibrationBin[]
  /** confusion[i][j] counts rows of class i that are predicted to be of class j. */
  readonly confusion: readonly (readonly number[])[]
  readonly perClass: readonly ClassMetrics<L>[]
}

/** Options of model.evaluate. */
export interface EvaluateOptions {
  /** How much each row counts, ≥ 0 and not all 0; default all alike. */
  readonly sampleWeights?: Numbers | undefined
}

const TOP = 5
const BINS = 15

/** Collects blocks of rows and evaluates them all. */
export class MetricsCollector<L extends Label> {
  private readonly kernels: Pick<Kernels, 'crossEntropyWithGradient'>
  private readonly classNames: readonly L[]
  private readonly losses: Float64Array
  private readonly weights: Float64Array | undefined
  private readonly confusion: number[][]
  private readonly ranks: number[]
  private readonly binRows = new Float64Array(BINS)
  private readonly binHits = new Float64Array(BINS)
  private readonly binProbs = new Float64Array(BINS)
  private squares = 0
  private seen = 0
  private total = 0

  /** For `rows` rows, with one weight for each or none. */
  constructor(
    kernels: Pick<Kernels, 'crossEntropyWithGradient'>,
    classNames: readonly L[],
    rows: number,
    weights?: Float64Array,
  ) {
    this.kernels = kernels
    this.classNames = classNames
    this.weights = weights
    this.losses = new Float64Array(rows)
    this.confusion = classNames.map(() => classNames.map(() => 0))
    this.ranks = new Array<number>(Math.min(TOP, classNames.length)).fill(0)
  }

  /** Takes the next rows: their logits, which are spoiled, and their classes. */
  add(logits: Float64Array, labels: Int32Array): void {
    const classes = this.classNames.length
    const tops = new Int32Array(labels.length)
    for (let r = 0; r < labels.length; r++) {
      tops[r] = argmax(logits, r * classes, classes)
      const rank = rankOf(logits, r * classes, classes, labels[r])
      const weight = this.weightOf(r)
      if (rank < this.ranks.length) this.ranks[rank] += weight
      this.confusion[labels[r]][tops[r]] += weight
    }
    const losses = this.losses.subarray(this.seen, this.seen + labels.length)
    const scales = sameScales(labels.length)
    this.kernels.crossEntropyWithGradient(logits, labels, labels.length, classes, 1, scales, losses, logits)
    for (let r = 0; r < labels.length; r++) {
      const weight = this.weightOf(r)
      this.total += weight
      if (weight === 0) continue
      for (let k = r * classes; k < (r + 1) * classes; k++) this.squares += weight * logits[k] * logits[k]
      this.addToBin(logits[r * classes + tops[r]], tops[r] === labels[r], weight)
    }
    this.seen += labels.length
  }

  /** The weight of row r of those that are being added. */
  private weightOf(r: number): number {
    return this.weights === undefined ? 1 : this.weights[this.seen + r]
  }

  /** Puts a row into its bin; `residual` is p − t of the predicted class. */
  private addToBin(residual: number, hit: boolean, weight: number): void {
    const prob = hit ? 1 + residual : residual
    const bin = Math.max(0, Math.min(BINS - 1, Math.ceil(prob * BINS) - 1)) || 0
    this.binRows[bin] += weight
    this.binHits[bin] += hit ? weight : 0
    this.binProbs[bin] += weight * prob
  }

  finish(): Evaluation<L> {
    const rows = this.total
    let below = 0
    const topK = this.ranks.map((count) => {
      below += count
      return Math.min(1, below / rows) // weights add up in another order than the total
    })
    let gaps = 0
    for (let bin = 0; bin < BINS; bin++) gaps += Math.abs(this.binHits[bin] - this.binProbs[bin])
    const perClass = this.classNames.map((className, k) => this.describeClass(className, k))
    const present = perClass.filter(({ support }) => support > 0)
    const involved = perClass.filter(({ support, predicted }) => support > 0 || predicted > 0)
    return {
      accuracy: topK[0],
      balancedAccuracy: present.reduce((sum, { recall }) => sum + recall, 0) / present.length,
      macroF1: involved.reduce((sum, { f1 }) => sum + f1, 0) / involved.length,
      logLoss: this.meanLoss(),
      topK,
      brier: this.squares / rows,
      ece: gaps / rows,
      calibration: Array.from({ length: BINS }, (_, bin) => this.describeBin(bin)),
      confusion: this.confusion,
      perClass,
    }
  }

  private meanLoss(): number {
    if (this.weights === undefined) return meanOf(this.losses, this.seen)
    const pairs = new Float64Array(2 * this.seen)
    for (let r = 0; r < this.seen; r++) pairs[2 * r] = this.weights[r]
    return weightedMeanOf(this.losses, pairs, pairs)
  }

  private describeBin(bin: number): CalibrationBin {
    const rows = this.binRows[bin]
    const share = (sum: number): number => (rows === 0 ? 0 : sum / rows)
    const [probability, hits] = [share(this.binProbs[bin]), share(this.binHits[bin])]
    return { from: bin / BINS, to: (bin + 1) / BINS, rows, probability, hits }
  }

  private describeClass(className: L, k: number): ClassMetrics<L> {
    const hits = this.confusion[k][k]
    const support = this.confusion[k].reduce((sum, count) => sum + count, 0)
    const predicted = this.confusion.reduce((sum, row) => sum + row[k], 0)
    return {
      className,
      support,
      predicted,
      precision: predicted === 0 ? 0 : hits / predicted,
      recall: support === 0 ? 0 : hits / support,
      f1: hits === 0 ? 0 : (2 * hits) / (support + predicted),
    }
  }
}

/** The class of the largest of `classes` logits from `start`; the lowest of equal ones. */
export function argmax(logits: Float64Array, start: number, classes: number): number {
  let best = 0
  for (let k = 1; k < classes; k++) if (logits[start + k] > logits[start + best]) best = k
  return best
}

/** How many classes come before `label` when they are sorted by falling logit, equal ones by rising index. */
function rankOf(logits: Float64Array, start: number, classes: number, label: number): number {
  const own = logits[start + label]
  let rank = 0
  for (let k = 0; k < classes; k++) {
    const other = logits[start + k]
    if (other > own || (other === own && k < label)) rank++
  }
  return rank
}
