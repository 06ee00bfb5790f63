/**
 * Binary cross-entropy from logits: value, and value with gradient. Checked, allocating, either dtype. The formulas are in
 * kernels/js/binary-cross-entropy.ts.
 */
import type { FloatArray, IntegerArray, Logits, ResultArray } from '../arrays.ts'
import { checkApart, checkInteger, checkLogits, checkNumber, checkOptions, checkOut, describe } from '../check.ts'
import {
  type BinaryTask,
  binaryCrossEntropyDouble,
  binaryCrossEntropySingle,
} from '../kernels/js/binary-cross-entropy.ts'
import { GRID_TERMS } from '../special/grid.ts'
import { checkReduction, checkSmoothing, checkWeight, checkWeights } from './checks.ts'
import type { LossOf, LossWithGradient, Numbers } from './options.ts'
import type { Reduction, RowWeights } from './reduction.ts'
import { gradientScales, type Reducing, reduceLosses } from './scales.ts'

/** Targets of single logits, as callers may pass them: numbers in [0, 1], or booleans. */
export type BinaryTargets = Numbers | IntegerArray | readonly boolean[]

/** What losses of single logits share. */
export interface BinaryLossOptions<R extends Reduction = 'mean'> {
  /** Entries per row, for one weight per row or per class: logits are rows × classes, row-major. Default 1. */
  classes?: number | undefined
  /** 'mean' (default) and 'sum' give a number, 'none' one loss per logit. */
  reduction?: R | undefined
  /** One number in [0, 1e100] per row. A row of weight 0 is left out, whatever it holds. */
  sampleWeights?: Numbers | undefined
}

/** Options of binaryCrossEntropy. */
export interface BinaryCrossEntropyOptions<R extends Reduction = 'mean'> extends BinaryLossOptions<R> {
  /** What the loss of the positive part is multiplied with: a number in [0, 1e100], or one per class. Default 1. */
  positiveWeight?: number | Numbers | undefined
  /** In [0, 1): targets become z · (1 − labelSmoothing) + labelSmoothing / 2. Default 0. */
  labelSmoothing?: number | undefined
}

/** Options of binaryCrossEntropyWithGradient. */
export interface BinaryCrossEntropyGradientOptions<R extends Reduction = 'mean', T extends FloatArray = never>
  extends BinaryCrossEntropyOptions<R> {
  /** Receives the gradient: of its dtype, at least as long as the logits, and either the logits themselves or apart from them. */
  out?: T | undefined
}

/** Everything about one call that losses of single logits share. */
export interface BinaryPlan {
  readonly values: FloatArray
  readonly targets: ArrayLike<number>
  readonly rows: number
  readonly classes: number
  /** Of the logits, and of the rows. */
  readonly reducing: Reducing
  readonly rowScales: Reducing
}

/** Any array of numbers: typed, but for those of bigints, which checkNumber refuses one by one. */
const isArrayOfNumbers = (given: unknown): given is ArrayLike<unknown> =>
  Array.isArray(given) || (ArrayBuffer.isView(given) && !(given instanceof DataView))

/** Targets in [0, 1], or those that `allowed` lets through, one per logit. */
function checkBinaryTargets(
  who: string,
  given: BinaryTargets,
  length: number,
  range: string,
  allowed: (target: number) => boolean,
): ArrayLike<number> {
  if (!isArrayOfNumbers(given)) {
    throw new TypeError(`${who}: expected targets to be an array of numbers or booleans, got ${describe(given)}`)
  }
  if (given.length !== length) {
    throw new RangeError(`${who}: expected one target per logit, ${length} in all, got ${given.length}`)
  }
  const list = Array.isArray(given)
  const targets = list ? new Float64Array(length) : (given as ArrayLike<number>)
  for (let i = 0; i < length; i++) {
    const target: unknown = given[i]
    const number = typeof target === 'boolean' ? Number(target) : target
    checkNumber(who, `targets[${i}]`, number, range, allowed)
    if (list) (targets as Float64Array)[i] = number as number
  }
  return targets
}

/** The names of the options that losses of single logits share. */
export const BINARY_OPTIONS = ['classes', 'reduction', 'sampleWeights'] as const

/** One weight per logit from one per row. */
function spread(weights: Float64Array, classes: number, stride: number): RowWeights {
  const pairs = new Float64Array(2 * weights.length * stride)
  for (let i = 0; i < weights.length * stride; i++) pairs[2 * i] = weights[stride === 1 ? i : Math.floor(i / classes)]
  return pairs
}

export function checkBinaryPlan(
  who: string,
  logits: Logits,
  given: BinaryTargets,
  options: BinaryLossOptions<Reduction>,
  range: string,
  allowed: (target: number) => boolean,
): BinaryPlan {
  const values = checkLogits(who, logits)
  const { length } = values
  if (length === 0) throw new RangeError(`${who}: expected at least one logit, got none`)
  const classes = options.classes === undefined ? 1 : checkInteger(who, 'classes', options.classes, 1, GRID_TERMS)
  if (length % classes !== 0) {
    throw new RangeError(
      `${who}: expected the length of logits to be a multiple of classes = ${classes}, got ${length}`,
    )
  }
  const targets = checkBinaryTargets(who, given, length, range, allowed)
  const rows = length / classes
  const reduction = checkReduction(who, options.reduction)
  const weights = checkWeights(who, 'sampleWeights', options.sampleWeights, 'row', rows)
  const ofEntries = weights === null ? null : spread(weights, classes, classes)
  const ofRows = weights === null ? null : spread(weights, classes, 1)
  return {
    values,
    targets,
    rows,
    classes,
    reducing: { rows: length, reduction, factors: ofEntries, divisors: ofEntries },
    rowScales: { rows, reduction, factors: ofRows, divisors: ofRows },
  }
}

/** positiveWeight as one number per class. */
function checkPositiveWeight(who: string, given: number | Numbers | undefined, classes: number): Float64Array | null {
  if (typeof given !== 'number') return checkWeights(who, 'positiveWeight', given, 'class', classes)
  return new Float64Array(classes).fill(checkWeight(who, 'positiveWeight', given))
}

const OPTION_NAMES = [...BINARY_OPTIONS, 'positiveWeight', 'labelSmoothing'] as const
const RANGE = 'in [0, 1]'
const inRange = (target: number): boolean => target >= 0 && target <= 1

function run(
  who: string,
  plan: BinaryPlan,
  options: BinaryCrossEntropyOptions<Reduction>,
  gradient: FloatArray | null,
): number | FloatArray {
  const { values, targets, rows, classes, reducing, rowScales } = plan
  const task: BinaryTask = {
    logits: values,
    targets,
    rows,
    classes,
    positive: checkPositiveWeight(who, options.positiveWeight, classes),
    smoothing: checkSmoothing(who, options.labelSmoothing),
    losses: new Float64Array(values.length),
    gradient,
    scales: gradient === null ? NO_SCALES : gradientScales(rowScales, rowScales.reduction === 'mean' ? classes : 1),
  }
  if (values instanceof Float32Array) binaryCrossEntropySingle(task)
  else binaryCrossEntropyDouble(task)
  return reduceLosses(task.losses, reducing, values)
}

const NO_SCALES = new Float64Array(0)

/**
 * The cross-entropy of single logits x, whose probability is sigmoid(x), with targets z in [0, 1], reduced:
 *
 *   loss = sampleWeight · (positiveWeight · z · log(1 + e^−x) + (1 − z) · log(1 + e^x)),   with labelSmoothing of
 *   z · (1 − labelSmoothing) + labelSmoothing / 2 instead of z;   'sum' = Σ loss,   'mean' = 'sum' / Σ sampleWeight over all logits
 *
 * Without sample weights 'mean' divides by the number of logits, whatever positiveWeight is. A mean over nothing (divisor 0) is 0.
 *
 * Each loss is within 0.501 ulp (float32) or 0.55 ulp (float64), where a confident logit costs 1e−30, not 0; sample weights add the
 * rounding of one product. 'mean' and 'sum' are correctly rounded from float64 losses. Same bits everywhere.
 *
 * Non-finite: a NaN costs NaN; +∞ costs 0 if z is 1, else +∞; −∞ costs 0 if z (times positiveWeight) is 0, else +∞. Never −0.
 *
 * @param logits any number of them; with `classes` rows × classes, row-major.
 * @param targets one per logit: numbers in [0, 1] in a FloatArray, an integer array or a number[], or booleans.
 * @param options see {@link BinaryCrossEntropyOptions}.
 * @returns a number for 'mean' and 'sum' (float64, whatever the logits are), an array in the dtype of softmax for 'none'.
 * @throws TypeError for wrong kinds and unknown options; RangeError for empty input, lengths that do not fit, and values out of range.
 */
export function binaryCrossEntropy<L extends Logits, R extends Reduction = 'mean'>(
  logits: L,
  targets: BinaryTargets,
  options?: BinaryCrossEntropyOptions<R>,
): LossOf<L, R> {
  const who = 'binaryCrossEntropy'
  const known = checkOptions<BinaryCrossEntropyOptions<Reduction>>(who, options, OPTION_NAMES)
  const plan = checkBinaryPlan(who, logits, targets, known, RANGE, inRange)
  return run(who, plan, known, null) as LossOf<L, R>
}

/**
 * The loss of {@link binaryCrossEntropy} and its gradient with respect to the logits, the reduction included (for 'none' each entry is the
 * derivative of its own loss): sampleWeight · ((1 − z) · sigmoid(x) − positiveWeight · z · sigmoid(−x)) over the divisor of 'mean'.
 *
 * For targets 0 and 1 every component is within 0.501 ulp (float32) or 0.55 ulp (float64): for z = 1 it is −sigmoid(−x), with all its
 * digits at any x. Between, where the difference cancels, within 2^−38 (2^−60) of the larger of its two terms.
 *
 * Non-finite: NaN for a NaN; at ±∞ the limit. Rows of weight 0 have gradient +0, whatever they hold.
 *
 * Parameters and errors are those of binaryCrossEntropy; `out` receives the gradient, and must lie apart from the targets.
 */
export function binaryCrossEntropyWithGradient<L extends Logits, R extends Reduction = 'mean'>(
  logits: L,
  targets: BinaryTargets,
  options?: BinaryCrossEntropyGradientOptions<R, ResultArray<L>>,
): LossWithGradient<LossOf<L, R>, ResultArray<L>> {
  const who = 'binaryCrossEntropyWithGradient'
  const known = checkOptions<BinaryCrossEntropyGradientOptions<Reduction, FloatArray>>(who, options, [
    ...OPTION_NAMES,
    'out',
  ])
  const plan = checkBinaryPlan(who, logits, targets, known, RANGE, inRange)
  const gradient = checkOut(who, known.out, plan.values.length, plan.values)
  checkApart(who, gradient, plan.values.length, 'targets', targets)
  const loss = run(who, plan, known, gradient)
  return { loss, gradient } as LossWithGradient<LossOf<L, R>, ResultArray<L>>
}
