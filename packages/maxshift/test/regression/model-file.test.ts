/**
 * Model files: bit-exact there and back, readable by others, and no belief in what a file says.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { SoftmaxRegression } from '../../src/regression/index.ts'
import { decodeTensors } from '../../src/regression/safetensors.ts'
import { loadOptimum } from '../fixtures/load.ts'
import { bad } from '../support/bad.ts'

const wine = loadOptimum('wine')
let model: SoftmaxRegression<string>
let bytes: Uint8Array

beforeAll(async () => {
  const labels = wine.labels.map((label) => ['Barolo', 'Grignolino', 'Barbera — “d’Asti”'][label])
  const featureNames = Array.from({ length: 13 }, (_, j) => `feature ${j} 日本`)
  model = await SoftmaxRegression.fit(wine.features, labels, { featureNames })
  bytes = model.toSafetensors()
})

interface Header {
  [name: string]: unknown
  __metadata__: Record<string, string>
}

function split(file: Uint8Array): { header: Header; data: Uint8Array } {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  return { header: JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))), data: file.slice(8 + length) }
}

function join(header: unknown, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const file = new Uint8Array(8 + json.length + data.length)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true)
  file.set(json, 8)
  file.set(data, 8 + json.length)
  return file
}

/** The file with a changed header. */
function changed(change: (header: Header) => void): Uint8Array {
  const { header, data } = split(bytes)
  change(header)
  return join(header, data)
}

describe('a model file', () => {
  it('keeps every bit, names and the report', () => {
    const read = SoftmaxRegression.fromSafetensors(bytes)
    expect(read.weights).toEqual(model.weights)
    expect(read.intercepts).toEqual(model.intercepts)
    expect(read.means).toEqual(model.means)
    expect(read.classNames).toEqual(model.classNames)
    expect(read.featureNames).toEqual(model.featureNames)
    expect(read.report).toEqual({ ...model.report, seconds: 0, history: [] })
    expect(read.toSafetensors()).toEqual(bytes)
    expect(read.predictProba(wine.features)).toEqual(model.predictProba(wine.features))
  })

  it('keeps the metadata of an application, and refuses what is not its own', () => {
    expect(model.metadata).toEqual({})
    const metadata = { 'my.columns': '{"a": 1}', __proto__x: '日本' }
    const file = model.toSafetensors({ metadata })
    const read = SoftmaxRegression.fromSafetensors(file)
    expect(read.metadata).toEqual(metadata)
    expect(read.toSafetensors()).toEqual(file)
    expect(read.toSafetensors({ metadata: {} })).toEqual(bytes)
    expect(() => model.toSafetensors({ metadata: { report: '{}' } })).toThrow(
      new RangeError(
        'toSafetensors: expected metadata under names other than format, version, classNames, featureNames, report, got "report"',
      ),
    )
    expect(() => model.toSafetensors({ metadata: { a: bad(1) } })).toThrow(
      new TypeError('toSafetensors: expected metadata "a" to be a string, got 1'),
    )
    expect(() => model.toSafetensors({ metadata: bad(null) })).toThrow(
      new TypeError('toSafetensors: expected metadata to be an object of strings, got null'),
    )
  })

  it('keeps numbers as class names, and does without feature names', async () => {
    const labels = wine.labels.map((label) => [1e300, -0.1, 7][label])
    const numbers = await SoftmaxRegression.fit(wine.features, labels)
    const read = SoftmaxRegression.fromSafetensors(numbers.toSafetensors())
    expect(read.classNames).toEqual([-0.1, 7, 1e300])
    expect(read.featureNames).toBeUndefined()
    expect(read.predict(wine.features)).toEqual(numbers.predict(wine.features))
  })

  it('of version 1 is read, without means', () => {
    const { header, data } = split(bytes)
    header.__metadata__.version = '1'
    delete header.means
    const read = SoftmaxRegression.fromSafetensors(join(header, data.slice(0, 336)))
    expect(read.weights).toEqual(model.weights)
    expect(read.report).toEqual({ ...model.report, seconds: 0, history: [] })
    expect(read.means).toBeUndefined()
    const again = SoftmaxRegression.fromSafetensors(read.toSafetensors())
    expect(again.weights).toEqual(model.weights)
    expect(again.means).toBeUndefined()
    expect(() => read.contributions(wine.features.subarray(0, 13))).toThrow(
      new TypeError('contributions: expected a model with the means of its training rows, got one from an old file'),
    )
  })

  it('is read from the middle of a larger buffer', () => {
    const padded = new Uint8Array(bytes.length + 20)
    padded.set(bytes, 3)
    expect(SoftmaxRegression.fromSafetensors(padded.subarray(3, 3 + bytes.length)).weights).toEqual(model.weights)
  })

  it('follows the format: aligned data, offsets without a gap, little endian', () => {
    const { header, data } = split(bytes)
    expect((bytes.length - data.length) % 8).toBe(0)
    expect(header.weights).toEqual({ dtype: 'F64', shape: [3, 13], data_offsets: [0, 312] })
    expect(header.intercepts).toEqual({ dtype: 'F64', shape: [3], data_offsets: [312, 336] })
    expect(header.means).toEqual({ dtype: 'F64', shape: [13], data_offsets: [336, 440] })
    expect(data.length).toBe(440)
    expect(new DataView(data.buffer).getFloat64(8, true)).toBe(model.weights[1])
    expect(header.__metadata__).toMatchObject({ format: 'maxshift.softmax-regression', version: '2' })
  })

  it('does not depend on the order of tensors and keys', () => {
    const { header, data } = split(bytes)
    const swapped = new Uint8Array([...data.slice(312, 336), ...data.slice(0, 312), ...data.slice(336)])
    const file = join(
      {
        intercepts: { data_offsets: [0, 24], shape: [3], dtype: 'F64' },
        means: { shape: [13], dtype: 'F64', data_offsets: [336, 440] },
        weights: { data_offsets: [24, 336], dtype: 'F64', shape: [3, 13] },
        __metadata__: header.__metadata__,
      },
      swapped,
    )
    expect(SoftmaxRegression.fromSafetensors(file).weights).toEqual(model.weights)
  })
})

describe('a file is refused', () => {
  const tensor = (name: string, fields: object) => (): Uint8Array =>
    changed((header) => Object.assign(header[name] as object, fields))
  const metadata = (name: string, value: string | undefined) => (): Uint8Array =>
    changed((header) => {
      if (value === undefined) delete header.__metadata__[name]
      else header.__metadata__[name] = value
    })
  const report = (fields: object) => (): Uint8Array =>
    changed((header) => {
      const old = JSON.parse(header.__metadata__.report) as object
      header.__metadata__.report = JSON.stringify({ ...old, ...fields })
    })
  const withLength = (length: bigint) => (): Uint8Array => {
    const file = bytes.slice()
    new DataView(file.buffer).setBigUint64(0, length, true)
    return file
  }
  const withWeight = (value: number) => (): Uint8Array => {
    const file = bytes.slice()
    new DataView(file.buffer).setFloat64(file.length - 440 + 16, value, true)
    return file
  }

  const withMean = (value: number) => (): Uint8Array => {
    const file = bytes.slice()
    new DataView(file.buffer).setFloat64(file.length - 8, value, true)
    return file
  }

  it.each<[string, () => Uint8Array, string | RegExp]>([
    ['empty', () => new Uint8Array(0), 'expected a safetensors file, which has at least 8 bytes, got 0'],
    [
      'cut off in the header',
      () => bytes.slice(0, 100),
      /^expected a header of at most 92 bytes, the rest of the file, got \d+$/,
    ],
    [
      'cut off in the data',
      () => bytes.slice(0, -8),
      'expected tensor "means" to lie within the 432 bytes of data, got bytes 336 to 440',
    ],
    [
      'with bytes left over',
      () => new Uint8Array([...bytes, 0]),
      'expected 440 bytes of data, as the header says, got 441',
    ],
    [
      'with a hostile header length',
      withLength(2n ** 63n),
      /^expected a header of at most \d+ bytes, the rest of the file, got 9223372036854775808$/,
    ],
    ['whose header is no JSON', () => join('{"weights":', new Uint8Array(0)), /^expected the header to be JSON, got /],
    ['whose header is no UTF-8', () => join('', new Uint8Array(0)).fill(0), /^expected the header to be JSON, got /],
    [
      'whose header is a list',
      () => join([1], new Uint8Array(0)),
      'expected the header to be a JSON object, got an array of length 1',
    ],
    [
      'that is something else',
      () => new TextEncoder().encode('PK\u0003\u0004 not a model'),
      /^expected a header of at most \d+ bytes, the rest of the file, got \d+$/,
    ],
    ['of another dtype', tensor('weights', { dtype: 'F32' }), 'expected tensor "weights" to have dtype F64, got F32'],
    [
      'with a shape that lies',
      tensor('weights', { shape: [3, 14] }),
      'expected tensor "weights" of shape [3, 14] to take 336 bytes, got 312',
    ],
    [
      'with a shape that wraps around',
      tensor('weights', { shape: [4294967296, 4294967296] }),
      'expected tensor "weights" of shape [4294967296, 4294967296] to take 147573952589676410000 bytes, got 312',
    ],
    [
      'with a negative shape',
      tensor('weights', { shape: [-3, -13] }),
      'expected tensor "weights" to have a shape of non-negative integers, got [-3,-13]',
    ],
    [
      'with a fractional shape',
      tensor('weights', { shape: [1.5, 26] }),
      'expected tensor "weights" to have a shape of non-negative integers, got [1.5,26]',
    ],
    [
      'without a shape',
      tensor('weights', { shape: undefined }),
      'expected tensor "weights" to have a shape of non-negative integers, got undefined',
    ],
    [
      'with one offset',
      tensor('weights', { data_offsets: [0] }),
      'expected tensor "weights" to have two data offsets, got [0]',
    ],
    [
      'with offsets beyond the end',
      tensor('intercepts', { data_offsets: [312, 1e15] }),
      'expected tensor "intercepts" to lie within the 440 bytes of data, got bytes 312 to 1000000000000000',
    ],
    [
      'with offsets backwards',
      tensor('intercepts', { data_offsets: [336, 312] }),
      'expected tensor "intercepts" to lie within the 440 bytes of data, got bytes 336 to 312',
    ],
    [
      'with offsets that overlap',
      tensor('intercepts', { data_offsets: [304, 328] }),
      'expected tensor "intercepts" to begin at byte 312 of the data, where the last one ends, got 304',
    ],
    [
      'with a tensor that is a number',
      () => changed((header) => void Object.assign(header, { weights: 5 })),
      'expected tensor "weights" to be described by an object, got 5',
    ],
    [
      'without weights',
      () =>
        changed((header) => {
          header.other = header.weights
          delete header.weights
        }),
      'expected a tensor named "weights", got "other", "intercepts", "means"',
    ],
    [
      'with flat weights',
      tensor('weights', { shape: [39] }),
      'expected tensor "weights" to have 2 dimensions, got shape [39]',
    ],
    [
      'with weights the wrong way round',
      tensor('weights', { shape: [13, 3] }),
      'expected one intercept per class, 13 in all, got 3',
    ],
    [
      'with one class',
      tensor('weights', { shape: [1, 39] }),
      'expected weights of at least 2 classes and 1 feature, got 1 × 39',
    ],
    [
      'with means for other features',
      tensor('means', { shape: [13, 1] }),
      'expected tensor "means" to have 1 dimensions, got shape [13, 1]',
    ],
    [
      'with a mean too many',
      () => {
        const { header, data } = split(bytes)
        header.means = { dtype: 'F64', shape: [14], data_offsets: [336, 448] }
        return join(header, new Uint8Array([...data, ...new Uint8Array(8)]))
      },
      'expected one mean per feature, 13 in all, got 14',
    ],
    ['with an infinite mean', withMean(Infinity), 'expected means[12] to be finite, got Infinity'],
    ['with a NaN weight', withWeight(NaN), 'expected weights[2] to be finite, got NaN'],
    ['with an infinite weight', withWeight(-Infinity), 'expected weights[2] to be finite, got -Infinity'],
    ['of another format', metadata('format', 'pt'), 'expected a file of format maxshift.softmax-regression, got "pt"'],
    [
      'of no format',
      metadata('format', undefined),
      'expected a file of format maxshift.softmax-regression, got undefined',
    ],
    [
      'of a newer version',
      metadata('version', '3'),
      'expected version 1 to 2 of the format, got "3" (written by a newer release)',
    ],
    ['of no version', metadata('version', undefined), 'expected version 1 to 2 of the format, got undefined'],
    [
      'with metadata that are no strings',
      () => changed((header) => void Object.assign(header.__metadata__, { version: 1 })),
      'expected metadata "version" to be a string, got 1',
    ],
    ['without class names', metadata('classNames', undefined), 'expected metadata "classNames", got none'],
    ['with broken class names', metadata('classNames', '["a",'), /^expected metadata "classNames" to be JSON, got /],
    [
      'with too few class names',
      metadata('classNames', '["a","b"]'),
      'expected 3 class names, got an array of length 2',
    ],
    [
      'with class names of mixed kinds',
      metadata('classNames', '["a",1,"c"]'),
      'expected classNames[1] to be a string, got 1',
    ],
    [
      'with class names out of order',
      metadata('classNames', '["a","c","b"]'),
      'expected class names in ascending order, got "c" before "b"',
    ],
    [
      'with a class name twice',
      metadata('classNames', '[1,2,2]'),
      'expected class names in ascending order, got 2 before 2',
    ],
    [
      'with too few feature names',
      metadata('featureNames', '["a"]'),
      'expected one feature name per feature, 13 in all, got 1',
    ],
    ['without a report', metadata('report', '7'), 'expected report to be an object, got 7'],
    ['with an unknown status', report({ status: 'fine' }), 'expected report.status to be a known status, got "fine"'],
    [
      'with a report that says too little',
      report({ rows: undefined }),
      'expected report.rows to be a number, got undefined',
    ],
    [
      'with an intercept of another kind',
      report({ intercept: 'yes' }),
      'expected report.intercept to be true or false, got "yes"',
    ],
    [
      'with a calibration that is none',
      report({ calibration: 3 }),
      'expected report.calibration to be an object, got 3',
    ],
    [
      'with a calibration of unknown status',
      report({ calibration: { status: 'stopped' } }),
      'expected report.calibration.status to be a known status, got "stopped"',
    ],
    [
      'with a calibration without a temperature',
      report({ calibration: { status: 'converged' } }),
      'expected report.calibration.temperature to be a number, got undefined',
    ],
  ])('%s', (_, file, message) => {
    let error: unknown
    try {
      SoftmaxRegression.fromSafetensors(file())
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(RangeError)
    const text = (error as Error).message.replace(/^fromSafetensors: /, '')
    if (typeof message === 'string') expect(text).toBe(message)
    else expect(text).toMatch(message)
  })

  it('wherever it is cut off', () => {
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => SoftmaxRegression.fromSafetensors(bytes.slice(0, length))).toThrow(RangeError)
    }
  })

  it('or read to something finite when a byte of it is changed: nothing else is thrown', () => {
    for (let at = 0; at < bytes.length; at++) {
      const file = bytes.slice()
      file[at] ^= 1 << (at % 8)
      try {
        const read = SoftmaxRegression.fromSafetensors(file)
        expect(read.weights.length).toBe(39)
      } catch (error) {
        if (!(error instanceof TypeError)) expect(error).toBeInstanceOf(RangeError)
        expect((error as Error).message).toMatch(/^fromSafetensors: /)
      }
    }
  })
})

describe('decodeTensors', () => {
  it('accepts empty tensors and no metadata', () => {
    const file = join({ a: { dtype: 'F64', shape: [0, 5], data_offsets: [0, 0] } }, new Uint8Array(0))
    const { tensors, metadata } = decodeTensors('test', file)
    expect(tensors.get('a')).toEqual({ shape: [0, 5], values: new Float64Array(0) })
    expect(metadata.size).toBe(0)
  })
})
