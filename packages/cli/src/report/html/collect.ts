/**
 * From a model and the rows it is judged by to what the report tells.
 */
import type { Evaluation, FitReport, Inference, SoftmaxRegression } from 'maxshift/regression'
import type { Dataset } from '../../input/dataset.ts'
import type { Recipe } from '../../recipe/recipe.ts'
import { mistakeFacts } from './mistake-facts.ts'
import { describeOrigin, type UsedFile } from './origin.ts'
import type { FitFacts, Reliability, ReportData, Selection } from './report-data.ts'
import { scan } from './scan.ts'
import { weightFacts } from './weight-facts.ts'

export interface ReportRequest {
  readonly command: ReportData['command']
  readonly model: SoftmaxRegression
  readonly evaluation: Evaluation
  /** The rows of the evaluation, with labels. */
  readonly evaluated: Dataset
  readonly rowsOf: ReportData['rowsOf']
  /** The rows of the fit, where they are at hand. */
  readonly train?: Dataset
  readonly recipe?: Recipe | undefined
  readonly files: readonly UsedFile[]
  /** How l2 was chosen, if it was. */
  readonly selection?: Selection | undefined
}

/** Mistakes that are shown. */
const MOST_MISTAKES = 24
/** Intervals of more coefficients take longer than a report should. */
const MOST_COEFFICIENTS = 400
/** Steps that are kept of a long fit. */
const MOST_STEPS = 400

export async function collectReport(request: ReportRequest): Promise<ReportData> {
  const { command, model, evaluation, evaluated, train, rowsOf, selection } = request
  const recipe = request.recipe ?? evaluated.recipe
  const { wrong, before } = scan(model, evaluated, MOST_MISTAKES)
  const inference = await inferenceOf(model, train)
  const order = evaluation.perClass
    .map((_, k) => k)
    .sort((a, b) => evaluation.perClass[b].support - evaluation.perClass[a].support)
  const { calibration } = model.report
  return {
    command,
    title: evaluated.source[0] ?? '',
    rowsOf,
    classes: model.classNames.map(String),
    measures: measuresOf(evaluation, evaluated.rows),
    fit: fitFacts(model.report),
    confusion: evaluation.confusion,
    perClass: evaluation.perClass.map(({ className, ...measures }) => ({ name: String(className), ...measures })),
    reliability: reliabilityOf(evaluation, before),
    ...(calibration ? { calibration } : {}),
    weights: weightFacts(model, train ?? evaluated, recipe, order, inference),
    mistakes: mistakeFacts(model, evaluated, recipe, wrong),
    ...(selection ? { selection } : {}),
    origin: await describeOrigin({
      report: model.report,
      files: request.files,
      recipe,
      ignored: (train ?? evaluated).ignored,
    }),
  }
}

function measuresOf(evaluation: Evaluation, rows: number): ReportData['measures'] {
  const { accuracy, balancedAccuracy, macroF1, logLoss, brier, ece, topK, confusion } = evaluation
  const correct = confusion.reduce((sum, row, k) => sum + row[k], 0)
  return { rows, correct, accuracy, balancedAccuracy, macroF1, logLoss, brier, ece, topK }
}

function fitFacts(report: FitReport): FitFacts {
  const { history, gapBound } = report
  const every = Math.ceil(history.length / MOST_STEPS)
  const kept = history.filter((_, i) => i % every === 0 || i === history.length - 1)
  const steps = kept.map(({ iteration, dataPasses, objective, gradientNorm }) => {
    return { iteration, passes: dataPasses, objective, gradientNorm }
  })
  const { status, iterations, dataPasses, objective, gradientNorm, tolerance, rows } = report
  const { l2, l1, solver, standardize, selectedWeights, selectedFeatures } = report
  const outcome = { status, iterations, dataPasses, objective, gradientNorm, tolerance, rows }
  const settings = { l2, l1, solver, standardize, selectedWeights, selectedFeatures }
  return { ...outcome, ...settings, ...(gapBound === undefined ? {} : { gapBound }), history: steps }
}

function reliabilityOf(evaluation: Evaluation, before: Omit<Reliability, 'when'> | undefined): Reliability[] {
  const now = { bins: evaluation.calibration, ece: evaluation.ece }
  if (before === undefined) return [{ when: 'only', ...now }]
  return [
    { when: 'before', ...before },
    { when: 'after', ...now },
  ]
}

/** Intervals, where there are any: without a penalty, at the optimum, on the rows of the fit. */
async function inferenceOf(model: SoftmaxRegression, train: Dataset | undefined): Promise<Inference | undefined> {
  const { l2, l1, status, calibration } = model.report
  if (train?.labels === undefined || 'indptr' in train.features || train.imageShape) return undefined
  const coefficients = (model.classNames.length - 1) * (model.featureCount + 1)
  if (l2 > 0 || l1 > 0 || status !== 'converged' || calibration || coefficients > MOST_COEFFICIENTS) return undefined
  try {
    return await model.inference(train.features, train.labels)
  } catch (error) {
    // It says why there are none, such as collinear features; the weights are shown without.
    if (error instanceof RangeError || error instanceof TypeError) return undefined
    throw error
  }
}
