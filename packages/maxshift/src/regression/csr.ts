/**
 * Sparse features: every check of them, and what a look at their columns tells.
 */
import { checkInteger, describe } from '../check.ts'
import type { Columns } from './columns.ts'
import type { CsrFeatures } from './data.ts'
import type { Pause } from './pause.ts'

/** Columns are counted by int32. */
const MOST_COLUMNS = 2 ** 31 - 1
/** Entries looked at between two pauses. */
const BLOCK_ENTRIES = 4_194_304

/** Whether something is meant as sparse features: an object, but no array. */
export const isRecord = (features: unknown): features is Record<string, unknown> =>
  typeof features === 'object' && features !== null && !Array.isArray(features) && !ArrayBuffer.isView(features)

/** The kinds and lengths of sparse features. What they hold is checked by checkCsrEntries. */
export function checkCsrKind(who: string, features: Record<string, unknown>): CsrFeatures {
  const { indptr, indices, values, columns } = features
  for (const [name, array] of Object.entries({ indptr, indices })) {
    if (array instanceof Int32Array || array instanceof Uint32Array) continue
    throw new TypeError(
      `${who}: expected features.${name} to be an Int32Array or a Uint32Array, got ${describe(array)}`,
    )
  }
  if (!(values instanceof Float32Array || values instanceof Float64Array || values instanceof Uint8Array)) {
    const expected = 'a Float32Array, a Float64Array or a Uint8Array'
    throw new TypeError(`${who}: expected features.values to be ${expected}, got ${describe(values)}`)
  }
  checkInteger(who, 'features.columns', columns, 1, MOST_COLUMNS)
  const csr = features as unknown as CsrFeatures
  if (csr.indices.length !== values.length) {
    throw new RangeError(
      `${who}: expected as many features.indices as features.values, got ${csr.indices.length} indices and ${values.length} values`,
    )
  }
  if (csr.indptr.length === 0) {
    throw new RangeError(`${who}: expected features.indptr to have one offset more than there are rows, got none`)
  }
  return csr
}

/** Offsets that ascend from 0 to the number of values, columns in range that ascend within each row, and finite values. */
export function checkCsrEntries(who: string, { indptr, indices, values, columns }: CsrFeatures): void {
  const rows = indptr.length - 1
  if (indptr[0] !== 0) throw new RangeError(`${who}: expected features.indptr to begin with 0, got ${indptr[0]}`)
  if (indptr[rows] !== values.length) {
    throw new RangeError(
      `${who}: expected features.indptr to end with the number of values, ${values.length}, got ${indptr[rows]}`,
    )
  }
  for (let r = 0; r < rows; r++) {
    if (!(indptr[r + 1] >= indptr[r])) {
      throw new RangeError(
        `${who}: expected features.indptr to ascend, got ${indptr[r + 1]} after ${indptr[r]} at ${r + 1}`,
      )
    }
  }
  for (let r = 0; r < rows; r++) {
    let before = -1
    for (let i = indptr[r]; i < indptr[r + 1]; i++) {
      const column = indices[i]
      if (!(column > before && column < columns)) refuseColumn(who, column, before, columns, `row ${r}, indices[${i}]`)
      before = column
      // x − x is 0 for every finite number and NaN for the others.
      if (values[i] - values[i] !== 0) {
        throw new RangeError(`${who}: expected features to be finite, got ${values[i]} at row ${r}, column ${column}`)
      }
    }
  }
}

function refuseColumn(who: string, column: number, before: number, columns: number, place: string): never {
  if (column < 0 || column >= columns) {
    throw new RangeError(`${who}: expected features.indices in [0, ${columns}), got ${column} at ${place}`)
  }
  if (column === before) {
    throw new RangeError(
      `${who}: expected each column once in a row (add repeated values up first), got ${column} twice at ${place}`,
    )
  }
  throw new RangeError(
    `${who}: expected the columns of a row to ascend (sort its entries first), got ${column} after ${before} at ${place}`,
  )
}

/** A spread below this share of the magnitude is noise of the numbers themselves, as for dense columns. */
const LEAST_SPREAD = 2 ** -26
const LEAST_MAGNITUDE = 1e-300

/**
 * Means and deviations of the columns of checked sparse rows, with weights (one per row, at most 1e100, not all 0) if given. Sums run over
 * the values divided by the column's largest; the deviation is that of the values around their mean, and of the zeros.
 */
export async function describeSparseColumns(
  { indptr, indices, values, columns }: CsrFeatures,
  pause: Pause,
  weights?: Float64Array,
): Promise<Columns> {
  const rows = indptr.length - 1
  const largest = new Float64Array(columns)
  const sums = new Float64Array(columns)
  const masses = new Float64Array(columns)
  const squares = new Float64Array(columns)
  /** Calls `each` for every entry of a row that counts. */
  const overEntries = async (each: (column: number, value: number, weight: number) => void): Promise<void> => {
    let looked = 0
    for (let r = 0; r < rows; r++) {
      const weight = weights === undefined ? 1 : weights[r]
      if (weight > 0) for (let i = indptr[r]; i < indptr[r + 1]; i++) each(indices[i], values[i], weight)
      looked += indptr[r + 1] - indptr[r]
      if (looked < BLOCK_ENTRIES) continue
      looked = 0
      await pause()
    }
  }
  await overEntries((j, value) => {
    if (Math.abs(value) > largest[j]) largest[j] = Math.abs(value)
  })
  const scales = largest.map((magnitude) => 1 / Math.max(magnitude, LEAST_MAGNITUDE))
  await overEntries((j, value, weight) => {
    sums[j] += weight * value * scales[j]
    masses[j] += weight
  })
  // Around the mean of the values that are there, so that a column far from zero does not lose its spread to rounding.
  const centres = sums.map((sum, j) => (masses[j] > 0 ? sum / masses[j] : 0))
  await overEntries((j, value, weight) => {
    const distance = value * scales[j] - centres[j]
    squares[j] += weight * distance * distance
  })
  const total = weights === undefined ? rows : weights.reduce((sum, weight) => sum + weight, 0)
  const means = new Float64Array(columns)
  const deviations = new Float64Array(columns)
  for (let j = 0; j < columns; j++) {
    // The share of the rows with an entry, and of the others: within and between them lies all the variance.
    const share = masses[j] / total
    const between = share * Math.max(0, 1 - share) * centres[j] * centres[j]
    const variance = squares[j] / total + between
    means[j] = (share * centres[j]) / scales[j]
    deviations[j] = variance > 0 ? Math.max(Math.sqrt(variance), LEAST_SPREAD) / scales[j] : 0
  }
  return { means, deviations }
}

/** All features of the only row. */
export function densify({ indices, values, columns }: CsrFeatures): Float64Array {
  const row = new Float64Array(columns)
  indices.forEach((column, i) => {
    row[column] = values[i]
  })
  return row
}
