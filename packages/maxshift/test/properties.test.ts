/**
 * What must hold for the public functions on any finite logits, checked on random rows by fast-check.
 *
 * The rows are the same in every run. MAXSHIFT_SEED=<integer> tries others, MAXSHIFT_RUNS=<integer> that many times more.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { crossEntropy, crossEntropyWithGradient, logSoftmax, logSumExp, softmax } from '../src/index.ts'
import {
  crossEntropy as crossEntropyOperation,
  gradient as gradientOperation,
  keepsGoal,
  logSoftmax as logSoftmaxOperation,
  logSumExp as logSumExpOperation,
  type Operation,
  softmax as softmaxOperation,
  worstOutput,
} from './support/operations.ts'
import { Decimal, exactRow, toDecimal } from './support/oracle.ts'
import { DTYPES, type Dtype, floatArray, roundTo } from './support/ulp.ts'

const SEED = Number(process.env.MAXSHIFT_SEED ?? 1)
const FACTOR = Number(process.env.MAXSHIFT_RUNS ?? 1)
const LARGEST = { f32: (2 - 2 ** -23) * 2 ** 127, f64: Number.MAX_VALUE }
/** The largest spacing relative to a number, and the smallest spacing: ulp(v) ≤ max(RELATIVE · |v|, LOWEST). */
const RELATIVE = { f32: 2 ** -23, f64: 2 ** -52 }
const LOWEST = { f32: 2 ** -149, f64: 2 ** -1074 }

interface Labelled {
  readonly logits: FloatArray
  readonly label: number
}

/** Everyday logits, wide ones, ties, and everything down to the subnormals and up to the largest numbers. */
function anyLogit(dtype: Dtype): fc.Arbitrary<number> {
  const largest = LARGEST[dtype]
  const entry = fc.oneof(
    { arbitrary: fc.double({ min: -30, max: 30, noNaN: true }), weight: 4 },
    { arbitrary: fc.double({ min: -800, max: 800, noNaN: true }), weight: 2 },
    { arbitrary: fc.integer({ min: -3, max: 3 }), weight: 2 },
    { arbitrary: fc.double({ min: -largest, max: largest, noNaN: true }), weight: 1 },
    { arbitrary: fc.constantFrom(0, -0, largest, -largest, LOWEST[dtype], -LOWEST[dtype]), weight: 1 },
  )
  return entry.map((x) => roundTo(dtype, x))
}

function anyRow(dtype: Dtype, maxLength = 40): fc.Arbitrary<Labelled> {
  return fc
    .tuple(fc.array(anyLogit(dtype), { minLength: 1, maxLength }), fc.nat())
    .map(([row, label]) => ({ logits: floatArray(dtype, row), label: label % row.length }))
}

function holds<T>(arbitrary: fc.Arbitrary<T>, runs: number, predicate: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, predicate), { numRuns: runs * FACTOR, seed: SEED })
}

/** All results of one row, by operation; the loss and the gradient are those of the row alone. */
function resultsOf({ logits, label }: Labelled): ReadonlyMap<Operation, FloatArray> {
  const options = { classes: logits.length, reduction: 'sum' } as const
  const { gradient } = crossEntropyWithGradient(logits, [label], options)
  return new Map<Operation, FloatArray>([
    [softmaxOperation, softmax(logits)],
    [logSoftmaxOperation, logSoftmax(logits)],
    [logSumExpOperation, Float64Array.of(logSumExp(logits))],
    [crossEntropyOperation, Float64Array.of(crossEntropy(logits, [label], options))],
    [gradientOperation, gradient],
  ])
}

/** Whether x − max leaves the format, which is when a log-probability or a loss is infinite. */
function overflows(logits: FloatArray, place: number, dtype: Dtype): boolean {
  return roundTo(dtype, logits[place] - Math.max(...logits)) === Number.NEGATIVE_INFINITY
}

function exactSum(values: FloatArray): Decimal {
  return Array.from(values).reduce((sum, x) => sum.plus(toDecimal(x)), new Decimal(0))
}

describe.each(DTYPES)('%s', (dtype) => {
  test('finite logits give finite results, except where a difference overflows', () => {
    holds(anyRow(dtype), 2000, ({ logits, label }) => {
      expect(Number.isFinite(logSumExp(logits))).toBe(true)
      expect(softmax(logits).every((p: number) => p >= 0 && p <= 1)).toBe(true)
      logSoftmax(logits).forEach((value: number, j: number) => {
        expect(value).toBeLessThanOrEqual(0)
        expect(Number.isFinite(value)).toBe(!overflows(logits, j, dtype))
      })
      const { loss, gradient } = crossEntropyWithGradient(logits, [label], {
        classes: logits.length,
        reduction: 'none',
      })
      expect(loss[0]).toBeGreaterThanOrEqual(0)
      expect(Number.isFinite(loss[0])).toBe(!overflows(logits, label, dtype))
      expect(gradient.every((g: number) => Math.abs(g) <= 1)).toBe(true)
    })
  })

  test('the order of the entries moves the results and changes no bit', () => {
    const shuffledRow = anyRow(dtype).chain((row) =>
      fc.tuple(fc.constant(row), fc.shuffledSubarray([...row.logits.keys()], { minLength: row.logits.length })),
    )
    holds(shuffledRow, 600, ([row, order]) => {
      const moved = {
        logits: floatArray(
          dtype,
          order.map((i) => row.logits[i]),
        ),
        label: order.indexOf(row.label),
      }
      const expected = resultsOf(row)
      for (const [operation, actual] of resultsOf(moved)) {
        const straight = expected.get(operation) ?? actual
        const values = operation.per === 'row' ? Array.from(straight) : order.map((i) => straight[i])
        expect(Array.from(actual), operation.name).toEqual(values)
      }
    })
  })

  test('a shift that rounds no entry changes no bit of what depends on differences', () => {
    // Multiples of 2^-8 up to 2^7, shifted by up to 2^15: 24 bits in all, exact in either dtype.
    const grid = fc.array(fc.integer({ min: -(2 ** 15), max: 2 ** 15 }), { minLength: 1, maxLength: 40 })
    holds(fc.tuple(grid, fc.integer({ min: -(2 ** 15), max: 2 ** 15 }), fc.nat()), 600, ([steps, shift, place]) => {
      const label = place % steps.length
      const row = {
        logits: floatArray(
          dtype,
          steps.map((step) => step / 256),
        ),
        label,
      }
      const shifted = {
        logits: floatArray(
          dtype,
          steps.map((step) => step / 256 + shift),
        ),
        label,
      }
      const expected = resultsOf(row)
      for (const [operation, actual] of resultsOf(shifted)) {
        if (operation !== logSumExpOperation) expect(actual, operation.name).toEqual(expected.get(operation))
      }
    })
  })

  test('equal logits get equal results', () => {
    holds(anyRow(dtype, 6), 600, ({ logits, label }) => {
      const twice = floatArray(dtype, [...logits, ...logits])
      for (const [operation, actual] of resultsOf({ logits: twice, label })) {
        if (operation.per === 'row') continue
        const [first, second] = [actual.slice(0, logits.length), actual.slice(logits.length)]
        // At the label, and only there, the gradient is another quantity.
        if (operation === gradientOperation) first[label] = second[label] = 0
        expect(first, operation.name).toEqual(second)
      }
    })
  })

  // Each p_j is within 0.51 ulp and ulp(p) ≤ RELATIVE · p, or LOWEST below the normal numbers; the exact sum is 1.
  test('probabilities sum to 1 within 0.51 ulp of 1, and 0.51 of the smallest spacing per class', () => {
    holds(anyRow(dtype), 1000, ({ logits }) => {
      const difference = exactSum(softmax(logits)).minus(1).abs()
      const bound = 0.51 * (RELATIVE[dtype] + logits.length * LOWEST[dtype])
      expect(difference.toNumber()).toBeLessThanOrEqual(bound)
    })
  })

  // The exact gradient sums to 0 and its magnitudes to 2 (1 − p_y), twice that at the label. With every component within
  // 0.55 ulp the sum is off by at most 0.55 · RELATIVE of that, and by 0.55 · LOWEST per class where ulps are subnormal.
  // The factor 1.01 pays for taking the computed label gradient instead of the exact one.
  test('a row of the gradient sums to 0 within 1.1 ulp of its label component', () => {
    holds(anyRow(dtype), 1000, ({ logits, label }) => {
      const { gradient } = crossEntropyWithGradient(logits, [label], { classes: logits.length, reduction: 'sum' })
      const bound = 1.01 * 0.55 * (2 * RELATIVE[dtype] * Math.abs(gradient[label]) + logits.length * LOWEST[dtype])
      expect(exactSum(gradient).abs().toNumber()).toBeLessThanOrEqual(bound)
    })
  })

  test('short rows agree with 80-digit decimal arithmetic within the promised ulps', () => {
    holds(anyRow(dtype, 6), 250, (row) => {
      const exact = exactRow(row.logits, row.label, dtype)
      for (const [operation, actual] of resultsOf(row)) {
        const worst = worstOutput(operation, dtype, actual, exact, row.label)
        expect(keepsGoal(operation, dtype, worst, row.logits), `${operation.name}: ${JSON.stringify(worst)}`).toBe(true)
      }
    })
  })

  test('rows of a batch have the bits that they have alone', () => {
    const batch = fc
      .integer({ min: 1, max: 9 })
      .chain((classes) =>
        fc.array(fc.array(anyLogit(dtype), { minLength: classes, maxLength: classes }), { minLength: 1, maxLength: 9 }),
      )
    holds(batch, 300, (rows) => {
      const classes = rows[0].length
      const logits = floatArray(dtype, rows.flat())
      const labels = rows.map((_, r) => r % classes)
      const alone = rows.map((row, r) => resultsOf({ logits: floatArray(dtype, row), label: labels[r] }))
      const join = (operation: Operation): number[] => alone.flatMap((results) => [...(results.get(operation) ?? [])])
      expect(Array.from(softmax(logits, { classes }))).toEqual(join(softmaxOperation))
      expect(Array.from(logSoftmax(logits, { classes }))).toEqual(join(logSoftmaxOperation))
      expect(Array.from(logSumExp(logits, { classes }))).toEqual(join(logSumExpOperation))
      const { loss, gradient } = crossEntropyWithGradient(logits, labels, { classes, reduction: 'none' })
      expect(Array.from(loss)).toEqual(join(crossEntropyOperation).map((x) => roundTo(dtype, x)))
      expect(Array.from(gradient)).toEqual(join(gradientOperation))
    })
  })
})

test('plain arrays compute in float64', () => {
  holds(anyRow('f64'), 200, ({ logits, label }) => {
    const plain = Array.from(logits)
    expect(softmax(plain)).toEqual(softmax(logits))
    expect(logSoftmax(plain)).toEqual(logSoftmax(logits))
    expect(logSumExp(plain)).toBe(logSumExp(logits))
    const options = { classes: logits.length }
    expect(crossEntropy(plain, [label], options)).toBe(crossEntropy(logits, [label], options))
    expect(crossEntropyWithGradient(plain, [label], options)).toEqual(
      crossEntropyWithGradient(logits, [label], options),
    )
  })
})
