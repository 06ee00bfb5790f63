/**
 * sampleCategorical: draws from the distributions that rows of logits stand for, and their exact log-probabilities. Checked,
 * allocating, either dtype.
 *
 * A draw inverts the cumulative distribution: u is 78 random bits, a function of (seed, counter, row, draw) alone (uniform.ts); the
 * class drawn is the one on whose interval u · Σp falls, where sums are exact (cumulative.ts). So a draw is the same on every
 * engine, and a class of probability 0 is never drawn.
 */
import { arrayLike, type FloatArray, type Logits, type ResultArray } from '../../arrays.ts'
import {
  checkFlag,
  checkInteger,
  checkLogits,
  checkMode,
  checkOptions,
  checkShare,
  checkTemperature,
} from '../../check.ts'
import { findTop, type Top } from '../../kernels/js/top.ts'
import { takeScratch, withScratch } from '../../kernels/scratch.ts'
import { type Mode, selectKernels } from '../../kernels/select.ts'
import { selectLossKernels } from '../../kernels/select-losses.ts'
import type { Pair } from '../../special/double-double.ts'
import { GRID_TERMS } from '../../special/grid.ts'
import { checkLayout, checkMask, ROW_OPTIONS, type RowOptions, rowCount } from '../rows.ts'
import { accumulate, type Cumulative, classAt, makeCumulative, shareOf } from './cumulative.ts'
import { type Filters, filterRow, hasDistribution } from './filters.ts'
import { makeBest } from './largest.ts'
import { innerSize, overChunks, resultPlace } from './row-chunks.ts'
import { randomSeed, uniform } from './uniform.ts'

/** Options of sampleCategorical. */
export interface SampleOptions extends RowOptions {
  /** A finite number above 0 that logits are divided by. Default 1. For the limit at 0 set `greedy`. */
  temperature?: number | undefined
  /** First filter: keeps at most so many of the most probable classes, exactly so many also where there are ties. */
  topK?: number | undefined
  /** Second filter: keeps the fewest of the most probable classes whose share of what is left reaches topP in [0, 1], at least one. */
  topP?: number | undefined
  /** Third filter: keeps the classes at least minP times as probable as the most probable one; in [0, 1]. */
  minP?: number | undefined
  /** An integer in [0, 2^53). Default: a random one, which the result tells. */
  seed?: number | undefined
  /** Which of the seed's 2^53 series of draws, for example the step of a generated sequence. Default 0. */
  counter?: number | undefined
  /** Independent draws per row. Default 1. */
  count?: number | undefined
  /** Whether to take the most probable class, of several the first, instead of drawing. */
  greedy?: boolean | undefined
  /** Whether to return log-probabilities without topK, topP and minP as well. */
  unfilteredLogProbs?: boolean | undefined
  /** 'accurate' (default) or 'fast', as for softmax. In fast mode draws may differ between machines where the bits of softmax do. */
  mode?: Mode | undefined
}

/** What sampleCategorical returns: `count` entries per row; with `shape` and `axis`, arrays of that shape with count in place of the classes. */
export interface Samples<T extends FloatArray = FloatArray> {
  /** The classes drawn; −1 in a row that has no distribution. */
  indices: Int32Array
  /** Their log-probabilities in the distribution they were drawn from: after temperature, mask and filters. */
  logProbs: T
  /** Their log-probabilities after temperature and mask only, if asked for. */
  unfilteredLogProbs?: T
  /** The seed: given again, it gives the same draws again. */
  seed: number
}

const OPTION_NAMES = [
  ...ROW_OPTIONS,
  'topK',
  'topP',
  'minP',
  'seed',
  'counter',
  'count',
  'greedy',
  'unfilteredLogProbs',
  'mode',
] as const

/** Entries of the longest result. */
const LARGEST_RESULT = 2 ** 32

/** What a draw needs to know. */
interface Plan {
  readonly filters: Filters
  readonly isFiltered: boolean
  readonly seed: number
  readonly counter: number
  readonly count: number
  readonly greedy: boolean
}

function checkPlan(who: string, options: SampleOptions, rows: number, classes: number): Plan {
  const { topK, topP = 1, minP = 0, seed, counter = 0, count = 1 } = options
  const greedy = checkFlag(who, 'greedy', options.greedy)
  if (options.temperature === 0) {
    const hint = 'greedy: true takes the most probable class'
    throw new RangeError(`${who}: expected temperature to be a finite number above 0, got 0 (${hint})`)
  }
  checkInteger(who, 'count', count, 0, Math.min(GRID_TERMS, Math.floor(LARGEST_RESULT / Math.max(1, rows))))
  if (topK !== undefined) checkInteger(who, 'topK', topK, 1, GRID_TERMS)
  const limit = topK !== undefined && topK < classes ? topK : null
  if (greedy && count > 1) {
    throw new RangeError(`${who}: expected count = 1 with greedy, whose choice is always the same, got ${count}`)
  }
  return {
    filters: {
      temperature: checkTemperature(who, options.temperature),
      best: limit === null ? null : makeBest(limit),
      topP: checkShare(who, 'topP', topP),
      minP: checkShare(who, 'minP', minP),
      mode: checkMode(who, options.mode),
    },
    isFiltered: limit !== null || topP < 1 || minP > 0,
    seed: seed === undefined ? randomSeed() : checkInteger(who, 'seed', seed, 0, Number.MAX_SAFE_INTEGER),
    counter: checkInteger(who, 'counter', counter, 0, Number.MAX_SAFE_INTEGER),
    count,
    greedy,
  }
}

const top: Top = { max: 0, index: 0, second: 0 }
const u: Pair = { hi: 0, lo: 0 }

/** The draws from one row, given its probabilities: fills chosen[from … from + count). */
function drawRow(probs: FloatArray, row: number, plan: Plan, sums: Cumulative, chosen: Int32Array, from: number): void {
  if (Number.isNaN(probs[0])) {
    chosen.fill(-1, from, from + plan.count)
    return
  }
  accumulate(probs, sums)
  for (let draw = 0; draw < plan.count; draw++) {
    uniform(plan.seed, plan.counter, row, draw, u)
    chosen[from + draw] = classAt(probs, sums, shareOf(sums.total, u.hi, u.lo, Math.floor))
  }
}

/** The choices for contiguous rows, the first of which is row `first` of the call: places within the rows, −1 for none. */
function choose(logits: FloatArray, rows: number, first: number, plan: Plan): Int32Array {
  const classes = logits.length / rows
  const chosen = new Int32Array(rows * plan.count)
  if (plan.greedy) {
    for (let i = 0; i < chosen.length; i++) {
      findTop(logits, i * classes, classes, top)
      chosen[i] = hasDistribution(top) ? top.index : -1
    }
    return chosen
  }
  const probs = takeScratch(logits, logits.length)
  const { temperature, mode } = plan.filters
  selectKernels(logits.length, mode).softmax(logits, rows, classes, temperature, probs)
  const sums = makeCumulative(classes)
  for (let r = 0; r < rows; r++) {
    drawRow(probs.subarray(r * classes, (r + 1) * classes), first + r, plan, sums, chosen, r * plan.count)
  }
  return chosen
}

/** The log-probabilities of choices, as logSoftmax has them; NaN for none. One choice per row needs no array of all of them. */
function logProbsAt(logits: FloatArray, rows: number, chosen: Int32Array, { filters, count }: Plan): FloatArray {
  const classes = logits.length / rows
  const kernels = selectLossKernels(logits.length, filters.mode)
  if (count === 1) {
    const losses = new Float64Array(rows)
    const labels = chosen.map((place) => Math.max(place, 0))
    kernels.crossEntropy(logits, labels, rows, classes, filters.temperature, losses)
    // Rounded before the sign changes: a loss that is 0 in float32 gives 0, not −0.
    const result = arrayLike(logits, rows)
    result.set(losses)
    for (let i = 0; i < rows; i++) result[i] = chosen[i] < 0 ? Number.NaN : 0 - result[i]
    return result
  }
  const all = takeScratch(logits, logits.length)
  kernels.logSoftmax(logits, rows, classes, filters.temperature, all)
  const result = arrayLike(logits, chosen.length)
  for (let i = 0; i < chosen.length; i++) {
    result[i] = chosen[i] < 0 ? Number.NaN : all[Math.floor(i / count) * classes + chosen[i]]
  }
  return result
}

/** What a chunk of rows gives, count entries per row. */
interface Chosen {
  places: Int32Array
  logProbs: FloatArray
  unfiltered: FloatArray | null
}

function sampleUnfiltered(logits: FloatArray, rows: number, first: number, plan: Plan): Chosen {
  const places = choose(logits, rows, first, plan)
  const logProbs = logProbsAt(logits, rows, places, plan)
  return { places, logProbs, unfiltered: logProbs }
}

function sampleFiltered(row: FloatArray, number: number, plan: Plan, withUnfiltered: boolean): Chosen {
  const candidates = filterRow(row, plan.filters)
  if (candidates === null) return sampleUnfiltered(row, 1, number, plan)
  const { logits, places: kept } = candidates
  const drawn = choose(logits, 1, number, plan)
  const logProbs = logProbsAt(logits, 1, drawn, plan)
  const places = kept === null ? drawn : drawn.map((i) => kept[i])
  if (!withUnfiltered) return { places, logProbs, unfiltered: null }
  return { places, logProbs, unfiltered: kept === null ? logProbs : logProbsAt(row, 1, places, plan) }
}

/**
 * Draws a class from each row of logits: from softmax(logits / temperature) without the masked classes and, if filters are given, without
 * what they remove. They apply in the order topK, topP, minP, each to what the one before left, all in the order of descending
 * logits and, among equal ones, ascending indices; the rest is drawn from in proportion.
 *
 * A draw depends on seed, counter, the number of the row, the number of the draw, and the row's logits and options; on nothing else, so it
 * is the same on every engine, and rows and draws may be done in any order. Every class is drawn with its probability as softmax
 * returns it, resolved to 2^−78; a class of probability 0 is never drawn. Not for secrets.
 *
 * Log-probabilities are within 0.501 ulp (float32) or 0.55 ulp (float64), those of logSoftmax over the classes that are left.
 *
 * Non-finite: a row without a distribution (with a NaN, with −∞ only, or with two +∞) gives index −1 and NaN. A single +∞ is drawn with
 * certainty.
 *
 * @param logits one row, or rows as `classes` or `shape` and `axis` say.
 * @param options see SampleOptions.
 * @returns arrays also for a single draw: `const [token] = sampleCategorical(logits, { topP: 0.9 }).indices`.
 * @throws TypeError for wrong kinds and unknown options; RangeError for rows without classes, a temperature that is not above 0, and
 * other values out of their range.
 *
 * Sources: Philox 4×32-10 (philox.ts); the order of the filters is that of the Hugging Face transformers library.
 */
export function sampleCategorical<L extends Logits>(
  logits: L,
  options: SampleOptions & { unfilteredLogProbs: true },
): Required<Samples<ResultArray<L>>>
export function sampleCategorical<L extends Logits>(logits: L, options?: SampleOptions): Samples<ResultArray<L>>
export function sampleCategorical(logits: Logits, options?: SampleOptions): Samples {
  const who = 'sampleCategorical'
  const known = checkOptions(who, options, OPTION_NAMES)
  const values = checkLogits(who, logits)
  const layout = checkLayout(who, values.length, known)
  const { classes } = layout
  if (classes === 0) throw new RangeError(`${who}: expected at least one logit per row, got none`)
  const mask = checkMask(who, known.mask, values.length)
  const withUnfiltered = checkFlag(who, 'unfilteredLogProbs', known.unfilteredLogProbs)
  const plan = checkPlan(who, known, rowCount(layout), classes)

  const { count } = plan
  const inner = innerSize(layout, known)
  const length = rowCount(layout) * count
  const indices = new Int32Array(length)
  const result: Samples = { indices, logProbs: arrayLike(values, length), seed: plan.seed }
  if (withUnfiltered) result.unfilteredLogProbs = arrayLike(values, length)
  const store = ({ places, logProbs, unfiltered }: Chosen, first: number): void => {
    for (let i = 0; i < places.length; i++) {
      const to = resultPlace(inner, count, first + Math.floor(i / count), i % count)
      indices[to] = places[i]
      result.logProbs[to] = logProbs[i]
      if (result.unfilteredLogProbs && unfiltered) result.unfilteredLogProbs[to] = unfiltered[i]
    }
  }
  overChunks(layout, values, mask, (chunk, rows, first) => {
    if (!plan.isFiltered) {
      store(sampleUnfiltered(chunk, rows, first, plan), first)
      return
    }
    for (let r = 0; r < rows; r++) {
      const row = chunk.subarray(r * classes, (r + 1) * classes)
      withScratch(() => store(sampleFiltered(row, first + r, plan, withUnfiltered), first + r))
    }
  })
  return result
}
