/**
 * The survey of a file of logits for people: as text for a terminal, and as Markdown.
 */
import type { Style } from '../report/style.ts'
import { count, plain, plural } from '../text.ts'
import type { Format } from './formats.ts'
import type { Count, Survey } from './survey.ts'

export interface SurveyShape {
  readonly path: string
  readonly rows: number
  readonly classes: number
  /** Whether the file has labels; else the largest logit of each row stands for them. */
  readonly labelled: boolean
}

type Surveys = readonly (readonly [Format, Survey])[]
type RowOf = (row: number) => readonly number[]

const HEAD = ['', 'NaN or ∞', '0 instead', 'half the digits lost', 'first row']
const PARTS = { textbook: 'textbook', shifted: 'shifted' }

export function surveyText(
  shape: SurveyShape,
  surveys: Surveys,
  rowOf: RowOf,
  labels: ArrayLike<number>,
  style: Style,
  width: number,
): string {
  const lines = [style.bold(plain(shape.path)), describe(shape)]
  for (const [format, survey] of surveys) {
    lines.push('', `${style.bold(format.name)}  ${style.dim('rows that a formula gets wrong')}`, '')
    const cells = [HEAD, ...survey.counts.map(rowOfTable)]
    const widths = HEAD.map((_, i) => Math.max(...cells.map((row) => row[i].length)))
    for (const row of cells) {
      const line = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join('  ')
      lines.push(`  ${line}`.trimEnd())
    }
  }
  const hint = example(surveys, rowOf, labels, width)
  lines.push(
    '',
    'maxshift gets all digits of all rows right.',
    ...(hint === undefined ? [] : ['', 'To see why:', `  ${hint}`]),
  )
  return `${lines.join('\n')}\n`
}

export function surveyMarkdown(shape: SurveyShape, surveys: Surveys, rowOf: RowOf, labels: ArrayLike<number>): string {
  const lines = [
    '# Rows that naive formulas get wrong',
    '',
    `\`${plain(shape.path).replaceAll('`', "'")}\`: ${describe(shape)}`,
  ]
  for (const [format, survey] of surveys) {
    lines.push('', `## ${format.name}`, '', `| ${HEAD.join(' | ')} |`, '| --- | ---: | ---: | ---: | ---: |')
    for (const made of survey.counts) lines.push(`| ${rowOfTable(made).join(' | ')} |`)
  }
  const hint = example(surveys, rowOf, labels, 1000)
  lines.push(
    '',
    'maxshift gets all digits of all rows right.',
    ...(hint === undefined ? [] : ['', `To see why: \`${hint}\``]),
  )
  return `${lines.join('\n')}\n`
}

function describe({ rows, classes, labelled }: SurveyShape): string {
  const labels = labelled ? 'labels from the file' : 'the largest logit of each row as its label'
  return `${plural(rows, 'row')} of ${plural(classes, 'logit')}, ${labels}`
}

function rowOfTable({ formula, part, quantity, notFinite, zero, inexact, first }: Count): string[] {
  const numbers = [notFinite, zero, inexact].map((n) => (n === 0 ? '·' : count(n)))
  return [`${formula} ${quantity}, ${PARTS[part]}`, ...numbers, first < 0 ? '' : count(first + 1)]
}

/** The command that explains the first row that the cured formulas get wrong, or else any. */
function example(surveys: Surveys, rowOf: RowOf, labels: ArrayLike<number>, width: number): string | undefined {
  const wrong = surveys.flatMap(([, { counts }]) => counts).filter(({ first }) => first >= 0)
  const first = (wrong.find(({ part }) => part === 'shifted') ?? wrong[0])?.first
  if (first === undefined) return undefined
  const command = `maxshift explain ${rowOf(first).join(' ')} --label ${labels[first]}`
  return command.length <= width - 2 ? command : undefined
}
