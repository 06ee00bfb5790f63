/**
 * The bytes of an ONNX model with one node, written by hand, so that the bench needs no Python to make its models.
 *
 * Protocol buffers: a message is a sequence of fields, each a key (number · 8 + wire type) and a value; wire type 0 is a
 * varint (seven bits per byte, low first), 2 is a length and that many bytes. Field numbers are those of onnx.proto3.
 */
export const ELEMENT = { f32: 1, i32: 6, f64: 11 } as const

export interface Value {
  name: string
  element: number
  dims: readonly number[]
}

export interface Node {
  operator: string
  inputs: readonly Value[]
  output: Value
  /** Integer attributes; a list becomes a list attribute. */
  attributes: Record<string, number | readonly number[]>
}

type Bytes = readonly number[]

function varint(value: number): Bytes {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return bytes
}

const integer = (field: number, value: number): Bytes => [...varint(field * 8), ...varint(value)]
const message = (field: number, ...parts: Bytes[]): Bytes => {
  const body = parts.flat()
  return [...varint(field * 8 + 2), ...varint(body.length), ...body]
}
const text = (field: number, value: string): Bytes => message(field, [...new TextEncoder().encode(value)])

/** ValueInfoProto: name = 1, type = 2 { tensor_type = 1 { elem_type = 1, shape = 2 { dim = 1 { dim_value = 1 } } } }. */
function valueInfo(field: number, { name, element, dims }: Value): Bytes {
  const shape = message(2, ...dims.map((dim) => message(1, integer(1, dim))))
  return message(field, text(1, name), message(2, message(1, integer(1, element), shape)))
}

/** AttributeProto: name = 1, i = 3, ints = 8, type = 20 (2 is INT, 7 is INTS). */
function attribute(name: string, value: number | readonly number[]): Bytes {
  if (typeof value === 'number') return message(5, text(1, name), integer(3, value), integer(20, 2))
  return message(5, text(1, name), ...value.map((item) => integer(8, item)), integer(20, 7))
}

/** ModelProto: ir_version = 1, graph = 7 { node = 1, name = 2, input = 11, output = 12 }, opset_import = 8 { version = 2 }. */
export function onnxModel({ operator, inputs, output, attributes }: Node): Uint8Array {
  const names = [...inputs.map(({ name }) => text(1, name)), text(2, output.name), text(4, operator)]
  const node = message(1, ...names, ...Object.entries(attributes).map(([name, value]) => attribute(name, value)))
  const graph = message(
    7,
    node,
    text(2, operator),
    ...inputs.map((input) => valueInfo(11, input)),
    valueInfo(12, output),
  )
  return Uint8Array.from([...integer(1, 7), ...graph, ...message(8, integer(2, 13))])
}
