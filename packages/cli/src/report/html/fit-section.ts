/**
 * How the fit went: the objective and its gradient over the passes through the data.
 */
import { plural } from '../../text.ts'
import { centred, decades, draw, Plot } from './charts.ts'
import { html, type Markup } from './markup.ts'
import { figure, number, section } from './parts.ts'
import type { ReportData } from './report-data.ts'

export function fitSection({ fit }: ReportData): Markup | undefined {
  const { history, dataPasses, iterations, tolerance, objective, gradientNorm, gapBound } = fit
  if (history.length < 2) return undefined
  const numbers = {
    caption: 'objective and gradient norm after each step',
    columns: ['Step', 'Passes', 'Objective', 'Gradient norm'].map((name) => ({ name, numeric: true })),
    rows: history.map((step) => [step.iteration, step.passes, number(step.objective, 8), number(step.gradientNorm, 3)]),
  }
  const bound =
    gapBound === undefined ? '' : ` It is proven to be at most ${number(gapBound, 2)} above the smallest possible.`
  return section(
    'fit',
    'How the fit went',
    html`<p>${plural(iterations, 'step')} took ${plural(dataPasses, 'pass', 'passes')} over the training rows.</p>
<div class="grid">
${figure('Objective', `Mean loss plus penalty; it ended at ${number(objective, 6)}.${bound}`, objectiveChart(fit), numbers)}
${figure('Gradient norm', `The fit converges when it is at most the tolerance, ${number(tolerance, 2)}. It ended at ${number(gradientNorm, 2)}.`, gradientChart(fit), { ...numbers, caption: 'gradient norm after each step', columns: [0, 1, 3].map((i) => numbers.columns[i]), rows: numbers.rows.map((row) => [row[0], row[1], row[3]]) })}
</div>`,
  )
}

const passes = { label: 'Passes over the data', ticks: 6, ...centred }

function objectiveChart({ history }: ReportData['fit']): Markup {
  const label = `Line: the objective falls from ${number(history[0].objective)} to ${number(history[history.length - 1].objective)}.`
  const finite = history.filter(({ objective }) => Number.isFinite(objective))
  return draw(label, {
    height: 220,
    x: passes,
    y: { label: null, grid: true, ticks: 5, zero: false },
    marks: [Plot.lineY(finite, { x: 'passes', y: 'objective', stroke: 'var(--accent)', strokeWidth: 2 })],
  })
}

function gradientChart({ history, tolerance }: ReportData['fit']): Markup {
  const finite = history.filter(({ gradientNorm }) => Number.isFinite(gradientNorm) && gradientNorm > 0)
  const label = `Line on a logarithmic scale: the gradient norm, against the tolerance of ${number(tolerance, 2)}.`
  return draw(label, {
    height: 220,
    x: passes,
    y: { label: null, grid: true, ...decades([tolerance, ...finite.map(({ gradientNorm }) => gradientNorm)]) },
    marks: [
      Plot.ruleY([tolerance], { stroke: 'var(--soft)', strokeDasharray: '4 3' }),
      Plot.lineY(finite, { x: 'passes', y: 'gradientNorm', stroke: 'var(--accent)', strokeWidth: 2 }),
    ],
  })
}
