/**
 * Ctrl-C. While a model is being fitted the first one asks the solver to stop after its current iteration, so that the
 * model so far can be kept; at any other time, and the second time, the process ends at once with code 130. Files that
 * were begun are removed (`output/write-file.ts`), so what is on disk is whole.
 */
import { exitCodes } from './errors.ts'
import type { Progress } from './report/progress.ts'

export class Interrupt {
  readonly #progress: Progress
  #stoppable = false
  #consequence = ''
  #written: string | undefined
  /** True once the person asked the running fit to stop. */
  requested = false

  constructor(progress: Progress) {
    this.#progress = progress
    process.on('SIGINT', () => this.#onInterrupt())
    process.on('SIGTERM', () => this.#leave(exitCodes.ended))
  }

  /** From now on the first Ctrl-C only asks; `consequence` says what becomes of the model so far. */
  enterFit(consequence: string): void {
    this.#stoppable = true
    this.#consequence = consequence
  }

  leaveFit(): void {
    this.#stoppable = false
  }

  /** The file `path` is complete. */
  wrote(path: string): void {
    this.#written = path
  }

  #onInterrupt(): void {
    this.#progress.endKeyLine()
    if (!this.#stoppable || this.requested) this.#leave(exitCodes.interrupted)
    this.requested = true
    this.#progress.note(`stopping after this iteration; ${this.#consequence} (Ctrl-C again ends at once)`)
    this.#progress.stopping()
  }

  #leave(code: number): never {
    this.#progress.note(`interrupted; ${this.#written === undefined ? 'no file' : this.#written} was written`)
    process.exit(code)
  }
}
