/**
 * A table as a dataset: its columns become features as a recipe says, which is planned from the training data (recipe/plan.ts) or
 * comes with a model; the label is read beside them.
 *
 * The features are float32 when every column is stored in a type that float32 holds exactly (FLOAT and integers up to 16 bits),
 * otherwise float64. An integer that float64 cannot hold is refused: two identifiers must not become one. Decimal fractions become
 * the nearest float64.
 */
import { DataError, UsageError } from '../errors.ts'
import { type CsrFeatures, type EncodedFeatures, Encoder } from '../recipe/encode.ts'
import { type Plan, planRecipe } from '../recipe/plan.ts'
import { featureNamesOf, isSparse, type Recipe } from '../recipe/recipe.ts'
import { describeTable, numberOf } from '../recipe/statistics.ts'
import { plural, quote } from '../text.ts'
import type { Dataset, IgnoredColumn } from './dataset.ts'
import type { Chunk } from './duckdb.ts'
import { readLabels } from './labels.ts'
import { selectColumns } from './select.ts'
import type { Expectation } from './source.ts'
import {
  A_LABEL,
  A_WEIGHT,
  type Column,
  findColumn,
  openTable,
  refuseCell,
  type TableFiles,
  type TableSource,
} from './table-source.ts'

export interface TableRequest extends TableFiles {
  /** The column to predict; without it no labels are read. */
  label?: string
  /** The column that says how much a row counts; it is no feature. */
  weights?: string
  /** Words that choose the feature columns (select.ts), in this order; all columns when absent. */
  features?: readonly string[]
  /** Words that choose columns to leave out. */
  exclude?: readonly string[]
  /** Words that choose columns of free text. */
  text?: readonly string[]
  missing?: Recipe['missing']
  unseen?: Recipe['unseen']
  maxLevels?: number
  textBits?: number
}

const MAX_LEVELS = 50
const TEXT_BITS = 18

/** Reads a table; with a model's `expected`, the columns of that model and only its classes. */
export async function readTable(request: TableRequest, expected?: Expectation): Promise<Dataset> {
  const { path, name = path, more = [] } = request
  const known = expected && recipeOf(name, expected)
  const source = await openTable(request)
  try {
    const label = request.label === undefined ? undefined : findColumn(source, request.label, '--label')
    const weight = request.weights === undefined ? undefined : findColumn(source, request.weights, '--weights')
    const plan = known ? { recipe: known, ignored: [] } : await planFor(source, label, weight, request)
    const { recipe, ignored } = plan
    const { features, cells, weights, rows, unseen } = await readCells(source, recipe, label, weight)
    if (rows === 0) throw new DataError(`${source.path}: has column names but no rows`)
    const featureNames = isSparse(recipe) ? {} : { featureNames: featureNamesOf(recipe) }
    const featureCount = 'columns' in features ? features.columns : features.length / rows
    const shape = { source: [name, ...more], rows, featureCount, features, ignored, recipe, unseen }
    const dataset: Dataset = { ...shape, ...featureNames }
    if (weight) dataset.weights = checkWeights(path, weight, weights)
    if (label) dataset.labels = await readLabels(source, label.name, cells, expected?.classes)
    return dataset
  } catch (error) {
    throw await source.explain(error)
  } finally {
    source.database.close()
  }
}

/** Rows of a table as they are read. */
export interface TableBatch {
  rows: number
  features: Dataset['features']
}

/** The features of a table for a model, a batch of rows at a time, in order: memory does not depend on its length. */
export async function* streamTable(
  request: TableRequest,
  expected: Expectation,
  told: Pick<Dataset, 'unseen'>,
): AsyncGenerator<TableBatch> {
  const recipe = recipeOf(request.name ?? request.path, expected)
  const source = await openTable(request)
  try {
    const encoder = new Encoder(source, recipe)
    told.unseen = encoder.unseen
    let rows = 0
    const sql = `SELECT ${encoder.selected.join(', ')} FROM ${source.from}`
    for await (const chunk of source.query(sql)) {
      yield { rows: chunk.rows, features: await encoder.encode(chunk, rows) }
      rows += chunk.rows
    }
    if (rows === 0) throw new DataError(`${source.path}: has column names but no rows`)
    await encoder.finish()
  } catch (error) {
    throw await source.explain(error)
  } finally {
    source.database.close()
  }
}

/** The recipe of a model; one without was fitted to columns of numbers. */
function recipeOf(path: string, { recipe, featureNames, featureCount }: Expectation): Recipe {
  if (recipe) return recipe
  if (featureNames) {
    const columns = featureNames.map((name) => ({ kind: 'number' as const, name, fill: null, indicator: false }))
    return { version: 1, missing: 'error', unseen: 'error', columns }
  }
  throw new DataError(
    `${path}: is a table, but the model knows no column names: it was made from ${plural(featureCount, 'unnamed feature')}, such as the pixels of images`,
  )
}

async function planFor(
  source: TableSource,
  label: Column | undefined,
  weight: Column | undefined,
  request: TableRequest,
): Promise<Plan> {
  const { features, exclude = [], text = [], missing = 'error', unseen = 'base' } = request
  const { maxLevels = MAX_LEVELS, textBits = TEXT_BITS } = request
  const free = selectColumns(source, text, '--text', label)
  const out = selectColumns(source, exclude, '--exclude', label)
  const chosen = features && selectColumns(source, features, '--features', label)
  const asked = new Set([...(chosen?.named ?? []), ...free.columns.map(({ name }) => name)])
  const both = out.columns.find(({ name }) => asked.has(name))
  if (both !== undefined) throw new UsageError(`${quote(both.name)} is excluded and cannot be a feature too`)
  if (label && asked.has(label.name)) {
    throw new UsageError(`${quote(label.name)} is the label and cannot be a feature too`)
  }
  if (weight && (weight.name === label?.name || asked.has(weight.name))) {
    const other = weight.name === label?.name ? 'the label' : 'a feature'
    throw new UsageError(`${quote(weight.name)} holds the weights and cannot be ${other} too`)
  }
  const all = chosen ? [...new Set([...chosen.columns, ...free.columns])] : source.columns
  const columns = all.filter((column) => column !== label && column !== weight && !out.columns.includes(column))
  const statistics = await describeTable(source, columns)
  if (statistics.rows === 0) throw new DataError(`${source.path}: has column names but no rows`)
  return await planRecipe(source, statistics, {
    missing,
    unseen,
    maxLevels,
    text: free.columns.map(({ name }) => name),
    textBits,
    asked,
  })
}

async function readCells(source: TableSource, recipe: Recipe, label: Column | undefined, weight: Column | undefined) {
  const encoder = new Encoder(source, recipe)
  const encoded = encoder.selected.length
  const labelSql = label ? [`CAST(${label.cell} AS VARCHAR)`] : []
  const selected = [...encoder.selected, ...labelSql, ...(weight ? [numberOf(weight)] : [])]
  const parts: EncodedFeatures[] = []
  const cells: string[] = []
  const weights: number[] = []
  let rows = 0
  for await (const chunk of source.query(`SELECT ${selected.join(', ')} FROM ${source.from}`)) {
    const texts = label ? chunk.strings(encoded) : []
    const unlabelled = texts.indexOf(null)
    if (label && unlabelled >= 0) await refuseCell(source, label, rows + unlabelled, A_LABEL)
    parts.push(await encoder.encode(chunk, rows))
    for (const text of texts) cells.push(text ?? '')
    if (weight) await takeWeights(source, weight, chunk, selected.length - 1, rows, weights)
    rows += chunk.rows
  }
  await encoder.finish()
  return { features: join(parts, encoder.width), cells, weights, rows, unseen: encoder.unseen }
}

/** The weights of a batch of rows: numbers in [0, 1e100]. */
async function takeWeights(
  source: TableSource,
  weight: Column,
  chunk: Chunk,
  place: number,
  first: number,
  weights: number[],
): Promise<void> {
  const values = chunk.doubles(place)
  const empty = chunk.firstNull(place)
  for (let row = 0; row < chunk.rows; row++) {
    const isFine = row !== empty && values[row] >= 0 && values[row] <= 1e100
    if (!isFine) await refuseCell(source, weight, first + row, A_WEIGHT)
    weights.push(values[row])
  }
}

function checkWeights(path: string, { name }: Column, weights: readonly number[]): Float64Array {
  if (weights.some((weight) => weight > 0)) return Float64Array.from(weights)
  throw new DataError(`${path}: column ${quote(name)} holds no weight above 0`)
}

/** Batches as one array, or one sparse matrix. */
function join(parts: readonly EncodedFeatures[], width: number): EncodedFeatures {
  const sparse = parts.filter((part): part is CsrFeatures => 'columns' in part)
  if (sparse.length > 0) return joinSparse(sparse, width)
  const dense = parts.filter((part): part is Float32Array | Float64Array => !('columns' in part))
  const length = dense.reduce((sum, part) => sum + part.length, 0)
  // In shared memory, which threads of the trainer read in place.
  const single = dense.every((part) => part instanceof Float32Array)
  const buffer = new SharedArrayBuffer(length * (single ? 4 : 8))
  const out = single ? new Float32Array(buffer) : new Float64Array(buffer)
  let begin = 0
  for (const part of dense) {
    out.set(part, begin)
    begin += part.length
  }
  return out
}

function joinSparse(parts: readonly CsrFeatures[], columns: number): CsrFeatures {
  const rows = parts.reduce((sum, { indptr }) => sum + indptr.length - 1, 0)
  const length = parts.reduce((sum, { values }) => sum + values.length, 0)
  const single = parts.every(({ values }) => values instanceof Float32Array)
  const values = single ? new Float32Array(length) : new Float64Array(length)
  const indices = new Int32Array(length)
  const indptr = new Int32Array(rows + 1)
  let row = 0
  let begin = 0
  for (const part of parts) {
    values.set(part.values, begin)
    indices.set(part.indices, begin)
    for (let r = 1; r < part.indptr.length; r++) indptr[++row] = begin + part.indptr[r]
    begin += part.values.length
  }
  return { indptr, indices, values, columns }
}

const REASONS: Record<Exclude<IgnoredColumn['reason'], 'type'>, string> = {
  'no name': 'no name',
  empty: 'empty',
  constant: 'a single level',
  levels: 'text',
}

/** What `fit` says about the columns it left out; empty when there are none. */
export function describeIgnored(ignored: readonly IgnoredColumn[]): string {
  if (ignored.length === 0) return ''
  const shown = ignored
    .slice(0, 8)
    .map(({ name, reason, type }) => `${quote(name, 30)} (${reason === 'type' ? type : REASONS[reason]})`)
  const more = ignored.length > shown.length ? ` and ${ignored.length - shown.length} more` : ''
  return `left out ${plural(ignored.length, 'column')}: ${shown.join(', ')}${more}`
}
