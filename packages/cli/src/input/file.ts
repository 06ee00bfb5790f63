/**
 * A file before it is read: is it there, is it a file, is it packed, which format does it hold.
 *
 * The name decides the format (`.csv`, `.tsv`, `.parquet`, `.json`, `.jsonl`, each also with `.gz`); a name that says
 * nothing is decided by the first bytes.
 */
import { constants } from 'node:fs'
import { access, open, stat } from 'node:fs/promises'
import { DataError, fileError } from '../errors.ts'
import { firstBytes } from './csv.ts'
import { type Format, formatByName, formatNamed } from './formats.ts'

export interface InputFile {
  path: string
  format: Format
  gzip: boolean
  /** What the name says about the delimiter of a CSV file. */
  delimiter?: string
}

/** Throws a DataError unless `path` names a readable regular file that holds something. Returns its size in bytes. */
export async function checkReadable(path: string, name = path): Promise<number> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) throw new DataError(`${name}: is a directory, expected a file`)
    if (!found.isFile()) throw new DataError(`${name}: is not a regular file (write the stream to a file first)`)
    await access(path, constants.R_OK)
    if (found.size === 0) throw new DataError(`${name}: the file is empty`)
    return found.size
  } catch (error) {
    throw fileError(name, error)
  }
}

/** Looks at a data file: its format, unless that is given by name, and whether it is gzip. */
export async function inspectFile(path: string, given?: string, name = path): Promise<InputFile> {
  await checkReadable(path, name)
  const gzip = await isGzip(path)
  const byName = given === undefined ? formatByName(path) : formatNamed(given)
  if (byName !== undefined) return { path, gzip, ...byName }
  return { path, gzip, format: formatOf(await unpackedHead(path, gzip)) }
}

async function unpackedHead(path: string, gzip: boolean): Promise<Buffer> {
  try {
    return await firstBytes(path, gzip, 64)
  } catch (error) {
    throw gzip ? gzipError(path, error) : error
  }
}

function formatOf(head: Buffer): Format {
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet'
  if (head.subarray(0, 6).toString('latin1') === '\x93NUMPY') return 'npy'
  if (head.subarray(0, 4).toString('latin1') === 'PK\x03\x04') return 'npz'
  // IDX begins with two zero bytes, a type code and the number of dimensions.
  if (head[0] === 0 && head[1] === 0 && head[2] >= 8 && head[2] <= 14) return 'idx'
  return /^\s*[[{]/.test(head.toString('utf8').replace(/^\ufeff/, '')) ? 'json' : 'csv'
}

export async function isGzip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await file.close()
  }
}

/** What went wrong while a gzip file was unpacked, as a DataError; other errors are passed through. */
export function gzipError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('Z_')) return error
  const reason = error.message === 'unexpected end of file' ? 'it ends too early (cut off?)' : error.message
  return new DataError(`${path}: not readable as gzip: ${reason}`)
}
