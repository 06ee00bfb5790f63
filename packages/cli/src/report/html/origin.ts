/**
 * What is needed to make a report again: the words of the command, versions, files with their fingerprints, settings, columns.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { FitReport } from 'maxshift/regression'
import type { IgnoredColumn } from '../../input/dataset.ts'
import { type ColumnRecipe, type Recipe, widthOf } from '../../recipe/recipe.ts'
import { count, plural } from '../../text.ts'
import { version } from '../../version.ts'
import { number } from './parts.ts'
import type { Origin, OriginFile } from './report-data.ts'

export interface UsedFile {
  readonly path: string
  /** What it was used for, such as `training data`. */
  readonly use: string
}

export interface OriginRequest {
  readonly report: FitReport
  readonly files: readonly UsedFile[]
  readonly recipe: Recipe | undefined
  readonly ignored: readonly IgnoredColumn[]
}

export async function describeOrigin({ report, files, recipe, ignored }: OriginRequest): Promise<Origin> {
  return {
    commandLine: ['maxshift', ...process.argv.slice(2)].map(shellWord).join(' '),
    versions: [
      ['@maxshift/cli', version],
      ['Node.js', process.versions.node],
    ],
    files: await Promise.all(files.map(describeFile)),
    settings: settingsOf(report),
    columns: (recipe?.columns ?? []).map((column) => ({
      name: column.name,
      kind: column.kind,
      detail: detailOf(column),
      features: widthOf(column),
    })),
    ignored: ignored.map(({ name, reason, type }) => ({ name, why: REASONS[reason] ?? type })),
  }
}

const REASONS: Partial<Record<IgnoredColumn['reason'], string>> = {
  'no name': 'no name',
  empty: 'empty',
  constant: 'a single level',
  levels: 'text of many levels',
}

/** A word as a POSIX shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Size and SHA-256 of a file; pipes and what is gone have none. */
async function describeFile({ path, use }: UsedFile): Promise<OriginFile> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return { path, use }
  const hash = createHash('sha256')
  try {
    for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part)
  } catch {
    return { path, use }
  }
  return { path, use, bytes: found.size, sha256: hash.digest('hex') }
}

function settingsOf(report: FitReport): [string, string][] {
  const { solver, l2, l1, tolerance, intercept, standardize, featureScale, rows } = report
  const settings: [string, string][] = [
    ['solver', solver],
    ['l2', number(l2)],
    ['tolerance', number(tolerance)],
    ['intercepts', intercept ? 'yes' : 'no'],
    ['standardised penalty', standardize ? 'yes' : 'no'],
    ['training rows', count(rows)],
  ]
  if (l1 > 0) settings.splice(2, 0, ['l1', number(l1)])
  if (featureScale !== 1) settings.push(['features times', featureScale === 1 / 255 ? '1/255' : number(featureScale)])
  if (report.calibration) settings.push(['temperature', number(report.calibration.temperature)])
  return settings
}

function detailOf(column: ColumnRecipe): string {
  switch (column.kind) {
    case 'category':
      return `base ${column.base ?? '(empty)'}, ${plural(column.levels.length, 'other level')}`
    case 'embedding':
      return `${plural(column.length, 'number')} in a row`
    case 'text':
      return `words and runs of characters in ${count(2 ** column.bits)} places`
    default:
      return column.fill === null ? 'no missing values' : `missing counts as ${number(column.fill)}`
  }
}
