/**
 * `maxshift explain`: logits in, the lesson out: what the formulas of the textbook make of them, what the shift cures, and what it
 * does not; for a file of logits, the rows where such code fails.
 */
import { DataError, exitCodes, UsageError } from '../errors.ts'
import { chooseSource, readSource } from '../input/source.ts'
import { FORMATS, type Format } from '../lesson/formats.ts'
import { makeLesson } from '../lesson/lesson.ts'
import { lessonMarkdown, lessonText } from '../lesson/lesson-text.ts'
import { type Survey, surveyRows } from '../lesson/survey.ts'
import { surveyMarkdown, surveyText } from '../lesson/survey-text.ts'
import { lessonJson, printJson, surveyJson } from '../report/json.ts'
import { styleFor } from '../report/style.ts'
import type { Session } from '../session.ts'
import { plural, quote } from '../text.ts'
import { version } from '../version.ts'

export interface ExplainOptions {
  label?: string
  format: 'text' | 'markdown' | 'json'
}

const WIDEST = 100

/** Runs the command; resolves to its exit code. */
export async function explain(words: readonly string[], options: ExplainOptions, session: Session): Promise<number> {
  if (words.length === 1 && !isNumber(words[0])) return await explainFile(words[0], options, session)
  const logits = words.map(readLogit)
  if (logits.length < 2) throw new UsageError('expected at least two logits, or one file of logits')
  const lesson = makeLesson(logits, readLabel(options.label, logits))
  if (options.format === 'json') printJson({ command: 'explain', version, ...lessonJson(lesson) })
  else if (options.format === 'markdown') process.stdout.write(lessonMarkdown(lesson))
  else process.stdout.write(lessonText(lesson, styleFor(process.stdout), width()))
  return exitCodes.fine
}

const width = (): number => Math.min(process.stdout.columns || 80, WIDEST)

const isNumber = (word: string): boolean => word.trim() !== '' && !Number.isNaN(Number(word))

function readLogit(word: string): number {
  const value = isNumber(word) ? Number(word) : Number.NaN
  if (Number.isFinite(value)) return value
  throw new UsageError(`expected logits to be finite numbers, got ${quote(word)}`)
}

/** The place of the label; without one, that of the largest logit. */
function readLabel(word: string | undefined, logits: readonly number[]): number {
  if (word === undefined) return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)))
  const label = isNumber(word) ? Number(word) : Number.NaN
  if (Number.isInteger(label) && label >= 0 && label < logits.length) return label
  throw new UsageError(`expected --label to be a place from 0 to ${logits.length - 1}, got ${quote(word)}`)
}

async function explainFile(path: string, { label, format }: ExplainOptions, { progress }: Session): Promise<number> {
  progress.status('reading the logits')
  const source = chooseSource(path, label === undefined ? {} : { label }, false)
  const { features, featureCount, featureNames, rows, labels } = await readSource(source)
  if ('indptr' in features) throw new DataError(`${path}: expected columns of logits, got text`)
  if (featureCount < 2) throw new DataError(`${path}: expected at least two columns of logits, got ${featureCount}`)
  const places = placesOf(path, features, featureCount, labels, featureNames)
  progress.status(`looking at ${plural(rows, 'row')}`)
  const surveys = FORMATS.map((one): [Format, Survey] => [one, surveyRows(one, features, featureCount, places)])
  progress.done()
  const shape = { path, rows, classes: featureCount, labelled: labels !== undefined }
  const firstRow = (row: number) => Array.from(features.subarray(row * featureCount, (row + 1) * featureCount))
  if (format === 'json') printJson({ command: 'explain', version, ...surveyJson(shape, surveys) })
  else if (format === 'markdown') process.stdout.write(surveyMarkdown(shape, surveys, firstRow, places))
  else process.stdout.write(surveyText(shape, surveys, firstRow, places, styleFor(process.stdout), width()))
  return exitCodes.fine
}

/** Labels as places: integers are places already, text must be the name of a column; without labels, the largest logit of each row. */
function placesOf(
  path: string,
  logits: ArrayLike<number>,
  classes: number,
  labels: readonly (string | number)[] | undefined,
  names: readonly string[] | undefined,
): Int32Array {
  if (labels === undefined) {
    return Int32Array.from({ length: logits.length / classes }, (_, r) => {
      let best = 0
      for (let k = 1; k < classes; k++) if (logits[r * classes + k] > logits[r * classes + best]) best = k
      return best
    })
  }
  return Int32Array.from(labels, (label, r) => {
    const place = typeof label === 'number' ? label : (names?.indexOf(label) ?? -1)
    if (place >= 0 && place < classes) return place
    const expected = `a place from 0 to ${classes - 1} or the name of a column of logits`
    throw new DataError(`${path}, row ${r + 1}: expected the label to be ${expected}, got ${quote(String(label))}`)
  })
}
