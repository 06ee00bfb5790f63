/**
 * The label column: what the cells say, as labels of one kind.
 *
 * Whole numbers written plainly (`7`, `-1`, but not `07`) become numbers; everything else stays text, as written.
 * A column of fractional numbers is no set of classes, and is refused before a model with a class per price is made.
 */
import { DataError } from '../errors.ts'
import { list, nearest, plural, quote } from '../text.ts'
import type { TableSource } from './table-source.ts'

export type ClassName = string | number

const plainInteger = /^(0|-?[1-9]\d*)$/
const wholeDouble = /^-?\d+\.0+$/
const anyNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** Labels from the text of the cells; with `classes`, those of a model, each must be one of them. */
export async function readLabels(source: TableSource, column: string, cells: string[], classes?: readonly ClassName[]) {
  if (classes === undefined) {
    if (cells.every(isInteger)) return cells.map(Number)
    await refuseMeasurements(source, column, cells)
    return cells
  }
  const known = new Map<string, ClassName>(classes.map((name) => [String(name), name]))
  const numbers = classes.every((name) => typeof name === 'number')
  const row = cells.findIndex((cell) => !known.has(numbers ? withoutZeros(cell) : cell))
  if (row >= 0) {
    const names = [...known.keys()]
    const close = nearest(cells[row], names)
    const hint = close.length > 0 ? `did you mean ${list(close)}?` : `the model knows ${list(names)}`
    const at = `${await source.place(row)}: column ${quote(column)}`
    throw new DataError(`${at}: ${quote(cells[row])} is no class of the model; ${hint}`)
  }
  return numbers ? cells.map(Number) : cells
}

/** Plain integers, and integers as programs write them that store them as floating point (`7.0`). */
function isInteger(cell: string): boolean {
  const digits = withoutZeros(cell)
  return plainInteger.test(digits) && Number.isSafeInteger(Number(digits))
}

function withoutZeros(cell: string): string {
  return wholeDouble.test(cell) ? cell.slice(0, cell.indexOf('.')) : cell
}

async function refuseMeasurements(source: TableSource, column: string, cells: string[]): Promise<void> {
  if (!cells.every((cell) => anyNumber.test(cell))) return
  const row = cells.findIndex((cell) => !Number.isInteger(Number(cell)))
  if (row < 0) return
  const different = new Set(cells).size
  throw new DataError(
    `${await source.place(row)}: column ${quote(column)} holds fractional numbers such as ${cells[row]} ` +
      `(${plural(different, 'different value')}), expected classes: text or integers`,
  )
}
