/**
 * The examples of the README and of the documents run as they are written, and print what the comments beside console.log say.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import * as maxshift from '../packages/maxshift/src/index.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'maxshift-readme-'))
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
afterAll(() => rmSync(folder, { recursive: true }))

const DOCUMENTS = ['README.md', 'docs/losses.md']

const examplesOf = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code)

/** What the comments promise, in order. A remark after a comma or a colon is for the reader. */
const promised = (code: string): string[] =>
  [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, comment]) => comment.replace(/,? where .*/, ''))

/** Arrays on one line, as the comments have them. */
const PRINT = `console.log = (value) =>
  process.stdout.write(JSON.stringify(Array.isArray(value) ? format(value) : String(value)) + '\\n')
const format = (array) => typeof array[0] === 'string'
  ? "[ " + array.map((s) => "'" + s + "'").join(', ') + ' ]'
  : '[' + array.join(', ') + ']'
`

describe.each(DOCUMENTS)('%s', (path) => {
  it.each(examplesOf(path).map((code, i) => [i + 1, code] as const))('example %d', (i, code) => {
    const file = join(folder, `${basename(path)}-${i}.mjs`)
    const imports = code.match(/^import .*$/gm) ?? []
    writeFileSync(file, `${imports.join('\n')}\n${PRINT}\n${code.replace(/^import .*$/gm, '')}`)
    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', cwd: folder })
    expect(
      printed
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(promised(code))
  })
})

it('the README names every public function', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const names = Object.keys(maxshift).filter((name) => !readme.includes(`\`${name.replace(/WithGradient$/, '')}\``))
  expect(names).toEqual([])
})
