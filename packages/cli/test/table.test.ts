import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import type { Dataset } from '../src/input/dataset.ts'
import { describeIgnored, readTable } from '../src/input/table.ts'
import { runSql, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const { write } = folder

/** The features of a table without text. */
function numbers({ features }: Dataset): number[] {
  if ('indptr' in features) throw new Error('expected dense features')
  return Array.from(features)
}

const abc = 'a,b,kind\n1,2.5,x\n-3,1e-3,y\n'
const abcRows = [1, 2.5, -3, 1e-3]

describe('formats', () => {
  const check = async (path: string) => {
    const table = await readTable({ path, label: 'kind' })
    const { recipe, unseen, ...rest } = table
    expect(recipe?.columns.map(({ kind, name }) => [kind, name])).toEqual([
      ['number', 'a'],
      ['number', 'b'],
    ])
    expect(unseen).toEqual(new Map())
    expect({ ...rest, features: numbers(table) }).toEqual({
      source: [path],
      rows: 2,
      featureCount: 2,
      features: abcRows,
      featureNames: ['a', 'b'],
      labels: ['x', 'y'],
      ignored: [],
    })
    return table.features
  }
  test('CSV', () => check(write('t.csv', abc)))
  test('CSV, gzip', () => check(write('t.csv.gz', gzipSync(abc))))
  test('CSV with \\r\\n and a byte order mark', () => check(write('crlf.csv', `\ufeff${abc.replaceAll('\n', '\r\n')}`)))
  test('CSV with blank lines and no last line end', () =>
    check(write('blank.csv', abc.replaceAll('\n', '\n\n').trimEnd())))
  test('CSV with semicolons', () => check(write('semicolon.csv', abc.replaceAll(',', ';'))))
  test('TSV', () => check(write('t.tsv', abc.replaceAll(',', '\t'))))
  test('a name that says nothing', () => check(write('table', abc)))
  test('quoted fields', () => check(write('quoted.csv', '"a","b",kind\n"1","2.5","x"\n"-3","1e-3","y"\n')))
  const objects = ['{"a": 1, "b": 2.5, "kind": "x"}', '{"kind": "y", "a": -3, "b": 1e-3}']
  test('JSON Lines', () => check(write('t.jsonl', `${objects.join('\n')}\n`)))
  test('JSON Lines, gzip', () => check(write('t.jsonl.gz', gzipSync(objects.join('\n')))))
  test('JSON', () => check(write('t.json', `[${objects.join(',\n')}]`)))
  test('Parquet', async () => {
    const path = `${folder.path}/t.parquet`
    await runSql(`COPY (SELECT a, b, kind FROM read_csv('${write('p.csv', abc)}')) TO '${path}'`)
    expect(await check(path)).toBeInstanceOf(Float64Array)
  })
})

test('Parquet columns that float32 holds exactly become a Float32Array', async () => {
  const path = `${folder.path}/narrow.parquet`
  await runSql(`COPY (SELECT 0.1::FLOAT AS x, (-7)::TINYINT AS y, 3::USMALLINT AS z, 1 AS k) TO '${path}'`)
  const { features, labels } = await readTable({ path, label: 'k' })
  expect(features).toEqual(Float32Array.of(0.1, -7, 3))
  expect(labels).toEqual([1])
})

test('Parquet types: numbers, booleans and lists of numbers are features, dates are refused', async () => {
  const path = `${folder.path}/types.parquet`
  await runSql(
    `COPY (SELECT 12345678901::BIGINT AS big, 1.25::DECIMAL(9, 3) AS dec, '4.5' AS txt, DATE '2020-01-01' AS day,
     true AS flag, [1.0, 2.0] AS vec, {'a': 1} AS nested, 2::UTINYINT AS k) TO '${path}'`,
  )
  const table = await readTable({ path, label: 'k', exclude: ['day'] })
  expect(numbers(table)).toEqual([12345678901, 1.25, 4.5, 1, 1, 2])
  expect(table.featureNames).toEqual(['big', 'dec', 'txt', 'flag', 'vec[0]', 'vec[1]'])
  expect(table.ignored.map(({ name, reason }) => [name, reason])).toEqual([['nested', 'type']])
  await expect(readTable({ path, label: 'k', features: ['big', 'day'] })).rejects.toThrow(
    `${path}: column "day" holds dates (DATE), expected numbers, categories or text; say what of them matters`,
  )
  await expect(readTable({ path, label: 'k', features: ['nested'] })).rejects.toThrow(
    `${path}: column "nested" is of type STRUCT(a INTEGER), expected numbers, true and false, lists of numbers, or text`,
  )
})

test('the rows keep their order over many batches', async () => {
  const rows = 50_000
  const path = `${folder.path}/long.parquet`
  await runSql(
    `COPY (SELECT i, -i AS j, 'class ' || (i % 3) || ' of three' AS k FROM range(${rows}) t(i)) TO '${path}'`,
  )
  const table = await readTable({ path, label: 'k' })
  const all = numbers(table)
  let wrong = 0
  for (let i = 0; i < rows; i++) {
    const right = all[2 * i] === i && all[2 * i + 1] === -i && table.labels?.[i] === `class ${i % 3} of three`
    if (!right) wrong++
  }
  expect(wrong).toBe(0)
})

describe('column names are never SQL', () => {
  const names = [
    'petal length',
    'say "hi"',
    "it's",
    "x'); DROP TABLE t; --",
    '"; SELECT 1; --',
    '🌸',
    'a,b',
    'line\nbreak',
    'select',
    '$1',
    'c0',
    'Ä',
    'ä',
    '%s\\n',
  ]
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`)
  const values = names.map((_, i) => i + 0.5)
  test.each(['csv', 'parquet', 'jsonl'])('%s', async (format) => {
    const path = `${folder.path}/names.${format}`
    if (format === 'csv') write('names.csv', `${quoted.join(',')},label\n${values.join(',')},x\n`)
    // DuckDB folds the case of ASCII names only, so Ä and ä may stand side by side.
    else
      await runSql(
        `COPY (SELECT ${values.map((v, i) => `${v} AS ${quoted[i]}`).join(', ')}, 'x' AS label) TO '${path}'`,
      )
    const all = await readTable({ path, label: 'label' })
    expect(all.featureNames).toEqual(names)
    expect(numbers(all)).toEqual(values)
    const backwards = await readTable({ path, label: 'label', features: [...names].reverse() })
    expect(numbers(backwards)).toEqual([...values].reverse())
  })
  test('the file name is no pattern', async () => {
    write('q/data.csv', 'a,k\n1,wrong\n')
    for (const name of ['da*ta.csv', 'd[a]ta.csv', 'dat?.csv', "o'brien.csv", 'a b=c.csv', 'k=5/x.csv']) {
      const path = write(`q/${name}`, 'a,k\n7,right\n')
      const table = await readTable({ path, label: 'k' })
      expect([name, table.featureNames, table.labels]).toEqual([name, ['a'], ['right']])
    }
  })
})

describe('which columns are features', () => {
  test('text is left out and reported, so is a column without a name', async () => {
    const path = write('mixed.csv', ',name,cabin,size,k\n1,Ann,C85,1,x\n2,Bob,,2,y\n3,Cy,7,3,y\n')
    const table = await readTable({ path, label: 'k' })
    expect(table.featureNames).toEqual(['size'])
    expect(table.ignored.map(({ name, reason }) => [name, reason])).toEqual([
      ['column 1', 'no name'],
      ['name', 'levels'],
      ['cabin', 'levels'],
    ])
    expect(describeIgnored(table.ignored)).toBe(
      'left out 3 columns: "column 1" (no name), "name" (text), "cabin" (text)',
    )
  })
  test('names choose columns and their order', async () => {
    const table = await readTable({ path: write('order.csv', 'a,b,c,k\n1,2,3,x\n'), label: 'k', features: ['c', 'a'] })
    expect(numbers(table)).toEqual([3, 1])
  })
  test('without a label every numeric column is a feature', async () => {
    const table = await readTable({ path: write('nolabel.csv', 'a,b\n1,2\n') })
    expect([table.featureNames, table.labels]).toEqual([['a', 'b'], undefined])
  })
})

describe('labels', () => {
  const labels = async (cells: string[], classes?: (string | number)[]) => {
    const path = write('labels.csv', `a,k\n${cells.map((cell) => `1,${cell}\n`).join('')}`)
    const expected = classes && { classes, featureNames: ['a'], featureCount: 1 }
    return (await readTable({ path, label: 'k' }, expected)).labels
  }
  test('plain integers are numbers', async () => expect(await labels(['3', '-1', '0'])).toEqual([3, -1, 0]))
  test('integers with .0 are numbers', async () => expect(await labels(['3.0', '1.0'])).toEqual([3, 1]))
  test('anything else is text, as written', async () => {
    expect(await labels(['1', 'two'])).toEqual(['1', 'two'])
    expect(await labels(['007', '08'])).toEqual(['007', '08'])
    expect(await labels(['true', ' x '])).toEqual(['true', ' x '])
    expect(await labels(['123456789012345678901'])).toEqual(['123456789012345678901'])
  })
  test('the kind follows the model', async () => {
    expect(await labels(['1', '2'], ['1', '2'])).toEqual(['1', '2'])
    expect(await labels(['1', '2.0'], [1, 2])).toEqual([1, 2])
  })
  test('fractions are no classes', async () => {
    await expect(labels(['1', '2.5', '3'])).rejects.toThrow(
      /labels\.csv, line 3: column "k" holds fractional numbers such as 2\.5 \(3 different values\), expected classes: text or integers$/,
    )
  })
  test('a class the model does not know', async () => {
    await expect(labels(['setosa', 'stosa'], ['setosa', 'virginica'])).rejects.toThrow(
      /labels\.csv, line 3: column "k": "stosa" is no class of the model; did you mean "setosa"\?$/,
    )
    await expect(labels(['9'], [1, 2])).rejects.toThrow(
      /line 2: column "k": "9" is no class of the model; the model knows "1" and "2"$/,
    )
  })
  test('an empty label', async () => {
    await expect(labels(['x', ''])).rejects.toThrow(/labels\.csv, line 3: column "k" is empty, expected a label$/)
  })
})

describe('messages', () => {
  const refused = async (name: string, content: string | Uint8Array, request: object = { label: 'k' }) => {
    const path = write(name, content)
    const error: unknown = await readTable({ path, ...request }).then(
      () => new Error('no error'),
      (reason: unknown) => reason,
    )
    return error instanceof Error ? `${error.constructor.name} ${error.message.replace(path, 'FILE')}` : String(error)
  }
  test.each([
    ['empty file', 'x.csv', '', 'FILE: the file is empty'],
    ['empty file, gzip', 'x.csv.gz', gzipSync(''), 'FILE: the file is empty'],
    ['header only', 'x.csv', 'a,k\n', 'FILE: has column names but no rows'],
    ['header only, no line end', 'x.csv', 'a,k', 'FILE: has column names but no rows'],
    [
      'text in a numeric column',
      'x.csv',
      'a,k\n1,x\n2,x\noops,y\n',
      'FILE, line 4: column "a": expected a number, got "oops"',
    ],
    [
      'text after a line break in quotes',
      'x.csv',
      'a,k\n1,"x\ny"\n\n"oops",y\n2,z',
      'FILE, line 5: column "a": expected a number, got "oops"',
    ],
    [
      'text, gzip',
      'x.csv.gz',
      gzipSync('a,k\r\n1,x\r\n2,x\r\noops,y\r\n'),
      'FILE, line 4: column "a": expected a number, got "oops"',
    ],
    [
      'decimal comma',
      'x.csv',
      'a;b;k\n1;2;x\n1;3;x\n"1,5";2;y\n',
      'FILE, line 4: column "a": expected a number, got "1,5" (write the decimal point as ".")',
    ],
    [
      'too large for a number',
      'x.csv',
      'a,k\n1e400,x\n',
      'FILE, line 2: column "a": expected a finite number, got "1e400"',
    ],
    [
      'an integer beyond 2^53',
      'x.csv',
      'a,b,k\n9007199254740992,1,x\n-9007199254740994,2,x\n3,9007199254740993,y\n',
      'FILE, line 4: column "b": expected an integer that float64 holds exactly, got "9007199254740993"',
    ],
    [
      'an integer beyond 2^53 in JSON',
      'x.jsonl',
      '{"a":1e300,"k":"x"}\n{"a":-12345678901234567890123,"k":"y"}\n',
      'FILE, row 2: column "a": expected an integer that float64 holds exactly, got "-12345678901234567890123"',
    ],
    ['infinity', 'x.csv', 'a,k\n1,x\n-inf,x\n', 'FILE, line 3: column "a": expected a finite number, got "-inf"'],
    ['not a number', 'x.csv', 'a,k\n1,x\nNaN,x\n', 'FILE, line 3: column "a": expected a finite number, got "NaN"'],
    [
      'missing value',
      'x.csv',
      'a,b,k\n1,2,x\n3,,y\n',
      'FILE, line 3: column "b" is empty, expected a number (--missing says what to fill in)',
    ],
    [
      'missing value in JSON',
      'x.jsonl',
      '{"a":1,"k":"x"}\n{"k":"y"}\n',
      'FILE, row 2: column "a" is empty, expected a number (--missing says what to fill in)',
    ],
    [
      'text in JSON',
      'x.json',
      '[{"a":1,"k":"x"},{"a":"oops","k":"y"},{"a":2,"k":"y"}]',
      'FILE, row 2: column "a": expected a number, got "oops"',
    ],
    ['ragged', 'x.csv', 'a,b,k\n1,2,x\n1,2\n', 'FILE, line 3: expected 3 fields as in the first line, got 2'],
    [
      'ragged after quoted lines',
      'x.csv',
      'a,b,k\n1,2,"x\ny"\n\n1,2,x,4\n',
      'FILE, line 5: expected 3 fields as in the first line, got 4',
    ],
    ['open quote', 'x.csv', 'a,b,k\n1,2,"x\n', 'FILE, line 2: a quote is not closed, or goes on after it'],
    ['Latin-1', 'x.csv', Buffer.from('a,k\n1,caf\xe9\n', 'latin1'), 'FILE, line 2: the text is not UTF-8'],
    ['Latin-1 names', 'x.csv', Buffer.from('gr\xf6\xdfe,k\n1,x\n', 'latin1'), 'FILE, line 1: the text is not UTF-8'],
    ['UTF-16', 'x.csv', Buffer.from('\ufeffa,k\n1,x\n', 'utf16le'), 'FILE: the text is UTF-16, expected UTF-8'],
    ['two columns of one name', 'x.csv', 'a,a,k\n1,2,x\n', 'FILE: more than one column is called "a"'],
    ['empty first line', 'x.csv', '\na,k\n1,x\n', 'FILE: the first line is empty, expected column names'],
    ['no features', 'x.csv', 'name,k\nAnn,x\n', 'FILE: no column besides the label gives a feature; left out: "name"'],
    [
      'cut off gzip',
      'x.csv.gz',
      gzipSync(abc).subarray(0, 30),
      'FILE: not readable as gzip: it ends too early (cut off?)',
    ],
    ['JSON that is cut off', 'x.json', '[{"a":1,"k":"x"},{"a":2,"k', 'FILE: not readable as JSON: Malformed JSON'],
    [
      'JSON without objects',
      'x.json',
      '[1, 2, 3]',
      'FILE: expected one object per row, such as {"width": 1.5, "label": "a"}',
    ],
    ['JSON without rows', 'x.json', '[]', 'FILE: expected one object per row, such as {"width": 1.5, "label": "a"}'],
    ['no Parquet', 'x.parquet', 'a,k\n1,x\n', 'FILE: not a Parquet file, or cut short'],
    ['no Parquet, longer', 'x.parquet', `a,k\n${'1,x\n'.repeat(20)}`, 'FILE: not a Parquet file, or cut short'],
    [
      'IDX',
      'x',
      Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7),
      'FILE: looks like an IDX file (images or labels); read it with --images FILE and --labels FILE',
    ],
  ])('%s', async (_, name, content, message) => {
    const said = await refused(name, content)
    if (message.endsWith(': ') || message.endsWith('JSON')) expect(said).toContain(`DataError ${message}`)
    else expect(said).toBe(`DataError ${message}`)
    expect(said).not.toContain('\n')
  })
  test.each(['BIGINT', 'UBIGINT', 'DECIMAL(20,0)', 'DECIMAL(20,1)'])('Parquet: %s beyond 2^53', async (type) => {
    const path = `${folder.path}/large.parquet`
    const values = `(VALUES (9007199254740992, 'x'), (9007199254740993, 'y')) AS t(a, k)`
    await runSql(`COPY (SELECT CAST(a AS ${type}) AS a, k FROM ${values}) TO '${path}' (FORMAT parquet)`)
    const message = /row 2: column "a": expected an integer that float64 holds exactly, got "9007199254740993(\.0)?"$/
    await expect(readTable({ path, label: 'k' })).rejects.toThrow(message)
  })
  test('missing columns, with the nearest names', async () => {
    const header = 'sepal length,species,petal_width\n1,x,2\n'
    expect(await refused('m.csv', header, { label: 'spceies' })).toBe(
      'DataError FILE: no column "spceies" (--label); did you mean "species"?',
    )
    expect(await refused('m.csv', header, { label: 'zzz' })).toBe(
      'DataError FILE: no column "zzz" (--label); it has "sepal length", "species" and "petal_width"',
    )
    expect(await refused('m.csv', header, { label: 'species', features: ['sepal_length'] })).toBe(
      'DataError FILE: no column "sepal_length" (--features); did you mean "sepal length"?',
    )
    expect(await refused('m.csv', header, { label: 'species', features: ['species'] })).toBe(
      'UsageError "species" is the label and cannot be a feature too',
    )
  })
})
