/**
 * A few lines at the bottom of a terminal that are drawn again in place. Each drawing is one write, which clears only
 * what is left over from the drawing before, so that nothing flickers. On anything but a terminal nothing is drawn.
 */
import type { WriteStream } from 'node:tty'
import { cells, fit } from '../text.ts'

const clearLine = '\u001b[K'
const clearBelow = '\u001b[J'
const up = (lines: number) => (lines > 0 ? `\u001b[${lines}A` : '')

export class LiveLines {
  readonly #stream: WriteStream
  readonly active: boolean
  #drawn = 0

  constructor(stream: WriteStream) {
    this.#stream = stream
    this.active = stream.isTTY === true && process.env.TERM !== 'dumb'
  }

  /** The cells a line may take; the last column stays free, because some terminals wrap there. */
  get width(): number {
    return Math.max((this.#stream.columns || 80) - 1, 20)
  }

  /** Lines without escape sequences; `paint` is applied after they are cut to the width. */
  draw(lines: readonly string[], paint: (line: string, index: number) => string = (line) => line): void {
    if (!this.active) return
    const shown = lines.map((line, i) => paint(cells(line) > this.width ? fit(line, this.width) : line, i))
    // The cursor waits at the beginning of the last line: the ^C that a terminal shows cannot wrap there.
    this.#stream.write(`${this.#home()}${shown.map((line) => line + clearLine).join('\n')}${clearBelow}\r`)
    this.#drawn = lines.length
  }

  /** Whether lines are on the screen, the cursor on the last of them. */
  get shown(): boolean {
    return this.#drawn > 0
  }

  /** Takes the lines away. */
  clear(): void {
    if (this.#drawn > 0) this.#stream.write(`${this.#home()}${clearBelow}`)
    this.#drawn = 0
  }

  #home(): string {
    return `\r${up(this.#drawn - 1)}`
  }
}
