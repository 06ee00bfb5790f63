/**
 * The files of a ZIP archive, as far as NumPy writes them: stored or deflated, in one part, not encrypted.
 *
 * The directory at the end of the archive says where each file begins and how long it is; what it says is checked against the bytes
 * that are there before anything is allocated. Source: APPNOTE.TXT 6.3.10, PKWARE.
 */
import { crc32, inflateRawSync } from 'node:zlib'
import { DataError } from '../errors.ts'
import { plural, quote } from '../text.ts'

export interface ZipEntry {
  name: string
  /** Unpacks it, in shared memory. */
  read(): Uint8Array
}

const END = 0x06054b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const FULL = 0xffffffff
/** A deflated byte stands for at most 1032 bytes. */
const MOST_FROM_DEFLATE = 1032

/** The files in an archive, in the order of its directory. */
export function zipEntries(path: string, bytes: Uint8Array): ZipEntry[] {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const damaged = (what: string) => new DataError(`${path}: not readable as NPZ: ${what}`)
  // A comment of up to 65,535 bytes may follow the end record.
  let end = zip.length - END_BYTES
  while (end >= 0 && zip.length - end < END_BYTES + 0x10000 && zip.readUInt32LE(end) !== END) end--
  if (end < 0 || zip.length - end >= END_BYTES + 0x10000) throw damaged('it has no directory (cut off?)')
  const entries: ZipEntry[] = []
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (at + 46 > end || zip.readUInt32LE(at) !== ENTRY) throw damaged('its directory is damaged')
    const entry = readEntry(zip, at)
    if (entry.next > end) throw damaged('its directory is damaged')
    entries.push({ name: entry.name, read: () => unpack(path, zip, entry) })
    at = entry.next
  }
  return entries
}

interface DirectoryEntry {
  name: string
  encrypted: boolean
  method: number
  check: number
  packed: number
  length: number
  offset: number
  next: number
}

function readEntry(zip: Buffer, at: number): DirectoryEntry {
  const nameEnd = at + 46 + zip.readUInt16LE(at + 28)
  const extraEnd = nameEnd + zip.readUInt16LE(at + 30)
  const entry = {
    name: zip.toString('utf8', at + 46, nameEnd),
    encrypted: (zip.readUInt16LE(at + 8) & 1) !== 0,
    method: zip.readUInt16LE(at + 10),
    check: zip.readUInt32LE(at + 16),
    packed: zip.readUInt32LE(at + 20),
    length: zip.readUInt32LE(at + 24),
    offset: zip.readUInt32LE(at + 42),
    next: extraEnd + zip.readUInt16LE(at + 32),
  }
  // Sizes beyond 32 bits stand in an extra field with the number 1, those alone that are full in the directory.
  for (let field = nameEnd; field + 4 <= Math.min(extraEnd, zip.length); field += 4 + zip.readUInt16LE(field + 2)) {
    if (zip.readUInt16LE(field) !== 1) continue
    let place = field + 4
    for (const key of ['length', 'packed', 'offset'] as const) {
      if (entry[key] !== FULL || place + 8 > Math.min(extraEnd, zip.length)) continue
      entry[key] = Number(zip.readBigUInt64LE(place))
      place += 8
    }
  }
  return entry
}

function unpack(path: string, zip: Buffer, entry: DirectoryEntry): Uint8Array {
  const { name, encrypted, method, check, packed, length, offset } = entry
  const damaged = (what: string) => new DataError(`${path}: ${quote(name)}: ${what}`)
  if (encrypted) throw damaged('is encrypted')
  if (method !== 0 && method !== 8) throw damaged(`packed by method ${method}, expected stored or deflated`)
  if (offset + 30 > zip.length || zip.readUInt32LE(offset) !== LOCAL) throw damaged('is damaged')
  const begin = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28)
  if (begin + packed > zip.length) throw damaged('is cut off')
  const raw = zip.subarray(begin, begin + packed)
  if (method === 0 ? length !== packed : length > MOST_FROM_DEFLATE * packed) {
    throw damaged(`is damaged: ${plural(packed, 'byte')} cannot hold ${length}`)
  }
  const content = method === 0 ? raw : inflate(raw, length, damaged)
  if (content.length !== length || crc32(content) !== check) throw damaged('is damaged: its checksum does not fit')
  const out = new Uint8Array(new SharedArrayBuffer(length))
  out.set(content)
  return out
}

function inflate(raw: Buffer, length: number, damaged: (what: string) => DataError): Buffer {
  try {
    return inflateRawSync(raw, { maxOutputLength: Math.max(length, 1) })
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw damaged(`is damaged: ${error.message}`)
    throw error
  }
}
