/**
 * The linear pass in both precisions: weights, soft targets and offsets of rows against the definition in 40 digits, rows of weight 0,
 * and the same bits in every backend.
 */
import { Decimal as BaseDecimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import type { Features, LinearKernels, RowData } from '../../src/kernels/kernels.ts'
import { referenceLinearKernels, selectLinearKernels } from '../../src/kernels/select-linear.ts'
import { seededRandom } from '../support/random.ts'

const Decimal = BaseDecimal.clone({ precision: 40 })
const ROWS = 70
const FEATURES = 5
const CLASSES = 6
const random = seededRandom(11)
const sixtyFourths = (length: number, most: number): Float64Array =>
  Float64Array.from({ length }, () => (random.below(2 * most + 1) - most) / 64)

// Features are integers, all else multiples of 1/64, so that logits are exact in float32 and only what follows is rounded.
const features = Float64Array.from({ length: ROWS * FEATURES }, () => random.below(9))
const weights = sixtyFourths(CLASSES * FEATURES, 60)
const intercepts = sixtyFourths(CLASSES, 100)
const labels = Int32Array.from({ length: ROWS }, () => random.below(CLASSES))
const rowWeights = Float64Array.from({ length: ROWS }, (_, r) =>
  r % 7 === 3 ? 0 : random.uniform() * 10 ** ((r % 5) - 2),
)
const offset = sixtyFourths(ROWS * CLASSES, 500)
// Rows of any sum, some places 0.
const targets = Float32Array.from({ length: ROWS * CLASSES }, () => (random.below(3) === 0 ? 0 : random.uniform()))

const cases: [string, RowData][] = [
  ['labels', { labels }],
  ['labels and weights', { labels, weights: rowWeights }],
  ['labels and an offset', { labels, offset }],
  ['targets', { targets }],
  ['targets, weights and an offset', { targets, weights: rowWeights, offset: Float32Array.from(offset) }],
]

interface Outcome {
  readonly loss: number
  readonly weightsGradient: Float64Array
  readonly interceptsGradient: Float64Array
}

/** By the definition; the magnitudes are the sums of the absolute values of the terms. */
function exact(data: RowData): Outcome & { readonly magnitudes: Outcome } {
  const zeros = (length: number) => Array.from({ length }, () => new Decimal(0))
  const sums = { loss: zeros(1), weightsGradient: zeros(CLASSES * FEATURES), interceptsGradient: zeros(CLASSES) }
  const sizes = { loss: zeros(1), weightsGradient: zeros(CLASSES * FEATURES), interceptsGradient: zeros(CLASSES) }
  const add = (name: keyof typeof sums, i: number, term: BaseDecimal): void => {
    sums[name][i] = sums[name][i].plus(term)
    sizes[name][i] = sizes[name][i].plus(term.abs())
  }
  for (let r = 0; r < ROWS; r++) {
    const logits = Array.from({ length: CLASSES }, (_, k) => {
      let sum = intercepts[k] + (data.offset?.[r * CLASSES + k] ?? 0)
      for (let j = 0; j < FEATURES; j++) sum += features[r * FEATURES + j] * weights[k * FEATURES + j]
      return new Decimal(sum)
    })
    const logSumExp = logits.reduce((sum, o) => sum.plus(o.exp()), new Decimal(0)).ln()
    const target = (k: number): number => data.targets?.[r * CLASSES + k] ?? (data.labels?.[r] === k ? 1 : 0)
    const weight = data.weights?.[r] ?? 1
    let total = 0
    for (let k = 0; k < CLASSES; k++) total += target(k)
    for (let k = 0; k < CLASSES; k++) {
      add('loss', 0, logSumExp.minus(logits[k]).times(target(k)).times(weight))
      const residual = logits[k].minus(logSumExp).exp().times(total).minus(target(k)).times(weight)
      add('interceptsGradient', k, residual)
      for (let j = 0; j < FEATURES; j++) {
        add('weightsGradient', k * FEATURES + j, residual.times(features[r * FEATURES + j]))
      }
    }
  }
  const read = ({ loss, weightsGradient, interceptsGradient }: typeof sums): Outcome => ({
    loss: loss[0].toNumber(),
    weightsGradient: Float64Array.from(weightsGradient, Number),
    interceptsGradient: Float64Array.from(interceptsGradient, Number),
  })
  return { ...read(sums), magnitudes: read(sizes) }
}

function compute(kernels: LinearKernels, precision: 'f32' | 'f64', data: RowData, x: Features = features): Outcome {
  const pass = kernels.createPass(FEATURES, CLASSES, precision)
  pass.setWeights(weights, intercepts)
  const weightsGradient = new Float64Array(CLASSES * FEATURES)
  const interceptsGradient = new Float64Array(CLASSES)
  return {
    loss: pass.addLossAndGradient(x, data, 0, ROWS, weightsGradient, interceptsGradient),
    weightsGradient,
    interceptsGradient,
  }
}

describe.each([
  ['f32', 2 ** -24],
  ['f64', 2 ** -53],
] as const)('the pass in %s', (precision, unit) => {
  it.each(cases)('agrees with 40 digits: %s', (_, data) => {
    const expected = exact(data)
    const result = compute(selectLinearKernels(), precision, data)
    // Logits are exact. In float64 losses are within 0.55 ulp, products and sums take a rounding each. In float32 the exponentials of a row
    // are within 2 units of 2^−24 of their sum, whose logarithm is off by as much; targets are served by the accurate kernels.
    const weightOf = (r: number): number => data.weights?.[r] ?? 1
    const totalWeight = Array.from({ length: ROWS }, (_, r) => weightOf(r)).reduce((a, b) => a + b)
    const lossError = precision === 'f32' ? 2 * unit * totalWeight : 8 * unit * expected.magnitudes.loss
    expect(Math.abs(result.loss - expected.loss)).toBeLessThanOrEqual(lossError)
    // A term is off by a few roundings, each addition by one.
    const share = (ROWS + 8) * unit
    for (const name of ['weightsGradient', 'interceptsGradient'] as const) {
      result[name].forEach((g, i) => {
        expect(Math.abs(g - expected[name][i])).toBeLessThanOrEqual(share * expected.magnitudes[name][i])
      })
    }
  })

  it.each(cases)('has the bits of the reference, for features of any type: %s', (_, data) => {
    const result = compute(referenceLinearKernels(), precision, data)
    for (const x of [features, Float32Array.from(features), Uint8Array.from(features)]) {
      expect(compute(selectLinearKernels(), precision, data, x)).toEqual(result)
    }
  })

  it('looks at nothing of rows of weight 0', () => {
    const data = { labels, weights: rowWeights, offset }
    const spoiled = { ...data, offset: offset.slice() }
    const x = features.slice()
    for (let r = 3; r < ROWS; r += 7) {
      x.fill(r % 2 ? NaN : Infinity, r * FEATURES, (r + 1) * FEATURES)
      spoiled.offset.fill(-Infinity, r * CLASSES, (r + 1) * CLASSES)
    }
    expect(compute(selectLinearKernels(), precision, spoiled, x)).toEqual(
      compute(selectLinearKernels(), precision, data),
    )
  })
})

it('in f32 rounds features and weights once, also where neither weights nor gradients stay in its memory', () => {
  // 2.2 million weights: 9 MB of float32, 18 MB of gradient.
  const [rows, featureCount, classes] = [3, 2200, 1000]
  const x = Float64Array.from({ length: rows * featureCount }, () => random.normal())
  const w = Float64Array.from({ length: classes * featureCount }, () => random.normal() / 50)
  const run = (precision: 'f32' | 'f64', given: Features, coefficients: Float64Array) => {
    const pass = selectLinearKernels().createPass(featureCount, classes, precision)
    pass.setWeights(coefficients, new Float64Array(classes))
    const gradient = new Float64Array(classes * featureCount)
    const data = { labels: Int32Array.of(1, 998, 500) }
    return { loss: pass.addLossAndGradient(given, data, 0, rows, gradient, new Float64Array(classes)), gradient }
  }
  const single = run('f32', x, w)
  const rounded = run('f32', Float32Array.from(x), Float64Array.from(w, Math.fround))
  expect(rounded.loss).toBe(single.loss)
  expect(rounded.gradient.every((g, i) => g === single.gradient[i])).toBe(true)
  const double = run('f64', x, w)
  // Logits of 2200 products of about 1/50 are off by about √2200 · 2^−24 / 50 and ten times that at most, residuals by that share.
  expect(Math.abs(single.loss / double.loss - 1)).toBeLessThanOrEqual(1e-6)
  let worst = 0
  single.gradient.forEach((g, i) => {
    worst = Math.max(worst, Math.abs(g - double.gradient[i]) / (Math.abs(double.gradient[i]) + 1e-3))
  })
  expect(worst).toBeLessThanOrEqual(1e-5)
})
