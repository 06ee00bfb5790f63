/**
 * The outside of a CSV file: its delimiter, its column names, and the line on which a row stands.
 *
 * The cells are read by DuckDB. The header is read here, because guessing whether there is one, and renaming columns
 * that are called alike, would make the meaning of `--label` depend on the data: the first line always holds the
 * names. Quoting follows RFC 4180 (a field in double quotes, a quote inside it doubled).
 */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DataError } from '../errors.ts'

export interface CsvHead {
  delimiter: string
  names: string[]
}

const headLimit = 1 << 20
const utf8Mark = Buffer.from('\ufeff')
const delimiters = [',', '\t', ';', '|']

/** The file's bytes from the beginning, unpacked when `gzip` says so. */
export function byteStream(path: string, gzip: boolean): Readable {
  const file = createReadStream(path)
  if (!gzip) return file
  const unpacked = createGunzip()
  file.on('error', (error) => unpacked.destroy(error))
  return file.pipe(unpacked)
}

/** The first `limit` bytes of a file. */
export async function firstBytes(path: string, gzip: boolean, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of byteStream(path, gzip)) {
    parts.push(part)
    length += part.length
    if (length >= limit) break
  }
  return Buffer.concat(parts).subarray(0, limit)
}

/** The names in the first line, and the delimiter: `given`, or else the most frequent candidate in that line. */
export async function readCsvHead(path: string, gzip: boolean, given?: string, name = path): Promise<CsvHead> {
  const bytes = await firstBytes(path, gzip, headLimit)
  if (bytes.length === 0) throw new DataError(`${name}: the file is empty`)
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new DataError(`${name}: the text is UTF-16, expected UTF-8`)
  }
  const mark = bytes.subarray(0, 3).equals(utf8Mark) ? 3 : 0
  // One character per byte, to find the end of the line: the 1 MiB may end within a character.
  const raw = bytes.toString('latin1', mark)
  const delimiter = given ?? mostFrequent(firstRecord(raw, delimiters).separators)
  const { end } = firstRecord(raw, [delimiter])
  if (end === undefined && bytes.length === headLimit) {
    throw new DataError(`${name}: the first line is longer than 1 MiB, expected column names`)
  }
  const { fields } = firstRecord(decode(name, bytes.subarray(mark, end === undefined ? undefined : mark + end)), [
    delimiter,
  ])
  if (fields.length === 1 && fields[0] === '') {
    throw new DataError(`${name}: the first line is empty, expected column names`)
  }
  return { delimiter, names: fields }
}

function decode(name: string, line: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line)
  } catch {
    throw new DataError(`${name}, line 1: the text is not UTF-8`)
  }
}

/** Splits `text`, one record of comma-separated values with RFC 4180 quotes. */
export function splitList(text: string): string[] {
  return firstRecord(text, [',']).fields
}

function mostFrequent(found: readonly string[]): string {
  let best = ','
  let most = 0
  for (const candidate of delimiters) {
    const times = found.filter((separator) => separator === candidate).length
    if (times > most) {
      best = candidate
      most = times
    }
  }
  return best
}

/** The first record of `text`; `end` is where its line ends, undefined when the text ends first. */
function firstRecord(text: string, separate: readonly string[]) {
  const fields: string[] = []
  const separators: string[] = []
  let field = ''
  let quoted = false
  let i = 0
  for (; i < text.length; i++) {
    const c = text[i]
    if (quoted) {
      if (c !== '"') field += c
      else if (text[i + 1] === '"') field += text[++i]
      else quoted = false
    } else if (c === '"' && field === '') quoted = true
    else if (c === '\n' || c === '\r') break
    else if (separate.includes(c)) {
      separators.push(c)
      fields.push(field)
      field = ''
    } else field += c
  }
  fields.push(field)
  return { fields, separators, end: i < text.length ? i : undefined }
}

const quoteByte = 0x22
const newline = 0x0a
const carriageReturn = 0x0d

export interface RecordPlace {
  path: string
  gzip: boolean
  delimiter: string
  /** Counted from 0, the header being 0. */
  record: number
  /** Whether a line without a character counts as a record. */
  blankLines: boolean
}

/**
 * The line, counted from 1, on which a record begins. Quoted fields may hold line ends, so the file has to be walked;
 * this happens only to name the place of an error.
 */
export async function lineOfRecord({ path, gzip, delimiter, record, blankLines }: RecordPlace): Promise<number> {
  const separator = delimiter.charCodeAt(0)
  let current = 0 // the record being read
  let line = 1
  let begins = 1 // the line on which it begins
  let blank = true
  let quoted = false // inside quotes
  let fieldStart = true
  let quotedField = false // in a field that began with a quote, where a quote doubled goes on
  let previous = 0
  for await (const part of byteStream(path, gzip)) {
    for (const byte of part as Buffer) {
      // A line ends with \n, \r or both; the second of the two belongs to a line end already seen.
      const ends = byte === carriageReturn || (byte === newline && previous !== carriageReturn)
      if (ends) line++
      if (fieldStart) quotedField = byte === quoteByte
      if (byte === quoteByte && (quoted || fieldStart || (quotedField && previous === quoteByte))) quoted = !quoted
      if (!quoted && ends) {
        if (current === record && (!blank || blankLines)) return begins
        if (!blank || blankLines) current++
      }
      if (!quoted && (byte === newline || byte === carriageReturn)) {
        blank = true
        begins = line
      } else blank = false
      fieldStart = !quoted && (byte === separator || byte === newline || byte === carriageReturn)
      previous = byte
    }
  }
  return begins
}
