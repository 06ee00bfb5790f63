/**
 * Exported models give the probabilities of the model: ONNX in onnxruntime-node (a peer of the bench, which .ci/run installs), the
 * module in this process; the rest is read back.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { SoftmaxRegression } from 'maxshift/regression'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { irises, maxshift, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const run = (...args: string[]) => maxshift(args, { cwd: folder.path })
const file = (name: string) => readFileSync(`${folder.path}/${name}`)

const bench = new URL('../../../bench/', import.meta.url)
const hasRuntime = existsSync(new URL('node_modules/onnxruntime-node/package.json', bench))
if (!hasRuntime)
  console.warn('onnxruntime-node is not installed (npm ci --prefix bench --ignore-scripts): ONNX is not run')

/** A shop's orders: a category, a boolean, numbers with gaps, a list. */
function orders(): { text: string; rows: Record<string, string>[] } {
  let state = 7
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const rows = Array.from({ length: 120 }, () => {
    const colour = ['red', 'green', 'blue', ''][Math.floor(4 * random())]
    const price = random() < 0.1 ? '' : (100 * random()).toFixed(3)
    const vector = `[${random().toFixed(4)}, ${random().toFixed(4)}]`
    const returned = random() + (colour === 'red' ? 0.3 : 0) + Number(price || 50) / 300 > 0.7 ? 'yes' : 'no'
    return { colour, new: String(random() < 0.5), price, vector, returned }
  })
  const cells = rows.map((row) => Object.values(row).map((cell) => (cell.includes(',') ? `"${cell}"` : cell)))
  return { text: `colour,new,price,vector,returned\n${cells.map((row) => row.join(',')).join('\n')}\n`, rows }
}

const { text, rows } = orders()

/** What `predict --probabilities` says, rows × classes. */
async function probabilities(model: string, data: string): Promise<{ labels: string[]; probs: number[][] }> {
  const { stdout } = await run('predict', data, '--model', model, '--probabilities')
  const lines = stdout.trim().split('\n').slice(1)
  const cells = lines.map((line) => line.split(','))
  return { labels: cells.map(([label]) => label), probs: cells.map((row) => row.slice(1).map(Number)) }
}

beforeAll(async () => {
  folder.write('iris.csv', irises())
  folder.write('orders.csv', text)
  await run('fit', 'iris.csv', '--label', 'species', '--model', 'iris.safetensors')
  await run('fit', 'orders.csv', '--label', 'returned', '--missing', 'mean', '--model', 'orders.safetensors')
})

interface Runtime {
  InferenceSession: { create(bytes: Uint8Array): Promise<Session> }
  Tensor: new (type: string, data: unknown, dims: readonly number[]) => unknown
}
interface Session {
  readonly inputNames: readonly string[]
  run(feeds: Record<string, unknown>): Promise<Record<'label' | 'probabilities', { data: ArrayLike<unknown> }>>
}

describe.skipIf(!hasRuntime)('ONNX', () => {
  const load = (): Runtime => createRequire(bench)('onnxruntime-node')

  function close(actual: ArrayLike<unknown>, expected: readonly number[][], within: number): void {
    const wanted = expected.flat()
    expect(actual.length).toBe(wanted.length)
    const worst = Math.max(...wanted.map((p, i) => Math.abs(Number(actual[i]) - p)))
    expect(worst).toBeLessThan(within)
  }

  // In float64 both add up 4 products and take exponentials: a few roundings of 1e-16. In float32 the logits, up to 20, are rounded to 1e-6.
  test.each([
    ['float64', 1e-14],
    ['float32', 1e-5],
  ] as const)('numbers are one matrix, %s', async (precision, within) => {
    const { code, stderr } = await run('export', 'iris.safetensors', '--output', 'iris.onnx', '--precision', precision)
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^maxshift export: wrote iris\.onnx \(\d+ bytes\)\n$/)])
    const { InferenceSession, Tensor } = load()
    const session = await InferenceSession.create(file('iris.onnx'))
    expect(session.inputNames).toEqual(['features'])
    const values = irises()
      .trim()
      .split('\n')
      .slice(1)
      .flatMap((line) => line.split(',').slice(0, 4).map(Number))
    const array = precision === 'float64' ? Float64Array : Float32Array
    const features = new Tensor(precision, array.from(values), [150, 4])
    const { label, probabilities: probs } = await session.run({ features })
    const expected = await probabilities('iris.safetensors', 'iris.csv')
    close(probs.data, expected.probs, within)
    expect(Array.from(label.data)).toEqual(expected.labels)
  })

  test('categories, booleans, lists and missing values are inputs of their own', async () => {
    await run('export', 'orders.safetensors', '--output', 'orders.onnx')
    const { InferenceSession, Tensor } = load()
    const session = await InferenceSession.create(file('orders.onnx'))
    expect(session.inputNames).toEqual(['colour', 'new', 'price', 'vector'])
    const column = (values: readonly number[]) => new Tensor('float64', Float64Array.from(values), [120, 1])
    const { label, probabilities: probs } = await session.run({
      colour: new Tensor(
        'string',
        rows.map((row) => row.colour),
        [120, 1],
      ),
      new: column(rows.map((row) => (row.new === 'true' ? 1 : 0))),
      price: column(rows.map((row) => (row.price === '' ? Number.NaN : Number(row.price)))),
      vector: new Tensor('float64', Float64Array.from(rows.flatMap((row) => JSON.parse(row.vector))), [120, 2]),
    })
    const expected = await probabilities('orders.safetensors', 'orders.csv')
    close(probs.data, expected.probs, 1e-14)
    expect(Array.from(label.data)).toEqual(expected.labels)
  })

  test('numbers as class names are numbers', async () => {
    const model = await SoftmaxRegression.fit(Float64Array.of(0, 1, 2, 3), [7, 7, -1, -1])
    folder.write('numbers.safetensors', model.toSafetensors())
    await run('export', 'numbers.safetensors', '--output', 'numbers.onnx')
    const { InferenceSession, Tensor } = load()
    const session = await InferenceSession.create(file('numbers.onnx'))
    const { label } = await session.run({ features: new Tensor('float64', Float64Array.of(0, 3), [2, 1]) })
    expect(Array.from(label.data)).toEqual([7n, -1n])
  })
})

test('a JavaScript module without imports gives the same probabilities', async () => {
  await run('export', 'orders.safetensors', '--output', 'orders.mjs')
  expect(file('orders.mjs').toString()).not.toMatch(/\bimport\b/)
  const { predict } = await import(/* @vite-ignore */ `${folder.path}/orders.mjs`)
  const expected = await probabilities('orders.safetensors', 'orders.csv')
  for (const [r, row] of rows.entries()) {
    const { label, probabilities: probs } = predict({ ...row, vector: JSON.parse(row.vector) })
    expect(label).toBe(expected.labels[r])
    for (const [k, p] of probs.entries()) expect(Math.abs(p - expected.probs[r][k])).toBeLessThan(1e-14)
  }
  const row = { ...rows[0], vector: [0, 1] }
  expect(() => predict({ ...row, price: 'x' })).toThrow('expected price to be a number, got "x"')
  expect(() => predict({ ...row, vector: [1] })).toThrow('expected vector to be 2 numbers, got [1]')
  expect(() => predict({ ...row, new: 'maybe' })).toThrow('expected new to be true or false, got "maybe"')
})

test('a module of a model without columns takes an array', async () => {
  const model = await SoftmaxRegression.fit(Float64Array.of(0, 1, 2, 3), ['a', 'a', 'b', 'b'])
  folder.write('bare.safetensors', model.toSafetensors())
  await run('export', 'bare.safetensors', '--output', 'bare.js', '--json')
  const { predict } = await import(/* @vite-ignore */ `${folder.path}/bare.js?module`).catch(
    () => import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(file('bare.js').toString())}`),
  )
  const [a, b] = model.predictProba(Float64Array.of(0.5))
  expect(predict([0.5])).toEqual({ label: 'a', probabilities: [expect.closeTo(a, 14), expect.closeTo(b, 14)] })
  expect(() => predict([1, 2])).toThrow('expected 1 features, got 2')
  expect(() => predict([Number.NaN])).toThrow('expected features to be finite numbers, got NaN at 0')
})

test('JSON, CSV and safetensors hold every bit', async () => {
  for (const ending of ['json', 'csv', 'safetensors']) {
    expect((await run('export', 'iris.safetensors', '--output', `copy.${ending}`)).code).toBe(0)
  }
  const model = SoftmaxRegression.fromSafetensors(file('iris.safetensors'))
  const json = JSON.parse(file('copy.json').toString())
  expect(json.weights.flat()).toEqual([...model.weights])
  expect(json.intercepts).toEqual([...model.intercepts])
  expect(json.recipe.columns).toHaveLength(4)
  const lines = file('copy.csv').toString().trim().split('\n')
  expect(lines[0]).toBe('feature,setosa,versicolor,virginica')
  expect(lines[1].split(',').slice(1).map(Number)).toEqual([...model.intercepts])
  expect(lines[3].split(',')).toEqual(['sepal_width', ...[1, 5, 9].map((i) => String(model.weights[i]))])
  expect(file('copy.safetensors')).toEqual(file('iris.safetensors'))
})

test('inspect tells what a model holds', async () => {
  const { code, stdout } = await run('inspect', 'orders.safetensors')
  expect(code).toBe(0)
  expect(stdout).toContain('2 classes: "no" and "yes"')
  expect(stdout).toMatch(/"colour" category: ".*" and "/)
  expect(stdout).toMatch(/"price" number, \d\d\.\d\d where it is missing/)
  expect(stdout).toContain('"vector" list of 2 numbers')
  expect(stdout).toMatch(/Weights {5}"no" /)
  const json = JSON.parse((await run('inspect', 'orders.safetensors', '--json')).stdout)
  expect(json).toMatchObject({ command: 'inspect', classes: ['no', 'yes'], report: { status: 'converged' } })
})

test.each([
  [
    ['export', 'iris.safetensors', '--output', 'iris.txt'],
    2,
    'cannot tell the format from the name iris.txt; --format',
  ],
  [['export', 'missing.safetensors', '--output', 'a.onnx'], 3, 'missing.safetensors: no such file'],
  [['export', 'iris.csv', '--output', 'a.onnx'], 3, 'iris.csv: not a maxshift model'],
  [['export', 'iris.safetensors', '--output', 'iris.safetensors'], 2, 'iris.safetensors'],
  [['export', 'iris.safetensors', '--output', 'no/such/a.onnx'], 3, 'no/such'],
  [['inspect', 'iris.csv'], 3, 'iris.csv: not a maxshift model'],
])('%j is refused', async (args, code, message) => {
  const done = await run(...args)
  expect(done.stderr).toContain(message)
  expect(done.code).toBe(code)
})
