/**
 * The table of measured errors in docs/numerics.md is the one that the reference kernels give. It may be compared letter
 * by letter, because their bits depend on no engine. To write it anew: node scripts/accuracy-table.mjs
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { referenceKernels } from '../src/kernels/js/reference.ts'
import { accuracyTable, tableWithin } from './support/measure.ts'

test('docs/numerics.md shows the measured errors', () => {
  const { table } = tableWithin(readFileSync(new URL('../../../docs/numerics.md', import.meta.url), 'utf8'))
  expect(table).toBe(accuracyTable(referenceKernels))
})
