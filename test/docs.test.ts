/**
 * The documents agree with the code: the API reference is the one that typedoc makes, and every name of ours in the migration
 * tables exists.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as maxshift from 'maxshift'
import { expect, it } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file.slice(folder.length), readFileSync(file, 'utf8')]),
  )

it('docs/api is the reference of the sources (npm run docs)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'maxshift-docs-'))
  try {
    execFileSync('npx', ['typedoc', '--out', folder], { cwd: path('.'), stdio: 'pipe' })
    expect(filesOf(folder)).toEqual(filesOf(path('docs/api')))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('docs/migration.md names what there is', () => {
  const rows = readFileSync(path('docs/migration.md'), 'utf8').matchAll(/^\| .*? \| (.*?) \| .*\|$/gm)
  const names = [...rows].flatMap(([, ours]) => [...ours.matchAll(/`-?([a-z]\w*)(?=[(`.])/gi)].map(([, name]) => name))
  expect(names.length).toBeGreaterThan(50)
  expect([...new Set(names)].filter((name) => name !== 'maxshift' && !(name in maxshift))).toEqual([])
})
