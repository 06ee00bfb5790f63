/**
 * The file of an interrupted fit: a safetensors file with the state of the optimiser as float64 tensors, and in its metadata the
 * format, its version, the solver, the traits of the problem, and a checksum of all that.
 *
 * Resuming must continue the same computation, bit for bit. So a checkpoint is refused if the problem differs in any trait (data by
 * their fingerprints), if it is of another version, which means that a release computes otherwise, and if a bit has changed.
 */
import { describe } from '../check.ts'
import { Fingerprint } from './fingerprint.ts'
import { decodeTensors, encodeTensors, type Tensor, type TensorFile } from './safetensors.ts'

/** What a problem is told by: names, and values that must be the same. */
export type Traits = ReadonlyMap<string, string>

/** What a checkpoint keeps, by name. */
export type Tensors = ReadonlyMap<string, Tensor>

const FORMAT = 'maxshift.checkpoint'
const VERSION = '1'
const TRAIT = 'of.'

/** The bytes of a checkpoint. */
export async function encodeCheckpoint(traits: Traits, tensors: Tensors): Promise<Uint8Array<ArrayBuffer>> {
  const metadata = new Map([
    ['format', FORMAT],
    ['version', VERSION],
    ...[...traits].map(([name, value]) => [TRAIT + name, value] as const),
  ])
  const checksum = await checksumOf({ tensors, metadata })
  return encodeTensors({ tensors, metadata: metadata.set('checksum', checksum) })
}

/**
 * The tensors of a checkpoint of the problem with these traits. Throws a TypeError if `bytes` are none, and a RangeError that
 * names what is wrong with them.
 */
export async function decodeCheckpoint(who: string, bytes: unknown, traits: Traits): Promise<Tensors> {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${who}: expected resume to be a Uint8Array, got ${describe(bytes)}`)
  }
  const { tensors, metadata: read } = decodeTensors(`${who}: resume`, bytes)
  const metadata = new Map(read)
  const format = metadata.get('format')
  if (format !== FORMAT) fail(who, `a file of format ${FORMAT}`, describe(format))
  const version = metadata.get('version')
  if (version !== VERSION) fail(who, `a checkpoint of version ${VERSION}`, `version ${describe(version)}`)
  const checksum = metadata.get('checksum')
  metadata.delete('checksum')
  const found = await checksumOf({ tensors, metadata })
  if (found !== checksum) fail(who, `undamaged, with the checksum ${describe(checksum)}`, describe(found))
  for (const [name, value] of traits) {
    const other = metadata.get(TRAIT + name)
    if (other !== value)
      fail(who, `a checkpoint of a fit with ${name} ${value}`, `one with ${name} ${other ?? 'unknown'}`)
  }
  return tensors
}

function fail(who: string, expected: string, got: string): never {
  throw new RangeError(`${who}: expected resume to be ${expected}, got ${got}`)
}

/** The fingerprint of names, shapes, numbers and metadata, in their order. */
async function checksumOf({ tensors, metadata }: TensorFile): Promise<string> {
  const fingerprint = new Fingerprint()
  for (const text of [...metadata].flat()) fingerprint.addText(text)
  for (const [name, { shape, values }] of tensors) {
    fingerprint.addText(`${name} ${shape.join(' ')}`)
    await fingerprint.add(values, () => Promise.resolve())
  }
  return fingerprint.digest
}

/** A tensor of a checkpoint, of a shape in which undefined stands for any size. */
export function takeTensor(
  who: string,
  tensors: Tensors,
  name: string,
  shape: readonly (number | undefined)[],
): Tensor {
  const tensor = tensors.get(name)
  const fits =
    tensor?.shape.length === shape.length && shape.every((size, i) => size === undefined || size === tensor.shape[i])
  if (tensor !== undefined && fits) return tensor
  const expected = shape.map((size) => size ?? 'any').join(', ')
  const got = tensor === undefined ? 'none' : `[${tensor.shape.join(', ')}]`
  fail(who, `a checkpoint with a tensor ${describe(name)} of shape [${expected}]`, got)
}

/** A tensor of one dimension. */
export const vector = (values: Float64Array): Tensor => ({ shape: [values.length], values })

/** Rows of equal length below each other. */
export function matrix(rows: readonly Float64Array[], columns: number): Tensor {
  const values = new Float64Array(rows.length * columns)
  rows.forEach((row, r) => {
    values.set(row, r * columns)
  })
  return { shape: [rows.length, columns], values }
}

export function rowsOf(values: Float64Array, columns: number): Float64Array[] {
  return Array.from({ length: values.length / columns }, (_, r) => values.slice(r * columns, (r + 1) * columns))
}
