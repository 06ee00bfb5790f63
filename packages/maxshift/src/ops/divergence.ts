/**
 * Kullback-Leibler and Jensen-Shannon divergence from logits, with gradients: checked, allocating, either dtype. The formulas are in
 * kernels/js/divergence-double.ts.
 */
import type { FloatArray, Logits, ResultArray, SameDtype } from '../arrays.ts'
import { checkApart, checkLogits, checkOptions, checkOut } from '../check.ts'
import { jsDouble, klDouble } from '../kernels/js/divergence-double.ts'
import { jsSingle, klSingle } from '../kernels/js/divergence-single.ts'
import { checkOutOfRows, isSingle, overRowsOf, perRow } from './distribution.ts'
import { type CheckedRows, checkRows, type OneRow, ROW_OPTIONS, type RowOptions, type RowsGiven } from './rows.ts'

/** Options of klDivergence and jsDivergence. */
export interface DivergenceOptions<T extends FloatArray = never> extends RowOptions {
  /** Together with `classes` or `shape`: receives one divergence per row; of the dtype of the results, apart from the logits. */
  out?: T | undefined
}

/** Options of klDivergenceWithGradient and jsDivergenceWithGradient. */
export interface DivergenceGradientOptions<T extends FloatArray = never> extends RowOptions {
  /** Receives the gradient with respect to aLogits: at least as long, either aLogits themselves or apart from all other arrays. */
  aGradient?: T | undefined
  /** Likewise for bLogits. */
  bGradient?: T | undefined
}

/** What klDivergenceWithGradient and jsDivergenceWithGradient return. */
export interface DivergenceWithGradient<D extends number | FloatArray, T extends FloatArray> {
  /** The divergence, or one per row. */
  divergence: D
  /** d divergence / d aLogits, in their layout. */
  aGradient: T
  /** d divergence / d bLogits, in their layout. */
  bGradient: T
}

/** One row of two arrays of logits; gradients where they are wanted. */
type Kernel = typeof klDouble

interface Kernels {
  readonly single: Kernel
  readonly double: Kernel
}

const KL: Kernels = { single: klSingle, double: klDouble }
const JS: Kernels = { single: jsSingle, double: jsDouble }

interface Arguments extends CheckedRows {
  readonly a: FloatArray
  readonly b: FloatArray
}

function checkArguments(who: string, aLogits: Logits, bLogits: Logits, options: RowOptions): Arguments {
  const a = checkLogits(who, aLogits, 'aLogits')
  const b = checkLogits(who, bLogits, 'bLogits')
  if (a.constructor !== b.constructor) {
    const kinds = `${a.constructor.name} and ${b.constructor.name}`
    throw new TypeError(`${who}: expected aLogits and bLogits of one dtype, got ${kinds}`)
  }
  if (a.length !== b.length) {
    throw new RangeError(`${who}: expected as many bLogits as aLogits, ${a.length} in all, got ${b.length}`)
  }
  return { a, b, ...checkRows(who, a.length, options) }
}

function divergence(
  who: string,
  kernels: Kernels,
  aLogits: Logits,
  bLogits: Logits,
  options: DivergenceOptions<FloatArray> | undefined,
): number | FloatArray {
  const known = checkOptions(who, options, [...ROW_OPTIONS, 'out'])
  const { a, b, layout, mask, temperature } = checkArguments(who, aLogits, bLogits, known)
  const result = checkOutOfRows(who, known, layout, mask, a)
  checkApart(who, result, result.length, 'bLogits', b)
  const kernel = isSingle(a, layout) ? kernels.single : kernels.double
  overRowsOf(layout, { logits: [a, b], mask }, ({ logits }, start, r) => {
    result[r] = kernel(logits[0], logits[1], start, layout.classes, temperature, null, null)
  })
  return perRow(known, result)
}

function withGradient(
  who: string,
  kernels: Kernels,
  aLogits: Logits,
  bLogits: Logits,
  options: DivergenceGradientOptions<FloatArray> | undefined,
): DivergenceWithGradient<number | FloatArray, FloatArray> {
  const known = checkOptions(who, options, [...ROW_OPTIONS, 'aGradient', 'bGradient'])
  const { a, b, layout, mask, temperature } = checkArguments(who, aLogits, bLogits, known)
  const aGradient = checkOut(who, known.aGradient, a.length, a, true, 'aGradient')
  const bGradient = checkOut(who, known.bGradient, b.length, b, true, 'bGradient')
  checkApart(who, aGradient, a.length, 'bLogits', b, 'aGradient')
  checkApart(who, bGradient, a.length, 'aLogits', a, 'bGradient')
  checkApart(who, aGradient, a.length, 'bGradient', bGradient, 'aGradient')
  checkApart(who, aGradient, a.length, 'mask', mask, 'aGradient')
  checkApart(who, bGradient, a.length, 'mask', mask, 'bGradient')
  const result = checkOutOfRows(who, { ...known, out: undefined }, layout, mask, a)
  const kernel = isSingle(a, layout) ? kernels.single : kernels.double
  overRowsOf(layout, { logits: [a, b], mask, outputs: [aGradient, bGradient] }, ({ logits, outputs }, start, r) => {
    result[r] = kernel(logits[0], logits[1], start, layout.classes, temperature, outputs[0], outputs[1])
  })
  return { divergence: perRow(known, result), aGradient, bGradient }
}

/**
 * KL(p ‖ q) = Σ p_i log(p_i / q_i) in nats of p = softmax(aLogits / temperature) and q = softmax(bLogits / temperature): of all logits
 * as one row, or with `classes` or `shape` of each row. For a student b distilled from a teacher a, and for policies.
 *
 * Within 0.501 ulp (float32) or 0.55 ulp (float64), never negative, also for rows that differ in the last digit only, where the
 * divergence is 1e−32 and the textbook formula gives noise of either sign. Same bits everywhere.
 *
 * Non-finite: NaN if either row contains a NaN, is all −∞, or has two +∞ or more; one +∞ is the limit, all probability at its place.
 * A place with p_i = 0 adds nothing, whatever q_i is; p_i > 0 at an entry of −∞ in bLogits gives +∞. Masked entries are removed from both
 * rows.
 *
 * @param aLogits one row, or rows × classes, row-major, or an array of the given shape.
 * @param bLogits of the same length and dtype.
 * @param options `classes` or `shape` with `axis`, `mask`, `temperature`, `out`.
 * @returns without `classes` and `shape` a number (rounded to float32 for float32 logits; NaN for no logits at all); else one
 * divergence per row, in the dtype of softmax.
 * @throws TypeError for wrong kinds, logits of two dtypes, unknown options, and `out` for a single row; RangeError for lengths
 * that do not fit, a temperature that is not a finite number above 0, and an `out` that overlaps the logits.
 */
export function klDivergence<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options: DivergenceOptions<ResultArray<L>> & RowsGiven,
): ResultArray<L>
export function klDivergence<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceOptions & OneRow & { out?: undefined },
): number
export function klDivergence<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceOptions<ResultArray<L>>,
): number | ResultArray<L>
export function klDivergence(
  aLogits: Logits,
  bLogits: Logits,
  options?: DivergenceOptions<FloatArray>,
): number | FloatArray {
  return divergence('klDivergence', KL, aLogits, bLogits, options)
}

/**
 * JS(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q)/2, in nats, between 0 and log 2; p and q as in {@link klDivergence}.
 *
 * Within 0.501 ulp (float32) or 0.55 ulp (float64), never negative, for rows that are nearly equal as for rows far apart. Same bits
 * everywhere.
 *
 * Non-finite: as klDivergence, but finite also where one of p_i, q_i is 0; log 2 where that is so everywhere.
 *
 * Parameters, result and errors are those of klDivergence.
 */
export function jsDivergence<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options: DivergenceOptions<ResultArray<L>> & RowsGiven,
): ResultArray<L>
export function jsDivergence<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceOptions & OneRow & { out?: undefined },
): number
export function jsDivergence<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceOptions<ResultArray<L>>,
): number | ResultArray<L>
export function jsDivergence(
  aLogits: Logits,
  bLogits: Logits,
  options?: DivergenceOptions<FloatArray>,
): number | FloatArray {
  return divergence('jsDivergence', JS, aLogits, bLogits, options)
}

/**
 * The divergence of {@link klDivergence} and its gradients, row by row: −p_j (log(q_j / p_j) + KL) / temperature with respect to aLogits,
 * (q_j − p_j) / temperature with respect to bLogits.
 *
 * Components are within 0.501 ulp (float32) or 0.55 ulp (float64), or, where a difference in them cancels, within 2^−38 (2^−60) of
 * p_j · max_i |log(q_i / p_i)| / temperature (with respect to bLogits: of max(p_j, q_j) times that).
 *
 * Non-finite: NaN throughout where the divergence is NaN. Entries of −∞ in both rows, and masked ones, have gradient 0; so has aLogits
 * where p_j is 0 or p is all in one place. Where the divergence is +∞, the gradient with respect to aLogits is the limit for the q_j = 0
 * that make it so, if they go to 0 at one pace: +∞ there (NaN if p is nowhere else), −∞ at the others.
 *
 * Parameters and errors are those of klDivergence, but `aGradient` and `bGradient` receive the gradients.
 */
export function klDivergenceWithGradient<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options: DivergenceGradientOptions<ResultArray<L>> & RowsGiven,
): DivergenceWithGradient<ResultArray<L>, ResultArray<L>>
export function klDivergenceWithGradient<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceGradientOptions<ResultArray<L>> & OneRow,
): DivergenceWithGradient<number, ResultArray<L>>
export function klDivergenceWithGradient<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceGradientOptions<ResultArray<L>>,
): DivergenceWithGradient<number | ResultArray<L>, ResultArray<L>>
export function klDivergenceWithGradient(
  aLogits: Logits,
  bLogits: Logits,
  options?: DivergenceGradientOptions<FloatArray>,
): DivergenceWithGradient<number | FloatArray, FloatArray> {
  return withGradient('klDivergenceWithGradient', KL, aLogits, bLogits, options)
}

/**
 * The divergence of {@link jsDivergence} and its gradients, row by row: ½ p_j (λ_j − Σ p_i λ_i) / temperature with λ_i = log(2 p_i / (p_i + q_i))
 * with respect to aLogits, and the same with p and q exchanged with respect to bLogits.
 *
 * Components are within 0.501 ulp (float32) or 0.55 ulp (float64), or, where the difference cancels, within 2^−38 (2^−60) of p_j (q_j)
 * times max_i |λ_i| / temperature.
 *
 * Non-finite: NaN throughout where the divergence is NaN; 0 at entries of −∞, and masked ones.
 *
 * Parameters and errors are those of klDivergence, but `aGradient` and `bGradient` receive the gradients.
 */
export function jsDivergenceWithGradient<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options: DivergenceGradientOptions<ResultArray<L>> & RowsGiven,
): DivergenceWithGradient<ResultArray<L>, ResultArray<L>>
export function jsDivergenceWithGradient<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceGradientOptions<ResultArray<L>> & OneRow,
): DivergenceWithGradient<number, ResultArray<L>>
export function jsDivergenceWithGradient<L extends Logits>(
  aLogits: L,
  bLogits: SameDtype<L>,
  options?: DivergenceGradientOptions<ResultArray<L>>,
): DivergenceWithGradient<number | ResultArray<L>, ResultArray<L>>
export function jsDivergenceWithGradient(
  aLogits: Logits,
  bLogits: Logits,
  options?: DivergenceGradientOptions<FloatArray>,
): DivergenceWithGradient<number | FloatArray, FloatArray> {
  return withGradient('jsDivergenceWithGradient', JS, aLogits, bLogits, options)
}
