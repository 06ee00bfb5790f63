/**
 * Cross-entropy of a linear layer, fused: logits = X·Wᵀ + b are computed for a tile of rows, go through the loss while they are in
 * memory, and leave their part of the gradients behind; the logits of all rows are never stored. kernels/linear-tiles.ts has the
 * products, sweep.ts the loss.
 */
import type { FloatArray } from '../arrays.ts'
import { checkOptions, describe } from '../check.ts'
import type { Features } from '../kernels/kernels.ts'
import { LinearTiles } from '../kernels/linear-tiles.ts'
import { borrowLinearMemory } from '../kernels/select-linear.ts'
import { checkResults, checkResultsApart, type Named } from './checks.ts'
import type { LabelsOrTargets } from './labels.ts'
import { checkLinearPlan, LINEAR_OPTION_NAMES, type LinearCrossEntropyOptions, type LinearPlan } from './linear-plan.ts'
import type { Numbers } from './options.ts'
import type { Plan } from './plan.ts'
import type { Reduction } from './reduction.ts'
import { gradientScales, reduceLosses } from './scales.ts'
import { newLossesLow, sweep } from './sweep.ts'

/** The arrays of results: Float32Array where features are float32 or bytes and weights float32, else Float64Array. */
export type LinearResult<F, W> = W extends Float32Array
  ? F extends Float32Array | Uint8Array
    ? Float32Array
    : Float64Array
  : Float64Array

/** A number, or for 'none' one loss per row. */
export type LinearLoss<F, W, R extends Reduction> = R extends 'none' ? LinearResult<F, W> : number

/** Options of linearCrossEntropyWithGradient. */
export interface LinearCrossEntropyGradientOptions<
  R extends Reduction = 'mean',
  T extends FloatArray = never,
  G extends boolean = boolean,
> extends LinearCrossEntropyOptions<R> {
  /** Whether to compute the gradient of the features too: a third product as large as the others. Default false. */
  featuresGradient?: G | undefined
  /** Arrays that receive the gradients, of their dtype and at least as long, apart from each other and from all inputs. */
  out?: { weightsGradient?: T | undefined; biasGradient?: T | undefined; featuresGradient?: T | undefined } | undefined
}

/** What linearCrossEntropyWithGradient returns. */
export interface LinearGradients<L extends number | FloatArray, T extends FloatArray> {
  /** The reduced loss, or one loss per row for 'none'. */
  loss: L
  /** classes × featureCount. */
  weightsGradient: T
  /** One per class, with or without a bias. */
  biasGradient: T
  /** rows × featureCount, if it was asked for. */
  featuresGradient?: T
}

/** What is returned besides with `featuresGradient: true`. */
export type WithFeaturesGradient<G extends boolean, T extends FloatArray> = [G] extends [true]
  ? { featuresGradient: T }
  : unknown

/**
 * The loss of crossEntropy for the logits x·Wᵀ + b of each row x of the features, with its options, and without ever storing the logits:
 * at most 64 rows of them exist at a time, in at most 32 MiB (or one row). Up to 4096 features and 2^19 classes all working memory
 * together stays below 64 MiB, besides 24 bytes per row.
 *
 * Products are computed in float32 if the weights are float32 and the features float32 or bytes, else in float64. Sums of at most 64
 * products are rounded to that type at every step, and added up in float64. With u = 2^−24, or 2^−53 for float64, a logit is within
 * (min(64, featureCount) + 2 + featureCount/128) · u · (|b| + Σ |x · w|) of the exact one, to first order and where no product
 * underflows; products beyond the type are infinite. Everything after the logits is as exact as in crossEntropy. The order of all additions is fixed by the
 * shape: same bits on every engine, with or without WebAssembly.
 *
 * Non-finite: a NaN or an infinity among the features concerns its row only, one in the weights or the bias its class in all rows; 0 · ∞
 * is NaN. The table of crossEntropy decides what the loss of such a row is; a bias of −∞ rules a class out.
 *
 * @param features rows × featureCount, row-major. Bytes are the numbers 0 to 255 and are never widened as a whole.
 * @param weights classes × featureCount, row-major.
 * @param labels one integer per row, or distributions, as for crossEntropy.
 * @param options see {@link LinearCrossEntropyOptions}; featureCount is required.
 * @returns a number for 'mean' and 'sum' (float64), one loss per row in the type of the products for 'none'.
 * @throws TypeError for wrong kinds, unknown options and options that contradict each other; RangeError for empty input, lengths that do
 * not fit, and values out of range; RangeError where there is no memory.
 */
export function linearCrossEntropy<
  F extends Features | readonly number[],
  W extends Numbers,
  R extends Reduction = 'mean',
>(features: F, weights: W, labels: LabelsOrTargets, options: LinearCrossEntropyOptions<R>): LinearLoss<F, W, R> {
  const who = 'linearCrossEntropy'
  const { plan } = checkLinearPlan(who, features, weights, labels, options, LINEAR_OPTION_NAMES)
  checkResultsApart(who, statsOf(plan), inputsOf(plan))
  return run(plan, null) as LinearLoss<F, W, R>
}

const GRADIENT_OPTION_NAMES = [...LINEAR_OPTION_NAMES, 'featuresGradient', 'out'] as const
const OUT_NAMES = ['weightsGradient', 'biasGradient', 'featuresGradient'] as const

/**
 * The loss of {@link linearCrossEntropy} and its gradients. With g the gradient of the loss with respect to the logits, as
 * crossEntropyWithGradient gives it (reduction included; for 'none' that of the sum of the losses):
 *
 *   weightsGradient = gᵀ·X,   biasGradient = Σ_rows g,   on request featuresGradient = g·W
 *
 * For the computed logits the entries of g are as exact as there. Their products with features, or weights, are computed in the type of
 * the logits: sums of at most 64 products, those of a tile of rows or of a panel of classes, are rounded at every step, and added up
 * in float64. Only a float32 gradient of the weights with more than 2^20 entries adds its tiles in float32. An entry is within
 * (66 + t) · u · Σ |g · x| of the exact sum, to first order; t is the number of tiles, or panels, if they are added in the type of the
 * result, and 0 where they are added in a wider one.
 *
 * Rows that are left out (ignored, or with a sample weight of 0) have no part in anything, whatever they hold, and +0 in featuresGradient.
 * A row whose loss is NaN makes the sums NaN that it has a part in, and no others: its own row of featuresGradient, and no other.
 *
 * Parameters, memory and errors are those of linearCrossEntropy; the gradients themselves are not counted, and can be given in `out`.
 */
export function linearCrossEntropyWithGradient<
  F extends Features | readonly number[],
  W extends Numbers,
  R extends Reduction = 'mean',
  G extends boolean = false,
>(
  features: F,
  weights: W,
  labels: LabelsOrTargets,
  options: LinearCrossEntropyGradientOptions<R, LinearResult<F, W>, G>,
): LinearGradients<LinearLoss<F, W, R>, LinearResult<F, W>> & WithFeaturesGradient<G, LinearResult<F, W>> {
  const who = 'linearCrossEntropyWithGradient'
  const checked = checkLinearPlan(
    who,
    features,
    weights,
    labels,
    options as LinearCrossEntropyGradientOptions<Reduction, FloatArray>,
    GRADIENT_OPTION_NAMES,
  )
  const { plan } = checked
  const gradients = checkGradients(who, plan, checked.options)
  const named = OUT_NAMES.flatMap((name): Named[] => (gradients[name] === undefined ? [] : [[name, gradients[name]]]))
  checkResultsApart(who, [...statsOf(plan), ...named], inputsOf(plan))
  const loss = run(plan, gradients)
  return { loss, ...gradients } as LinearGradients<LinearLoss<F, W, R>, LinearResult<F, W>> &
    WithFeaturesGradient<G, LinearResult<F, W>>
}

interface Gradients {
  weightsGradient: FloatArray
  biasGradient: FloatArray
  featuresGradient?: FloatArray
}

/** The arrays for the gradients, cut to their length and zeroed. */
function checkGradients(
  who: string,
  plan: LinearPlan,
  options: LinearCrossEntropyGradientOptions<Reduction, FloatArray>,
): Gradients {
  const { features, weights, like, loss } = plan
  const { featuresGradient } = options
  if (featuresGradient !== undefined && typeof featuresGradient !== 'boolean') {
    throw new TypeError(`${who}: expected featuresGradient to be true or false, got ${describe(featuresGradient)}`)
  }
  const out = checkOptions(who, options.out, OUT_NAMES, 'out')
  if (out.featuresGradient !== undefined && featuresGradient !== true) {
    throw new TypeError(
      `${who}: expected out.featuresGradient only together with featuresGradient: true, got ${describe(out.featuresGradient)} ` +
        `and featuresGradient = ${featuresGradient}`,
    )
  }
  const Type = like instanceof Float32Array ? Float32Array : Float64Array
  const take = (name: (typeof OUT_NAMES)[number], length: number): FloatArray =>
    out[name] === undefined
      ? new Type(length)
      : checkResults(who, `out.${name}`, out[name], length, like).subarray(0, length)
  const gradients: Gradients = {
    weightsGradient: take('weightsGradient', weights.length),
    biasGradient: take('biasGradient', loss.classes),
  }
  if (featuresGradient === true) gradients.featuresGradient = take('featuresGradient', features.length)
  return gradients
}

/** What is still read while results are written. */
function inputsOf({ features, weights, bias, loss }: LinearPlan): Named[] {
  const inputs: Named[] = [
    ['features', features],
    ['weights', weights],
  ]
  if (bias !== null) inputs.push(['bias', bias])
  if (loss.labels !== null) inputs.push(['labels', loss.labels])
  if (loss.targets !== null) inputs.push(['labels', loss.targets])
  return inputs
}

const statsOf = ({ loss }: LinearPlan): Named[] =>
  Object.entries(loss.rowStats ?? {}).map(([name, array]): Named => [`rowStats.${name}`, array])

/** All tiles: the reduced loss, and gradients where they are asked for. */
function run(plan: LinearPlan, gradients: Gradients | null): number | FloatArray {
  const { features, featureCount, precision, loss, like } = plan
  const { rows, classes } = loss
  const shape = {
    featureCount,
    classes,
    rows,
    precision,
    weightsGradient: gradients !== null,
    featuresGradient: gradients?.featuresGradient !== undefined,
  }
  const tiles = new LinearTiles(shape, borrowLinearMemory)
  tiles.setWeights(plan.weights, plan.bias)
  const losses = new Float64Array(rows)
  const lossesLow = newLossesLow({ ...loss, values: like })
  const scales = gradients === null ? null : gradientScales(loss, loss.temperature)
  const biasSums = new Float64Array(gradients === null ? 0 : classes)
  gradients?.weightsGradient.fill(0)
  for (let first = 0; first < rows; first += tiles.tileRows) {
    const count = Math.min(tiles.tileRows, rows - first)
    tiles.load(features, first, count)
    tiles.computeLogits(count)
    const logits = tiles.logits.subarray(0, count * classes)
    const own = scales === null ? null : scales.subarray(2 * first, 2 * (first + count))
    const results = {
      losses: losses.subarray(first, first + count),
      lossesLow: lossesLow === null ? null : lossesLow.subarray(first, first + count),
      scales: own,
      targetGradient: null,
      targetScales: null,
    }
    sweep(tilePlan(plan, logits, first, count), { ...results, gradient: gradients === null ? null : logits })
    if (gradients === null || own === null) continue
    for (let r = 0; r < count; r++) if (own[2 * r] === 0) tiles.clearRow(r)
    tiles.addWeightsGradient(count, gradients.weightsGradient)
    tiles.addBiasGradient(count)
    if (gradients.featuresGradient === undefined) continue
    tiles.writeFeaturesGradient(count, gradients.featuresGradient, first)
    for (let r = 0; r < count; r++) {
      const begin = (first + r) * featureCount
      if (own[2 * r] === 0) gradients.featuresGradient.fill(0, begin, begin + featureCount)
    }
  }
  if (gradients !== null) {
    tiles.finishWeightsGradient(gradients.weightsGradient)
    tiles.finishBiasGradient(biasSums)
    gradients.biasGradient.set(biasSums)
  }
  return reduceLosses(losses, loss, like, lossesLow)
}

/** The plan of the loss for some rows, whose logits these are. */
function tilePlan({ loss }: LinearPlan, logits: FloatArray, first: number, count: number): Plan {
  const { classes, labels, targets, rowStats } = loss
  const stats: Record<string, FloatArray | Int32Array> = {}
  for (const [name, array] of Object.entries(rowStats ?? {})) stats[name] = array.subarray(first, first + count)
  return {
    ...loss,
    values: logits,
    layout: { outer: count, classes, inner: 1 },
    rows: count,
    labels: labels === null ? null : labels.subarray(first, first + count),
    targets: targets === null ? null : targets.subarray(first * classes, (first + count) * classes),
    rowStats: rowStats === null ? null : stats,
    mask: null,
    zeroDead: false,
  }
}
