/**
 * A model as JSON, and its weights as CSV.
 */
import type { SoftmaxRegression } from 'maxshift/regression'
import { csvRecord } from '../output/csv.ts'
import { featureNamesOf, isSparse, type Recipe } from '../recipe/recipe.ts'

/** Names of the features, where there are any; hashed text has too many. */
export function namesOfFeatures(model: SoftmaxRegression, recipe: Recipe | undefined): readonly string[] | undefined {
  if (recipe && !isSparse(recipe)) return featureNamesOf(recipe)
  return model.featureNames
}

export function exportJson(model: SoftmaxRegression, recipe: Recipe | undefined): string {
  const { classNames, featureCount, weights, intercepts, means, report } = model
  const { history: _, seconds: __, ...kept } = report
  const value = {
    format: 'maxshift.softmax-regression',
    classNames,
    featureNames: namesOfFeatures(model, recipe) ?? null,
    recipe: recipe ?? null,
    intercepts: [...intercepts],
    weights: classNames.map((_name, k) => [...weights.subarray(k * featureCount, (k + 1) * featureCount)]),
    means: means ? [...means] : null,
    report: kept,
  }
  return `${JSON.stringify(value)}\n`
}

/** A line per feature, a column per class; the intercepts come first. */
export function* exportCsv(model: SoftmaxRegression, recipe: Recipe | undefined): Generator<string> {
  const { classNames, featureCount, weights, intercepts } = model
  const names = namesOfFeatures(model, recipe)
  yield csvRecord(['feature', ...classNames])
  yield csvRecord(['(intercept)', ...intercepts])
  for (let j = 0; j < featureCount; j++) {
    yield csvRecord([names?.[j] ?? `feature ${j}`, ...classNames.map((_, k) => weights[k * featureCount + j])])
  }
}
