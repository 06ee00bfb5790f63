/**
 * The safetensors format (https://github.com/huggingface/safetensors): eight bytes with the length of the header, little
 * endian; a JSON header padded with spaces to a multiple of eight; the numbers of all tensors, little endian, in the order
 * of their offsets without a gap. Strings may be kept under `__metadata__`.
 *
 * Only float64 tensors are written and read here. The reader believes nothing: every length, offset and shape is checked
 * against the bytes that are there before anything is allocated. What the tensors mean is model-file.ts.
 */
import { describe } from '../check.ts'

export interface Tensor {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly metadata: ReadonlyMap<string, string>
}

const PREFIX = 8
const BYTES = 8
/** What the format allows. */
const HEADER_MOST = 100_000_000

/** The bytes of a file with float64 tensors, in the order of the map. */
export function encodeTensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: Object.fromEntries(metadata) }
  let offset = 0
  for (const [name, { shape, values }] of tensors) {
    const end = offset + values.length * BYTES
    header[name] = { dtype: 'F64', shape, data_offsets: [offset, end] }
    offset = end
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const headerLength = Math.ceil(json.length / BYTES) * BYTES
  const bytes = new Uint8Array(PREFIX + headerLength + offset).fill(0x20, PREFIX, PREFIX + headerLength)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(headerLength), true)
  bytes.set(json, PREFIX)
  let at = PREFIX + headerLength
  for (const { values } of tensors.values()) {
    for (const value of values) {
      view.setFloat64(at, value, true)
      at += BYTES
    }
  }
  return bytes
}

/** Reads a file. Throws a RangeError that names what is wrong. */
export function decodeTensors(who: string, bytes: Uint8Array): TensorFile {
  const { header, dataStart } = readHeader(who, bytes)
  const dataLength = bytes.length - dataStart
  const metadata = new Map<string, string>()
  const places: Place[] = []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') readMetadata(who, entry, metadata)
    else places.push(readPlace(who, name, entry, dataLength))
  }
  places.sort((a, b) => a.start - b.start || a.end - b.end)
  let covered = 0
  for (const { name, start, end } of places) {
    if (start !== covered) {
      fail(who, `tensor ${describe(name)} to begin at byte ${covered} of the data, where the last one ends`, start)
    }
    covered = end
  }
  if (covered !== dataLength) fail(who, `${covered} bytes of data, as the header says`, dataLength)

  const view = new DataView(bytes.buffer, bytes.byteOffset + dataStart, dataLength)
  const tensors = new Map<string, Tensor>()
  for (const { name, shape, start, end } of places) {
    const values = new Float64Array((end - start) / BYTES)
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat64(start + i * BYTES, true)
    tensors.set(name, { shape, values })
  }
  return { tensors, metadata }
}

interface Place {
  readonly name: string
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

function fail(who: string, expected: string, got: unknown): never {
  throw new RangeError(`${who}: expected ${expected}, got ${typeof got === 'object' ? JSON.stringify(got) : got}`)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readHeader(who: string, bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < PREFIX) fail(who, `a safetensors file, which has at least ${PREFIX} bytes`, bytes.length)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  const most = Math.min(HEADER_MOST, bytes.length - PREFIX)
  if (length > BigInt(most)) {
    const reason = most === HEADER_MOST ? 'the most the format allows' : 'the rest of the file'
    fail(who, `a header of at most ${most} bytes, ${reason}`, length)
  }
  const dataStart = PREFIX + Number(length)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(PREFIX, dataStart)))
  } catch (error) {
    fail(who, 'the header to be JSON', error instanceof Error ? error.message : error)
  }
  if (!isRecord(header)) fail(who, 'the header to be a JSON object', describe(header))
  return { header, dataStart }
}

function readMetadata(who: string, entry: unknown, metadata: Map<string, string>): void {
  if (!isRecord(entry)) fail(who, '__metadata__ to be an object of strings', describe(entry))
  for (const [name, value] of Object.entries(entry)) {
    if (typeof value !== 'string') fail(who, `metadata ${describe(name)} to be a string`, describe(value))
    metadata.set(name, value)
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Where a tensor lies, with its shape and its place in agreement. */
function readPlace(who: string, name: string, entry: unknown, dataLength: number): Place {
  const label = `tensor ${describe(name)}`
  if (!isRecord(entry)) fail(who, `${label} to be described by an object`, describe(entry))
  const { dtype, shape, data_offsets: offsets } = entry
  if (dtype !== 'F64') fail(who, `${label} to have dtype F64`, dtype)
  if (!Array.isArray(shape) || !shape.every(isCount))
    fail(who, `${label} to have a shape of non-negative integers`, shape)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    fail(who, `${label} to have two data offsets`, offsets)
  }
  const [start, end] = offsets as number[]
  if (start > end || end > dataLength) {
    fail(who, `${label} to lie within the ${dataLength} bytes of data`, `bytes ${start} to ${end}`)
  }
  // In floating point the product of a hostile shape becomes large or infinite, never small again: no wrap-around.
  const size = shape.reduce((product: number, n: number) => product * n, BYTES)
  if (end - start !== size) fail(who, `${label} of shape [${shape.join(', ')}] to take ${size} bytes`, end - start)
  return { name, shape, start, end }
}
