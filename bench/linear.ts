/**
 * How long does the fused linear layer with cross-entropy take, value and gradients of weights and bias? Against its two matrix
 * products alone, by the same micro-kernel on operands that stay in the cache, and against PyTorch (`linear`, `cross_entropy`,
 * `backward`, one thread).
 *
 * A contestant is validated on the first rows of its problem against plain loops in float64, then all are timed in interleaved rounds
 * by the harness. Its "elements" are logits.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { LinearProducts } from '../packages/maxshift/src/kernels/linear-products.ts'
import { Absent, type Contestant, type Outcome, type Team, timeCalls } from './contestant.ts'
import { type Measurement, measure, type Settings } from './harness.ts'
import { loadNow, type Machine, machine } from './machine.ts'
import { type Ask, startWorker } from './peers/python.ts'
import { type FloatArray, newArray, temporaryFile } from './problem.ts'
import { type Expected, forEachRow } from './validate.ts'

type Kind = 'u8' | 'f32' | 'f64'

/** Rows × features × classes, and the type of the features. */
export interface LinearShape {
  readonly rows: number
  readonly features: number
  readonly classes: number
  readonly kind: Kind
}

/** MNIST in three types, embeddings, and a language model's last layer, with as many rows as fit a few minutes. */
export const LINEAR_SHAPES: readonly LinearShape[] = [
  { rows: 60_000, features: 784, classes: 10, kind: 'f32' },
  { rows: 60_000, features: 784, classes: 10, kind: 'u8' },
  { rows: 60_000, features: 784, classes: 10, kind: 'f64' },
  { rows: 8192, features: 768, classes: 100, kind: 'f32' },
  { rows: 2048, features: 768, classes: 1000, kind: 'f32' },
  { rows: 256, features: 1024, classes: 128_000, kind: 'f32' },
]

export interface LinearProblem extends LinearShape {
  /** Of the weights, and so of the products. */
  readonly dtype: 'f32' | 'f64'
  readonly x: FloatArray | Uint8Array
  readonly weights: FloatArray
  readonly labels: Int32Array
  /** How many rows a contestant is validated on: what plain loops do in about a second. */
  readonly checked: number
}

const CHECKED_PRODUCTS = 5e8
/** Of so many classes the gradient is compared. */
const SHOWN = 1000

/** Features between −1 and 1, or bytes, weights for logits of about ±1, uniform labels; the same numbers every time. */
function problemOf(shape: LinearShape): LinearProblem {
  const { rows, features, classes, kind } = shape
  let state = 20_261_124
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const dtype = kind === 'f64' ? 'f64' : 'f32'
  const x = kind === 'u8' ? new Uint8Array(rows * features) : newArray(kind, rows * features)
  for (let i = 0; i < x.length; i++) x[i] = kind === 'u8' ? 256 * next() : 2 * next() - 1
  const weights = newArray(dtype, classes * features)
  const size = 3 / Math.sqrt(features) / (kind === 'u8' ? 256 : 1)
  for (let i = 0; i < weights.length; i++) weights[i] = size * (2 * next() - 1)
  const labels = Int32Array.from({ length: rows }, () => Math.floor(next() * classes))
  const checked = Math.min(rows, Math.max(2, Math.floor(CHECKED_PRODUCTS / (features * classes))))
  return { ...shape, dtype, x, weights, labels, checked }
}

/** Loss and gradient of the weights for the first rows, in float64. */
function expectedOf({ x, weights, labels, checked, features, classes }: LinearProblem): Expected {
  const logits = new Float64Array(checked * classes)
  for (let r = 0; r < checked; r++)
    for (let k = 0; k < classes; k++) {
      let sum = 0
      for (let j = 0; j < features; j++) sum += x[r * features + j] * weights[k * features + j]
      logits[r * classes + k] = sum
    }
  const shown = Math.min(classes, SHOWN)
  const values = new Float64Array(shown * features)
  let loss = 0
  let squares = 0
  forEachRow({ logits, rows: checked, classes }, (row, start, max, sum) => {
    loss += Math.log(sum) - (logits[start + labels[row]] - max)
    for (let k = 0; k < shown; k++) {
      const residual = (Math.exp(logits[start + k] - max) / sum - (k === labels[row] ? 1 : 0)) / checked
      for (let j = 0; j < features; j++) values[k * features + j] += residual * x[row * features + j]
    }
  })
  for (const value of values) squares += value * value
  const typical = Math.sqrt(squares / values.length)
  return { values, loss: loss / checked, floor: () => typical }
}

interface Library {
  linearCrossEntropyWithGradient(
    x: FloatArray | Uint8Array,
    weights: FloatArray,
    labels: Int32Array,
    options: Record<string, unknown>,
  ): { loss: number; weightsGradient: FloatArray }
}

const BUILD = new URL('../packages/maxshift/dist/', import.meta.url)

async function fused(): Promise<Team<LinearProblem>> {
  if (!existsSync(new URL('index.js', BUILD))) throw new Error('the library is not built: run npm ci in the root')
  const library: Library = await import(new URL('index.js', BUILD).href)
  const { version } = JSON.parse(readFileSync(new URL('../package.json', BUILD), 'utf8'))
  const enter = async ({ x, weights, labels, features, checked, dtype }: LinearProblem): Promise<Contestant> => {
    const out = { weightsGradient: newArray(dtype, weights.length) }
    const call = (rows: number) =>
      library.linearCrossEntropyWithGradient(x.subarray(0, rows * features), weights, labels.subarray(0, rows), {
        featureCount: features,
        out,
      })
    return {
      time: timeCalls(() => call(labels.length).loss),
      result: async (): Promise<Outcome> => {
        const { loss, weightsGradient } = call(checked)
        return { loss, values: Float64Array.from(weightsGradient.subarray(0, SHOWN * features)) }
      },
    }
  }
  return { name: 'fused', version, ours: true, call: '`linearCrossEntropyWithGradient`, `out` for the gradient', enter }
}

/** Classes that lie in the cache at a time, and rows of a tile. */
const PANEL = 60
const TILE = 64

/** The two products alone: each tile of rows against each panel of classes, always the same tile and panel, nothing else. */
async function productsAlone(): Promise<Team<LinearProblem>> {
  const { createLinearMemory } = await import(new URL('kernels/wasm/linear-module.js', BUILD).href)
  const enter = async ({ rows, features, classes, dtype }: LinearProblem): Promise<Contestant> => {
    const size = dtype === 'f32' ? 4 : 8
    const stride = (Math.ceil((features * size) / 64) | 1) * 64
    const memory: { buffer: ArrayBuffer; kernels: LinearProducts } = createLinearMemory(2 ** 23)
    const padded = Math.ceil(features / 4) * 4
    const block = Math.ceil(padded / Math.ceil(padded / (1024 / size)) / 4) * 4
    let end = 64
    const area = (bytes: number): number => {
      end += Math.ceil(bytes / 64) * 64
      return end - Math.ceil(bytes / 64) * 64
    }
    const x = area((TILE + 1) * stride)
    const panel = area(PANEL * padded * size)
    const bias = area(PANEL * 8)
    const sums = area((TILE + 1) * PANEL * 8)
    const out = area(TILE * PANEL * size)
    const coefficients = area(TILE * PANEL * size)
    const gradient = area(PANEL * features * 8)
    const spare = area(128)
    const products = memory.kernels[`products_${dtype}`]
    const { addOuter_f32_f32, addOuter_f64_f64 } = memory.kernels
    const addOuter = dtype === 'f32' ? addOuter_f32_f32 : addOuter_f64_f64
    const call = (): number => {
      for (let r = 0; r < rows; r += TILE) {
        const count = Math.min(TILE, rows - r)
        for (let k = 0; k < classes; k += PANEL) {
          const n = Math.min(PANEL, classes - k)
          products(x, count, stride, panel, bias, n, features, block, sums, out, n * size)
          addOuter(x, stride, count, coefficients, n, features, gradient, spare)
        }
      }
      return new Float32Array(memory.buffer, gradient, 1)[0]
    }
    return { time: timeCalls(call), result: async () => ({}) }
  }
  const call = 'the kernels under it, on one tile and one panel that stay in the cache'
  return { name: PRODUCTS, version: '', ours: false, unchecked: true, call, enter }
}

export const PRODUCTS = 'two products alone'

function pyTorch(ask: Ask, version: string): Team<LinearProblem> {
  const enter = async (problem: LinearProblem): Promise<Contestant> => {
    const files = { x: temporaryFile('x'), weights: temporaryFile('weights'), labels: temporaryFile('labels') }
    writeFileSync(files.x, problem.x)
    writeFileSync(files.weights, problem.weights)
    writeFileSync(files.labels, problem.labels)
    const { rows, features, classes, kind, dtype, checked } = problem
    const { absent } = await ask({ do: 'linear', rows, features, classes, kind, dtype, checked, ...files })
    if (absent !== undefined) throw new Absent(absent)
    return {
      time: async (repetitions) => (await ask({ do: 'time', peer: 'torch', repetitions })).nanoseconds as number,
      result: async () => {
        const file = temporaryFile('gradient')
        const { loss } = await ask({ do: 'result', peer: 'checked', file })
        const { buffer, byteOffset, byteLength } = readFileSync(file)
        return { loss: loss as number, values: new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength)) }
      },
    }
  }
  const call = '`F.linear`, `F.cross_entropy`, `backward()`; bytes are widened to float32 within the call'
  return { name: 'PyTorch', version, ours: false, call, enter }
}

export interface LinearResult {
  machine: Machine
  settings: Settings
  teams: { name: string; version: string; call: string }[]
  measurements: (Measurement & LinearShape)[]
}

const FILE = new URL('results/linear-cross-entropy.json', import.meta.url)

/** The committed result, if there is one. */
export const readLinearResult = (): LinearResult | undefined =>
  existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : undefined

export const linearShapeName = ({ rows, features, classes, kind }: LinearShape): string =>
  `${rows}×${features}×${classes} ${kind}`

/** Runs the question; writes the result unless it is a dry run. */
export async function answerLinear(settings: Settings, asked: readonly string[], dryRun: boolean): Promise<void> {
  const say = (line: string): boolean => process.stderr.write(`${line}\n`)
  const before = loadNow()
  const teams = [await fused(), await productsAlone()]
  let close = (): void => {}
  try {
    const worker = await startWorker()
    close = worker.close
    if (worker.versions.torch === null) say('skipped: PyTorch: python3 does not have it')
    else teams.push(pyTorch(worker.ask, worker.versions.torch))
  } catch (error) {
    say(`skipped: PyTorch: ${error}`)
  }
  const measurements: LinearResult['measurements'] = []
  for (const shape of LINEAR_SHAPES.filter((one) => asked.length === 0 || asked.includes(linearShapeName(one)))) {
    const problem = problemOf(shape)
    const measurement = await measure(teams, problem, expectedOf(problem), settings)
    measurements.push({ ...measurement, ...shape })
    say(`\n${linearShapeName(shape)}, milliseconds and GFLOP/s: median`)
    for (const { name, nsPerElement, reason } of measurement.contestants) {
      const time = nsPerElement?.median
      if (time === undefined) say(`  ${name}: ${reason}`)
      else
        say(
          `  ${name.padEnd(20)} ${milliseconds(shape, time).toFixed(1).padStart(9)} ${gigaflops(shape, time).toFixed(1)}`,
        )
    }
  }
  close()
  if (dryRun) return
  mkdirSync(new URL('results/', import.meta.url), { recursive: true })
  const described = teams.map(({ name, version, call }) => ({ name, version, call }))
  const result: LinearResult = { machine: machine(before), settings, teams: described, measurements }
  writeFileSync(FILE, `${JSON.stringify(result, null, 2)}\n`)
}

/** Of one call, from nanoseconds per logit. */
export const milliseconds = ({ rows, classes }: LinearShape, time: number): number => (time * rows * classes) / 1e6

/** Two products of 2 · features operations per logit. */
export const gigaflops = ({ features }: LinearShape, time: number): number => (4 * features) / time
