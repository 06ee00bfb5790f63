import { describe, expect, test, vi } from 'vitest'
import { confusionTable, largestMistakes } from '../src/report/confusion.ts'
import { type FitStep, partDone, remainingTime } from '../src/report/estimate.ts'
import { fitLines, Progress } from '../src/report/progress.ts'
import { styleFor } from '../src/report/style.ts'
import {
  cells,
  count,
  duration,
  editDistance,
  fit,
  list,
  nearest,
  plain,
  plural,
  quote,
  shortest,
  size,
} from '../src/text.ts'

test('^C gets a line of its own on a terminal', () => {
  const { isTTY } = process.stderr
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    for (const terminal of [true, false]) {
      process.stderr.isTTY = terminal
      new Progress('fit').endKeyLine()
    }
    expect(write.mock.calls).toEqual([['\n']])
  } finally {
    write.mockRestore()
    process.stderr.isTTY = isTTY
  }
})

describe('words and numbers', () => {
  test('count, plural, size, duration', () => {
    expect([count(0), count(999), count(1000), count(1234567)]).toEqual(['0', '999', '1,000', '1,234,567'])
    expect([plural(1, 'row'), plural(2000, 'row'), plural(2, 'class', 'classes')]).toEqual([
      '1 row',
      '2,000 rows',
      '2 classes',
    ])
    expect([size(1), size(999), size(62_900), size(47_040_016)]).toEqual(['1 byte', '999 bytes', '62.9 kB', '47.0 MB'])
    expect([0.04, 9.94, 9.96, 59.4, 59.6, 3599, 3661].map(duration)).toEqual([
      '0.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1:00 min',
      '59:59 min',
      '1:01 h',
    ])
    expect([1e-3, 1 / 60000, 0.25, 1000, 0].map(shortest)).toEqual(['1e-3', '1.667e-5', '0.25', '1000', '0'])
  })
  test('control characters do not get through', () => {
    expect(plain('a\u001b[31m\r\n\u0007\u009b\u202eb')).toBe('a\\u001b[31m\\u000d\\u000a\\u0007\\u009b\\u202eb')
    expect(quote('a", 5 "b\\')).toBe('"a\\", 5 \\"b\\\\"')
    expect(quote(`${'x'.repeat(70)}`)).toBe(`"${'x'.repeat(60)}…"`)
    expect(list(['a', 'b', 'c'])).toBe('"a", "b" and "c"')
    expect(list(['a'])).toBe('"a"')
    expect(list(['a', 'b', 'c'], 2)).toBe('"a", "b" and 1 more')
  })
  test('widths', () => {
    expect([cells('abc'), cells('日本'), cells('🌸'), cells('e\u0301')]).toEqual([3, 4, 2, 1])
    expect([fit('abcdef', 4), fit('日本語', 4), fit('abc', 3)]).toEqual(['abc…', '日…', 'abc'])
  })
  test('nearest names', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3)
    expect(editDistance('ab', 'ba')).toBe(1)
    expect(editDistance('Species', 'species')).toBe(0)
    expect(nearest('speices', ['species', 'size', 'spaces'])).toEqual(['species', 'spaces'])
    expect(nearest('Label', ['label'])).toEqual(['label'])
    expect(nearest('a', ['b', 'c'])).toEqual([])
  })
  test('no colours without a terminal, or when NO_COLOR asks for none', () => {
    expect(styleFor({ isTTY: false }).bold('x')).toBe('x')
    const before = process.env.NO_COLOR
    process.env.NO_COLOR = '1'
    expect(styleFor({ isTTY: true }).bold('x')).toBe('x')
    if (before === undefined) delete process.env.NO_COLOR
    else process.env.NO_COLOR = before
  })
})

/** A solver whose gradient norm falls by `factor` in each iteration of `seconds`. */
function steps(n: number, factor: number, seconds: number): FitStep[] {
  return Array.from({ length: n }, (_, i) => ({
    iteration: i + 1,
    objective: 1,
    gradientNorm: factor ** i,
    dataPasses: i + 2,
    seconds: (i + 1) * seconds,
  }))
}

describe('the time left', () => {
  test('is where the line through log g meets the tolerance', () => {
    // g = 0.5^19 after 20 iterations; 0.5^i ≤ 1e-9 first at i = 30, 29.897 as a real number: 10.897 iterations to go.
    const left = remainingTime(steps(20, 0.5, 2), 1e-9, 1000)
    expect(left?.estimated).toBe(true)
    expect(left?.seconds).toBeCloseTo(10.897 * 2, 2)
  })
  test('is bounded by the limit on iterations', () => {
    expect(remainingTime(steps(20, 0.5, 2), 1e-9, 25)).toEqual({ seconds: 10, estimated: false })
    expect(remainingTime(steps(20, 1, 2), 1e-9, 50)).toEqual({ seconds: 60, estimated: false })
    expect(remainingTime(steps(20, 1.1, 2), 1e-9, 50)).toEqual({ seconds: 60, estimated: false })
  })
  test('is not guessed from too little', () => expect(remainingTime(steps(5, 0.5, 2), 1e-9, 1000)).toBeUndefined())
  test('the bar fills on a log scale and never beyond its ends', () => {
    expect(partDone(steps(11, 0.1, 1), 1e-20)).toBeCloseTo(0.5)
    expect(partDone(steps(11, 0.1, 1), 1e-5)).toBe(1)
    expect(partDone([], 1e-5)).toBe(0)
    expect(partDone(steps(3, 2, 1), 1e-5)).toBe(0)
  })
})

describe('the lines of a running fit', () => {
  const goal = { tolerance: 1e-7, maxIterations: 100 }
  test.each([20, 30, 40, 79, 200])('fit into %i cells', (width) => {
    for (const n of [0, 1, 40]) {
      for (const line of fitLines(steps(n, 0.7, 0.3), goal, { width, elapsed: 12.3 })) {
        expect(cells(line)).toBeLessThanOrEqual(width)
      }
    }
  })
  test('at 79 cells', () => {
    // The line crosses 1e-7 at 45.19 iterations, of which 39 steps are done: 6.19 × 0.3 s, less 0.1 s gone by.
    expect(fitLines(steps(40, 0.7, 0.3), goal, { width: 79, elapsed: 12.1 })).toEqual([
      `fitting  ${'━'.repeat(43)}${'─'.repeat(7)}  about 1.8 s left`,
      '         pass 41  objective 1.00000  gradient 9.1e-7 → 1e-7  12 s  0.29 s/pass',
    ])
  })
  test('before the first iteration, and after Ctrl-C', () => {
    expect(fitLines([], goal, { width: 40, elapsed: 0.52 })).toEqual([
      `fitting  ${'─'.repeat(11)}  `,
      '         preparing  0.5 s',
    ])
    expect(fitLines(steps(9, 0.7, 1), goal, { width: 40, elapsed: 9, stopping: true })[0]).toMatch(/ {2}stopping$/)
  })
})

describe('the confusion matrix', () => {
  const style = styleFor({ isTTY: false })
  const counts = [
    [50, 0, 1],
    [0, 47, 3],
    [2, 5, 1200],
  ]
  const at = (row: number, column: number) => counts[row][column]
  test('as a table', () => {
    expect(confusionTable({ names: ['setosa', 'b', '日本'], at }, 80, style)).toEqual([
      '  true  setosa    b  日本',
      'setosa      50    ·     1',
      '     b       ·   47     3',
      '  日本       2    5  1200',
    ])
  })
  test('not when it is too wide', () => {
    expect(confusionTable({ names: ['setosa', 'b', 'c'], at }, 20, style)).toBeUndefined()
  })
  test('names are cut and cleaned', () => {
    const lines = confusionTable({ names: ['a\u001b[31m', 'x'.repeat(50), 'c'], at }, 80, style)
    expect(lines?.join('')).not.toContain('\u001b')
    expect(lines?.[2].startsWith(`${'x'.repeat(13)}…`)).toBe(true)
  })
  test('its largest mistakes', () => {
    expect(largestMistakes({ names: ['setosa', 'b', 'c d'], at })).toBe(
      '"c d" → b (5), b → "c d" (3), "c d" → setosa (2), setosa → "c d" (1)',
    )
    expect(largestMistakes({ names: ['setosa', 'b', 'c d'], at }, 30)).toBe('"c d" → b (5), b → "c d" (3)')
    expect(largestMistakes({ names: ['a'], at })).toBe('')
  })
})
