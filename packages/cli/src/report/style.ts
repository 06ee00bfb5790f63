/**
 * Colour and weight, only where a person sees them: on a terminal, and not when NO_COLOR (https://no-color.org) or
 * TERM=dumb asks for none.
 */

type Paint = (text: string) => string

export interface Style {
  bold: Paint
  dim: Paint
  good: Paint
  bad: Paint
}

const paint = (on: number, off: number): Paint => {
  return (text) => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`)
}

const coloured: Style = { bold: paint(1, 22), dim: paint(2, 22), good: paint(32, 39), bad: paint(31, 39) }
const unchanged: Paint = (text) => text
const none: Style = { bold: unchanged, dim: unchanged, good: unchanged, bad: unchanged }

export function styleFor(stream: { isTTY?: boolean }): Style {
  const wanted = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return wanted ? coloured : none
}
