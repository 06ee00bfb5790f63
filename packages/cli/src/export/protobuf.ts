/**
 * Protocol buffers, as far as writing ONNX needs them: a message is a sequence of fields, each a key (8 · number + wire type) and a
 * value. Wire type 0 is a varint, seven bits a byte, the low ones first; 2 is a length and that many bytes.
 * (https://protobuf.dev/programming-guides/encoding)
 */
export type Field = readonly Uint8Array[]

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** A non-negative integer up to 2^53. */
export function integer(field: number, value: number): Field {
  return [varint(field * 8), varint(value)]
}

export function bytes(field: number, value: Uint8Array): Field {
  return [varint(field * 8 + 2), varint(value.length), value]
}

export function text(field: number, value: string): Field {
  return bytes(field, new TextEncoder().encode(value))
}

export function message(field: number, ...parts: readonly Field[]): Field {
  const body = parts.flat()
  const length = body.reduce((sum, part) => sum + part.length, 0)
  return [varint(field * 8 + 2), varint(length), ...body]
}

/** Fields as one array of bytes. */
export function encode(...fields: readonly Field[]): Uint8Array {
  const parts = fields.flat()
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
