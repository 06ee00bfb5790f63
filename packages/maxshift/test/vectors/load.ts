/**
 * Reads the vectors that generate.py wrote (its header describes the format) and follows the recipes of the long rows.
 *
 * Base64 of little-endian data becomes typed arrays; pairs of bits and residuals become exact values (support/ulp.ts).
 */
import { readFileSync } from 'node:fs'
import type { FloatArray } from '../../src/arrays.ts'
import type { ExactRow } from '../support/oracle.ts'
import { seededRandom } from '../support/random.ts'
import { type Dtype, type Exact, floatArray } from '../support/ulp.ts'

export const CATEGORIES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'] as const
export type Category = (typeof CATEGORIES)[number]

export interface VectorRow extends ExactRow {
  /** File, position and description, such as `f64-B[3]: margin 1, n = 2`. */
  readonly title: string
  readonly dtype: Dtype
  readonly category: Category
  readonly logits: FloatArray
  readonly label: number
}

/** What generate.py's header records about every file. */
export interface VectorHead {
  readonly generator: string
  readonly oracle: string
  readonly digits: number
  readonly seed: number
  readonly dtype: Dtype
  readonly category: Category
  readonly about: string
}

interface Recipe {
  readonly length: number
  readonly scale: string
  readonly offset: string
  readonly order: 'none' | 'ascending' | 'descending'
  readonly spikes: readonly (readonly [number, string])[]
  readonly seed?: number
}

type Pair = readonly [string, string]

interface StoredRow {
  readonly name: string
  readonly classes: number
  readonly label: number
  readonly logits: string | Recipe
  readonly at?: string
  readonly softmax: Pair
  readonly logSoftmax: Pair
  readonly logSumExp: Pair
  readonly loss: Pair
  readonly labelGradient: Pair
}

const read = {
  f32: (view: DataView, index: number) => view.getFloat32(4 * index, true),
  f64: (view: DataView, index: number) => view.getFloat64(8 * index, true),
  i32: (view: DataView, index: number) => view.getInt32(4 * index, true),
}

function decode(text: string, type: keyof typeof read): number[] {
  const bytes = Buffer.from(text, 'base64')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.byteLength / (type === 'f64' ? 8 : 4) }, (_, i) => read[type](view, i))
}

function decodePairs([rounded, residual]: Pair, dtype: Dtype): Exact[] {
  const residuals = decode(residual, 'f32')
  return decode(rounded, dtype).map((value, i) => ({ rounded: value, residual: residuals[i] }))
}

/** The row that a recipe describes: the same steps as `follow` in generate.py. */
function follow(recipe: Recipe, dtype: Dtype): FloatArray {
  const [scale] = decode(recipe.scale, 'f64')
  const [offset] = decode(recipe.offset, 'f64')
  const row = floatArray(dtype, recipe.length)
  const random = recipe.seed === undefined ? undefined : seededRandom(recipe.seed)
  for (let i = 0; i < row.length; i++) row[i] = random ? offset + scale * random.normal() : offset
  if (recipe.order !== 'none') row.sort()
  if (recipe.order === 'descending') row.reverse()
  for (const [place, value] of recipe.spikes) row[place] = decode(value, dtype)[0]
  return row
}

function decodeRow(row: StoredRow, head: VectorHead, index: number): VectorRow {
  const { dtype, category } = head
  return {
    title: `${dtype}-${category}[${index}]: ${row.name}`,
    dtype,
    category,
    logits: typeof row.logits === 'string' ? floatArray(dtype, decode(row.logits, dtype)) : follow(row.logits, dtype),
    label: row.label,
    at: row.at === undefined ? Array.from({ length: row.classes }, (_, i) => i) : decode(row.at, 'i32'),
    softmax: decodePairs(row.softmax, dtype),
    logSoftmax: decodePairs(row.logSoftmax, dtype),
    logSumExp: decodePairs(row.logSumExp, dtype)[0],
    loss: decodePairs(row.loss, dtype)[0],
    labelGradient: decodePairs(row.labelGradient, dtype)[0],
  }
}

const loaded = new Map<string, readonly VectorRow[]>()

function readFile(dtype: Dtype, category: Category): VectorHead & { readonly rows: readonly StoredRow[] } {
  return JSON.parse(readFileSync(new URL(`./${dtype}-${category}.json`, import.meta.url), 'utf8'))
}

/** What a file says about itself. */
export function vectorHead(dtype: Dtype, category: Category): VectorHead {
  const { rows: _, ...head } = readFile(dtype, category)
  return head
}

/** The rows of one file; read once, shared by all suites, so do not write into them. */
export function vectorRows(dtype: Dtype, category: Category): readonly VectorRow[] {
  const key = `${dtype}-${category}`
  let rows = loaded.get(key)
  if (rows === undefined) {
    const file = readFile(dtype, category)
    rows = file.rows.map((row, index) => decodeRow(row, file, index))
    loaded.set(key, rows)
  }
  return rows
}
