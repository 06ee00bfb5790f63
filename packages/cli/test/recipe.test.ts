/**
 * Recipes: how columns become features, kept in the model, the same at prediction as at the fit.
 */
import { readFileSync } from 'node:fs'
import { SoftmaxRegression } from 'maxshift/regression'
import { afterAll, describe, expect, test } from 'vitest'
import { readTable, type TableRequest } from '../src/input/table.ts'
import { recipeOf } from '../src/model.ts'
import { hashText } from '../src/recipe/hashed-text.ts'
import { featureNamesOf, type Recipe, recipeText } from '../src/recipe/recipe.ts'
import { maxshift, runSql, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

async function read(content: string, request: Partial<TableRequest> = {}, recipe?: Recipe) {
  const path = folder.write('table.csv', content)
  const expected = recipe && { recipe, featureCount: 0, classes: ['x', 'y'] }
  const table = await readTable({ path, label: 'k', ...request }, expected)
  const { features, featureCount, rows } = table
  if ('indptr' in features) throw new Error('expected dense features')
  return {
    ...table,
    matrix: Array.from({ length: rows }, (_, r) => [...features.subarray(r * featureCount, (r + 1) * featureCount)]),
  }
}

const shop =
  'colour,new,price,k\nred,true,1,x\nblue,FALSE,2,y\nred,false,3,x\ngreen,true,4,y\ngreen,true,5,x\nred,true,6,y\nblue,true,7,x\n'

describe('columns', () => {
  test('categories are one-hot over the most frequent level, booleans 1 and 0', async () => {
    const { featureNames, matrix, recipe } = await read(shop)
    expect(featureNames).toEqual(['colour=blue', 'colour=green', 'new', 'price'])
    expect(matrix).toEqual([
      [0, 0, 1, 1],
      [1, 0, 0, 2],
      [0, 0, 0, 3],
      [0, 1, 1, 4],
      [0, 1, 1, 5],
      [0, 0, 1, 6],
      [1, 0, 1, 7],
    ])
    expect(recipe?.columns[0]).toEqual({ kind: 'category', name: 'colour', base: 'red', levels: ['blue', 'green'] })
  })

  test('an unseen level counts as the base level and is counted, or is an error', async () => {
    const { recipe } = await read(shop)
    const other = 'price,new,colour,k\n9,true,purple,x\n'
    const { matrix, unseen } = await read(other, {}, recipe)
    expect(matrix).toEqual([[0, 0, 1, 9]])
    expect([...(unseen ?? [])]).toEqual([['colour', 1]])
    const strict = { ...(recipe as Recipe), unseen: 'error' as const }
    await expect(read(other.replace('purple', 'bleu'), {}, strict)).rejects.toThrow(
      'line 2: column "colour": "bleu" is no level of the training data; did you mean "blue"?',
    )
  })

  test('missing values: an error, or filled in and told by a feature of their own', async () => {
    const gaps = 'size,colour,k\n1,red,x\n,red,y\n5,,x\n3,blue,y\nnan,blue,x\n1,red,y\n'
    await expect(read(gaps)).rejects.toThrow('line 3: column "size" is empty, expected a number (--missing says what')
    const mean = await read(gaps, { missing: 'mean' })
    expect(mean.featureNames).toEqual(['size', 'size is missing', 'colour=blue', 'colour is missing'])
    expect(mean.matrix).toEqual([
      [1, 0, 0, 0],
      [2.5, 1, 0, 0],
      [5, 0, 0, 1],
      [3, 0, 1, 0],
      [2.5, 1, 1, 0],
      [1, 0, 0, 0],
    ])
    const zero = await read(gaps, { missing: 'zero' })
    expect(zero.matrix[1]).toEqual([0, 1, 0, 0])
    // Where the training data had none, the policy says what a missing value counts as, without a feature of its own.
    const whole = await read('size,k\n1,x\n3,y\n', { missing: 'mean' })
    expect((await read('size,k\n,x\n', {}, whole.recipe)).matrix).toEqual([[2]])
  })

  test('a cell that is none of what is expected is an error also where missing values are filled in', async () => {
    await expect(read('a,k\n1,x\n2,y\noops,x\n3,y\n', { missing: 'mean' })).rejects.toThrow(
      'line 4: column "a": expected a number, got "oops"',
    )
    await expect(read('a,k\n1,x\ninf,y\n', { missing: 'mean' })).rejects.toThrow(
      'line 3: column "a": expected a finite number, got "inf"',
    )
  })

  test('lists of numbers are features place by place, in CSV, JSON and Parquet', async () => {
    const { featureNames, matrix } = await read('v,k\n"[1, 2.5]",x\n"[-3,4]",y\n')
    expect(featureNames).toEqual(['v[0]', 'v[1]'])
    expect(matrix).toEqual([
      [1, 2.5],
      [-3, 4],
    ])
    const json = folder.write('v.jsonl', '{"v": [1, 2.5], "k": "x"}\n{"v": [-3, 4], "k": "y"}\n')
    expect([...((await readTable({ path: json, label: 'k' })).features as Float64Array)]).toEqual([1, 2.5, -3, 4])
    const path = `${folder.path}/v.parquet`
    await runSql(`COPY (SELECT [1, 2.5]::FLOAT[2] AS v, 'x' AS k UNION ALL SELECT [-3, 4], 'y') TO '${path}'`)
    const { features } = await readTable({ path, label: 'k' })
    expect(features).toEqual(Float32Array.of(1, 2.5, -3, 4))
    await expect(read('v,k\n"[1, 2]",x\n"[1]",y\n')).rejects.toThrow(
      'holds lists of 1 to 2 numbers, expected lists of one',
    )
    await expect(read('v,k\n"[1, 2]",x\n,y\n"[1, 3]",y\n')).rejects.toThrow(
      'holds lists and has 1 empty cell, expected none',
    )
    await expect(read('v,k\n"[1, null]",x\n"[1, 3]",y\n')).rejects.toThrow(
      'line 2: column "v": expected a list of 2 numbers, got "[1, null]"',
    )
  })

  test('dates in text are refused with a hint', async () => {
    await expect(read('when,a,k\n2020-01-01,1,x\n2021-05-06,2,y\n')).rejects.toThrow(
      'column "when" holds dates, expected numbers, categories or text; say what of them matters, such as --sql',
    )
    expect((await read('when,a,k\n2020-01-01,1,x\n2021-05-06,2,y\n', { exclude: ['when'] })).featureNames).toEqual([
      'a',
    ])
  })

  test('names of features are distinct', () => {
    const column = { kind: 'number', fill: null, indicator: false } as const
    const columns: Recipe['columns'] = [
      { ...column, name: 'a=b' },
      { kind: 'category', name: 'a', base: 'c', levels: ['b', null] },
      { ...column, name: 'a is missing' },
    ]
    expect(featureNamesOf({ version: 1, missing: 'error', unseen: 'base', columns })).toEqual([
      'a=b',
      'a=b (2)',
      'a is missing',
      'a is missing (2)',
    ])
  })

  test.each([
    [{ exclude: ['a'], features: ['a'] }, '"a" is excluded and cannot be a feature too'],
    [{ exclude: ['b'] }, 'no column "b" (--exclude); it has "a" and "k"'],
    [{ features: ['k'] }, '"k" is the label and cannot be a feature too'],
    [{ exclude: ['a'] }, 'no column besides the label gives a feature'],
  ])('%j is refused', async (request, message) => {
    await expect(read('a,k\n1,x\n2,y\n', request)).rejects.toThrow(message)
  })
})

describe('free text', () => {
  const row = (text: string) => {
    const { places, values } = hashText(text, 18)
    return new Map([...places].map((place, i) => [place, values[i]]))
  }
  const dot = (a: Map<number, number>, b: Map<number, number>) =>
    [...a].reduce((sum, [place, value]) => sum + value * (b.get(place) ?? 0), 0)

  test('rows have length 1, texts with words in common are near each other', () => {
    const [one, two, three] = ['A fine red wine', 'fine RED wines!', 'engine oil'].map(row)
    for (const text of [one, two, three]) expect(dot(text, text)).toBeCloseTo(1, 6)
    expect(dot(one, two)).toBeGreaterThan(0.4)
    expect(Math.abs(dot(one, three))).toBeLessThan(0.2)
    expect(row('').size).toBe(0)
    expect(row('…!?').size).toBe(0)
  })

  test('forms of the same text are the same', () => {
    expect(row('Ａｂｃ é')).toEqual(row('abc e\u0301'))
    expect([...hashText('some words, some more', 18).places]).toEqual(
      [...hashText('some words, some more', 18).places].sort((a, b) => a - b),
    )
  })
})

test('free text and other columns make one sparse row, learned and predicted', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => {
    const words = ['good fine lovely', 'bad poor awful', 'dull plain grey'][i % 3].split(' ')
    return `"the ${words[i % 2]} ${words[2]} thing",${i},${['up', 'down', 'flat'][i % 3]}`
  })
  folder.write('reviews.csv', `review,size,k\n${lines.join('\n')}\n`)
  const table = await readTable({ path: `${folder.path}/reviews.csv`, label: 'k', text: ['review'] })
  if (!('indptr' in table.features)) throw new Error('expected sparse features')
  expect(table.features.columns).toBe(2 ** 18 + 1)
  expect(table.featureNames).toBeUndefined()
  const run = (...args: string[]) => maxshift(args, { cwd: folder.path })
  const fitted = await run(
    'fit',
    'reviews.csv',
    '--label',
    'k',
    '--text',
    'review',
    '--text-bits',
    '12',
    '--model',
    'r.safetensors',
  )
  expect(fitted.stdout).toContain('accuracy 100.00 %')
  folder.write('new-reviews.csv', 'size,review\n3,AWFUL!\n4,lovely\n')
  const { stdout } = await run('predict', 'new-reviews.csv', '--model', 'r.safetensors')
  expect(stdout).toBe('prediction\ndown\nup\n')
  await run('export', 'r.safetensors', '--output', 'r.mjs')
  const { predict } = await import(/* @vite-ignore */ `${folder.path}/r.mjs`)
  expect(predict({ size: 3, review: 'AWFUL!' }).label).toBe('down')
  const refused = await run('export', 'r.safetensors', '--output', 'r.onnx')
  expect([refused.code, refused.stderr]).toEqual([
    3,
    'maxshift export: r.safetensors: hashed text cannot be expressed in ONNX: "review"; --format js can\n',
  ])
})

describe('the model keeps the recipe', () => {
  test('predict takes raw rows, in another order and with other columns', async () => {
    const [head, ...body] = shop.trim().split('\n')
    folder.write('shop.csv', [head, ...Array(6).fill(body).flat()].join('\n'))
    folder.write('new.csv', 'price,other,new,colour\n1,?,true,red\n7,?,true,violet\n')
    const run = (...args: string[]) => maxshift(args, { cwd: folder.path })
    const fitted = await run('fit', 'shop.csv', '--label', 'k', '--model', 'm.safetensors')
    expect(fitted.code).toBe(0)
    const model = SoftmaxRegression.fromSafetensors(readFileSync(`${folder.path}/m.safetensors`))
    expect(model.featureNames).toEqual(['colour=blue', 'colour=green', 'new', 'price'])
    expect(recipeOf('m', model)?.columns).toHaveLength(3)
    const { code, stdout, stderr } = await run('predict', 'new.csv', '--model', 'm.safetensors')
    expect([code, stdout.split('\n').length]).toEqual([0, 4])
    expect(stderr).toBe('maxshift predict: 1 cell of "colour" has a level that the training data did not have\n')
  })

  test.each([
    ['{', 'is no JSON'],
    ['{}', 'expected 1'],
    ['{"version":1,"missing":"error","unseen":"base","columns":[]}', 'columns'],
    [
      '{"version":1,"missing":"error","unseen":"base","columns":[{"kind":"text","name":"a","bits":99}]}',
      'columns.0.bits',
    ],
  ])('a damaged recipe is refused: %s', (text, message) => {
    const read = recipeText.safeParse(text)
    expect(read.success).toBe(false)
    expect(`${read.error?.issues[0].path.join('.')} ${read.error?.issues[0].message}`).toContain(message)
  })
})
