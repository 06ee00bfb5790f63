/**
 * How the strength of the penalty was chosen: the log-loss of held-out rows along the path.
 */
import { centred, decades, draw, Plot } from './charts.ts'
import { html, type Markup } from './markup.ts'
import { figure, number, section } from './parts.ts'
import type { ReportData, Selection } from './report-data.ts'

export function selectionSection({ selection }: ReportData): Markup | undefined {
  if (selection === undefined || selection.l2s.length < 2) return undefined
  const { l2s, logLoss, standardError, chosen, best, oneStandardError, method } = selection
  const remark = (i: number) =>
    [i === chosen && 'taken', i === best && 'lowest', i === oneStandardError && 'within one standard error']
      .filter(Boolean)
      .join(', ')
  const numbers = {
    caption: 'log-loss of held-out rows by l2',
    columns: [
      { name: 'l2', numeric: true },
      { name: 'Log-loss', numeric: true },
      { name: 'Standard error', numeric: true },
      { name: '' },
    ],
    rows: l2s.map((l2, i) => [number(l2, 3), number(logLoss[i], 5), number(standardError[i], 2), remark(i)]),
  }
  return section(
    'selection',
    'How strong a penalty',
    html`<p>By ${method}: l2 = ${number(l2s[chosen], 3)} was taken, with a log-loss of ${number(logLoss[chosen])} on held-out rows.</p>
${figure('Log-loss of held-out rows', 'The band is one standard error to either side; the line marks what was taken.', chart(selection), numbers)}`,
  )
}

function chart({ l2s, logLoss, standardError, chosen }: Selection): Markup {
  const points = l2s
    .map((l2, i) => ({ l2, loss: logLoss[i], low: logLoss[i] - standardError[i], high: logLoss[i] + standardError[i] }))
    .filter(({ l2, loss }) => l2 > 0 && Number.isFinite(loss))
  const label = `Line: log-loss of held-out rows for ${l2s.length} values of l2; ${number(l2s[chosen], 3)} was taken.`
  return draw(label, {
    height: 240,
    marginRight: 12,
    x: { label: 'l2', ...centred, ...decades(points.map(({ l2 }) => l2)) },
    y: { label: null, grid: true, ticks: 5 },
    marks: [
      Plot.areaY(points, { x: 'l2', y1: 'low', y2: 'high', fill: 'var(--accent)', fillOpacity: 0.15 }),
      Plot.lineY(points, { x: 'l2', y: 'loss', stroke: 'var(--accent)', strokeWidth: 2 }),
      Plot.dot(points, { x: 'l2', y: 'loss', r: 2.5, fill: 'var(--accent)' }),
      Plot.ruleX(l2s[chosen] > 0 ? [l2s[chosen]] : [], { stroke: 'var(--soft)', strokeDasharray: '4 3' }),
    ],
  })
}
