/**
 * The WebAssembly backend in accurate mode passes the suites of the reference unchanged, and returns its bits.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { alloc } from '../src/index.ts'
import { referenceKernels } from '../src/kernels/js/reference.ts'
import { baseArena } from '../src/kernels/wasm/arena.ts'
import { accurateBackend } from '../src/kernels/wasm/backend.ts'
import { accurateLossBackend } from '../src/kernels/wasm/loss-backend.ts'
import { crossEntropyConformance } from './conformance/cross-entropy.ts'
import { crossEntropyGradientConformance } from './conformance/cross-entropy-gradient.ts'
import { logSoftmaxConformance } from './conformance/log-softmax.ts'
import { logSumExpConformance } from './conformance/log-sum-exp.ts'
import { optionsConformance } from './conformance/options.ts'
import { softmaxConformance } from './conformance/softmax.ts'
import { type Batch, OPERATIONS, outputOf, singleRow } from './support/operations.ts'
import { seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray } from './support/ulp.ts'
import { CATEGORIES, vectorRows } from './vectors/load.ts'

const arena = baseArena()
if (arena === null) throw new Error('this engine has no WebAssembly with SIMD')
const backend = { ...accurateBackend(arena), ...accurateLossBackend(arena) }

softmaxConformance(backend)
logSoftmaxConformance(backend)
logSumExpConformance(backend)
crossEntropyConformance(backend)
crossEntropyGradientConformance(backend)
optionsConformance(backend)

const random = seededRandom(11)
const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 5e-324, -1e38, 3e38, 1e30]
const DISTRIBUTIONS: ((dtype: Dtype) => number)[] = [
  () => random.normal(),
  () => 30 * random.normal(),
  () => Math.round(random.normal()),
  () => 1e6 + random.normal(),
  () => 1e-6 * random.normal(),
  () => -800 * random.uniform(),
  (dtype) => (dtype === 'f32' ? 3e38 : 1.7e308) * (2 * random.uniform() - 1),
  () => (random.below(4) === 0 ? special[random.below(special.length)] : random.normal()),
  () => (random.below(3) === 0 ? Number.NEGATIVE_INFINITY : 5 * random.normal()),
  () => (random.below(20) === 0 ? 40 + 60 * random.uniform() : random.normal()),
]

function batch(dtype: Dtype, rows: number, classes: number): Batch {
  const draw = DISTRIBUTIONS[random.below(DISTRIBUTIONS.length)]
  const logits = floatArray(dtype, rows * classes).map(() => draw(dtype))
  return { dtype, logits, labels: Int32Array.from({ length: rows }, () => random.below(classes)), rows, classes }
}

/** Whether all entries are the same numbers, −0 and +0 apart; NaN equals NaN whatever its bits. */
const same = (a: FloatArray, b: FloatArray): boolean => a.length === b.length && a.every((x, i) => Object.is(x, b[i]))

describe.each(DTYPES)('the bits of the reference, %s', (dtype) => {
  it.each(OPERATIONS.map((operation) => [operation.name, operation] as const))('%s', (_, operation) => {
    for (let i = 0; i < 400; i++) {
      const classes = i % 40 === 0 ? 500 + random.below(3000) : 1 + random.below(80)
      const input = batch(dtype, 1 + random.below(i % 40 === 0 ? 3 : 14), classes)
      const expected = outputOf(operation, referenceKernels, input)
      expect(same(outputOf(operation, backend, input), expected), `${input.rows} × ${classes}, round ${i}`).toBe(true)
    }
  })

  it.each(OPERATIONS.map((operation) => [operation.name, operation] as const))('%s, all vectors', (_, operation) => {
    for (const category of CATEGORIES) {
      for (const { title, logits, label } of vectorRows(dtype, category)) {
        const input = singleRow(dtype, logits, label)
        const expected = outputOf(operation, referenceKernels, input)
        expect(same(outputOf(operation, backend, input), expected), title).toBe(true)
      }
    }
  })

  it('with arrays from alloc, in any combination, and in place', () => {
    const type = dtype === 'f32' ? 'float32' : 'float64'
    for (let i = 0; i < 60; i++) {
      const input = batch(dtype, 1 + random.below(30), 1 + random.below(90))
      const expected = floatArray(dtype, input.logits.length)
      referenceKernels.softmax(input.logits, input.rows, input.classes, 1, expected)
      const inside = alloc(type, input.logits.length)
      const out = [alloc(type, input.logits.length), floatArray(dtype, input.logits.length), inside][i % 3]
      inside.set(input.logits)
      backend.softmax(i % 2 === 0 || out === inside ? inside : input.logits, input.rows, input.classes, 1, out)
      expect(same(out, expected)).toBe(true)
    }
  })

  it('across the borders of blocks', () => {
    for (const [rows, classes] of [
      [4095, 3],
      [4097, 2],
      [9000, 1],
      [700, 100],
      [3, 70000],
      [1, 262144],
      [1, 262145],
    ]) {
      const input = batch(dtype, rows, classes)
      for (const operation of OPERATIONS) {
        const expected = outputOf(operation, referenceKernels, input)
        expect(same(outputOf(operation, backend, input), expected), `${operation.name} ${rows} × ${classes}`).toBe(true)
      }
    }
  })
})
