/**
 * Arrays in kernel memory: what is computed on them is not copied.
 */
import { checkChoice, checkInteger } from '../check.ts'
import { LARGEST_ARRAY, reserve } from '../kernels/wasm/arena.ts'

/** The arrays of alloc by the name of their type. */
export interface ArrayTypes {
  float32: Float32Array<ArrayBuffer>
  float64: Float64Array<ArrayBuffer>
}

const TYPES = { float32: Float32Array, float64: Float64Array }

/**
 * A zeroed array that the kernels use where it is, instead of copying it in and out. Otherwise it is an ordinary typed array:
 * subarrays work, and it is freed with its last reference. Its buffer is shared with other arrays of `alloc`, so do not transfer it.
 * Where there is no WebAssembly, an ordinary array is returned.
 *
 * @param type 'float32' or 'float64'.
 * @param length number of entries; at most 4 GiB less a few MiB in bytes.
 * @throws TypeError or RangeError for a wrong type or length, and RangeError where the memory cannot be had.
 */
export function alloc<T extends keyof ArrayTypes>(type: T, length: number): ArrayTypes[T] {
  const name = checkChoice('alloc', 'type', type, ['float32', 'float64'])
  const bytes = TYPES[name].BYTES_PER_ELEMENT
  checkInteger('alloc', 'length', length, 0, Math.floor(LARGEST_ARRAY / bytes))
  try {
    const place = reserve(length * bytes)
    const array = place === null ? new TYPES[name](length) : new TYPES[name](place.buffer, place.address, length)
    return array as ArrayTypes[T]
  } catch {
    throw new RangeError(`alloc: expected room for ${length} entries of ${name} (${length * bytes} bytes), got none`)
  }
}
