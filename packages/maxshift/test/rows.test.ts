/**
 * The rows of an array along any axis: which entries come where, against index arithmetic entry by entry, and every message.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { checkLayout, checkMask, type Layout, overRows, rowCount } from '../src/ops/rows.ts'
import { bad } from './support/bad.ts'
import { DTYPES, type Dtype, floatArray } from './support/ulp.ts'

/** Shapes of 1 to 4 axes, with sizes 1 and 0, and slabs and rows beyond a block. */
const SHAPES = [
  [1],
  [7],
  [3, 4],
  [4, 1],
  [1, 5],
  [2, 3, 4],
  [5, 1, 3],
  [2, 3, 4, 5],
  [1, 1, 1, 1],
  [3, 1, 2, 1],
  [0],
  [3, 0],
  [0, 3, 2],
  [2, 0, 3],
  [100, 7, 300],
  [3, 700, 65],
  [2, 40_000, 3],
  [9000, 4, 5],
  [2, 9000, 2, 4],
  [5, 9001],
  [2, 2, 70_000],
]
const CASES = SHAPES.flatMap((shape) => shape.map((_, axis) => [shape, axis] as const))

/** Entries that tell where they came from. */
const numbered = (dtype: Dtype, length: number, sign = 1): FloatArray =>
  floatArray(dtype, length).map((_, i) => sign * i)

/** Equality of long arrays, faster than toEqual. */
const same = (a: FloatArray, b: FloatArray): boolean => a.length === b.length && a.every((x, i) => x === b[i])

/** The place of entry j of row r. */
const placeOf = ({ classes, inner }: Layout, r: number, j: number): number =>
  (Math.floor(r / inner) * classes + j) * inner + (r % inner)

describe.each(DTYPES)('overRows, %s', (dtype) => {
  it.each(CASES)('shape %j, axis %i: every row once, in order, and back', (shape, axis) => {
    const length = shape.reduce((a, b) => a * b, 1)
    const layout = checkLayout('test', length, { shape, axis })
    const { classes } = layout
    expect(rowCount(layout) * classes).toBe(length)
    const logits = numbered(dtype, length)
    const other = numbered(dtype === 'f32' ? 'f64' : 'f32', length, -1)
    const mask = new Uint8Array(length).map((_, i) => (i % 3 === 0 ? 0 : i % 256))
    for (const given of [null, mask]) {
      const out = floatArray(dtype, length + 2).fill(-7)
      let expectedFirst = 0
      let wrong = 0
      overRows(layout, { logits: [logits], mask: given, others: [other], outputs: [out] }, (block) => {
        expect(block.first).toBe(expectedFirst)
        expectedFirst += block.rows
        for (let r = 0; r < block.rows; r++) {
          for (let j = 0; j < classes; j++) {
            const place = placeOf(layout, block.first + r, j)
            const at = r * classes + j
            const kept = given === null || given[place] !== 0
            if (block.logits[0][at] !== (kept ? place : Number.NEGATIVE_INFINITY)) wrong++
            if (block.others[0][at] !== -place) wrong++
            block.outputs[0][at] = place + 0.5
          }
        }
      })
      expect(expectedFirst).toBe(length === 0 ? 0 : rowCount(layout))
      expect(wrong).toBe(0)
      expect(out.every((x, i) => x === (i < length ? Math.fround(i + 0.5) : -7))).toBe(true)
      expect(logits.every((x, i) => x === i)).toBe(true)
    }
  })
  it.each(CASES)('shape %j, axis %i: in place, with and without shared scratch', (shape, axis) => {
    const length = shape.reduce((a, b) => a * b, 1)
    const layout = checkLayout('test', length, { shape, axis: axis - shape.length })
    for (const inPlace of [false, true]) {
      const logits = numbered(dtype, length)
      overRows(
        layout,
        { logits: [logits], outputs: [logits], inPlace },
        ({ logits: [input], outputs: [output], rows }) => {
          for (let i = 0; i < rows * layout.classes; i++) output[i] = -input[i] - 1
        },
      )
      expect(logits.every((x, i) => x === -i - 1)).toBe(true)
    }
  })
  it('a NaN stays under the mask, everything else becomes −∞', () => {
    const logits = floatArray(dtype, [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, Number.NaN, 2])
    const seen: number[] = []
    const layout = checkLayout('test', 6, {})
    overRows(layout, { logits: [logits], mask: Uint8Array.of(0, 0, 0, 0, 1, 1) }, (block) => {
      seen.push(...block.logits[0])
    })
    const { NaN: nan, NEGATIVE_INFINITY: none } = Number
    expect(seen).toEqual([nan, none, none, none, nan, 2])
  })
  it('contiguous rows without a mask go through as they are', () => {
    const logits = numbered(dtype, 12)
    let calls = 0
    overRows(checkLayout('test', 12, { shape: [3, 4] }), { logits: [logits], outputs: [logits] }, (block) => {
      calls++
      expect(block).toMatchObject({ first: 0, rows: 3 })
      expect(block.logits[0] === logits && block.outputs[0] === logits).toBe(true)
    })
    expect(calls).toBe(1)
  })
  it('calls may nest, deeper than the scratch memory reaches, and fail', () => {
    const layout = checkLayout('test', 300_000, { shape: [100, 3000], axis: 0 })
    const expected = numbered(dtype, 300_000)
    const nest = (depth: number): void => {
      const data = expected.slice()
      overRows(layout, { logits: [data], outputs: [data], inPlace: true }, (block) => {
        const before = block.logits[0].slice()
        if (depth > 0 && block.first === 0) nest(depth - 1)
        expect(same(block.logits[0], before)).toBe(true)
      })
      expect(same(data, expected)).toBe(true)
    }
    nest(30)
    const failing = (): void => overRows(layout, { logits: [expected] }, () => expect.fail('as it should'))
    expect(failing).toThrow('as it should')
    nest(1)
  })
})

describe('checkLayout', () => {
  it('normalises', () => {
    expect(checkLayout('x', 24, { shape: [2, 3, 4], axis: 1 })).toEqual({ outer: 2, classes: 3, inner: 4 })
    expect(checkLayout('x', 24, { shape: [2, 3, 4], axis: -3 })).toEqual({ outer: 1, classes: 2, inner: 12 })
    expect(checkLayout('x', 24, { shape: [2, 3, 4] })).toEqual({ outer: 6, classes: 4, inner: 1 })
    expect(checkLayout('x', 6, { shape: [2, 1, 3], axis: 1 })).toEqual({ outer: 6, classes: 1, inner: 1 })
    expect(checkLayout('x', 0, { shape: [2, 0, 3], axis: 1 })).toEqual({ outer: 2, classes: 0, inner: 3 })
    expect(checkLayout('x', 0, { classes: 3 })).toEqual({ outer: 0, classes: 3, inner: 1 })
    expect(checkLayout('x', 0, {})).toEqual({ outer: 0, classes: 0, inner: 1 })
    expect(checkLayout('x', 5, {})).toEqual({ outer: 1, classes: 5, inner: 1 })
  })
  const refused: [object, number, ErrorConstructor, string][] = [
    [
      { classes: 2, shape: [2, 2] },
      4,
      TypeError,
      'f: expected either classes or shape, got both (classes = 2, shape = an array of length 2)',
    ],
    [{ axis: 1 }, 4, TypeError, 'f: expected axis only together with shape, got 1 alone'],
    [{ classes: 2, axis: 1 }, 4, TypeError, 'f: expected axis only together with shape, got 1 alone'],
    [{ shape: 4 }, 4, TypeError, 'f: expected shape to be an array of sizes, got 4'],
    [{ shape: [] }, 1, RangeError, 'f: expected shape to have at least one axis, got []'],
    [{ shape: [2, '2'] }, 4, TypeError, 'f: expected shape[1] to be an integer ≥ 0, got "2"'],
    [{ shape: [2, -2] }, 4, RangeError, 'f: expected shape[1] to be an integer ≥ 0, got -2'],
    [{ shape: [2.5, 2] }, 5, RangeError, 'f: expected shape[0] to be an integer ≥ 0, got 2.5'],
    [{ shape: [2, Number.NaN] }, 5, RangeError, 'f: expected shape[1] to be an integer ≥ 0, got NaN'],
    [{ shape: new Array(2) }, 5, TypeError, 'f: expected shape[0] to be an integer ≥ 0, got undefined'],
    [{ shape: [2, 3] }, 7, RangeError, 'f: expected logits of the shape [2, 3], 6 in all, got 7'],
    [{ shape: [2, 3], axis: 2 }, 6, RangeError, 'f: expected axis to be an integer in [-2, 1], got 2'],
    [{ shape: [2, 3], axis: -3 }, 6, RangeError, 'f: expected axis to be an integer in [-2, 1], got -3'],
    [{ shape: [2, 3], axis: 0.5 }, 6, RangeError, 'f: expected axis to be an integer in [-2, 1], got 0.5'],
    [{ shape: [2, 3], axis: '1' }, 6, TypeError, 'f: expected axis to be an integer, got "1"'],
    [{ shape: [2 ** 26 + 1] }, 2 ** 26 + 1, RangeError, 'f: expected at most 67108864 logits in a row, got 67108865'],
  ]
  it.each(refused)('%j of %i', (options, length, Kind, message) => {
    const call = (): unknown => checkLayout('f', length, bad(options))
    expect(call).toThrow(new Kind(message))
  })
})

describe('checkMask', () => {
  it('takes bytes, one per logit', () => {
    const mask = Uint8Array.of(1, 0)
    expect(checkMask('f', mask, 2)).toBe(mask)
    expect(checkMask('f', undefined, 2)).toBe(null)
  })
  it.each([
    [[1, 0], TypeError, 'f: expected mask to be a Uint8Array, got an array of length 2'],
    [null, TypeError, 'f: expected mask to be a Uint8Array, got null'],
    [new Int8Array(2), TypeError, 'f: expected mask to be a Uint8Array, got Int8Array of length 2'],
    [new Uint8Array(3), RangeError, 'f: expected mask to have one entry per logit, 2 in all, got 3'],
  ] as const)('refuses %j', (mask, Kind, message) => {
    const call = (): unknown => checkMask('f', mask, 2)
    expect(call).toThrow(new Kind(message))
  })
})
