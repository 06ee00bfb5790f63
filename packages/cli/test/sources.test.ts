/**
 * Tables in several files, patterns of paths, standard input, queries over files, and the words that choose columns.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, describe, expect, test } from 'vitest'
import { chooseSource, readSource, type SourceOptions } from '../src/input/source.ts'
import { readTable } from '../src/input/table.ts'
import { runSql, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const { write } = folder
const at = (name: string) => `${folder.path}/${name}`
const read = (names: string[], options: SourceOptions = {}) => {
  return readSource(chooseSource(names.map(at), { label: 'k', ...options }, true))
}
const said = (work: Promise<unknown>) => {
  return work.then(
    () => 'no error',
    (error: Error) => `${error.constructor.name} ${error.message.replaceAll(`${folder.path}/`, '')}`,
  )
}

describe('several files', () => {
  test('one after the other, columns by name, formats mixed', async () => {
    write('1.csv', 'a,b,k\n1,2,x\n3,4,y\n')
    write('2.tsv', 'k\tb\ta\tmore\nx\t6\t5\t-\n')
    write('3.jsonl', '{"b":8,"a":7,"k":"y"}\n')
    await runSql(`COPY (SELECT 9::FLOAT AS a, 10 AS b, 'x' AS k) TO '${at('4.parquet')}' (FORMAT parquet)`)
    const data = await read(['1.csv', '2.tsv', '3.jsonl', '4.parquet'])
    expect([...(data.features as Float64Array)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect([data.labels, data.featureNames]).toEqual([
      ['x', 'y', 'x', 'y', 'x'],
      ['a', 'b'],
    ])
  })
  test('many rows keep their order', async () => {
    for (const [i, name] of ['a.csv', 'b.tsv', 'c.csv'].entries()) {
      const rows = Array.from(
        { length: 30000 },
        (_, row) => `${30000 * i + row}${name === 'b.tsv' ? '\t' : ','}${row % 2}`,
      )
      write(`order/${name}`, `n${name === 'b.tsv' ? '\t' : ','}k\n${rows.join('\n')}\n`)
    }
    const { features } = await read(['order/*'])
    expect((features as Float64Array).every((value, i) => value === i)).toBe(true)
    const { features: other } = await read(['order/*.csv'])
    expect((other as Float64Array).every((value, i) => value === (i < 30000 ? i : i + 30000))).toBe(true)
  })
  test('Parquet types that differ', async () => {
    await runSql(`COPY (SELECT 0.1::FLOAT AS a, 1::BIGINT AS b, 'x' AS k) TO '${at('f.parquet')}' (FORMAT parquet)`)
    await runSql(
      `COPY (SELECT 0.1::DOUBLE AS a, 9007199254740993 AS b, 'y' AS k) TO '${at('d.parquet')}' (FORMAT parquet)`,
    )
    await runSql(`COPY (SELECT 0.1::DOUBLE AS a, 2::HUGEINT AS b, 'y' AS k) TO '${at('h.parquet')}' (FORMAT parquet)`)
    expect([...((await read(['f.parquet', 'h.parquet'])).features as Float64Array)]).toEqual([
      Math.fround(0.1),
      1,
      0.1,
      2,
    ])
    expect(await said(read(['f.parquet', 'd.parquet']))).toBe(
      'DataError d.parquet, row 1: column "b": expected an integer that float64 holds exactly, got "9007199254740993"',
    )
  })
  test.each([
    ['bad cell', 'a,b,k\n1,2,x\n1,oops,x\n', 'two.csv, line 3: column "b": expected a number, got "oops"'],
    ['ragged', 'a,b,k\n1,2,x\n1,2\n', 'two.csv, line 3: expected 3 fields as in the first line, got 2'],
    ['another column', 'a,c,k\n1,2,x\n', 'two.csv: no column "b", which 1.csv has'],
    ['twice a name', 'a,b,k,b\n1,2,x,3\n', 'two.csv: more than one column is called "b"'],
    ['empty', '', 'two.csv: the file is empty'],
  ])('%s: the message names the file', async (_, text, message) => {
    write('two.csv', text)
    expect(await said(read(['1.csv', 'two.csv', '2.tsv']))).toBe(`DataError ${message}`)
  })
  test('patterns', async () => {
    expect(await said(read(['none*.csv']))).toBe('DataError none*.csv: no file matches')
    write('odd[1]*.csv', 'a,k\n1,x\n2,y\n')
    expect((await read(['odd[1]*.csv'])).rows).toBe(2)
  })
})

describe('--sql', () => {
  test('types are those of the query', async () => {
    write('day.csv', 'day,n,k\n2024-02-01,1.5,x\n2025-03-01,2,y\n')
    const { features, featureNames } = await read(['day.csv'], { sql: 'SELECT month(day) AS month, n, k FROM data;' })
    expect([[...(features as Float64Array)], featureNames]).toEqual([
      [2, 1.5, 3, 2],
      ['month', 'n'],
    ])
    const twice = await read(['day.csv', '1.csv'], { sql: 'SELECT coalesce(n, a) AS n, k FROM data -- all' })
    expect([...(twice.features as Float64Array)]).toEqual([1.5, 2, 1, 3])
  })
  test.each([
    ['SELECT', /^DataError --sql: /],
    ['SELECT zzz, k FROM data', /^DataError --sql: Referenced column "zzz" not found/],
    ['SELECT 1 AS a, 2 AS k; DROP VIEW data', /^DataError --sql: syntax error/],
    ["SELECT 'oops' AS a, k FROM data WHERE false", /^DataError the result of --sql: /],
    ['SELECT NULL::INTEGER AS a, 1 AS b, k FROM data', /^DataError the result of --sql, row 1: |no error/],
  ])('%s', async (sql, message) => {
    const text = await said(read(['1.csv'], { sql }))
    expect(text).toMatch(message)
    expect(text).not.toContain('\n')
  })
})

describe('columns', () => {
  const names = async (options: SourceOptions) => (await read(['wide.csv'], options)).featureNames
  write('wide.csv', 'x1,x2,k,x3,"a*, b",x..y,é😀\n1,2,p,3,4,5,6\n7,8,q,9,1,2,3\n')
  test.each([
    [{ features: 'x1..x3' }, ['x1', 'x2', 'x3']],
    [{ features: 'x?' }, ['x1', 'x2', 'x3']],
    [{ features: '*,x1' }, ['x1', 'x2', 'x3', 'a*, b', 'x..y', 'é😀']],
    [{ features: '"a*, b",x..y' }, ['a*, b', 'x..y']],
    [{ features: 'x3..x..y' }, ['x3', 'a*, b', 'x..y']],
    [{ exclude: 'x1..x3,é?' }, ['a*, b', 'x..y']],
    [{ features: 'x*', exclude: 'x2' }, ['x1', 'x3', 'x..y']],
  ])('%j', async (options, expected) => expect(await names(options)).toEqual(expected))
  test.each([
    [{ features: 'z*' }, 'DataError wide.csv: no column matches "z*" (--features)'],
    [{ features: 'x3..x1' }, 'DataError wide.csv: column "x3" comes after "x1" (--features "x3..x1")'],
    [
      { features: 'x1..x9' },
      'DataError wide.csv: no column "x9" (--features "x1..x9"); did you mean "x1", "x2" and "x3"?',
    ],
    [{ features: 'x1', exclude: 'x1' }, 'UsageError "x1" is excluded and cannot be a feature too'],
  ])('%j', async (options, message) => expect(await said(names(options))).toBe(message))
  test('names that are awkward', async () => {
    const odd = ['"; DROP TABLE t; --', "it's", 'two\nlines', ' ', '🦊', '$1', 'c0']
    const header = odd.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')
    const rows = ['x', 'y'].map((k, i) => `${odd.map((_, j) => j + i).join(',')},${k}`)
    const path = write("odd 'name' 🦊.csv", `${header},k\n${rows.join('\n')}\n`)
    const { featureNames, features } = await readTable({ path, label: 'k' })
    expect(featureNames).toEqual(odd)
    expect([...(features as Float64Array)]).toEqual([0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7])
  })
})

describe('standard input', () => {
  const main = new URL('../dist/main.js', import.meta.url).pathname
  const run = (input: string, ...args: string[]) => {
    const env = { ...process.env, TMPDIR: tmpdir() }
    return spawnSync(process.execPath, [main, ...args], { cwd: folder.path, input, env, encoding: 'utf8' })
  }
  const spools = () => readdirSync(tmpdir()).filter((name) => /^maxshift-[^c]/.test(name)).length
  test('is read, named and removed', () => {
    const before = spools()
    const text = `a,k\n${Array.from({ length: 40 }, (_, i) => `${i % 7},${i % 2}`).join('\n')}\n`
    const fit = run(text, 'fit', '-', '--label', 'k', '--json')
    expect([fit.status, JSON.parse(fit.stdout).data.files]).toEqual([0, ['standard input']])
    const bad = run('a,k\n1,x\n2,y\noops,x\n', 'fit', '-', '--input-format', 'csv', '--label', 'k')
    expect([bad.status, bad.stderr]).toEqual([
      3,
      'maxshift fit: standard input, line 4: column "a": expected a number, got "oops"\n',
    ])
    expect(run('', 'fit', '-', '--label', 'k').stderr).toBe('maxshift fit: standard input: the file is empty\n')
    expect(spools()).toBe(before)
  })
})
