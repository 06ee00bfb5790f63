/**
 * The table of infinities and NaN (docs/numerics.md), every row of it for one operation.
 *
 * A case makes a row out of finite logits and a place; an expectation says what each output is: a number, or 'rest'
 * where it is that of the finite entries and comes from the oracle. Each row stands between two finite rows, whose
 * bits may not change.
 */
import { describe, expect, test } from 'vitest'
import type { FloatArray } from '../../src/arrays.ts'
import type { Kernels } from '../../src/kernels/kernels.ts'
import { type Batch, keepsGoal, type Operation, outputOf, singleRow, worstOutput } from '../support/operations.ts'
import { exactRow } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { DTYPES, type Dtype, floatArray, roundTo } from '../support/ulp.ts'
import { sameBits } from './layout.ts'

const INF = Number.POSITIVE_INFINITY
const CLASSES = [1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 65, 129, 257]
/** Rows up to this length are compared with the oracle where the table says "of the rest". */
const ORACLE_CLASSES = 17

type Expected = number | 'rest'

/** What the table promises for a row: `at` tells whether a component is one of the row's special places. */
interface Outcome {
  readonly logSumExp: Expected
  readonly softmax: (special: boolean) => Expected
  readonly logSoftmax: (special: boolean) => Expected
  readonly loss: (labelSpecial: boolean) => Expected
  readonly gradient: (special: boolean, isLabel: boolean, labelSpecial: boolean) => Expected
}

interface Case {
  readonly title: string
  readonly minClasses: number
  /** The special places of a row of n classes, and what stands there; `place` is one of them. */
  readonly fill: (n: number, place: number) => ReadonlyMap<number, number>
  readonly outcome: Outcome
}

const always = (value: Expected) => (): Expected => value
const NAN = always(Number.NaN)

/** A row whose every output is NaN, whatever else stands in it; two or more +∞ keep a logSumExp. */
function nothing(logSumExp: number): Outcome {
  return { logSumExp, softmax: NAN, logSoftmax: NAN, loss: NAN, gradient: NAN }
}

const masked: Outcome = {
  logSumExp: 'rest',
  softmax: (special) => (special ? 0 : 'rest'),
  logSoftmax: (special) => (special ? -INF : 'rest'),
  loss: (labelSpecial) => (labelSpecial ? INF : 'rest'),
  gradient: (special, isLabel) => (special ? (isLabel ? -1 : 0) : 'rest'),
}

const limit: Outcome = {
  logSumExp: INF,
  softmax: (special) => (special ? 1 : 0),
  logSoftmax: (special) => (special ? 0 : -INF),
  loss: (labelSpecial) => (labelSpecial ? 0 : INF),
  gradient: (special, isLabel, labelSpecial) => (labelSpecial ? 0 : special ? 1 : isLabel ? -1 : 0),
}

const only = (place: number, value: number): ReadonlyMap<number, number> => new Map([[place, value]])

/** One value at the place, another at all other places. */
function around(n: number, place: number, value: number, others: number): ReadonlyMap<number, number> {
  return new Map(Array.from({ length: n }, (_, j) => [j, j === place ? value : others]))
}

function pair(n: number, place: number, value: number, next: number): ReadonlyMap<number, number> {
  return new Map([
    [place, value],
    [(place + 1) % n, next],
  ])
}

const CASES: readonly Case[] = [
  { title: 'a NaN', minClasses: 1, fill: (_, p) => only(p, Number.NaN), outcome: nothing(Number.NaN) },
  {
    title: 'only NaN',
    minClasses: 1,
    fill: (n, p) => around(n, p, Number.NaN, Number.NaN),
    outcome: nothing(Number.NaN),
  },
  {
    title: 'a NaN beside −∞',
    minClasses: 2,
    fill: (n, p) => pair(n, p, Number.NaN, -INF),
    outcome: nothing(Number.NaN),
  },
  {
    title: 'a NaN among −∞',
    minClasses: 2,
    fill: (n, p) => around(n, p, Number.NaN, -INF),
    outcome: nothing(Number.NaN),
  },
  { title: 'a NaN after +∞', minClasses: 2, fill: (n, p) => pair(n, p, INF, Number.NaN), outcome: nothing(Number.NaN) },
  {
    title: 'a NaN before +∞',
    minClasses: 2,
    fill: (n, p) => pair(n, p, Number.NaN, INF),
    outcome: nothing(Number.NaN),
  },
  {
    title: 'a NaN among +∞',
    minClasses: 2,
    fill: (n, p) => around(n, p, Number.NaN, INF),
    outcome: nothing(Number.NaN),
  },
  { title: 'one place masked', minClasses: 2, fill: (_, p) => only(p, -INF), outcome: masked },
  { title: 'two places masked', minClasses: 3, fill: (n, p) => pair(n, p, -INF, -INF), outcome: masked },
  {
    title: 'all but one place masked',
    minClasses: 2,
    fill: (n, p) => new Map(Array.from({ length: n - 1 }, (_, j) => [(p + j) % n, -INF])),
    outcome: masked,
  },
  { title: 'all −∞', minClasses: 1, fill: (n, p) => around(n, p, -INF, -INF), outcome: nothing(-INF) },
  { title: 'one +∞', minClasses: 1, fill: (_, p) => only(p, INF), outcome: limit },
  { title: 'two +∞', minClasses: 2, fill: (n, p) => pair(n, p, INF, INF), outcome: nothing(INF) },
  { title: 'only +∞', minClasses: 2, fill: (n, p) => around(n, p, INF, INF), outcome: nothing(INF) },
]

/** One +∞ over −∞ and over the most negative number: the special place is the +∞ alone, so these have no map. */
const LIMITS_OVER: readonly (readonly [string, number])[] = [
  ['one +∞ among −∞', -INF],
  ['one +∞ over the most negative numbers', -Number.MAX_VALUE],
]

function expectedOutput(
  operation: Operation,
  outcome: Outcome,
  special: (j: number) => boolean,
  label: number,
  j: number,
): Expected {
  switch (operation.name) {
    case 'logSumExp':
      return outcome.logSumExp
    case 'crossEntropy':
      return outcome.loss(special(label))
    case 'gradient':
      return outcome.gradient(special(j), j === label, special(label))
    default:
      return outcome[operation.name](special(j))
  }
}

/** Both zeros are equal here; their signs have a test of their own. */
function agrees(actual: number, expected: Expected): boolean {
  if (expected === 'rest') return Number.isFinite(actual)
  return Number.isNaN(expected) ? Number.isNaN(actual) : actual === expected
}

/** A special row between two finite ones. */
function sandwich(dtype: Dtype, row: FloatArray, label: number): Batch {
  const random = seededRandom(row.length)
  const classes = row.length
  const logits = floatArray(
    dtype,
    Array.from({ length: 3 * classes }, () => 5 * random.normal()),
  )
  logits.set(row, classes)
  return { dtype, rows: 3, classes, logits, labels: Int32Array.of(0, label, classes - 1) }
}

function checkRow(
  kernels: Kernels,
  operation: Operation,
  dtype: Dtype,
  row: FloatArray,
  label: number,
  outcome: Outcome,
  special: (j: number) => boolean,
): string[] {
  const broken: string[] = []
  const classes = row.length
  const batch = sandwich(dtype, row, label)
  const together = outputOf(operation, kernels, batch)
  const width = operation.per === 'row' ? 1 : classes
  const actual = together.slice(width, 2 * width)
  actual.forEach((value: number, j: number) => {
    const expected = expectedOutput(operation, outcome, special, label, j)
    if (!agrees(value, expected)) broken.push(`output ${j} is ${value}, expected ${expected}`)
  })
  for (const r of [0, 2]) {
    const neighbour = singleRow(dtype, batch.logits.slice(r * classes, (r + 1) * classes), batch.labels[r])
    const alone = outputOf(operation, kernels, neighbour)
    if (!sameBits(together.slice(r * width, (r + 1) * width), alone)) broken.push(`row ${r} beside it changed`)
  }
  if (outcome === masked && classes <= ORACLE_CLASSES) {
    const worst = worstOutput(operation, dtype, actual, exactRow(row, label, dtype), label)
    if (!keepsGoal(operation, dtype, worst, row)) broken.push(`output ${worst.place} is ${worst.ulps} ulp off`)
  }
  return broken
}

/** First, second, middle and last place of a row, and for each a label there and one elsewhere. */
function placesAndLabels(classes: number): (readonly [place: number, label: number])[] {
  const places = [...new Set([0, Math.min(1, classes - 1), classes >> 1, classes - 1])]
  return places.flatMap((place) =>
    [...new Set([place, (place + classes - 1) % classes])].map((label) => [place, label] as const),
  )
}

function finiteRow(dtype: Dtype, classes: number): FloatArray {
  const random = seededRandom(31 * classes)
  return floatArray(
    dtype,
    Array.from({ length: classes }, () => 5 * random.normal()),
  )
}

function followsTable(kernels: Kernels, operation: Operation, dtype: Dtype): void {
  for (const { title, minClasses, fill, outcome } of CASES) {
    test(`${dtype}: ${title}`, () => {
      for (const classes of CLASSES.filter((n) => n >= minClasses)) {
        for (const [place, label] of placesAndLabels(classes)) {
          const row = finiteRow(dtype, classes)
          const specials = fill(classes, place)
          for (const [j, value] of specials) row[j] = value
          const broken = checkRow(kernels, operation, dtype, row, label, outcome, (j) => specials.has(j))
          expect(broken, `${classes} classes, place ${place}, label ${label}`).toEqual([])
        }
      }
    })
  }
  for (const [title, floor] of LIMITS_OVER) {
    test(`${dtype}: ${title}`, () => {
      for (const classes of CLASSES) {
        for (const [place, label] of placesAndLabels(classes)) {
          const lowest = floor === -INF ? floor : roundTo(dtype, dtype === 'f32' ? -(2 ** 127) : floor)
          const row = floatArray(dtype, classes).fill(lowest)
          row[place] = INF
          const broken = checkRow(kernels, operation, dtype, row, label, limit, (j) => j === place)
          expect(broken, `${classes} classes, place ${place}, label ${label}`).toEqual([])
        }
      }
    })
  }
}

export function followsInfinityTable(kernels: Kernels, operation: Operation): void {
  describe('infinities and NaN', () => {
    for (const dtype of DTYPES) followsTable(kernels, operation, dtype)
  })
}
