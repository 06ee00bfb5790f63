/**
 * logCumSumExp: every result against the logSumExp of its prefix in 80-digit arithmetic; directions, axes, masks, infinities, messages.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { logCumSumExp, logSumExp } from '../src/index.ts'
import { bad } from './support/bad.ts'
import { Decimal, toDecimal, toExact } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { absoluteError, DTYPES, type Dtype, floatArray, ulpError } from './support/ulp.ts'
import { CATEGORIES, vectorRows } from './vectors/load.ts'

const random = seededRandom(21)
const LOW = Number.NEGATIVE_INFINITY
const GOAL = { f32: 0.501, f64: 0.51 }

const Wide = Decimal.clone({ precision: 120 })

/**
 * log Σ exp(x / T) of every prefix. Sums are exact to 120 digits relative to the largest entry of the row, whose exponential is written apart,
 * so rows may not range further than that.
 */
function exactPrefixes(entries: FloatArray, temperature: number, dtype: Dtype): ReturnType<typeof toExact>[] {
  const t = new Wide(toDecimal(temperature))
  const quotients = [...entries].map((x) => (x === LOW ? null : new Wide(toDecimal(x)).div(t)))
  let max: Decimal | null = null
  let others = new Wide(0) // relative to max
  return quotients.map((x) => {
    if (x !== null) {
      if (max === null) max = x
      else if (x.lessThanOrEqualTo(max)) others = others.plus(x.minus(max).lessThan(-20000) ? 0 : x.minus(max).exp())
      else {
        const gap: Decimal = max.minus(x)
        others = gap.lessThan(-20000) ? new Wide(0) : others.plus(1).times(gap.exp())
        max = x
      }
    }
    if (max === null) return { rounded: LOW, residual: 0 }
    const log = others.lessThan('1e-60') ? others : others.plus(1).ln()
    return toExact(new Decimal(max.plus(log)), dtype)
  })
}

/** Whether a result is as near as promised, next to 0 included. */
function holds(actual: number, exact: ReturnType<typeof toExact>, max: number, dtype: Dtype): boolean {
  if (ulpError(actual, exact, dtype) <= GOAL[dtype]) return true
  const cancels = max < 0 && Math.abs(exact.rounded) < -max / 2
  return cancels && absoluteError(actual, exact, dtype) <= 2 ** -62 * Math.max(1, -max)
}

function check(entries: FloatArray, dtype: Dtype, title: string, temperature = 1): void {
  const actual = logCumSumExp(entries, { temperature })
  let max = LOW
  for (const [j, exact] of exactPrefixes(entries, temperature, dtype).entries()) {
    max = Math.max(max, entries[j] / temperature)
    const prefix = [...entries.subarray(0, j + 1)]
    expect(holds(actual[j], exact, max, dtype), `${title}: ${prefix}: ${actual[j]} for ${exact.rounded}`).toBe(true)
  }
}

const KINDS: Record<string, (dtype: Dtype) => (j: number) => number> = {
  'N(0, 5)': () => () => 5 * random.normal(),
  'maxima that climb slowly': () => (j) => 0.01 * j + random.uniform() - 3,
  'maxima that climb fast': () => (j) => -300 + 37 * j * random.uniform(),
  descending: () => (j) => 30 - 7 * j * random.uniform(),
  'log-probabilities': () => () => -6 * random.uniform(),
  'a far offset': () => () => 1e6 + 10 * random.normal(),
  'confident beside 0': () => (j) => (j === 3 ? 0 : -30 - 60 * random.uniform()),
  'any size': (dtype) => () =>
    (random.uniform() - 0.5) * 10 ** (60 * random.uniform() - 25) * (dtype === 'f32' ? 1 : 1e100),
  'with −∞': () => () => (random.below(2) === 0 ? LOW : random.normal()),
}

describe.each(DTYPES)('every prefix, %s', (dtype) => {
  it.each(Object.entries(KINDS))('%s', (title, kind) => {
    for (let round = 0; round < 6; round++) {
      const draw = kind(dtype)
      check(
        floatArray(
          dtype,
          Float64Array.from({ length: 25 }, (_, j) => draw(j)),
        ),
        dtype,
        title,
      )
    }
  })
  it.each([0.01, 0.7, 3, 1e30])('temperature %d', (temperature) => {
    for (let round = 0; round < 4; round++) {
      check(
        floatArray(
          dtype,
          Float64Array.from({ length: 20 }, () => 4 * random.normal()),
        ),
        dtype,
        'T',
        temperature,
      )
    }
  })
  it('the last prefix of every vector', () => {
    for (const category of CATEGORIES) {
      for (const { title, logits, logSumExp: exact } of vectorRows(dtype, category)) {
        const actual = logCumSumExp(logits).at(-1) as number
        const max = Float64Array.from(logits).reduce((a, b) => Math.max(a, b), LOW)
        expect(holds(actual, exact, max, dtype), `${title}: ${actual} for ${exact.rounded}`).toBe(true)
      }
    }
  })
  it('a million small steps up lose nothing', () => {
    const length = 300_000
    const entries = floatArray(
      dtype,
      Float64Array.from({ length }, (_, j) => j / 4096),
    )
    const results = logCumSumExp(entries)
    // Σ_{i ≤ j} e^(i/4096) = (e^((j+1)/4096) − 1) / (e^(1/4096) − 1)
    const step = new Decimal(1).div(4096).exp().minus(1)
    for (const j of [10, 4095, 100_000, 200_001, length - 1]) {
      const exact = toExact(new Decimal(j + 1).div(4096).exp().minus(1).div(step).ln(), dtype)
      expect(ulpError(results[j], exact, dtype), `${j}`).toBeLessThanOrEqual(GOAL[dtype])
    }
  })
  it('adding in the dtype itself, as it is usually done, is off by many ulps', () => {
    const round = (x: number): number => (dtype === 'f32' ? Math.fround(x) : x)
    const entries = floatArray(
      dtype,
      Float64Array.from({ length: 5000 }, () => random.normal()),
    )
    const exact = exactPrefixes(entries.subarray(0, 300), 1, dtype)
    let naive: number = LOW
    let worst = 0
    for (let j = 0; j < 300; j++) {
      const [low, high] = [Math.min(naive, entries[j]), Math.max(naive, entries[j])]
      naive = round(high + round(Math.log1p(round(Math.exp(round(low - high))))))
      worst = Math.max(worst, ulpError(naive, exact[j], dtype))
    }
    expect(worst).toBeGreaterThan(3)
  })
})

describe.each(DTYPES)('layout, %s', (dtype) => {
  const entries = floatArray(
    dtype,
    Float64Array.from({ length: 60 }, () => 3 * random.normal()),
  )
  it('rows, in place, with guard bands', () => {
    const expected = floatArray(dtype, 60)
    for (let r = 0; r < 5; r++) expected.set(logCumSumExp(entries.subarray(12 * r, 12 * r + 12)), 12 * r)
    expect(logCumSumExp(entries, { classes: 12 })).toEqual(expected)
    const guarded = floatArray(dtype, 62).fill(7)
    guarded.set(entries, 1)
    const inside = guarded.subarray(1, 61)
    expect(logCumSumExp(inside, bad({ classes: 12, out: inside }))).toBe(inside)
    expect(inside).toEqual(expected)
    expect([guarded[0], guarded[61]]).toEqual([7, 7])
    const long = floatArray(dtype, 70).fill(7)
    expect(logCumSumExp(entries, bad({ classes: 12, out: long }))).toBe(long)
    expect(long.subarray(0, 60)).toEqual(expected)
    expect([...long.subarray(60)]).toEqual(new Array(10).fill(7))
  })
  it('an axis in the middle', () => {
    const results = logCumSumExp(entries, { shape: [3, 5, 4], axis: 1 })
    for (let o = 0; o < 3; o++) {
      for (let i = 0; i < 4; i++) {
        const at = Array.from({ length: 5 }, (_, j) => (o * 5 + j) * 4 + i)
        const row = logCumSumExp(
          floatArray(
            dtype,
            at.map((k) => entries[k]),
          ),
        )
        expect(at.map((k) => results[k])).toEqual([...row])
      }
    }
  })
  it('exclusive and reverse', () => {
    const whole = [...logCumSumExp(entries)]
    const reversed = floatArray(dtype, [...entries].reverse())
    expect([...logCumSumExp(entries, { exclusive: true })]).toEqual([LOW, ...whole.slice(0, -1)])
    const back = [...logCumSumExp(reversed)].reverse()
    expect([...logCumSumExp(entries, { reverse: true })]).toEqual(back)
    expect([...logCumSumExp(entries, { reverse: true, exclusive: true })]).toEqual([...back.slice(1), LOW])
    const inPlace = entries.slice()
    logCumSumExp(inPlace, bad({ exclusive: true, out: inPlace }))
    expect([...inPlace]).toEqual([LOW, ...whole.slice(0, -1)])
  })
  it('masked entries count for nothing, whatever they hold but NaN', () => {
    const mask = Uint8Array.from({ length: 60 }, () => random.below(2))
    const masked = entries.map((x, i) => (mask[i] === 0 ? LOW : x))
    expect(
      logCumSumExp(
        entries.map((x, i) => (mask[i] === 0 ? 1e30 : x)),
        { mask, classes: 20 },
      ),
    ).toEqual(logCumSumExp(masked, { classes: 20 }))
  })
  it('empty input', () => {
    expect(logCumSumExp(floatArray(dtype, 0))).toHaveLength(0)
    expect(logCumSumExp(floatArray(dtype, 0), { shape: [3, 0] })).toHaveLength(0)
  })
})

describe.each(DTYPES)('infinities and NaN, %s', (dtype) => {
  const { NaN: nan, POSITIVE_INFINITY: high } = Number
  it.each([
    [
      [LOW, LOW, 2, LOW],
      [LOW, LOW, 2, 2],
    ],
    [
      [2, high, 3, LOW],
      [2, high, high, high],
    ],
    [
      [high, high],
      [high, high],
    ],
    [
      [2, nan, 3, high],
      [2, nan, nan, nan],
    ],
    [
      [high, nan, LOW],
      [high, nan, nan],
    ],
    [
      [LOW, nan],
      [LOW, nan],
    ],
  ] as [number[], number[]][])('%j', (entries, expected) => {
    expect([...logCumSumExp(floatArray(dtype, entries))]).toEqual(expected)
    expect([...logCumSumExp(floatArray(dtype, entries), { exclusive: true })]).toEqual([LOW, ...expected.slice(0, -1)])
    for (const j of entries.keys()) {
      expect(logSumExp(floatArray(dtype, entries.slice(0, j + 1)))).toBe(expected[j])
    }
  })
  it('a row does not see the one before', () => {
    expect([...logCumSumExp(floatArray(dtype, [1, nan, 5, 5, high, 5, LOW, 5]), { classes: 2 })]).toEqual([
      1,
      nan,
      5,
      floatArray(dtype, [5 + Math.LN2])[0],
      high,
      high,
      LOW,
      5,
    ])
  })
  it('the largest numbers of both signs', () => {
    const largest = dtype === 'f32' ? 3.4028234663852886e38 : Number.MAX_VALUE
    expect([...logCumSumExp(floatArray(dtype, [-largest, 0, largest, -largest]))]).toEqual([
      -largest,
      0,
      largest,
      largest,
    ])
  })
})

describe('messages', () => {
  const shared = new Float64Array(6)
  it.each([
    [
      () => logCumSumExp(bad('1')),
      TypeError,
      'logCumSumExp: expected logits to be a Float32Array, a Float64Array or a number[], got "1"',
    ],
    [
      () => logCumSumExp([1], bad({ exclusve: true })),
      TypeError,
      'logCumSumExp: expected known option names, got "exclusve" (did you mean exclusive?)',
    ],
    [
      () => logCumSumExp([1], { exclusive: bad(1) }),
      TypeError,
      'logCumSumExp: expected exclusive to be true or false, got 1',
    ],
    [
      () => logCumSumExp([1], { reverse: bad('no') }),
      TypeError,
      'logCumSumExp: expected reverse to be true or false, got "no"',
    ],
    [
      () => logCumSumExp([1, 2, 3], { classes: 2 }),
      RangeError,
      'logCumSumExp: expected the length of logits to be a multiple of classes = 2, got 3',
    ],
    [
      () => logCumSumExp([1, 2], { temperature: 0 }),
      RangeError,
      /^logCumSumExp: expected temperature to be .*, got 0$/,
    ],
    [
      () => logCumSumExp([1, 2], { mask: new Uint8Array(1) }),
      RangeError,
      'logCumSumExp: expected mask to have one entry per logit, 2 in all, got 1',
    ],
    [
      () => logCumSumExp([1, 2], { out: new Float64Array(1) }),
      RangeError,
      'logCumSumExp: expected out to have room for 2 results, got length 1',
    ],
    [
      () => logCumSumExp(shared.subarray(0, 4), { out: shared.subarray(1, 5) }),
      RangeError,
      /^logCumSumExp: expected out to be the logits themselves or apart from them/,
    ],
  ] as const)('refuses %#', (call, kind, message) => {
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })
})
