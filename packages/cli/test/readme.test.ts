/**
 * The README: every command in it runs as written and prints what it shows there, times aside; every field is in its table.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imagePair, irises, maxshift, runSql, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

interface Example {
  command: string
  /** What the README shows of it; '' when it shows nothing. */
  shown: string
}

const examples: Example[] = [...readme.matchAll(/```console\n(.*?)```/gs)].flatMap(([, block]) => {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => ({ command: text.slice(0, text.indexOf('\n')), shown: text.slice(text.indexOf('\n') + 1) }))
})

beforeAll(async () => {
  const table = irises()
  folder.write('iris.csv', table)
  folder.write('logits.csv', 'cat,dog,label\n1000,0,cat\n0,20,dog\n')
  folder.write('new.csv', table.split('\n').slice(0, 4).join('\n'))
  const iris = `${folder.path}/iris.csv`
  await runSql(`COPY (SELECT * FROM read_csv('${iris}')) TO '${folder.path}/train.parquet'`)
  await runSql(`COPY (SELECT * FROM read_csv('${iris}') LIMIT 20) TO '${folder.path}/test.jsonl'`)
  const { images, labels } = imagePair()
  folder.write('images', images)
  folder.write('labels', labels)
  folder.write('train-images.gz', gzipSync(images))
  folder.write('train-labels.gz', gzipSync(labels))
  // The command by its name, for the shell.
  mkdirSync(`${folder.path}/bin`)
  const main = fileURLToPath(new URL('../bin/maxshift.js', import.meta.url))
  chmodSync(folder.write('bin/maxshift', `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`), 0o755)
})

/** Times differ from run to run, and the size of a file with what a report tells. */
const withoutTimes = (text: string) =>
  text.replace(/\b[\d.]+ s\b/g, '_ s').replace(/\([\d.]+ (bytes|kB)\)/, '(_ bytes)')

test('there are examples', () => expect(examples.length).toBeGreaterThan(5))

test.each(examples)('$ $command', ({ command, shown }) => {
  const env = { ...process.env, PATH: `${folder.path}/bin:${process.env.PATH}` }
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: folder.path, env, encoding: 'utf8' })
  expect([status, stderr.includes('Error')]).toEqual([0, false])
  if (shown !== '') expect(withoutTimes(`${stdout}${stderr}`)).toBe(withoutTimes(shown.trimEnd().concat('\n')))
})

test('every field of --json is described', async () => {
  const { write, path: cwd } = folder
  write('mixed.csv', irises().replaceAll('\n', ',x\n').replace(',x', ',note'))
  const runs = [
    ['fit', 'mixed.csv', '--label', 'species', '--test', 'iris.csv', '--model', 'm.safetensors'],
    ['fit', 'mixed.csv', '--label', 'species'],
    ['evaluate', 'iris.csv', '--label', 'species', '--model', 'm.safetensors'],
    ['predict', 'iris.csv', '--model', 'm.safetensors', '--probabilities'],
    ['predict', 'iris.csv', '--model', 'm.safetensors', '--output', 'p.csv'],
  ]
  const fields = new Set<string>()
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if (!Array.isArray(value)) for (const key of Object.keys(value)) fields.add(key)
    for (const inner of Object.values(value)) collect(inner)
  }
  for (const args of runs) collect(JSON.parse((await maxshift([...args, '--json'], { cwd })).stdout))
  expect(fields.size).toBeGreaterThan(30)
  expect([...fields].filter((field) => !readme.includes(`\`${field}\``))).toEqual([])
})

test('a fit reaches the optimum that was computed elsewhere', async () => {
  // Newton's method with 80-bit gradients found it. A gradient norm of 1e-8 leaves about 1e-16; the rest is rounding.
  const { objective } = JSON.parse(
    readFileSync(new URL('../../maxshift/test/fixtures/optimum-iris.json', import.meta.url), 'utf8'),
  )
  const args = [
    'fit',
    'iris.csv',
    '--label',
    'species',
    '--l2',
    String(1 / 150),
    '--no-standardize',
    '--tolerance',
    '1e-8',
    '--json',
  ]
  const { stdout } = await maxshift(args, { cwd: folder.path })
  expect(Math.abs(JSON.parse(stdout).fit.objective / objective - 1)).toBeLessThan(1e-14)
})

test('what the README quotes of the lesson is in it', async () => {
  const [, quoted] = /```text\n(.*?)```/s.exec(readme) ?? []
  const { stdout } = await maxshift(['explain', '20', '0', '-5'], { cwd: folder.path })
  const lines = new Set(stdout.split('\n'))
  expect(quoted.split('\n').filter((line) => !lines.has(line))).toEqual([])
})
