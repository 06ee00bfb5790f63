/**
 * What the command says when it cannot do what was asked: every message, its exit code, and that nothing is written.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fitModels, idx, maxshift, temporaryFolder } from './helpers.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const { write, path: cwd } = folder
const run = (...args: string[]) => maxshift(args, { cwd })
const names = () => readdirSync(cwd, { recursive: true, encoding: 'utf8' }).sort()

beforeAll(() => fitModels(folder))

describe('the words', () => {
  test('help: every line fits into 80 columns, every option is in it', async () => {
    for (const command of ['fit', 'predict', 'evaluate', 'explain', 'export', 'inspect']) {
      const { code, stdout } = await run(command, '--help')
      expect(code).toBe(0)
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
      expect(stdout).toContain('Examples:')
      expect(stdout).toContain('Exit codes:')
    }
    expect((await run('--help')).stdout).toMatch(/fit \[options\] \[DATA\.\.\.\] +Fit a model to labelled rows\./)
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  const table = ['flowers.csv', '--label', 'species']
  const pair = ['--images', 'images', '--labels', 'labels']
  test.each([
    [['foo'], "maxshift: unknown command 'foo' (see maxshift --help)"],
    [['fot'], "maxshift: unknown command 'fot' (Did you mean fit?) (see maxshift --help)"],
    [['fit'], 'maxshift fit: expected a data file, or --images FILE and --labels FILE (see maxshift fit --help)'],
    [
      ['fit', 'flowers.csv'],
      'maxshift fit: expected --label COLUMN, the column that holds the classes (see maxshift fit --help)',
    ],
    [['fit', ...table, ...pair], 'maxshift fit: expected a data file or --images, got both (see maxshift fit --help)'],
    [
      ['fit', ...table, '--labels', 'labels'],
      'maxshift fit: --labels FILE goes with --images; --label COLUMN names a column of the data file (see maxshift fit --help)',
    ],
    [
      ['fit', ...pair, '--label', 'species'],
      'maxshift fit: --label COLUMN goes with a data file; images take --labels FILE (see maxshift fit --help)',
    ],
    [
      ['fit', ...pair, '--features', 'a'],
      'maxshift fit: --features goes with a data file; every pixel of an image is a feature (see maxshift fit --help)',
    ],
    [
      ['fit', '--images', 'images'],
      'maxshift fit: expected --labels FILE beside --images FILE (see maxshift fit --help)',
    ],
    [
      ['fit', ...table, '--test-images', 'images'],
      'maxshift fit: --test-images and --test-labels go with --images; a data file takes --test DATA (see maxshift fit --help)',
    ],
    [
      ['fit', ...pair, '--test', 'flowers.csv'],
      'maxshift fit: --test DATA goes with a data file; images take --test-images and --test-labels (see maxshift fit --help)',
    ],
    [
      ['fit', ...pair, '--test-images', 'images'],
      'maxshift fit: expected both --test-images FILE and --test-labels FILE, got only one of them (see maxshift fit --help)',
    ],
    [
      ['fit', ...table, '--features', 'petal_width,species'],
      'maxshift fit: "species" is the label and cannot be a feature too (see maxshift fit --help)',
    ],
    [
      ['fit', ...table, '--features', 'a,,b'],
      'maxshift fit: --features: name 2 is empty in "a,,b" (see maxshift fit --help)',
    ],
    [['fit', ...table, '--features', 'a,a'], 'maxshift fit: --features: "a" is named twice (see maxshift fit --help)'],
    [
      ['fit', ...table, '--l2', '-1'],
      "maxshift fit: option '--l2 <NUMBER>' argument '-1' is invalid. Expected a number ≥ 0, such as 1e-4. (see maxshift fit --help)",
    ],
    [
      ['fit', ...table, '--l2', 'x'],
      "maxshift fit: option '--l2 <NUMBER>' argument 'x' is invalid. Expected a number ≥ 0, such as 1e-4. (see maxshift fit --help)",
    ],
    [
      ['fit', ...table, '--tolerance', '0'],
      "maxshift fit: option '--tolerance <NUMBER>' argument '0' is invalid. Expected a number > 0, such as 1e-4. (see maxshift fit --help)",
    ],
    [
      ['fit', ...table, '--max-iterations', '1.5'],
      "maxshift fit: option '--max-iterations <N>' argument '1.5' is invalid. Expected an integer > 0. (see maxshift fit --help)",
    ],
    [
      ['fit', ...table, '--modl', 'x'],
      "maxshift fit: unknown option '--modl' (Did you mean --model?) (see maxshift fit --help)",
    ],
    [['fit', ...table, '--model'], "maxshift fit: option '--model <FILE>' argument missing (see maxshift fit --help)"],
    [
      ['export', 'a', 'b', '--output', 'k'],
      "maxshift export: too many arguments for 'export'. Expected 1 argument but got 2. (see maxshift export --help)",
    ],
    [
      ['fit', 'x.npy'],
      'maxshift fit: expected --labels FILE, an NPY file of one label for each row (see maxshift fit --help)',
    ],
    [
      ['fit', 'x.npz', '--label', 'k'],
      'maxshift fit: --label COLUMN goes with a table; here the labels are --labels-array NAME (see maxshift fit --help)',
    ],
    [
      ['fit', 'x.svm', '--labels', 'y.npy'],
      'maxshift fit: --labels FILE goes with NPY; here the labels are the first field of each line (see maxshift fit --help)',
    ],
    [
      ['fit', 'x.svm', '--exclude', 'k'],
      'maxshift fit: --exclude goes with a table; arrays have no columns (see maxshift fit --help)',
    ],
    [
      ['fit', 'x.svm', '--labels-array', 'k'],
      'maxshift fit: --labels-array goes with an NPZ file (see maxshift fit --help)',
    ],
    [
      ['fit', ...table, '--features-array', 'X'],
      'maxshift fit: --features-array goes with an NPZ file (see maxshift fit --help)',
    ],
    [
      ['fit', 'x.svm', 'y.svm'],
      'maxshift fit: expected one file where it holds arrays, got 2 (see maxshift fit --help)',
    ],
    [
      ['fit', 'flowers.csv', './flowers.csv', 'flowers.csv', '--label', 'species'],
      'maxshift fit: "flowers.csv" is named twice (see maxshift fit --help)',
    ],
    [
      ['predict', 'flowers.csv'],
      "maxshift predict: required option '--model <FILE>' not specified (see maxshift predict --help)",
    ],
    [
      ['predict', '--model', 'flowers.safetensors'],
      'maxshift predict: expected a data file, or --images FILE (see maxshift predict --help)',
    ],
    [
      ['evaluate', 'flowers.csv', '--model', 'flowers.safetensors'],
      'maxshift evaluate: expected --label COLUMN, the column that holds the classes (see maxshift evaluate --help)',
    ],
  ])('%j', async (args, message) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: '', stderr: `${message}\n` })
  })
  test('no words at all: the help, and code 2', async () => {
    const { code, stdout, stderr } = await run()
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Usage: maxshift /)
  })
})

describe('data that are wrong: one line, exit code 3, nothing written', () => {
  beforeAll(() => {
    const model = readFileSync(`${cwd}/flowers.safetensors`)
    write('cut.safetensors', model.subarray(0, model.length - 8))
    const lying = Buffer.from(model)
    // The shape of the weights, 3 × 2, made 3 × 9 in the header; its length stays the same.
    const at = lying.indexOf('[3,2]')
    expect(at).toBeGreaterThan(0)
    lying.write('[3,9]', at)
    write('lying.safetensors', lying)
    write('dir/inside', '')
    write('empty.csv', '')
    write('header.csv', 'petal length,petal_width,species\n')
    write('one.csv', 'x,species\n1,setosa\n2,setosa\n')
    write('bad.csv', 'petal length,petal_width,species\n1,2,setosa\n1,oops,setosa\n1,3,virginica\n')
    write('gap.csv', 'petal length,petal_width,species\n1,2,setosa\n1,,setosa\n1,3,virginica\n')
    write('other.csv', 'petal_length,petal_width,species\n1,2,rosa\n')
    write('unknown.csv', 'petal length,petal_width,species\n1,2,setosa\n1,2,stosa\n')
    write('cut.images', idx([60, 2, 2], new Uint8Array(100)))
    write('few.labels', idx([59], new Uint8Array(59)))
    write('same.labels', idx([60], new Uint8Array(60)))
    write('small.images', idx([2, 3, 1], [1, 2, 3, 4, 5, 6]))
    write('eleven.labels', idx([60], new Uint8Array(60).fill(11)))
  })
  const label = ['--label', 'species', '--model', 'never.safetensors']
  const model = ['--model', 'flowers.safetensors', '--output', 'never.csv']
  test.each([
    [['fit', 'none.csv', ...label], 'none.csv: no such file'],
    [['fit', 'dir', ...label], 'dir: is a directory, expected a file'],
    [['fit', 'empty.csv', ...label], 'empty.csv: the file is empty'],
    [['fit', 'header.csv', ...label], 'header.csv: has column names but no rows'],
    [['fit', 'one.csv', ...label], 'one.csv: column "species" holds a single class ("setosa"), expected two or more'],
    [['fit', 'bad.csv', ...label], 'bad.csv, line 3: column "petal_width": expected a number, got "oops"'],
    [
      ['fit', 'gap.csv', ...label],
      'gap.csv, line 3: column "petal_width" is empty, expected a number (--missing says what to fill in)',
    ],
    [['fit', 'flowers.csv', '--label', 'speces'], 'flowers.csv: no column "speces" (--label); did you mean "species"?'],
    [
      ['fit', 'flowers.csv', ...label, '--features', 'petal_lenght'],
      'flowers.csv: no column "petal_lenght" (--features); did you mean "petal length"?',
    ],
    [
      ['fit', 'flowers.csv', ...label, '--features', 'petal_width,note'],
      'flowers.csv: column "note" has 90 levels, too many or too rare for a category; is it free text (--text)? --max-levels raises the limit',
    ],
    [
      ['fit', 'flowers.csv', ...label, '--test', 'other.csv'],
      'other.csv: no column "petal length" (a feature of the model); did you mean "petal_length"?',
    ],
    [
      ['fit', 'flowers.csv', ...label, '--test', 'unknown.csv'],
      'unknown.csv, line 3: column "species": "stosa" is no class of the model; did you mean "setosa"?',
    ],
    [
      ['fit', 'flowers.csv', '--label', 'species', '--model', 'dir'],
      'cannot write dir: is a directory, expected a file',
    ],
    [
      ['fit', 'flowers.csv', '--label', 'species', '--model', 'no/such/m'],
      'cannot write no/such/m: there is no folder no/such',
    ],
    [
      ['fit', '--images', 'cut.images', '--labels', 'labels'],
      'cut.images: cut off: 116 bytes, expected 256 for the shape 60 × 2 × 2',
    ],
    [
      ['fit', '--images', 'images', '--labels', 'few.labels'],
      'few.labels: holds 59 labels, expected 60, one for each image in images',
    ],
    [
      ['fit', '--images', 'labels', '--labels', 'images'],
      'labels: has 1 dimension, expected images (2 or more dimensions); is it a file of labels?',
    ],
    [
      ['fit', '--images', 'images', '--labels', 'same.labels'],
      'same.labels: holds a single class ("0"), expected two or more',
    ],
    [
      ['fit', 'images', ...label],
      'images: looks like an IDX file (images or labels); read it with --images FILE and --labels FILE',
    ],
    [
      ['predict', 'other.csv', ...model],
      'other.csv: no column "petal length" (a feature of the model); did you mean "petal_length"?',
    ],
    [
      ['predict', 'one.csv', ...model],
      'one.csv: no columns "petal length" and "petal_width" (a feature of the model); it has "x" and "species"',
    ],
    [['predict', 'bad.csv', ...model], 'bad.csv, line 3: column "petal_width": expected a number, got "oops"'],
    [
      ['predict', '--images', 'images', ...model],
      'images: holds images, but the model was made from a table with columns "petal length" and "petal_width"',
    ],
    [
      ['predict', 'flowers.csv', '--model', 'images.safetensors'],
      'flowers.csv: is a table, but the model knows no column names: it was made from 4 unnamed features, such as the pixels of images',
    ],
    [
      ['predict', '--images', 'small.images', '--model', 'images.safetensors'],
      'small.images: images have 3 pixels (3 × 1), the model expects 4',
    ],
    [['predict', 'flowers.csv', '--model', 'none'], 'none: no such file'],
    [
      ['predict', 'flowers.csv', '--model', 'flowers.csv'],
      'flowers.csv: not a maxshift model (not a safetensors file)',
    ],
    [['predict', 'flowers.csv', '--model', 'images'], 'images: not a maxshift model (not a safetensors file)'],
    [['predict', 'flowers.csv', '--model', 'empty.csv'], 'empty.csv: the file is empty'],
    [['predict', 'flowers.csv', '--model', 'dir'], 'dir: is a directory, expected a file'],
    [
      ['evaluate', '--images', 'images', '--labels', 'eleven.labels', '--model', 'images.safetensors'],
      'eleven.labels: label 11 of image 1 is no class of the model, which knows "0", "1" and "2"',
    ],
    [
      ['evaluate', 'unknown.csv', '--label', 'species', '--model', 'flowers.safetensors'],
      'unknown.csv, line 3: column "species": "stosa" is no class of the model; did you mean "setosa"?',
    ],
  ])('%j', async (args, message) => {
    const before = names()
    expect(await run(...args)).toEqual({ code: 3, stdout: '', stderr: `maxshift ${args[0]}: ${message}\n` })
    expect(names()).toEqual(before)
  })
  test.each(['cut.safetensors', 'lying.safetensors'])('%s is no model', async (file) => {
    const { code, stdout, stderr } = await run('predict', 'flowers.csv', '--model', file)
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(new RegExp(`^maxshift predict: ${file}: not a maxshift model: expected .*\n$`))
  })
  test('names and values cannot speak to the terminal', async () => {
    write('escape.csv', 'x,k\n1,a\n2,a\n"\u001b]0;title\u0007\u001b[31m",b\n')
    const { stderr } = await run('fit', 'escape.csv', '--label', 'k')
    expect(stderr).toContain('got "\\u001b]0;title\\u0007\\u001b[31m"')
  })
  test('a label column of names', async () => {
    const { code, stderr } = await run('fit', 'flowers.csv', '--label', 'note')
    expect([code, stderr]).toEqual([
      3,
      'maxshift fit: flowers.csv: column "note" holds 90 different values in 90 rows, expected classes that repeat\n',
    ])
  })
  test('an input is not overwritten', async () => {
    const before = readFileSync(`${cwd}/flowers.csv`, 'utf8')
    const fit = await run('fit', 'flowers.csv', '--label', 'species', '--model', './flowers.csv')
    expect([fit.code, fit.stderr]).toEqual([
      2,
      'maxshift fit: writing ./flowers.csv would overwrite the input flowers.csv (see maxshift fit --help)\n',
    ])
    const args = ['predict', 'flowers.csv', '--model', 'flowers.safetensors', '--output']
    expect((await run(...args, 'flowers.csv')).code).toBe(2)
    expect((await run(...args, 'flowers.safetensors')).code).toBe(2)
    expect(readFileSync(`${cwd}/flowers.csv`, 'utf8')).toBe(before)
  })
  test('a stdout that is full', () => {
    const main = new URL('../dist/main.js', import.meta.url).pathname
    const full = openSync('/dev/full', 'w')
    const args = [main, 'predict', 'flowers.csv', '--model', 'flowers.safetensors']
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    closeSync(full)
    expect([status, stderr]).toEqual([3, 'maxshift: cannot write to stdout: ENOSPC: no space left on device, write\n'])
  })
  test('an old output survives a failure', async () => {
    writeFileSync(`${cwd}/kept.csv`, 'old')
    expect((await run('predict', 'bad.csv', '--model', 'flowers.safetensors', '--output', 'kept.csv')).code).toBe(3)
    expect(readFileSync(`${cwd}/kept.csv`, 'utf8')).toBe('old')
    expect(existsSync(`${cwd}/never.csv`)).toBe(false)
  })
})
