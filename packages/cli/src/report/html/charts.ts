/**
 * Charts as SVG by Observable Plot, without a browser: linkedom stands for its document. Colours are those of the page (theme.ts), so
 * that a chart follows light and dark; what a chart shows is told by its label, and the marks in it are for eyes alone.
 *
 * Charts are as wide as a phone, and grow with the page: text in them stays readable.
 */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { cells } from '../../text.ts'
import { html, Markup, shown } from './markup.ts'

export { Plot }

/** The width in which charts are drawn. */
export const WIDTH = 340
/** The width of charts of which three stand side by side. */
export const NARROW = 270

const { document } = parseHTML('<!doctype html><html><body></body></html>')
/** Plot styles every chart; the page does it once. */
const ownStyle = /<style>[^<]*<\/style>/g

export function draw(label: string, options: Plot.PlotOptions): Markup {
  const chart = Plot.plot({ width: WIDTH, style: { fontSize: '11px' }, ...options, document })
  for (const name of ['class', 'style']) chart.removeAttribute(name)
  const { text } = html`<svg role="img" class="chart" aria-label="${shown(label, 400)}"`
  return new Markup(text + chart.outerHTML.replace(ownStyle, '').slice('<svg'.length))
}

/** The label of an axis in its middle. */
export const centred = { labelAnchor: 'center', labelArrow: 'none' } as const

/** A name short enough for an axis. */
export function brief(text: string, limit = 16): string {
  return shown(text, limit)
}

/** Names on a band scale: places stand for them, since short names may be alike. */
export function named(names: readonly string[], limit: number) {
  return { domain: names.map((_, i) => i), tickFormat: (i: number) => brief(names[i], limit), tickSize: 0 }
}

/** Room for names beside an axis. */
export function roomFor(names: readonly string[], limit: number): number {
  return 12 + 6.4 * names.reduce((most, text) => Math.max(most, cells(brief(text, limit))), 1)
}

/** A logarithmic axis over `values`, with a tick at each power of ten, or at every second, third, … */
export function decades(values: readonly number[]) {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(Math.log10)
  const [first, last] = [Math.ceil(least - 1e-9), Math.floor(most + 1e-9)]
  const step = Math.max(1, Math.ceil((last - first) / 6))
  const ticks = Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, i) => first + i * step)
  return { type: 'log', ticks: ticks.map((exponent) => Number(`1e${exponent}`)), tickFormat: power } as const
}

function power(value: number): string {
  const exponent = String(Math.round(Math.log10(value)))
  return `10${[...exponent].map((digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)])).join('')}`
}
