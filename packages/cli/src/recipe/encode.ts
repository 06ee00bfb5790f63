/**
 * Cells to features, a batch of rows at a time, as a recipe says.
 */
import { DataError } from '../errors.ts'
import type { Chunk } from '../input/duckdb.ts'
import { type Column, findColumns, refuseCell, type TableSource } from '../input/table-source.ts'
import { list, nearest, quote } from '../text.ts'
import { hashText } from './hashed-text.ts'
import { type CategoryRecipe, type ColumnRecipe, featureCountOf, isSparse, type Recipe, widthOf } from './recipe.ts'
import { booleanOf, numberOf } from './statistics.ts'

/** Rows in compressed form, as the library takes them. */
export interface CsrFeatures {
  readonly indptr: Int32Array
  readonly indices: Int32Array
  readonly values: Float32Array | Float64Array
  readonly columns: number
}

/** Row-major numbers, or the numbers that are not 0. */
export type EncodedFeatures = Float32Array | Float64Array | CsrFeatures

/** The column of a table that a recipe's column reads, and where its features begin. */
interface Binding {
  readonly column: Column
  readonly recipe: ColumnRecipe
  readonly offset: number
  readonly width: number
  /** SQL of what is fetched. */
  readonly sql: string
}

/** What a batch gives for one column: the numbers of a row go to their places. */
interface ColumnWriter {
  readonly row: (row: number, put: (place: number, value: number) => void) => void
  /** The numbers of a column that gives each row one, as they are: copied without a call for each. */
  readonly plain?: { readonly place: number; readonly values: ArrayLike<number> }
}

const exactInFloat32 = /^(FLOAT|U?TINYINT|U?SMALLINT)(\[\d*\])?$/

/** Reads the rows of one table as a recipe says. */
export class Encoder {
  readonly width: number
  /** Cells with a level that the training data did not have, by column. */
  readonly unseen = new Map<string, number>()
  private readonly source: TableSource
  private readonly recipe: Recipe
  private readonly bindings: readonly Binding[]
  private readonly single: boolean
  /** Columns with numbers of 2^53 and more. */
  private readonly large = new Set<Column>()

  constructor(source: TableSource, recipe: Recipe) {
    this.source = source
    this.recipe = recipe
    this.width = featureCountOf(recipe)
    const names = recipe.columns.map(({ name }) => name)
    const columns = findColumns(source, names, 'a feature of the model')
    // Text becomes float32 anyway; what is stored in wider types keeps its digits.
    this.single = recipe.columns.every(({ kind }, i) => {
      return kind === 'category' || kind === 'boolean' || kind === 'text' || exactInFloat32.test(columns[i].type)
    })
    let offset = 0
    this.bindings = recipe.columns.map((one, i) => {
      const binding = { column: columns[i], recipe: one, offset, width: widthOf(one), sql: this.sqlOf(one, columns[i]) }
      offset += binding.width
      return binding
    })
  }

  /** SQL of the columns to select, in the order in which `encode` finds them in a batch. */
  get selected(): readonly string[] {
    return this.bindings.map(({ sql }) => sql)
  }

  /** The features of a batch whose first row is row `first` of the file. */
  async encode(chunk: Chunk, first: number): Promise<EncodedFeatures> {
    const writers: ColumnWriter[] = []
    for (const [j, binding] of this.bindings.entries()) writers.push(await this.writerOf(chunk, j, binding, first))
    return isSparse(this.recipe) ? this.sparse(chunk.rows, writers) : this.dense(chunk.rows, writers)
  }

  /**
   * Throws for the first integer that its float64 does not equal. Only values of at least 2^53 can be such, so the text of the
   * cells is read a second time only where there are any.
   */
  async finish(): Promise<void> {
    const suspects = [...this.large].filter(({ type }) => type !== 'DOUBLE' && type !== 'FLOAT')
    if (suspects.length === 0) return
    const { source } = this
    const selected = suspects.map(({ raw }) => `CAST(${raw} AS VARCHAR)`).join(', ')
    let done = 0
    for await (const chunk of source.query(`SELECT ${selected} FROM ${source.from}`)) {
      for (const [j, { name }] of suspects.entries()) {
        const texts = chunk.strings(j)
        const row = texts.findIndex((text) => text !== null && isRounded(text))
        if (row < 0) continue
        const at = `${await source.place(done + row)}: column ${quote(name)}`
        throw new DataError(`${at}: expected an integer that float64 holds exactly, got ${quote(texts[row] ?? '')}`)
      }
      done += chunk.rows
    }
  }

  private dense(rows: number, writers: readonly ColumnWriter[]): Float32Array | Float64Array {
    const { width } = this
    const out = this.single ? new Float32Array(rows * width) : new Float64Array(rows * width)
    for (const { row: write, plain } of writers) {
      if (plain) {
        const { place, values } = plain
        for (let row = 0, at = place; row < rows; row++, at += width) out[at] = values[row]
        continue
      }
      let begin = 0
      const put = (place: number, value: number) => {
        out[begin + place] = value
      }
      for (let row = 0; row < rows; row++, begin += width) write(row, put)
    }
    return out
  }

  private sparse(rows: number, writers: readonly ColumnWriter[]): CsrFeatures {
    const indptr = new Int32Array(rows + 1)
    const indices: number[] = []
    const values: number[] = []
    const put = (place: number, value: number) => {
      if (value === 0) return
      indices.push(place)
      values.push(value)
    }
    for (let row = 0; row < rows; row++) {
      for (const writer of writers) writer.row(row, put)
      indptr[row + 1] = indices.length
    }
    const numbers = this.single ? Float32Array.from(values) : Float64Array.from(values)
    return { indptr, indices: Int32Array.from(indices), values: numbers, columns: this.width }
  }

  private sqlOf(recipe: ColumnRecipe, column: Column): string {
    const type = this.single ? 'FLOAT' : 'DOUBLE'
    switch (recipe.kind) {
      case 'number':
      case 'boolean': {
        const value = recipe.kind === 'number' ? numberOf(column) : booleanOf(column)
        // A missing value becomes NaN, so that NULL is left for cells that are none of what is expected.
        const kept =
          recipe.fill === null ? value : `CASE WHEN ${column.cell} IS NULL THEN 'nan'::DOUBLE ELSE ${value} END`
        return `CAST(${kept} AS ${type})`
      }
      case 'embedding':
        return `TRY_CAST(${column.raw} AS ${type}[${recipe.length}])`
      default:
        return `CAST(${column.cell} AS VARCHAR)`
    }
  }

  private async writerOf(chunk: Chunk, j: number, binding: Binding, first: number): Promise<ColumnWriter> {
    const { column, recipe, offset } = binding
    switch (recipe.kind) {
      case 'number':
      case 'boolean':
        return await this.numbers(chunk, j, binding, recipe, first)
      case 'embedding': {
        const { length } = recipe
        const values = chunk.arrays(j, length, this.single)
        const bad = values.findIndex((value) => value - value !== 0)
        if (bad >= 0)
          await refuseCell(this.source, column, first + Math.floor(bad / length), `a list of ${length} numbers`)
        return {
          row(row, put) {
            for (let i = 0; i < length; i++) put(offset + i, values[row * length + i])
          },
        }
      }
      case 'text': {
        const texts = chunk.strings(j)
        return {
          row(row, put) {
            const { places, values } = hashText(texts[row] ?? '', recipe.bits)
            for (let i = 0; i < places.length; i++) put(offset + places[i], values[i])
          },
        }
      }
      default:
        return await this.levels(chunk.strings(j), binding, recipe, first)
    }
  }

  private async numbers(
    chunk: Chunk,
    j: number,
    { column, offset }: Binding,
    { kind, fill, indicator }: Extract<ColumnRecipe, { kind: 'number' | 'boolean' }>,
    first: number,
  ): Promise<ColumnWriter> {
    const values = this.single ? chunk.floats(j) : chunk.doubles(j)
    const absent = chunk.firstNull(j)
    const end = absent < 0 ? chunk.rows : absent
    const isBad = (value: number) => value - value !== 0 && (fill === null || !Number.isNaN(value))
    let bad = 0
    while (bad < end && !isBad(values[bad])) bad++
    if (bad < chunk.rows)
      await refuseCell(this.source, column, first + bad, kind === 'number' ? 'a number' : 'true or false')
    let isLarge = false
    let hasMissing = false
    for (let row = 0; row < values.length; row++) {
      isLarge ||= Math.abs(values[row]) >= 2 ** 53
      hasMissing ||= Number.isNaN(values[row])
    }
    if (isLarge) this.large.add(column)
    if (!hasMissing) return { row: (row, put) => put(offset, values[row]), plain: { place: offset, values } }
    return {
      row(row, put) {
        const isMissing = Number.isNaN(values[row])
        put(offset, isMissing ? (fill ?? 0) : values[row])
        if (indicator && isMissing) put(offset + 1, 1)
      },
    }
  }

  private async levels(
    texts: readonly (string | null)[],
    { column, offset }: Binding,
    recipe: CategoryRecipe,
    first: number,
  ): Promise<ColumnWriter> {
    const places = new Map(recipe.levels.map((level, place) => [level, place]))
    const found = texts.map((text) => (text === recipe.base ? -1 : places.get(text)))
    for (const [row, place] of found.entries()) {
      if (place !== undefined) continue
      const text = texts[row]
      if (text === null && this.recipe.missing === 'error') {
        await refuseCell(this.source, column, first + row, 'a value')
      }
      if (text !== null && this.recipe.unseen === 'error') await this.refuseLevel(column, recipe, text, first + row)
      if (text !== null) this.unseen.set(column.name, (this.unseen.get(column.name) ?? 0) + 1)
    }
    return {
      row(row, put) {
        const place = found[row]
        if (place !== undefined && place >= 0) put(offset + place, 1)
      },
    }
  }

  private async refuseLevel(column: Column, { base, levels }: CategoryRecipe, text: string, row: number) {
    const names = [base, ...levels].filter((level) => level !== null)
    const close = nearest(text, names)
    const hint = close.length > 0 ? `did you mean ${list(close)}?` : `it knew ${list(names)}`
    const at = `${await this.source.place(row)}: column ${quote(column.name)}`
    throw new DataError(`${at}: ${quote(text)} is no level of the training data; ${hint}`)
  }
}

function isRounded(text: string): boolean {
  const digits = /^\s*\+?(-?\d+)(\.0*)?\s*$/.exec(text)?.[1]
  return digits !== undefined && BigInt(digits) !== BigInt(Number(digits))
}
