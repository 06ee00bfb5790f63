/**
 * Which recipe a table asks for, and what is left out or worth a word: decided from its statistics alone, the same for the same data.
 *
 *   numbers                as they are; also text of which more than half is numbers (a cell that is none is an error later)
 *   true and false         1 and 0
 *   lists of numbers       one feature for each place, all of one length
 *   dates and times        refused: what of them matters (the year, the weekday, the age) must be said
 *   other text             a category, if it has few levels that repeat; else left out, unless it is named as free text
 */
import { DataError } from '../errors.ts'
import type { IgnoredColumn } from '../input/dataset.ts'
import type { TableSource } from '../input/table-source.ts'
import { list, plural, quote } from '../text.ts'
import type { ColumnRecipe, Recipe } from './recipe.ts'
import { type ColumnStatistics, levelsOf, type TableStatistics } from './statistics.ts'

export interface PlanOptions {
  readonly missing: Recipe['missing']
  readonly unseen: Recipe['unseen']
  /** Categories with more levels are left out. */
  readonly maxLevels: number
  /** Names of columns of free text. */
  readonly text: readonly string[]
  /** log2 of the places that hashed text has. */
  readonly textBits: number
  /** Columns that were asked for by name: none of them may be left out. */
  readonly asked: ReadonlySet<string>
}

export interface Plan {
  readonly recipe: Recipe
  readonly ignored: readonly IgnoredColumn[]
}

export async function planRecipe(
  source: TableSource,
  { rows, columns }: TableStatistics,
  options: PlanOptions,
): Promise<Plan> {
  const { missing, unseen } = options
  const chosen: ColumnRecipe[] = []
  const ignored: IgnoredColumn[] = []
  for (const one of columns) {
    const made = await planColumn(source, rows, one, options)
    if ('kind' in made) chosen.push(made)
    else if (options.asked.has(one.column.name)) throw new DataError(refusal(source, one, made))
    else ignored.push(made)
  }
  if (chosen.length === 0) {
    const why = ignored.length > 0 ? `; left out: ${list(ignored.map(({ name }) => name))}` : ''
    throw new DataError(`${source.path}: no column besides the label gives a feature${why}`)
  }
  return { recipe: { version: 1, missing, unseen, columns: chosen }, ignored }
}

async function planColumn(
  source: TableSource,
  rows: number,
  statistics: ColumnStatistics,
  options: PlanOptions,
): Promise<ColumnRecipe | IgnoredColumn> {
  const { column, filled, numbers, booleans, dates, lists, distinct } = statistics
  const { name, type } = column
  // R and pandas write the row number into a first column without a name.
  if (name === '') return { name: `column ${source.columns.indexOf(column) + 1}`, reason: 'no name', type }
  if (options.text.includes(name)) return { kind: 'text', name, bits: options.textBits }
  if (filled === 0) return { name, reason: 'empty', type }
  if (2 * numbers > filled) return { kind: 'number', name, ...fillOf(rows, statistics, options) }
  if (booleans === filled) return { kind: 'boolean', name, ...fillOf(rows, { ...statistics, mean: 0.5 }, options) }
  if (2 * lists > filled) return planList(source, rows, statistics)
  if (2 * dates > filled) throw new DataError(dateRefusal(source, name, type))
  if (column.kind === 'other') return { name, reason: 'type', type }
  if (distinct > options.maxLevels + 1) return { name, reason: 'levels', type }
  return await planCategory(source, rows, statistics, options)
}

function fillOf(rows: number, { filled, mean }: ColumnStatistics, { missing }: PlanOptions) {
  const fill = missing === 'mean' ? mean : missing === 'zero' ? 0 : null
  return { fill, indicator: missing !== 'error' && filled < rows }
}

function planList(source: TableSource, rows: number, statistics: ColumnStatistics): ColumnRecipe {
  const { column, filled, longest, shortest } = statistics
  const at = `${source.path}: column ${quote(column.name)}`
  if (filled < rows)
    throw new DataError(`${at} holds lists and has ${plural(rows - filled, 'empty cell')}, expected none`)
  if (longest !== shortest) {
    throw new DataError(`${at} holds lists of ${shortest} to ${longest} numbers, expected lists of one length`)
  }
  return { kind: 'embedding', name: column.name, length: longest }
}

async function planCategory(
  source: TableSource,
  rows: number,
  { column, filled }: ColumnStatistics,
  { maxLevels, missing }: PlanOptions,
): Promise<ColumnRecipe | IgnoredColumn> {
  const { name, type } = column
  const found = await levelsOf(source, column, maxLevels + 2)
  const levels = missing === 'error' ? found.filter(({ text }) => text !== null) : found
  if (levels.length > maxLevels) return { name, reason: 'levels', type }
  if (levels.length < 2) return { name, reason: 'constant', type }
  // Names and identifiers repeat too rarely to tell anything.
  if (2 * levels.length > (missing === 'error' ? filled : rows)) return { name, reason: 'levels', type }
  const [base, ...others] = levels.map(({ text }) => text)
  return { kind: 'category', name, base, levels: others }
}

function dateRefusal(source: TableSource, name: string, type: string): string {
  const what = type === 'VARCHAR' || type === 'JSON' ? 'dates' : `dates (${type})`
  const hint = `say what of them matters, such as --sql "SELECT *, year(…) …", or leave the column out with --exclude`
  return `${source.path}: column ${quote(name)} holds ${what}, expected numbers, categories or text; ${hint}`
}

function refusal(source: TableSource, { column, distinct }: ColumnStatistics, { reason }: IgnoredColumn): string {
  const at = `${source.path}: column ${quote(column.name)}`
  switch (reason) {
    case 'empty':
      return `${at} is empty, expected values`
    case 'constant':
      return `${at} holds a single level, expected two or more`
    case 'levels':
      return `${at} has ${plural(distinct, 'level')}, too many or too rare for a category; is it free text (--text)? --max-levels raises the limit`
    default:
      return `${at} is of type ${column.type}, expected numbers, true and false, lists of numbers, or text`
  }
}
