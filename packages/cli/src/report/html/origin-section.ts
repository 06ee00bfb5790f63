/**
 * What is needed to make the report again.
 */
import { size } from '../../text.ts'
import { html, type Markup, name } from './markup.ts'
import { behind, section, table } from './parts.ts'
import type { ReportData } from './report-data.ts'

export function originSection({ origin }: ReportData): Markup {
  const { commandLine, versions, files, settings, columns, ignored } = origin
  const fileTable = {
    caption: 'Files',
    columns: [{ name: 'File' }, { name: 'Use' }, { name: 'Size', numeric: true }, { name: 'SHA-256' }],
    rows: files.map(({ path, use, bytes, sha256 }) => [
      name(path, 400),
      use,
      bytes === undefined ? '–' : size(bytes),
      sha256 === undefined ? '–' : html`<code>${sha256}</code>`,
    ]),
  }
  const settingTable = {
    caption: 'Settings and versions',
    columns: [{ name: 'Setting' }, { name: 'Value' }],
    rows: [...settings, ...versions],
  }
  const columnTable = {
    caption: 'Columns of the features',
    columns: [{ name: 'Column' }, { name: 'Kind' }, { name: 'Detail' }, { name: 'Features', numeric: true }],
    rows: columns.map((column) => [name(column.name), column.kind, name(column.detail), column.features]),
  }
  const ignoredTable = {
    caption: 'Columns left out',
    columns: [{ name: 'Column' }, { name: 'Why' }],
    rows: ignored.map((column) => [name(column.name), name(column.why)]),
  }
  return section(
    'origin',
    'Do it again',
    html`<p class="lead">The same command on the same files gives the same model, bit for bit, on every machine, unless time or a person ends the fit.</p>
<pre><code>${name(commandLine, 20_000)}</code></pre>
${table(fileTable)}
${table(settingTable)}
${columns.length > 0 ? behind(columnTable) : undefined}
${ignored.length > 0 ? behind(ignoredTable) : undefined}`,
  )
}
