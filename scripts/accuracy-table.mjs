/**
 * Measures the largest error of the reference kernels per operation, dtype and category of the test vectors, and writes
 * the table between the two comments of docs/numerics.md.
 *
 *     node scripts/accuracy-table.mjs           write the table
 *     node scripts/accuracy-table.mjs --print   show it and write nothing
 *
 * It runs the sources themselves, so it needs no build. The measurement is packages/maxshift/test/support/measure.ts,
 * and a test there fails when the committed table is not the one measured.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { register } from 'node:module'

register('./typescript-loader.mjs', import.meta.url)
const { accuracyTable, tableWithin } = await import('../packages/maxshift/test/support/measure.ts')
const { referenceKernels } = await import('../packages/maxshift/src/kernels/js/reference.ts')

const table = accuracyTable(referenceKernels)
process.stdout.write(table)
if (!process.argv.includes('--print')) {
  const path = new URL('../docs/numerics.md', import.meta.url)
  const { before, after } = tableWithin(await readFile(path, 'utf8'))
  await writeFile(path, before + table + after)
}
