/**
 * A table before any column is chosen: its column names, what kind of cells each has, and the SQL that reads it. It lies in one file, in
 * several one after the other, or is the result of a query over them.
 *
 * Inside the SQL the columns are called c0, c1, …, whatever the files call them, so that a name with quotes, spaces or SQL in it is
 * never part of a statement.
 */
import { DataError } from '../errors.ts'
import { list, nearest, plural, quote } from '../text.ts'
import { type Chunk, type Database, literalPath, openDatabase } from './duckdb.ts'
import { inspectFile } from './file.ts'
import { describe, duckdbMessage, literal, openTableFile, type TableFile } from './table-file.ts'

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
  /** What messages call it as a whole. */
  path: string
  columns: Column[]
  /** The FROM clause. */
  from: string
  database: Database
  /** Runs a statement that reads `from`. */
  query(sql: string): AsyncGenerator<Chunk>
  /** `FILE, line 3` or `FILE, row 2`: where data row `row` (counted from 0) stands. */
  place(row: number): Promise<string>
  /** An error of DuckDB as one sentence about the table; other errors are passed through. */
  explain(error: unknown): Promise<unknown>
}

/** Which files a table lies in. */
export interface TableFiles {
  path: string
  /** What messages call it, where that is not the path. */
  name?: string
  /** Further files, with the columns of the first. */
  more?: readonly string[]
  /** What the files hold, if their names do not tell. */
  format?: string
  /** A query over the files, which it calls data. */
  sql?: string
}

/** Opens a table; the caller closes `database`. */
export async function openTable({ path, name = path, more = [], format, sql }: TableFiles): Promise<TableSource> {
  const inputs = []
  for (const [i, one] of [path, ...more].entries()) inputs.push(await inspectFile(one, format, i === 0 ? name : one))
  const database = await openDatabase()
  try {
    const files: TableFile[] = []
    for (const [i, input] of inputs.entries()) {
      files.push(await openTableFile(input, i === 0 ? name : input.path, database))
    }
    const source = sql === undefined ? unite(files, database) : await ask(sql, files, database)
    checkNames(source)
    return source
  } catch (error) {
    database.close()
    throw error
  }
}

function kindOf(type: string): ColumnKind {
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(\d+,\s*\d+\))$/.test(type)) return 'number'
  return type === 'VARCHAR' ? 'text' : 'other'
}

function columnOf(name: string, type: string, i: number): Column {
  if (type === 'JSON') return { name, kind: 'text', type, cell: `(c${i} ->> '$')`, raw: `(c${i} ->> '$')` }
  const kind = kindOf(type)
  return { name, kind, type, cell: kind === 'other' ? `CAST(c${i} AS VARCHAR)` : `c${i}`, raw: `c${i}` }
}

/** Files one after the other, with the columns of the first, whatever their order in the others. */
function unite(files: readonly TableFile[], database: Database): TableSource {
  const [first] = files
  const names = nameOf(files)
  // What is called alike cannot be found by name.
  for (const file of files) checkNames({ path: file.name, columns: file.columns })
  const orders = files.map((file) => first.columns.map(({ name }) => findPlace(file, name, first)))
  const types = first.columns.map((_, i) => commonType(files.map((file, f) => file.columns[orders[f][i]].type)))
  const columns = first.columns.map(({ name }, i) => columnOf(name, types[i], i))
  const parts = groups(files).map(({ begin, end }) => {
    const file = files[begin]
    const places = Array.from({ length: end - begin }, (_, i) => `$${begin + i + 1}`)
    const call = file.call(places.length === 1 ? places[0] : `[${places.join(', ')}]`)
    const selected = types.map(
      (type, i) => `${castTo(type, file.columns[orders[begin][i]].type, `c${orders[begin][i]}`)} AS c${i}`,
    )
    return { call, sql: `SELECT ${selected.join(', ')} FROM ${call}` }
  })
  const from = parts.length === 1 ? parts[0].call : `(${parts.map(({ sql }) => sql).join(' UNION ALL ')}) AS t`
  const paths = files.map(({ path }) => path)
  const query = (sql: string) => database.query(sql, paths)
  return {
    path: names,
    columns,
    from,
    database,
    query,
    async place(row) {
      let left = row
      for (const file of files.slice(0, -1)) {
        const rows = await rowsOf(file, database)
        if (left < rows) return `${file.name}, ${await file.place(left)}`
        left -= rows
      }
      const last = files[files.length - 1]
      return `${last.name}, ${await last.place(left)}`
    },
    async explain(error) {
      const message = error instanceof Error ? error.message : ''
      const at = files.length === 1 ? first : files.find(({ path }) => message.includes(path))
      return await (at ?? { ...first, name: names }).explain(error)
    },
  }
}

/** Runs of files that one call can read: of one kind, with the same columns in the same order. */
function groups(files: readonly TableFile[]): { begin: number; end: number }[] {
  const key = (file: TableFile) => JSON.stringify([file.call(''), file.columns])
  const found: { begin: number; end: number }[] = []
  for (let i = 0; i < files.length; i++) {
    const last = found.at(-1)
    if (last && key(files[last.begin]) === key(files[i])) last.end = i + 1
    else found.push({ begin: i, end: i + 1 })
  }
  return found
}

function nameOf(files: readonly TableFile[]): string {
  return files.length === 1
    ? files[0].name
    : `${files[0].name} and ${plural(files.length - 1, 'more file', 'more files')}`
}

function findPlace(file: TableFile, name: string, first: TableFile): number {
  const place = file.columns.findIndex((column) => column.name === name)
  if (place >= 0) return place
  throw new DataError(`${file.name}: no column ${quote(name)}, which ${first.name} has`)
}

const exactInDouble = /^(FLOAT|DOUBLE|U?(TINYINT|SMALLINT|INTEGER))$/

/** A type that holds all that the given ones hold. */
function commonType(types: readonly string[]): string {
  if (types.every((type) => type === types[0])) return types[0]
  return types.every((type) => exactInDouble.test(type)) ? 'DOUBLE' : 'VARCHAR'
}

function castTo(type: string, from: string, cell: string): string {
  if (type === from) return cell
  if (from === 'JSON') return `(${cell} ->> '$')`
  return from === 'FLOAT' ? `CAST(CAST(${cell} AS DOUBLE) AS ${type})` : `CAST(${cell} AS ${type})`
}

async function rowsOf(file: TableFile, database: Database): Promise<number> {
  const sql = `SELECT CAST(count(*) AS DOUBLE) FROM ${file.call('$1')}`
  for await (const chunk of database.query(sql, [file.path])) return chunk.doubles(0)[0]
  return 0
}

/**
 * The result of a query over the files, kept in the database: it is asked once, so that it stays the same where it has no order of its
 * own. Here DuckDB gives the columns of text files their types, as the query may calculate with them.
 */
async function ask(sql: string, files: readonly TableFile[], database: Database): Promise<TableSource> {
  const path = 'the result of --sql'
  const run = async (statement: string) => {
    for await (const _ of database.query(statement));
  }
  const place = async (row: number) => `${path}, row ${row + 1}`
  const explain = async (error: unknown) => {
    const message = duckdbMessage(error)
    return message === undefined ? error : new DataError(`--sql: ${message}`)
  }
  try {
    const readers = { csv: 'read_csv', json: 'read_json', parquet: 'read_parquet' }
    const parts = files.map((file) => `SELECT * FROM ${readers[file.kind]}(${literal(literalPath(file.path))})`)
    await run(`CREATE VIEW data AS ${parts.join(' UNION ALL BY NAME ')}`)
    // A query of more than one statement, or one that is none, does not fit into the brackets.
    await run(`CREATE TABLE result AS FROM (${sql.replace(/;\s*$/, '')}\n)`)
  } catch (error) {
    throw await explain(error)
  }
  const columns = await describe(database, 'result')
  const query = (statement: string) => database.query(statement)
  const from = `result AS t(${columns.map((_, i) => `c${i}`).join(', ')})`
  return {
    path,
    columns: columns.map(({ name, type }, i) => columnOf(name, type, i)),
    from,
    database,
    query,
    place,
    explain,
  }
}

function checkNames({ path, columns }: { path: string; columns: readonly { name: string }[] }): void {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const { name } of columns) {
    if (name !== '' && seen.has(name)) twice.add(name)
    seen.add(name)
  }
  if (twice.size > 0) throw new DataError(`${path}: more than one column is called ${list([...twice])}`)
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
  for await (const chunk of source.query(sql)) text = chunk.strings(0)[0]
  const at = `${await source.place(row)}: column ${quote(column.name)}`
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
