/**
 * One file of a table: the names and types of its columns, the SQL that reads it, and where its rows stand.
 *
 * The cells of CSV and JSON are read as text and made numbers by us: types guessed from a sample would turn a column with one bad
 * cell into text without a word.
 */
import { DataError } from '../errors.ts'
import { lineOfRecord, readCsvHead } from './csv.ts'
import type { Database } from './duckdb.ts'
import { gzipError, type InputFile } from './file.ts'

export interface TableFile {
  /** Where it lies. */
  path: string
  /** What messages call it. */
  name: string
  columns: { name: string; type: string }[]
  /** The type of the cells of text files, all of one; undefined where each column has its own. */
  kind: 'csv' | 'json' | 'parquet'
  /** A table function that reads the files which `paths` names (SQL of a path or a list of paths), its columns being c0, c1, … */
  call(paths: string): string
  /** `line 3` or `row 2`: where data row `row` (counted from 0) stands. */
  place(row: number): Promise<string>
  /** An error of DuckDB as one sentence about this file; other errors are passed through. */
  explain(error: unknown): Promise<unknown>
}

/** Looks at a file that holds a table. */
export async function openTableFile(file: InputFile, name: string, database: Database): Promise<TableFile> {
  switch (file.format) {
    case 'csv':
      return await openCsv(file, name)
    case 'parquet':
      return await openTyped(file, name, database)
    case 'json':
      return await openTyped(file, name, database)
    case 'idx':
      throw new DataError(
        `${name}: looks like an IDX file (images or labels); read it with --images FILE and --labels FILE`,
      )
    default:
      throw new DataError(`${name}: holds arrays (${file.format}), expected a table`)
  }
}

async function openCsv({ path, gzip, delimiter: given }: InputFile, name: string): Promise<TableFile> {
  const head = await readCsvHead(path, gzip, given, name).catch((error: unknown) => {
    throw gzipError(name, error)
  })
  const { delimiter } = head
  const line = (record: number, blankLines: boolean) => lineOfRecord({ path, gzip, delimiter, record, blankLines })
  const types = head.names.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')
  const options =
    `auto_detect = false, header = true, delim = ${literal(delimiter)}, quote = '"', escape = '"', ` +
    `compression = '${gzip ? 'gzip' : 'none'}', hive_partitioning = false, columns = {${types}}`
  return {
    path,
    name,
    kind: 'csv',
    columns: head.names.map((column) => ({ name: column, type: 'VARCHAR' })),
    call: (paths) => `read_csv(${paths}, ${options})`,
    // DuckDB takes a line without a character as a row where there is only one column, and skips it elsewhere.
    place: async (row) => `line ${await line(row + 1, head.names.length === 1)}`,
    // Its messages number the lines as if each record, blank or not, took one.
    explain: async (error) => {
      const record = /CSV Error on Line: (\d+)/.exec(String(error))?.[1]
      return explainCsv(record === undefined ? name : `${name}, line ${await line(Number(record) - 1, true)}`, error)
    },
  }
}

/** Parquet and JSON: what they hold is asked of DuckDB. */
async function openTyped({ path, gzip, format }: InputFile, name: string, database: Database): Promise<TableFile> {
  const isJson = format === 'json'
  const explain = async (error: unknown) => explainOther(name, isJson ? 'JSON' : 'Parquet', error)
  // A depth of 1 leaves every value of JSON as it is, and the whole file is searched for keys.
  const json = `maximum_depth = 1, sample_size = -1, compression = '${gzip ? 'gzip' : 'uncompressed'}', hive_partitioning = false`
  const read = (paths: string) =>
    isJson ? `read_json(${paths}, ${json})` : `read_parquet(${paths}, hive_partitioning = false)`
  const columns = await describe(database, read('$1'), path).catch(async (error: unknown) => {
    throw await explain(error)
  })
  if (isJson && columns.length === 1 && columns[0].name === 'json') {
    throw new DataError(`${name}: expected one object per row, such as {"width": 1.5, "label": "a"}`)
  }
  return {
    path,
    name,
    kind: isJson ? 'json' : 'parquet',
    columns: isJson ? columns.map((column) => ({ name: column.name, type: 'JSON' })) : columns,
    call: (paths) => `${read(paths)} AS t(${columns.map((_, i) => `c${i}`).join(', ')})`,
    place: async (row) => `row ${row + 1}`,
    explain,
  }
}

/** Names and types of the columns of something that stands in a FROM clause. */
export async function describe(
  database: Database,
  from: string,
  ...paths: string[]
): Promise<{ name: string; type: string }[]> {
  const columns: { name: string; type: string }[] = []
  for await (const chunk of database.query(`SELECT column_name, column_type FROM (DESCRIBE FROM ${from})`, paths)) {
    const names = chunk.strings(0)
    const types = chunk.strings(1)
    for (let i = 0; i < chunk.rows; i++) columns.push({ name: names[i] ?? '', type: types[i] ?? '' })
  }
  return columns
}

/** Text as it stands in SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
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

/** The first line of what DuckDB says ("Kind Error: what happened", then options of its own); undefined for other errors. */
export function duckdbMessage(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof DataError) return undefined
  const first = error.message.split('\n')[0].trim()
  return /^[A-Z][A-Za-z ]*(Error|Exception): /.test(first)
    ? first.replace(/^[A-Za-z ]*(Error|Exception): /, '')
    : undefined
}

function explainOther(name: string, format: string, error: unknown): unknown {
  const message = duckdbMessage(error)
  if (message === undefined) return error
  if (/no magic bytes|too small to be a parquet/i.test(message)) {
    return new DataError(`${name}: not a Parquet file, or cut short`)
  }
  return new DataError(`${name}: not readable as ${format}: ${message.replace(/ (in )?file ['"].*?['"],?/i, '')}`)
}
