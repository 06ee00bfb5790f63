/**
 * `maxshift inspect`: what a model file holds: classes, columns, how the fit went, and the weights that say most.
 */
import type { SoftmaxRegression } from 'maxshift/regression'
import { exitCodes } from '../errors.ts'
import { namesOfFeatures } from '../export/tables.ts'
import { loadModel, recipeOf } from '../model.ts'
import type { ColumnRecipe, Recipe } from '../recipe/recipe.ts'
import { printJson } from '../report/json.ts'
import { Summary } from '../report/summary.ts'
import { count, list, plain, plural, quote, shortest } from '../text.ts'
import { version } from '../version.ts'

export interface InspectOptions {
  json?: boolean
}

/** Weights that are shown of each class. */
const STRONGEST = 4
/** Classes and columns that are shown one by one. */
const SHOWN = 12

/** Runs the command; resolves to its exit code. */
export async function inspect(path: string, options: InspectOptions): Promise<number> {
  const model = await loadModel(path)
  const recipe = recipeOf(path, model)
  if (options.json) {
    const { history: _, seconds: __, ...report } = model.report
    const { classNames, featureCount } = model
    const featureNames = namesOfFeatures(model, recipe) ?? null
    const shape = { command: 'inspect', version, model: path, classes: classNames, featureCount, featureNames }
    printJson({ ...shape, recipe: recipe ?? null, report, intercepts: [...model.intercepts] })
    return exitCodes.fine
  }
  print(path, model, recipe)
  return exitCodes.fine
}

function print(path: string, model: SoftmaxRegression, recipe: Recipe | undefined): void {
  const { classNames, featureCount, report } = model
  const summary = new Summary()
  summary.block(
    'Model',
    plain(path),
    `${plural(classNames.length, 'class', 'classes')}: ${list(classNames.map(String))}`,
  )
  if (recipe) summary.block('Columns', ...columnLines(recipe, summary.style.dim))
  else summary.block('Features', `${count(featureCount)}, without columns of a table`)
  summary.gap()
  summary.fit(report)
  const { rows, l2, l1, standardize, calibration } = report
  const penalty = `l2 ${shortest(l2)}${l1 > 0 ? `, l1 ${shortest(l1)}` : ''}${standardize ? ', standardised' : ''}`
  summary.block('', `${plural(rows, 'row')}, ${penalty}`)
  if (calibration) summary.block('Calibrated', `temperature ${calibration.temperature.toPrecision(4)}`)
  summary.gap()
  summary.block('Weights', ...weightLines(model, namesOfFeatures(model, recipe), summary.style.dim))
}

function columnLines({ columns }: Recipe, dim: (text: string) => string): string[] {
  const lines = columns.slice(0, SHOWN).map((column) => `${quote(column.name, 30)} ${dim(describeColumn(column))}`)
  return columns.length > SHOWN ? [...lines, `and ${columns.length - SHOWN} more`] : lines
}

function describeColumn(column: ColumnRecipe): string {
  switch (column.kind) {
    case 'category': {
      const names = [column.base, ...column.levels].map((level) => level ?? '(missing)')
      return `category: ${list(names, 5)}`
    }
    case 'embedding':
      return `list of ${count(column.length)} numbers`
    case 'text':
      return `free text, hashed to ${count(2 ** column.bits)} places`
    default:
      return column.fill === null ? column.kind : `${column.kind}, ${column.fill.toPrecision(4)} where it is missing`
  }
}

/** Of each class the weights farthest from their mean over the classes: what they add counts, a shift of all classes does not. */
function weightLines(
  { classNames, featureCount, weights }: SoftmaxRegression,
  names: readonly string[] | undefined,
  dim: (text: string) => string,
): string[] {
  const classes = classNames.length
  const means = new Float64Array(featureCount)
  for (let k = 0; k < classes; k++) {
    for (let j = 0; j < featureCount; j++) means[j] += weights[k * featureCount + j] / classes
  }
  const lines = classNames.slice(0, SHOWN).map((name, k) => {
    const distance = (j: number) => weights[k * featureCount + j] - means[j]
    const order = Array.from(means, (_, j) => j).sort((a, b) => Math.abs(distance(b)) - Math.abs(distance(a)))
    const strongest = order.slice(0, STRONGEST).map((j) => {
      return `${plain(names?.[j] ?? `feature ${j}`)} ${distance(j) < 0 ? '−' : '+'}${Math.abs(distance(j)).toPrecision(3)}`
    })
    return `${quote(String(name), 20)} ${dim(strongest.join(', '))}`
  })
  return classes > SHOWN ? [...lines, `and ${plural(classes - SHOWN, 'class', 'classes')} more`] : lines
}
