/**
 * The residuals of a float32 tile: the same bits in both implementations, and near the exact loss and gradient.
 */
import { Decimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import { createReferenceMemory } from '../../src/kernels/js/linear-products.ts'
import type { LinearMemory } from '../../src/kernels/linear-products.ts'
import { LinearTiles } from '../../src/kernels/linear-tiles.ts'
import { createLinearMemory } from '../../src/kernels/wasm/linear-module.ts'
import { seededRandom } from '../support/random.ts'

interface Outcome {
  readonly loss: number
  readonly gradient: Float32Array
  readonly bias: Float64Array
}

/** The residuals of rows whose logits are put into the tile as they are. */
function residuals(
  create: (bytes: number) => LinearMemory,
  logits: Float32Array,
  classes: number,
  labels: Int32Array,
  weights?: Float64Array,
): Outcome {
  const rows = labels.length
  const shape = { featureCount: 1, classes, rows: Infinity, weightsGradient: true, featuresGradient: false } as const
  const tiles = new LinearTiles({ ...shape, precision: 'f32' }, create)
  ;(tiles.logits as Float32Array).set(logits)
  const loss = tiles.addResiduals(rows, labels, weights)
  tiles.addBiasGradient(rows)
  const bias = new Float64Array(classes)
  tiles.finishBiasGradient(bias)
  return { loss, gradient: (tiles.logits as Float32Array).slice(0, rows * classes), bias }
}

const SIZES = [2, 3, 4, 5, 7, 8, 9, 10, 26, 63, 64, 65, 67, 128, 131, 300]
const bitsOf = (values: Float32Array | Float64Array) => [...new Uint32Array(values.slice().buffer)]

describe('residuals of a tile in float32', () => {
  it.each(SIZES)('%i classes: TypeScript and WebAssembly have the same bits', (classes) => {
    const random = seededRandom(classes)
    for (const spread of [0, 1, 10, 100, 1e4]) {
      for (const rows of [1, 2, 5, 12]) {
        const logits = Float32Array.from({ length: rows * classes }, () => spread * random.normal())
        const labels = Int32Array.from({ length: rows }, () => random.below(classes))
        const weights = Float64Array.from({ length: rows }, () => random.below(3) * random.uniform())
        for (const given of [undefined, weights]) {
          const ours = residuals(createLinearMemory, logits, classes, labels, given)
          const reference = residuals(createReferenceMemory, logits, classes, labels, given)
          expect(bitsOf(ours.gradient)).toEqual(bitsOf(reference.gradient))
          expect(bitsOf(ours.bias)).toEqual(bitsOf(reference.bias))
          expect(ours.loss).toBe(reference.loss)
        }
      }
    }
  })

  it('is near the exact loss and gradient', () => {
    const Exact = Decimal.clone({ precision: 50 })
    const random = seededRandom(5)
    let worst = 0
    let worstLoss = 0
    for (const spread of [0.1, 1, 5, 20]) {
      for (let round = 0; round < 20; round++) {
        const classes = 2 + random.below(40)
        const logits = Float32Array.from({ length: classes }, () => spread * random.normal())
        const label = random.below(classes)
        const powers = [...logits].map((x) => new Exact(x).minus(logits[label]).exp())
        const total = powers.reduce((a, b) => a.plus(b))
        const { loss, gradient } = residuals(createLinearMemory, logits, classes, Int32Array.of(label))
        worstLoss = Math.max(worstLoss, Math.abs(loss - total.ln().toNumber()) / 2 ** -24)
        for (let k = 0; k < classes; k++) {
          const exact = powers[k].div(total).minus(k === label ? 1 : 0)
          worst = Math.max(worst, Math.abs(gradient[k] - exact.toNumber()) / 2 ** -24)
        }
      }
    }
    // Terms of at most 1 whose exponentials are within a unit of 2^−24 or two, and whose sum is within a few: measured 2.3 and 2.2.
    expect(worst).toBeLessThan(4)
    expect(worstLoss).toBeLessThan(8)
  })

  it('a NaN and an infinity show in the loss; a row of weight 0 has no part, whatever it holds', () => {
    for (const bad of [Number.NaN, Infinity]) {
      for (const create of [createLinearMemory, createReferenceMemory]) {
        const logits = Float32Array.of(1, 2, 3, 4, bad, 5)
        const labels = Int32Array.of(0, 2)
        expect(residuals(create, logits, 3, labels).loss).toBeNaN()
        const { loss, gradient, bias } = residuals(create, logits, 3, labels, Float64Array.of(1, 0))
        expect(loss).toBeCloseTo(2.407606, 5)
        expect([...gradient.subarray(3)]).toEqual([0, 0, 0])
        expect(bias[0] + bias[1] + bias[2]).toBeCloseTo(0, 6)
      }
    }
  })
})
