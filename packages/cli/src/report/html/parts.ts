/**
 * The pieces every section is made of: figures with the table behind them, tables that scroll by themselves, numbers.
 */
import { count } from '../../text.ts'
import { html, type Markup, type Part } from './markup.ts'

export interface Column {
  readonly name: string
  readonly numeric?: boolean
}

export interface Table {
  readonly caption: string
  readonly columns: readonly Column[]
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly Part[])[]
}

/** Rows of a table that are shown; more say nothing to a reader. */
const MOST_ROWS = 300

export function table({ caption, columns, rows }: Table): Markup {
  const head = columns.map(({ name, numeric }) => html`<th scope="col" class="${numeric ? 'n' : 't'}">${name}</th>`)
  const cell = (part: Part, i: number) => {
    const kind = columns[i].numeric ? 'n' : 't'
    return i === 0 ? html`<th scope="row" class="${kind}">${part}</th>` : html`<td class="${kind}">${part}</td>`
  }
  const body = rows.slice(0, MOST_ROWS).map((row) => html`<tr>${row.map(cell)}</tr>\n`)
  const more = rows.length - MOST_ROWS
  const rest = more > 0 ? html`<p class="note">and ${count(more)} more rows</p>` : undefined
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>${rest}`
}

/** A chart, what it shows in a sentence, and the numbers behind it. */
export function figure(title: string, text: Part, chart: Part, numbers: Table): Markup {
  return html`<figure>
<figcaption><h3>${title}</h3>${text === undefined ? undefined : html`<p>${text}</p>`}</figcaption>
${chart}
${behind(numbers)}
</figure>
`
}

/** A table that opens. */
export function behind(numbers: Table): Markup {
  return html`<details><summary>Table: ${numbers.caption}</summary>
${table(numbers)}</details>`
}

export function section(id: string, title: string, ...parts: readonly Part[]): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${parts}
</section>
`
}

/** `92.5 %`; only what is all or nothing is 100 % or 0 %. */
export function percent(share: number, digits = 1): string {
  const value = 100 * share
  if (share > 0 && value < 0.5 * 10 ** -digits) return `< ${(10 ** -digits).toFixed(digits)} %`
  if (share < 1 && value > 100 - 0.5 * 10 ** -digits) return `> ${(100 - 10 ** -digits).toFixed(digits)} %`
  return `${value.toFixed(share === 0 || share === 1 ? 0 : digits)} %`
}

/** A measured number in `digits` digits, with a real minus sign. */
export function number(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value)
  if (value === 0) return '0'
  const size = Math.abs(value)
  const text = size >= 1e5 || size < 1e-3 ? value.toExponential(digits - 1) : trim(value.toPrecision(digits))
  return text.replaceAll('-', '−')
}

function trim(text: string): string {
  return text.includes('e') ? String(Number(text)) : text
}
