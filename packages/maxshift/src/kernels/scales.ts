/** Scales of gradients, in the form that the kernels take: two numbers per row, their unevaluated sum. */

/** The scale hi + lo for each of `rows` rows. */
export function sameScales(rows: number, hi: number = 1, lo: number = 0): Float64Array {
  const scales = new Float64Array(2 * rows)
  for (let r = 0; r < rows; r++) {
    scales[2 * r] = hi
    scales[2 * r + 1] = lo
  }
  return scales
}

/** Where the scale of row r begins: two numbers alone are the scale of all rows. */
export const scaleIndex = (scales: Float64Array, r: number): number => (scales.length === 2 ? 0 : 2 * r)
