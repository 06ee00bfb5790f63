/**
 * What every reader returns: rows of features in one typed array, and labels when they were asked for.
 */

/** A column that was left out of the features, and why. */
export interface IgnoredColumn {
  name: string
  reason: 'text' | 'no name' | 'type'
  /** The type the file gives the column, such as VARCHAR. */
  type: string
}

export interface Dataset {
  /** The files it came from. */
  source: string[]
  rows: number
  featureCount: number
  /** Row-major, rows × featureCount, all finite. */
  features: Uint8Array | Float32Array | Float64Array
  /** What each feature is to be multiplied by: 1/255 for pixels in bytes. */
  featureScale?: number
  /** Column names; images have none. */
  featureNames?: string[]
  /** Height and width (and more) of an image. */
  imageShape?: number[]
  labels?: string[] | number[]
  ignored: IgnoredColumn[]
}

/** `features` of the rows from `start` to before `end`, without a copy. */
export function rowBlock(dataset: Dataset, start: number, end: number): Dataset['features'] {
  return dataset.features.subarray(start * dataset.featureCount, end * dataset.featureCount)
}
