/**
 * A table as a dataset: which columns are features, their values in one row-major array, the label beside them.
 *
 * Without a list of names, the features are all numeric columns but the label. A text column counts as numeric when
 * most of its filled cells are numbers; then every cell must be one, and the first that is not is named with its line
 * and value. Text columns are left out and reported. A missing value is an error, never a zero.
 *
 * The array is a Float32Array when every feature is stored in a type that float32 holds exactly (FLOAT and integers up
 * to 16 bits), otherwise a Float64Array. An integer that float64 cannot hold is refused: two identifiers must not become
 * one. Decimal fractions become the nearest float64.
 */
import { DataError, UsageError } from '../errors.ts'
import { list, nearest, plural, quote } from '../text.ts'
import type { Dataset, IgnoredColumn } from './dataset.ts'
import type { Chunk } from './duckdb.ts'
import { readLabels } from './labels.ts'
import type { Expectation } from './source.ts'
import { type Column, openTable, type TableSource } from './table-source.ts'

export interface TableRequest {
  path: string
  /** The column to predict; without it no labels are read. */
  label?: string
  /** Names of the feature columns, in this order; all numeric columns when absent. */
  features?: readonly string[]
}

/** Reads a table; with a model's `expected`, the columns of that model and only its classes. */
export async function readTable(request: TableRequest, expected?: Expectation): Promise<Dataset> {
  const { path } = request
  const wanted = expected ? namesOfModel(path, expected) : request.features
  const source = await openTable(path)
  try {
    const label = request.label === undefined ? undefined : findColumn(source, request.label, '--label')
    const counts = await countCells(source, wanted === undefined)
    if (counts.rows === 0) throw new DataError(`${path}: has column names but no rows`)
    const { chosen, ignored } = wanted
      ? { chosen: named(source, wanted, label, expected ? 'a feature of the model' : '--features'), ignored: [] }
      : numeric(source, label, counts)
    const { features, cells } = await readCells(source, chosen, label, counts.rows)
    const featureNames = chosen.map(({ name }) => name)
    const dataset: Dataset = {
      source: [path],
      rows: counts.rows,
      featureCount: chosen.length,
      features,
      featureNames,
      ignored,
    }
    if (label) dataset.labels = await readLabels(source, label.name, cells, expected?.classes)
    return dataset
  } catch (error) {
    throw await source.explain(error)
  } finally {
    source.database.close()
  }
}

function namesOfModel(path: string, { featureNames, featureCount }: Expectation): readonly string[] {
  if (featureNames) return featureNames
  throw new DataError(
    `${path}: is a table, but the model knows no column names: it was made from ${plural(featureCount, 'unnamed feature')}, such as the pixels of images`,
  )
}

function findColumn({ path, columns }: TableSource, name: string, wantedBy: string): Column {
  const found = columns.find((column) => column.name === name)
  if (found) return found
  const names = columns.map((column) => column.name)
  const close = nearest(name, names)
  const hint = close.length > 0 ? `did you mean ${list(close)}?` : `it has ${list(names)}`
  throw new DataError(`${path}: no column ${quote(name)} (${wantedBy}); ${hint}`)
}

function named(source: TableSource, names: readonly string[], label: Column | undefined, wantedBy: string): Column[] {
  if (label && names.includes(label.name)) {
    throw new UsageError(`${quote(label.name)} is the label and cannot be a feature too`)
  }
  const missing = names.filter((name) => !source.columns.some((column) => column.name === name))
  if (missing.length > 1) {
    throw new DataError(
      `${source.path}: no columns ${list(missing)} (${wantedBy}); it has ${list(source.columns.map((c) => c.name))}`,
    )
  }
  const chosen = names.map((name) => findColumn(source, name, wantedBy))
  const wrong = chosen.find(({ kind }) => kind === 'other')
  if (wrong)
    throw new DataError(`${source.path}: column ${quote(wrong.name)} is of type ${wrong.type}, expected numbers`)
  return chosen
}

interface CellCounts {
  rows: number
  /** For each column: how many cells are filled, and how many of them are numbers. */
  filled: number[]
  numbers: number[]
}

async function countCells({ database, from, columns, path }: TableSource, everyColumn: boolean): Promise<CellCounts> {
  const counts = ['count(*)']
  for (const { kind, cell } of everyColumn ? columns : []) {
    if (kind === 'text') counts.push(`count(${cell})`, `count(${asNumber(cell)})`)
  }
  const sql = `SELECT ${counts.map((sum) => `CAST(${sum} AS DOUBLE)`).join(', ')} FROM ${from}`
  const values: number[] = []
  for await (const chunk of database.query(sql, path)) {
    for (let i = 0; i < counts.length; i++) values.push(chunk.doubles(i)[0])
  }
  const result: CellCounts = { rows: values[0], filled: [], numbers: [] }
  let next = 1
  for (const { kind } of columns) {
    const counted = everyColumn && kind === 'text'
    result.filled.push(counted ? values[next++] : 0)
    result.numbers.push(counted ? values[next++] : 0)
  }
  return result
}

/** SQL for a cell as a DOUBLE, NULL where it is no number. */
function asNumber(cell: string): string {
  return `TRY_CAST(${cell} AS DOUBLE)`
}

function numeric({ columns, path }: TableSource, label: Column | undefined, { filled, numbers }: CellCounts) {
  const chosen: Column[] = []
  const ignored: IgnoredColumn[] = []
  columns.forEach((column, i) => {
    const { name, kind, type } = column
    if (column === label) return
    // R and pandas write the row number into a first column without a name.
    if (name === '') ignored.push({ name: `column ${i + 1}`, reason: 'no name', type })
    else if (kind === 'number' || (kind === 'text' && 2 * numbers[i] > filled[i])) chosen.push(column)
    else ignored.push({ name, reason: kind === 'other' ? 'type' : 'text', type })
  })
  if (chosen.length === 0)
    throw new DataError(`${path}: no numeric column besides the label, expected at least one feature`)
  return { chosen, ignored }
}

const exactInFloat32 = /^(FLOAT|U?TINYINT|U?SMALLINT)$/

async function readCells(source: TableSource, chosen: Column[], label: Column | undefined, rows: number) {
  const single = chosen.every(({ type }) => exactInFloat32.test(type))
  const selected = chosen.map(({ cell }) => (single ? `CAST(${cell} AS FLOAT)` : asNumber(cell)))
  if (label) selected.push(`CAST(${label.cell} AS VARCHAR)`)
  const width = chosen.length
  const features = single ? new Float32Array(rows * width) : new Float64Array(rows * width)
  const cells: string[] = []
  let done = 0
  for await (const chunk of source.database.query(`SELECT ${selected.join(', ')} FROM ${source.from}`, source.path)) {
    if (done + chunk.rows > rows) throw new DataError(`${source.path}: the file grew while it was read`)
    const bad = copyFeatures(chunk, single, width, features.subarray(done * width))
    const texts = label ? chunk.strings(width) : []
    const unlabelled = texts.indexOf(null)
    if (label && unlabelled >= 0 && unlabelled < bad.row) await refuseCell(source, label, done + unlabelled, 'a label')
    if (bad.row < chunk.rows) await refuseCell(source, chosen[bad.column], done + bad.row, 'a number')
    for (const text of texts) cells.push(text ?? '')
    done += chunk.rows
  }
  if (done !== rows) throw new DataError(`${source.path}: the file changed while it was read`)
  if (!single) await refuseRounded(source, chosen, features)
  return { features, cells }
}

/** Columns into rows of `out`. Returns the first cell that is NULL or not finite; its row is Infinity without one. */
function copyFeatures(chunk: Chunk, single: boolean, width: number, out: Float32Array | Float64Array) {
  let row = Infinity
  let column = 0
  for (let j = 0; j < width; j++) {
    const values = single ? chunk.floats(j) : chunk.doubles(j)
    let bad = chunk.firstNull(j)
    if (bad < 0) bad = Infinity
    for (let i = 0; i < values.length; i++) {
      out[i * width + j] = values[i]
      // x − x is 0 for finite numbers, NaN for infinities and NaN.
      if (values[i] - values[i] !== 0 && i < bad) bad = i
    }
    if (bad < row) {
      row = bad
      column = j
    }
  }
  return { row, column }
}

/**
 * Throws for the first integer that its float64 does not equal. Only values of at least 2^53 can be such, so the text of
 * the cells is read a second time only where there are any.
 */
async function refuseRounded(source: TableSource, chosen: Column[], features: Float32Array | Float64Array) {
  const large = new Set<number>()
  features.forEach((value, i) => {
    if (Math.abs(value) >= 2 ** 53) large.add(i % chosen.length)
  })
  const suspects = chosen.filter(({ type }, j) => large.has(j) && type !== 'DOUBLE' && type !== 'FLOAT')
  if (suspects.length === 0) return
  const selected = suspects.map(({ cell }) => `CAST(${cell} AS VARCHAR)`).join(', ')
  let done = 0
  for await (const chunk of source.database.query(`SELECT ${selected} FROM ${source.from}`, source.path)) {
    for (const [j, { name }] of suspects.entries()) {
      const texts = chunk.strings(j)
      const row = texts.findIndex((text) => text !== null && isRounded(text))
      if (row < 0) continue
      const at = `${source.path}, ${await source.place(done + row)}: column ${quote(name)}`
      throw new DataError(`${at}: expected an integer that float64 holds exactly, got ${quote(texts[row] ?? '')}`)
    }
    done += chunk.rows
  }
}

function isRounded(text: string): boolean {
  const digits = /^\s*\+?(-?\d+)(\.0*)?\s*$/.exec(text)?.[1]
  return digits !== undefined && BigInt(digits) !== BigInt(Number(digits))
}

/** Throws the error for one cell that is not what was expected: its place, its column, its text. */
async function refuseCell(source: TableSource, column: Column, row: number, expected: string): Promise<never> {
  const sql = `SELECT CAST(${column.cell} AS VARCHAR) FROM ${source.from} LIMIT 1 OFFSET ${row}`
  let text: string | null = null
  for await (const chunk of source.database.query(sql, source.path)) text = chunk.strings(0)[0]
  const at = `${source.path}, ${await source.place(row)}: column ${quote(column.name)}`
  if (text === null) throw new DataError(`${at} is empty, expected ${expected} (missing values are not filled in)`)
  const isNumber = text.trim() !== '' && !Number.isNaN(Number(text))
  const kind = isNumber || /^[+-]?(nan|inf(inity)?)$/i.test(text.trim()) ? 'a finite number' : expected
  const hint = /^-?\d+,\d+$/.test(text) ? ' (write the decimal point as ".")' : ''
  throw new DataError(`${at}: expected ${kind}, got ${quote(text)}${hint}`)
}

/** What `fit` says about the columns it left out; empty when there are none. */
export function describeIgnored(ignored: readonly IgnoredColumn[]): string {
  if (ignored.length === 0) return ''
  const shown = ignored
    .slice(0, 8)
    .map(({ name, reason, type }) => `${quote(name, 30)} (${reason === 'type' ? type : reason})`)
  const more = ignored.length > shown.length ? ` and ${ignored.length - shown.length} more` : ''
  return `left out ${plural(ignored.length, 'column')}: ${shown.join(', ')}${more}`
}
