/**
 * The objects of `--json`: one per run on stdout, for machines. The fields are documented in the README; a number that
 * is not finite is null there.
 */
import type { Evaluation, FitReport } from 'maxshift/regression'
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

export function fitJson({
  status,
  iterations,
  dataPasses,
  objective,
  gradientNorm,
  tolerance,
  l2,
  seconds,
}: FitReport) {
  return { status, iterations, dataPasses, objective, gradientNorm, tolerance, l2, seconds }
}

export function metricsJson({ accuracy, logLoss, topK, brier, ece, confusion, perClass }: Evaluation) {
  return { accuracy, logLoss, topK, brier, ece, confusion, perClass }
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
