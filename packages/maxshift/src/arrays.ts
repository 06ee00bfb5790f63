/**
 * The array types that cross the public border. Logits and features are row-major and flat.
 */

/** The floating-point arrays in which results are returned; the dtype of the input decides which. */
export type FloatArray = Float32Array | Float64Array

/** The number formats, by name. */
export type Dtype = 'float32' | 'float64'

/** Logits as callers may pass them. `number[]` is computed and returned in float64. */
export type Logits = FloatArray | readonly number[]

/** Integer class labels, one per row. */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array

/** Labels as callers may pass them: integers in [0, classes). */
export type Labels = IntegerArray | readonly number[]

/** The array type of results: float32 for a Float32Array, else float64. */
export type ResultArray<L extends Logits> = L extends Float32Array ? Float32Array : Float64Array

/** Logits of the same dtype as others: a Float32Array goes with a Float32Array, and Float64Array and number[] with each other. */
export type SameDtype<L extends Logits> = L extends Float32Array ? Float32Array : Float64Array | readonly number[]

/** A zeroed array of the dtype of another. */
export const arrayLike = (like: FloatArray, length: number): FloatArray =>
  like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
