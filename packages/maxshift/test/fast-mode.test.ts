/**
 * Fast mode keeps the formulas and so the digits at every margin; what it gives up is bounded here.
 *
 * It rounds x_i − m₂ once, which costs up to |x_i − m| ulps of a probability, and computes in the dtype itself. Through the sum every
 * probability inherits the rounded differences of all others, on average their mean distance from the maximum. A log-probability or
 * loss at the maximum inherits the error of the runner-up, so its bound grows with the gap between the two largest logits. Results
 * below the smallest normal number may be 0.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { referenceKernels } from '../src/kernels/js/reference.ts'
import type { Kernels } from '../src/kernels/kernels.ts'
import { sameScales } from '../src/kernels/scales.ts'
import { type Arena, baseArena } from '../src/kernels/wasm/arena.ts'
import { fastBackend } from '../src/kernels/wasm/backend.ts'
import { fastLossBackend } from '../src/kernels/wasm/loss-backend.ts'
import { lossesOf, type WholeLosses } from '../src/kernels/wasm/loss-module.ts'
import type { WholeKernels } from '../src/kernels/wasm/module.ts'
import { wholeKernels } from '../src/kernels/wasm/whole-kernels.ts'
import { wholeLosses } from '../src/kernels/wasm/whole-losses.ts'
import { followsInfinityTable } from './conformance/infinities.ts'
import { keepsItsLayout } from './conformance/layout.ts'
import { OPERATIONS, type Operation, outputOf, singleRow, softmax } from './support/operations.ts'
import { exactRow } from './support/oracle.ts'
import { seededRandom } from './support/random.ts'
import { absoluteError, DTYPES, type Dtype, type Exact, floatArray, roundTo, ulpError } from './support/ulp.ts'
import { CATEGORIES, vectorRows } from './vectors/load.ts'

const arena = baseArena()
if (arena === null) throw new Error('this engine has no WebAssembly with SIMD')
const backend = { ...fastBackend(arena), ...fastLossBackend(arena) }

/** The kernels without relaxed SIMD, which this engine may have: fast mode, whatever the number of classes. */
function plainBackend(dtype: Dtype): Kernels {
  const exports: Record<string, unknown> = { ...arena?.passes, ...lossesOf(arena as Arena).passes }
  const names = ['softmax', 'logSoftmax', 'logSumExp', 'crossEntropy', 'crossEntropyWithGradient']
  const fast = Object.fromEntries(names.map((name) => [name, exports[`${name}Fast_${dtype}`]]))
  const family = wholeKernels(arena as Arena, 'plain SIMD', () => fast as unknown as WholeKernels)
  return { ...backend, ...family, ...wholeLosses(arena as Arena, () => fast as unknown as WholeLosses) }
}

const BACKENDS = [
  ['as it is', () => backend],
  ['without relaxed SIMD', plainBackend],
] as const

/**
 * Probabilities: the roundings of a term and its exponential, of the sum and its exponentials, and of factor and product; float64 has no
 * wider format for what is done once a row. Rows found by search come to 2.1 and 3.9. Logarithms and losses: 2.2 and 2.4 of 2.5 and 3.
 */
const BASE = { f32: 2.5, f64: 4 }
const BASE_OF_LOGS = { f32: 2.5, f64: 3 }
const SMALLEST_NORMAL = { f32: 2 ** -126, f64: 2 ** -1022 }
const CANCELLED = { f32: 2 ** -22, f64: 2 ** -51 }

interface Top {
  max: number
  /** How far the next entry is below. */
  gap: number
  /** Σ p_i (m − x_i). */
  meanDistance: number
}

function topOf(logits: FloatArray): Top {
  const sorted = Float64Array.from(logits).sort()
  const max = sorted[sorted.length - 1]
  let total = 0
  let weighted = 0
  for (const x of logits) {
    const weight = Math.exp(x - max)
    total += weight
    if (weight > 0) weighted += weight * (max - x)
  }
  return { max, gap: logits.length > 1 ? max - sorted[sorted.length - 2] : 0, meanDistance: weighted / total }
}

/** Whether one output keeps its bound. */
function keeps(
  operation: Operation,
  dtype: Dtype,
  logits: FloatArray,
  place: number,
  actual: number,
  exact: Exact,
  { max, gap, meanDistance }: Top,
): boolean {
  const ulps = ulpError(roundTo(dtype, actual), exact, dtype)
  if (operation.name === 'softmax' || (operation.name === 'gradient' && exact.rounded >= 0)) {
    if (Math.abs(exact.rounded) < SMALLEST_NORMAL[dtype]) return actual >= 0 && actual <= SMALLEST_NORMAL[dtype]
    return ulps <= BASE[dtype] + (max - logits[place]) + meanDistance
  }
  if (operation.name === 'logSumExp') {
    const room = CANCELLED[dtype] * Math.max(Math.abs(max), Math.log(logits.length))
    return ulps <= (dtype === 'f32' ? 1 : 3) || absoluteError(actual, exact, dtype) <= room
  }
  if (Math.abs(exact.rounded) < SMALLEST_NORMAL[dtype]) return Math.abs(actual) <= SMALLEST_NORMAL[dtype]
  return ulps <= BASE_OF_LOGS[dtype] + gap + 5
}

describe.each(OPERATIONS.map((operation) => [operation.name, operation] as const))('fast mode, %s', (_, operation) => {
  // The rows of these suites lie within 15 of their maximum, and are checked for layout and infinities, not for accuracy.
  const loose = { ...operation, goal: { f32: 25, f64: 25 } }
  followsInfinityTable(backend, loose)
  keepsItsLayout(backend, loose)

  for (const dtype of DTYPES) {
    it.each(CATEGORIES.flatMap((category) => BACKENDS.map(([name, create]) => [category, name, create] as const)))(
      `${dtype}, category %s, %s`,
      (category, _, create) => {
        const kernels = create(dtype)
        const broken: string[] = []
        for (const row of vectorRows(dtype, category)) {
          const actual = outputOf(operation, kernels, singleRow(dtype, row.logits, row.label))
          const top = topOf(row.logits)
          for (const [place, exact] of operation.exact(row, row.label)) {
            if (keeps(operation, dtype, row.logits, place, actual[place], exact, top)) continue
            broken.push(`${row.title}: ${place} is ${actual[place]}, ${ulpError(actual[place], exact, dtype)} ulp off`)
          }
        }
        expect(broken.slice(0, 5), `${broken.length} outputs`).toEqual([])
      },
    )
  }
})

describe.each(BACKENDS)('rows found by search, %s', (_, create) => {
  const worst = (logits: FloatArray): number => {
    const dtype = logits instanceof Float32Array ? 'f32' : 'f64'
    const exact = exactRow(logits, 0, dtype)
    const probs = outputOf(softmax, create(dtype), singleRow(dtype, logits, 0))
    const { max, meanDistance } = topOf(logits)
    return Math.max(
      ...exact.softmax.map((value, i) => ulpError(probs[i], value, dtype) - (max - logits[i]) - meanDistance),
    )
  }
  it('float32, errors of opposite sign in the term and in the sum', () => {
    const logits = new Float32Array(1101).fill(-1.7323437929153442)
    logits.set([0, 0, -0.30997246503829956])
    expect(worst(logits)).toBeLessThanOrEqual(BASE.f32)
  })
  it('float64, many roundings of one sign', () => {
    const logits = [1.4893659835717288e-15, -0.02914909110556245, -0.6076186499479299, -1.0379927788207814]
    const rest = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, -0.04640028947013779, -0.5886811954105591]
    expect(worst(Float64Array.of(...logits, ...rest))).toBeLessThanOrEqual(BASE.f64)
  })
})

describe.each(DTYPES)('class weights, %s', (dtype) => {
  const random = seededRandom(77)
  it('stay near what accurate mode gives, and one-hot peaks keep their digits', () => {
    const unit = dtype === 'f32' ? 2 ** -23 : 2 ** -52
    for (let i = 0; i < 300; i++) {
      const classes = 17 + random.below(i % 20 === 0 ? 2000 : 60)
      const rows = 1 + random.below(4)
      const logits = floatArray(dtype, rows * classes).map(() => 4 * random.normal())
      const isPeak = i % 4 === 0 // all weight at the label: the gradient there must keep its digits
      if (isPeak) for (let r = 0; r < rows; r++) logits[r * classes + 1] = 60
      const stride = i % 3 === 0 ? classes : 0
      const weight = (k: number): number => (isPeak ? 0 : i % 4 === 1 ? 0.1 / classes : (1 + (k % 3)) / classes)
      const base = Float64Array.from({ length: stride === 0 ? classes : rows * classes }, (_, k) => weight(k))
      if (isPeak) logits[0] = Number.NEGATIVE_INFINITY
      const labels = i % 7 === 0 ? null : new Int32Array(rows).fill(1)
      const targets = { base, stride, labels, peaks: labels === null ? null : new Float64Array(rows).fill(0.9) }
      const scales = sameScales(rows, 0.5)
      const temperature = [1, 0.7][i % 2]
      const zLoss = isPeak ? 0 : [0, 1e-3][(i >> 1) % 2]
      const run = (kernels: Kernels): [FloatArray, Float64Array] => {
        const out = logits.slice()
        const losses = new Float64Array(rows)
        kernels.softCrossEntropyWithGradient(out, targets, rows, classes, temperature, zLoss, scales, losses, out)
        const alone = new Float64Array(rows)
        kernels.softCrossEntropy(logits, targets, rows, classes, temperature, zLoss, alone)
        expect([...alone]).toEqual([...losses])
        return [out, losses]
      }
      const [out, losses] = run(backend)
      const [expected, expectedLosses] = run(referenceKernels)
      // Distances are below 80/0.7, and count once for the difference and once for 1/T.
      losses.forEach((loss, r) => {
        expect(Math.abs(loss - expectedLosses[r])).toBeLessThanOrEqual(250 * unit * expectedLosses[r])
      })
      out.forEach((g: number, k: number) => {
        const target = isPeak ? 0 : base[stride === 0 ? k % classes : k] + (k % classes === 1 ? 0.9 : 0)
        const size = Math.max(Math.abs(expected[k]), target, dtype === 'f32' ? 2 ** -126 : 2 ** -1022)
        expect(Math.abs(g - expected[k]), `round ${i}, entry ${k}`).toBeLessThanOrEqual(250 * unit * size)
      })
    }
  })
})
