/**
 * Arrays as a dataset: an NPY file, the arrays of an NPZ archive, or sparse rows in LIBSVM's format.
 *
 * A row of features is what lies at one place of the first dimension; more than two dimensions are an image. Bytes of an image are
 * pixels and count as 0 to 1, as in IDX files. Features have no names, only places.
 */
import { readFile } from 'node:fs/promises'
import { DataError, fileError, UsageError } from '../errors.ts'
import { count, list, nearest, plural, quote } from '../text.ts'
import type { Dataset } from './dataset.ts'
import { checkReadable } from './file.ts'
import type { ClassName } from './labels.ts'
import { readLibsvm } from './libsvm.ts'
import { type NpyArray, readNpy } from './npy.ts'
import type { Expectation } from './source.ts'
import { type ZipEntry, zipEntries } from './unzip.ts'

export type ArrayFormat = 'npy' | 'npz' | 'libsvm'

export interface ArrayRequest {
  path: string
  /** What messages call it, where that is not the path. */
  name?: string
  format: ArrayFormat
  /** A file of labels beside an NPY file of features. */
  labels?: string
  /** The names of the arrays in an archive. */
  featuresArray?: string
  labelsArray?: string
  /** Whether labels are wanted. */
  labelled: boolean
}

/** An array, and what messages call it. */
interface NamedArray extends NpyArray {
  name: string
}

const FEATURE_NAMES = ['X', 'x', 'features', 'X_train', 'x_train', 'data', 'images', 'train_images']
const LABEL_NAMES = ['y', 'Y', 'labels', 'y_train', 'Y_train', 'target', 'label', 'train_labels']

/** Reads arrays; with a model's `expected`, as many features as it has and only its classes. */
export async function readArrays(request: ArrayRequest, expected?: Expectation): Promise<Dataset> {
  const name = request.name ?? request.path
  if (expected?.featureNames) {
    const columns = list(expected.featureNames)
    throw new DataError(`${name}: holds an array, but the model was made from a table with columns ${columns}`)
  }
  await checkReadable(request.path, name)
  if (request.format === 'libsvm') return await readSparse(request, name, expected)
  const { features, labels } = await readDense(request, name)
  const dataset = datasetOf(features, expected)
  dataset.source = request.labels === undefined ? [name] : [name, request.labels]
  if (labels) dataset.labels = labelsOf(labels, features.name, dataset.rows, expected?.classes)
  return dataset
}

async function readSparse({ path, labelled }: ArrayRequest, name: string, expected?: Expectation): Promise<Dataset> {
  const { rows, features, labels } = await readLibsvm(path, name, expected?.featureCount)
  const dataset: Dataset = { source: [name], rows, featureCount: features.columns, features, ignored: [] }
  if (labelled) {
    const numbers = labels.every((label) => Number.isSafeInteger(Number(label)) && label.trim() !== '')
    const fraction = labels.findIndex(
      (label) => label.trim() !== '' && Number.isFinite(Number(label)) && !Number.isInteger(Number(label)),
    )
    if (fraction >= 0 && labels.every((label) => Number.isFinite(Number(label)))) {
      throw new DataError(
        `${name}: label ${labels[fraction]} of row ${fraction + 1}, expected classes: text or integers`,
      )
    }
    dataset.labels = numbers ? labels.map(Number) : labels
    if (expected) checkKnown(name, dataset.labels, expected.classes)
  }
  return dataset
}

async function readDense(request: ArrayRequest, name: string) {
  const bytes = await sharedFile(request.path)
  if (request.format === 'npy') {
    const features = { name, ...readNpy(name, bytes) }
    if (!request.labelled) return { features }
    if (request.labels === undefined) {
      throw new UsageError(`expected --labels FILE, an NPY file of one label for each row of ${name}`)
    }
    await checkReadable(request.labels)
    return { features, labels: { name: request.labels, ...readNpy(request.labels, await sharedFile(request.labels)) } }
  }
  const entries = zipEntries(name, bytes).filter((entry) => entry.name.endsWith('.npy'))
  if (entries.length === 0) throw new DataError(`${name}: holds no arrays`)
  const features = readEntry(name, pick(name, entries, request.featuresArray, FEATURE_NAMES, '--features-array'))
  if (!request.labelled) return { features }
  const labels = readEntry(name, pick(name, entries, request.labelsArray, LABEL_NAMES, '--labels-array'))
  return { features, labels }
}

function readEntry(path: string, entry: ZipEntry): NamedArray {
  const name = `${path}: array ${quote(arrayName(entry))}`
  return { name, ...readNpy(name, entry.read()) }
}

const arrayName = ({ name }: ZipEntry): string => name.slice(0, -'.npy'.length)

/** The array that was asked for, or else the only one with a usual name. */
function pick(path: string, entries: readonly ZipEntry[], asked: string | undefined, usual: string[], option: string) {
  const names = entries.map(arrayName)
  const wanted = asked ?? usual.find((name) => names.includes(name))
  const found = wanted === undefined ? undefined : entries[names.indexOf(wanted)]
  if (found) return found
  if (asked === undefined) {
    throw new DataError(
      `${path}: no array has a usual name (${usual.join(', ')}); ${option} says which of ${list(names)}`,
    )
  }
  const close = nearest(asked, names)
  const hint = close.length > 0 ? `did you mean ${list(close)}?` : `it has ${list(names)}`
  throw new DataError(`${path}: no array ${quote(asked)} (${option}); ${hint}`)
}

function datasetOf({ name, shape, values }: NamedArray, expected?: Expectation): Dataset {
  if (shape.length < 2) {
    throw new DataError(`${name}: has ${plural(shape.length, 'dimension')}, expected 2 or more (rows × features)`)
  }
  if (Array.isArray(values)) throw new DataError(`${name}: holds text, expected numbers`)
  const [rows, ...rowShape] = shape
  const featureCount = rowShape.reduce((product, length) => product * length, 1)
  if (rows === 0 || featureCount === 0) throw new DataError(`${name}: holds no rows (shape ${shape.join(' × ')})`)
  if (expected && expected.featureCount !== featureCount) {
    throw new DataError(
      `${name}: rows have ${plural(featureCount, 'feature')}, the model expects ${count(expected.featureCount)}`,
    )
  }
  // x − x is 0 for finite numbers, NaN for infinities and NaN.
  const bad = values instanceof Uint8Array ? -1 : values.findIndex((value) => value - value !== 0)
  if (bad >= 0) {
    const at = `row ${Math.floor(bad / featureCount) + 1}, column ${(bad % featureCount) + 1}`
    throw new DataError(`${name}: ${at} (counted from 1) holds ${values[bad]}, expected finite numbers`)
  }
  const dataset: Dataset = { source: [name], rows, featureCount, features: values, ignored: [] }
  if (rowShape.length > 1) {
    dataset.imageShape = rowShape
    if (values instanceof Uint8Array) dataset.featureScale = 1 / 255
  }
  return dataset
}

function labelsOf(
  { name, shape, values, integers }: NamedArray,
  features: string,
  rows: number,
  classes?: readonly ClassName[],
): string[] | number[] {
  if (shape.slice(1).some((length) => length !== 1) || shape.length === 0) {
    const hint = shape.length === 2 ? ' (the class itself, not a column for each class)' : ''
    throw new DataError(
      `${name}: has the shape ${shape.join(' × ') || 'of one number'}, expected one label per row${hint}`,
    )
  }
  if (shape[0] !== rows) {
    throw new DataError(
      `${name}: holds ${plural(shape[0], 'label')}, expected ${count(rows)}, one for each row of ${features}`,
    )
  }
  const fraction = integers || Array.isArray(values) ? -1 : values.findIndex((value) => !Number.isSafeInteger(value))
  if (fraction >= 0) {
    throw new DataError(`${name}: label ${values[fraction]} of row ${fraction + 1}, expected classes: text or integers`)
  }
  const labels = Array.isArray(values) ? values : Array.from(values)
  if (classes) checkKnown(name, labels, classes)
  return labels
}

function checkKnown(name: string, labels: readonly ClassName[], classes: readonly ClassName[]): void {
  const known = new Set(classes)
  const wrong = labels.findIndex((label) => !known.has(label))
  if (wrong < 0) return
  const label = quote(String(labels[wrong]))
  throw new DataError(
    `${name}: label ${label} of row ${wrong + 1} is no class of the model, which knows ${list(classes.map(String))}`,
  )
}

/** The whole file in shared memory, which threads of the trainer read in place. */
async function sharedFile(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path)
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    return shared
  } catch (error) {
    throw fileError(path, error)
  }
}
