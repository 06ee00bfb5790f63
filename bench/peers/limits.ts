/**
 * Two marks to read the others by: a copy of the logits, which is as fast as memory gets, and the softmax that one would
 * write by hand for a few logits.
 */
import { Absent, type Team, timeCalls } from '../contestant.ts'
import { newArray } from '../problem.ts'

export const memcpy: Team = {
  name: 'memcpy',
  version: process.version,
  ours: false,
  unchecked: true,
  call: '`out.set(logits)`: the limit of memory, not a softmax',
  enter({ logits, dtype }) {
    const out = newArray(dtype, logits.length)
    return {
      time: timeCalls(() => {
        out.set(logits)
        return out[0]
      }),
      result: () => ({}),
    }
  },
}

export const handWritten: Team = {
  name: 'hand-written',
  version: process.version,
  ours: false,
  call: 'a loop with `Math.exp` for one row, one row of 10 only',
  enter({ operation, logits, dtype, rows, classes }) {
    if (operation !== 'softmax' || rows !== 1 || classes !== 10) throw new Absent('for softmax of one row of 10 only')
    const out = newArray(dtype, classes)
    const softmax = (): number => {
      let max = -Infinity
      for (let i = 0; i < classes; i++) if (logits[i] > max) max = logits[i]
      let sum = 0
      for (let i = 0; i < classes; i++) {
        out[i] = Math.exp(logits[i] - max)
        sum += out[i]
      }
      for (let i = 0; i < classes; i++) out[i] /= sum
      return out[0]
    }
    return {
      time: timeCalls(softmax),
      result: () => {
        softmax()
        return { values: out }
      },
    }
  },
}
