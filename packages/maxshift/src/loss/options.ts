/**
 * The options of the cross-entropies, and the types of what they return. What the options mean together is one formula, in the
 * docstring of crossEntropy; docs/losses.md explains it.
 */
import type { FloatArray, Logits, ResultArray } from '../arrays.ts'
import type { Mode } from '../kernels/select.ts'
import type { RowOptions } from '../ops/rows.ts'
import type { Reduction } from './reduction.ts'

/** Numbers as callers may pass them. */
export type Numbers = FloatArray | readonly number[]

/** Arrays that receive facts about each row, computed while the row is in cache. Give those that you want, one entry per row. */
export interface RowStats {
  /** log Σ_k exp(v_k / temperature), of the dtype of the results. */
  logSumExp?: FloatArray | undefined
  /** −Σ_k p_k log p_k, in nats, of the dtype of the results. */
  entropy?: FloatArray | undefined
  /** The class of the largest logit, the lowest of equals; −1 where there is none: a NaN in the row, or no entry above −∞. */
  argmax?: Int32Array | undefined
}

/** How rows are weighted and reduced: options that every loss over labelled rows has. */
export interface WeightOptions<R extends Reduction = 'mean'> {
  /** 'mean' (default) and 'sum' give a number, 'none' one loss per row. */
  reduction?: R | undefined
  /** One number in [0, 1e100] per row. A row of weight 0 is left out, whatever it holds. */
  sampleWeights?: Numbers | undefined
  /** One number in [0, 1e100] per class. */
  classWeights?: Numbers | undefined
  /** Rows with this label, or one of these, are left out. It may lie outside [0, classes). Not with distributions. */
  ignoreIndex?: number | readonly number[] | undefined
  /** In [0, 1): the share of each row's target that is spread evenly over the classes that the mask leaves. Default 0. */
  labelSmoothing?: number | undefined
}

/** Options of crossEntropy. With `shape`, labels have that shape without the axis, and distributions all of it. */
export interface CrossEntropyOptions<R extends Reduction = 'mean'> extends WeightOptions<R>, RowOptions {
  /**
   * Entries per row. Default: the length of the logits divided by the number of labels, if that is above 1; with distributions in a
   * FloatArray, all logits are one row.
   */
  classes?: number | undefined
  /** The loss and the gradient of a row without any entry above −∞: 'nan' (default) or 'zero'. */
  allMasked?: 'nan' | 'zero' | undefined
  /** Adds zLoss · logSumExp² to each row's loss. Default 0. */
  zLoss?: number | undefined
  /** Replaces each logit by softCap · tanh(logit / softCap), before everything else. */
  softCap?: number | undefined
  /** Arrays for each row's logSumExp, entropy and argmax. */
  rowStats?: RowStats | undefined
  /** 'accurate' (default) or 'fast', as for softmax. */
  mode?: Mode | undefined
}

/** Options of crossEntropyWithGradient. */
export interface CrossEntropyGradientOptions<
  R extends Reduction = 'mean',
  T extends FloatArray = never,
  G extends boolean | FloatArray = boolean | FloatArray,
> extends CrossEntropyOptions<R> {
  /** Receives the gradient: of its dtype, at least as long as the logits, and either the logits themselves or apart from them. */
  out?: T | undefined
  /**
   * With distributions: true, or an array of their dtype and length, for d loss / d target in their layout. The array must lie
   * apart from all others.
   */
  targetGradient?: G | undefined
}

/** A number, or for 'none' one loss per row in the dtype of the results. */
export type LossOf<L extends Logits, R extends Reduction> = R extends 'none' ? ResultArray<L> : number

/** What crossEntropyWithGradient returns. */
export interface LossWithGradient<L extends number | FloatArray, T extends FloatArray> {
  /** The reduced loss, or one loss per row for 'none'. */
  loss: L
  /** d loss / d logits, in their layout, the reduction included. */
  gradient: T
  /** d loss / d target, if it was asked for. */
  targetGradient?: FloatArray
}

/** What is returned besides if `targetGradient` is true or an array. */
export type WithTargetGradient<G> = G extends false ? unknown : { targetGradient: FloatArray }
