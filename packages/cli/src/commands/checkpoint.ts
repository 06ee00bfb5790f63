/**
 * Where a fit is, written down now and then: a file that is replaced whole, so that the last one counts whatever happens.
 */
import type { FitOptions } from 'maxshift/regression'
import { writeWhole } from '../output/write-file.ts'

/** Between two checkpoints, in steps of the fit. */
const every = 10

export function openCheckpoint(path: string | undefined): FitOptions['checkpoint'] {
  if (path === undefined) return undefined
  return {
    every,
    async save(bytes) {
      await writeWhole(path, [bytes])
    },
  }
}
