/**
 * IDX files, the format of the MNIST database: a big-endian header and then the values, the last dimension fastest.
 *
 *     byte 0–1  zero          byte 4…   one unsigned 32-bit size per dimension
 *     byte 2    type code     then      the values, row after row
 *     byte 3    dimensions
 *
 * Source: http://yann.lecun.com/exdb/mnist/ ("The IDX file format"). Bytes stay bytes: images are views of the file.
 */
import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { DataError, fileError } from '../errors.ts'
import { count, list, plural } from '../text.ts'
import type { Dataset } from './dataset.ts'
import { checkReadable, gzipError } from './file.ts'
import type { ClassName } from './labels.ts'
import type { Expectation } from './source.ts'

/** Where the pictures and the digits lie. */
export interface IdxPair {
  images: string
  labels?: string
}

interface IdxArray {
  shape: number[]
  values: Uint8Array | Float32Array | Float64Array
  /** True for the integer types. */
  integers: boolean
}

type ReadValue = (view: DataView, at: number) => number

interface IdxType {
  bytes: number
  integers: boolean
  array: Float32ArrayConstructor | Float64ArrayConstructor
  read: ReadValue
}

// The types other than 8 (unsigned bytes). Each goes into the smallest float array that holds it exactly.
const types: Record<number, IdxType> = {
  9: { bytes: 1, integers: true, array: Float32Array, read: (view, at) => view.getInt8(at) },
  11: { bytes: 2, integers: true, array: Float32Array, read: (view, at) => view.getInt16(at) },
  12: { bytes: 4, integers: true, array: Float64Array, read: (view, at) => view.getInt32(at) },
  13: { bytes: 4, integers: false, array: Float32Array, read: (view, at) => view.getFloat32(at) },
  14: { bytes: 8, integers: false, array: Float64Array, read: (view, at) => view.getFloat64(at) },
}

/**
 * Images (two or more dimensions, the first counts them) as one row of features each, and their labels (one dimension).
 * Pixels of type unsigned byte are meant as 0 … 1, so `featureScale` is 1/255.
 */
export async function readIdx({ images, labels }: IdxPair, expected?: Expectation): Promise<Dataset> {
  if (expected?.featureNames) {
    throw new DataError(
      `${images}: holds images, but the model was made from a table with columns ${list(expected.featureNames)}`,
    )
  }
  const pixels = await readIdxFile(images)
  const [rows, ...imageShape] = pixels.shape
  if (imageShape.length === 0) {
    throw new DataError(`${images}: has 1 dimension, expected images (2 or more dimensions); is it a file of labels?`)
  }
  const featureCount = imageShape.reduce((product, length) => product * length, 1)
  if (rows === 0 || featureCount === 0)
    throw new DataError(`${images}: holds no images (shape ${pixels.shape.join(' × ')})`)
  if (expected && expected.featureCount !== featureCount) {
    throw new DataError(
      `${images}: images have ${plural(featureCount, 'pixel')} (${imageShape.join(' × ')}), the model expects ${count(expected.featureCount)}`,
    )
  }
  const bytes = pixels.values instanceof Uint8Array
  // x − x is 0 for finite numbers, NaN for infinities and NaN.
  const bad = bytes ? -1 : pixels.values.findIndex((value) => value - value !== 0)
  if (bad >= 0) {
    const image = Math.floor(bad / featureCount) + 1
    throw new DataError(`${images}: image ${image} holds ${pixels.values[bad]}, expected finite numbers`)
  }
  const dataset: Dataset = { source: [images], rows, featureCount, features: pixels.values, imageShape, ignored: [] }
  if (bytes) dataset.featureScale = 1 / 255
  if (labels === undefined) return dataset
  return { ...dataset, source: [images, labels], labels: await readLabels(labels, images, rows, expected?.classes) }
}

async function readLabels(
  path: string,
  images: string,
  rows: number,
  classes?: readonly ClassName[],
): Promise<number[]> {
  const { shape, values, integers } = await readIdxFile(path)
  if (shape.length !== 1) {
    throw new DataError(
      `${path}: has ${shape.length} dimensions, expected labels (1 dimension); is it a file of images?`,
    )
  }
  if (!integers) throw new DataError(`${path}: holds fractional numbers, expected integer labels`)
  if (shape[0] !== rows) {
    throw new DataError(
      `${path}: holds ${plural(shape[0], 'label')}, expected ${count(rows)}, one for each image in ${images}`,
    )
  }
  const wrong = classes ? values.findIndex((value) => !classes.includes(value)) : -1
  if (classes && wrong >= 0) {
    throw new DataError(
      `${path}: label ${values[wrong]} of image ${wrong + 1} is no class of the model, which knows ${list(classes.map(String))}`,
    )
  }
  return Array.from(values)
}

async function readIdxFile(path: string): Promise<IdxArray> {
  const bytes = await wholeFile(path)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fail = (what: string): never => {
    throw new DataError(`${path}: not an IDX file: ${what}`)
  }
  if (bytes.length < 4) fail(`it has ${plural(bytes.length, 'byte')}, expected a header of at least 4`)
  const [zero1, zero2, code, dimensions] = bytes
  if (zero1 !== 0 || zero2 !== 0) fail(`it begins with the bytes ${hex(bytes.subarray(0, 2))}, expected 00 00`)
  const type = types[code]
  if (code !== 8 && type === undefined) fail(`type code ${hex([code])}, expected 08, 09, 0b, 0c, 0d or 0e`)
  if (dimensions === 0) fail('0 dimensions, expected at least 1')
  const header = 4 + 4 * dimensions
  if (bytes.length < header) fail(`its header is cut off after ${plural(bytes.length, 'byte')}, expected ${header}`)
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const length = shape.reduce((product, n) => product * n, 1)
  const expected = header + length * (type?.bytes ?? 1)
  if (bytes.length !== expected) {
    const what = bytes.length < expected ? 'cut off' : 'too long'
    throw new DataError(
      `${path}: ${what}: ${count(bytes.length)} bytes, expected ${count(expected)} for the shape ${shape.join(' × ')}`,
    )
  }
  if (type === undefined) return { shape, values: bytes.subarray(header), integers: true }
  const values = new type.array(length)
  for (let i = 0; i < length; i++) values[i] = type.read(view, header + i * type.bytes)
  return { shape, values, integers: type.integers }
}

async function wholeFile(path: string): Promise<Buffer> {
  await checkReadable(path)
  try {
    const bytes = await readFile(path)
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
  } catch (error) {
    throw gzipError(path, fileError(path, error))
  }
}

function hex(bytes: Iterable<number>): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
