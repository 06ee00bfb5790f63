import * as zlib from 'node:zlib'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { type ArrayRequest, readArrays } from '../src/input/arrays.ts'
import { readNpy } from '../src/input/npy.ts'
import type { Expectation } from '../src/input/source.ts'
import { temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const { write } = folder

/** An NPY file as NumPy writes it. */
function npy(
  descr: string,
  shape: string,
  values: Uint8Array | number[],
  { fortran = false, version = 1 } = {},
): Buffer {
  const order = fortran ? 'True' : 'False'
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`
  const before = version === 1 ? 10 : 12
  const header = Buffer.from(`${text.padEnd(Math.ceil((before + text.length + 1) / 64) * 64 - before - 1)}\n`)
  const head = Buffer.alloc(before)
  head.write('\x93NUMPY', 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(header.length, 8)
  else head.writeUInt32LE(header.length, 8)
  return Buffer.concat([head, header, Uint8Array.from(values)])
}

const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
const text32 = (...words: string[]) => {
  const width = Math.max(...words.map((word) => [...word].length))
  return bytesOf(
    Uint32Array.from(
      words.flatMap((word) => Array.from({ length: width }, (_, i) => [...word][i]?.codePointAt(0) ?? 0)),
    ),
  )
}

/** An archive as numpy.savez (stored) and savez_compressed (deflated) write it. */
function zip(files: Record<string, Uint8Array>, deflated: boolean): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(files)) {
    const packed = deflated ? deflateRawSync(content) : Buffer.from(content)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(45, 0)
    common.writeUInt16LE(deflated ? 8 : 0, 4)
    common.writeUInt32LE(zlib.crc32(content), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed])
    const entry = Buffer.alloc(14)
    entry.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x00\x00'), common, entry, Buffer.from(name)]))
    parts.push(local)
    offset += local.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listed, end])
}

const read = (name: string, content: string | Uint8Array, more: Partial<ArrayRequest> = {}, expected?: Expectation) => {
  const format = /\.(npy|npz|libsvm)/.exec(name)?.[1] as ArrayRequest['format']
  return readArrays({ path: write(name, content), format, labelled: false, ...more }, expected)
}

describe('NPY', () => {
  const numbers = (descr: string, bytes: Uint8Array, options = {}) => {
    return readNpy('x', npy(descr, `(${bytes.length / Number(descr.slice(2))},)`, bytes, options))
  }
  const swapped = (values: ArrayBufferView, width: number) => {
    const bytes = Uint8Array.from(bytesOf(values))
    for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse()
    return bytes
  }
  test.each([
    ['|u1', Uint8Array.of(0, 255), [0, 255], Uint8Array],
    ['|b1', Uint8Array.of(0, 1), [0, 1], Uint8Array],
    ['|i1', Int8Array.of(-128, 127), [-128, 127], Float32Array],
    ['<u2', Uint16Array.of(65535), [65535], Float32Array],
    ['<i2', Int16Array.of(-32768), [-32768], Float32Array],
    ['<u4', Uint32Array.of(4294967295), [4294967295], Float64Array],
    ['<i4', Int32Array.of(-2147483648), [-2147483648], Float64Array],
    ['<u8', BigUint64Array.of(9007199254740992n), [9007199254740992], Float64Array],
    ['<i8', BigInt64Array.of(-9007199254740991n), [-9007199254740991], Float64Array],
    // Smallest subnormal, 1, largest, −2, 1/3 rounded: numpy.array(…, 'f2').view('u2').
    ['<f2', Uint16Array.of(1, 15360, 31743, 49152, 13653), [2 ** -24, 1, 65504, -2, 0.333251953125], Float32Array],
    ['<f4', Float32Array.of(1.5, -0.1), [1.5, Math.fround(-0.1)], Float32Array],
    ['<f8', Float64Array.of(1.5, -0.1), [1.5, -0.1], Float64Array],
  ] as const)('%s, in both byte orders', (descr, values, expected, type) => {
    const width = Number(descr.slice(2))
    for (const [name, bytes] of [
      [descr, bytesOf(values)],
      [descr.replace('<', '>'), swapped(values, width)],
    ] as const) {
      const read = numbers(
        name,
        name === descr.replace('>', '<') && name.startsWith('<')
          ? bytesOf(values)
          : name.startsWith('|')
            ? bytesOf(values)
            : bytes,
      )
      expect(read.values).toBeInstanceOf(type)
      expect([...read.values]).toEqual([...expected])
      expect((read.values as Float64Array).buffer).toBeInstanceOf(SharedArrayBuffer)
      expect(read.integers).toBe(!descr.includes('f'))
    }
  })
  test('Fortran order, three dimensions', () => {
    // numpy.asfortranarray(numpy.arange(12, dtype='u1').reshape(2, 3, 2)).tobytes('F')
    const bytes = [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]
    expect([...readNpy('x', npy('|u1', '(2, 3, 2)', bytes, { fortran: true })).values]).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ])
  })
  test('versions 2 and 3, and text', () => {
    for (const version of [2, 3]) expect([...numbers('|u1', Uint8Array.of(7), { version }).values]).toEqual([7])
    expect(readNpy('x', npy('<U3', '(2,)', text32('ab', 'né😀'))).values).toEqual(['ab', 'né😀'])
    expect(readNpy('x', npy('|S2', '(2,)', Buffer.from('a\0bc'))).values).toEqual(['a', 'bc'])
  })
  test('features, images and labels', async () => {
    const labels = write('y.npy', npy('<U1', '(2,)', text32('a', 'b')))
    const table = await read('x.npy', npy('<f4', '(2, 2)', bytesOf(Float32Array.of(1, 2, 3, 4))), {
      labels,
      labelled: true,
    })
    expect(table).toMatchObject({
      rows: 2,
      featureCount: 2,
      labels: ['a', 'b'],
      source: [`${folder.path}/x.npy`, labels],
    })
    const images = await read('i.npy', npy('|u1', '(2, 2, 2)', [1, 2, 3, 4, 5, 6, 7, 8]))
    expect(images).toMatchObject({ rows: 2, featureCount: 4, imageShape: [2, 2], featureScale: 1 / 255 })
    expect(images.labels).toBeUndefined()
  })
})

describe('NPZ', () => {
  const x = npy('<f8', '(2, 1)', bytesOf(Float64Array.of(1.5, 2)))
  const y = npy('<i8', '(2,)', bytesOf(BigInt64Array.of(3n, 4n)))
  test.each([false, true])('deflated: %s', async (deflated) => {
    const data = await read('d.npz', zip({ 'X.npy': x, 'y.npy': y }, deflated), { labelled: true })
    expect([[...(data.features as Float64Array)], data.labels]).toEqual([
      [1.5, 2],
      [3, 4],
    ])
  })
  test('arrays by name', async () => {
    const names = { featuresArray: 'a', labelsArray: 'b', labelled: true }
    expect((await read('n.npz', zip({ 'b.npy': y, 'a.npy': x }, true), names)).labels).toEqual([3, 4])
  })
  test.each([
    [
      'cut off',
      zip({ 'X.npy': x }, true).subarray(0, 100),
      {},
      'FILE: not readable as NPZ: it has no directory (cut off?)',
    ],
    ['no arrays', zip({ 'X.txt': x }, true), {}, 'FILE: holds no arrays'],
    [
      'another name',
      zip({ 'X1.npy': x }, true),
      { featuresArray: 'X2' },
      'FILE: no array "X2" (--features-array); did you mean "X1"?',
    ],
    [
      'unusual names',
      zip({ 'a.npy': x }, true),
      {},
      'FILE: no array has a usual name (X, x, features, X_train, x_train, data, images, train_images); --features-array says which of "a"',
    ],
  ])('%s', async (_, content, more, message) => {
    await expect(read('bad.npz', content, more)).rejects.toThrow(message.replace('FILE', `${folder.path}/bad.npz`))
  })
  test('damage is found', async () => {
    const damaged = zip({ 'X.npy': x }, false)
    damaged[damaged.indexOf('NUMPY') + 130] ^= 1
    await expect(read('bad.npz', damaged)).rejects.toThrow('"X.npy": is damaged: its checksum does not fit')
    const lying = zip({ 'X.npy': x }, true)
    lying.writeUInt32LE(0xf0000000, lying.indexOf('PK\x01\x02') + 24)
    await expect(read('bad.npz', lying)).rejects.toThrow(/"X\.npy": is damaged: \d+ bytes cannot hold 4026531840$/)
  })
})

describe('messages of NPY', () => {
  const good = npy('<f4', '(2, 2)', bytesOf(Float32Array.of(1, 2, 3, 4)))
  const object = npy('|O', '(2,)', [1, 2, 3])
  test.each([
    [
      'cut off',
      good.subarray(0, good.length - 1),
      'FILE: cut off: 15 bytes of values, expected 16 for the shape 2 × 2',
    ],
    ['too long', Buffer.concat([good, good]), /^FILE: too long: \d+ bytes of values, expected 16 for the shape 2 × 2$/],
    ['a header that is cut off', good.subarray(0, 40), 'FILE: not an NPY file: its header is cut off'],
    ['another format', Buffer.from('a,k\n1,2\n3,4\n'), 'FILE: not an NPY file: it does not begin with \\x93NUMPY'],
    ['a few bytes', Buffer.from('a,k'), 'FILE: not an NPY file: it has 3 bytes, expected a header'],
    [
      'a huge shape',
      npy('<f8', '(1000000000000, 1000000000000)', [1]),
      /^FILE: cut off: 1 byte of values, expected 8,?.* for the shape 1000000000000 × 1000000000000$/,
    ],
    [
      'pickles',
      object,
      'FILE: holds Python objects (a pickle), which are not loaded; save an array of numbers or text',
    ],
    [
      'complex numbers',
      npy('<c8', '(1, 1)', [0, 0, 0, 0, 0, 0, 0, 0]),
      /holds values of type "<c8", expected whole numbers, float16/,
    ],
    ['one dimension', npy('|u1', '(2,)', [1, 2]), 'FILE: has 1 dimension, expected 2 or more (rows × features)'],
    ['no rows', npy('|u1', '(0, 2)', []), 'FILE: holds no rows (shape 0 × 2)'],
    ['text', npy('|S1', '(1, 1)', [65]), 'FILE: holds text, expected numbers'],
    [
      'NaN',
      npy('<f4', '(2, 1)', bytesOf(Float32Array.of(1, Number.NaN))),
      'FILE: row 2, column 1 (counted from 1) holds NaN, expected finite numbers',
    ],
    [
      'beyond 2^53',
      npy('<i8', '(1, 1)', bytesOf(BigInt64Array.of(9007199254740993n))),
      'FILE: value 1: expected an integer that float64 holds exactly, got 9007199254740993',
    ],
  ])('%s', async (_, content, message) => {
    const said = await read('bad.npy', content).then(
      () => 'no error',
      (error: Error) => error.message.replace(`${folder.path}/bad.npy`, 'FILE'),
    )
    if (typeof message === 'string') expect(said).toBe(message)
    else expect(said).toMatch(message)
  })
  test.each([
    [
      'fractions',
      npy('<f4', '(2,)', bytesOf(Float32Array.of(1, 2.5))),
      'label 2.5 of row 2, expected classes: text or integers',
    ],
    ['too few', npy('|u1', '(1,)', [1]), /holds 1 label, expected 2, one for each row of .*bad\.npy$/],
    [
      'a column per class',
      npy('|u1', '(2, 2)', [1, 0, 0, 1]),
      'has the shape 2 × 2, expected one label per row (the class itself, not a column for each class)',
    ],
  ])('labels: %s', async (_, content, message) => {
    const labels = write('y.npy', content)
    await expect(read('bad.npy', good, { labels, labelled: true })).rejects.toThrow(message)
  })
  test('what a model does not know', async () => {
    const expected = { classes: [0, 1], featureCount: 2 }
    const labels = write('y.npy', npy('|u1', '(2,)', [1, 2]))
    await expect(read('x.npy', good, { labels, labelled: true }, expected)).rejects.toThrow(
      'y.npy: label "2" of row 2 is no class of the model, which knows "0" and "1"',
    )
    await expect(read('x.npy', good, {}, { ...expected, featureCount: 3 })).rejects.toThrow(
      'x.npy: rows have 2 features, the model expects 3',
    )
    await expect(read('x.npy', good, {}, { ...expected, featureNames: ['a', 'b'] })).rejects.toThrow(
      'holds an array, but the model was made from a table with columns "a" and "b"',
    )
  })
})

describe('LIBSVM', () => {
  const parts = ({ features }: Awaited<ReturnType<typeof read>>) => {
    if (!('indptr' in features)) throw new Error('expected sparse rows')
    const { indptr, indices, values } = features
    return [[...indptr], [...indices], [...values], features.columns]
  }
  test('rows, comments, qid, empty lines, both line ends, gzip', async () => {
    const text = '# head\n+1 qid:3 1:0.5 3:2 # note\r\n\n-1 2:1e3\n1\n'
    for (const [name, content] of [
      ['a.libsvm', text],
      ['b.libsvm.gz', gzipSync(text)],
    ] as const) {
      const data = await read(name, content, { labelled: true })
      expect(parts(data)).toEqual([[0, 2, 3, 3], [1, 3, 2], [0.5, 2, 1000], 4])
      expect([data.labels, data.rows, data.featureCount]).toEqual([[1, -1, 1], 3, 4])
    }
  })
  test('text labels; zeros are left out; float64 where float32 loses something', async () => {
    const data = await read('t.libsvm', 'spam 0:0 1:0.1\nham 1:1\n', { labelled: true })
    expect([parts(data), data.labels]).toEqual([
      [[0, 1, 2], [1, 1], [0.1, 1], 2],
      ['spam', 'ham'],
    ])
  })
  test.each([
    ['1 1:2 3', 'line 1: expected index:value, got "3"'],
    ['1 1:2\n2 a:3', 'line 2: expected index:value, got "a:3"'],
    ['1 -1:2', 'line 1: expected index:value, got "-1:2"'],
    ['1 1:x', 'line 1: expected a finite number at index 1, got "x"'],
    ['1 1:1,5', 'line 1: expected a finite number at index 1, got "1,5"'],
    ['1 1:1e400', 'line 1: expected a finite number at index 1, got "1e400"'],
    ['1 1:0x10', 'line 1: expected a finite number at index 1, got "0x10"'],
    ['1 2:1 1:1', 'line 1: index 1 comes after 2, expected ascending indices'],
    ['1 2:1 2:1', 'line 1: index 2 comes after 2, expected ascending indices'],
    ['1 99999999999:1', 'line 1: index 99,999,999,999, expected less than 67,108,864'],
    ['1:1 2:1', 'line 1: expected a label before the features, got "1:1"'],
    ['1,2 2:1', 'line 1: expected one label, got "1,2"'],
    ['# nothing', 'holds no rows'],
    ['1\n2', 'no row has a feature'],
    ['1.5 1:1\n2 1:1', 'label 1.5 of row 1, expected classes: text or integers'],
  ])('%j', async (text, message) => {
    await expect(read('bad.libsvm', text, { labelled: true })).rejects.toThrow(message)
  })
  test('with a model', async () => {
    const expected = { classes: [1, 2], featureCount: 3 }
    expect(parts(await read('m.libsvm', '1 0:1\n', {}, expected))[3]).toBe(3)
    await expect(read('m.libsvm', '1 3:1\n', {}, expected)).rejects.toThrow(
      'line 1: index 3, but the model has 3 features, counted from 0',
    )
  })
  test('gzip that is cut off', async () => {
    await expect(read('c.libsvm.gz', gzipSync('1 1:1\n'.repeat(50)).subarray(0, -9))).rejects.toThrow(
      'not readable as gzip: it ends too early (cut off?)',
    )
  })
})
