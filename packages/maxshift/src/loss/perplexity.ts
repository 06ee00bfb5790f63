/**
 * Perplexity: the exponential of the mean cross-entropy, of logits with labels, or of log-probabilities that are there already.
 *
 * exp turns an absolute error of its argument into a relative one, so that a mean rounded to float64 would cost up to half an ulp of
 * the mean times the result: 8 ulp at a loss of 12. The mean is carried as a pair into an exponential that takes pairs, and rounded once.
 */
import type { Logits } from '../arrays.ts'
import { checkLogits, checkOptions } from '../check.ts'
import { ROW_OPTIONS, type RowOptions } from '../ops/rows.ts'
import { scaleRounded } from '../special/bits.ts'
import { addPairs, type Pair } from '../special/double-double.ts'
import { type ExpParts, expParts } from '../special/exp.ts'
import { checkWeights } from './checks.ts'
import type { LabelsOrTargets } from './labels.ts'
import type { CrossEntropyOptions, Numbers } from './options.ts'
import { checkPlan } from './plan.ts'
import { meanPairOf, type RowWeights } from './reduction.ts'
import { newLossesLow, sweep } from './sweep.ts'

/** Options of perplexity: those of crossEntropy that leave a loss a negative log-likelihood. */
export type PerplexityOptions = Pick<
  CrossEntropyOptions,
  keyof RowOptions | 'ignoreIndex' | 'sampleWeights' | 'softCap' | 'mode'
>

const OPTION_NAMES = [...ROW_OPTIONS, 'ignoreIndex', 'sampleWeights', 'softCap', 'mode'] as const

const mean: Pair = { hi: 0, lo: 0 }
const parts: ExpParts = { hi: 0, lo: 0, exponent: 0 }

/** exp of the pair in `mean`, rounded once. */
function expOfMean(): number {
  const { hi, lo } = mean
  if (!(hi > -746)) return hi <= -746 ? 0 : hi
  if (hi > 710) return Number.POSITIVE_INFINITY
  expParts(hi, lo, parts)
  return scaleRounded(parts.hi, parts.lo, parts.exponent)
}

/**
 * perplexity(logits, labels) = exp(Σ_r w_r · (−log p_r(label_r)) / Σ_r w_r): the exponential of the mean cross-entropy, by which a
 * model of sequences is measured; for a sequence, give the logits of each position and the tokens that came. 1 is certainty, the number of classes
 * is guessing.
 *
 * Within 0.501 ulp of the exponential of the exact mean of the row losses as they are computed: for float64 logits as pairs, with
 * nothing lost (2^−60), for float32 in float64 to 2^−38. The relative error that they bring is the absolute error of their mean. The
 * logarithm of the perplexity is crossEntropy, and bits per token are crossEntropy / ln 2.
 *
 * Non-finite: +∞ where a label has probability 0 or the result overflows (mean above 709.78); NaN where crossEntropy is NaN. Rows that are
 * ignored count nowhere, and over nothing the mean is 0, so the perplexity 1.
 *
 * @param logits rows × classes, row-major, or of the `shape` given, as for crossEntropy.
 * @param labels one integer in [0, classes) per row, or distributions, as for crossEntropy.
 * @param options `classes`, `shape`, `axis`, `ignoreIndex`, `sampleWeights`, `temperature`, `mask`, `softCap`, `mode`.
 * @returns a float64 number, whatever the logits are.
 * @throws as crossEntropy does.
 */
export function perplexity(logits: Logits, labels: LabelsOrTargets, options?: PerplexityOptions): number {
  const who = 'perplexity'
  const known = checkOptions<PerplexityOptions>(who, options, OPTION_NAMES)
  const plan = checkPlan(who, logits, labels, known)
  const losses = new Float64Array(plan.rows)
  const lossesLow = newLossesLow(plan)
  sweep(plan, { losses, lossesLow, gradient: null, targetGradient: null, scales: null, targetScales: null })
  meanPairOf(losses, plan.divisors, mean, lossesLow)
  return expOfMean()
}

/** Options of perplexityFromLogProbs. */
export interface LogProbsOptions {
  /** One number in [0, 1e100] per log-probability. One of weight 0 is left out, whatever it is. */
  sampleWeights?: Numbers | undefined
}

/**
 * The perplexity of tokens whose log-probabilities are known: exp(−Σ_r w_r · logProbs_r / Σ_r w_r), within 0.501 ulp of the exact value for
 * the numbers given.
 *
 * Non-finite: −∞ (probability 0) gives +∞, NaN gives NaN, +∞ gives 0 or beside −∞ NaN. Numbers above 0, which no log-probability is
 * but for rounding, count as they are.
 *
 * @param logProbs natural logarithms of probabilities, in a Float32Array, a Float64Array or a number[].
 * @param options `sampleWeights`.
 * @throws TypeError for wrong kinds and unknown options; RangeError for no log-probabilities, and weights that do not fit.
 */
export function perplexityFromLogProbs(logProbs: Numbers, options?: LogProbsOptions): number {
  const who = 'perplexityFromLogProbs'
  const { sampleWeights } = checkOptions(who, options, ['sampleWeights'])
  const values = checkLogits(who, logProbs, 'logProbs')
  if (values.length === 0) throw new RangeError(`${who}: expected at least one log-probability, got none`)
  const losses = Float64Array.from(values, (value) => 0 - value)
  const weights = checkWeights(who, 'sampleWeights', sampleWeights, 'row', losses.length)
  const pairs = weights && pairsOf(weights)
  const above = losses.map((loss) => Math.max(loss, 0))
  meanPairOf(above, pairs, mean)
  if (losses.some((loss) => loss < 0)) {
    const { hi, lo } = mean
    const below = losses.map((loss) => Math.max(-loss, 0))
    meanPairOf(below, pairs, mean)
    if (Number.isFinite(hi - mean.hi)) addPairs(hi, lo, -mean.hi, -mean.lo, mean)
    else mean.hi = hi - mean.hi
  }
  return expOfMean()
}

/** Weights as pairs. */
const pairsOf = (weights: Float64Array): RowWeights => {
  const pairs = new Float64Array(2 * weights.length)
  weights.forEach((weight, r) => {
    pairs[2 * r] = weight
  })
  return pairs
}
