/**
 * `maxshift predict`: rows in, their classes out, in the same order, as CSV or as one JSON object.
 */
import type { SoftmaxRegression } from 'maxshift/regression'
import { blameData, exitCodes } from '../errors.ts'
import { type Dataset, rowBlock } from '../input/dataset.ts'
import type { ClassName } from '../input/labels.ts'
import { chooseSource, filesOf, readSource } from '../input/source.ts'
import { expectationOf, loadModel } from '../model.ts'
import { csvRecord } from '../output/csv.ts'
import { checkWritable, writeWhole } from '../output/write-file.ts'
import { dataJson, printJson } from '../report/json.ts'
import { noteUnseen, type Session } from '../session.ts'
import { plural } from '../text.ts'
import { version } from '../version.ts'

export interface PredictOptions {
  model: string
  images?: string
  inputFormat?: string
  sql?: string
  featuresArray?: string
  probabilities?: boolean
  output?: string
  json?: boolean
}

/** Rows that are predicted at a time: their probabilities and text stay small. */
const blockRows = 4096

/** Runs the command; resolves to its exit code. */
export async function predict(
  path: string | readonly string[] | undefined,
  options: PredictOptions,
  { progress, interrupt }: Session,
): Promise<number> {
  const source = chooseSource(path, options, false)
  const model = await loadModel(options.model)
  if (options.output !== undefined) await checkWritable(options.output, [options.model, ...filesOf(source)])
  const withProbabilities = options.probabilities === true
  const expected = expectationOf(options.model, model)
  const told: Told = { rows: 0 }
  if (source.kind === 'table' && !options.json) {
    const { streamTable } = await import('../input/table.ts')
    const parts = predictAll(model, streamTable(source, expected, told), source.name ?? source.path, withProbabilities)
    await deliver(csv(model, parts, withProbabilities, told), options.output)
    noteUnseen(told, progress)
  } else {
    progress.status('reading the data')
    const data = await readSource(source, expected)
    noteUnseen(data, progress)
    progress.done()
    const parts = () => predictAll(model, blocksOf(data), data.source[0], withProbabilities)
    if (!options.json || options.output !== undefined) {
      await deliver(csv(model, parts(), withProbabilities, told), options.output)
    }
    if (options.json) printJson(await resultJson(model, data, parts(), options))
  }
  if (options.output !== undefined) {
    interrupt.wrote(options.output)
    if (!options.json) progress.note(`wrote ${plural(told.rows, 'prediction')} to ${options.output}`)
  }
  return exitCodes.fine
}

/** What is known when all rows are through. */
interface Told extends Pick<Dataset, 'unseen'> {
  rows: number
}

async function deliver(parts: AsyncIterable<string>, path: string | undefined): Promise<void> {
  if (path === undefined) await printAll(parts)
  else await writeWhole(path, parts)
}

interface Block {
  predictions: readonly ClassName[]
  /** Row-major, rows × classes. */
  probabilities?: ArrayLike<number>
}

type Features = Dataset['features']

function* blocksOf(data: Dataset): Generator<{ features: Features }> {
  for (let start = 0; start < data.rows; start += blockRows) {
    yield { features: rowBlock(data, start, Math.min(start + blockRows, data.rows)) }
  }
}

/** Predictions block by block. */
async function* predictAll(
  model: SoftmaxRegression,
  parts: Iterable<{ features: Features }> | AsyncIterable<{ features: Features }>,
  path: string,
  probabilities: boolean,
): AsyncGenerator<Block> {
  for await (const { features } of parts) {
    yield await blameData(path, () => {
      const predictions = model.predict(features)
      return probabilities ? { predictions, probabilities: model.predictProba(features) } : { predictions }
    })
  }
}

async function* csv(
  model: SoftmaxRegression,
  parts: AsyncIterable<Block>,
  withProbabilities: boolean,
  told: Told,
): AsyncGenerator<string> {
  const classes = model.classNames
  // The header comes with the first rows, so that a file which is refused at once leaves nothing on stdout.
  let head = csvRecord(['prediction', ...(withProbabilities ? classes.map((name) => `p_${name}`) : [])])
  for await (const { predictions, probabilities } of parts) {
    told.rows += predictions.length
    let text = head
    head = ''
    for (let i = 0; i < predictions.length; i++) {
      text += csvRecord([predictions[i], ...rowOf(probabilities, i, classes.length)])
    }
    yield text
  }
}

function rowOf(values: ArrayLike<number> | undefined, row: number, width: number): number[] {
  return values ? Array.from({ length: width }, (_, j) => values[row * width + j]) : []
}

/** Writes to stdout no faster than it is read. */
async function printAll(parts: AsyncIterable<string>): Promise<void> {
  for await (const part of parts) {
    if (!process.stdout.write(part)) await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}

/** With --output the predictions are in that file, and only there. */
async function resultJson(
  model: SoftmaxRegression,
  data: Dataset,
  parts: AsyncIterable<Block>,
  options: PredictOptions,
) {
  const shape = { command: 'predict', version, model: options.model, data: dataJson(data), classes: model.classNames }
  if (options.output !== undefined) return { ...shape, output: options.output }
  const predictions: ClassName[] = []
  const probabilities: number[][] = []
  const width = model.classNames.length
  for await (const block of parts) {
    predictions.push(...block.predictions)
    for (let i = 0; i < block.predictions.length; i++) probabilities.push(rowOf(block.probabilities, i, width))
  }
  return options.probabilities ? { ...shape, predictions, probabilities } : { ...shape, predictions }
}
