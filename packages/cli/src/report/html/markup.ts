/**
 * HTML that is safe by construction: whatever is put into an `html` template is escaped, unless it is markup itself.
 *
 * Names of columns, classes and files are untrusted. In text and in quoted attributes the five characters that end either are
 * written as entities; `shown` also writes out control characters and marks that reorder text, and cuts what is endless.
 */
import { plain } from '../../text.ts'

/** Text that is HTML already. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Part = Markup | string | number | undefined | readonly Part[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function render(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(render).join('')
  return String(part).replace(/[&<>"']/g, (character) => entities[character])
}

/** A template of HTML; attributes in it must be quoted. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((text, i) => text + render(parts[i])).join(''))
}

/** `text` without control characters, cut after `limit` characters. */
export function shown(text: string, limit = 160): string {
  const characters = [...text.slice(0, 2 * limit + 2)]
  return plain(characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : text)
}

/** A name in running text: isolated, so that its direction does not spill over. */
export function name(text: string, limit = 160): Markup {
  return html`<bdi>${shown(text, limit)}</bdi>`
}
