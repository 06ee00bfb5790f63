/**
 * The five kernel operations behind one shape, so that what must hold for all of them is written once: accuracy,
 * layout, infinities, invariance. Also the accuracy that each promises (docs/numerics.md).
 */
import type { FloatArray } from '../../src/arrays.ts'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { sameScales } from '../../src/kernels/scales.ts'
import type { ExactRow } from './oracle.ts'
import { absoluteError, type Dtype, type Exact, floatArray, roundTo, ulpError } from './ulp.ts'

/** Row-major logits and one label per row. */
export interface Batch {
  readonly dtype: Dtype
  readonly rows: number
  readonly classes: number
  readonly logits: FloatArray
  readonly labels: Int32Array
}

export interface Operation {
  readonly name: 'softmax' | 'logSoftmax' | 'logSumExp' | 'crossEntropy' | 'gradient'
  /** 'logit': one output per logit, of the logits' dtype; 'row': one output per row. */
  readonly per: 'logit' | 'row'
  /** The dtype of the output array. Losses are float64 even for float32 logits. */
  readonly outputDtype: (dtype: Dtype) => Dtype
  readonly run: (kernels: Kernels, batch: Batch, out: FloatArray) => void
  /** The exact value of every output that the row lists, with its place in the output. */
  readonly exact: (row: ExactRow, label: number) => Iterable<readonly [place: number, value: Exact]>
  /** The largest error promised, in ulps of the logits' dtype. */
  readonly goal: Readonly<Record<Dtype, number>>
}

const sameDtype = (dtype: Dtype): Dtype => dtype

function* components(at: ArrayLike<number>, values: readonly Exact[]): Generator<readonly [number, Exact]> {
  for (let i = 0; i < at.length; i++) yield [at[i], values[i]]
}

export const softmax: Operation = {
  name: 'softmax',
  per: 'logit',
  outputDtype: sameDtype,
  run: (kernels, { logits, rows, classes }, out) => kernels.softmax(logits, rows, classes, 1, out),
  exact: (row) => components(row.at, row.softmax),
  goal: { f32: 0.501, f64: 0.51 },
}

export const logSoftmax: Operation = {
  name: 'logSoftmax',
  per: 'logit',
  outputDtype: sameDtype,
  run: (kernels, { logits, rows, classes }, out) => kernels.logSoftmax(logits, rows, classes, 1, out),
  exact: (row) => components(row.at, row.logSoftmax),
  goal: { f32: 0.501, f64: 0.55 },
}

export const logSumExp: Operation = {
  name: 'logSumExp',
  per: 'row',
  outputDtype: sameDtype,
  run: (kernels, { logits, rows, classes }, out) => kernels.logSumExp(logits, rows, classes, 1, out),
  exact: (row) => [[0, row.logSumExp]],
  goal: { f32: 0.501, f64: 0.51 },
}

export const crossEntropy: Operation = {
  name: 'crossEntropy',
  per: 'row',
  outputDtype: () => 'f64',
  run: (kernels, { logits, labels, rows, classes }, out) =>
    kernels.crossEntropy(logits, labels, rows, classes, 1, out as Float64Array),
  exact: (row) => [[0, row.loss]],
  goal: { f32: 0.501, f64: 0.55 },
}

/** crossEntropyWithGradient with scale 1, as far as the gradient goes. */
export const gradient: Operation = {
  name: 'gradient',
  per: 'logit',
  outputDtype: sameDtype,
  run: (kernels, { logits, labels, rows, classes }, out) =>
    kernels.crossEntropyWithGradient(logits, labels, rows, classes, 1, sameScales(rows), new Float64Array(rows), out),
  *exact(row, label) {
    for (const [place, value] of components(row.at, row.softmax)) if (place !== label) yield [place, value]
    yield [label, row.labelGradient]
  },
  goal: { f32: 0.501, f64: 0.55 },
}

export const OPERATIONS: readonly Operation[] = [softmax, logSoftmax, logSumExp, crossEntropy, gradient]

export function outputLength(operation: Operation, { rows, classes }: Batch): number {
  return operation.per === 'row' ? rows : rows * classes
}

/** Runs an operation into a new array. */
export function outputOf(operation: Operation, kernels: Kernels, batch: Batch): FloatArray {
  const out = floatArray(operation.outputDtype(batch.dtype), outputLength(operation, batch))
  operation.run(kernels, batch, out)
  return out
}

export function singleRow(dtype: Dtype, logits: ArrayLike<number>, label: number): Batch {
  return { dtype, rows: 1, classes: logits.length, logits: floatArray(dtype, logits), labels: Int32Array.of(label) }
}

/** One output beside its exact value. */
export interface Deviation {
  readonly place: number
  readonly actual: number
  readonly exact: Exact
  readonly ulps: number
}

/** The worst output of one row, measured in ulps of the logits' dtype after rounding to it. */
export function worstOutput(
  operation: Operation,
  dtype: Dtype,
  actual: FloatArray,
  row: ExactRow,
  label: number,
): Deviation {
  let worst: Deviation = { place: -1, actual: 0, exact: { rounded: 0, residual: 0 }, ulps: -1 }
  for (const [place, exact] of operation.exact(row, label)) {
    const value = roundTo(dtype, actual[place])
    const ulps = ulpError(value, exact, dtype)
    if (ulps > worst.ulps) worst = { place, actual: value, exact, ulps }
  }
  return worst
}

/**
 * The error of a float64 logSumExp in units of max(1, |m|), where m and log1p(s) cancel: m < 0 and |m + L| < |m|/2.
 * Elsewhere, and for every other result, undefined: there only ulps count.
 */
export function cancellationError(
  operation: Operation,
  dtype: Dtype,
  { actual, exact }: Deviation,
  logits: FloatArray,
): number | undefined {
  if (operation !== logSumExp || dtype !== 'f64') return undefined
  let max = Number.NEGATIVE_INFINITY
  for (const x of logits) max = Math.max(max, x)
  if (!(max < 0 && Math.abs(exact.rounded) < -max / 2)) return undefined
  return absoluteError(actual, exact, dtype) / Math.max(1, -max)
}

/**
 * Whether an output keeps its promise: so many ulps, or 2^-62 of max(1, |m|) where a float64 logSumExp cancels. There
 * its digits are those that m and log1p(s) do not share, and beyond double-double none are left.
 */
export function keepsGoal(operation: Operation, dtype: Dtype, deviation: Deviation, logits: FloatArray): boolean {
  if (deviation.ulps <= operation.goal[dtype]) return true
  return (cancellationError(operation, dtype, deviation, logits) ?? Number.POSITIVE_INFINITY) <= 2 ** -62
}
