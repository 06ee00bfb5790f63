/**
 * The objects of `--json`: one per run on stdout, for machines. The fields are documented in the README; a number that
 * is not finite is null there.
 */
import type { Evaluation, FitReport } from 'maxshift/regression'
import type { Search } from '../commands/choose-l2.ts'
import type { Dataset } from '../input/dataset.ts'
import type { Format } from '../lesson/formats.ts'
import type { Lesson } from '../lesson/lesson.ts'
import type { Survey } from '../lesson/survey.ts'
import type { SurveyShape } from '../lesson/survey-text.ts'

export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

export function dataJson({ source, rows, featureCount, featureNames, ignored }: Dataset) {
  return {
    files: source,
    rows,
    featureCount,
    featureNames: featureNames ?? null,
    ignoredColumns: ignored.map(({ name }) => name),
  }
}

export function fitJson(report: FitReport) {
  const { status, iterations, dataPasses, objective, gradientNorm, tolerance, l2, l1, standardize, solver } = report
  const { seconds, separation } = report
  const measures = { status, iterations, dataPasses, objective, gradientNorm, tolerance, l2, l1, standardize, solver }
  if (separation === undefined) return { ...measures, seconds }
  const { kind, classNames } = separation
  return { ...measures, seconds, separation: { kind, classNames } }
}

export function searchJson({ method, folds, l2s, logLoss, standardError, best, oneStandardError, chosen }: Search) {
  return { method, folds, l2s, logLoss, standardError, best, oneStandardError, chosen }
}

export function metricsJson(evaluation: Evaluation) {
  const { accuracy, balancedAccuracy, macroF1, logLoss, topK, brier, ece, calibration, confusion, perClass } =
    evaluation
  return { accuracy, balancedAccuracy, macroF1, logLoss, topK, brier, ece, calibration, confusion, perClass }
}

/** A number of a lesson, where it matters which of the numbers that JSON lacks it is. */
const numberJson = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

export function lessonJson({ logits, label, exact, courses }: Lesson) {
  return {
    logits,
    label,
    exact,
    formats: courses.map(({ format, parts }) => ({
      format: format.name,
      digits: format.digits,
      parts: parts.map(({ title, steps }) => ({
        title,
        steps: steps.map((step) => ({ ...step, values: step.values.map(numberJson) })),
      })),
    })),
  }
}

export function surveyJson(shape: SurveyShape, surveys: readonly (readonly [Format, Survey])[]) {
  return { ...shape, formats: surveys.map(([{ name }, { counts }]) => ({ format: name, formulas: counts })) }
}
