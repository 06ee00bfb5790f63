/**
 * What the columns of a table hold, asked of DuckDB in one query for all of them and one for each that may be a category.
 */
import type { Column, TableSource } from '../input/table-source.ts'

export interface ColumnStatistics {
  readonly column: Column
  /** Cells that are not empty. */
  readonly filled: number
  /** How many of them are numbers, true or false, dates, and lists of numbers. */
  readonly numbers: number
  readonly booleans: number
  readonly dates: number
  readonly lists: number
  /** Different values. */
  readonly distinct: number
  /** Of the finite numbers; NaN if there are none. */
  readonly mean: number
  /** Numbers in the longest and the shortest list. */
  readonly longest: number
  readonly shortest: number
}

export interface TableStatistics {
  readonly rows: number
  readonly columns: readonly ColumnStatistics[]
}

/** One level of a category: its text, null for an empty cell, and its rows. */
export interface Level {
  readonly text: string | null
  readonly rows: number
}

/** SQL for a cell of a text column as a number: NULL where it is none. */
export function numberOf({ kind, cell }: Column): string {
  return kind === 'number' ? `CAST(${cell} AS DOUBLE)` : `TRY_CAST(${cell} AS DOUBLE)`
}

/** SQL for a cell as 1 or 0: NULL where it is neither true nor false. */
export function booleanOf({ cell }: Column): string {
  return `CASE lower(trim(CAST(${cell} AS VARCHAR))) WHEN 'true' THEN 1.0::DOUBLE WHEN 'false' THEN 0.0::DOUBLE END`
}

/** SQL for a cell as a list of numbers: NULL where it is none. */
function listOf({ raw }: Column): string {
  return `TRY_CAST(${raw} AS DOUBLE[])`
}

/** One query for what is cheap to know of all columns, and one for what else text that is no number may be. */
export async function describeTable(source: TableSource, columns: readonly Column[]): Promise<TableStatistics> {
  const basics = columns.map((column) => {
    const number = numberOf(column)
    const isNumber = column.kind !== 'other'
    return {
      filled: `count(${column.cell})`,
      numbers: isNumber ? `count(${number})` : '0',
      mean: isNumber ? `avg(CASE WHEN isfinite(${number}) THEN ${number} END)` : 'NULL',
    }
  })
  const [[rows], known] = await measure(source, ['count(*)'], basics)
  const details = columns.map((column, i) => {
    const { cell, kind, type } = column
    const isText = kind === 'text' && 2 * known[i].numbers <= known[i].filled
    const isList = type.endsWith(']')
    const list = listOf(column)
    return {
      booleans: type === 'BOOLEAN' ? `count(${cell})` : isText ? `count(${booleanOf(column)})` : '0',
      dates: /^(DATE|TIME)/.test(type) ? `count(${cell})` : isText ? `count(TRY_CAST(${cell} AS TIMESTAMP))` : '0',
      lists: isList || isText ? `count(${list})` : '0',
      distinct: isText ? `count(DISTINCT ${cell})` : '0',
      longest: isList || isText ? `max(len(${list}))` : 'NULL',
      shortest: isList || isText ? `min(len(${list}))` : 'NULL',
    }
  })
  const worth = details.some((one) => Object.values(one).some((sql) => sql !== '0' && sql !== 'NULL'))
  const [, more] = worth ? await measure(source, [], details) : [[], details.map(() => NOTHING)]
  return { rows, columns: columns.map((column, i) => ({ column, ...known[i], ...more[i] })) }
}

const NOTHING = { booleans: 0, dates: 0, lists: 0, distinct: 0, longest: Number.NaN, shortest: Number.NaN }

/** Runs sums for the table and for each column in one query; NULL is NaN. */
async function measure<Name extends string>(
  source: TableSource,
  table: readonly string[],
  columns: readonly Readonly<Record<Name, string>>[],
): Promise<[number[], Record<Name, number>[]]> {
  const all = [...table, ...columns.flatMap((one) => Object.values<string>(one))]
  const sql = `SELECT ${all.map((sum) => `CAST(${sum} AS DOUBLE)`).join(', ')} FROM ${source.from}`
  const values: number[] = []
  for await (const chunk of source.query(sql)) {
    for (let i = 0; i < all.length; i++) values.push(chunk.firstNull(i) === 0 ? Number.NaN : chunk.doubles(i)[0])
  }
  let next = table.length
  const take = (one: Readonly<Record<Name, string>>) => {
    return Object.fromEntries(Object.keys(one).map((name) => [name, values[next++]])) as Record<Name, number>
  }
  return [values.slice(0, table.length), columns.map(take)]
}

/** The levels of a column, the most frequent first, equal ones by their text; no more than `most`. */
export async function levelsOf(source: TableSource, { cell }: Column, most: number): Promise<Level[]> {
  const text = `CAST(${cell} AS VARCHAR)`
  const sql =
    `SELECT ${text} AS level, CAST(count(*) AS DOUBLE) AS n FROM ${source.from} ` +
    `GROUP BY level ORDER BY n DESC, level NULLS LAST LIMIT ${most}`
  const levels: Level[] = []
  for await (const chunk of source.query(sql)) {
    const texts = chunk.strings(0)
    const rows = chunk.doubles(1)
    for (let i = 0; i < chunk.rows; i++) levels.push({ text: texts[i], rows: rows[i] })
  }
  return levels
}
