/**
 * The rows of a tile in plain TypeScript: softmax less label in float32, for the passes that need no last digit, and sums of columns.
 * ../linear-products.ts has the description, wasm/assembly-linear/residuals.ts the same with vectors.
 *
 * e^d = 2^n · e^r with n = round(d · log2 e), r = d − n · ln 2 in two steps and |r| ≤ ln 2/2; e^r by a polynomial of degree 6 (the
 * constants of assembly/exp-fast.ts). Rounding to an integer by a large constant puts n into the lowest bits of the rounded number.
 */
import type { FloatArray } from '../../arrays.ts'
import type { LinearProducts } from '../linear-products.ts'

/** 1.5 · 2^23, log2 e, −ln 2 in two parts, the logarithm of 2^−126, 1, and the coefficients from that of r² on. */
export const RESIDUAL_TABLE = Float32Array.of(
  ...[12582912, 1.4426950216293335, -0.693115234375, -0.00003194618329871446, -87.33654022216797, 1],
  ...[0.5, 0.16666577756404877, 0.041666556149721146, 0.008363173343241215, 0.0013926175888627768],
)

/** Vectors whose terms are added in float32. */
const BLOCK = 16

const bits = new Int32Array(1)
const number = new Float32Array(bits.buffer)

function bitsOf(x: number): number {
  number[0] = x
  return bits[0]
}

const step = (a: number, b: number, k: number): number => Math.fround(k + Math.fround(a * b))

/** e^d for a float32 d ≤ 0, 0 below the smallest normal number; NaN stays. */
function power(d: number): number {
  const [rounder, log2e, ln2High, ln2Low, lowest, one, c2, c3, c4, c5, c6] = RESIDUAL_TABLE
  if (d < lowest) return 0
  if (Number.isNaN(d)) return d
  const shifted = step(d, log2e, rounder)
  const n = Math.fround(shifted - rounder)
  const r = step(n, ln2Low, step(n, ln2High, d))
  let q = step(r, c6, c5)
  q = step(r, q, c4)
  q = step(r, q, c3)
  q = step(r, q, c2)
  q = step(r, q, one)
  q = step(r, q, one)
  bits[0] = bitsOf(q) + (bitsOf(shifted) << 23)
  return number[0]
}

/** The kernel over a buffer. */
export function createResiduals(buffer: ArrayBufferLike): LinearProducts['residuals_f32'] {
  const i32 = new Int32Array(buffer)
  const f32 = new Float32Array(buffer)
  const f64 = new Float64Array(buffer)

  /** Replaces a row by its exponentials and returns their sum: lanes of four, blocks of BLOCK vectors in float32. */
  function exponentials(begin: number, classes: number, shift: number): number {
    const sums = [0, 0, 0, 0]
    for (let first = 0; first < classes; first += 4 * BLOCK) {
      // The last vector, where it is not full, is added by itself.
      const full = Math.min(first + 4 * BLOCK, classes - (classes % 4))
      const block = [0, 0, 0, 0]
      for (let k = first; k < Math.min(first + 4 * BLOCK, classes); k++) {
        const t = power(Math.fround(f32[begin + k] - shift))
        f32[begin + k] = t
        if (k < full) block[k % 4] = Math.fround(block[k % 4] + t)
      }
      for (let lane = 0; lane < 4; lane++) if (full > first) sums[lane] += block[lane]
    }
    for (let k = classes - (classes % 4); k < classes; k++) sums[k % 4] += f32[begin + k]
    return sums[0] + sums[2] + (sums[1] + sums[3])
  }

  return (logits, rows, classes, labels, weights, sums, gaps) => {
    for (let r = 0; r < rows; r++) {
      const begin = logits / 4 + r * classes
      const weight = weights === 0 ? 1 : f64[weights / 8 + r]
      if (weight === 0) {
        f32.fill(0, begin, begin + classes)
        f64[sums / 8 + r] = 1
        f64[gaps / 8 + r] = 0
        continue
      }
      const label = begin + i32[labels / 4 + r]
      let shift = -Infinity
      for (let k = begin; k < begin + classes; k++) if (f32[k] > shift) shift = f32[k]
      f64[gaps / 8 + r] = shift - f32[label]
      const sum = exponentials(begin, classes, shift)
      f64[sums / 8 + r] = sum
      const share = weight / sum
      const own = -(sum - f32[label]) * share
      const factor = Math.fround(share)
      for (let k = begin; k < begin + classes; k++) f32[k] *= factor
      f32[label] = own
    }
  }
}

export const createAddColumns =
  (values: FloatArray, sums: Float64Array): LinearProducts['addColumns_f32'] =>
  (from, rows, classes, to) => {
    const begin = from / values.BYTES_PER_ELEMENT
    for (let r = 0, i = begin; r < rows; r++) for (let k = 0; k < classes; k++, i++) sums[to / 8 + k] += values[i]
  }
