/**
 * Which classes are taken for which.
 */
import { count, plural } from '../../text.ts'
import { brief, draw, named, Plot, roomFor, WIDTH } from './charts.ts'
import { html, type Markup, name } from './markup.ts'
import { figure, percent, section, type Table, table } from './parts.ts'
import type { ReportData } from './report-data.ts'

/** Classes up to which cells have numbers in them, and up to which there is a picture. */
const MOST_NUMBERS = 12
const MOST_CELLS = 60
/** Classes up to which the matrix is a table. */
const MOST_COLUMNS = 40
const MOST_MISTAKES = 10

interface Confused {
  readonly truth: number
  readonly predicted: number
  readonly rows: number
  readonly share: number
}

export function confusionSection({ classes, confusion, measures }: ReportData): Markup {
  const entries = confusion.flatMap((row, truth): Confused[] => {
    const total = row.reduce((sum, rows) => sum + rows, 0)
    return row.map((rows, predicted) => ({ truth, predicted, rows, share: total === 0 ? 0 : rows / total }))
  })
  const wrong = entries.filter(({ truth, predicted, rows }) => truth !== predicted && rows > 0)
  wrong.sort((a, b) => b.rows - a.rows || a.truth - b.truth)
  const mistaken = {
    caption: 'Most frequent mistakes',
    columns: [
      { name: 'True class' },
      { name: 'Predicted' },
      { name: 'Rows', numeric: true },
      { name: 'Share', numeric: true },
    ],
    rows: wrong
      .slice(0, MOST_MISTAKES)
      .map(({ truth, predicted, rows, share }) => [
        name(classes[truth], 40),
        name(classes[predicted], 40),
        count(rows),
        percent(share),
      ]),
  }
  const missed = measures.rows - measures.correct
  const list = wrong.length > 0 ? html`<figure>${table(mistaken)}</figure>` : undefined
  const numbers =
    classes.length <= MOST_COLUMNS ? matrix(classes, confusion) : { ...mistaken, rows: [...mistaken.rows] }
  const picture =
    classes.length > MOST_CELLS
      ? html`<p class="note">${count(classes.length)} classes are too many for a picture.</p>`
      : figure(
          'Confusion matrix',
          'A line is a true class, a column a predicted one; colour is the share of the line.',
          chart(classes, entries),
          numbers,
        )
  return section(
    'confusion',
    'What is taken for what',
    html`<p>${missed === 0 ? 'No row is in the wrong class.' : `${plural(missed, 'row')} of ${count(measures.rows)} ${missed === 1 ? 'is' : 'are'} predicted to be of another class.`}</p>
<div class="grid">
${picture}
${list}
</div>`,
  )
}

function matrix(classes: readonly string[], confusion: ReportData['confusion']): Table {
  const columns = classes.map((text) => ({ name: brief(text, 24), numeric: true }))
  return {
    caption: 'rows of each true class, by predicted class',
    columns: [{ name: 'True class' }, ...columns],
    rows: confusion.map((row, k) => [name(classes[k], 40), ...row.map((rows) => count(rows))]),
  }
}

function chart(classes: readonly string[], entries: readonly Confused[]): Markup {
  const limit = classes.length > MOST_NUMBERS ? 10 : 14
  const marginLeft = roomFor(classes, limit) + 14
  const side = WIDTH - marginLeft - 4
  // Names under the columns stand upright where they would run into each other.
  const upright = roomFor(classes, limit) > side / classes.length + 8
  const marginTop = upright ? roomFor(classes, limit) + 16 : 36
  const right = entries.filter(({ truth, predicted, rows }) => truth === predicted && rows > 0)
  const wrong = entries.filter(({ truth, predicted, rows }) => truth !== predicted && rows > 0)
  const cell = { x: 'predicted', y: 'truth', inset: classes.length > 30 ? 0 : 0.75, rx: 1.5 }
  const numbers = classes.length <= MOST_NUMBERS
  const most = right.length === 0 ? 'none' : percent(Math.min(...right.map(({ share }) => share)))
  const label = `Grid of ${classes.length} by ${classes.length} classes; the least of the shares on the diagonal is ${most}.`
  return draw(label, {
    width: WIDTH,
    height: Math.round(side + marginTop + 4),
    marginLeft,
    marginTop,
    marginRight: 4,
    marginBottom: 4,
    padding: 0,
    x: { ...named(classes, limit), axis: 'top', label: 'Predicted', ...(upright ? { tickRotate: -90 } : {}) },
    y: { ...named(classes, limit), label: 'True' },
    marks: [
      Plot.cell(right, { ...cell, fill: 'var(--accent)', fillOpacity: ({ share }: Confused) => 0.08 + 0.72 * share }),
      Plot.cell(wrong, {
        ...cell,
        fill: 'var(--against)',
        fillOpacity: ({ share }: Confused) => 0.1 + 0.8 * Math.sqrt(share),
      }),
      ...(numbers
        ? [
            Plot.text(
              [...right, ...wrong].filter(({ rows }) => rows > 0),
              {
                x: 'predicted',
                y: 'truth',
                text: ({ rows }: Confused) => String(rows),
                fontSize: classes.length > 8 ? 9 : 11,
                fill: 'currentColor',
              },
            ),
          ]
        : []),
    ],
    opacity: { type: 'identity' },
  })
}
