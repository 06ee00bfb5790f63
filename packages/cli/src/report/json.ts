/**
 * The objects of `--json`: one per run on stdout, for machines. The fields are documented in the README; a number that
 * is not finite is null there.
 */
import type { Evaluation, FitReport } from 'maxshift/regression'
import type { Dataset } from '../input/dataset.ts'

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
