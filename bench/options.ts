/**
 * What do options cost? Each call with an option against the plain call over as many logits, in interleaved rounds: an inner axis,
 * label smoothing, weights of classes and rows, and the accumulator beside logSumExp. Arrays are from `alloc`.
 *
 * The two calls of a pair are ours, so nothing but their results is checked: that an axis gives the rows of the plain call, and the
 * accumulator the same number. What smoothing and weights mean is the business of the tests.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type * as Maxshift from '../packages/maxshift/src/index.ts'
import { type Team, timeCalls } from './contestant.ts'
import { type Measurement, measure, type Settings } from './harness.ts'
import { loadNow, type Machine, machine } from './machine.ts'
import { type Dtype, type FloatArray, problemOf } from './problem.ts'

type Library = typeof Maxshift
type Mode = 'accurate' | 'fast'

/** Logits of one dtype with room for results, as rows of `classes`, or as `classes` along the middle of three axes. */
interface Data {
  readonly dtype: Dtype
  readonly mode: Mode
  readonly rows: number
  readonly classes: number
  readonly inner: number
  readonly logits: FloatArray
  readonly labels: Int32Array
  readonly weights: Float64Array
  readonly rowWeights: Float64Array
  readonly out: FloatArray
}

interface Pair {
  readonly title: string
  /** At most so many times the time of the plain call. */
  readonly bound: number
  readonly modes: readonly Mode[]
  /** Rows × classes × inner axis. */
  readonly shapes: readonly (readonly [rows: number, classes: number, inner: number])[]
  readonly plain: (library: Library, data: Data) => number
  readonly option: (library: Library, data: Data) => number
}

const BOTH: readonly Mode[] = ['accurate', 'fast']
const AXES: Pair['shapes'] = [
  [8192, 1000, 128],
  [128, 32_768, 16],
  [4096, 1000, 4096],
]
const MATRICES: Pair['shapes'] = [
  [100_000, 10, 1],
  [4096, 1000, 1],
  [128, 32_768, 1],
]
const axisOf = ({ rows, classes, inner }: Data) => ({ shape: [rows / inner, classes, inner], axis: 1 })

const softmaxPlain: Pair['plain'] = ({ softmax }, { logits, classes, mode, out }) =>
  softmax(logits, { classes, mode, out })[0]
const lossPlain: Pair['plain'] = ({ crossEntropy }, { logits, labels, classes, mode }) =>
  crossEntropy(logits, labels, { classes, mode })
const gradientPlain: Pair['plain'] = ({ crossEntropyWithGradient }, { logits, labels, classes, mode, out }) =>
  crossEntropyWithGradient(logits, labels, { classes, mode, out }).loss

/** A loss and its gradient with an option, against those without. */
const losses = (
  name: string,
  options: (data: Data) => { labelSmoothing?: number; classWeights?: Float64Array; sampleWeights?: Float64Array },
): Pair[] => [
  {
    title: `crossEntropy, ${name}`,
    bound: 1.2,
    modes: ['accurate'],
    shapes: MATRICES,
    plain: lossPlain,
    option: ({ crossEntropy }, data) => {
      const { logits, labels, classes, mode } = data
      return crossEntropy(logits, labels, { classes, mode, ...options(data) })
    },
  },
  {
    title: `crossEntropyWithGradient, ${name}`,
    bound: 1.2,
    modes: ['accurate'],
    shapes: MATRICES,
    plain: gradientPlain,
    option: ({ crossEntropyWithGradient }, data) => {
      const { logits, labels, classes, mode, out } = data
      return crossEntropyWithGradient(logits, labels, { classes, mode, out, ...options(data) }).loss
    },
  },
]

const PAIRS: readonly Pair[] = [
  {
    title: 'softmax, inner axis',
    bound: 1.5,
    modes: BOTH,
    shapes: AXES,
    plain: softmaxPlain,
    option: ({ softmax }, data) => softmax(data.logits, { ...axisOf(data), mode: data.mode, out: data.out })[0],
  },
  {
    title: 'logSumExp, inner axis',
    bound: 1.5,
    modes: BOTH,
    shapes: AXES,
    plain: ({ logSumExp }, { logits, classes, mode }) => logSumExp(logits, { classes, mode })[0],
    option: ({ logSumExp }, data) => logSumExp(data.logits, { ...axisOf(data), mode: data.mode })[0],
  },
  ...losses('labelSmoothing', () => ({ labelSmoothing: 0.1 })),
  ...losses('classWeights', ({ weights }) => ({ classWeights: weights })),
  ...losses('sampleWeights', ({ rowWeights }) => ({ sampleWeights: rowWeights })),
  {
    title: 'LogSumExpAccumulator',
    bound: 1.25,
    modes: ['accurate'],
    shapes: [[1, 262_144, 1]],
    plain: ({ logSumExp }, { logits }) => logSumExp(logits),
    option: ({ LogSumExpAccumulator }, { logits, dtype }) => {
      const accumulator = new LogSumExpAccumulator({ dtype: dtype === 'f32' ? 'float32' : 'float64' })
      accumulator.pushAll(logits)
      return accumulator.value
    },
  },
]

function dataOf({ alloc }: Library, pair: Pair, dtype: Dtype, mode: Mode, shape: Pair['shapes'][number]): Data {
  const [rows, classes, inner] = shape
  const problem = problemOf('softmax', dtype, { rows, classes })
  const name = dtype === 'f32' ? 'float32' : 'float64'
  const logits = alloc(name, rows * classes)
  logits.set(problem.logits)
  const weights = Float64Array.from({ length: classes }, (_, k) => 0.5 + (k % 7) / 7)
  const rowWeights = Float64Array.from({ length: rows }, (_, r) => 0.5 + (r % 5) / 5)
  const out = alloc(name, pair.title.includes('logSumExp') ? 0 : rows * classes)
  return { dtype, mode, rows, classes, inner, logits, labels: problem.labels, weights, rowWeights, out }
}

/** Along an axis and as rows, the same row must have the same bits; the accumulator must agree to the last digit but one. */
function check(library: Library, pair: Pair, data: Data): void {
  const { logits, classes, inner, mode } = data
  if (inner > 1) {
    const row = Float64Array.from({ length: classes }, (_, j) => logits[j * inner])
    const alone = library.softmax(logits instanceof Float32Array ? Float32Array.from(row) : row, { mode })
    const along = library.softmax(logits, { ...axisOf(data), mode })
    for (let j = 0; j < classes; j++) {
      if (alone[j] !== along[j * inner]) throw new Error(`${pair.title}: component ${j} of the first row differs`)
    }
  } else if (pair.title === 'LogSumExpAccumulator') {
    const [plain, value] = [pair.plain(library, data), pair.option(library, data)]
    if (!(Math.abs(plain - value) <= 2 ** -23 * Math.abs(plain)))
      throw new Error(`${pair.title}: ${value}, not ${plain}`)
  }
}

/** One measurement of a pair: how many times the plain call's time. */
export interface OptionCost {
  readonly title: string
  readonly bound: number
  readonly dtype: Dtype
  readonly mode: Mode
  readonly shape: string
  readonly plain: number
  readonly option: number
  readonly times: number
}

export interface OptionsResult {
  readonly machine: Machine
  readonly settings: Settings
  readonly costs: readonly OptionCost[]
}

const FILE = new URL('results/options.json', import.meta.url)

/** The committed result, if there is one. */
export const readOptionsResult = (): OptionsResult | undefined =>
  existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : undefined

const shapeOf = ({ rows, classes, inner }: Data): string =>
  inner === 1 ? `${rows}×${classes}` : `${rows / inner}×${classes}×${inner}`

async function costOf(library: Library, pair: Pair, data: Data, settings: Settings): Promise<OptionCost> {
  check(library, pair, data)
  const team = (name: string, ours: boolean, call: Pair['plain']): Team<Data> => ({
    name,
    version: '',
    ours,
    unchecked: true,
    call: '',
    enter: () => ({ time: timeCalls(() => call(library, data)), result: () => ({}) }),
  })
  const teams = [team('option', true, pair.option), team('plain', false, pair.plain)]
  const measurement: Measurement = await measure(teams, data, { floor: () => 0 }, settings)
  const time = (name: string): number =>
    measurement.contestants.find((one) => one.name === name)?.nsPerElement?.median ?? Number.NaN
  const { title, bound } = pair
  const { dtype, mode } = data
  const times = 1 / measurement.ratios[0].median
  return { title, bound, dtype, mode, shape: shapeOf(data), plain: time('plain'), option: time('option'), times }
}

/** Runs the question; writes the result unless it is a dry run. */
export async function answerOptions(settings: Settings, dryRun: boolean): Promise<void> {
  const before = loadNow()
  const library: Library = await import(new URL('../packages/maxshift/dist/index.js', import.meta.url).href)
  const costs: OptionCost[] = []
  for (const pair of PAIRS)
    for (const dtype of ['f32', 'f64'] as const)
      for (const mode of pair.modes)
        for (const shape of pair.shapes) {
          const cost = await costOf(library, pair, dataOf(library, pair, dtype, mode, shape), settings)
          process.stderr.write(
            `${cost.title} ${dtype} ${mode} ${cost.shape}: ${cost.times.toFixed(2)} (at most ${cost.bound})\n`,
          )
          costs.push(cost)
        }
  if (dryRun) return
  mkdirSync(new URL('results/', import.meta.url), { recursive: true })
  writeFileSync(FILE, `${JSON.stringify({ machine: machine(before), settings, costs }, null, 2)}\n`)
}
