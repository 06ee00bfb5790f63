/**
 * What every backend must do with temperatures, scales per row and class weights. Call it with the kernels inside a test file.
 */
import { describe, expect, test } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import type { Kernels, Targets } from '../../src/kernels/kernels.ts'
import { optionsCases } from '../support/options-cases.ts'
import { type OptionsCase, type OptionsRow, optionsRow } from '../support/options-oracle.ts'
import { type Decimal, toExact } from '../support/oracle.ts'
import { DTYPES, type Dtype, floatArray, roundTo, spacingAt, ulpError } from '../support/ulp.ts'

const known = new Map<Dtype, readonly (readonly [OptionsCase, OptionsRow])[]>()

/** The cases with their exact results, computed once for all backends. */
function casesOf(dtype: Dtype): readonly (readonly [OptionsCase, OptionsRow])[] {
  const rows = known.get(dtype) ?? optionsCases(dtype).map((given) => [given, optionsRow(given)] as const)
  known.set(dtype, rows)
  return rows
}

/** A z-loss of a log-sum-exp beyond this leaves the domain of the promise about gradients (kernels/js/soft-double-row.ts). */
const LARGEST_LOG_SUM_EXP = 1e99

type Run = (kernels: Kernels, given: OptionsCase, logits: FloatArray, out: FloatArray, losses: Float64Array) => void

interface Promise {
  readonly run: Run
  readonly exact: (row: OptionsRow) => readonly Decimal[]
  /** What NaN stands for in the exact values. */
  readonly infinity: number
  /** Results are the losses, or the other output. */
  readonly isLoss?: boolean
  /** What errors are measured in, if not the exact values. */
  readonly unit?: (row: OptionsRow) => readonly Decimal[]
  readonly goal: Readonly<Record<Dtype, number>>
  /** Where the absolute error counts instead: m/T + L cancels. */
  readonly absolute?: boolean
}

const targetsOf = (given: OptionsCase): Targets => ({
  base: Float64Array.from(given.base),
  stride: given.label % 2 === 0 ? 0 : given.base.length,
  labels: Int32Array.of(given.label),
  peaks: Float64Array.of(given.peak),
})

const PROMISES: Readonly<Record<string, Promise>> = {
  softmax: {
    run: (kernels, { temperature }, logits, out) => kernels.softmax(logits, 1, logits.length, temperature, out),
    exact: (row) => row.softmax,
    infinity: 0,
    goal: { f32: 0.501, f64: 0.51 },
  },
  logSoftmax: {
    run: (kernels, { temperature }, logits, out) => kernels.logSoftmax(logits, 1, logits.length, temperature, out),
    exact: (row) => row.logSoftmax,
    infinity: -Infinity,
    goal: { f32: 0.501, f64: 0.55 },
  },
  logSumExp: {
    run: (kernels, { temperature }, logits, out) => kernels.logSumExp(logits, 1, logits.length, temperature, out),
    exact: (row) => [row.logSumExp],
    infinity: 0,
    goal: { f32: 0.501, f64: 0.51 },
    absolute: true,
  },
  crossEntropy: {
    run: (kernels, { temperature, label }, logits, _, losses) =>
      kernels.crossEntropy(logits, Int32Array.of(label), 1, logits.length, temperature, losses),
    exact: (row) => [row.crossEntropy],
    infinity: Infinity,
    isLoss: true,
    goal: { f32: 0.501, f64: 0.55 },
  },
  crossEntropyWithGradient: {
    run(kernels, { temperature, label, scale }, logits, out, losses) {
      const labels = Int32Array.of(label)
      const scales = Float64Array.from(scale)
      kernels.crossEntropyWithGradient(logits, labels, 1, logits.length, temperature, scales, losses, out)
    },
    exact: (row) => row.gradient,
    infinity: 0,
    goal: { f32: 0.501, f64: 0.55 },
  },
  softCrossEntropy: {
    run: (kernels, given, logits, _, losses) =>
      kernels.softCrossEntropy(logits, targetsOf(given), 1, logits.length, given.temperature, given.zLoss, losses),
    exact: (row) => [row.loss],
    infinity: Infinity,
    isLoss: true,
    goal: { f32: 0.501, f64: 0.55 },
  },
  softCrossEntropyWithGradient: {
    run(kernels, given, logits, out, losses) {
      const { temperature, zLoss, scale } = given
      const scales = Float64Array.from(scale)
      const targets = targetsOf(given)
      const classes = logits.length
      kernels.softCrossEntropyWithGradient(logits, targets, 1, classes, temperature, zLoss, scales, losses, out)
    },
    exact: (row) => row.softGradient,
    infinity: 0,
    unit: (row) => row.softUnit,
    goal: { f32: 0.51, f64: 0.51 },
  },
}

/** The error of one result in ulps of its unit. */
function errorOf(dtype: Dtype, actual: number, exact: Decimal, promise: Promise, unit: Decimal): number {
  if (exact.isNaN()) return actual === promise.infinity ? 0 : Infinity
  const value = toExact(exact, dtype)
  const error = ulpError(roundTo(dtype, actual), value, dtype)
  if (promise.unit === undefined || !Number.isFinite(value.rounded)) return error
  return (error * spacingAt(value, dtype)) / spacingAt(toExact(unit, dtype), dtype)
}

/** The results of an operation that break its promise. */
export function brokenPromises(kernels: Kernels, dtype: Dtype, name: string): string[] {
  const promise = PROMISES[name]
  const broken: string[] = []
  for (const [given, row] of casesOf(dtype)) {
    if (promise.unit !== undefined && given.zLoss > 0 && row.logSumExp.abs().gt(LARGEST_LOG_SUM_EXP)) continue
    const logits = floatArray(dtype, given.logits)
    const out = floatArray(dtype, logits.length)
    const losses = new Float64Array(1)
    promise.run(kernels, given, logits, out, losses)
    const results = promise.isLoss === true ? losses : out
    const units = (promise.unit ?? promise.exact)(row)
    for (const [k, exact] of promise.exact(row).entries()) {
      const error = errorOf(dtype, results[k], exact, promise, units[k])
      if (error <= promise.goal[dtype]) continue
      const isSmall =
        promise.absolute === true &&
        exact
          .minus(results[k])
          .abs()
          .lt(2 ** -62)
      if (!isSmall)
        broken.push(`${given.title}: ${results[k]} at ${k}, ${error} ulp from ${exact.toString().slice(0, 30)}`)
    }
  }
  return broken
}

const ROWS: readonly (readonly [title: string, row: readonly number[], loss: number, gradient: readonly number[]])[] = [
  ['a NaN', [0, Number.NaN, 1], Number.NaN, [Number.NaN, Number.NaN, Number.NaN]],
  ['only −∞', [-Infinity, -Infinity, -Infinity], Number.NaN, [Number.NaN, Number.NaN, Number.NaN]],
  ['two +∞', [Infinity, Infinity, 0], Number.NaN, [Number.NaN, Number.NaN, Number.NaN]],
  ['one +∞ beside weights', [0, Infinity, 1], Infinity, [-0.25, 0.5, -0.25]],
  ['one +∞ that has no weight', [0, 1, Infinity], Infinity, [-0.25, -0.5, 0.75]],
  ['−∞ under a weight', [0, -Infinity, -Infinity], Infinity, [0.75, -0.5, -0.25]],
]

function followsTable(kernels: Kernels, dtype: Dtype): void {
  const weights = Float64Array.of(0.25, 0.5, 0.25)
  for (const [title, row, loss, gradient] of ROWS) {
    for (const stride of [0, 3]) {
      const targets = { base: Float64Array.of(...weights, ...weights), stride, labels: null, peaks: null }
      const logits = floatArray(dtype, [...row, ...row])
      const losses = new Float64Array(2)
      const out = floatArray(dtype, 6)
      // The second row has scale 0: +0 throughout, whatever it holds.
      const scales = Float64Array.of(1, 0, 0, 0)
      kernels.softCrossEntropyWithGradient(logits, targets, 2, 3, 0.5, 0, scales, losses, out)
      expect(losses[0], title).toBe(loss)
      expect([...out], title).toEqual([...gradient, 0, 0, 0])
      kernels.crossEntropyWithGradient(logits, Int32Array.of(0, 2), 2, 3, 0.5, scales, losses, out)
      expect([...out.subarray(3)], title).toEqual([0, 0, 0])
    }
  }
  const masked = floatArray(dtype, [0, -Infinity, 0])
  const targets = { base: Float64Array.of(0.5, 0, 0.5), stride: 0, labels: null, peaks: null }
  const losses = new Float64Array(1)
  kernels.softCrossEntropy(masked, targets, 1, 3, 2, 0, losses)
  expect(losses[0], 'weight 0 at −∞').toBe(Math.LN2)
}

/** A target all in one place, as a peak, as a base, and as a label: the same digits. */
function agreesWithLabels(kernels: Kernels, dtype: Dtype): void {
  const broken: string[] = []
  for (const [given, row] of casesOf(dtype)) {
    const logits = floatArray(dtype, given.logits)
    const classes = logits.length
    const scales = Float64Array.from(given.scale)
    const losses = new Float64Array(1)
    const out = floatArray(dtype, classes)
    const oneHot = Float64Array.from({ length: classes }, (_, k) => (k === given.label ? 1 : 0))
    const peak = { labels: Int32Array.of(given.label), peaks: Float64Array.of(1) }
    for (const targets of [
      { base: oneHot, stride: classes, labels: null, peaks: null },
      { base: new Float64Array(classes), stride: 0, ...peak },
    ]) {
      kernels.softCrossEntropyWithGradient(logits, targets, 1, classes, given.temperature, 0, scales, losses, out)
      const goal = dtype === 'f32' ? 0.501 : 0.55
      const worst = Math.max(
        ulpError(roundTo(dtype, losses[0]), toExact(row.crossEntropy, dtype), dtype),
        ...row.gradient.map((exact, k) => ulpError(out[k], toExact(exact, dtype), dtype)),
      )
      if (!(worst <= goal)) broken.push(`${given.title}: ${worst} ulp`)
    }
  }
  expect(broken.slice(0, 5), `${broken.length} rows broken`).toEqual([])
}

export function optionsConformance(kernels: Kernels): void {
  describe(`${kernels.name}: temperature, scales and class weights`, () => {
    describe.each(DTYPES)('%s', (dtype) => {
      test.each(Object.keys(PROMISES))('%s keeps its promise', (name) => {
        const broken = brokenPromises(kernels, dtype, name)
        expect(broken.slice(0, 5), `${broken.length} results broken`).toEqual([])
      })
      test('infinities, NaN, and rows of scale 0', () => followsTable(kernels, dtype))
      test('a target all in one place has the digits of a label', () => agreesWithLabels(kernels, dtype))
    })
  })
}
