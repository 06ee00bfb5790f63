/**
 * The lesson as data: for each format the formulas as in the textbook, after the shift by the largest logit, and as maxshift
 * computes them, with the digits that are right.
 */
import type { Decimal } from 'decimal.js'
import { crossEntropyWithGradient, softmax } from 'maxshift'
import { exactRow, rightDigits } from './exact.ts'
import { FORMATS, type Format } from './formats.ts'
import {
  gradientOfProbability,
  lossOfLogSoftmax,
  lossOfProbability,
  lossOfShiftedSum,
  lossOfSum,
  type Outcome,
  shifted,
  softmaxOf,
} from './formulas.ts'

/** One formula in one format. */
export interface Step {
  /** As the lesson numbers it; maxshift has none. */
  readonly formula: string
  readonly quantity: 'softmax' | 'loss' | 'gradient'
  readonly expression: string
  readonly values: readonly number[]
  /** Right decimal digits of the worst value, of `Course.digits`. */
  readonly digits: number
  readonly why: readonly string[]
}

export interface Part {
  readonly title: string
  readonly steps: readonly Step[]
}

export interface Course {
  readonly format: Format
  /** The logits in this format. */
  readonly logits: readonly number[]
  readonly parts: readonly Part[]
}

export interface Lesson {
  readonly logits: readonly number[]
  readonly label: number
  /** Of the logits as they were given, to 16 digits, beyond the range of any format. */
  readonly exact: { readonly probs: readonly string[]; readonly loss: string; readonly gradient: string }
  /** One for each format that can hold the logits. */
  readonly courses: readonly Course[]
}

const decimal = (value: Decimal): string => value.toSignificantDigits(16).toString()

/** `logits` are finite and at least two, `label` is one of their places. */
export function makeLesson(logits: readonly number[], label: number): Lesson {
  const { probs, loss, gradient } = exactRow(logits, label)
  const exact = { probs: probs.map(decimal), loss: decimal(loss), gradient: decimal(gradient) }
  const able = FORMATS.filter(({ round }) => logits.every((logit) => Number.isFinite(round(logit))))
  return { logits, label, exact, courses: able.map((format) => makeCourse(format, logits, label)) }
}

function makeCourse(format: Format, given: readonly number[], label: number): Course {
  const logits = given.map(format.round)
  const exact = exactRow(logits, label)
  const max = logits.reduce((a, b) => Math.max(a, b))
  const wanted = { softmax: exact.probs, loss: [exact.loss], gradient: [exact.gradient] }

  const step = (formula: string, quantity: Step['quantity'], expression: string, { values, why }: Outcome): Step => {
    const right = values.map((value, k) => rightDigits(value, wanted[quantity][k], format.round, format.digits))
    const digits = right.reduce((a, b) => Math.min(a, b))
    return { formula, quantity, expression, values, digits, why: digits < format.digits ? why : [] }
  }

  const naive = softmaxOf(format, logits)
  const textbook = [
    step('(1)', 'softmax', 'exp(o) / Σ exp(o)', naive),
    step('(2)', 'loss', '−log p_y', lossOfProbability(format, naive.values[label])),
    step('(3)', 'loss', 'log Σ exp(o) − o_y', lossOfSum(format, logits, label)),
    step('(4)', 'gradient', 'p_y − 1', gradientOfProbability(format, naive.values[label])),
  ]
  const safe = softmaxOf(format, shifted(format, logits, max))
  const cured = [
    step('(5)', 'softmax', 'exp(o − m) / Σ exp(o − m)', {
      ...safe,
      why: [...safe.why, ...roundedDifferences(logits, max)],
    }),
    step('(6)', 'loss', '−((o_y − m) − log Σ exp(o − m))', lossOfLogSoftmax(format, logits, label, max)),
    step('(3)', 'loss', '(m + log Σ exp(o − m)) − o_y', lossOfShiftedSum(format, logits, label, max)),
    step('(4)', 'gradient', 'p_y − 1', gradientOfProbability(format, safe.values[label])),
  ]
  const row = format.array(logits)
  const own = crossEntropyWithGradient(row, [label], { classes: logits.length })
  const nothing: readonly string[] = []
  const ours = [
    step('', 'softmax', 'softmax(o)', { values: [...softmax(row)], why: nothing }),
    step('', 'loss', 'crossEntropy(o, y)', { values: [format.round(own.loss)], why: nothing }),
    step('', 'gradient', 'crossEntropyWithGradient(o, y)', { values: [own.gradient[label]], why: nothing }),
  ]
  const parts = [
    { title: 'As in the textbook', steps: textbook },
    { title: 'After the shift by the largest logit, m', steps: cured },
    { title: 'maxshift', steps: ours },
  ]
  return { format, logits, parts }
}

/** What the shift costs softmax: one rounding of each difference. */
function roundedDifferences(logits: readonly number[], max: number): string[] {
  const farthest = logits.reduce((a, b) => Math.max(a, max - b), 0)
  return farthest > 1 ? ['o − m is rounded once, and exp makes |o − m| times as much of it'] : []
}
