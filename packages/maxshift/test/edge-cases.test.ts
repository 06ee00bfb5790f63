/**
 * The tables of docs/edge-cases.md are what the functions return. To write them anew: node scripts/edge-cases.mjs
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { edgeCases } from './support/edge-cases.ts'

test('docs/edge-cases.md shows what the functions return', () => {
  expect(readFileSync(new URL('../../../docs/edge-cases.md', import.meta.url), 'utf8')).toBe(edgeCases())
})
