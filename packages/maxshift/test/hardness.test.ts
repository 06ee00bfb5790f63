/**
 * The vectors are hard: the formulas in common use fail them, by as much as is claimed here, and where.
 *
 * Each claim is a lower bound on the largest error of a formula (support/naive-kernels.ts) on one category, in ulps of
 * the dtype. They are rounded down generously, because the formulas call Math.exp and Math.log, whose last bits belong
 * to the engine. `Infinity` stands for NaN, an infinity or a number of the wrong magnitude altogether.
 */
import { describe, expect, test } from 'vitest'
import { referenceKernels } from '../src/kernels/js/reference.ts'
import type { Kernels } from '../src/kernels/kernels.ts'
import { brokenPromises } from './conformance/options.ts'
import { largestError } from './support/measure.ts'
import { type Formula, naiveKernels } from './support/naive-kernels.ts'
import {
  crossEntropy,
  gradient,
  logSoftmax,
  logSumExp,
  OPERATIONS,
  type Operation,
  softmax,
} from './support/operations.ts'
import { DTYPES, type Dtype } from './support/ulp.ts'
import { CATEGORIES, type Category } from './vectors/load.ts'

type Claim = readonly [operation: Operation, dtype: Dtype, categories: string, ulps: number]

/** "No correct digit": 2^24 or 2^53 ulp, less a little because the lost result need not fill its binade. */
const NO_DIGIT_F32 = 1e7
const NO_DIGIT_F64 = 5e15

const CLAIMS: Readonly<Record<Formula, readonly Claim[]>> = {
  // exp overflows above 88 and 709, underflows below −103 and −745, and log meets the zero that leaves.
  textbook: [
    [softmax, 'f32', 'BCDEGH', Number.POSITIVE_INFINITY],
    [softmax, 'f64', 'BCDEGH', Number.POSITIVE_INFINITY],
    [logSoftmax, 'f32', 'BCDEGH', Number.POSITIVE_INFINITY],
    [logSoftmax, 'f64', 'BCDEGH', Number.POSITIVE_INFINITY],
    [logSumExp, 'f64', 'BCDEGH', Number.POSITIVE_INFINITY],
    [crossEntropy, 'f64', 'BCDEGH', Number.POSITIVE_INFINITY],
    [gradient, 'f64', 'BCDEGH', Number.POSITIVE_INFINITY],
  ],
  // No overflow any more. But 1 + s rounds to 1 past a margin of 17 or 37, and x − m is rounded before exp multiplies its error.
  shifted: [
    [softmax, 'f32', 'ABCEFGH', 5],
    [softmax, 'f64', 'BGH', 200],
    [softmax, 'f32', 'D', 1000],
    [softmax, 'f64', 'D', 1000],
    [logSoftmax, 'f32', 'BDFGH', NO_DIGIT_F32],
    [logSoftmax, 'f64', 'BDFGH', NO_DIGIT_F64],
    [crossEntropy, 'f32', 'BDFG', NO_DIGIT_F32],
    [crossEntropy, 'f64', 'BDFG', NO_DIGIT_F64],
    [gradient, 'f32', 'BDFG', NO_DIGIT_F32],
    [gradient, 'f64', 'BDFG', NO_DIGIT_F64],
    [logSumExp, 'f32', 'F', NO_DIGIT_F32],
  ],
  // x − logSumExp also loses what the common offset takes.
  difference: [
    [logSoftmax, 'f32', 'E', 1e6],
    [logSoftmax, 'f64', 'E', NO_DIGIT_F64],
    [crossEntropy, 'f32', 'E', 1e6],
    [crossEntropy, 'f64', 'E', NO_DIGIT_F64],
    [crossEntropy, 'f64', 'H', 2],
  ],
  // The right formulas with plain sums and differences: no digit is lost at any margin, but far more than half an ulp.
  complement: [
    [softmax, 'f32', 'BH', 20],
    [softmax, 'f64', 'BGH', 200],
    [logSoftmax, 'f64', 'BH', 50],
    [crossEntropy, 'f64', 'B', 50],
    [crossEntropy, 'f64', 'D', 1000],
    [gradient, 'f64', 'D', 1000],
    [logSumExp, 'f64', 'D', 50],
    [logSumExp, 'f32', 'F', NO_DIGIT_F32],
  ],
}

describe('formulas computed in the dtype of the logits', () => {
  for (const [formula, claims] of Object.entries(CLAIMS) as [Formula, readonly Claim[]][]) {
    for (const [operation, dtype, categories, ulps] of claims) {
      test(`${formula} ${operation.name} is at least ${ulps} ulp off in ${dtype}, categories ${categories}`, () => {
        for (const category of categories as Iterable<Category>) {
          const measured = largestError(naiveKernels(formula, dtype), operation, dtype, category)
          expect(measured.ulps, category).toBeGreaterThanOrEqual(ulps)
          expect(measured.broken, category).toBeGreaterThan(0)
        }
      })
    }
  }
})

test('every category catches the shifted formulas in both dtypes', () => {
  for (const dtype of DTYPES) {
    for (const category of CATEGORIES) {
      const { broken } = largestError(naiveKernels('shifted', dtype), softmax, dtype, category)
      expect(broken, `${dtype}-${category}`).toBeGreaterThan(0)
    }
  }
})

describe('float64 inside, for float32 logits', () => {
  test('does not save the shifted formulas', () => {
    for (const operation of [logSoftmax, crossEntropy, gradient]) {
      for (const category of ['B', 'D', 'F', 'G'] as const) {
        const { ulps } = largestError(naiveKernels('shifted', 'f64'), operation, 'f32', category)
        expect(ulps, `${operation.name} ${category}`).toBeGreaterThan(NO_DIGIT_F32)
      }
    }
  })

  // The control: with the right formulas the vectors can be met, so it is not they who are wrong.
  test('with the largest term left out of the sum keeps every promise but that of logSumExp next to 0', () => {
    const kernels = naiveKernels('complement', 'f64')
    for (const operation of OPERATIONS) {
      for (const category of CATEGORIES) {
        const { broken } = largestError(kernels, operation, 'f32', category)
        if (operation === logSumExp && category === 'F') expect(broken).toBeGreaterThan(0)
        else expect(broken, `${operation.name} ${category}`).toBe(0)
      }
    }
  })
})

test('the rows with options catch logits that are divided before they are subtracted', () => {
  for (const dtype of DTYPES) {
    const divided: Kernels = {
      ...referenceKernels,
      softmax: (logits, rows, classes, temperature, out) =>
        referenceKernels.softmax(
          logits.map((x: number) => x / temperature),
          rows,
          classes,
          1,
          out,
        ),
    }
    expect(brokenPromises(divided, dtype, 'softmax').length).toBeGreaterThan(5)
    expect(
      brokenPromises(naiveKernels('shifted', dtype), dtype, 'softCrossEntropyWithGradient').length,
    ).toBeGreaterThan(5)
  }
})
