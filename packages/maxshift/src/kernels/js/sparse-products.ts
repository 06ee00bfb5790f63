/**
 * The sparse products in plain TypeScript; sparse-products.ts says what they are. Rounding a float64 sum or product of float32 numbers
 * to float32 gives what float32 arithmetic gives.
 */
import type { FloatArray } from '../../arrays.ts'
import type { SparseMemory, SparseProducts } from '../sparse-products.ts'

/** The reference over a buffer, whose length is a multiple of 8. */
export function createSparseReference(buffer: ArrayBufferLike): SparseMemory {
  const i32 = new Int32Array(buffer)
  const f32 = new Float32Array(buffer)
  const f64 = new Float64Array(buffer)

  const gather =
    (from: FloatArray, numbers: FloatArray): SparseProducts['gatherRows_f32_f32'] =>
    (begins, ends, rows, indices, values, weights, stride, out) => {
      const size = numbers.BYTES_PER_ELEMENT
      const round = numbers === f32 ? Math.fround : Number
      for (let r = 0; r < rows; r++) {
        const end = i32[ends / 4 + r]
        const to = (out + r * stride) / size
        for (let c = 0; c < stride / size; c++) {
          let sum = numbers[to + c]
          for (let i = i32[begins / 4 + r]; i < end; i++) {
            const value = round(from[values / from.BYTES_PER_ELEMENT + i])
            sum = round(sum + round(value * numbers[(weights + i32[indices / 4 + i] * stride) / size + c]))
          }
          numbers[to + c] = sum
        }
      }
    }

  const scatter =
    (from: FloatArray, numbers: FloatArray): SparseProducts['scatterRows_f32_f32'] =>
    (begins, ends, rows, indices, values, source, stride, out) => {
      const size = numbers.BYTES_PER_ELEMENT
      const round = numbers === f32 ? Math.fround : Number
      for (let r = 0; r < rows; r++) {
        const end = i32[ends / 4 + r]
        const row = (source + r * stride) / size
        for (let i = i32[begins / 4 + r]; i < end; i++) {
          const value = round(from[values / from.BYTES_PER_ELEMENT + i])
          const to = (out + i32[indices / 4 + i] * stride) / size
          for (let c = 0; c < stride / size; c++) numbers[to + c] += round(value * numbers[row + c])
        }
      }
    }

  const kernels: SparseProducts = {
    gatherRows_f32_f32: gather(f32, f32),
    gatherRows_f32_f64: gather(f32, f64),
    gatherRows_f64_f32: gather(f64, f32),
    gatherRows_f64_f64: gather(f64, f64),
    scatterRows_f32_f32: scatter(f32, f32),
    scatterRows_f32_f64: scatter(f32, f64),
    scatterRows_f64_f32: scatter(f64, f32),
    scatterRows_f64_f64: scatter(f64, f64),
  }
  return { name: 'typescript', buffer, kernels }
}
