import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { readIdx } from '../src/input/idx.ts'
import { idx, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const { write } = folder

const pixels = [0, 1, 2, 255, 4, 5, 6, 7, 8, 9, 10, 11]
const images = write('images', idx([3, 2, 2], pixels))
const labels = write('labels', idx([3], [7, 0, 9]))

test('images stay bytes, to be divided by 255; labels are integers', async () => {
  const data = await readIdx({ images, labels })
  expect(data).toEqual({
    source: [images, labels],
    rows: 3,
    featureCount: 4,
    features: expect.any(Uint8Array),
    featureScale: 1 / 255,
    imageShape: [2, 2],
    labels: [7, 0, 9],
    ignored: [],
  })
  expect(Array.from(data.features as Uint8Array)).toEqual(pixels)
})

test('gzip', async () => {
  const packed = write('images.gz', gzipSync(idx([3, 2, 2], pixels)))
  expect(Array.from((await readIdx({ images: packed })).features as Uint8Array)).toEqual(pixels)
})

describe('other types, big-endian', () => {
  test.each([
    ['signed bytes', 9, [0xff, 0x80, 1, 2], [-1, -128, 1, 2], Float32Array],
    ['shorts', 11, [0xff, 0xfe, 0x12, 0x34], [-2, 0x1234], Float32Array],
    ['ints', 12, [0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff], [-1, 0x7fffffff], Float64Array],
    ['floats', 13, [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], [1.5, -2], Float32Array],
    ['doubles', 14, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], [1.5, -2], Float64Array],
  ])('%s', async (_, code, bytes, values, type) => {
    const file = write('typed', idx([1, values.length], bytes, code))
    const data = await readIdx({ images: file })
    expect(data.features).toBeInstanceOf(type)
    expect(Array.from(data.features as Uint8Array)).toEqual(values)
    expect(data.featureScale).toBeUndefined()
  })
})

describe('messages', () => {
  const refused = async (...pair: [string, string?]) => {
    const request = pair[1] === undefined ? { images: pair[0] } : { images: pair[0], labels: pair[1] }
    return await readIdx(request).then(
      () => 'no error',
      (error: Error) => `${error.constructor.name} ${error.message.replaceAll(folder.path, '')}`,
    )
  }
  const whole = idx([3, 2, 2], pixels)
  test.each([
    ['cut off', whole.subarray(0, 25), 'cut off: 25 bytes, expected 28 for the shape 3 × 2 × 2'],
    ['too long', Buffer.concat([whole, whole]), 'too long: 56 bytes, expected 28 for the shape 3 × 2 × 2'],
    ['header cut off', whole.subarray(0, 10), 'not an IDX file: its header is cut off after 10 bytes, expected 16'],
    ['three bytes', whole.subarray(0, 3), 'not an IDX file: it has 3 bytes, expected a header of at least 4'],
    ['text', Buffer.from('a,b\n1,2\n'), 'not an IDX file: it begins with the bytes 61 2c, expected 00 00'],
    ['unknown type', idx([1, 1], [1], 10), 'not an IDX file: type code 0a, expected 08, 09, 0b, 0c, 0d or 0e'],
    ['no dimensions', idx([], []), 'not an IDX file: 0 dimensions, expected at least 1'],
    [
      'labels for images',
      idx([3], [1, 2, 3]),
      'has 1 dimension, expected images (2 or more dimensions); is it a file of labels?',
    ],
    ['no images', idx([0, 2, 2], []), 'holds no images (shape 0 × 2 × 2)'],
    [
      'a shape of terabytes',
      idx([0xffffffff, 0xffffffff], [1]),
      'cut off: 13 bytes, expected 18,446,744,065,119,617,000 for the shape 4294967295 × 4294967295',
    ],
    ['not a number', idx([1, 2], [0, 0, 0, 0, 0x7f, 0xc0, 0, 0], 13), 'image 1 holds NaN, expected finite numbers'],
    ['empty', new Uint8Array(0), 'the file is empty'],
    ['gzip cut off', gzipSync(whole).subarray(0, 20), 'not readable as gzip: it ends too early (cut off?)'],
  ])('%s', async (_, bytes, message) => {
    write('bad', bytes)
    expect(await refused(`${folder.path}/bad`)).toBe(`DataError /bad: ${message}`)
  })
  test('no file, a folder', async () => {
    expect(await refused(`${folder.path}/none`)).toBe('DataError /none: no such file')
    expect(await refused(folder.path)).toBe('DataError : is a directory, expected a file')
  })
  test('labels that do not go with the images', async () => {
    expect(await refused(images, write('two', idx([2], [1, 2])))).toBe(
      'DataError /two: holds 2 labels, expected 3, one for each image in /images',
    )
    expect(await refused(images, images)).toBe(
      'DataError /images: has 3 dimensions, expected labels (1 dimension); is it a file of images?',
    )
    expect(await refused(images, write('floats', idx([1], [0, 0, 0, 0], 13)))).toBe(
      'DataError /floats: holds fractional numbers, expected integer labels',
    )
  })
  test('what a model expects', async () => {
    const model = { classes: [0, 7], featureCount: 4 }
    await expect(readIdx({ images, labels }, model)).rejects.toThrow(
      `${labels}: label 9 of image 3 is no class of the model, which knows "0" and "7"`,
    )
    await expect(readIdx({ images }, { ...model, featureCount: 784 })).rejects.toThrow(
      `${images}: images have 4 pixels (2 × 2), the model expects 784`,
    )
    await expect(readIdx({ images }, { ...model, featureNames: ['a', 'b', 'c', 'd'] })).rejects.toThrow(
      `${images}: holds images, but the model was made from a table with columns "a", "b", "c" and "d"`,
    )
  })
})
