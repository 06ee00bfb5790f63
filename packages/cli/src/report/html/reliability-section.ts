/**
 * Whether probabilities are what they say: how often a class is right that the model is so sure of.
 */
import type { CalibrationBin, CalibrationReport } from 'maxshift/regression'
import { count, plural } from '../../text.ts'
import { centred, draw, Plot } from './charts.ts'
import { html, type Markup } from './markup.ts'
import { figure, number, percent, section } from './parts.ts'
import type { Reliability, ReportData } from './report-data.ts'

const titles = { before: 'Before calibration', after: 'After calibration', only: 'Reliability' }

export function reliabilitySection({ reliability, calibration, rowsOf }: ReportData): Markup {
  const figures = reliability.map((one) => {
    const text = `Calibration error ${percent(one.ece, 2)}. A dot on the line is a group of rows that are as often right as the model says; large dots are many rows.`
    return figure(titles[one.when], text, chart(one), numbersOf(one))
  })
  const { bins } = reliability[reliability.length - 1]
  const shares = figure(
    'How sure the model is',
    'Rows by the probability of the class that is predicted.',
    histogram(bins),
    {
      caption: 'rows by probability of the predicted class',
      columns: [{ name: 'Probability' }, { name: 'Rows', numeric: true }],
      rows: bins.map((bin) => [range(bin), count(bin.rows)]),
    },
  )
  const seen =
    rowsOf === 'training data'
      ? html`<p class="note">On rows of the fit, a model is surer than on new ones.</p>`
      : undefined
  return section(
    'reliability',
    'How far to trust the probabilities',
    html`<p>${judgement(bins)}${calibration ? ` ${told(calibration)}` : ''}</p>${seen}
<div class="grid">
${figures}
${shares}
</div>`,
  )
}

/** Whether the model says too much or too little, all rows together. */
function judgement(bins: readonly CalibrationBin[]): string {
  const rows = bins.reduce((sum, bin) => sum + bin.rows, 0)
  const said = bins.reduce((sum, bin) => sum + bin.rows * bin.probability, 0) / rows
  const true_ = bins.reduce((sum, bin) => sum + bin.rows * bin.hits, 0) / rows
  return `The model is ${percent(said)} sure of its predictions on average, and right in ${percent(true_)} of the rows.`
}

function told({ temperature, rows, eceBefore, eceAfter }: CalibrationReport): string {
  const change = `from ${percent(eceBefore, 2)} to ${percent(eceAfter, 2)}`
  return `Calibration on ${plural(rows, 'held-out row')} divided the logits by ${number(temperature, 3)}; there the calibration error went ${change}.`
}

const range = ({ from, to }: CalibrationBin) => `${(100 * from).toFixed(0)}–${(100 * to).toFixed(0)} %`

function numbersOf({ bins }: Reliability) {
  return {
    caption: 'share of right predictions by probability',
    columns: [
      { name: 'Bin' },
      { name: 'Rows', numeric: true },
      { name: 'Mean probability', numeric: true },
      { name: 'Right', numeric: true },
    ],
    rows: bins
      .filter(({ rows }) => rows > 0)
      .map((bin) => [range(bin), count(bin.rows), percent(bin.probability), percent(bin.hits)]),
  }
}

const share = { domain: [0, 1], ticks: 5, tickFormat: (value: number) => `${Math.round(100 * value)}` }

function chart({ bins, ece }: Reliability): Markup {
  const filled = bins.filter(({ rows }) => rows > 0)
  const total = filled.reduce((sum, { rows }) => sum + rows, 0)
  return draw(`Dots along the diagonal: right predictions against probability; calibration error ${percent(ece, 2)}.`, {
    height: 320,
    marginRight: 12,
    x: { ...share, label: 'Probability that the model says, %', ...centred },
    y: { ...share, label: 'Right predictions, %', labelArrow: 'none', grid: true },
    r: { type: 'identity' },
    marks: [
      Plot.line([0, 1], {
        x: (value: number) => value,
        y: (value: number) => value,
        stroke: 'var(--soft)',
        strokeDasharray: '4 3',
      }),
      Plot.ruleX(filled, {
        x: 'probability',
        y1: 'probability',
        y2: 'hits',
        stroke: 'var(--accent)',
        strokeOpacity: 0.45,
        strokeWidth: 1.5,
      }),
      Plot.dot(filled, {
        x: 'probability',
        y: 'hits',
        r: ({ rows }: CalibrationBin) => 2.5 + 8 * Math.sqrt(rows / total),
        fill: 'var(--accent)',
        fillOpacity: 0.8,
      }),
    ],
  })
}

function histogram(bins: readonly CalibrationBin[]): Markup {
  const last = bins[bins.length - 1]
  const label = `Bars: of all rows, ${count(last.rows)} have a predicted class of a probability above ${percent(last.from, 0)}.`
  return draw(label, {
    height: 180,
    marginRight: 12,
    marginLeft: 48,
    x: { ...share, label: 'Probability of the predicted class, %', ...centred },
    y: { label: 'Rows', labelArrow: 'none', grid: true, ticks: 4, tickFormat: (rows: number) => count(rows) },
    marks: [
      Plot.rectY(bins, {
        x1: 'from',
        x2: 'to',
        y: 'rows',
        fill: 'var(--accent)',
        fillOpacity: 0.75,
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.ruleY([0], { stroke: 'var(--line)' }),
    ],
  })
}
