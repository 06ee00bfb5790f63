/**
 * Which rows of a file naive code gets wrong: each formula of the lesson on every row, against what maxshift gives, which has all
 * digits right.
 */
import { crossEntropyWithGradient, softmax } from 'maxshift'
import type { Format } from './formats.ts'
import {
  gradientOfProbability,
  lossOfLogSoftmax,
  lossOfProbability,
  lossOfShiftedSum,
  lossOfSum,
  shifted,
  softmaxOf,
} from './formulas.ts'

/** A formula over all rows. */
export interface Count {
  readonly formula: string
  readonly part: 'textbook' | 'shifted'
  readonly quantity: 'softmax' | 'loss' | 'gradient'
  /** Rows with a NaN, or with an infinity where there is a number. */
  notFinite: number
  /** Rows with a 0 where there is none. */
  zero: number
  /** Other rows with fewer than half of the digits right. */
  inexact: number
  /** The first row of any of these, counted from 0; −1 if there is none. */
  first: number
}

export interface Survey {
  readonly rows: number
  readonly counts: readonly Count[]
}

type Kind = 'fine' | 'notFinite' | 'zero' | 'inexact'
const ORDER: readonly Kind[] = ['fine', 'inexact', 'zero', 'notFinite']

/** `logits` holds rows of `classes` finite numbers, `labels` a place for each row. */
export function surveyRows(
  format: Format,
  logits: ArrayLike<number>,
  classes: number,
  labels: ArrayLike<number>,
): Survey {
  const counts: Count[] = []
  const count = (formula: string, part: Count['part'], quantity: Count['quantity']): Count => {
    const made = { formula, part, quantity, notFinite: 0, zero: 0, inexact: 0, first: -1 }
    counts.push(made)
    return made
  }
  const textbook = [
    count('(1)', 'textbook', 'softmax'),
    count('(2)', 'textbook', 'loss'),
    count('(3)', 'textbook', 'loss'),
    count('(4)', 'textbook', 'gradient'),
  ]
  const cured = [
    count('(5)', 'shifted', 'softmax'),
    count('(6)', 'shifted', 'loss'),
    count('(3)', 'shifted', 'loss'),
    count('(4)', 'shifted', 'gradient'),
  ]
  for (let r = 0; r < labels.length; r++) {
    const row = format.array(Array.from({ length: classes }, (_, k) => logits[r * classes + k]))
    const label = labels[r]
    const values = [...row]
    const max = values.reduce((a, b) => Math.max(a, b))
    const { loss, gradient } = crossEntropyWithGradient(row, [label], { classes })
    const exact = { softmax: softmax(row), loss: [format.round(loss)], gradient: [gradient[label]] }
    const naive = softmaxOf(format, values).values
    const safe = softmaxOf(format, shifted(format, values, max)).values
    const outcomes = [
      naive,
      lossOfProbability(format, naive[label]).values,
      lossOfSum(format, values, label).values,
      gradientOfProbability(format, naive[label]).values,
      safe,
      lossOfLogSoftmax(format, values, label, max).values,
      lossOfShiftedSum(format, values, label, max).values,
      gradientOfProbability(format, safe[label]).values,
    ]
    for (const [i, made] of [...textbook, ...cured].entries()) {
      const kind = worst(outcomes[i], exact[made.quantity], format)
      if (kind === 'fine') continue
      made[kind]++
      if (made.first < 0) made.first = r
    }
  }
  return { rows: labels.length, counts }
}

function worst(values: readonly number[], exact: ArrayLike<number>, format: Format): Kind {
  const tolerance = 10 ** (-format.digits / 2)
  let place = 0
  for (let k = 0; k < values.length; k++) place = Math.max(place, ORDER.indexOf(judge(values[k], exact[k], tolerance)))
  return ORDER[place]
}

function judge(value: number, exact: number, tolerance: number): Kind {
  if (value === exact) return 'fine'
  if (!Number.isFinite(value)) return 'notFinite'
  if (value === 0) return 'zero'
  return Math.abs(value - exact) <= tolerance * Math.abs(exact) ? 'fine' : 'inexact'
}
