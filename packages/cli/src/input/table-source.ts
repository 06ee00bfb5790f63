/**
 * A table in a file, before any column is chosen: its column names, what kind of cells each has, and the SQL that
 * reads it.
 *
 * Inside the SQL the columns are called c0, c1, …, whatever the file calls them, so that a name with quotes, spaces or
 * SQL in it is never part of a statement. The cells of CSV and JSON are read as text and made numbers by us: types
 * guessed from a sample would turn a column with one bad cell into text without a word.
 */
import { DataError } from '../errors.ts'
import { list, nearest, quote } from '../text.ts'
import { lineOfRecord, readCsvHead } from './csv.ts'
import { type Database, openDatabase } from './duckdb.ts'
import { gzipError, type InputFile, inspectFile } from './file.ts'

/** number: stored as numbers · text: may be read as numbers · other: dates, booleans, lists, … */
export type ColumnKind = 'number' | 'text' | 'other'

export interface Column {
  name: string
  kind: ColumnKind
  /** The type in the file, such as BIGINT; VARCHAR for text files. */
  type: string
  /** SQL for a cell of it: numbers as they are, everything else as VARCHAR. */
  cell: string
  /** SQL for a cell of it in the type of the file. */
  raw: string
}

export interface TableSource {
  path: string
  columns: Column[]
  /** The FROM clause, `$1` standing for the path. */
  from: string
  database: Database
  /** `line 3` or `row 2`: where data row `row` (counted from 0) stands in the file. */
  place(row: number): Promise<string>
  /** An error of DuckDB as one sentence about this file; other errors are passed through. */
  explain(error: unknown): Promise<unknown>
}

/** Opens a table; the caller closes `database`. */
export async function openTable(path: string): Promise<TableSource> {
  const file = await inspectFile(path)
  if (file.format === 'idx') {
    throw new DataError(
      `${path}: looks like an IDX file (images or labels); read it with --images FILE and --labels FILE`,
    )
  }
  const database = await openDatabase()
  try {
    const open = { csv: openCsv, parquet: openParquet, json: openJson }[file.format]
    const source = await open(file, database)
    checkNames(source)
    return source
  } catch (error) {
    database.close()
    throw error
  }
}

async function openCsv(file: InputFile, database: Database): Promise<TableSource> {
  const { path, gzip } = file
  const head = await readCsvHead(path, gzip, file.delimiter).catch((error: unknown) => {
    throw gzipError(path, error)
  })
  const { delimiter } = head
  const line = (record: number, blankLines: boolean) => lineOfRecord({ path, gzip, delimiter, record, blankLines })
  const types = head.names.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')
  const from =
    `read_csv($1, auto_detect = false, header = true, delim = ${literal(delimiter)}, quote = '"', escape = '"', ` +
    `compression = '${gzip ? 'gzip' : 'none'}', hive_partitioning = false, columns = {${types}})`
  return {
    path,
    database,
    from,
    columns: head.names.map((name, i) => ({ name, kind: 'text', type: 'VARCHAR', cell: `c${i}`, raw: `c${i}` })),
    // DuckDB takes a line without a character as a row where there is only one column, and skips it elsewhere.
    place: async (row) => `line ${await line(row + 1, head.names.length === 1)}`,
    // Its messages number the lines as if each record, blank or not, took one.
    explain: async (error) => {
      const record = /CSV Error on Line: (\d+)/.exec(String(error))?.[1]
      return explainCsv(record === undefined ? path : `${path}, line ${await line(Number(record) - 1, true)}`, error)
    },
  }
}

async function openParquet({ path }: InputFile, database: Database): Promise<TableSource> {
  const explain = async (error: unknown) => explainOther(path, 'Parquet', error)
  const call = 'read_parquet($1, hive_partitioning = false)'
  const described = await describe(database, call, path).catch(async (error: unknown) => {
    throw await explain(error)
  })
  const columns = described.map(({ name, type }, i): Column => {
    const kind = kindOf(type)
    return { name, kind, type, cell: kind === 'number' ? `c${i}` : `CAST(c${i} AS VARCHAR)`, raw: `c${i}` }
  })
  const from = `${call} AS t(${columns.map((_, i) => `c${i}`).join(', ')})`
  return { path, database, from, columns, explain, place: async (row) => `row ${row + 1}` }
}

async function openJson({ path, gzip }: InputFile, database: Database): Promise<TableSource> {
  const explain = async (error: unknown) => explainOther(path, 'JSON', error)
  // A depth of 1 leaves every value as JSON, and the whole file is searched for keys.
  const call = `read_json($1, maximum_depth = 1, sample_size = -1, compression = '${gzip ? 'gzip' : 'uncompressed'}', hive_partitioning = false)`
  const described = await describe(database, call, path).catch(async (error: unknown) => {
    throw await explain(error)
  })
  if (described.length === 1 && described[0].name === 'json') {
    throw new DataError(`${path}: expected one object per row, such as {"width": 1.5, "label": "a"}`)
  }
  const columns = described.map(
    ({ name }, i): Column => ({ name, kind: 'text', type: 'JSON', cell: `(c${i} ->> '$')`, raw: `(c${i} ->> '$')` }),
  )
  const from = `${call} AS t(${columns.map((_, i) => `c${i}`).join(', ')})`
  return { path, database, from, columns, explain, place: async (row) => `row ${row + 1}` }
}

async function describe(database: Database, call: string, path: string): Promise<{ name: string; type: string }[]> {
  const columns: { name: string; type: string }[] = []
  for await (const chunk of database.query(`SELECT column_name, column_type FROM (DESCRIBE FROM ${call})`, path)) {
    const names = chunk.strings(0)
    const types = chunk.strings(1)
    for (let i = 0; i < chunk.rows; i++) columns.push({ name: names[i] ?? '', type: types[i] ?? '' })
  }
  return columns
}

function kindOf(type: string): ColumnKind {
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(\d+,\s*\d+\))$/.test(type)) return 'number'
  return type === 'VARCHAR' ? 'text' : 'other'
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function checkNames({ path, columns }: TableSource): void {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { name } of columns) {
    if (name !== '' && seen.has(name)) twice.add(name)
    seen.add(name)
  }
  if (twice.size > 0) throw new DataError(`${path}: more than one column is called ${list([...twice])}`)
}

function explainCsv(at: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { message } = error
  const fields = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
  if (fields) return new DataError(`${at}: expected ${fields[1]} fields as in the first line, got ${fields[2]}`)
  if (message.includes('unterminated quote')) return new DataError(`${at}: a quote is not closed, or goes on after it`)
  if (message.includes('not utf-8')) return new DataError(`${at}: the text is not UTF-8`)
  if (message.includes('Maximum line size')) return new DataError(`${at}: the line is longer than 2 MB`)
  if (message.includes('invalid state')) {
    return new DataError(`${at}: not readable as CSV: quotes out of place, or line ends of more than one kind`)
  }
  return explainOther(at, 'CSV', error)
}

function explainOther(path: string, format: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DataError) return error
  // DuckDB says "Kind Error: what happened", and then options of its own on further lines.
  const first = error.message.split('\n')[0].trim()
  if (!/^[A-Z][A-Za-z ]*(Error|Exception): /.test(first)) return error
  if (/no magic bytes|too small to be a parquet/i.test(first)) {
    return new DataError(`${path}: not a Parquet file, or cut short`)
  }
  const what = first.replace(/^[A-Za-z ]*(Error|Exception): /, '').replace(/ (in )?file ['"].*?['"],?/i, '')
  return new DataError(`${path}: not readable as ${format}: ${what}`)
}

/** The column of that name; a DataError with the nearest names if there is none. */
export function findColumn({ path, columns }: TableSource, name: string, wantedBy: string): Column {
  const found = columns.find((column) => column.name === name)
  if (found) return found
  const names = columns.map((column) => column.name)
  const close = nearest(name, names)
  const hint = close.length > 0 ? `did you mean ${list(close)}?` : `it has ${list(names)}`
  throw new DataError(`${path}: no column ${quote(name)} (${wantedBy}); ${hint}`)
}

/** The columns of those names, in that order. */
export function findColumns(source: TableSource, names: readonly string[], wantedBy: string): Column[] {
  const missing = names.filter((name) => !source.columns.some((column) => column.name === name))
  if (missing.length > 1) {
    const there = list(source.columns.map(({ name }) => name))
    throw new DataError(`${source.path}: no columns ${list(missing)} (${wantedBy}); it has ${there}`)
  }
  return names.map((name) => findColumn(source, name, wantedBy))
}

/** What a cell of the label column is expected to be. */
export const A_LABEL = 'a label'
/** And of a column of weights. */
export const A_WEIGHT = 'a weight from 0 to 1e100'

/** Throws the error for one cell that is not what was expected: its place, its column, its text. */
export async function refuseCell(source: TableSource, column: Column, row: number, expected: string): Promise<never> {
  const sql = `SELECT CAST(${column.raw} AS VARCHAR) FROM ${source.from} LIMIT 1 OFFSET ${row}`
  let text: string | null = null
  for await (const chunk of source.database.query(sql, source.path)) text = chunk.strings(0)[0]
  const at = `${source.path}, ${await source.place(row)}: column ${quote(column.name)}`
  if (text === null) {
    const hint = expected === A_LABEL || expected === A_WEIGHT ? '' : ' (--missing says what to fill in)'
    throw new DataError(`${at} is empty, expected ${expected}${hint}`)
  }
  const isNumber = text.trim() !== '' && !Number.isNaN(Number(text))
  const isInfinite = /^[+-]?(nan|inf(inity)?)$/i.test(text.trim())
  const kind = (isNumber || isInfinite) && expected !== A_WEIGHT ? 'a finite number' : expected
  const hint = /^-?\d+,\d+$/.test(text) ? ' (write the decimal point as ".")' : ''
  throw new DataError(`${at}: expected ${kind}, got ${quote(text)}${hint}`)
}
