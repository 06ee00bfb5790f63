/**
 * How well each class is found.
 */
import { count } from '../../text.ts'
import { centred, draw, named, Plot, roomFor } from './charts.ts'
import { html, type Markup, name } from './markup.ts'
import { behind, percent, section } from './parts.ts'
import type { ClassFacts, ReportData } from './report-data.ts'

/** Classes in the picture, those found worst. */
const MOST_CLASSES = 24

export function classesSection({ perClass }: ReportData): Markup {
  const numbers = {
    caption: 'precision, recall and F1 of each class',
    columns: [
      { name: 'Class' },
      ...['Rows', 'Predicted', 'Precision', 'Recall', 'F1'].map((name) => ({ name, numeric: true })),
    ],
    rows: perClass.map((one) => [
      name(one.name, 80),
      count(one.support),
      count(one.predicted),
      percent(one.precision),
      percent(one.recall),
      percent(one.f1),
    ]),
  }
  const sorted = perClass.filter(({ support, predicted }) => support + predicted > 0).sort((a, b) => a.f1 - b.f1)
  const drawn = sorted.slice(0, MOST_CLASSES)
  const left =
    sorted.length > drawn.length ? ` The ${drawn.length} classes found worst, of ${count(sorted.length)}.` : ''
  return section(
    'classes',
    'Class by class',
    html`<p>Precision: of the rows predicted to be of a class, the share that are. Recall: of the rows of a class, the share that are
predicted to be. F1 is their harmonic mean.${left}</p>
<figure>
<ul class="key"><li class="dot">precision</li><li class="ring">recall</li></ul>
${chart(drawn)}
${behind(numbers)}
</figure>`,
  )
}

function chart(classes: readonly ClassFacts[]): Markup {
  const names = classes.map((one) => one.name)
  const marks = classes.map((one, place) => ({ ...one, place }))
  const least = classes.reduce((least, { precision, recall }) => Math.min(least, precision, recall), 1)
  const label = `Dots for precision and recall of ${classes.length} classes, those found worst first.`
  return draw(label, {
    height: 44 + 20 * classes.length,
    marginLeft: roomFor(names, 18),
    marginRight: 12,
    marginTop: 8,
    x: {
      domain: [Math.min(0.9, Math.floor(10 * least) / 10), 1],
      label: 'Share, %',
      ...centred,
      grid: true,
      ticks: 5,
      tickFormat: (value: number) => String(Math.round(100 * value)),
    },
    y: { ...named(names, 18), label: null },
    marks: [
      Plot.ruleY(marks, { y: 'place', x1: 'precision', x2: 'recall', stroke: 'var(--soft)', strokeOpacity: 0.5 }),
      Plot.dot(marks, { y: 'place', x: 'recall', r: 4, stroke: 'var(--soft)', strokeWidth: 1.5, fill: 'var(--panel)' }),
      Plot.dot(marks, { y: 'place', x: 'precision', r: 3.5, fill: 'var(--accent)' }),
    ],
  })
}
