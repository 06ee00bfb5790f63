/**
 * Words, numbers and names as they are shown to people: quoting, widths, durations, nearest names.
 *
 * File contents are untrusted, so whatever comes from a file passes through `quote` or `plain` before it reaches a
 * terminal; no control character gets through.
 */

// C0 controls, DEL and C1 controls, and the marks that reorder, join or hide text in a terminal. Put together from
// numbers: in a regular expression of its own each of them would look like a mistake.
const unprintable = new RegExp(
  `[${[
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0x200b, 0x200b],
    [0x200e, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x2069],
    [0xfeff, 0xfeff],
  ]
    .map((range) => range.map(escapeCode).join('-'))
    .join('')}]`,
  'gu',
)

function escapeCode(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`
}

/** `text` with every control character written out, such as \u001b. */
export function plain(text: string): string {
  return text.replace(unprintable, (character) => escapeCode(character.charCodeAt(0)))
}

/** `value` in double quotes on one line, cut after `limit` characters; `"` and `\` in it get a backslash. */
export function quote(value: string, limit = 60): string {
  const characters = [...value]
  const shown = characters.length > limit ? `${characters.slice(0, limit).join('')}…` : value
  return `"${plain(shown.replace(/["\\]/g, '\\$&'))}"`
}

/** `"a", "b" and 3 more`. */
export function list(names: readonly string[], limit = 8): string {
  const shown = names.slice(0, limit).map((name) => quote(name))
  const rest = names.length - shown.length
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

/** 60000 → `60,000`, the same in every locale. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A setting in at most four digits: `1e-3`, `1.667e-5`, `0.25`. */
export function shortest(value: number): string {
  const rounded = Number(value.toPrecision(4))
  const [plainForm, scientific] = [String(rounded), rounded.toExponential()]
  return scientific.length < plainForm.length ? scientific : plainForm
}

/** `1 row`, `2 rows`. */
export function plural(n: number, noun: string, nouns = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : nouns}`
}

/** Seconds for a person: `0.4 s`, `12 s`, `3:05 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes}:${String(whole % 60).padStart(2, '0')} min`
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`
}

/** Bytes for a person: `512 bytes`, `62.9 kB`, `47.0 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return plural(bytes, 'byte')
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

// Characters that take two cells: East Asian wide and full-width forms, and pictographs.
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const zeroWidth = /\p{Mark}|\u200d/u

/** The cells `text` takes in a terminal: 2 for wide characters, 0 for combining marks, 1 otherwise. */
export function cells(text: string): number {
  let total = 0
  for (const character of text) total += zeroWidth.test(character) ? 0 : wide.test(character) ? 2 : 1
  return total
}

/** `text` cut to at most `width` cells, the last one an ellipsis when something was cut. */
export function fit(text: string, width: number): string {
  if (cells(text) <= width) return text
  let out = ''
  for (const character of text) {
    if (cells(out + character) > width - 1) break
    out += character
  }
  return `${out}…`
}

/** The edit distance with transpositions (optimal string alignment), upper and lower case taken as equal. */
export function editDistance(left: string, right: string): number {
  const a = left.toLowerCase()
  const b = right.toLowerCase()
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + change)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]
}

/** The up to three names closest to `wanted`, none of them further than a third of its letters (at least 2). */
export function nearest(wanted: string, names: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3))
  return names
    .map((name) => ({ name, distance: editDistance(wanted.slice(0, 200), name.slice(0, 200)) }))
    .filter(({ name, distance }) => distance <= limit && distance < Math.max(wanted.length, name.length))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
}
