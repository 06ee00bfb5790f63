/**
 * The sparse text format of LIBSVM and SVM-light: a row per line, only the numbers that are not 0.
 *
 *     label index:value index:value …   # a comment
 *
 * Indices ascend within a line and count as they are written: index 7 is feature 7, counted from 0, so that a file which counts from
 * 1 leaves feature 0 empty. `qid:` is passed over. Source: https://www.csie.ntu.edu.tw/~cjlin/libsvm/ and https://svmlight.joachims.org.
 */
import { StringDecoder } from 'node:string_decoder'
import { DataError, fileError } from '../errors.ts'
import type { CsrFeatures } from '../recipe/encode.ts'
import { count, plural, quote } from '../text.ts'
import { byteStream } from './csv.ts'
import { gzipError, isGzip } from './file.ts'
import { Growing } from './growing.ts'

export interface LibsvmRows {
  rows: number
  features: CsrFeatures
  /** As they are written. */
  labels: string[]
}

/** The largest index that is taken for one: a model has a weight for each class at every index. */
const LARGEST = 2 ** 26
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Reads a file; with `featureCount`, that of a model, larger indices are refused. `name` is what messages call the file. */
export async function readLibsvm(path: string, name: string, featureCount?: number): Promise<LibsvmRows> {
  const indptr = new Growing((length) => new Int32Array(length))
  const indices = new Growing((length) => new Int32Array(length))
  const values = new Growing((length) => new Float64Array(length))
  const labels: string[] = []
  const most = featureCount ?? LARGEST
  let line = 0
  let columns = 0
  indptr.push(0)
  try {
    const input = byteStream(path, await isGzip(path))
    for await (const text of linesOf(input)) {
      line++
      const fields = withoutComment(text)
        .split(/[ \t\r]+/)
        .filter((field) => field !== '')
      if (fields.length === 0) continue
      const fail = (what: string) => new DataError(`${name}, line ${line}: ${what}`)
      labels.push(labelOf(fields[0], fail))
      let last = -1
      for (let i = 1; i < fields.length; i++) {
        const field = fields[i]
        if (field.startsWith('qid:')) continue
        const colon = field.indexOf(':')
        const index = /^\d{1,15}$/.test(field.slice(0, colon)) ? Number(field.slice(0, colon)) : -1
        const number = field.slice(colon + 1)
        const value = decimal.test(number) ? Number(number) : Number.NaN
        if (colon < 1 || index < 0) throw fail(`expected index:value, got ${quote(field)}`)
        if (!Number.isFinite(value)) throw fail(`expected a finite number at index ${index}, got ${quote(number)}`)
        if (index <= last) throw fail(`index ${index} comes after ${last}, expected ascending indices`)
        if (index >= most) throw fail(`index ${count(index)}, ${limitText(featureCount)}`)
        last = index
        if (value === 0) continue
        indices.push(index)
        values.push(value)
      }
      columns = Math.max(columns, last + 1)
      indptr.push(indices.length)
    }
  } catch (error) {
    throw gzipError(name, fileError(name, error))
  }
  if (labels.length === 0) throw new DataError(`${name}: holds no rows`)
  if (columns === 0 && featureCount === undefined) throw new DataError(`${name}: no row has a feature`)
  const features = {
    indptr: new Int32Array(new SharedArrayBuffer(4 * indptr.length)),
    indices: new Int32Array(new SharedArrayBuffer(4 * indices.length)),
    values: sharedValues(values.values),
    columns: featureCount ?? columns,
  }
  features.indptr.set(indptr.values)
  features.indices.set(indices.values)
  return { rows: labels.length, features, labels }
}

async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const part of input) {
    const lines = (rest + decoder.write(part)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  yield rest + decoder.end()
}

function withoutComment(text: string): string {
  const hash = text.indexOf('#')
  return hash < 0 ? text : text.slice(0, hash)
}

function labelOf(field: string, fail: (what: string) => DataError): string {
  if (field.includes(':')) throw fail(`expected a label before the features, got ${quote(field)}`)
  if (field.includes(',')) throw fail(`expected one label, got ${quote(field)}`)
  if (field.includes('\0') || field.includes('\ufffd')) throw fail('expected text in UTF-8')
  // "+1" is written for 1.
  return field.replace(/^\+(?=\d)/, '')
}

function limitText(featureCount: number | undefined): string {
  if (featureCount === undefined) return `expected less than ${count(LARGEST)}`
  return `but the model has ${plural(featureCount, 'feature')}, counted from 0`
}

/** In shared memory, which threads of the trainer read in place; float32 where that loses nothing. */
function sharedValues(values: Float64Array): Float32Array | Float64Array {
  const single = values.every((value) => Math.fround(value) === value)
  const buffer = new SharedArrayBuffer(values.length * (single ? 4 : 8))
  const out = single ? new Float32Array(buffer) : new Float64Array(buffer)
  out.set(values)
  return out
}
