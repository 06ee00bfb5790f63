/**
 * Charts as SVG by Observable Plot, without a browser: linkedom stands for its document. Colours are those of the page (theme.ts), so
 * that a chart follows light and dark; what a chart shows is told by its label, and the marks in it are for eyes alone.
 *
 * Charts are as wide as a phone, and grow with the page: text in them stays readable.
 */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { cells } from '../../text.ts'
import { Markup, shown } from './markup.ts'

export { Plot }

/** The width in which charts are drawn. */
export const WIDTH = 360

const { document } = parseHTML('<!doctype html><html><body></body></html>')
/** Plot styles every chart; the page does it once. */
const ownStyle = /<style>[^<]*<\/style>/g

export function draw(label: string, options: Plot.PlotOptions): Markup {
  const chart = Plot.plot({ width: WIDTH, style: { fontSize: '11px' }, ...options, document })
  chart.setAttribute('role', 'img')
  chart.setAttribute('aria-label', shown(label, 400))
  chart.setAttribute('class', 'chart')
  chart.removeAttribute('style')
  return new Markup(chart.outerHTML.replace(ownStyle, ''))
}

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
