import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { csvRecord } from '../src/output/csv.ts'
import { checkWritable, writeWhole } from '../src/output/write-file.ts'
import { temporaryFolder } from './helpers.ts'

const all = temporaryFolder()
afterAll(all.remove)
let folder = ''
let next = 0
beforeEach(() => {
  folder = `${all.path}/${next++}`
  mkdirSync(folder)
})

test('a file appears whole, and nothing is left beside it', async () => {
  expect(await writeWhole(`${folder}/a`, ['über ', Uint8Array.of(65)])).toBe(7)
  expect(readFileSync(`${folder}/a`, 'utf8')).toBe('über A')
  expect(readdirSync(folder)).toEqual(['a'])
})

test('when the work breaks off, the old file stays and the new one vanishes', async () => {
  const path = all.write(`${next - 1}/a`, 'old')
  async function* broken() {
    yield 'new'
    expect(readFileSync(path, 'utf8')).toBe('old')
    throw new Error('broken')
  }
  await expect(writeWhole(path, broken())).rejects.toThrow('broken')
  expect(readFileSync(path, 'utf8')).toBe('old')
  expect(readdirSync(folder)).toEqual(['a'])
})

test('a replaced file keeps its permissions, a link stays a link', async () => {
  const path = all.write(`${next - 1}/a`, 'old')
  chmodSync(path, 0o640)
  symlinkSync('a', `${folder}/link`)
  await writeWhole(`${folder}/link`, ['new'])
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(statSync(path).mode & 0o777).toBe(0o640)
  expect(readlinkSync(`${folder}/link`)).toBe('a')
})

test('what cannot be written is told before the work begins', async () => {
  await checkWritable(`${folder}/new`)
  expect(readdirSync(folder)).toEqual([])
  const file = all.write(`${next - 1}/file`, 'x')
  await expect(checkWritable(folder)).rejects.toThrow(`cannot write ${folder}: is a directory, expected a file`)
  await expect(checkWritable(`${folder}/no/model`)).rejects.toThrow(
    `cannot write ${folder}/no/model: there is no folder ${folder}/no`,
  )
  await expect(checkWritable(`${file}/model`)).rejects.toThrow(
    `cannot write ${file}/model: a part of the path is not a directory`,
  )
  expect(readdirSync(folder)).toEqual(['file'])
})

test('what is open already is added to, not replaced', async () => {
  const path = all.write(`${next - 1}/a`, 'old ')
  const file = await open(path, 'a')
  await writeWhole(`/dev/fd/${file.fd}`, ['new'])
  await file.close()
  expect(readFileSync(path, 'utf8')).toBe('old new')
})

test('a full device', async () => {
  await expect(writeWhole('/dev/full', ['x'])).rejects.toThrow('cannot write /dev/full: no space left on the device')
  expect(await writeWhole('/dev/null', ['x'])).toBe(1)
})

test('CSV fields are quoted when they must be', () => {
  expect(csvRecord(['a', 1.5, '', 'b,c', 'say "x"', 'line\nbreak', ' edge '])).toBe(
    'a,1.5,"","b,c","say ""x""","line\nbreak"," edge "\n',
  )
})
