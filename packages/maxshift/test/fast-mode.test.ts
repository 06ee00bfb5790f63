/**
 * Fast mode keeps the formulas and so the digits at every margin; what it gives up is bounded here.
 *
 * It rounds x_i − m₂ once, which costs up to |x_i − m| ulps of a probability, and computes in the dtype itself. A log-probability
 * or loss at the maximum inherits the error of the runner-up, so its bound grows with the gap between the two largest logits.
 * Results below the smallest normal number may be 0.
 */
import { describe, expect, it } from 'vitest'
import type { FloatArray } from '../src/arrays.ts'
import { baseArena } from '../src/kernels/wasm/arena.ts'
import { fastBackend } from '../src/kernels/wasm/backend.ts'
import { fastLossBackend } from '../src/kernels/wasm/loss-backend.ts'
import { followsInfinityTable } from './conformance/infinities.ts'
import { keepsItsLayout } from './conformance/layout.ts'
import { OPERATIONS, type Operation, outputOf, singleRow, softmax } from './support/operations.ts'
import { exactRow } from './support/oracle.ts'
import { absoluteError, DTYPES, type Dtype, type Exact, roundTo, ulpError } from './support/ulp.ts'
import { CATEGORIES, vectorRows } from './vectors/load.ts'

const arena = baseArena()
if (arena === null) throw new Error('this engine has no WebAssembly with SIMD')
const backend = { ...fastBackend(arena), ...fastLossBackend(arena) }

/**
 * exp to 1.5 roundings, opposite errors in the term and in the sum, and the roundings of sum, total, factor and product: 4 and 8 half
 * ulps add up to at most this where a result's fraction is nearly 2. Rows found by search come within 3.6 and 4.6.
 */
const BASE = { f32: 4, f64: 8 }
const SMALLEST_NORMAL = { f32: 2 ** -126, f64: 2 ** -1022 }
const CANCELLED = { f32: 2 ** -22, f64: 2 ** -51 }

interface Top {
  max: number
  /** How far the next entry is below. */
  gap: number
}

function topOf(logits: FloatArray): Top {
  const sorted = Float64Array.from(logits).sort()
  const max = sorted[sorted.length - 1]
  return { max, gap: logits.length > 1 ? max - sorted[sorted.length - 2] : 0 }
}

/** Whether one output keeps its bound. */
function keeps(
  operation: Operation,
  dtype: Dtype,
  logits: FloatArray,
  place: number,
  actual: number,
  exact: Exact,
  { max, gap }: Top,
): boolean {
  const ulps = ulpError(roundTo(dtype, actual), exact, dtype)
  if (operation.name === 'softmax' || (operation.name === 'gradient' && exact.rounded >= 0)) {
    if (Math.abs(exact.rounded) < SMALLEST_NORMAL[dtype]) return actual >= 0 && actual <= SMALLEST_NORMAL[dtype]
    return ulps <= BASE[dtype] + (max - logits[place])
  }
  if (operation.name === 'logSumExp') {
    const room = CANCELLED[dtype] * Math.max(Math.abs(max), Math.log(logits.length))
    return ulps <= (dtype === 'f32' ? 2 : 3) || absoluteError(actual, exact, dtype) <= room
  }
  if (Math.abs(exact.rounded) < SMALLEST_NORMAL[dtype]) return Math.abs(actual) <= SMALLEST_NORMAL[dtype]
  return ulps <= BASE[dtype] + gap + 5
}

describe.each(OPERATIONS.map((operation) => [operation.name, operation] as const))('fast mode, %s', (_, operation) => {
  // The rows of these suites lie within 15 of their maximum, and are checked for layout and infinities, not for accuracy.
  const loose = { ...operation, goal: { f32: 25, f64: 25 } }
  followsInfinityTable(backend, loose)
  keepsItsLayout(backend, loose)

  for (const dtype of DTYPES) {
    it.each(CATEGORIES)(`${dtype}, category %s`, (category) => {
      const broken: string[] = []
      for (const row of vectorRows(dtype, category)) {
        const actual = outputOf(operation, backend, singleRow(dtype, row.logits, row.label))
        const top = topOf(row.logits)
        for (const [place, exact] of operation.exact(row, row.label)) {
          if (keeps(operation, dtype, row.logits, place, actual[place], exact, top)) continue
          broken.push(`${row.title}: ${place} is ${actual[place]}, ${ulpError(actual[place], exact, dtype)} ulp off`)
        }
      }
      expect(broken.slice(0, 5), `${broken.length} outputs`).toEqual([])
    })
  }
})

describe('rows found by search', () => {
  const worst = (logits: FloatArray): number => {
    const dtype = logits instanceof Float32Array ? 'f32' : 'f64'
    const exact = exactRow(logits, 0, dtype)
    const probs = outputOf(softmax, backend, singleRow(dtype, logits, 0))
    return Math.max(
      ...exact.softmax.map((value, i) => ulpError(probs[i], value, dtype) - (topOf(logits).max - logits[i])),
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
