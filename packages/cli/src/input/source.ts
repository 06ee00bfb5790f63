/**
 * Which data the words of the command line mean: a table in one or several files, arrays, or a pair of IDX files. Every command asks
 * here, so that the rules and their messages are the same.
 */
import { DataError, UsageError } from '../errors.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { quote } from '../text.ts'
import type { ArrayFormat } from './arrays.ts'
import { splitList } from './csv.ts'
import type { Dataset } from './dataset.ts'
import { formatByName, formatNamed, isArrayFormat } from './formats.ts'
import type { ClassName } from './labels.ts'
import { STANDARD_INPUT } from './paths.ts'
import type { TableRequest } from './table.ts'

/** As commander delivers them. */
export interface SourceOptions {
  inputFormat?: string
  sql?: string
  label?: string
  features?: string
  exclude?: string
  text?: string
  textBits?: number
  missing?: Recipe['missing']
  unseen?: Recipe['unseen']
  maxLevels?: number
  images?: string
  labels?: string
  /** The column that says how much a row counts. */
  weights?: string
  featuresArray?: string
  labelsArray?: string
}

/** Files as they were named: patterns are not yet resolved. */
export type Source = ({ kind: 'table' } & TableRequest) | ArraySource | { kind: 'idx'; images: string; labels?: string }

interface ArraySource {
  kind: 'arrays'
  path: string
  format: ArrayFormat
  labels?: string
  featuresArray?: string
  labelsArray?: string
  labelled: boolean
}

/** What a model already fixes about data that is read for it. */
export interface Expectation {
  recipe?: Recipe
  featureNames?: readonly string[]
  featureCount: number
  classes: readonly ClassName[]
}

/** Throws a UsageError unless exactly one source is given, with labels when `labelled`. */
export function chooseSource(
  data: string | readonly string[] | undefined,
  options: SourceOptions,
  labelled: boolean,
): Source {
  const paths = data === undefined ? [] : typeof data === 'string' ? [data] : data
  const { images } = options
  if (paths.length > 0 && images !== undefined) throw new UsageError('expected a data file or --images, got both')
  if (paths.length === 0) return chooseImages(options, labelled)
  const formats = paths.map((path) => formatOf(path, options.inputFormat))
  const array = formats.find((format) => format !== undefined)
  if (array === undefined) return chooseTable(paths, options, labelled)
  if (paths.length > 1) throw new UsageError(`expected one file where it holds arrays, got ${paths.length}`)
  return chooseArrays(paths[0], array, options, labelled)
}

function formatOf(path: string, given: string | undefined): ArrayFormat | undefined {
  const format = given === undefined ? formatByName(path)?.format : formatNamed(given).format
  return format !== undefined && isArrayFormat(format) ? format : undefined
}

function chooseTable(paths: readonly string[], options: SourceOptions, labelled: boolean): Source {
  const { inputFormat, sql, label, features, exclude, text, textBits, missing, unseen, maxLevels, weights } = options
  if (options.labels !== undefined)
    throw new UsageError('--labels FILE goes with --images; --label COLUMN names a column of the data file')
  for (const option of ['featuresArray', 'labelsArray'] as const) {
    if (options[option] !== undefined) throw new UsageError(`${flag(option)} goes with an NPZ file`)
  }
  if (labelled && label === undefined)
    throw new UsageError('expected --label COLUMN, the column that holds the classes')
  const [path, ...more] = paths
  const lists = {
    features: features === undefined ? undefined : columnList('--features', features),
    exclude: exclude === undefined ? undefined : columnList('--exclude', exclude),
    text: text === undefined ? undefined : columnList('--text', text),
  }
  const plain = { format: inputFormat, sql, label, weights, textBits, missing, unseen, maxLevels }
  return { kind: 'table', path, ...(more.length === 0 ? {} : { more }), ...defined({ ...plain, ...lists }) }
}

function chooseArrays(path: string, format: ArrayFormat, options: SourceOptions, labelled: boolean): Source {
  const { label, labels, featuresArray, labelsArray } = options
  const where = { npy: '--labels FILE', npz: '--labels-array NAME', libsvm: 'the first field of each line' }[format]
  if (label !== undefined) throw new UsageError(`--label COLUMN goes with a table; here the labels are ${where}`)
  refuseColumns(options, 'a table; arrays have no columns')
  if (options.weights !== undefined) throw new UsageError('--weights COLUMN goes with a table; arrays have no columns')
  if (labels !== undefined && format !== 'npy')
    throw new UsageError(`--labels FILE goes with NPY; here the labels are ${where}`)
  if (labelled && labels === undefined && format === 'npy') {
    throw new UsageError('expected --labels FILE, an NPY file of one label for each row')
  }
  for (const option of ['featuresArray', 'labelsArray'] as const) {
    if (options[option] !== undefined && format !== 'npz') throw new UsageError(`${flag(option)} goes with an NPZ file`)
  }
  return {
    kind: 'arrays',
    path,
    format,
    labelled: labelled || labels !== undefined || labelsArray !== undefined,
    ...defined({ labels, featuresArray, labelsArray }),
  }
}

function chooseImages(options: SourceOptions, labelled: boolean): Source {
  const { images, labels, label } = options
  if (images === undefined) {
    throw new UsageError(`expected a data file, or --images FILE${labelled ? ' and --labels FILE' : ''}`)
  }
  if (label !== undefined) throw new UsageError('--label COLUMN goes with a data file; images take --labels FILE')
  refuseColumns(options, 'a data file; every pixel of an image is a feature')
  if (options.weights !== undefined) throw new UsageError('--weights COLUMN goes with a data file, not with images')
  if (labelled && labels === undefined) throw new UsageError('expected --labels FILE beside --images FILE')
  if (formatByName(images)?.format === 'npy') {
    return {
      kind: 'arrays',
      path: images,
      format: 'npy',
      labelled: labels !== undefined,
      ...(labels === undefined ? {} : { labels }),
    }
  }
  return labels === undefined ? { kind: 'idx', images } : { kind: 'idx', images, labels }
}

function refuseColumns(options: SourceOptions, where: string): void {
  for (const option of ['features', 'exclude', 'text', 'sql'] as const) {
    if (options[option] !== undefined) throw new UsageError(`${flag(option)} goes with ${where}`)
  }
}

/** Without what is undefined. */
function defined<T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>
  }
}

/** `featuresArray` as it is written on the command line. */
const flag = (option: string): string => `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** The test data of `fit` must be of the same kind as the training data. */
export function chooseTest(
  train: Source,
  { test, testImages, testLabels }: { test?: string; testImages?: string; testLabels?: string },
): Source | undefined {
  if (train.kind !== 'idx') {
    if (testImages !== undefined) {
      throw new UsageError('--test-images and --test-labels go with --images; a data file takes --test DATA')
    }
    if (test === undefined && testLabels === undefined) return undefined
    if (train.kind === 'arrays') {
      const { featuresArray, labelsArray, format } = train
      return chooseSource(test, defined({ labels: testLabels, featuresArray, labelsArray, inputFormat: format }), true)
    }
    if (test === undefined || testLabels !== undefined) {
      throw new UsageError('--test-images and --test-labels go with --images; a data file takes --test DATA')
    }
    return { kind: 'table', path: test, ...defined({ label: train.label, weights: train.weights }) }
  }
  if (test !== undefined) {
    throw new UsageError('--test DATA goes with a data file; images take --test-images and --test-labels')
  }
  if (testImages === undefined && testLabels === undefined) return undefined
  if (testImages === undefined || testLabels === undefined) {
    throw new UsageError('expected both --test-images FILE and --test-labels FILE, got only one of them')
  }
  return { kind: 'idx', images: testImages, labels: testLabels }
}

/** The files of a source, as they were named. */
export function filesOf(source: Source): string[] {
  const named = source.kind === 'idx' ? [source.images] : [source.path]
  const others = source.kind === 'table' ? (source.more ?? []) : source.labels === undefined ? [] : [source.labels]
  return [...named, ...others].filter((path) => path !== STANDARD_INPUT)
}

/** What messages say of the place where the labels stand. */
export function labelsPlace(source: Source): string {
  if (source.kind === 'table') return `${source.path}: column ${quote(source.label ?? '')}`
  return `${source.labels ?? (source.kind === 'idx' ? source.images : source.path)}:`
}

function columnList(option: string, text: string): string[] {
  const names = splitList(text)
  const empty = names.indexOf('')
  if (empty >= 0) throw new UsageError(`${option}: name ${empty + 1} is empty in ${quote(text)}`)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new UsageError(`${option}: ${quote(twice)} is named twice`)
  return names
}

/** Reads a source; with a model's `expected`, only what fits that model. The readers are loaded when they are needed. */
export async function readSource(source: Source, expected?: Expectation): Promise<Dataset> {
  if (source.kind === 'idx') {
    const { readIdx } = await import('./idx.ts')
    return await readIdx(source, expected)
  }
  const [{ findFiles }, { inspectFile }] = await Promise.all([import('./paths.ts'), import('./file.ts')])
  const files = await findFiles(source.kind === 'table' ? [source.path, ...(source.more ?? [])] : [source.path])
  const [{ path, name }] = files
  if (source.kind === 'arrays') {
    const { readArrays } = await import('./arrays.ts')
    return await readArrays({ ...source, path, name }, expected)
  }
  const { format } = await inspectFile(path, source.format, name)
  if (isArrayFormat(format)) throw new DataError(`${name}: holds arrays; --input-format ${format} reads it`)
  const { readTable } = await import('./table.ts')
  return await readTable({ ...source, path, name, more: files.slice(1).map((file) => file.path) }, expected)
}
