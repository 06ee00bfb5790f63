/**
 * Peak memory of one fit, in a process that does nothing else: loads the library and the data, notes the resident bytes, resets the peak,
 * fits, and prints both. Linux only: /proc/self/clear_refs and /proc/self/status.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SoftmaxRegression } from '../packages/maxshift/dist/regression/index.js'

const { folder, kind, columns, scale, threads } = JSON.parse(process.argv[2])

const read = (name, ArrayType) => {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name))
  return new ArrayType(buffer, byteOffset, byteLength / ArrayType.BYTES_PER_ELEMENT)
}

const bytesOf = (field) =>
  1024 * Number(readFileSync('/proc/self/status', 'utf8').match(new RegExp(`${field}:\\s+(\\d+)`))[1])

const features =
  kind === 'csr'
    ? {
        indptr: read('indptr', Int32Array),
        indices: read('indices', Int32Array),
        values: read('values', Float32Array),
        columns,
      }
    : read('features', { u8: Uint8Array, f32: Float32Array, f64: Float64Array }[kind])
const labels = read('labels', Int32Array)
const before = bytesOf('VmRSS')
writeFileSync('/proc/self/clear_refs', '5')
await SoftmaxRegression.fit(features, labels, { featureScale: scale, threads, maxIterations: 25 })
process.stdout.write(JSON.stringify({ before, peak: bytesOf('VmHWM') }))
