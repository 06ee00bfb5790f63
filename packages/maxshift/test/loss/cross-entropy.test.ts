/**
 * What options do where numbers are not finite, rows are left out or arrays are shared: everything about crossEntropy that is no accuracy.
 */

import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import {
  type CrossEntropyGradientOptions,
  type CrossEntropyOptions,
  crossEntropy,
  crossEntropyWithGradient,
} from '../../src/index.ts'
import type { Reduction } from '../../src/loss/reduction.ts'
import { isPossible, randomCall, SWITCHES } from '../support/loss-cases.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, floatArray } from '../support/ulp.ts'

const { NaN: nan, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: ruledOut } = Number

/** Two rows of two, the second [0, 0] with the loss ln 2. */
const besides = (first: readonly number[]): number[] => [...first, 0, 0]
const LN2 = Math.LN2

describe('rows that are left out', () => {
  const leaveOut: [string, CrossEntropyOptions<Reduction>, labels: number[]][] = [
    ['ignored', { ignoreIndex: -1 }, [-1, 0]],
    ['one of several ignored labels', { ignoreIndex: [7, 1] }, [1, 0]],
    ['sample weight 0', { sampleWeights: [0, 3] }, [1, 0]],
    ['class weight 0', { classWeights: [2, 0] }, [1, 0]],
    ['ignored, smoothed', { ignoreIndex: -1, labelSmoothing: 0.5 }, [-1, 0]],
    ['sample weight 0, z-loss', { sampleWeights: [0, 1], zLoss: 0 }, [1, 0]],
  ]
  it.each(leaveOut)('%s: count nowhere, whatever they hold', (_, options, labels) => {
    for (const row of [
      [nan, 1],
      [infinity, infinity],
      [ruledOut, ruledOut],
      [5, -5],
    ]) {
      const mean = crossEntropyWithGradient(besides(row), labels, options)
      expect(mean.loss).toBe(LN2)
      const slope = 0.5 - (options.labelSmoothing ?? 0) / 2
      expect([...mean.gradient]).toEqual([0, 0, -slope, slope])
      const none = crossEntropyWithGradient(besides(row), labels, { ...options, reduction: 'none' })
      expect(Object.is((none.loss as FloatArray)[0], 0)).toBe(true)
      expect([...none.gradient.subarray(0, 2)]).toEqual([0, 0])
    }
  })
  it('with distributions and under a cap too', () => {
    const options = { classes: 2, sampleWeights: [0, 1], softCap: 5, targetGradient: true } as const
    const { loss, gradient, targetGradient } = crossEntropyWithGradient(
      [nan, 1, 0, 0],
      Float64Array.of(1, 0, 0.5, 0.5),
      options,
    )
    expect(loss).toBe(LN2)
    expect([...gradient]).toEqual([0, 0, 0, 0])
    expect([...targetGradient]).toEqual([0, 0, LN2, LN2])
  })
  it.each([
    ['all ignored', { ignoreIndex: 0 }],
    ['no sample weight', { sampleWeights: [0, 0] }],
    ['no class weight', { classWeights: [0, 1] }],
    ['no class weight, although smoothing spreads to another', { classWeights: [0, 1], labelSmoothing: 0.2 }],
  ])('a mean over nothing is 0 with gradient 0: %s', (_, options) => {
    const { loss, gradient } = crossEntropyWithGradient([1, 2, 3, nan], [0, 0], options)
    expect(loss).toBe(0)
    expect([...gradient]).toEqual([0, 0, 0, 0])
  })
})

describe('rows that are not finite', () => {
  it('a NaN stays in its row, also behind a mask', () => {
    const options = { reduction: 'none', mask: Uint8Array.of(0, 1, 1, 1) } as const
    for (const more of [{}, { labelSmoothing: 0.1 }, { zLoss: 1 }, { softCap: 3 }]) {
      const { loss, gradient } = crossEntropyWithGradient([nan, 1, 0, 0], [1, 0], { ...options, ...more })
      expect(loss[0]).toBeNaN()
      expect(loss[1]).toBeGreaterThan(0.69)
      expect([...gradient.subarray(0, 2)]).toEqual([nan, nan])
      expect(gradient[2]).not.toBeNaN()
    }
  })
  it('a masked +∞ is removed', () => {
    expect(crossEntropy([infinity, 0, 0], [1], { mask: Uint8Array.of(0, 1, 1) })).toBe(LN2)
  })
  it('a label at a removed class costs +∞, and −1 in the gradient', () => {
    const { loss, gradient } = crossEntropyWithGradient([0, 0, 0], [0], { mask: Uint8Array.of(0, 1, 1) })
    expect(loss).toBe(infinity)
    expect([...gradient]).toEqual([-1, 0.5, 0.5])
  })
  it('smoothing gives nothing to a removed class, but something to one at −∞', () => {
    expect(crossEntropy([0, 0, 0], [1], { mask: Uint8Array.of(0, 1, 1), labelSmoothing: 0.5 })).toBe(LN2)
    expect(crossEntropy([ruledOut, 0, 0], [1], { labelSmoothing: 0.5 })).toBe(infinity)
  })
  it('a target of 0 costs nothing at −∞', () => {
    const { loss, gradient } = crossEntropyWithGradient([ruledOut, 0, 0], Float64Array.of(0, 0.5, 0.5))
    expect(loss).toBe(LN2)
    expect([...gradient]).toEqual([0, 0, 0])
  })
  it.each([
    ['labels', [1, 0]],
    ['distributions', Float64Array.of(0.5, 0.5, 0.5, 0.5)],
  ])('allMasked with %s', (_, labels) => {
    for (const [row, mask] of [
      [[ruledOut, ruledOut], undefined],
      [[1, infinity], Uint8Array.of(0, 0, 1, 1)],
    ] as const) {
      for (const more of [{}, { labelSmoothing: 0.1 }, { softCap: 2 }, { zLoss: 0.1 }]) {
        const options = { classes: 2, ...more, ...(mask === undefined ? {} : { mask }) }
        const nans = crossEntropyWithGradient(besides(row), labels, { ...options, reduction: 'none' })
        expect(nans.loss[0]).toBeNaN()
        expect(nans.gradient[0]).toBeNaN()
        const zeros = crossEntropyWithGradient(besides(row), labels, {
          ...options,
          reduction: 'none',
          allMasked: 'zero',
        })
        expect(zeros.loss[0]).toBe(0)
        expect(zeros.loss[1]).toBe(nans.loss[1])
        expect([...zeros.gradient.subarray(0, 2)]).toEqual([0, 0])
        // The row still counts in the mean.
        const mean = crossEntropy(besides(row), labels, { ...options, allMasked: 'zero' })
        expect(mean).toBe(nans.loss[1] / 2)
      }
    }
  })
  it("allMasked: 'zero' hides no NaN", () => {
    expect(crossEntropy([nan, ruledOut], [0], { allMasked: 'zero' })).toBeNaN()
  })
  it('the price of a target at probability 0 is +∞, or 0 where a weight is 0', () => {
    const targets = Float64Array.of(0, 1, 0)
    const options = { targetGradient: true, mask: Uint8Array.of(1, 1, 0) } as const
    const plain = crossEntropyWithGradient([0, 0, 0], targets, options)
    expect([...plain.targetGradient]).toEqual([LN2, LN2, infinity])
    const weighted = crossEntropyWithGradient([0, 0, 0], targets, { ...options, classWeights: [1, 1, 0] })
    expect([...weighted.targetGradient]).toEqual([LN2, LN2, 0])
  })
  it('facts about such rows', () => {
    const rowStats = { logSumExp: new Float64Array(4), entropy: new Float64Array(4), argmax: new Int32Array(4) }
    crossEntropy([nan, 1, ruledOut, ruledOut, 3, infinity, 4, 4], [0, 0, 0, 0], { rowStats })
    expect([...rowStats.logSumExp]).toEqual([nan, ruledOut, infinity, 4 + LN2])
    expect([...rowStats.entropy]).toEqual([nan, nan, 0, LN2])
    expect([...rowStats.argmax]).toEqual([-1, -1, 1, 0])
  })
})

describe('extreme factors', () => {
  it.each([1e100, 1e-100, 1e-150, 5e-324])('all sample weights %d: as without', (weight) => {
    const logits = [1, 2, 3, 5, -4, 0]
    const plain = crossEntropyWithGradient(logits, [0, 1])
    for (const classWeights of [
      [1, 1, 1],
      [1e100, 1e100, 1e100],
    ]) {
      const { loss, gradient } = crossEntropyWithGradient(logits, [0, 1], {
        sampleWeights: [weight, weight],
        classWeights,
      })
      expect(loss).toBe(plain.loss)
      expect([...gradient]).toEqual([...plain.gradient])
    }
  })
  it.each([5e-324, 1e-310, 1e-300, 1e300, Number.MAX_VALUE])('temperature %d: no NaN', (temperature) => {
    for (const logits of [
      [1, 2],
      [0, 0],
      [-1e308, 1e308],
      [5e-324, 0],
    ]) {
      for (const more of [{}, { labelSmoothing: 0.1 }]) {
        const { loss, gradient } = crossEntropyWithGradient(logits, [0], { temperature, ...more })
        expect(loss).toBeGreaterThanOrEqual(0)
        expect(gradient.some(Number.isNaN), `${logits} ${[...gradient]}`).toBe(false)
      }
    }
  })
})

/** Random calls with all kinds of options. */
function* calls(count: number, most = 6): Generator<ReturnType<typeof randomCall>> {
  const random = seededRandom(31)
  for (let i = 0; i < count; i++) {
    const on = new Set(SWITCHES.filter(() => random.uniform() < 0.35))
    if (isPossible(on)) yield randomCall(900 + i, DTYPES[i % 2], on, 1 + random.below(6), 1 + random.below(most))
  }
}

describe('arrays', () => {
  it('out may be the logits', () => {
    for (const { title, logits, labels, options } of calls(300)) {
      const expected = crossEntropyWithGradient(logits, labels, options)
      const copy = logits.slice()
      const result = crossEntropyWithGradient(copy, labels, { ...options, out: copy })
      expect(result.gradient).toBe(copy)
      expect(result, title).toEqual(expected)
    }
  })
  it('only results are written, and only as far as they go', () => {
    for (const { title, dtype, logits, labels, options, exact } of calls(100)) {
      const { rows, classes } = exact
      const framed = (length: number): FloatArray => floatArray(dtype, length + 8).fill(7)
      const frames = [framed(rows * classes), framed(rows * classes), framed(rows), framed(rows)]
      const argmax = new Int32Array(rows + 8).fill(7)
      const inputs = [logits, labels, options.mask, options.classWeights, options.sampleWeights]
      const before = JSON.stringify(inputs)
      crossEntropyWithGradient(logits, labels, {
        ...options,
        out: frames[0].subarray(4),
        ...(options.targetGradient === undefined ? {} : { targetGradient: frames[1].subarray(4) }),
        rowStats: { logSumExp: frames[2].subarray(4), entropy: frames[3].subarray(4), argmax: argmax.subarray(4) },
      })
      expect(JSON.stringify(inputs), title).toBe(before)
      for (const frame of [...frames, argmax]) {
        expect([...frame.slice(0, 4), ...frame.slice(-4)], title).toEqual(Array(8).fill(7))
      }
    }
  })
  it('nothing is written before everything is checked', () => {
    const out = new Float64Array(4).fill(7)
    const rowStats = { argmax: new Int32Array(2).fill(7) }
    expect(() => crossEntropyWithGradient([1, 2, 3, 4], [0, 2], { out, rowStats })).toThrow(RangeError)
    expect(() => crossEntropyWithGradient([1, 2, 3, 4], [0, 1], { out, rowStats, zLoss: -1 })).toThrow(RangeError)
    expect([...out, ...rowStats.argmax]).toEqual([7, 7, 7, 7, 7, 7])
  })
  it('labels of another kind are labels all the same', () => {
    const logits = [1, 2, 3, 5, -4, 0]
    const expected = crossEntropy(logits, [2, 0], { ignoreIndex: 1 })
    for (const Kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]) {
      expect(crossEntropy(logits, Kind.of(2, 0), { ignoreIndex: 1 })).toBe(expected)
    }
  })
  it('an ignored label is not replaced in the array of the caller', () => {
    const labels = Int32Array.of(-100, 1)
    crossEntropy([1, 2, 3, 4], labels, { ignoreIndex: -100 })
    expect([...labels]).toEqual([-100, 1])
  })
})

describe('consistency', () => {
  it.each(DTYPES)('%s: many rows in pieces have the bits of each row alone', (dtype) => {
    const random = seededRandom(8)
    const rows = 60
    const classes = 600
    const logits = floatArray(
      dtype,
      Array.from({ length: rows * classes }, () => random.normal() * 3),
    )
    const targets = floatArray(
      dtype,
      Array.from({ length: rows * classes }, () => random.uniform()),
    )
    const labels = Int32Array.from({ length: rows }, () => random.below(classes))
    const mask = Uint8Array.from({ length: rows * classes }, () => random.below(3))
    const given: [Int32Array | FloatArray, CrossEntropyGradientOptions<Reduction, FloatArray>][] = [
      [labels, { softCap: 4 }],
      [labels, { labelSmoothing: 0.1, mask }],
      [targets, { labelSmoothing: 0.1, targetGradient: true }],
      [targets, { mask, zLoss: 0.1 }],
    ]
    for (const [ofRows, options] of given) {
      const rowStats = {
        logSumExp: floatArray(dtype, rows),
        entropy: floatArray(dtype, rows),
        argmax: new Int32Array(rows),
      }
      const all = crossEntropyWithGradient(logits, ofRows, { ...options, classes, reduction: 'none', rowStats })
      for (let r = 0; r < rows; r += 7) {
        const part = <T extends FloatArray | Uint8Array | Int32Array>(array: T): T =>
          array.slice(array.length === rows ? r : r * classes, array.length === rows ? r + 1 : (r + 1) * classes) as T
        const ofRow = options.mask === undefined ? options : { ...options, mask: part(mask) }
        const one = { logSumExp: floatArray(dtype, 1), entropy: floatArray(dtype, 1), argmax: new Int32Array(1) }
        const alone = crossEntropyWithGradient(part(logits), part(ofRows), {
          ...ofRow,
          classes,
          reduction: 'none',
          rowStats: one,
        })
        expect((alone.loss as FloatArray)[0]).toBe((all.loss as FloatArray)[r])
        expect(alone.gradient).toEqual(part(all.gradient))
        if (all.targetGradient !== undefined) expect(alone.targetGradient).toEqual(part(all.targetGradient))
        expect(one).toEqual({
          logSumExp: part(rowStats.logSumExp),
          entropy: part(rowStats.entropy),
          argmax: part(rowStats.argmax),
        })
      }
    }
  })
  it.each(DTYPES)('%s: a distribution that is all at one class gives the bits of a label', (dtype) => {
    const random = seededRandom(9)
    for (const classes of [1, 2, 3, 17, 100]) {
      const rows = 5
      const logits = floatArray(
        dtype,
        Array.from({ length: rows * classes }, () => random.normal() * 20),
      )
      const labels = Int32Array.from({ length: rows }, () => random.below(classes))
      const targets = floatArray(dtype, rows * classes)
      labels.forEach((label, r) => {
        targets[r * classes + label] = 1
      })
      for (const options of [{}, { temperature: 0.3 }, { softCap: 9 }, { sampleWeights: [1, 2, 0, 0.3, 5] }]) {
        const hard = crossEntropyWithGradient(logits, labels, { classes, ...options })
        const soft = crossEntropyWithGradient(logits, targets, { classes, ...options })
        // But for the sign of a zero where a negative number underflows.
        const unsigned = (gradient: FloatArray): number[] => [...gradient].map((x) => x + 0)
        expect(soft.loss).toBe(hard.loss)
        expect(unsigned(soft.gradient)).toEqual(unsigned(hard.gradient))
      }
    }
  })
  it('fast mode differs in its last digits only, whatever the options', () => {
    for (const { title, dtype, logits, labels, options } of calls(200, 30)) {
      const accurate = crossEntropyWithGradient(logits, labels, { ...options, reduction: 'sum' })
      const fast = crossEntropyWithGradient(logits, labels, { ...options, reduction: 'sum', mode: 'fast' })
      // The error is at most 8 + d ulp with d the distance from the maximum over the temperature, here below 1e5.
      const tolerance = dtype === 'f32' ? 1e-2 : 1e-10
      const isNear = (a: number, b: number, size: number): boolean =>
        Object.is(a, b) || Math.abs(a - b) <= tolerance * size
      expect(isNear(fast.loss, accurate.loss, Math.abs(accurate.loss)), `${title} ${fast.loss} ${accurate.loss}`).toBe(
        true,
      )
      const size = Math.max(...Array.from(accurate.gradient, Math.abs))
      const wrong = accurate.gradient.findIndex((g: number, i: number) => !isNear(fast.gradient[i], g, size))
      expect(wrong, title).toBe(-1)
    }
  })
  it('the rows may come in any order', () => {
    const random = seededRandom(10)
    const rows = Array.from({ length: 50 }, (_, i) => ({
      logits: [random.normal(), random.normal() * 9],
      label: i % 2,
      weight: random.uniform(),
    }))
    const meanOf = (order: typeof rows): number =>
      crossEntropy(
        order.flatMap((row) => row.logits),
        order.map((row) => row.label),
        { sampleWeights: order.map((row) => row.weight), classWeights: [0.3, 1.7], labelSmoothing: 0.1 },
      )
    for (let i = 0; i < 20; i++) expect(meanOf(random.shuffled(rows))).toBe(meanOf(rows))
  })
})

describe('types', () => {
  it('results follow logits and reduction', () => {
    const f32 = Float32Array.of(1, 2)
    const mean: number = crossEntropy(f32, [0])
    const none: Float32Array = crossEntropy(f32, [0], { reduction: 'none' })
    const wide: Float64Array = crossEntropy([1, 2], [0], { reduction: 'none' })
    const { gradient }: { gradient: Float32Array } = crossEntropyWithGradient(f32, [0], { labelSmoothing: 0.1 })
    const named: CrossEntropyOptions = { classes: 2 }
    const meant: number = crossEntropy(f32, [0], named)
    const besides: CrossEntropyGradientOptions = named // serves either dtype
    expect(crossEntropyWithGradient(f32, [0], besides).loss).toBe(meant)
    // @ts-expect-error: a misspelt option; the call throws as well
    expect(() => crossEntropy(f32, [0], { labelSmothing: 0.1 })).toThrow('did you mean labelSmoothing?')
    // @ts-expect-error: out has the dtype of the gradient
    expect(() => crossEntropyWithGradient(f32, [0], { out: new Float64Array(2) })).toThrow(TypeError)
    const priced = crossEntropyWithGradient([1, 2], Float64Array.of(0, 1), { targetGradient: true })
    expect(priced.targetGradient.length).toBe(2)
    expect([mean, none.length, wide.length, gradient.length]).toEqual([mean, 1, 1, 2])
  })
})
