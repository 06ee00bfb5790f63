/**
 * The words that choose columns: a name, a range of two names by their places in the table (`a..k`), or a pattern in which `*` stands
 * for any characters and `?` for one (`pixel*`). A word that is the name of a column means that column, whatever it looks like.
 */
import { DataError } from '../errors.ts'
import { quote } from '../text.ts'
import { type Column, findColumn, findColumns, type TableSource } from './table-source.ts'

export interface Selection {
  /** In the order of the words, each once. */
  columns: Column[]
  /** Those that were meant by their name. */
  named: ReadonlySet<string>
}

/** The columns that `words` mean; `option` is what messages call the list. Ranges and patterns pass over `without`. */
export function selectColumns(
  source: TableSource,
  words: readonly string[],
  option: string,
  without?: Column,
): Selection {
  const isName = (word: string) => source.columns.some(({ name }) => name === word)
  const plain = words.filter((word) => isName(word) || !isPattern(source, word))
  findColumns(source, plain, option)
  const found = words.flatMap((word) => {
    if (plain.includes(word)) return [findColumn(source, word, option)]
    return (rangeOf(source, word, option) ?? matching(source, word, option)).filter((column) => column !== without)
  })
  return { columns: [...new Set(found)], named: new Set(plain) }
}

const isPattern = (source: TableSource, word: string): boolean =>
  /[*?]/.test(word) || rangeEnds(source, word) !== undefined

/** The two ends of a range; names may hold dots themselves, so that the ends are looked for at each of them. */
function rangeEnds({ columns }: TableSource, word: string): [string, string] | undefined {
  const isName = (text: string) => columns.some(({ name }) => name === text)
  let likely: [string, string] | undefined
  for (let at = word.indexOf('..'); at >= 0; at = word.indexOf('..', at + 1)) {
    const ends: [string, string] = [word.slice(0, at), word.slice(at + 2)]
    if (isName(ends[0]) && isName(ends[1])) return ends
    if (ends[0] !== '' && ends[1] !== '') likely ??= ends
  }
  return likely
}

function rangeOf(source: TableSource, word: string, option: string): Column[] | undefined {
  const ends = rangeEnds(source, word)
  if (ends === undefined || /[*?]/.test(word)) return undefined
  const [from, to] = ends.map((name) => source.columns.indexOf(findColumn(source, name, `${option} ${quote(word)}`)))
  if (from > to) {
    throw new DataError(
      `${source.path}: column ${quote(ends[0])} comes after ${quote(ends[1])} (${option} ${quote(word)})`,
    )
  }
  return source.columns.slice(from, to + 1)
}

function matching(source: TableSource, word: string, option: string): Column[] {
  const parts = word.split(/([*?])/).map((part) => {
    return part === '*' ? '.*' : part === '?' ? '.' : part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  })
  const pattern = new RegExp(`^${parts.join('')}$`, 'su')
  const found = source.columns.filter(({ name }) => pattern.test(name))
  if (found.length === 0) throw new DataError(`${source.path}: no column matches ${quote(word)} (${option})`)
  return found
}
