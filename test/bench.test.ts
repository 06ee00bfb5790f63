/**
 * The parts of the bench that need no peer: ratios are formed pair by pair, wrong results are caught, the page of results is
 * the one that the generator writes.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LINEAR_SHAPES, PRODUCTS } from '../bench/linear.ts'
import { linearSection } from '../bench/linear-report.ts'
import { onnxModel } from '../bench/peers/onnx-model.ts'
import { problemOf } from '../bench/problem.ts'
import { QUESTIONS } from '../bench/questions.ts'
import { notesOf, performancePage } from '../bench/report.ts'
import { readResults } from '../bench/results.ts'
import { ratios, spread } from '../bench/statistics.ts'
import { trainerGoals } from '../bench/trainer-goals.ts'
import { fastestOf } from '../bench/trainer-peers.ts'
import { PICTURE_NAME, trainerPicture } from '../bench/trainer-picture.ts'
import { trainerSection } from '../bench/trainer-report.ts'
import { readTrainerResult, type SetResult, type TrainerResult } from '../bench/trainer-results.ts'
import { TRAINER_SETS } from '../bench/trainer-sets.ts'
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

describe('the section on training', () => {
  const spreadOf = (median: number) => ({ min: median, median, max: median })
  const machine = {
    cpu: 'a processor',
    cores: 2,
    memoryGiB: 1,
    system: '',
    node: 'v20',
    date: '2026-11-24T12:00:00.000Z',
    loadAverage: { before: 0, after: 0 },
  }
  const ours = (threads: number, seconds: number) => ({
    library: 'maxshift' as const,
    name: 'fit',
    threads,
    reached: [spreadOf(seconds), spreadOf(2 * seconds)],
    passes: [20, 50],
    end: 'reached',
    seconds: 2 * seconds,
    curve: [
      [seconds, 0.3],
      [2 * seconds, 0.23212],
    ] as const,
  })
  const lbfgs = {
    ...ours(2, 5),
    library: 'scikit-learn' as const,
    name: 'lbfgs f32',
    reached: [spreadOf(5), null],
    passes: [300, null],
  }
  const slow = { ...lbfgs, name: 'sag f64', reached: [null, null], passes: [null, null], end: 'time is up', curve: [] }
  const mnist: SetResult = {
    name: 'mnist',
    about: 'pictures',
    rows: 60_000,
    features: 784,
    classes: 10,
    kind: 'u8',
    bytes: 47_040_000,
    machine,
    versions: { maxshift: '0.1.0', 'scikit-learn': '1.9.1' },
    rounds: 3,
    optimum: 0.232117,
    targets: [0.232458, 0.2321193],
    solvers: [ours(1, 0.8), ours(2, 0.4), slow, lbfgs],
    against: [{ library: 'scikit-learn', target: 0, solver: 'lbfgs f32', ...spreadOf(12.5) }],
    memory: { before: 100 * 2 ** 20, peak: 250 * 2 ** 20, threads: 2 },
    scaling: spreadOf(1.7),
    // 4 · 784 · 600 000 operations in so many seconds: 18.8 and 17.9 GFLOP/s.
    pass: { u8: 0.1, f32: 0.105 },
  }
  const result: TrainerResult = { sets: [mnist], missing: [{ name: 'letters', reason: 'not here' }] }

  it('tells which goals are met, missed and not measured', () => {
    const verdicts = trainerGoals(result).map(({ what, measured, met }) => [what, measured, met])
    expect(verdicts).toContainEqual(['mnist, time to 0.232458', '12.5×', true])
    expect(verdicts).toContainEqual(['mnist, time to 0.2321193', undefined, false])
    expect(verdicts).toContainEqual(['letters, time to 1e-3 above the optimum', undefined, false])
    expect(verdicts).toContainEqual(['a fused pass over MNIST as float32, one thread', '17.9', true])
    expect(verdicts).toContainEqual(['the same over bytes', '18.8', true])
    expect(verdicts).toContainEqual(['two threads against one on MNIST', '1.70×', false])
    expect(verdicts).toContainEqual(['peak memory of a fit beyond the data', 'mnist 150 MB of 111 MB', false])
  })
  it('says on which data ours is slower', () => {
    const iris: SetResult = {
      ...mnist,
      name: 'iris',
      against: [{ library: 'scikit-learn', target: 1, solver: 'sag f64', ...spreadOf(0.5) }],
    }
    const told = trainerGoals({ sets: [iris, mnist], missing: [] }).find(({ goal }) => goal.startsWith('never'))
    expect(told).toMatchObject({ measured: '0.50×; slower on iris', met: false })
  })
  it('lists the fastest first, and why the others did not get there', () => {
    const page = trainerSection(['the notes'], result).join('\n')
    expect(page).toContain('* not there: letters (not here)')
    expect(page).toContain('| mnist | 60000×784×10 u8 | 400 ms | 12.5× lbfgs f32 | – | 800 ms | – | – |')
    const rows = [
      '**maxshift** | 2 | 400 ms (20)',
      '**maxshift** | 1 | 800 ms (20)',
      'lbfgs f32 | 2 | 5.00 s (300) | –',
      'sag f64',
    ]
    const places = rows.map((row) => page.indexOf(row, page.indexOf('### mnist')))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
    expect(page).toContain('| time is up after 800 ms |'.replace('800 ms', '10.0 s'))
    expect(page).toContain('the notes')
    expect(trainerSection([], { sets: [], missing: [] })).toEqual([])
  })
  it('draws a line for each course of a fit', () => {
    const picture = trainerPicture(mnist) ?? ''
    expect(picture.match(/<polyline/g)).toHaveLength(3)
    expect(picture).toContain('maxshift, 2 threads')
    expect(picture).not.toMatch(/NaN|Infinity|undefined/)
    expect(trainerPicture(undefined)).toBeUndefined()
  })
  it('takes the fastest of a library to each target, and those near it where a run is short', () => {
    const candidate = (name: string, ...reached: (number | null)[]) => ({
      library: 'scikit-learn' as const,
      name,
      threads: 2,
      run: { reached, passes: [], curve: [], end: '', seconds: 1 },
    })
    const all = [candidate('a', 3, 4), candidate('b', 2, null), candidate('c', 2.1, 9)]
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name)
    expect(names(fastestOf(all, 'scikit-learn', 0))).toEqual(['b'])
    expect(names(fastestOf(all, 'scikit-learn', 1))).toEqual(['a'])
    expect(fastestOf(all, 'PyTorch', 0)).toEqual([])
    const short = [candidate('a', 0.003), candidate('b', 0.002), candidate('c', 0.009)]
    expect(names(fastestOf(short, 'scikit-learn', 0))).toEqual(['b', 'a'])
  })
  it('has at least eight data sets from 150 to 500 000 rows, each with a goal for each target', () => {
    expect(TRAINER_SETS.length).toBeGreaterThanOrEqual(8)
    for (const { goals, targets } of TRAINER_SETS) expect(goals.length).toBe(targets?.length ?? 2)
  })
})

describe('docs/performance.md', () => {
  it('is what the generator writes from the committed results', () => {
    const page = readFileSync(new URL('../docs/performance.md', import.meta.url), 'utf8')
    expect(page).toBe(performancePage(readResults(), notesOf(page)))
  })
  it('shows the picture of the committed results', () => {
    const picture = trainerPicture(readTrainerResult()?.sets.find(({ name }) => name === 'mnist'))
    const file = new URL(`../docs/${PICTURE_NAME}`, import.meta.url)
    if (picture === undefined) expect(existsSync(file)).toBe(false)
    else expect(readFileSync(file, 'utf8')).toBe(picture)
  })
})
