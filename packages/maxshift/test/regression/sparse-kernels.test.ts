/**
 * The sparse products: WebAssembly, alone and shared, has the bits of the reference for every number of classes around the borders of
 * vectors and panels, for every type of values and precision, and however features are cut into ranges.
 */
import { expect, it } from 'vitest'
import { createSparseReference } from '../../src/kernels/js/sparse-products.ts'
import { createSparseLogits, createSparseLookup } from '../../src/kernels/sparse-logits.ts'
import { type Precision, SparsePass, sparseBytes, toMatrix } from '../../src/kernels/sparse-pass.ts'
import type { SparseMemory } from '../../src/kernels/sparse-products.ts'
import { allocateSparse, openSparse } from '../../src/kernels/wasm/sparse-module.ts'
import type { CsrFeatures } from '../../src/regression/index.ts'
import { seededRandom } from '../support/random.ts'
import { makeSparse } from '../support/sparse.ts'

const rows = 40
const columns = 31

function pass(features: CsrFeatures, classes: number, ranges: number, precision: Precision, memory?: SparseMemory) {
  const random = seededRandom(classes)
  const entries = features.values.length
  const valueSize = features.values instanceof Float64Array ? 8 : 4
  const shape = { featureCount: columns, classes, rows, entries, valueSize, ranges } as const
  const own = new SparsePass(shape, memory ?? createSparseReference(new ArrayBuffer(sparseBytes(shape))))
  const weights = Float64Array.from({ length: classes * columns }, random.normal)
  toMatrix(weights, Float64Array.from({ length: classes }, random.normal), classes, own.weights[precision])
  own.load(features, 0, rows)
  own.computeLogits(precision, 0, 17)
  own.computeLogits(precision, 17, rows - 17)
  for (let range = 0; range < ranges; range++) {
    own.clearGradient(precision, range)
    own.addGradient(precision, rows, range)
  }
  return { logits: own.logits[precision].slice(), gradient: own.gradient[precision].slice() }
}

const memoryFor = (features: CsrFeatures, classes: number, ranges: number, shared: boolean): SparseMemory => {
  const valueSize = features.values instanceof Float64Array ? 8 : 4
  const shape = { featureCount: columns, classes, rows, entries: features.values.length, valueSize, ranges } as const
  return openSparse(allocateSparse(sparseBytes(shape), shared))
}

const doubles = makeSparse(rows, columns, 0.4, 5)
const singles = { ...doubles, values: Float32Array.from(doubles.values) }

it.each([2, 3, 4, 5, 8, 12, 16, 17, 20, 24, 28, 31, 32, 33, 36, 64, 65, 70])(
  'have the bits of the reference: %d classes',
  (classes) => {
    for (const features of [singles, doubles]) {
      for (const precision of ['f32', 'f64'] as const) {
        const expected = pass(features, classes, 1, precision)
        for (const shared of [false, true]) {
          const memory = memoryFor(features, classes, 3, shared)
          expect(memory.name).toBe('wasm')
          expect(pass(features, classes, 3, precision, memory)).toEqual(expected)
        }
      }
    }
  },
)

it('give the same logits looked up as laid out', () => {
  const random = seededRandom(8)
  for (const features of [singles, doubles, { ...makeSparse(rows, columns, 0.4, 6, true) }]) {
    const weights = Float64Array.from({ length: 7 * columns }, random.normal)
    const intercepts = Float64Array.from({ length: 7 }, random.normal)
    const laid = new Float64Array(rows * 7)
    createSparseLogits(features, weights, intercepts)(0, rows, laid)
    const lookup = createSparseLookup()
    lookup.setWeights(weights, intercepts)
    const found = new Float64Array(rows * 7)
    lookup.logits(features, 0, rows, found)
    expect(found).toEqual(laid)
  }
})
