/**
 * The file of a softmax regression: a safetensors file with float64 tensors `weights` (classes × features), `intercepts`
 * (classes) and `means` (features), and in its metadata the format, its version, the class and feature names and the report.
 *
 * The file depends on data, options and nothing else: the times and the history of the run are left out. Version 2; files of version
 * 1, which are read too, lack the means.
 */
import { describe } from '../check.ts'
import type { Label } from './labels.ts'

import { checkFeatureNames } from './options.ts'
import type { FitReport } from './report.ts'
import { decodeReport, encodeReport } from './report-file.ts'

import { decodeTensors, encodeTensors, type Tensor } from './safetensors.ts'

/** Everything a model consists of. */
export interface ModelParts {
  readonly classNames: readonly Label[]
  readonly featureNames: readonly string[] | undefined
  /** classes × features. */
  readonly weights: Float64Array
  /** One per class. */
  readonly intercepts: Float64Array
  /** One per feature; undefined in a model from a file of version 1. */
  readonly means: Float64Array | undefined
  readonly report: FitReport
  /** What an application keeps in the file, by names of its own. */
  readonly metadata?: Readonly<Record<string, string>>
}

const FORMAT = 'maxshift.softmax-regression'
const VERSION = 2
const OLDEST = 1
const WHO = 'fromSafetensors'
/** The names in the metadata that are the format's own. */
const OWN = ['format', 'version', 'classNames', 'featureNames', 'report']

export function encodeModel({
  classNames,
  featureNames,
  weights,
  intercepts,
  means,
  report,
  metadata: kept = {},
}: ModelParts): Uint8Array<ArrayBuffer> {
  const metadata = new Map([
    ['format', FORMAT],
    ['version', String(VERSION)],
    ['classNames', JSON.stringify(classNames)],
    ['report', encodeReport(report)],
  ])
  if (featureNames) metadata.set('featureNames', JSON.stringify(featureNames))
  for (const [name, value] of Object.entries(checkMetadata(kept))) metadata.set(name, value)
  const classes = classNames.length
  const tensors = new Map<string, Tensor>([
    ['weights', { shape: [classes, weights.length / classes], values: weights }],
    ['intercepts', { shape: [classes], values: intercepts }],
  ])
  if (means) tensors.set('means', { shape: [means.length], values: means })
  return encodeTensors({ tensors, metadata })
}

/** Throws a TypeError if `bytes` is no Uint8Array, and a RangeError that names what is wrong with the file. */
export function decodeModel(bytes: unknown): ModelParts {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`${WHO}: expected bytes to be a Uint8Array, got ${describe(bytes)}`)
  }
  const { tensors, metadata } = decodeTensors(WHO, bytes)
  checkFormat(metadata)
  const weights = takeTensor(tensors, 'weights', 2)
  const intercepts = takeTensor(tensors, 'intercepts', 1)
  const [classes, featureCount] = weights.shape
  if (classes < 2 || featureCount < 1)
    fail(`weights of at least 2 classes and 1 feature`, `${classes} × ${featureCount}`)
  if (intercepts.shape[0] !== classes) fail(`one intercept per class, ${classes} in all`, intercepts.shape[0])
  const means = tensors.has('means') ? takeTensor(tensors, 'means', 1) : undefined
  if (means && means.shape[0] !== featureCount) fail(`one mean per feature, ${featureCount} in all`, means.shape[0])
  return {
    classNames: readClassNames(metadata, classes),
    featureNames: readFeatureNames(metadata, featureCount),
    weights: weights.values,
    intercepts: intercepts.values,
    means: means?.values,
    report: decodeReport(readJson(metadata, 'report'), fail),
    metadata: Object.fromEntries([...metadata].filter(([name]) => !OWN.includes(name))),
  }
}

/** Strings under names that are not the format's own. */
function checkMetadata(metadata: unknown): Readonly<Record<string, string>> {
  const who = 'toSafetensors'
  if (typeof metadata !== 'object' || metadata === null) {
    throw new TypeError(`${who}: expected metadata to be an object of strings, got ${describe(metadata)}`)
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (OWN.includes(name)) {
      throw new RangeError(`${who}: expected metadata under names other than ${OWN.join(', ')}, got ${describe(name)}`)
    }
    if (typeof value !== 'string') {
      throw new TypeError(`${who}: expected metadata ${describe(name)} to be a string, got ${describe(value)}`)
    }
  }
  return metadata as Readonly<Record<string, string>>
}

function fail(expected: string, got: unknown): never {
  throw new RangeError(`${WHO}: expected ${expected}, got ${got}`)
}

function checkFormat(metadata: ReadonlyMap<string, string>): void {
  const format = metadata.get('format')
  if (format !== FORMAT) fail(`a file of format ${FORMAT}`, describe(format))
  const version = metadata.get('version')
  for (let known = OLDEST; known <= VERSION; known++) if (version === String(known)) return
  const newer = Number(version) > VERSION ? ' (written by a newer release)' : ''
  fail(`version ${OLDEST} to ${VERSION} of the format`, `${describe(version)}${newer}`)
}

function takeTensor(tensors: ReadonlyMap<string, Tensor>, name: string, dimensions: number): Tensor {
  const tensor = tensors.get(name)
  if (!tensor) fail(`a tensor named ${describe(name)}`, [...tensors.keys()].map(describe).join(', ') || 'none')
  if (tensor.shape.length !== dimensions) {
    fail(`tensor ${describe(name)} to have ${dimensions} dimensions`, `shape [${tensor.shape.join(', ')}]`)
  }
  const bad = tensor.values.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) fail(`${name}[${bad}] to be finite`, tensor.values[bad])
  return tensor
}

/** A metadata string that holds JSON. */
function readJson(metadata: ReadonlyMap<string, string>, name: string): unknown {
  const text = metadata.get(name)
  if (text === undefined) fail(`metadata ${describe(name)}`, 'none')
  try {
    return JSON.parse(text)
  } catch (error) {
    fail(`metadata ${describe(name)} to be JSON`, error instanceof Error ? error.message : error)
  }
}

function readClassNames(metadata: ReadonlyMap<string, string>, classes: number): Label[] {
  const names = readJson(metadata, 'classNames')
  if (!Array.isArray(names) || names.length !== classes) fail(`${classes} class names`, describe(names))
  const kind = typeof names[0]
  for (let k = 0; k < classes; k++) {
    const name: unknown = names[k]
    if (typeof name !== kind || !(typeof name === 'string' || typeof name === 'number')) {
      fail(`classNames[${k}] to be a ${kind === 'number' ? 'number' : 'string'}`, describe(name))
    }
    if (k > 0 && !(name > names[k - 1]))
      fail('class names in ascending order', `${describe(names[k - 1])} before ${describe(name)}`)
  }
  return names
}

function readFeatureNames(metadata: ReadonlyMap<string, string>, featureCount: number): string[] | undefined {
  if (!metadata.has('featureNames')) return undefined
  const names = readJson(metadata, 'featureNames')
  checkFeatureNames(WHO, names, featureCount)
  return names as string[]
}
