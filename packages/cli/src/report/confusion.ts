/**
 * The confusion matrix for people: rows are the true classes, columns the predicted ones. Zeros are dots, so that
 * the mistakes stand out; a matrix too wide for the terminal is left out, its largest mistakes are named in any case.
 */
import { cells, count, fit, plain, quote } from '../text.ts'
import type { Style } from './style.ts'

export interface Confusion {
  /** Class names as text, in the order of the matrix. */
  names: readonly string[]
  /** Rows of true class `row` predicted as `column`. */
  at(row: number, column: number): number
}

const longestName = 14

/** Lines of the table, or undefined when it would be wider than `width` cells. */
export function confusionTable({ names, at }: Confusion, width: number, style: Style): string[] | undefined {
  // The narrowest column takes 5 cells.
  if (5 * names.length > width) return undefined
  const heads = names.map((name) => fit(plain(name), longestName))
  const nameWidth = Math.max(...heads.map(cells), 4)
  const columnWidths = heads.map((head, column) => {
    return Math.max(cells(head), ...names.map((_, row) => String(at(row, column)).length), 3)
  })
  const total = nameWidth + columnWidths.reduce((sum, w) => sum + w + 2, 0)
  if (total > width) return undefined
  const pad = (text: string, to: number) => ' '.repeat(to - cells(text)) + text
  const header = `${pad('true', nameWidth)}${heads.map((head, j) => `  ${pad(head, columnWidths[j])}`).join('')}`
  const rows = heads.map((head, row) => {
    const figures = names.map((_, column) => {
      const n = at(row, column)
      const text = `  ${pad(n === 0 ? '·' : String(n), columnWidths[column])}`
      return row === column ? style.good(text) : n === 0 ? style.dim(text) : text
    })
    return `${pad(head, nameWidth)}${figures.join('')}`
  })
  return [style.dim(header), ...rows]
}

/** `4 → 9 (31), 7 → 9 (28)`: up to five of the most frequent mistakes, as many as `width` cells hold; '' without any. */
export function largestMistakes({ names, at }: Confusion, width = Infinity): string {
  const mistakes: { row: number; column: number; n: number }[] = []
  names.forEach((_, row) => {
    names.forEach((_, column) => {
      const n = at(row, column)
      if (row !== column && n > 0) mistakes.push({ row, column, n })
    })
  })
  mistakes.sort((a, b) => b.n - a.n)
  const name = (i: number) => (/^[\w.-]+$/.test(names[i]) ? fit(names[i], 20) : quote(names[i], 20))
  let text = ''
  for (const { row, column, n } of mistakes.slice(0, 5)) {
    const next = `${text === '' ? '' : `${text}, `}${name(row)} → ${name(column)} (${count(n)})`
    if (text !== '' && cells(next) > width) break
    text = next
  }
  return text
}
