/**
 * The file of a softmax regression: a safetensors file with float64 tensors `weights` (classes × features) and
 * `intercepts` (classes), and in its metadata the format, its version, the class and feature names and the report.
 *
 * The file depends on data, options and nothing else: the times and the history of the run are left out. Version 1.
 */
import { describe } from '../check.ts'
import type { Label } from './labels.ts'
import { checkFeatureNames } from './options.ts'
import type { FitReport, FitStatus } from './report.ts'
import { decodeTensors, encodeTensors, type Tensor } from './safetensors.ts'

/** Everything a model consists of. */
export interface ModelParts {
  readonly classNames: readonly Label[]
  readonly featureNames: readonly string[] | undefined
  /** classes × features. */
  readonly weights: Float64Array
  /** One per class. */
  readonly intercepts: Float64Array
  readonly report: FitReport
}

const FORMAT = 'maxshift.softmax-regression'
const VERSION = 1
const WHO = 'fromSafetensors'
const STATUSES: readonly FitStatus[] = [
  'converged',
  'max-iterations',
  'line-search-failed',
  'not-finite',
  'separated',
  'stopped',
]
const REPORT_NUMBERS = [
  'iterations',
  'dataPasses',
  'objective',
  'gradientNorm',
  'rows',
  'l2',
  'featureScale',
  'tolerance',
] as const

export function encodeModel({
  classNames,
  featureNames,
  weights,
  intercepts,
  report,
}: ModelParts): Uint8Array<ArrayBuffer> {
  const kept = Object.fromEntries(
    ['status', 'intercept', ...REPORT_NUMBERS].map((name) => [name, Reflect.get(report, name)]),
  )
  const metadata = new Map([
    ['format', FORMAT],
    ['version', String(VERSION)],
    ['classNames', JSON.stringify(classNames)],
    ['report', JSON.stringify(kept)],
  ])
  if (featureNames) metadata.set('featureNames', JSON.stringify(featureNames))
  const classes = classNames.length
  const tensors = new Map<string, Tensor>([
    ['weights', { shape: [classes, weights.length / classes], values: weights }],
    ['intercepts', { shape: [classes], values: intercepts }],
  ])
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
  return {
    classNames: readClassNames(metadata, classes),
    featureNames: readFeatureNames(metadata, featureCount),
    weights: weights.values,
    intercepts: intercepts.values,
    report: readReport(metadata),
  }
}

function fail(expected: string, got: unknown): never {
  throw new RangeError(`${WHO}: expected ${expected}, got ${got}`)
}

function checkFormat(metadata: ReadonlyMap<string, string>): void {
  const format = metadata.get('format')
  if (format !== FORMAT) fail(`a file of format ${FORMAT}`, describe(format))
  const version = metadata.get('version')
  if (version === String(VERSION)) return
  const newer = Number(version) > VERSION ? ' (written by a newer release)' : ''
  fail(`version ${VERSION} of the format`, `${describe(version)}${newer}`)
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

function readReport(metadata: ReadonlyMap<string, string>): FitReport {
  const report = readJson(metadata, 'report')
  if (typeof report !== 'object' || report === null || Array.isArray(report))
    fail('report to be an object', describe(report))
  const fields = new Map(Object.entries(report))
  const status = STATUSES.find((known) => known === fields.get('status'))
  if (!status) fail('report.status to be a known status', describe(fields.get('status')))
  const intercept: unknown = fields.get('intercept')
  if (typeof intercept !== 'boolean') fail('report.intercept to be true or false', describe(intercept))
  const numbers = Object.fromEntries(
    REPORT_NUMBERS.map((name) => {
      const value: unknown = fields.get(name)
      // JSON has no NaN and no infinity: both were written as null.
      if (value !== null && typeof value !== 'number') fail(`report.${name} to be a number`, describe(value))
      return [name, value ?? Number.NaN]
    }),
  ) as Record<(typeof REPORT_NUMBERS)[number], number>
  return { status, intercept, ...numbers, seconds: 0, history: [] }
}
