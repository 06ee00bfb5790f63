/**
 * transformers.js: its `softmax` and `log_softmax`, which take one row and return a new array; rows are views of the logits.
 */
import { Absent, type Contestant, type Outcome, type Team, timeCalls } from '../contestant.ts'
import { type FloatArray, newArray, type Problem } from '../problem.ts'

interface Transformers {
  env: { version: string }
  softmax(row: FloatArray): FloatArray
  log_softmax(row: FloatArray): FloatArray
}

function enter(library: Transformers, { operation, logits, rows, classes, dtype }: Problem): Contestant {
  if (operation !== 'softmax' && operation !== 'logSoftmax') throw new Absent(`transformers.js has no ${operation}`)
  const compute = operation === 'softmax' ? library.softmax : library.log_softmax
  const views = Array.from({ length: rows }, (_, row) => logits.subarray(row * classes, (row + 1) * classes))
  return {
    time: timeCalls(() => {
      let sum = 0
      for (const view of views) sum += compute(view)[0]
      return sum
    }),
    result: (): Outcome => {
      const values = newArray(dtype, logits.length)
      for (let row = 0; row < rows; row++) values.set(compute(views[row]), row * classes)
      return { values }
    },
  }
}

export async function transformers(): Promise<Team> {
  const name: string = '@huggingface/transformers'
  const library = (await import(name)) as Transformers
  const call = '`softmax(row)`, row by row'
  const { version } = library.env
  return {
    name: 'transformers.js',
    version,
    ours: false,
    seldom: true,
    call,
    enter: (problem) => enter(library, problem),
  }
}
