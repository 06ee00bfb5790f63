import type { WriteStream } from 'node:tty'
import { expect, test } from 'vitest'
import { LiveLines } from '../src/report/live-lines.ts'

/** As much of a terminal as the display uses: it understands what is written and shows the lines. */
class Terminal {
  isTTY = true
  columns = 40
  writes = 0
  #lines: string[][] = [[]]
  #row = 0
  #column = 0

  write(text: string): boolean {
    this.writes++
    // The picture of the escape character stands for it, so that no control character is needed in a pattern.
    for (const [token] of text.replaceAll('\u001b', '␛').matchAll(/␛\[\d*[A-Za-z]|./gsu)) this.#take(token)
    return true
  }

  get screen(): string[] {
    return this.#lines.map((line) => line.join('').trimEnd())
  }

  #take(token: string): void {
    const line = this.#lines[this.#row]
    if (token === '\r') this.#column = 0
    else if (token === '\n') {
      this.#row++
      this.#column = 0
      this.#lines[this.#row] ??= []
    } else if (/^␛\[\d*A$/.test(token)) this.#row -= Number(token.slice(2, -1))
    else if (token === '␛[K') line.length = this.#column
    else if (token === '␛[J') {
      line.length = this.#column
      this.#lines.length = this.#row + 1
    } else if (!token.startsWith('␛')) line[this.#column++] = token
  }
}

const open = () => {
  const terminal = new Terminal()
  terminal.write('before\n')
  return { terminal, lines: new LiveLines(terminal as unknown as WriteStream) }
}

test('lines are drawn again in place, in one write each time', () => {
  const { terminal, lines } = open()
  lines.draw(['first drawing', 'with two lines'])
  expect(terminal.screen).toEqual(['before', 'first drawing', 'with two lines'])
  const before = terminal.writes
  lines.draw(['second', 'longer than the line before'])
  expect(terminal.writes).toBe(before + 1)
  expect(terminal.screen).toEqual(['before', 'second', 'longer than the line before'])
  lines.draw(['one line'])
  expect(terminal.screen).toEqual(['before', 'one line'])
  lines.clear()
  expect(terminal.screen).toEqual(['before', ''])
  lines.clear()
  expect(terminal.screen).toEqual(['before', ''])
})

test('lines are cut to the width as it is now, and painted after that', () => {
  const { terminal, lines } = open()
  terminal.columns = 25
  lines.draw(['a line of more than thirty characters'], (line) => `\u001b[1m${line}\u001b[22m`)
  expect(terminal.screen[1]).toBe('a line of more than thi…')
})

test('without a terminal nothing is drawn', () => {
  const { terminal, lines } = open()
  const file = new LiveLines(Object.assign(terminal, { isTTY: false }) as unknown as WriteStream)
  file.draw(['x'])
  file.clear()
  expect(lines.active).toBe(true)
  expect(file.active).toBe(false)
  expect(terminal.screen).toEqual(['before', ''])
})
