/**
 * `maxshift evaluate`: a model and labelled rows in, how well the model knows the labels out.
 */
import { blameData, exitCodes } from '../errors.ts'
import { chooseSource, readSource, type SourceOptions } from '../input/source.ts'
import { expectationOf, loadModel } from '../model.ts'
import { dataJson, metricsJson, printJson } from '../report/json.ts'
import { describeClasses, Summary } from '../report/summary.ts'
import { noteUnseen, type Session } from '../session.ts'
import { version } from '../version.ts'

export interface EvaluateOptions extends SourceOptions {
  model: string
  json?: boolean
}

/** Runs the command; resolves to its exit code. */
export async function evaluate(
  path: string | undefined,
  options: EvaluateOptions,
  { progress }: Session,
): Promise<number> {
  const source = chooseSource(path, options, true)
  const model = await loadModel(options.model)
  progress.status('reading the data')
  const data = await readSource(source, expectationOf(options.model, model))
  noteUnseen(data, progress)
  progress.status('evaluating')
  const metrics = await blameData(data.source[0], () => model.evaluate(data.features, data.labels ?? []))
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
  return exitCodes.fine
}
