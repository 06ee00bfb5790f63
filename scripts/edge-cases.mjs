/**
 * Writes docs/edge-cases.md: what infinities, NaN, masks and empty input give, computed by the sources themselves.
 */
import { writeFile } from 'node:fs/promises'
import { register } from 'node:module'

register('./typescript-loader.mjs', import.meta.url)
const { edgeCases } = await import('../packages/maxshift/test/support/edge-cases.ts')

await writeFile(new URL('../docs/edge-cases.md', import.meta.url), edgeCases())
