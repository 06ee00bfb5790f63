/**
 * Progress of a command on stderr: what is being done, and for a fit the bar, the solver's figures and the time left.
 * Only a terminal gets it; notes are for everyone.
 */
import type { PathProgress } from 'maxshift/regression'
import { count, duration, fit, plain, shortest } from '../text.ts'
import { type FitStep, partDone, remainingTime } from './estimate.ts'
import { LiveLines } from './live-lines.ts'
import { styleFor } from './style.ts'

/** Between two drawings, in milliseconds. */
const pause = 100

export interface FitGoal {
  tolerance: number
  maxIterations: number
  /** Rows that a pass reads. */
  rows?: number
}

export class Progress {
  readonly #lines = new LiveLines(process.stderr)
  readonly #style = styleFor(process.stderr)
  readonly #command: string
  #timer: NodeJS.Timeout | undefined
  #steps: FitStep[] = []
  #stopping = false

  constructor(command: string) {
    this.#command = command
  }

  /** Says what is going on now, until something else is drawn. */
  status(text: string): void {
    this.#lines.draw([text], this.#style.dim)
  }

  /** A line that stays, above the progress. */
  note(text: string): void {
    this.#lines.clear()
    process.stderr.write(`maxshift ${this.#command}: ${plain(text)}\n`)
  }

  /** A terminal shows ^C where the cursor is. `note` wipes it out with the lines drawn; without any, it gets its own line. */
  endKeyLine(): void {
    if (process.stderr.isTTY && !this.#lines.shown) process.stderr.write('\n')
  }

  /** Shows a fit that begins now, until `done`. */
  beginFit(goal: FitGoal): void {
    if (!this.#lines.active) return
    const begin = performance.now()
    const { bold, dim } = this.#style
    const paints = [bold, dim]
    const draw = () => {
      const elapsed = (performance.now() - begin) / 1000
      const lines = fitLines(this.#steps, goal, { width: this.#lines.width, elapsed, stopping: this.#stopping })
      this.#lines.draw(lines, (line, i) => paints[i](line))
    }
    this.#timer = setInterval(draw, pause).unref()
    draw()
  }

  /** A fit of the search for l2 is done. */
  search({ index, count: values, fold = 0, seconds }: PathProgress, folds: number): void {
    const done = index * folds + fold + 1
    const left = (seconds / done) * (values * folds - done)
    const ending = this.#stopping ? 'stopping' : `about ${duration(left)} left`
    const at = folds > 1 ? `, fold ${fold + 1} of ${folds}` : ''
    this.status(`choosing l2: value ${index + 1} of ${values}${at}  ${duration(seconds)}  ${ending}`)
  }

  /** One iteration of the fit is done. */
  step(step: FitStep): void {
    this.#steps.push(step)
  }

  /** From now on the fit is coming to an end because it was asked to. */
  stopping(): void {
    this.#stopping = true
  }

  /** Takes the progress away. */
  done(): void {
    clearInterval(this.#timer)
    this.#lines.clear()
  }
}

interface Moment {
  /** The cells a line may take. */
  width: number
  /** Seconds since the fit began. */
  elapsed: number
  stopping?: boolean
}

const title = 'fitting  '
const indent = ' '.repeat(title.length)

/** The two lines of a running fit. */
export function fitLines(steps: readonly FitStep[], goal: FitGoal, { width, elapsed, stopping }: Moment): string[] {
  const ending = stopping ? 'stopping' : timeLeft(steps, goal, elapsed)
  const barWidth = Math.max(width - title.length - 20, 5)
  const first = `${title}${bar(partDone(steps, goal.tolerance), barWidth)}  ${ending}`
  const last = steps.at(-1)
  const figures = last ? describeStep(last, goal, elapsed) : ['preparing', duration(elapsed)]
  while (figures.length > 1 && figures.join('  ').length + indent.length > width) figures.pop()
  return [fit(first, width), fit(`${indent}${figures.join('  ')}`, width)]
}

/** The most important figure first; those at the end are left out where the line is short. */
function describeStep(
  { dataPasses, objective, gradientNorm, seconds }: FitStep,
  { tolerance, rows }: FitGoal,
  elapsed: number,
) {
  return [
    `pass ${count(dataPasses)}`,
    `objective ${objective.toPrecision(6)}`,
    `gradient ${gradientNorm.toExponential(1)} → ${shortest(tolerance)}`,
    duration(elapsed),
    rows === undefined
      ? `${(seconds / dataPasses).toPrecision(2)} s/pass`
      : `${count(Math.round((rows * dataPasses) / Math.max(seconds, 1e-3)))} rows/s`,
  ]
}

function timeLeft(steps: readonly FitStep[], { tolerance, maxIterations }: FitGoal, elapsed: number): string {
  const left = remainingTime(steps, tolerance, maxIterations)
  if (left === undefined) return ''
  const since = elapsed - (steps.at(-1)?.seconds ?? elapsed)
  return `${left.estimated ? 'about' : 'at most'} ${duration(Math.max(left.seconds - since, 0))} left`
}

function bar(part: number, width: number): string {
  const full = Math.round(part * width)
  return '━'.repeat(full) + '─'.repeat(width - full)
}
