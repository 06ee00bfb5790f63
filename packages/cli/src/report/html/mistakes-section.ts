/**
 * The most confident mistakes: rows that deserve a second look, at the model or at their label.
 */
import { count } from '../../text.ts'
import { baseName } from './headline.ts'
import { html, type Markup, name, shown } from './markup.ts'
import { number, percent, section, table } from './parts.ts'
import { pngAddress } from './png.ts'
import type { Mistake, ReportData, Thumbnail } from './report-data.ts'

export function mistakesSection({ mistakes, title }: ReportData): Markup | undefined {
  if (mistakes.length === 0) return undefined
  const pictures = mistakes.some(({ picture }) => picture !== undefined)
  return section(
    'mistakes',
    'The most confident mistakes',
    html`<p>The rows whose true class the model holds for least likely, of ${name(baseName(title), 80)}: look at them for wrong labels first, then for what the
model cannot see.</p>
<figure>${pictures ? gallery(mistakes) : listing(mistakes)}</figure>`,
  )
}

function gallery(mistakes: readonly Mistake[]): Markup {
  const items = mistakes.map(({ row, truth, predicted, probability, picture }) => {
    const alt = `Image ${row}, a ${shown(truth, 40)} taken for ${shown(predicted, 40)}`
    const image =
      picture &&
      html`<img ${picture.channels === 1 ? html`class="ink" ` : undefined}src="${addressOf(picture)}" width="${picture.width}" height="${picture.height}" alt="${alt}">`
    return html`<li>${image}<b>${name(truth, 30)}</b> taken for <b>${name(predicted, 30)}</b>
<span class="soft">${percent(probability)} sure · image ${count(row)}</span></li>\n`
  })
  return html`<ul class="pictures">
${items}</ul>`
}

/** Ink on the paper: pictures of one channel are dark where they have much. */
function addressOf({ width, height, channels, pixels }: Thumbnail): string {
  if (channels === 1) return pngAddress(width, height, (place) => [20, 24, 28, pixels[place]])
  return pngAddress(width, height, (place) => [...pixels.subarray(3 * place, 3 * place + 3), 255])
}

function listing(mistakes: readonly Mistake[]): Markup {
  const withValues = mistakes.some(({ values }) => values !== undefined && values.length > 0)
  return table({
    caption: 'Rows counted from 1, without the header',
    columns: [
      { name: 'Row', numeric: true },
      { name: 'True class' },
      { name: 'Predicted' },
      { name: 'How sure', numeric: true },
      { name: 'Loss', numeric: true },
      ...(withValues ? [{ name: 'What misled it most' }] : []),
    ],
    rows: mistakes.map(({ row, truth, predicted, probability, loss, values }) => [
      count(row),
      name(truth, 40),
      name(predicted, 40),
      percent(probability),
      number(loss, 3),
      ...(withValues
        ? [
            (values ?? []).map(
              ({ column, value }, i) => html`${i > 0 ? ', ' : ''}${name(column, 40)} = ${name(value, 40)}`,
            ),
          ]
        : []),
    ]),
  })
}
