/**
 * The bits of the reference under every option of the kernels: temperatures from one end of float64 to the other, scales of their own
 * for each row, class weights with and without labels, z-loss; in blocks, groups and single rows.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { alloc } from '../src/index.ts'
import { referenceKernels } from '../src/kernels/js/reference.ts'
import type { Kernels, Targets } from '../src/kernels/kernels.ts'
import { baseArena } from '../src/kernels/wasm/arena.ts'
import { accurateBackend } from '../src/kernels/wasm/backend.ts'
import { accurateLossBackend } from '../src/kernels/wasm/loss-backend.ts'
import { seededRandom } from './support/random.ts'
import { DTYPES, type Dtype, floatArray } from './support/ulp.ts'

const arena = baseArena()
if (arena === null) throw new Error('this engine has no WebAssembly with SIMD')
const backend: Kernels = { ...accurateBackend(arena), ...accurateLossBackend(arena) }

const random = seededRandom(23)
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]

interface Input {
  readonly dtype: Dtype
  readonly rows: number
  readonly classes: number
  readonly logits: FloatArray
  readonly labels: Int32Array
  readonly targets: Targets
  readonly temperature: number
  readonly zLoss: number
  readonly scales: Float64Array
}

const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 5e-324, -1e38, 3e38, 1e30]

function draw(dtype: Dtype): number {
  const largest = dtype === 'f32' ? 3e38 : 1.7e308
  return pick([
    () => random.normal(),
    () => 30 * random.normal(),
    () => Math.round(random.normal()),
    () => largest * (2 * random.uniform() - 1),
    () => 10 ** (-320 + 620 * random.uniform()),
    () => (random.below(3) === 0 ? pick(special) : random.normal()),
    () => (random.below(3) === 0 ? Number.NEGATIVE_INFINITY : 5 * random.normal()),
  ])()
}

/** One distribution for a whole input mostly, so that most rows are regular. */
function drawLogits(dtype: Dtype, length: number, temperature: number): FloatArray {
  const kind = random.below(4)
  const spread = pick([1, 20, 300]) * (kind === 0 ? 1 : temperature)
  return floatArray(dtype, length).map(() => {
    if (kind === 1) return draw(dtype)
    if (kind === 2 && random.below(5) === 0) return Number.NEGATIVE_INFINITY
    return spread * random.normal()
  })
}

function drawTargets(rows: number, classes: number, labels: Int32Array): Targets {
  const stride = pick([0, classes])
  const weight = pick([() => 0.1 / classes, () => 0, () => random.uniform(), () => pick([0, 1]), () => 1e-310])
  const shared = pick([1, classes])
  const base = Float64Array.from({ length: stride === 0 ? shared : rows * classes }, weight)
  const lowOf = (array: Float64Array): Float64Array | null =>
    random.below(2) === 0 ? null : array.map((x) => x * 2 ** -53 * (2 * random.uniform() - 1))
  const common = { base, baseLow: lowOf(base), stride }
  if (random.below(3) === 0) return { ...common, labels: null, peaks: null }
  const peaks = Float64Array.from(labels, () => pick([0, 0.9, 1, random.uniform()]))
  return { ...common, labels, peaks, peaksLow: lowOf(peaks) }
}

function drawInput(dtype: Dtype, rows: number, classes: number): Input {
  const temperature = pick([
    1,
    1,
    0.7,
    2,
    0.1,
    37,
    1e-5,
    1e20,
    10 ** (600 * random.uniform() - 300),
    5e-324,
    1e-310,
    1.7e308,
  ])
  const labels = Int32Array.from({ length: rows }, () => random.below(classes))
  return {
    dtype,
    rows,
    classes,
    logits: drawLogits(dtype, rows * classes, temperature),
    labels,
    targets: drawTargets(rows, classes, labels),
    temperature,
    zLoss: pick([0, 0, 1e-4, 3]),
    scales: Float64Array.from({ length: 2 * pick([1, rows]) }, (_, i) =>
      i % 2 === 1 ? 0 : pick([0, 1, 1 / 3, 1e-300, 1e300, 5e-324]),
    ),
  }
}

type Run = (kernels: Kernels, input: Input, out: FloatArray, losses: Float64Array, low: Float64Array) => void
const OPERATIONS: Readonly<Record<string, Run>> = {
  softmax: (k, { logits, rows, classes, temperature }, out) => k.softmax(logits, rows, classes, temperature, out),
  logSoftmax: (k, { logits, rows, classes, temperature }, out) => k.logSoftmax(logits, rows, classes, temperature, out),
  logSumExp: (k, { logits, rows, classes, temperature }, out) => k.logSumExp(logits, rows, classes, temperature, out),
  crossEntropy: (k, { logits, labels, rows, classes, temperature }, _, losses, low) =>
    k.crossEntropy(logits, labels, rows, classes, temperature, losses, low),
  crossEntropyWithGradient: (k, { logits, labels, rows, classes, temperature, scales }, out, losses, low) =>
    k.crossEntropyWithGradient(logits, labels, rows, classes, temperature, scales, losses, out, low),
  softCrossEntropy: (k, { logits, targets, rows, classes, temperature, zLoss }, _, losses, low) =>
    k.softCrossEntropy(logits, targets, rows, classes, temperature, zLoss, losses, low),
  softCrossEntropyWithGradient: (k, { logits, targets, rows, classes, temperature, zLoss, scales }, out, losses, low) =>
    k.softCrossEntropyWithGradient(logits, targets, rows, classes, temperature, zLoss, scales, losses, out, low),
}

/** The first place where two arrays differ as numbers, −0 and +0 apart, or −1. */
const differing = (a: FloatArray, b: FloatArray): number => a.findIndex((x: number, i: number) => !Object.is(x, b[i]))

function compare(run: Run, input: Input, title: string): void {
  const { dtype, logits, rows } = input
  const expected = floatArray(dtype, logits.length)
  const expectedLosses = new Float64Array(rows)
  const expectedLow = new Float64Array(rows).fill(-1)
  run(referenceKernels, input, expected, expectedLosses, expectedLow)
  const out = floatArray(dtype, logits.length)
  const losses = new Float64Array(rows)
  const low = new Float64Array(rows).fill(-1)
  run(backend, input, out, losses, low)
  expect(differing(low, expectedLow), `${title}: low parts of the losses`).toBe(-1)
  const show = (): string => {
    const { temperature, zLoss, targets, classes } = input
    const at = Math.max(differing(out, expected), 0)
    const r = Math.max(differing(losses, expectedLosses), 0)
    return `${title}: ${rows} × ${classes}, T ${temperature}, z ${zLoss}, stride ${targets.stride}: ${out[at]} at ${at} for ${expected[at]}; loss ${losses[r]} at ${r} for ${expectedLosses[r]}`
  }
  expect(
    differing(out, expected) + differing(losses, expectedLosses),
    differing(out, expected) + differing(losses, expectedLosses) === -2 ? '' : show(),
  ).toBe(-2)

  const type = dtype === 'f32' ? 'float32' : 'float64'
  const inside = alloc(type, logits.length)
  inside.set(logits)
  run(backend, { ...input, logits: inside }, inside, losses, low)
  const isWritten = differing(floatArray(dtype, out.length), expected) >= 0
  if (isWritten && !title.startsWith('logSumExp')) expect(differing(inside, expected), `${title} in place`).toBe(-1)
}

describe.each(DTYPES)('%s', (dtype) => {
  it.each(Object.entries(OPERATIONS))('%s', (name, run) => {
    for (let i = 0; i < 500; i++) {
      const classes = i % 50 === 0 ? 500 + random.below(3000) : 1 + random.below(80)
      compare(run, drawInput(dtype, 1 + random.below(i % 50 === 0 ? 3 : 14), classes), `${name}, round ${i}`)
    }
  })
  it('across the borders of blocks', () => {
    for (const [rows, classes] of [
      [4097, 2],
      [1700, 5],
      [700, 100],
      [3, 70000],
    ]) {
      for (const [name, run] of Object.entries(OPERATIONS)) compare(run, drawInput(dtype, rows, classes), name)
    }
  })
})
