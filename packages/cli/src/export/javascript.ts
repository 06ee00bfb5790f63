/**
 * A model as a JavaScript module without imports: `predict(row)` gives the label and the probabilities of one row, an object with the
 * columns of the training data, or an array of features where the model knows no columns.
 */
import { readFileSync } from 'node:fs'
import type { SoftmaxRegression } from 'maxshift/regression'
import type { Recipe } from '../recipe/recipe.ts'

export function exportJavaScript(model: SoftmaxRegression, recipe: Recipe | undefined): string {
  const { classNames, featureCount, weights, intercepts } = model
  const rows = Array.from(classNames, (_, k) => [...weights.subarray(k * featureCount, (k + 1) * featureCount)])
  const hashesText = recipe?.columns.some(({ kind }) => kind === 'text') === true
  const parts = [
    '/** Softmax regression, written by maxshift. predict(row) gives { label, probabilities }. */',
    `export const classNames = ${JSON.stringify(classNames)}`,
    recipe ? `const columns = ${JSON.stringify(recipe.columns)}` : `const featureCount = ${featureCount}`,
    recipe ? `const unseen = ${JSON.stringify(recipe.unseen)}` : '',
    recipe ? `const missing = ${JSON.stringify(recipe.missing)}` : '',
    `const intercepts = ${JSON.stringify([...intercepts])}`,
    `const weights = [\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]`,
    recipe ? COLUMNS : ARRAY,
    hashesText ? hashingSource() : '',
    CLASSIFY,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** The code of hashed-text.ts as it was built, without its exports. */
function hashingSource(): string {
  const source = readFileSync(new URL('../recipe/hashed-text.js', import.meta.url), 'utf8')
  return source
    .replace(/^export /gm, '')
    .replace(/^\/\/# sourceMappingURL.*$/gm, '')
    .trim()
}

const CLASSIFY = `/** The label of a row, and the probability of each class, in the order of classNames. */
export function predict(row) {
  const features = featuresOf(row)
  const logits = weights.map((own, k) => {
    let sum = intercepts[k]
    for (const [place, value] of features) sum += own[place] * value
    return sum
  })
  const shift = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - shift))
  const total = powers.reduce((a, b) => a + b)
  const probabilities = powers.map((power) => power / total)
  return { label: classNames[logits.indexOf(shift)], probabilities }
}`

const ARRAY = `/** Places and values of the features of a row, an array of numbers. */
function featuresOf(row) {
  if (row.length !== featureCount) throw new RangeError(\`expected \${featureCount} features, got \${row.length}\`)
  return Array.from(row, (value, place) => {
    if (!Number.isFinite(value)) throw new RangeError(\`expected features to be finite numbers, got \${value} at \${place}\`)
    return [place, value]
  })
}`

const COLUMNS = `/** Places and values of the features that are not 0 of a row, an object with a value for each column. */
function featuresOf(row) {
  const features = []
  let begin = 0
  for (const column of columns) {
    const value = row[column.name]
    begin += addColumn(column, value === undefined || value === '' ? null : value, begin, features)
  }
  return features
}

/** Adds the features of one column; returns how many places it has. */
function addColumn(column, value, begin, features) {
  const fail = (expected) => {
    throw new RangeError(\`expected \${column.name} to be \${expected}, got \${JSON.stringify(value)}\`)
  }
  if (column.kind === 'category') {
    const level = value === null ? null : String(value)
    const place = column.levels.indexOf(level)
    if (place >= 0) features.push([begin + place, 1])
    else if (level !== column.base && (level === null ? missing === 'error' : unseen === 'error')) {
      fail(\`one of \${JSON.stringify([column.base, ...column.levels])}\`)
    }
    return column.levels.length
  }
  if (column.kind === 'embedding') {
    if (value === null || value.length !== column.length) fail(\`\${column.length} numbers\`)
    for (let i = 0; i < column.length; i++) features.push([begin + i, Number(value[i])])
    return column.length
  }
  if (column.kind === 'text') {
    const { places, values } = hashText(value === null ? '' : String(value), column.bits)
    places.forEach((place, i) => features.push([begin + place, values[i]]))
    return 2 ** column.bits
  }
  const isMissing = value === null || Number.isNaN(value)
  if (isMissing && column.fill === null) fail('a number')
  const number = isMissing ? column.fill : numberOf(column, value)
  if (!Number.isFinite(number)) fail(column.kind === 'boolean' ? 'true or false' : 'a number')
  features.push([begin, number])
  if (column.indicator && isMissing) features.push([begin + 1, 1])
  return column.indicator ? 2 : 1
}

function numberOf({ kind }, value) {
  if (kind !== 'boolean') return Number(value)
  const text = String(value).trim().toLowerCase()
  return text === 'true' ? 1 : text === 'false' ? 0 : Number.NaN
}`
