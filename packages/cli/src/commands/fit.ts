/**
 * `maxshift fit`: labelled rows in, a softmax regression out, and how good it is.
 *
 * Whatever is wrong with the words and the files is found before the first iteration: the test data are read and the
 * model's path is tried out while nothing has been computed yet.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Evaluation, FitOptions as LibraryOptions, PathProgress, SoftmaxRegression } from 'maxshift/regression'
import { blameData, DataError, exitCodes, fileError, UsageError } from '../errors.ts'
import type { Dataset } from '../input/dataset.ts'
import { checkReadable } from '../input/file.ts'
import type { ClassName } from '../input/labels.ts'
import {
  chooseSource,
  chooseTest,
  type Expectation,
  filesOf,
  labelsPlace,
  readSource,
  type Source,
  type SourceOptions,
} from '../input/source.ts'
import { describeIgnored } from '../input/table.ts'
import { metadataOf } from '../model.ts'
import { checkWritable, writeWhole } from '../output/write-file.ts'
import { isSparse, type Recipe } from '../recipe/recipe.ts'
import type { UsedFile } from '../report/html/origin.ts'
import { dataJson, fitJson, metricsJson, printJson, searchJson } from '../report/json.ts'
import { describeClasses, Summary } from '../report/summary.ts'
import type { Session } from '../session.ts'
import { duration, plain, plural, quote, shortest, size } from '../text.ts'
import { version } from '../version.ts'
import { openCheckpoint } from './checkpoint.ts'
import { crossValidate, holdOut, planSearch, type Search, type SearchPlan } from './choose-l2.ts'

export interface FitOptions extends SourceOptions {
  test?: string
  testImages?: string
  testLabels?: string
  l2?: number
  l1?: number
  folds?: number
  oneSe?: boolean
  standardize?: boolean
  classWeights?: 'balanced'
  seed?: number
  threads?: number
  maxSeconds?: number
  checkpoint?: string
  resume?: string
  tolerance: number
  maxIterations: number
  model?: string
  report?: string
  json?: boolean
}

/** What the solvers of the library are called. */
const SOLVERS = {
  lbfgs: 'L-BFGS',
  'newton-cg': 'Newton with conjugate gradients',
  proximal: 'proximal quasi-Newton',
  sgd: 'stochastic gradient descent',
}

/** What is known when everything has been read. */
interface Inputs {
  train: Dataset
  test: Dataset | undefined
  classes: readonly ClassName[]
  files: readonly UsedFile[]
  plan: SearchPlan
  standardize: boolean
  resume: Uint8Array | undefined
}

/** A model, and how its l2 was found if it was looked for. */
interface Fitted {
  model: SoftmaxRegression
  search?: Search
}

/** Runs the command; resolves to its exit code. */
export async function fit(
  path: string | readonly string[] | undefined,
  options: FitOptions,
  session: Session,
): Promise<number> {
  const begin = performance.now()
  const inputs = await readInputs(path, options, session)
  const { model: file } = options
  session.interrupt.enterFit(file === undefined ? 'no model is written' : `the model so far will be written to ${file}`)
  const summary = options.json ? undefined : new Summary()
  if (summary) announce(summary, inputs, options)

  const fitted = await fitModel(inputs, options, session)
  const { model } = fitted
  // A fit that could not take a single step has nothing to keep, and must not replace a model that is good.
  const failed = model.report.status === 'not-finite'
  const keep = file !== undefined && !failed
  const written = keep ? await writeModel(file, model, inputs.train.recipe, session) : undefined
  session.progress.status('evaluating')
  const evaluated = inputs.test ?? inputs.train
  const evaluation = model.evaluate(evaluated.features, labelsOf(evaluated), { sampleWeights: evaluated.weights })
  const report = failed ? undefined : options.report
  if (report !== undefined) await reportTo(report, { ...inputs, fitted, evaluation, evaluated }, session)
  session.progress.done()

  const seconds = (performance.now() - begin) / 1000
  if (summary)
    printOutcome(summary, { fitted, evaluation, evaluated, written, report, seconds }, inputs.test !== undefined)
  else printJson(outcomeJson(fitted, evaluation, inputs, { written, seconds }))
  return model.report.status === 'converged' ? exitCodes.fine : exitCodes.notConverged
}

async function readInputs(
  path: string | readonly string[] | undefined,
  options: FitOptions,
  { progress }: Session,
): Promise<Inputs> {
  refuseContradictions(options)
  const source = chooseSource(path, options, true)
  const testSource = chooseTest(source, options)
  const files = [source, ...(testSource ? [testSource] : [])].flatMap(filesOf)
  if (options.model !== undefined) await checkWritable(options.model, files)
  if (options.report !== undefined) await checkReport(options.report, options.model, files)
  if (options.checkpoint !== undefined) await checkWritable(options.checkpoint, files)
  const resume = options.resume === undefined ? undefined : await readWhole(options.resume)
  progress.status('reading the training data')
  const train = await readSource(source)
  const classes = distinctClasses(source, labelsOf(train))
  if (testSource) progress.status('reading the test data')
  const test = testSource && (await readSource(testSource, expectationFrom(train, classes)))
  progress.done()
  const plan = planSearch(train, classes.length, options)
  const isChecked = options.checkpoint !== undefined || resume !== undefined
  if (isChecked && plan.method !== 'none') {
    const option = resume === undefined ? '--checkpoint' : '--resume'
    throw new UsageError(`${option} goes with one fit, not with the choice of l2; expected --l2 NUMBER beside it`)
  }
  const leftOut = describeIgnored(train.ignored)
  if (leftOut !== '') progress.note(`${leftOut}; --features chooses columns`)
  if (options.model === undefined) progress.note('the model will not be kept; --model FILE writes it')
  const used = filesOf(source).map((path) => ({ path, use: 'training data' }))
  const usedToo = testSource ? filesOf(testSource).map((path) => ({ path, use: 'test data' })) : []
  const allFiles = [...used, ...usedToo]
  return { train, test, classes, plan, resume, files: allFiles, standardize: options.standardize ?? isMixed(train) }
}

function refuseContradictions({ l2, l1, folds, oneSe }: FitOptions): void {
  const fixed = l2 !== undefined ? '--l2' : (l1 ?? 0) > 0 ? '--l1' : undefined
  if (folds !== undefined && fixed !== undefined) {
    throw new UsageError(`--folds chooses l2, and ${fixed} leaves nothing to choose; expected one of them`)
  }
  if (oneSe && fixed !== undefined) {
    throw new UsageError(`--one-se chooses l2, and ${fixed} leaves nothing to choose; expected one of them`)
  }
}

/** Whether the features have units of their own: several columns, numbers among them, and no hashed text. */
function isMixed({ recipe }: Dataset): boolean {
  if (recipe === undefined || isSparse(recipe)) return false
  return recipe.columns.length > 1 && recipe.columns.some(({ kind }) => kind === 'number')
}

async function readWhole(path: string): Promise<Uint8Array> {
  await checkReadable(path)
  return await readFile(path).catch((error: unknown) => {
    throw fileError(path, error)
  })
}

/** Both files are new, perhaps, so that only their paths tell whether they are one. */
async function checkReport(report: string, model: string | undefined, files: readonly string[]): Promise<void> {
  if (model !== undefined && resolve(report) === resolve(model)) {
    throw new UsageError(`--report ${report} would overwrite the model, --model ${model}`)
  }
  await checkWritable(report, files)
}

/** The distinct labels. One class cannot be told from another; about as many classes as rows are names, no classes. */
function distinctClasses(source: Source, labels: readonly ClassName[]): ClassName[] {
  const classes = [...new Set(labels)]
  const where = labelsPlace(source)
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

async function fitModel(inputs: Inputs, options: FitOptions, session: Session): Promise<Fitted> {
  const { progress, interrupt } = session
  const { train, plan, resume } = inputs
  const { SoftmaxRegression: library } = await import('maxshift/regression')
  const labels = labelsOf(train)
  const common = settingsOf(inputs, options)
  const begin = performance.now()
  const onProgress = (told: PathProgress) => {
    progress.search(told, plan.method === 'cross-validation' ? plan.folds : 1)
    return !interrupt.requested
  }
  const request = { features: train.features, labels, settings: common, oneSe: options.oneSe === true, onProgress }
  try {
    return await blameData(train.source[0], async () => {
      if (plan.method === 'cross-validation') {
        progress.status(`cross-validation: ${plural(plan.folds, 'fold')}`)
        return await crossValidate(library, plan.folds, request)
      }
      if (plan.method === 'holdout') progress.status('choosing l2')
      const found = plan.method === 'holdout' ? await holdOut(library, request) : undefined
      const left = options.maxSeconds && Math.max(0, options.maxSeconds - (performance.now() - begin) / 1000)
      const settings: LibraryOptions = {
        ...common,
        ...defined({ l2: found?.search.l2s[found.search.chosen] ?? options.l2, maxSeconds: left, resume }),
        ...defined({ warmStart: found?.start, checkpoint: openCheckpoint(options.checkpoint) }),
        onIteration(step) {
          progress.step(step)
          return !interrupt.requested
        },
      }
      progress.beginFit({ tolerance: options.tolerance, maxIterations: options.maxIterations, rows: train.rows })
      const model = await library.fit(train.features, labels, settings)
      return found ? { model, search: found.search } : { model }
    })
  } finally {
    interrupt.leaveFit()
    progress.done()
  }
}

/** The settings of every fit of the command. */
function settingsOf({ train, standardize }: Inputs, options: FitOptions): Omit<LibraryOptions, 'l2' | 'onIteration'> {
  const { tolerance, maxIterations, l1, classWeights, seed, threads, maxSeconds } = options
  const { featureNames, featureScale, weights } = train
  return {
    tolerance,
    maxIterations,
    standardize,
    ...defined({ l1, classWeights, seed, threads, maxSeconds, featureNames, sampleWeights: weights }),
    ...(standardize ? {} : defined({ featureScale })),
  }
}

/** The entries that are not undefined. */
function defined<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
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

const describeMethod = ({ method, folds }: Search) =>
  method === 'holdout' ? 'a fifth of the rows held out' : `${folds}-fold cross-validation`

type Judged = Inputs & Pick<Outcome, 'fitted' | 'evaluation' | 'evaluated'>

async function reportTo(path: string, judged: Judged, { progress }: Session): Promise<void> {
  progress.status('writing the report')
  const { writeReport } = await import('../report/html/write-report.ts')
  const { test, train, fitted } = judged
  await writeReport(path, {
    ...judged,
    model: fitted.model,
    selection: fitted.search && { ...fitted.search, method: describeMethod(fitted.search) },
    command: 'fit',
    rowsOf: test ? 'test data' : 'training data',
    recipe: train.recipe,
  })
}

/** The facts a person may want to see before the wait. */
function announce(summary: Summary, { train, test, plan, standardize }: Inputs, options: FitOptions): void {
  summary.data('Training', train, describeClasses(labelsOf(train)))
  if (test) summary.data('Test', test, describeClasses(labelsOf(test)))
  const { l2, l1, tolerance } = options
  const solver = (l1 ?? 0) > 0 ? 'proximal' : 'columns' in train.features ? 'newton-cg' : 'lbfgs'
  const chosen = {
    none:
      l2 === undefined && solver !== 'proximal'
        ? `l2 1/${train.weights ? 'weights' : 'rows'}`
        : `l2 ${shortest(l2 ?? 0)}`,
    'cross-validation': `l2 by ${plan.method === 'cross-validation' ? plan.folds : 0} folds`,
    holdout: 'l2 by a fifth of the rows',
  }[plan.method]
  const penalty = solver === 'proximal' ? `l1 ${shortest(l1 ?? 0)}, ${chosen}` : chosen
  const unit = standardize ? ', standardized' : ''
  summary.block('Solver', `${SOLVERS[solver]}, ${penalty}, tolerance ${shortest(tolerance)}${unit}`)
  summary.gap()
}

interface Outcome {
  fitted: Fitted
  evaluation: Evaluation
  evaluated: Dataset
  written: WrittenModel | undefined
  report: string | undefined
  seconds: number
}

function printOutcome(
  summary: Summary,
  { fitted: { model, search }, evaluation, evaluated, written, report, seconds }: Outcome,
  isTest: boolean,
): void {
  if (search) summary.search(search)
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
  { model, search }: Fitted,
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
    search: search ? searchJson(search) : null,
    // Measured on the test data when there are any, otherwise on the rows the model has seen.
    ...(test ? { test: { data: dataJson(test), ...measured } } : { training: measured }),
    model: written ?? null,
    seconds,
  }
}
