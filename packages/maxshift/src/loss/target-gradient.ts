/**
 * The gradient with respect to the targets: d loss / d t_k = scale · w_k · (1 − ε) · (−log p_k), where the scale is that of the row
 * without the temperature. It is linear in t, so t itself does not enter; nor does the z-loss.
 *
 * −log p_k = (m − x_k)/T + L, two terms ≥ 0. L is what a label at the maximum costs: the kernel of labels gives it as a pair, and the
 * product of pairs is rounded once.
 */
import type { FloatArray } from '../arrays.ts'
import { limitLoss } from '../kernels/js/loss-limits.ts'
import { differenceOver, type Temperature, temperatureOf } from '../kernels/js/temperature.ts'
import { findTop, type Top } from '../kernels/js/top.ts'
import type { Kernels } from '../kernels/kernels.ts'
import { takeScratch } from '../kernels/scratch.ts'
import { multiplyPairs, type Pair, productError, sumError } from '../special/double-double.ts'
import type { Plan } from './plan.ts'
import { multiplyRounded } from './scales.ts'

const top: Top = { max: 0, index: 0, second: 0 }

/**
 * out_k for each class of `rows` rows with these logits. Logarithms are float64 whatever the dtype of the logits; where the scale or
 * the weight is 0 the result is 0, elsewhere +∞ at classes of probability 0.
 */
export function fillTargetGradient(
  { classes, temperature, smoothing, classWeights }: Plan,
  kernels: Kernels,
  logits: FloatArray,
  rows: number,
  scales: Float64Array,
  out: FloatArray,
): void {
  const wide = logits instanceof Float64Array ? logits : takeScratch(DOUBLES, logits.length)
  if (wide !== logits) wide.set(logits)
  const tops = new Int32Array(rows)
  for (let r = 0; r < rows; r++) {
    findTop(wide, r * classes, classes, top)
    tops[r] = top.index
  }
  const logs = new Float64Array(rows)
  const logsLow = new Float64Array(rows)
  kernels.crossEntropy(wide, tops, rows, classes, temperature, logs, logsLow)
  const scaled = temperatureOf(temperature)
  const kept = 1 - smoothing
  const keptLow = sumError(1, -smoothing, kept)
  const prices = new Float64Array(classes)
  const pricesLow = new Float64Array(classes)
  let latest = Number.NaN
  for (let r = 0; r < rows; r++) {
    multiplyPairs(scales[2 * r], scales[2 * r + 1], kept, keptLow, factor)
    if (factor.hi !== latest || scales[2 * r + 1] !== scales[2 * r - 1]) {
      setPrices(classWeights, prices, pricesLow)
      latest = factor.hi
    }
    const start = r * classes
    const max = wide[start + tops[r]]
    if (Number.isFinite(logs[r]) && Number.isFinite(max)) {
      const row = wide.subarray(start, start + classes)
      writeRow(row, max, logs[r], logsLow[r], scaled, prices, pricesLow, out, start)
      continue
    }
    findTop(wide, start, classes, top)
    for (let k = 0; k < classes; k++) out[start + k] = prices[k] === 0 ? 0 : limitLoss(top, k) * prices[k]
  }
}

const factor: Pair = { hi: 0, lo: 0 }
const price: Pair = { hi: 0, lo: 0 }
const quotient: Pair = { hi: 0, lo: 0 }

/** The factor times the weights of the classes. */
function setPrices(weights: Float64Array | null, prices: Float64Array, pricesLow: Float64Array): void {
  for (let k = 0; k < prices.length; k++) {
    multiplyPairs(factor.hi, factor.lo, weights === null ? 1 : weights[k], 0, price)
    prices[k] = price.hi
    pricesLow[k] = price.lo
  }
}

/** Between these, products of pairs need no care about the ends of the format. */
const LARGEST = 1e140
const SMALLEST = 1e-130

/** One row of the gradient: ((max − x_k)/T + log + logLow) · price_k, rounded once. */
function writeRow(
  row: FloatArray,
  max: number,
  log: number,
  logLow: number,
  temperature: Temperature,
  prices: Float64Array,
  pricesLow: Float64Array,
  out: FloatArray,
  start: number,
): void {
  const isPlain = temperature.value === 1
  for (let k = 0; k < row.length; k++) {
    let difference = max - row[k]
    let tail = 0
    if (isPlain) tail = sumError(max, -row[k], difference)
    else {
      differenceOver(temperature, max, row[k], quotient)
      difference = quotient.hi
      tail = quotient.lo
    }
    const loss = difference + log
    const low = sumError(difference, log, loss) + (tail + logLow)
    const hi = prices[k]
    const lo = pricesLow[k]
    if (loss > SMALLEST && loss < LARGEST && hi > SMALLEST && hi < LARGEST) {
      const product = loss * hi
      out[start + k] = product + (productError(loss, hi, product) + (loss * lo + low * hi))
    } else out[start + k] = multiplyRounded(loss, loss === Number.POSITIVE_INFINITY ? 0 : low, hi, lo)
  }
}

const DOUBLES = new Float64Array(0)
