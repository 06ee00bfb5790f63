/**
 * The matrix products of the linear pass in plain TypeScript, the reference for those in WebAssembly: see ../linear-products.ts.
 * They serve where there is no WebAssembly; the speed is that of scalar code.
 */
import type { FloatArray } from '../../arrays.ts'
import type { LinearMemory, LinearProducts } from '../linear-products.ts'
import { createAddColumns, createResiduals } from './residuals.ts'

/** How many classes, or rows of coefficients, are taken at once when `left` are left: four, or less so that none stays alone. */
export function groupOf(left: number): number {
  return left === 5 || left === 6 ? 3 : Math.min(4, left)
}

/** Features with the zeros behind them. */
const pad = (features: number): number => Math.ceil(features / 4) * 4

/** Calls `each` for every group of `count` with its start and its size. */
function overGroups(count: number, each: (start: number, size: number) => void): void {
  for (let start = 0; start < count; ) {
    const size = groupOf(count - start)
    each(start, size)
    start += size
  }
}

/** The sum of one block of one row and one class, whose vectors are `step` numbers apart. */
type Dot = (x: number, panel: number, step: number, vectors: number) => number

/** The reference over a buffer of its own. */
export function createReferenceMemory(bytes: number): LinearMemory {
  const buffer = new ArrayBuffer(Math.ceil(bytes / 8) * 8)
  const u8 = new Uint8Array(buffer)
  const f32 = new Float32Array(buffer)
  const f64 = new Float64Array(buffer)

  /** Copies one row; vectors of `lanes` numbers start `step` numbers of the target apart. */
  function copyRow(
    source: Uint8Array | FloatArray,
    from: number,
    features: number,
    target: FloatArray,
    to: number,
    step: number,
  ): void {
    const lanes = 16 / target.BYTES_PER_ELEMENT
    for (let j = 0; j < pad(features); j++) {
      target[to + Math.floor(j / lanes) * step + (j % lanes)] = j < features ? source[from + j] : 0
    }
  }

  const loadRows =
    (source: Uint8Array | FloatArray, target: FloatArray): LinearProducts['loadRows_f32_f32'] =>
    (from, rows, features, to, stride) => {
      const size = target.BYTES_PER_ELEMENT
      for (let r = 0; r < rows; r++) {
        const begin = from / source.BYTES_PER_ELEMENT + r * features
        copyRow(source, begin, features, target, (to + r * stride) / size, 16 / size)
      }
    }

  const loadPanel =
    (source: FloatArray, target: FloatArray): LinearProducts['loadPanel_f32_f32'] =>
    (from, classes, features, to) => {
      const size = target.BYTES_PER_ELEMENT
      overGroups(classes, (start, count) => {
        const group = to / size + start * pad(features)
        for (let i = 0; i < count; i++) {
          const begin = from / source.BYTES_PER_ELEMENT + (start + i) * features
          copyRow(source, begin, features, target, group + (i * 16) / size, (count * 16) / size)
        }
      })
    }

  const dotSingle: Dot = (x, panel, step, vectors) => {
    let l0 = 0
    let l1 = 0
    let l2 = 0
    let l3 = 0
    for (let v = 0, i = x, k = panel; v < vectors; v++, i += 4, k += step) {
      l0 = Math.fround(l0 + Math.fround(f32[i] * f32[k]))
      l1 = Math.fround(l1 + Math.fround(f32[i + 1] * f32[k + 1]))
      l2 = Math.fround(l2 + Math.fround(f32[i + 2] * f32[k + 2]))
      l3 = Math.fround(l3 + Math.fround(f32[i + 3] * f32[k + 3]))
    }
    return l0 + l2 + (l1 + l3)
  }

  const dotDouble: Dot = (x, panel, step, vectors) => {
    let l0 = 0
    let l1 = 0
    for (let v = 0, i = x, k = panel; v < vectors; v++, i += 2, k += step) {
      l0 += f64[i] * f64[k]
      l1 += f64[i + 1] * f64[k + 1]
    }
    return l0 + l1
  }

  const products =
    (values: FloatArray, dot: Dot): LinearProducts['products_f32'] =>
    (x, rows, stride, panel, bias, classes, features, block, sums, out, outStride) => {
      const size = values.BYTES_PER_ELEMENT
      const lanes = 16 / size
      const padded = pad(features)
      const sumsAt = sums / 8
      for (let r = 0; r < rows; r++) {
        for (let k = 0; k < classes; k++) f64[sumsAt + r * classes + k] = f64[bias / 8 + k]
      }
      for (let first = 0; first < padded; first += block) {
        const length = Math.min(block, padded - first)
        overGroups(classes, (start, count) => {
          const group = panel / size + start * padded + first * count
          for (let r = 0; r < rows; r++) {
            const row = (x + r * stride) / size + first
            for (let i = 0; i < count; i++) {
              f64[sumsAt + r * classes + start + i] += dot(row, group + i * lanes, count * lanes, length / lanes)
            }
          }
        })
      }
      for (let r = 0; r < rows; r++) {
        for (let k = 0; k < classes; k++) values[(out + r * outStride) / size + k] = f64[sumsAt + r * classes + k]
      }
    }

  const packCoefficients =
    (values: FloatArray): LinearProducts['packCoefficients_f32'] =>
    (from, depthStep, countStep, depth, count, to) => {
      const size = values.BYTES_PER_ELEMENT
      let next = to / size
      overGroups(count, (start, group) => {
        for (let d = 0; d < depth; d++) {
          const row = (from + d * depthStep + start * countStep) / size
          for (let i = 0; i < group; i++) values[next++] = values[row + (i * countStep) / size]
        }
      })
    }

  const addOuter =
    (values: FloatArray, results: FloatArray): LinearProducts['addOuter_f32_f32'] =>
    (x, stride, depth, coefficients, count, features, out) => {
      const size = values.BYTES_PER_ELEMENT
      const sums = values === f32 ? new Float32Array(features) : new Float64Array(features)
      overGroups(count, (start, group) => {
        for (let i = 0; i < group; i++) {
          sums.fill(0)
          for (let d = 0; d < depth; d++) {
            const c = values[coefficients / size + start * depth + d * group + i]
            const row = (x + d * stride) / size
            if (values === f32) for (let j = 0; j < features; j++) sums[j] += Math.fround(c * values[row + j])
            else for (let j = 0; j < features; j++) sums[j] += c * values[row + j]
          }
          const to = out / results.BYTES_PER_ELEMENT + (start + i) * features
          for (let j = 0; j < features; j++) results[to + j] += sums[j]
        }
      })
    }

  const kernels: LinearProducts = {
    loadRows_u8_f32: loadRows(u8, f32),
    loadRows_f32_f32: loadRows(f32, f32),
    loadRows_f64_f32: loadRows(f64, f32),
    loadRows_u8_f64: loadRows(u8, f64),
    loadRows_f32_f64: loadRows(f32, f64),
    loadRows_f64_f64: loadRows(f64, f64),
    loadPanel_f32_f32: loadPanel(f32, f32),
    loadPanel_f32_f64: loadPanel(f32, f64),
    loadPanel_f64_f64: loadPanel(f64, f64),
    products_f32: products(f32, dotSingle),
    products_f64: products(f64, dotDouble),
    packCoefficients_f32: packCoefficients(f32),
    packCoefficients_f64: packCoefficients(f64),
    addOuter_f32_f32: addOuter(f32, f32),
    addOuter_f32_f64: addOuter(f32, f64),
    addOuter_f64_f64: addOuter(f64, f64),
    residuals_f32: createResiduals(buffer),
    addColumns_f32: createAddColumns(f32, f64),
    addColumns_f64: createAddColumns(f64, f64),
  }
  return { name: 'typescript', buffer, kernels }
}
