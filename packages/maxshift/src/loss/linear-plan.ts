/**
 * From the arguments of the linear losses to a plan: what crossEntropy checks of labels, weights and options (plan.ts), and the
 * shapes of features, weights and bias, each of which is named beside what it disagrees with.
 */
import type { FloatArray } from '../arrays.ts'
import { checkInteger, checkLabelKind, checkLogits, checkMode, checkOptions, checkTemperature } from '../check.ts'
import type { Features } from '../kernels/kernels.ts'
import type { Precision } from '../kernels/linear-tiles.ts'
import type { Mode } from '../kernels/select.ts'
import { GRID_TERMS } from '../special/grid.ts'
import { checkSoftCap } from './checks.ts'
import type { LabelsOrTargets } from './labels.ts'
import type { Numbers, RowStats, WeightOptions } from './options.ts'
import { checkWeightPlan, type Plan, WEIGHT_OPTIONS, type WeightPlan } from './plan.ts'
import type { Reduction } from './reduction.ts'
import { checkRowStats } from './row-stats.ts'

/** Options of linearCrossEntropy. Those of the loss mean what they mean for crossEntropy. */
export interface LinearCrossEntropyOptions<R extends Reduction = 'mean'> extends WeightOptions<R> {
  /** Numbers per row of the features, and per class of the weights. */
  featureCount: number
  /** Default: the length of the weights divided by featureCount. At most 2^26. */
  classes?: number | undefined
  /** One number per class; default: none. */
  bias?: Numbers | undefined
  /** Logits are divided by it; above 0 and finite. Default 1. */
  temperature?: number | undefined
  /** Adds zLoss · logSumExp² to each row's loss. Default 0. */
  zLoss?: number | undefined
  /** Replaces each logit by softCap · tanh(logit / softCap), before everything else. */
  softCap?: number | undefined
  /** Arrays for each row's logSumExp, entropy and argmax. */
  rowStats?: RowStats | undefined
  /** 'accurate' (default) or 'fast', for what follows the logits. */
  mode?: Mode | undefined
}

export const LINEAR_OPTION_NAMES = [
  'featureCount',
  'classes',
  'bias',
  ...WEIGHT_OPTIONS,
  'temperature',
  'zLoss',
  'softCap',
  'rowStats',
  'mode',
] as const

/** Everything about one call: the plan of the loss for all rows, without its logits, and the linear map before it. */
export interface LinearPlan {
  readonly features: Features
  readonly weights: FloatArray
  readonly bias: FloatArray | null
  readonly featureCount: number
  readonly precision: Precision
  /** An empty array of the dtype of the results. */
  readonly like: FloatArray
  readonly loss: WeightPlan & Pick<Plan, 'temperature' | 'softCap' | 'rowStats' | 'mode'>
}

export function checkLinearPlan<T extends LinearCrossEntropyOptions<Reduction>>(
  who: string,
  features: Features | readonly number[],
  weights: Numbers,
  labels: LabelsOrTargets,
  given: T,
  names: readonly string[],
): { plan: LinearPlan; options: T } {
  const options = checkOptions<T>(who, given, names)
  const x = features instanceof Uint8Array ? features : checkLogits(who, features, 'features', 'a Uint8Array')
  const w = checkLogits(who, weights, 'weights')
  const featureCount = checkFeatureCount(who, options.featureCount, x.length)
  const classes = checkClasses(who, options.classes, w.length, featureCount)
  const bias = options.bias === undefined ? null : checkLogits(who, options.bias, 'bias')
  if (bias !== null && bias.length !== classes) {
    throw new RangeError(`${who}: expected bias to hold one number per class, ${classes} in all, got ${bias.length}`)
  }
  const precision = x instanceof Float64Array || w instanceof Float64Array ? 'f64' : 'f32'
  const like = precision === 'f32' ? new Float32Array(0) : new Float64Array(0)
  checkLabelKind(who, labels, true)
  const layout = { outer: x.length / featureCount, classes, inner: 1 }
  const weighted = checkWeightPlan(who, labels, layout, options)
  const loss = {
    ...weighted,
    temperature: checkTemperature(who, options.temperature),
    softCap: checkSoftCap(who, options.softCap),
    rowStats: checkRowStats(who, options.rowStats, weighted.rows, like),
    mode: checkMode(who, options.mode),
  }
  return { plan: { features: x, weights: w, bias, featureCount, precision, like, loss }, options }
}

function checkFeatureCount(who: string, given: unknown, length: number): number {
  if (given === undefined) {
    throw new TypeError(`${who}: expected featureCount, the numbers per row of the features, got undefined`)
  }
  const featureCount = checkInteger(who, 'featureCount', given, 1, Number.MAX_SAFE_INTEGER)
  if (length === 0) throw new RangeError(`${who}: expected at least one row of features, got none`)
  if (length % featureCount !== 0) {
    throw new RangeError(
      `${who}: expected the length of features to be a multiple of featureCount = ${featureCount}, got ${length}`,
    )
  }
  return featureCount
}

function checkClasses(who: string, given: unknown, length: number, featureCount: number): number {
  if (length === 0) throw new RangeError(`${who}: expected weights of at least one class, got none`)
  if (given === undefined) {
    if (length % featureCount !== 0) {
      throw new RangeError(
        `${who}: expected the length of weights to be a multiple of featureCount = ${featureCount}, got ${length}`,
      )
    }
    return checkInteger(who, 'the number of classes in weights', length / featureCount, 1, GRID_TERMS)
  }
  const classes = checkInteger(who, 'classes', given, 1, GRID_TERMS)
  if (length !== classes * featureCount) {
    throw new RangeError(
      `${who}: expected weights of classes × featureCount = ${classes} × ${featureCount} = ${classes * featureCount} numbers, ` +
        `got ${length}`,
    )
  }
  return classes
}
