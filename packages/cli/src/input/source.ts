/**
 * Which data the words of the command line mean: one table, or a pair of IDX files. Every command asks here, so that
 * the rules and their messages are the same.
 */
import { UsageError } from '../errors.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { quote } from '../text.ts'
import { splitList } from './csv.ts'
import type { Dataset } from './dataset.ts'
import type { ClassName } from './labels.ts'
import type { TableRequest } from './table.ts'

/** As commander delivers them. */
export interface SourceOptions {
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
}

export type Source = ({ kind: 'table' } & TableRequest) | { kind: 'idx'; images: string; labels?: string }

/** What a model already fixes about data that is read for it. */
export interface Expectation {
  recipe?: Recipe
  featureNames?: readonly string[]
  featureCount: number
  classes: readonly ClassName[]
}

/** Throws a UsageError unless exactly one source is given, with labels when `labelled`. */
export function chooseSource(path: string | undefined, options: SourceOptions, labelled: boolean): Source {
  const { label, features, images, labels } = options
  if (path !== undefined && images !== undefined) throw new UsageError('expected a data file or --images, got both')
  if (path !== undefined) {
    if (labels !== undefined)
      throw new UsageError('--labels FILE goes with --images; --label COLUMN names a column of the data file')
    if (labelled && label === undefined)
      throw new UsageError('expected --label COLUMN, the column that holds the classes')
    const { exclude, text, textBits, missing, unseen, maxLevels, weights } = options
    return {
      kind: 'table',
      path,
      ...(label === undefined ? {} : { label }),
      ...(features === undefined ? {} : { features: columnList('--features', features) }),
      ...(exclude === undefined ? {} : { exclude: columnList('--exclude', exclude) }),
      ...(weights === undefined ? {} : { weights }),
      ...(text === undefined ? {} : { text: columnList('--text', text) }),
      ...(textBits === undefined ? {} : { textBits }),
      ...(missing === undefined ? {} : { missing }),
      ...(unseen === undefined ? {} : { unseen }),
      ...(maxLevels === undefined ? {} : { maxLevels }),
    }
  }
  if (images === undefined) {
    throw new UsageError(`expected a data file, or --images FILE${labelled ? ' and --labels FILE' : ''}`)
  }
  if (label !== undefined) throw new UsageError('--label COLUMN goes with a data file; images take --labels FILE')
  if (features !== undefined || options.exclude !== undefined || options.text !== undefined) {
    const option = features !== undefined ? '--features' : options.exclude !== undefined ? '--exclude' : '--text'
    throw new UsageError(`${option} goes with a data file; every pixel of an image is a feature`)
  }
  if (options.weights !== undefined) throw new UsageError('--weights COLUMN goes with a data file, not with images')
  if (labelled && labels === undefined) throw new UsageError('expected --labels FILE beside --images FILE')
  return labels === undefined ? { kind: 'idx', images } : { kind: 'idx', images, labels }
}

/** The files of a source. */
export function filesOf(source: Source): string[] {
  if (source.kind === 'table') return [source.path]
  return source.labels === undefined ? [source.images] : [source.images, source.labels]
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
  const { readTable } = await import('./table.ts')
  return await readTable(source, expected)
}
