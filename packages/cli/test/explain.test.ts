/**
 * The lesson: what it says is held against decimal arithmetic of its own, and the command as a process.
 */
import { Decimal } from 'decimal.js'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { exactRow, rightDigits } from '../src/lesson/exact.ts'
import { FORMATS, show, tidy } from '../src/lesson/formats.ts'
import { makeLesson } from '../src/lesson/lesson.ts'
import { surveyRows } from '../src/lesson/survey.ts'
import { maxshift, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const run = (...args: string[]) => maxshift(['explain', ...args], { cwd: folder.path })

const ROWS: [number[], number][] = [
  [[1000, 0, -50], 1],
  [[20, 0, -5], 0],
  [[40, 0], 0],
  [[1, 2, 3], 2],
  [[-1000, -1000], 0],
  [[1e8, 1e8], 1],
  [[1e30, 0, -1e30], 2],
  [[0.1, 0.1, 0.1], 0],
  [[-2e6, 3e6], 0],
]

describe('exact arithmetic', () => {
  test.each(ROWS)('%j, label %i: agrees with formulas (1) to (4) in 400 digits', (logits, label) => {
    const Wide = Decimal.clone({ precision: 400 })
    const far = logits.some((logit) => Math.abs(logit) > 1e5)
    if (far) return // there decimal exponentials take too long; the next test has the limits
    const powers = logits.map((logit) => new Wide(logit).exp())
    const total = powers.reduce((a, b) => a.plus(b))
    const own = powers[label].div(total)
    const { probs, loss, gradient } = exactRow(logits, label)
    const close = (a: Decimal, b: Decimal) => expect(a.minus(b).abs().lte(b.abs().times('1e-58'))).toBe(true)
    probs.forEach((p, k) => {
      close(p, powers[k].div(total))
    })
    close(loss, own.ln().neg())
    close(gradient, own.minus(1))
  })

  test('has the limits of distances beyond any format', () => {
    const { probs, loss, gradient } = exactRow([1e30, 0, -1e30], 2)
    expect(probs.map((p) => p.toNumber())).toEqual([1, 0, 0])
    expect(loss.toNumber()).toBe(2e30)
    expect(gradient.toNumber()).toBe(-1)
    expect(exactRow([-2e6, 3e6], 0).loss.toNumber()).toBe(5e6)
  })

  test('counts right digits', () => {
    const third = new Decimal(1).div(3)
    const count = (value: number) => rightDigits(value, third, (x) => x, 16)
    expect(count(1 / 3)).toBe(16)
    expect(count(0.333)).toBe(3)
    expect(count(0)).toBe(0)
    expect(count(Number.NaN)).toBe(0)
    expect(count(Number.POSITIVE_INFINITY)).toBe(0)
    expect(count(-1 / 3)).toBe(0)
    // What underflows is right as 0.
    expect(rightDigits(0, new Decimal('1e-400'), (x) => x, 16)).toBe(16)
  })
})

test('numbers are shown without zeros behind them, and the largest is not rounded up to ∞', () => {
  expect(show(Number.MAX_VALUE, 2)).toBe('1.8e308')
  expect(show(-0.5, 7)).toBe('−0.5')
  expect(show(1000, 7)).toBe('1000')
  expect(show(-1.5e-9, 4)).toBe('−1.5e−9')
  expect(show(Number.NaN, 3)).toBe('NaN')
  expect(show(-Infinity, 3)).toBe('−∞')
  expect(tidy('1.500e-10')).toBe('1.5e−10')
  expect(tidy('1000')).toBe('1000')
})

describe('the lesson', () => {
  test.each(ROWS)('%j, label %i: maxshift has all digits right', (logits, label) => {
    for (const { format, parts } of makeLesson(logits, label).courses) {
      for (const step of parts[2].steps) expect(step.digits, `${format.name} ${step.quantity}`).toBe(format.digits)
    }
  })

  test('every wrong result has a reason', () => {
    for (const [logits, label] of ROWS) {
      for (const { format, parts } of makeLesson(logits, label).courses) {
        for (const { digits, why, formula, expression } of parts.flatMap(({ steps }) => steps)) {
          const said = `${JSON.stringify(logits)} ${format.name} ${formula} ${expression}`
          if (digits < format.digits / 2) expect(why.length, said).toBeGreaterThan(0)
        }
      }
    }
  })

  test('names the operation that leaves the format', () => {
    const reasons = (logits: number[], label: number, part: number, formula: string) => {
      const steps = makeLesson(logits, label).courses[0].parts[part].steps
      return steps.find((step) => step.formula === formula)?.why.join('; ')
    }
    expect(reasons([1000, 0], 0, 0, '(1)')).toBe('exp(1000) overflows: the largest float32 is 3.403e38; ∞/∞ is NaN')
    expect(reasons([-1000, -1000], 0, 0, '(1)')).toBe(
      'exp(−1000) underflows to 0: the smallest float32 is 1.401e−45; the sum is 0, and 0/0 is NaN',
    )
    expect(reasons([0, 200], 1, 0, '(2)')).toBe('the probability was NaN already')
    expect(reasons([-150, 0], 0, 0, '(2)')).toBe('log(0) is −∞')
    expect(reasons([20, 0], 0, 1, '(6)')).toBe('1 + 2.061e−9 is rounded to 1, and log(1) is 0')
    expect(reasons([20, 0], 0, 1, '(4)')).toBe('the probability was rounded to 1, and nothing is left to learn from')
    expect(reasons([1e8, 1e8], 0, 1, '(3)')).toBe(
      'numbers near 1e8 lie 8 apart: what is finer is lost in the difference',
    )
  })
})

describe('the command', () => {
  test('walks through the formulas in both formats', async () => {
    const { code, stdout, stderr } = await run('1000', '0', '-50', '--label', '1')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^logits o {3}1000, 0, −50\nlabel y {4}1, whose logit is 0/)
    expect(stdout).toContain('softmax 1, 5.07596e−435, 9.79025e−457')
    for (const text of ['float32', 'float64', 'As in the textbook', '∞/∞ is NaN', 'crossEntropy(o, y)']) {
      expect(stdout).toContain(text)
    }
    for (const line of stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80)
  })

  test('without a label takes the largest logit, and leaves out a format that cannot hold the logits', async () => {
    const { stdout } = await run('1e200', '3')
    expect(stdout).toContain('label y    0, whose logit is 1e200')
    expect(stdout).toContain('float32 is left out: it cannot hold these logits.')
  })

  test('--format json and markdown', async () => {
    const json = JSON.parse((await run('20', '0', '-5', '--format', 'json')).stdout)
    const step = z.strictObject({
      formula: z.string(),
      quantity: z.literal(['softmax', 'loss', 'gradient']),
      expression: z.string(),
      values: z.array(z.union([z.number(), z.string()])),
      digits: z.int(),
      why: z.array(z.string()),
    })
    const part = z.strictObject({ title: z.string(), steps: z.array(step) })
    const lesson = z.strictObject({
      command: z.literal('explain'),
      version: z.string(),
      logits: z.array(z.number()),
      label: z.int(),
      exact: z.strictObject({ probs: z.array(z.string()), loss: z.string(), gradient: z.string() }),
      formats: z.array(z.strictObject({ format: z.string(), digits: z.int(), parts: z.array(part) })),
    })
    expect(lesson.parse(json).exact.loss).toBe('2.075041564150623e-9')
    const { stdout } = await run('20', '0', '-5', '--format', 'markdown')
    expect(stdout).toMatch(/^# What softmax and cross-entropy lose\n/)
    expect(stdout).toContain('| (6) loss | `−((o_y − m) − log Σ exp(o − m))` | 0 | no digit right |')
  })

  test('finds the rows of a file that naive code gets wrong', async () => {
    folder.write('logits.csv', 'a,b,c,y\n1000,0,-50,1\n20,0,-5,0\n1,2,3,0\n40,0,1,0\n')
    const { code, stdout } = await run('logits.csv', '--label', 'y')
    expect(code).toBe(0)
    expect(stdout).toContain('4 rows of 3 logits, labels from the file')
    expect(stdout).toMatch(/\(1\) softmax, textbook +1 +· +· +1\n/)
    expect(stdout).toMatch(/\(6\) loss, shifted +· +2 +· +2\n/)
    expect(stdout).toContain('maxshift explain 20 0 -5 --label 0')
    const json = JSON.parse((await run('logits.csv', '--label', 'y', '--format', 'json')).stdout)
    expect(json).toMatchObject({ rows: 4, classes: 3, labelled: true })
    expect(json.formats[0].formulas[5]).toEqual({
      ...{ formula: '(6)', part: 'shifted', quantity: 'loss' },
      ...{ notFinite: 0, zero: 2, inexact: 0, first: 1 },
    })
    expect((await run('logits.csv', '--label', 'y', '--format', 'markdown')).stdout).toContain('| (6) loss, shifted |')
  })

  test('labels of a file may be names of columns, or be left out', async () => {
    folder.write('named.csv', 'cat,dog,label\n20,0,cat\n0,30,dog\n')
    expect((await run('named.csv', '--label', 'label')).stdout).toContain('2 rows of 2 logits, labels from the file')
    folder.write('bare.csv', 'cat,dog\n1,2\n2,1\n')
    const { stdout } = await run('bare.csv')
    expect(stdout).toContain('the largest logit of each row as its label')
    expect(stdout).not.toContain('To see why')
  })

  test.each([
    [['1'], 2, 'expected at least two logits, or one file of logits'],
    [['1', 'x'], 2, 'expected logits to be finite numbers, got "x"'],
    [['1', 'Infinity'], 2, 'expected logits to be finite numbers, got "Infinity"'],
    [['1', '2', '--label', '2'], 2, 'expected --label to be a place from 0 to 1, got "2"'],
    [['1', '2', '--label', 'a'], 2, 'expected --label to be a place from 0 to 1, got "a"'],
    [['missing.csv'], 3, 'missing.csv: no such file'],
    [
      ['logits.csv', '--label', 'c'],
      3,
      'expected the label to be a place from 0 to 2 or the name of a column of logits, got "-50"',
    ],
  ])('%j is refused', async (args, code, message) => {
    const done = await run(...args)
    expect(done.code).toBe(code)
    expect(done.stderr).toContain(message)
    expect(done.stdout).toBe('')
  })
})

test('a survey tells NaN from 0 and from lost digits', () => {
  const { counts } = surveyRows(FORMATS[1], [1000, 0, 40, 0, 20, 0, 0, 0], 2, [0, 0, 0, 0])
  expect(counts.map(({ notFinite, zero, inexact }) => [notFinite, zero, inexact])).toEqual([
    [1, 0, 0],
    [1, 1, 1],
    [1, 1, 1],
    [1, 1, 1],
    [0, 0, 0],
    [0, 1, 1],
    [0, 1, 1],
    [0, 1, 1],
  ])
})
