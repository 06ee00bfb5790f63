/**
 * The words of the command line that name files: paths, patterns of paths, and `-` for standard input.
 *
 * What comes from standard input is first written to a temporary file, as the readers look at their files more than once; it is
 * removed when the process ends.
 */
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DataError, fileError, UsageError } from '../errors.ts'
import { quote } from '../text.ts'

export const STANDARD_INPUT = '-'

export interface FoundFile {
  path: string
  /** What messages call it. */
  name: string
}

/** The files that `words` mean, in their order; those of a pattern by name. */
export async function findFiles(words: readonly string[]): Promise<FoundFile[]> {
  const found: FoundFile[] = []
  for (const word of words) {
    if (word === STANDARD_INPUT) found.push({ path: await spool(), name: 'standard input' })
    // A file may be called like a pattern.
    else if (!/[*?[]/.test(word) || existsSync(word)) found.push({ path: word, name: word })
    else found.push(...(await expand(word)).map((path) => ({ path, name: path })))
  }
  const twice = found.find(({ path }, i) => found.findIndex((other) => other.path === path) !== i)
  if (twice) throw new UsageError(`${quote(twice.name)} is named twice`)
  return found
}

async function expand(pattern: string): Promise<string[]> {
  const { openDatabase } = await import('./duckdb.ts')
  const database = await openDatabase()
  try {
    const paths: string[] = []
    for await (const chunk of database.query(`SELECT file FROM glob(${sqlText(pattern)})`)) {
      for (const path of chunk.strings(0)) if (path !== null) paths.push(path)
    }
    if (paths.length === 0) throw new DataError(`${pattern}: no file matches`)
    return paths.sort()
  } finally {
    database.close()
  }
}

const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`

let spooled: Promise<string> | undefined

/** Standard input as a file; it can be read only once. */
function spool(): Promise<string> {
  if (spooled) throw new UsageError('standard input (-) can be read only once')
  spooled = writeSpool()
  return spooled
}

async function writeSpool(): Promise<string> {
  if (process.stdin.isTTY) throw new UsageError('standard input (-) is the terminal; pipe a file into the command')
  const folder = mkdtempSync(join(tmpdir(), 'maxshift-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'stdin')
  try {
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }))
  } catch (error) {
    throw fileError(path, error, 'standard input is kept in ')
  }
  return path
}
