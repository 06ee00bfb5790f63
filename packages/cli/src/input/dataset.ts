/**
 * What every reader returns: rows of features in one typed array, and labels when they were asked for.
 */

import type { CsrFeatures } from '../recipe/encode.ts'
import type { Recipe } from '../recipe/recipe.ts'

/** A column that was left out of the features, and why. */
export interface IgnoredColumn {
  name: string
  reason: 'no name' | 'type' | 'empty' | 'constant' | 'levels'
  /** The type the file gives the column, such as VARCHAR. */
  type: string
}

export interface Dataset {
  /** The files it came from. */
  source: string[]
  rows: number
  featureCount: number
  /** rows × featureCount, all finite. */
  features: Uint8Array | Float32Array | Float64Array | CsrFeatures
  /** How the columns of a table became features; images have none. */
  recipe?: Recipe
  /** What each feature is to be multiplied by: 1/255 for pixels in bytes. */
  featureScale?: number
  /** Names of the features; images and hashed text have none. */
  featureNames?: string[]
  /** Height and width (and more) of an image. */
  imageShape?: number[]
  labels?: string[] | number[]
  /** How much each row counts; all alike without. */
  weights?: Float64Array
  ignored: readonly IgnoredColumn[]
  /** Cells with levels that the training data did not have, by column. */
  unseen?: ReadonlyMap<string, number>
}

/** The rows from `start` to before `end`: without a copy where they are dense. */
export function rowBlock({ features, featureCount }: Dataset, start: number, end: number): Dataset['features'] {
  if (!('indptr' in features)) return features.subarray(start * featureCount, end * featureCount)
  const [begin, stop] = [features.indptr[start], features.indptr[end]]
  return {
    indptr: features.indptr.slice(start, end + 1).map((place) => place - begin),
    indices: features.indices.subarray(begin, stop),
    values: features.values.subarray(begin, stop),
    columns: featureCount,
  }
}
