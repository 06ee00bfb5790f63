/**
 * The formulas of the lesson, computed operation by operation in a format, and what goes wrong in each:
 *
 *   (1) p_j = exp(o_j) / Σ_k exp(o_k)                (5) p_j = exp(o_j − m) / Σ_k exp(o_k − m), m the largest logit
 *   (2) loss = −log p_y                              (6) loss = −((o_y − m) − log Σ_k exp(o_k − m))
 *   (3) loss = log Σ_k exp(o_k) − o_y                (4) gradient at the label: p_y − 1
 *
 * A formula tells `why` in the words of the operation that left the format, or lost digits.
 */
import { type Format, show } from './formats.ts'

/** What a formula gives: one number, or one per class. */
export interface Outcome {
  readonly values: readonly number[]
  /** What happened, if something did. */
  readonly why: readonly string[]
}

interface Powers extends Outcome {
  readonly sum: number
}

const short = (value: number): string => show(value, 4)

/** exp of every entry, and their sum; `names` say what each is the exponential of. */
function exponentials(format: Format, entries: readonly number[]): Powers {
  const values = entries.map((entry) => format.round(Math.exp(entry)))
  const sum = values.reduce((a, b) => format.round(a + b), 0)
  const why: string[] = []
  const over = entries.findIndex((_, k) => values[k] === Infinity && entries[k] !== Infinity)
  if (over >= 0) {
    why.push(`exp(${short(entries[over])}) overflows: the largest ${format.name} is ${short(format.largest)}`)
  } else if (sum === Infinity) why.push(`the sum of the exponentials overflows`)
  const under = entries.reduce(
    (a, entry, k) => (values[k] === 0 && entry > -Infinity ? Math.max(a, entry) : a),
    -Infinity,
  )
  if (under > -Infinity) {
    why.push(`exp(${short(under)}) underflows to 0: the smallest ${format.name} is ${short(format.smallest)}`)
  }
  return { values, sum, why }
}

/** (1), of the logits, and (5), of the shifted ones. */
export function softmaxOf(format: Format, entries: readonly number[]): Outcome {
  const { values: powers, sum, why } = exponentials(format, entries)
  const values = powers.map((power) => format.round(power / sum))
  if (sum === 0) return { values, why: [...why, 'the sum is 0, and 0/0 is NaN'] }
  if (powers.includes(Infinity) && sum === Infinity) return { values, why: [...why, '∞/∞ is NaN'] }
  return { values, why }
}

/** (2), from the probabilities of (1). */
export function lossOfProbability(format: Format, prob: number): Outcome {
  const loss = format.round(-Math.log(prob)) + 0
  if (Number.isNaN(prob)) return { values: [Number.NaN], why: ['the probability was NaN already'] }
  if (prob === 0) return { values: [loss], why: ['log(0) is −∞'] }
  if (prob === 1) return { values: [loss], why: ['the probability was rounded to 1, and log(1) is 0'] }
  return { values: [loss], why: prob > 0.5 ? ['1 minus something small kept few digits of it'] : [] }
}

/** (4), from the probabilities of (1) or (5). */
export function gradientOfProbability(format: Format, prob: number): Outcome {
  const gradient = format.round(prob - 1)
  if (Number.isNaN(prob)) return { values: [Number.NaN], why: ['the probability was NaN already'] }
  if (prob === 1)
    return { values: [gradient], why: ['the probability was rounded to 1, and nothing is left to learn from'] }
  return { values: [gradient], why: prob > 0.5 ? ['p − 1 cancels: only digits that p had are left'] : [] }
}

/** (3), as it stands. */
export function lossOfSum(format: Format, logits: readonly number[], label: number): Outcome {
  const { sum, why } = exponentials(format, logits)
  const log = format.round(Math.log(sum))
  const loss = format.round(log - logits[label])
  if (sum === 0) return { values: [loss], why: [...why, 'log(0) is −∞'] }
  return {
    values: [loss],
    why: sum === Infinity ? [...why, 'log(∞) is ∞'] : [...why, ...differenceLoss(format, log, loss)],
  }
}

/** (3) after the shift: m + log Σ_k exp(o_k − m) − o_y. */
export function lossOfShiftedSum(format: Format, logits: readonly number[], label: number, max: number): Outcome {
  const { sum } = exponentials(format, shifted(format, logits, max))
  const log = format.round(max + format.round(Math.log(sum)))
  const loss = format.round(log - logits[label])
  return { values: [loss], why: differenceLoss(format, log, loss) }
}

/** Digits of a small difference of large numbers. */
function differenceLoss(format: Format, log: number, loss: number): string[] {
  if (!(Math.abs(loss) < Math.abs(log) / 4)) return []
  const spacing = spacingAt(format, Math.abs(log))
  return [`numbers near ${short(log)} lie ${short(spacing)} apart: what is finer is lost in the difference`]
}

function spacingAt(format: Format, value: number): number {
  const precision = format.name === 'float32' ? 23 : 52
  return 2 ** (Math.floor(Math.log2(value)) - precision)
}

/** (6). */
export function lossOfLogSoftmax(format: Format, logits: readonly number[], label: number, max: number): Outcome {
  const entries = shifted(format, logits, max)
  const { values, sum } = exponentials(format, entries)
  const log = format.round(Math.log(sum))
  const loss = -format.round(entries[label] - log) + 0
  const others = values.reduce((a, b) => a + b, 0) - 1
  if (entries[label] !== 0 || others >= 0.5) return { values: [loss], why: [] }
  const rest = values.filter((_, k) => k !== label).reduce((a, b) => a + b, 0)
  const why =
    sum === 1 ? `1 + ${short(rest)} is rounded to 1, and log(1) is 0` : `1 + ${short(rest)} keeps few digits of it`
  return { values: [loss], why: [why] }
}

export function shifted(format: Format, logits: readonly number[], max: number): number[] {
  return logits.map((logit) => format.round(logit - max))
}
