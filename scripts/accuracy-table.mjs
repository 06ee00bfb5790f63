/**
 * Measures the largest errors and writes the tables between the comments of docs/numerics.md: of the reference kernels per operation,
 * dtype and category of the test vectors, and of the log-exp functions.
 *
 *     node scripts/accuracy-table.mjs                  write the tables
 *     node scripts/accuracy-table.mjs --print          show them and write nothing
 *     node scripts/accuracy-table.mjs --search <file>  show the log-exp functions on a file that log-exp.py made of another seed
 *
 * It runs the sources themselves, so it needs no build. The measurements are packages/maxshift/test/support/measure.ts and
 * log-exp.ts, and tests there fail when a committed table is not the one measured.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { register } from 'node:module'

register('./typescript-loader.mjs', import.meta.url)
const { accuracyTable, tableWithin } = await import('../packages/maxshift/test/support/measure.ts')
const { loadCases, logExpTable } = await import('../packages/maxshift/test/support/log-exp.ts')
const { referenceKernels } = await import('../packages/maxshift/src/kernels/js/reference.ts')

if (process.argv[2] === '--search') process.stdout.write(logExpTable(loadCases(process.argv[3])))
else {
  const tables = { 'accuracy table': accuracyTable(referenceKernels), 'log-exp table': logExpTable(loadCases()) }
  const path = new URL('../docs/numerics.md', import.meta.url)
  let document = await readFile(path, 'utf8')
  for (const [name, table] of Object.entries(tables)) {
    process.stdout.write(`${table}\n`)
    const { before, after } = tableWithin(document, name)
    document = before + table + after
  }
  if (!process.argv.includes('--print')) await writeFile(path, document)
}
