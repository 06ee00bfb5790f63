/**
 * `maxshift fit`: labelled rows in, a softmax regression out, and how good it is.
 *
 * Whatever is wrong with the words and the files is found before the first iteration: the test data are read and the
 * model's path is tried out while nothing has been computed yet.
 */
import type { Evaluation, FitOptions as LibraryOptions, SoftmaxRegression } from 'maxshift/regression'
import { blameData, DataError, exitCodes, UsageError } from '../errors.ts'
import type { Dataset } from '../input/dataset.ts'
import type { ClassName } from '../input/labels.ts'
import {
  chooseSource,
  type Expectation,
  filesOf,
  readSource,
  type Source,
  type SourceOptions,
} from '../input/source.ts'
import { describeIgnored } from '../input/table.ts'
import { metadataOf } from '../model.ts'
import { checkWritable, writeWhole } from '../output/write-file.ts'
import type { Recipe } from '../recipe/recipe.ts'
import type { UsedFile } from '../report/html/origin.ts'
import { dataJson, fitJson, metricsJson, printJson } from '../report/json.ts'
import { describeClasses, Summary } from '../report/summary.ts'
import type { Session } from '../session.ts'
import { duration, plain, plural, quote, shortest, size } from '../text.ts'
import { version } from '../version.ts'

export interface FitOptions extends SourceOptions {
  test?: string
  testImages?: string
  testLabels?: string
  l2?: number
  tolerance: number
  maxIterations: number
  model?: string
  report?: string
  json?: boolean
}

/** How the library fits, as it does not say itself. */
const solver = 'L-BFGS'

/** What is known when everything has been read. */
interface Inputs {
  train: Dataset
  test: Dataset | undefined
  classes: readonly ClassName[]
  files: readonly UsedFile[]
}

/** Runs the command; resolves to its exit code. */
export async function fit(path: string | undefined, options: FitOptions, session: Session): Promise<number> {
  const begin = performance.now()
  const inputs = await readInputs(path, options, session)
  const { model: file } = options
  session.interrupt.enterFit(file === undefined ? 'no model is written' : `the model so far will be written to ${file}`)
  const summary = options.json ? undefined : new Summary()
  if (summary) announce(summary, inputs, options)

  const model = await fitModel(inputs.train, options, session)
  // A fit that could not take a single step has nothing to keep, and must not replace a model that is good.
  const failed = model.report.status === 'not-finite'
  const keep = file !== undefined && !failed
  const written = keep ? await writeModel(file, model, inputs.train.recipe, session) : undefined
  session.progress.status('evaluating')
  const evaluated = inputs.test ?? inputs.train
  const evaluation = model.evaluate(evaluated.features, labelsOf(evaluated))
  const report = failed ? undefined : options.report
  if (report !== undefined) await reportTo(report, { ...inputs, model, evaluation, evaluated }, session)
  session.progress.done()

  const seconds = (performance.now() - begin) / 1000
  if (summary)
    printOutcome(summary, { model, evaluation, evaluated, written, report, seconds }, inputs.test !== undefined)
  else printJson(outcomeJson(model, evaluation, inputs, { written, seconds }))
  return model.report.status === 'converged' ? exitCodes.fine : exitCodes.notConverged
}

async function readInputs(path: string | undefined, options: FitOptions, { progress }: Session): Promise<Inputs> {
  const source = chooseSource(path, options, true)
  const testSource = chooseTest(source, options)
  const files = [source, ...(testSource ? [testSource] : [])].flatMap(filesOf)
  if (options.model !== undefined) await checkWritable(options.model, files)
  if (options.report !== undefined) await checkWritable(options.report, [options.model, ...files])
  progress.status('reading the training data')
  const train = await readSource(source)
  const classes = distinctClasses(source, labelsOf(train))
  if (testSource) progress.status('reading the test data')
  const test = testSource && (await readSource(testSource, expectationFrom(train, classes)))
  progress.done()
  const leftOut = describeIgnored(train.ignored)
  if (leftOut !== '') progress.note(`${leftOut}; --features chooses columns`)
  if (options.model === undefined) progress.note('the model will not be kept; --model FILE writes it')
  const used = filesOf(source).map((path) => ({ path, use: 'training data' }))
  const usedToo = testSource ? filesOf(testSource).map((path) => ({ path, use: 'test data' })) : []
  return { train, test, classes, files: [...used, ...usedToo] }
}

/** The test data must be of the same kind as the training data. */
function chooseTest(train: Source, { test, testImages, testLabels }: FitOptions): Source | undefined {
  if (train.kind === 'table') {
    if (testImages !== undefined || testLabels !== undefined) {
      throw new UsageError('--test-images and --test-labels go with --images; a data file takes --test DATA')
    }
    if (test === undefined) return undefined
    return train.label === undefined ? { kind: 'table', path: test } : { kind: 'table', path: test, label: train.label }
  }
  if (test !== undefined) {
    throw new UsageError('--test DATA goes with a data file; images take --test-images and --test-labels')
  }
  if (testImages === undefined && testLabels === undefined) return undefined
  if (testImages === undefined || testLabels === undefined) {
    throw new UsageError('expected both --test-images FILE and --test-labels FILE, got only one of them')
  }
  return { kind: 'idx', images: testImages, labels: testLabels }
}

/** The distinct labels. One class cannot be told from another; about as many classes as rows are names, no classes. */
function distinctClasses(source: Source, labels: readonly ClassName[]): ClassName[] {
  const classes = [...new Set(labels)]
  const where = source.kind === 'idx' ? `${source.labels}:` : `${source.path}: column ${quote(source.label ?? '')}`
  if (classes.length === 1) {
    throw new DataError(`${where} holds a single class (${quote(String(classes[0]))}), expected two or more`)
  }
  if (classes.length > 20 && 2 * classes.length > labels.length) {
    const different = `${plural(classes.length, 'different value')} in ${plural(labels.length, 'row')}`
    throw new DataError(`${where} holds ${different}, expected classes that repeat`)
  }
  return classes
}

function expectationFrom({ featureCount, recipe }: Dataset, classes: readonly ClassName[]): Expectation {
  return recipe ? { featureCount, classes, recipe } : { featureCount, classes }
}

/** The labels of a dataset that was read with labels. */
function labelsOf({ labels }: Dataset): string[] | number[] {
  if (labels === undefined) throw new Error('the data were read without labels')
  return labels
}

async function fitModel(train: Dataset, options: FitOptions, session: Session): Promise<SoftmaxRegression> {
  const { progress, interrupt } = session
  const { SoftmaxRegression: library } = await import('maxshift/regression')
  const { tolerance, maxIterations, l2 } = options
  const settings: LibraryOptions = {
    tolerance,
    maxIterations,
    ...(l2 === undefined ? {} : { l2 }),
    ...(train.featureNames ? { featureNames: train.featureNames } : {}),
    ...(train.featureScale === undefined ? {} : { featureScale: train.featureScale }),
    onIteration(step) {
      progress.step(step)
      return !interrupt.requested
    },
  }
  progress.beginFit({ tolerance, maxIterations })
  try {
    return await blameData(train.source[0], () => library.fit(train.features, labelsOf(train), settings))
  } finally {
    interrupt.leaveFit()
    progress.done()
  }
}

interface WrittenModel {
  path: string
  bytes: number
}

async function writeModel(
  path: string,
  model: SoftmaxRegression,
  recipe: Recipe | undefined,
  { interrupt }: Session,
): Promise<WrittenModel> {
  const bytes = await writeWhole(path, [model.toSafetensors({ metadata: metadataOf(recipe) })])
  interrupt.wrote(path)
  return { path, bytes }
}

type Judged = Inputs & Pick<Outcome, 'model' | 'evaluation' | 'evaluated'>

async function reportTo(path: string, judged: Judged, { progress }: Session): Promise<void> {
  progress.status('writing the report')
  const { writeReport } = await import('../report/html/write-report.ts')
  const { test, train } = judged
  await writeReport(path, {
    ...judged,
    command: 'fit',
    rowsOf: test ? 'test data' : 'training data',
    recipe: train.recipe,
  })
}

/** The facts a person may want to see before the wait. */
function announce(summary: Summary, { train, test }: Inputs, { l2, tolerance }: FitOptions): void {
  summary.data('Training', train, describeClasses(labelsOf(train)))
  if (test) summary.data('Test', test, describeClasses(labelsOf(test)))
  const penalty = `l2 ${shortest(l2 ?? 1 / train.rows)}${l2 === undefined ? ' (1/rows)' : ''}`
  summary.block('Solver', `${solver}, ${penalty}, tolerance ${shortest(tolerance)}`)
  summary.gap()
}

interface Outcome {
  model: SoftmaxRegression
  evaluation: Evaluation
  evaluated: Dataset
  written: WrittenModel | undefined
  report: string | undefined
  seconds: number
}

function printOutcome(
  summary: Summary,
  { model, evaluation, evaluated, written, report, seconds }: Outcome,
  isTest: boolean,
): void {
  summary.fit(model.report)
  summary.gap()
  summary.metrics(model.classNames, evaluation, evaluated.rows, isTest ? 'test data' : 'training data')
  summary.gap()
  const why = model.report.status === 'not-finite' ? 'the fit failed' : 'no --model'
  summary.block('Model', written ? `${written.path} (${size(written.bytes)})` : `not written (${why})`)
  if (report !== undefined) summary.block('Report', plain(report))
  summary.block('Time', `${duration(seconds)} in all`)
}

function outcomeJson(
  model: SoftmaxRegression,
  evaluation: Evaluation,
  { train, test }: Inputs,
  { written, seconds }: Pick<Outcome, 'written' | 'seconds'>,
) {
  const measured = metricsJson(evaluation)
  return {
    command: 'fit',
    version,
    data: dataJson(train),
    classes: model.classNames,
    fit: fitJson(model.report),
    // Measured on the test data when there are any, otherwise on the rows the model has seen.
    ...(test ? { test: { data: dataJson(test), ...measured } } : { training: measured }),
    model: written ?? null,
    seconds,
  }
}
