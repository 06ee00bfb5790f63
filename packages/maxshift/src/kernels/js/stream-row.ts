/**
 * The second pass over a stream: softmax and logSoftmax of a chunk, given the state of the whole.
 *
 * The state is brought into the row of double-row.ts or single-row.ts, and the loops are those of rows: a result depends on its entry
 * and on the state alone, not on the chunk that it came in.
 */
import type { FloatArray } from '../../arrays.ts'
import { powerOfTwo } from '../../special/bits.ts'
import { log1p } from '../../special/log.ts'
import { writeSoftmax as writeDouble } from './double.ts'
import { row as doubleRow, finishLog, lossOf, UNIT } from './double-row.ts'
import { writeSoftmax as writeSingle } from './single.ts'
import { restoreRow, row as singleRow } from './single-row.ts'
import type { SumState } from './sum-state.ts'
import { restoreState } from './sum-value.ts'

/** Streams without a finite maximum, as limits.ts for rows: the limit with one +∞, else NaN. */
function writeLimit({ max, second }: SumState, isLog: boolean, values: FloatArray, out: FloatArray): void {
  const certain = max === Number.POSITIVE_INFINITY && second < Number.POSITIVE_INFINITY ? 1 : Number.NaN
  const elsewhere = isLog ? certain * Number.NEGATIVE_INFINITY : certain - 1
  const there = isLog ? certain - 1 : certain
  for (let i = 0; i < values.length; i++) out[i] = values[i] === Number.POSITIVE_INFINITY ? there : elsewhere
}

/** Brings a state with a finite maximum into the row that serves the dtype. */
export function restoreChunk(state: SumState, isSingle: boolean): void {
  restoreState(state, isSingle ? 'float32' : 'float64')
  if (!isSingle) return
  const { hi, exponent } = doubleRow.others
  restoreRow(state.max, state.second, hi * powerOfTwo(Math.max(exponent, -1022)))
}

function writeLogs(values: FloatArray, out: FloatArray): void {
  if (values instanceof Float32Array) {
    const log = log1p(singleRow.others)
    for (let i = 0; i < values.length; i++) out[i] = values[i] - singleRow.max - log
    for (let i = 0; i < values.length; i++) out[i] += 0 // −L that rounded to −0 becomes +0
  } else {
    finishLog()
    for (let i = 0; i < values.length; i++) out[i] = 0 - lossOf(values[i])
  }
}

/** out_i = exp(values_i) / Σ exp, or its logarithm, where the sum is that of the whole stream. */
export function writeEntries(state: SumState, isLog: boolean, values: FloatArray, out: FloatArray): void {
  if (!Number.isFinite(state.max)) {
    writeLimit(state, isLog, values, out)
    return
  }
  const isSingle = values instanceof Float32Array
  restoreChunk(state, isSingle)
  if (isLog) writeLogs(values, out)
  else if (isSingle) writeSingle(values, 0, values.length, 1, out)
  else writeDouble(values, 0, values.length, UNIT, out)
}
