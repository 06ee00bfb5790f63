/**
 * Small pictures as PNG in a data address: 8 bits, colour with opacity, no filter.
 *
 * Source: W3C, Portable Network Graphics (PNG) Specification, third edition: a signature, then chunks of length, type, data and CRC-32.
 */
import { crc32, deflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const COLOUR_WITH_OPACITY = 6

/** The address of a picture; `pixel` gives red, green, blue and opacity, each 0 to 255. */
export function pngAddress(width: number, height: number, pixel: (place: number) => readonly number[]): string {
  const raw = Buffer.alloc(height * (1 + 4 * width))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) raw.set(pixel(y * width + x), y * (1 + 4 * width) + 1 + 4 * x)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, COLOUR_WITH_OPACITY], 8)
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(raw, { level: 9 })), chunk('IEND', Buffer.alloc(0))]
  return `data:image/png;base64,${Buffer.concat([SIGNATURE, ...parts]).toString('base64')}`
}

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(12 + data.length)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, 'latin1')
  out.set(data, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}
