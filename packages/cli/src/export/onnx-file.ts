/**
 * The messages of an ONNX file, with the field numbers of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 */
import { bytes, encode, type Field, integer, message, text } from './protobuf.ts'

export const ELEMENT = { float32: 1, uint8: 2, int64: 7, string: 8, float64: 11 } as const
export type Element = keyof typeof ELEMENT

/** An input or output: rows × `columns`, or one value per row without columns. */
export interface Value {
  readonly name: string
  readonly element: Element
  readonly columns?: number
}

export interface Node {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, number | string | readonly string[]>>
  /** `ai.onnx.ml` for operators of that domain. */
  readonly domain?: string
}

/** A constant. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array | Float64Array | BigInt64Array | readonly string[]
}

export interface Graph {
  readonly name: string
  readonly nodes: readonly Node[]
  readonly constants: readonly Tensor[]
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
}

const IR_VERSION = 7
const OPSET = 13
const ML_DOMAIN = 'ai.onnx.ml'

export function encodeOnnx(
  graph: Graph,
  producer: string,
  version: string,
  metadata: Readonly<Record<string, string>>,
) {
  const opsets = [message(8, integer(2, OPSET)), message(8, text(1, ML_DOMAIN), integer(2, 2))]
  const properties = Object.entries(metadata).map(([key, value]) => message(14, text(1, key), text(2, value)))
  const body = [
    ...graph.nodes.map(nodeField),
    text(2, graph.name),
    ...graph.constants.map(tensorField),
    ...graph.inputs.map((value) => valueField(11, value)),
    ...graph.outputs.map((value) => valueField(12, value)),
  ]
  return encode(
    integer(1, IR_VERSION),
    text(2, producer),
    text(3, version),
    message(7, ...body),
    ...opsets,
    ...properties,
  )
}

function nodeField({ operator, inputs, outputs, attributes = {}, domain }: Node): Field {
  return message(
    1,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => attributeField(name, value)),
    ...(domain === undefined ? [] : [text(7, domain)]),
  )
}

/** Integers, strings and lists of strings; field 20 is the type. */
function attributeField(name: string, value: number | string | readonly string[]): Field {
  if (typeof value === 'number') return message(5, text(1, name), integer(3, value), integer(20, 2))
  if (typeof value === 'string') return message(5, text(1, name), text(4, value), integer(20, 3))
  return message(5, text(1, name), ...value.map((one) => text(9, one)), integer(20, 8))
}

function tensorField({ name, shape, values }: Tensor): Field {
  const dims = shape.map((size) => integer(1, size))
  if (Array.isArray(values)) {
    const strings = values as readonly string[]
    return message(5, ...dims, integer(2, ELEMENT.string), ...strings.map((one) => text(6, one)), text(8, name))
  }
  const numbers = values as Float32Array | Float64Array | BigInt64Array
  const element = numbers instanceof Float32Array ? 'float32' : numbers instanceof Float64Array ? 'float64' : 'int64'
  // Raw data are little endian, as are the machines that Node runs on.
  const raw = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  return message(5, ...dims, integer(2, ELEMENT[element]), text(8, name), bytes(9, raw))
}

/** The number of rows is left open. */
function valueField(field: number, { name, element, columns }: Value): Field {
  const rows = message(1, text(2, 'rows'))
  const shape = message(2, rows, ...(columns === undefined ? [] : [message(1, integer(1, columns))]))
  return message(field, text(1, name), message(2, message(1, integer(1, ELEMENT[element]), shape)))
}
