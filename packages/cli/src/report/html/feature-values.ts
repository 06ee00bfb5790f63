/**
 * Features seen as the columns they came from: names, deviations, and what a row held.
 */
import { type Dataset, rowBlock } from '../../input/dataset.ts'
import { type ColumnRecipe, featureName, type Recipe, widthOf } from '../../recipe/recipe.ts'

/** A column of a table and the places of its features. */
export interface ColumnSpan {
  readonly column: ColumnRecipe
  readonly start: number
  readonly width: number
}

export function spansOf({ columns }: Recipe): ColumnSpan[] {
  let start = 0
  return columns.map((column) => {
    const span = { column, start, width: widthOf(column) }
    start += span.width
    return span
  })
}

/** The name of feature `j`. */
export function namer(recipe: Recipe | undefined, names: readonly string[] | undefined): (j: number) => string {
  const spans = recipe ? spansOf(recipe) : []
  return (j) => {
    const given = names?.[j]
    if (given !== undefined) return given
    const span = spans.find(({ start, width }) => j >= start && j < start + width)
    return span ? featureName(span.column, j - span.start) : `feature ${j + 1}`
  }
}

/** Mean and standard deviation of every feature, over at most `most` rows. */
export function momentsOf(data: Dataset, most = 50_000): { means: Float64Array; deviations: Float64Array } {
  const rows = Math.min(data.rows, most)
  const { featureCount } = data
  const means = new Float64Array(featureCount)
  const squares = new Float64Array(featureCount)
  // Twice over the rows: differences from the mean keep the digits of columns far from 0.
  eachValue(data, rows, (j, value) => {
    means[j] += value / rows
  })
  const seen = new Float64Array(featureCount)
  eachValue(data, rows, (j, value) => {
    squares[j] += (value - means[j]) ** 2
    seen[j]++
  })
  const deviations = squares.map((sum, j) => Math.sqrt((sum + (rows - seen[j]) * means[j] ** 2) / rows))
  return { means, deviations }
}

/** Calls `use` with the stored values of the first `rows` rows. */
function eachValue({ features, featureCount }: Dataset, rows: number, use: (j: number, value: number) => void): void {
  if ('indptr' in features) {
    const { indptr, indices, values } = features
    for (let i = indptr[0]; i < indptr[rows]; i++) use(indices[i], values[i])
    return
  }
  for (let r = 0, i = 0; r < rows; r++) for (let j = 0; j < featureCount; j++) use(j, features[i++])
}

/** The features of one row, one number each. */
export function denseRow(data: Dataset, row: number): Float64Array {
  const block = rowBlock(data, row, row + 1)
  if (!('indptr' in block)) return Float64Array.from(block)
  const out = new Float64Array(data.featureCount)
  block.indices.forEach((j, i) => {
    out[j] += block.values[i]
  })
  return out
}

/** What a row holds in a column, as far as its features tell. */
export function cellOf({ column, start, width }: ColumnSpan, row: Float64Array): string {
  switch (column.kind) {
    case 'category': {
      const place = column.levels.findIndex((_, i) => row[start + i] !== 0)
      const level = place < 0 ? column.base : column.levels[place]
      return level === null ? 'missing' : level
    }
    case 'boolean':
    case 'number': {
      if (column.indicator && row[start + 1] !== 0) return 'missing'
      if (column.kind === 'boolean' && (row[start] === 0 || row[start] === 1))
        return row[start] === 1 ? 'true' : 'false'
      return String(Number(row[start].toPrecision(6)))
    }
    case 'text':
      return `${row.subarray(start, start + width).reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0)} words and runs`
    default:
      return `${width} numbers`
  }
}
