/**
 * The largest error of a backend per operation, dtype and category of the vectors, and the table that
 * docs/numerics.md shows. scripts/accuracy-table.mjs writes that table; a test compares it with a fresh measurement.
 */
import type { Kernels } from '../../src/kernels/kernels.ts'
import { CATEGORIES, type Category, vectorRows } from '../vectors/load.ts'
import {
  cancellationError,
  keepsGoal,
  OPERATIONS,
  type Operation,
  outputOf,
  singleRow,
  worstOutput,
} from './operations.ts'
import { DTYPES, type Dtype, exponentOf } from './ulp.ts'

export interface LargestError {
  /** In ulps of the dtype, over all outputs but those counted below. */
  readonly ulps: number
  /** In units of max(1, |m|), over the float64 logSumExps that miss the ulps because m and log1p(s) cancel; 0 without any. */
  readonly cancelled: number
  /** How many rows break the promise. */
  readonly broken: number
}

/** The largest error of one operation on one category. */
export function largestError(kernels: Kernels, operation: Operation, dtype: Dtype, category: Category): LargestError {
  let ulps = 0
  let cancelled = 0
  let broken = 0
  for (const { logits, label, ...row } of vectorRows(dtype, category)) {
    const actual = outputOf(operation, kernels, singleRow(dtype, logits, label))
    const worst = worstOutput(operation, dtype, actual, row, label)
    const relative = cancellationError(operation, dtype, worst, logits)
    if (relative !== undefined && worst.ulps > operation.goal[dtype]) cancelled = Math.max(cancelled, relative)
    else ulps = Math.max(ulps, worst.ulps)
    if (!keepsGoal(operation, dtype, worst, logits)) broken++
  }
  return { ulps, cancelled, broken }
}

/** An error for reading, such as `0.4998`, `1.7e7`, or `0.4998; 2^-103` with the cancelled ones rounded up to a power of two. */
function formatError({ ulps, cancelled }: LargestError): string {
  const text =
    ulps < 1000 ? ulps.toFixed(4) : ulps === Number.POSITIVE_INFINITY ? '∞' : ulps.toExponential(1).replace('+', '')
  return cancelled === 0 ? text : `${text}; 2^${exponentOf(cancelled) + 1}`
}

/** The Markdown table of all operations, dtypes and categories for one backend. */
export function accuracyTable(kernels: Kernels): string {
  const lines = [
    `| operation | dtype | promised | ${CATEGORIES.join(' | ')} |`,
    `|---|---|---|${CATEGORIES.map(() => '---|').join('')}`,
  ]
  for (const operation of OPERATIONS) {
    for (const dtype of DTYPES) {
      const errors = CATEGORIES.map((category) => formatError(largestError(kernels, operation, dtype, category)))
      lines.push(`| ${operation.name} | ${dtype} | ${operation.goal[dtype]} | ${errors.join(' | ')} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** The text between the two comments that docs/numerics.md keeps around a generated table; throws when they are missing. */
export function tableWithin(
  document: string,
  name: 'accuracy table' | 'log-exp table' = 'accuracy table',
): {
  readonly before: string
  readonly table: string
  readonly after: string
} {
  const first = `<!-- ${name}: begin (written by scripts/accuracy-table.mjs) -->`
  const last = `<!-- ${name}: end -->`
  const begin = document.indexOf(first)
  const end = document.indexOf(last)
  if (begin < 0 || end < begin) throw new Error(`${name}: expected the lines ${first} and ${last}`)
  const start = begin + first.length + 1
  return { before: document.slice(0, start), table: document.slice(start, end), after: document.slice(end) }
}
