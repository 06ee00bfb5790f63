/**
 * `maxshift evaluate`: a model and labelled rows in, how well the model knows the labels out.
 */
import { blameData, exitCodes } from '../errors.ts'
import { chooseSource, filesOf, readSource, type SourceOptions } from '../input/source.ts'
import { expectationOf, loadModel, recipeOf } from '../model.ts'
import { checkWritable } from '../output/write-file.ts'
import { dataJson, metricsJson, printJson } from '../report/json.ts'
import { describeClasses, Summary } from '../report/summary.ts'
import { noteUnseen, type Session } from '../session.ts'
import { plain } from '../text.ts'
import { version } from '../version.ts'

export interface EvaluateOptions extends SourceOptions {
  model: string
  report?: string
  json?: boolean
}

/** Runs the command; resolves to its exit code. */
export async function evaluate(
  path: string | readonly string[] | undefined,
  options: EvaluateOptions,
  { progress }: Session,
): Promise<number> {
  const source = chooseSource(path, options, true)
  if (options.report !== undefined) await checkWritable(options.report, [options.model, ...filesOf(source)])
  const model = await loadModel(options.model)
  progress.status('reading the data')
  const data = await readSource(source, expectationOf(options.model, model))
  noteUnseen(data, progress)
  progress.status('evaluating')
  const metrics = await blameData(data.source[0], () =>
    model.evaluate(data.features, data.labels ?? [], { sampleWeights: data.weights }),
  )
  if (options.report !== undefined) {
    progress.status('writing the report')
    const { writeReport } = await import('../report/html/write-report.ts')
    const files = [{ path: options.model, use: 'model' }, ...filesOf(source).map((path) => ({ path, use: 'data' }))]
    const recipe = recipeOf(options.model, model)
    const shape = { command: 'evaluate', rowsOf: 'data' } as const
    await writeReport(options.report, { ...shape, model, evaluation: metrics, evaluated: data, recipe, files })
  }
  progress.done()
  if (options.json) {
    const shape = {
      command: 'evaluate',
      version,
      model: options.model,
      data: dataJson(data),
      classes: model.classNames,
    }
    printJson({ ...shape, ...metricsJson(metrics) })
    return exitCodes.fine
  }
  const summary = new Summary()
  summary.data('Data', data, describeClasses(data.labels ?? []))
  summary.gap()
  summary.metrics(model.classNames, metrics, data.rows)
  summary.gap()
  summary.perClass(metrics.perClass)
  if (options.report !== undefined) {
    summary.gap()
    summary.block('Report', plain(options.report))
  }
  return exitCodes.fine
}
