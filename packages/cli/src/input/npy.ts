/**
 * NPY, NumPy's format for one array, versions 1 to 3.
 *
 *     byte 0–5  \x93NUMPY      byte 6–7  version      then the length of the header (2 bytes in version 1, else 4)
 *     the header, a Python literal:  {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }      then the values
 *
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Values stay in the smallest type of the trainer
 * that holds all of them exactly: bytes and truth values in bytes; 16-bit numbers and float32 in float32; everything else in float64,
 * where an integer beyond 2^53 is refused. Python objects (pickles) are refused: to load one is to run a program.
 */
import { DataError } from '../errors.ts'
import { count, plural, quote } from '../text.ts'

export type NumberArray = Uint8Array | Float32Array | Float64Array

export interface NpyArray {
  shape: number[]
  /** In C order: the last dimension fastest. Numbers lie in shared memory. */
  values: NumberArray | string[]
  /** True for integers and truth values. */
  integers: boolean
}

interface Header {
  descr: string
  fortran: boolean
  shape: number[]
  /** Where the values begin. */
  begin: number
}

type Store = typeof Uint8Array | typeof Float32Array | typeof Float64Array

interface NumberType {
  bytes: number
  integers: boolean
  store: Store
  read(view: DataView, at: number, little: boolean): number
}

const types: Record<string, NumberType> = {
  b1: { bytes: 1, integers: true, store: Uint8Array, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  u1: { bytes: 1, integers: true, store: Uint8Array, read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, integers: true, store: Float32Array, read: (view, at) => view.getInt8(at) },
  u2: { bytes: 2, integers: true, store: Float32Array, read: (view, at, little) => view.getUint16(at, little) },
  i2: { bytes: 2, integers: true, store: Float32Array, read: (view, at, little) => view.getInt16(at, little) },
  u4: { bytes: 4, integers: true, store: Float64Array, read: (view, at, little) => view.getUint32(at, little) },
  i4: { bytes: 4, integers: true, store: Float64Array, read: (view, at, little) => view.getInt32(at, little) },
  u8: {
    bytes: 8,
    integers: true,
    store: Float64Array,
    read: (view, at, little) => exact(view.getBigUint64(at, little)),
  },
  i8: {
    bytes: 8,
    integers: true,
    store: Float64Array,
    read: (view, at, little) => exact(view.getBigInt64(at, little)),
  },
  f2: { bytes: 2, integers: false, store: Float32Array, read: (view, at, little) => half(view.getUint16(at, little)) },
  f4: { bytes: 4, integers: false, store: Float32Array, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, integers: false, store: Float64Array, read: (view, at, little) => view.getFloat64(at, little) },
}

const MAGIC = '\x93NUMPY'
const HEADER_LIMIT = 1 << 20
const littleEndianHost = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Reads the array in `bytes`; `name` is what messages call it. Where the types allow it, the values are a view of `bytes`. */
export function readNpy(name: string, bytes: Uint8Array): NpyArray {
  const { descr, fortran, shape, begin } = readHeader(name, bytes)
  const [, order, code, width] = /^([<>|=])([a-zA-Z])(\d+)?$/.exec(descr) ?? ['', '', '', '']
  if (code === 'O') {
    throw new DataError(
      `${name}: holds Python objects (a pickle), which are not loaded; save an array of numbers or text`,
    )
  }
  const little = order !== '>'
  const isText = (code === 'U' || code === 'S') && width !== undefined
  const type = types[code + width]
  if (!isText && type === undefined) {
    throw new DataError(
      `${name}: holds values of type ${quote(descr)}, expected whole numbers, float16 to float64, or text`,
    )
  }
  const bytesEach = isText ? Number(width) * (code === 'U' ? 4 : 1) : type.bytes
  const length = checkLength(name, shape, bytesEach, bytes.length - begin)
  if (isText) {
    const texts = readTexts(bytes.subarray(begin), length, bytesEach, code === 'U', little)
    return { shape, values: fortran ? transposed(texts, shape, new Array<string>(length)) : texts, integers: false }
  }
  const values = readNumbers(name, bytes, begin, length, type, little)
  return { shape, values: fortran && shape.length > 1 ? reordered(values, shape) : values, integers: type.integers }
}

function readHeader(name: string, bytes: Uint8Array): Header {
  const fail = (what: string) => new DataError(`${name}: not an NPY file: ${what}`)
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (head.length < 10) throw fail(`it has ${plural(bytes.length, 'byte')}, expected a header`)
  if (head.toString('latin1', 0, 6) !== MAGIC) throw fail('it does not begin with \\x93NUMPY')
  const version = head[6]
  if (version < 1 || version > 3) throw fail(`version ${version}.${head[7]}, expected 1 to 3`)
  const start = version === 1 ? 10 : 12
  if (head.length < start) throw fail('its header is cut off')
  const length = version === 1 ? head.readUInt16LE(8) : head.readUInt32LE(8)
  if (length > HEADER_LIMIT) throw fail(`a header of ${count(length)} bytes`)
  if (head.length < start + length) throw fail('its header is cut off')
  const text = head.toString(version === 3 ? 'utf8' : 'latin1', start, start + length)
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1]
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1]
  const shape = /'shape':\s*\(([\d\s,L]*)\)/.exec(text)?.[1]
  if (/'descr':\s*\[/.test(text)) {
    throw new DataError(`${name}: holds records with fields, expected an array of numbers or text`)
  }
  if (descr === undefined || order === undefined || shape === undefined) {
    throw fail('its header does not name type, order and shape')
  }
  const sizes = [...shape.matchAll(/\d+/g)].map(([digits]) => Number(digits))
  return { descr, fortran: order === 'True', shape: sizes, begin: start + length }
}

/** The number of values, which the bytes must hold exactly: nothing is allocated for a shape that lies. */
function checkLength(name: string, shape: readonly number[], bytesEach: number, there: number): number {
  const length = shape.reduce((product, n) => product * n, 1)
  const expected = length * bytesEach
  if (!Number.isSafeInteger(expected) || there !== expected) {
    const what = there < expected || !Number.isSafeInteger(expected) ? 'cut off' : 'too long'
    const shown = shape.length === 0 ? 'of one number' : shape.join(' × ')
    throw new DataError(
      `${name}: ${what}: ${plural(there, 'byte')} of values, expected ${count(expected)} for the shape ${shown}`,
    )
  }
  return length
}

function readNumbers(
  name: string,
  bytes: Uint8Array,
  begin: number,
  length: number,
  type: NumberType,
  little: boolean,
): NumberArray {
  const { store, bytes: width, read } = type
  const at = bytes.byteOffset + begin
  const asStored = type === types.u1 || type === types.f4 || type === types.f8
  const inPlace = asStored && (width === 1 || little === littleEndianHost) && at % width === 0
  if (inPlace && bytes.buffer instanceof SharedArrayBuffer) return viewOf(store, bytes.buffer, at, length)
  const values = viewOf(store, new SharedArrayBuffer(length * store.BYTES_PER_ELEMENT), 0, length)
  const view = new DataView(bytes.buffer, at, length * width)
  for (let i = 0; i < length; i++) {
    const value = read(view, i * width, little)
    values[i] = value
    if (type.bytes === 8 && type.integers && Number.isNaN(value)) {
      const there = type === types.u8 ? view.getBigUint64(i * 8, little) : view.getBigInt64(i * 8, little)
      throw new DataError(`${name}: value ${i + 1}: expected an integer that float64 holds exactly, got ${there}`)
    }
  }
  return values
}

function viewOf(store: Store, buffer: SharedArrayBuffer, at: number, length: number): NumberArray {
  if (store === Uint8Array) return new Uint8Array(buffer, at, length)
  return store === Float32Array ? new Float32Array(buffer, at, length) : new Float64Array(buffer, at, length)
}

/** NaN for an integer that float64 does not hold. */
function exact(value: bigint): number {
  const number = Number(value)
  return BigInt(number) === value ? number : Number.NaN
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}

/** Texts of a fixed number of bytes, filled up with zeros. */
function readTexts(bytes: Uint8Array, length: number, width: number, wide: boolean, little: boolean): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length }, (_, i) => {
    let text = ''
    for (let at = i * width; at < (i + 1) * width; at += wide ? 4 : 1) {
      const code = wide ? view.getUint32(at, little) : view.getUint8(at)
      text += code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code)
    }
    return text.replace(/\0+$/, '')
  })
}

function reordered(values: NumberArray, shape: readonly number[]): NumberArray {
  const buffer = new SharedArrayBuffer(values.byteLength)
  if (values instanceof Uint8Array) return transposed(values, shape, new Uint8Array(buffer))
  if (values instanceof Float32Array) return transposed(values, shape, new Float32Array(buffer))
  return transposed(values, shape, new Float64Array(buffer))
}

/** From Fortran order (the first dimension fastest) to C order. */
function transposed<V, A extends { [place: number]: V; readonly length: number }>(
  values: ArrayLike<V>,
  shape: readonly number[],
  out: A,
): A {
  const place = new Array<number>(shape.length).fill(0)
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1))
  let to = 0
  for (let from = 0; from < values.length; from++) {
    out[to] = values[from]
    for (let d = 0; d < shape.length; d++) {
      to += strides[d]
      if (++place[d] < shape[d]) break
      to -= strides[d] * shape[d]
      place[d] = 0
    }
  }
  return out
}
