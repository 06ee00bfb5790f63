/**
 * The parts of the bench that need no peer: ratios are formed pair by pair, wrong results are caught, the page of results is
 * the one that the generator writes.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LINEAR_SHAPES, PRODUCTS } from '../bench/linear.ts'
import { linearSection } from '../bench/linear-report.ts'
import { onnxModel } from '../bench/peers/onnx-model.ts'
import { problemOf } from '../bench/problem.ts'
import { QUESTIONS } from '../bench/questions.ts'
import { notesOf, performancePage } from '../bench/report.ts'
import { readResults } from '../bench/results.ts'
import { ratios, spread } from '../bench/statistics.ts'
import { errorOf, TOLERANCE } from '../bench/validate.ts'

describe('statistics', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(spread([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 })
    expect(spread([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 })
  })
  it('compares times of the same round only', () => {
    const theirs = new Map([
      [0, 10],
      [1, 40],
      [3, 99],
    ])
    const ours = new Map([
      [0, 5],
      [1, 10],
      [2, 1],
    ])
    expect(ratios(theirs, ours)).toEqual({ min: 2, median: 3, max: 4 })
    expect(ratios(new Map(), ours)).toBeUndefined()
  })
})

describe('validation', () => {
  const shape = { rows: 3, classes: 5 }
  it.each(QUESTIONS.map(({ operation, expected }) => [operation, expected] as const))(
    'of %s',
    (operation, expected) => {
      const exact = expected(problemOf(operation, 'f64', shape))
      expect(errorOf(exact, exact)).toBe(0)
      expect(errorOf({}, exact)).toBe(Infinity)
      const { values, loss } = exact
      if (values !== undefined) {
        // The smallest component is wrong by a tenth of itself.
        const smallest = values.reduce((least, value, i) => (Math.abs(value) < Math.abs(values[least]) ? i : least), 0)
        const wrong = values.slice()
        wrong[smallest] += 0.1 * Math.max(Math.abs(values[smallest]), exact.floor(smallest))
        expect(errorOf({ ...exact, values: wrong }, exact)).toBeGreaterThan(TOLERANCE.f32)
        wrong[smallest] = NaN
        expect(errorOf({ ...exact, values: wrong }, exact)).toBe(Infinity)
      }
      if (loss !== undefined) expect(errorOf({ ...exact, loss: loss * 1.1 }, exact)).toBeGreaterThan(TOLERANCE.f32)
    },
  )
})

describe('onnxModel', () => {
  it('writes the bytes of protocol buffers', () => {
    const value = (name: string) => ({ name, element: 1, dims: [300] })
    const bytes = onnxModel({ operator: 'Exp', inputs: [value('x')], output: value('y'), attributes: {} })
    // ValueInfoProto in field 11 or 12: name, then type { tensor_type { elem_type, shape { dim { dim_value: 300 } } } }.
    const field = (name: string) => [10, 1, name.charCodeAt(0), 18, 11, 10, 9, 8, 1, 18, 5, 10, 3, 8, 172, 2]
    const node = [10, 11, 10, 1, 120, 18, 1, 121, 34, 3, 69, 120, 112]
    const graph = [...node, 18, 3, 69, 120, 112, 90, 16, ...field('x'), 98, 16, ...field('y')]
    expect([...bytes]).toEqual([8, 7, 58, graph.length, ...graph, 66, 2, 16, 13])
  })
})

describe('the section on linear layers', () => {
  it('counts operations of the products, and marks goals that are met or missed', () => {
    const shape = LINEAR_SHAPES[LINEAR_SHAPES.length - 1]
    const timed = (name: string, median: number) => ({
      name,
      status: 'timed' as const,
      nsPerElement: { min: median, median, max: median },
    })
    const ratio = (peer: string, median: number) => ({ ours: 'fused', peer, min: median, median, max: median })
    const measurement = {
      ...shape,
      dtype: 'f32',
      contestants: [timed('fused', 256), timed(PRODUCTS, 128)],
      ratios: [ratio(PRODUCTS, 0.5)],
    }
    const machine = {
      cpu: '',
      cores: 1,
      memoryGiB: 1,
      system: '',
      node: '',
      date: '',
      loadAverage: { before: 0, after: 0 },
    }
    const settings = { rounds: 3, warmups: 1, roundMilliseconds: 1 }
    const section = linearSection({ machine, settings, teams: [], measurements: [measurement] })
    // 256 × 128 000 logits at 256 ns; 4 · 1024 operations in 256 ns, and half the time.
    expect(section.join('\n')).toContain('| 256×1024×128000 f32 | 8389 ms, 16.0 ✗ | 4194 ms, 32.0 | 2.00× ✗ | – | – |')
  })
})

describe('docs/performance.md', () => {
  it('is what the generator writes from the committed results', () => {
    const page = readFileSync(new URL('../docs/performance.md', import.meta.url), 'utf8')
    expect(page).toBe(performancePage(readResults(), notesOf(page)))
  })
})
