/**
 * The products under the linear losses: both backends give the same bits, within the bound that is promised, for every size around
 * the borders of vectors, groups, blocks, panels and tiles.
 */
import { Decimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import { createReferenceMemory } from '../../src/kernels/js/linear-products.ts'
import type { Features } from '../../src/kernels/kernels.ts'
import type { LinearMemory } from '../../src/kernels/linear-products.ts'
import { LinearTiles, type Precision, planOf } from '../../src/kernels/linear-tiles.ts'
import { createLinearMemory } from '../../src/kernels/wasm/linear-module.ts'
import { seededRandom } from '../support/random.ts'

type Kind = 'u8' | 'f32' | 'f64'

interface Data {
  readonly rows: number
  readonly featureCount: number
  readonly classes: number
  readonly features: Features
  readonly weights: FloatArray
  readonly bias: Float64Array
  readonly residuals: FloatArray
}

const arrays = { u8: Uint8Array, f32: Float32Array, f64: Float64Array }

function makeData(rows: number, featureCount: number, classes: number, x: Kind, w: 'f32' | 'f64', seed: number): Data {
  const random = seededRandom(seed)
  const draw = (kind: Kind, length: number): Features => {
    const numbers = new arrays[kind](length)
    for (let i = 0; i < length; i++) numbers[i] = kind === 'u8' ? random.below(256) : 2 * random.uniform() - 1
    return numbers
  }
  const precision = x === 'f64' || w === 'f64' ? 'f64' : 'f32'
  return {
    rows,
    featureCount,
    classes,
    features: draw(x, rows * featureCount),
    weights: draw(w, classes * featureCount) as FloatArray,
    bias: draw('f64', classes) as Float64Array,
    residuals: draw(precision, rows * classes) as FloatArray,
  }
}

const precisionOf = ({ residuals }: Data): Precision => (residuals instanceof Float32Array ? 'f32' : 'f64')

/** Logits of all rows, and the gradients that the residuals give. */
function pass(data: Data, create: (bytes: number) => LinearMemory) {
  const { rows, featureCount, classes, residuals } = data
  const precision = precisionOf(data)
  const shape = { featureCount, classes, rows, precision, weightsGradient: true, featuresGradient: true }
  const tiles = new LinearTiles(shape, create)
  tiles.setWeights(data.weights, data.bias)
  const zeros = (length: number): FloatArray => new arrays[precision](length)
  const logits = zeros(rows * classes)
  const weightsGradient = zeros(classes * featureCount)
  const biasGradient = new Float64Array(classes)
  const featuresGradient = zeros(rows * featureCount)
  for (let first = 0; first < rows; first += tiles.tileRows) {
    const count = Math.min(tiles.tileRows, rows - first)
    tiles.load(data.features, first, count)
    tiles.computeLogits(count)
    logits.set(tiles.logits.subarray(0, count * classes), first * classes)
    tiles.logits.set(residuals.subarray(first * classes, (first + count) * classes))
    tiles.addWeightsGradient(count, weightsGradient)
    tiles.addBiasGradient(count)
    tiles.writeFeaturesGradient(count, featuresGradient, first)
  }
  tiles.finishWeightsGradient(weightsGradient)
  tiles.finishBiasGradient(biasGradient)
  return { logits, weightsGradient, biasGradient, featuresGradient }
}

const KINDS = [
  ['u8', 'f32'],
  ['f32', 'f32'],
  ['u8', 'f64'],
  ['f32', 'f64'],
  ['f64', 'f32'],
  ['f64', 'f64'],
] as const

const SHAPES = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33].map((featureCount) => [3, featureCount, 5]),
  ...[127, 128, 129, 255, 256, 257, 512, 513, 784].map((featureCount) => [2, featureCount, 3]),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 59, 60, 61, 80, 81, 120, 121].map((classes) => [3, 6, classes]),
  ...[1, 2, 3, 4, 5, 63, 64, 65, 127, 129].map((rows) => [rows, 9, 4]),
  [65, 17, 61],
  // Weights and gradients that do not fit: panel by panel, and at the second shape with tiles of less than 64 rows.
  [65, 1040, 2100],
  [3, 1, 4_200_000],
  [3, 70_000, 7],
]

describe.each(KINDS)('products of %s features with %s weights', (x, w) => {
  const shapes = SHAPES.filter(([rows, featureCount, classes]) => rows * featureCount * classes < 1e6 || x === w)
  it.each(shapes)('have the same bits in both backends: %d rows, %d features, %d classes', (...shape) => {
    const [rows, featureCount, classes] = shape
    const data = makeData(rows, featureCount, classes, x, w, rows + 31 * featureCount + 1009 * classes)
    const wasm = pass(data, createLinearMemory)
    const reference = pass(data, createReferenceMemory)
    for (const name of ['logits', 'weightsGradient', 'biasGradient', 'featuresGradient'] as const) {
      expect(sameBits(wasm[name], reference[name]), name).toBe(true)
    }
  })
  it.each([
    [7, 1, 3],
    [5, 40, 6],
    [70, 300, 5],
    [3, 1000, 62],
  ])('stay within the bound: %d rows, %d features, %d classes', (...shape) => {
    const [rows, featureCount, classes] = shape
    const data = makeData(rows, featureCount, classes, x, w, 7 * rows + featureCount)
    const outcome = pass(data, createLinearMemory)
    const u = precisionOf(data) === 'f32' ? 2 ** -24 : 2 ** -53
    const { features, weights, bias, residuals } = data
    const random = seededRandom(featureCount)
    const worst = { logits: 0, weightsGradient: 0, featuresGradient: 0 }
    for (let n = 0; n < 60; n++) {
      const r = random.below(rows)
      const k = random.below(classes)
      const j = random.below(featureCount)
      const logit = exactSum(
        featureCount,
        (i) => [features[r * featureCount + i], weights[k * featureCount + i]],
        bias[k],
      )
      const weight = exactSum(rows, (i) => [residuals[i * classes + k], features[i * featureCount + j]])
      const feature = exactSum(classes, (i) => [residuals[r * classes + i], weights[i * featureCount + j]])
      const slack = {
        logits: Math.min(64, featureCount) + 2 + featureCount / 128,
        weightsGradient: 68,
        featuresGradient: 70,
      }
      const of = { logits: logit, weightsGradient: weight, featuresGradient: feature }
      const at = {
        logits: r * classes + k,
        weightsGradient: k * featureCount + j,
        featuresGradient: r * featureCount + j,
      }
      for (const name of ['logits', 'weightsGradient', 'featuresGradient'] as const) {
        const error = new Decimal(outcome[name][at[name]]).minus(of[name].sum).abs()
        worst[name] = Math.max(worst[name], error.div(of[name].magnitude.times(slack[name] * u)).toNumber())
      }
    }
    expect(worst.logits).toBeLessThanOrEqual(1)
    expect(worst.weightsGradient).toBeLessThanOrEqual(1)
    expect(worst.featuresGradient).toBeLessThanOrEqual(1)
    if (featureCount > 1) expect(worst.logits, 'there is something to bound').toBeGreaterThan(0)
  })
})

function sameBits(a: FloatArray, b: FloatArray): boolean {
  return (
    Buffer.compare(
      new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
      new Uint8Array(b.buffer, b.byteOffset, b.byteLength),
    ) === 0
  )
}

Decimal.set({ precision: 60 })

function exactSum(terms: number, factors: (i: number) => [number, number], start = 0) {
  let sum = new Decimal(start)
  let magnitude = sum.abs()
  for (let i = 0; i < terms; i++) {
    const [a, b] = factors(i)
    const product = new Decimal(a).times(b)
    sum = sum.plus(product)
    magnitude = magnitude.plus(product.abs())
  }
  return { sum, magnitude }
}

describe('the plan of the products', () => {
  const shape = { rows: 4096, weightsGradient: true, featuresGradient: true } as const
  it.each([
    [1024, 128_000, 'f32'],
    [1024, 128_000, 'f64'],
    [4096, 2 ** 19, 'f32'],
    [4096, 2 ** 19, 'f64'],
    [4096, 512, 'f64'],
    [256, 4096, 'f64'],
    [784, 10, 'f32'],
    [1, 2 ** 19, 'f64'],
  ] as const)('takes at most 64 MiB for %d features and %d classes in %s', (featureCount, classes, precision) => {
    let taken = 0
    const create = (bytes: number): LinearMemory => {
      taken = bytes
      return createLinearMemory(bytes)
    }
    const tiles = new LinearTiles({ ...shape, featureCount, classes, precision }, create)
    const biasSums = classes * 8
    expect(taken + biasSums).toBeLessThanOrEqual(64 * 2 ** 20)
    expect(tiles.logits.byteLength).toBeLessThanOrEqual(32 * 2 ** 20)
  })
  it('takes tiles of 64 rows at 128 000 classes of float32', () => {
    const { tileRows } = planOf({ ...shape, featureCount: 1024, classes: 128_000, precision: 'f32' })
    expect(tileRows).toBe(64)
  })
})

it('WebAssembly serves where there is one', () => {
  expect([createLinearMemory(64).name, createReferenceMemory(64).name]).toEqual(['wasm', 'typescript'])
})

describe('areas', () => {
  it('are not written beyond, nor before', () => {
    const guard = 0.123
    for (const [rows, featureCount, classes] of [
      [3, 5, 7],
      [5, 8, 4],
      [64, 33, 61],
    ]) {
      for (const precision of ['f32', 'f64'] as const) {
        const data = makeData(rows, featureCount, classes, precision, precision, 5)
        let memory: LinearMemory | undefined
        let end = 0
        pass(data, (bytes) => {
          memory = createLinearMemory(bytes + 4096)
          end = Math.ceil(bytes / 64) * 64
          new Float64Array(memory.buffer).fill(guard)
          return memory
        })
        const all = new Float64Array(memory?.buffer ?? new ArrayBuffer(0))
        expect(all.subarray(0, 8).every((x) => x === guard)).toBe(true)
        expect(all.subarray(end / 8).every((x) => x === guard)).toBe(true)
      }
    }
  })
})
