/**
 * The few vector operations of the optimisers, on whole arrays of equal length, summed from the first entry to the last.
 */

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

export function addScaled(out: Float64Array, factor: number, vector: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] += factor * vector[i]
}

export function subtract(a: Float64Array, b: Float64Array, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = a[i] - b[i]
}

/** The Euclidean norm. Entries beyond 1e154 overflow to infinity; a NaN shows. */
export function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector))
}
