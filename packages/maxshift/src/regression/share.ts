/**
 * Memory that threads share, and data in it.
 */
import type { Features, RowData } from '../kernels/kernels.ts'
import type { DenseDataset } from './data.ts'

/** Whether threads can share memory here; in a browser only a page that is isolated from other origins may. */
export const canShare = (): boolean =>
  typeof SharedArrayBuffer === 'function' &&
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false

/** So many zeros, in shared memory if `shared`. */
export function createNumbers(length: number, shared: boolean): Float64Array {
  return shared ? new Float64Array(new SharedArrayBuffer(length * 8)) : new Float64Array(length)
}

type Numbers = Features | Int32Array

export const isShared = (array: Numbers): boolean =>
  typeof SharedArrayBuffer === 'function' && array.buffer instanceof SharedArrayBuffer

/**
 * A fit may take a quarter of the features and 100 MiB. Copies may have of that what kernels, the other threads and the optimiser (64
 * MiB, and up to 960 bytes per parameter for its memory) leave.
 */
const COPY_SHARE = 0.25
const COPY_BYTES = 36 * 2 ** 20
const OPTIMISER_BYTES = 960
const OPTIMISER_MOST = 32 * 2 ** 20

/** The largest number of rows, a multiple of `step` unless all, whose copies are within the budget beside `taken` bytes. */
export function shareableRows(data: DenseDataset, step: number, taken: number): number {
  const { features, labels, targets, weights, offset, rows } = data
  let bytes = 0
  for (const array of [features, labels, targets, weights, offset]) {
    if (array !== undefined && !isShared(array)) bytes += array.byteLength / rows
  }
  const optimiser = Math.min(OPTIMISER_MOST, OPTIMISER_BYTES * data.featureCount * data.classes)
  const budget = Math.max(0, COPY_SHARE * features.byteLength + COPY_BYTES - optimiser - taken)
  const fitting = budget / bytes
  return bytes === 0 || fitting >= rows ? rows : Math.floor(fitting / step) * step
}

/** The first `rows` rows in shared memory: what lies there already is used in place, the rest is copied. */
export function shareRows(data: DenseDataset, rows: number): DenseDataset {
  const { features, featureCount, classes } = data
  return { ...data, rows, features: share(features, rows * featureCount), ...shareRowData(data, rows, classes) }
}

/** The same without the features. */
export function shareRowData({ labels, targets, weights, offset }: RowData, rows: number, classes: number) {
  return {
    labels: labels && share(labels, rows),
    targets: targets && share(targets, rows * classes),
    weights: weights && share(weights, rows),
    offset: offset && share(offset, rows * classes),
  }
}

function share<T extends Numbers>(array: T, length: number): T {
  const part = array.subarray(0, length) as T
  if (isShared(array)) return part
  const copy = createShared(array, length) as T
  copy.set(part)
  return copy
}

/** Not by the constructor of the array, which may be Buffer. */
function createShared(like: Numbers, length: number): Numbers {
  const buffer = new SharedArrayBuffer(length * like.BYTES_PER_ELEMENT)
  if (like instanceof Uint8Array) return new Uint8Array(buffer)
  if (like instanceof Int32Array) return new Int32Array(buffer)
  return like instanceof Float32Array ? new Float32Array(buffer) : new Float64Array(buffer)
}
