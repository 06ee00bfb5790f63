/**
 * Products with sparse rows (../../sparse-products.ts has the description): a row of numbers per feature, one number per class, is
 * scaled with a value of the row and added to its logits, or the other way round.
 *
 * The classes of a panel stay in registers over the row: up to eight vectors, so that one vector of weights, one product and the value
 * fit in besides. Every number of vectors has a loop of its own, because `count` is a constant where the loop is called.
 */

/** How many vectors are taken at once when `left` are left: at most eight, and evenly. */
// @ts-expect-error: decorator
@inline
function vectorsOf(left: i32): i32 {
  const panels = (left + 7) >> 3
  return (left + panels - 1) / panels
}

/** The value at an address in all lanes; V is its type in memory, T that of the lanes. */
// @ts-expect-error: decorator
@inline
function splat<V, T>(value: usize): v128 {
  return sizeof<V>() == sizeof<T>() ? v128.load_splat<T>(value) : v128.splat<T>(<T>load<V>(value))
}

/** out = out + Σ value · row of weights, over the entries from `at` to `end`. */
// @ts-expect-error: decorator
@inline
function gather<V, T>(count: i32, indices: usize, values: usize, entries: i32, weights: usize, stride: usize, out: usize): void {
  let a0 = v128.load(out)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let a4 = a0
  let a5 = a0
  let a6 = a0
  let a7 = a0
  if (count > 1) a1 = v128.load(out, 16)
  if (count > 2) a2 = v128.load(out, 32)
  if (count > 3) a3 = v128.load(out, 48)
  if (count > 4) a4 = v128.load(out, 64)
  if (count > 5) a5 = v128.load(out, 80)
  if (count > 6) a6 = v128.load(out, 96)
  if (count > 7) a7 = v128.load(out, 112)
  const end = indices + (<usize>entries << 2)
  while (indices < end) {
    const s = splat<V, T>(values)
    const w = weights + <usize>load<u32>(indices) * stride
    a0 = v128.add<T>(a0, v128.mul<T>(s, v128.load(w)))
    if (count > 1) a1 = v128.add<T>(a1, v128.mul<T>(s, v128.load(w, 16)))
    if (count > 2) a2 = v128.add<T>(a2, v128.mul<T>(s, v128.load(w, 32)))
    if (count > 3) a3 = v128.add<T>(a3, v128.mul<T>(s, v128.load(w, 48)))
    if (count > 4) a4 = v128.add<T>(a4, v128.mul<T>(s, v128.load(w, 64)))
    if (count > 5) a5 = v128.add<T>(a5, v128.mul<T>(s, v128.load(w, 80)))
    if (count > 6) a6 = v128.add<T>(a6, v128.mul<T>(s, v128.load(w, 96)))
    if (count > 7) a7 = v128.add<T>(a7, v128.mul<T>(s, v128.load(w, 112)))
    indices += 4
    values += sizeof<V>()
  }
  v128.store(out, a0)
  if (count > 1) v128.store(out, a1, 16)
  if (count > 2) v128.store(out, a2, 32)
  if (count > 3) v128.store(out, a3, 48)
  if (count > 4) v128.store(out, a4, 64)
  if (count > 5) v128.store(out, a5, 80)
  if (count > 6) v128.store(out, a6, 96)
  if (count > 7) v128.store(out, a7, 112)
}

/** Adds value · the numbers at `from` to the row of each entry in `out`. */
// @ts-expect-error: decorator
@inline
function scatter<V, T>(count: i32, indices: usize, values: usize, entries: i32, out: usize, stride: usize, from: usize): void {
  const a0 = v128.load(from)
  const a1 = count > 1 ? v128.load(from, 16) : a0
  const a2 = count > 2 ? v128.load(from, 32) : a0
  const a3 = count > 3 ? v128.load(from, 48) : a0
  const a4 = count > 4 ? v128.load(from, 64) : a0
  const a5 = count > 5 ? v128.load(from, 80) : a0
  const a6 = count > 6 ? v128.load(from, 96) : a0
  const a7 = count > 7 ? v128.load(from, 112) : a0
  const end = indices + (<usize>entries << 2)
  while (indices < end) {
    const s = splat<V, T>(values)
    const to = out + <usize>load<u32>(indices) * stride
    v128.store(to, v128.add<T>(v128.load(to), v128.mul<T>(s, a0)))
    if (count > 1) v128.store(to, v128.add<T>(v128.load(to, 16), v128.mul<T>(s, a1)), 16)
    if (count > 2) v128.store(to, v128.add<T>(v128.load(to, 32), v128.mul<T>(s, a2)), 32)
    if (count > 3) v128.store(to, v128.add<T>(v128.load(to, 48), v128.mul<T>(s, a3)), 48)
    if (count > 4) v128.store(to, v128.add<T>(v128.load(to, 64), v128.mul<T>(s, a4)), 64)
    if (count > 5) v128.store(to, v128.add<T>(v128.load(to, 80), v128.mul<T>(s, a5)), 80)
    if (count > 6) v128.store(to, v128.add<T>(v128.load(to, 96), v128.mul<T>(s, a6)), 96)
    if (count > 7) v128.store(to, v128.add<T>(v128.load(to, 112), v128.mul<T>(s, a7)), 112)
    indices += 4
    values += sizeof<V>()
  }
}

// @ts-expect-error: decorator
@inline
function gatherRows<V, T>(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, weights: usize, stride: usize, out: usize,
): void {
  const vectors: i32 = <i32>(stride >> 4)
  for (let r = 0; r < rows; r++) {
    const begin = load<i32>(begins + (<usize>r << 2))
    const entries = load<i32>(ends + (<usize>r << 2)) - begin
    const from = indices + (<usize>begin << 2)
    const numbers = values + <usize>begin * sizeof<V>()
    for (let v = 0; v < vectors; ) {
      const count = vectorsOf(vectors - v)
      const w = weights + (<usize>v << 4)
      const to = out + (<usize>v << 4)
      if (count == 8) gather<V, T>(8, from, numbers, entries, w, stride, to)
      else if (count == 7) gather<V, T>(7, from, numbers, entries, w, stride, to)
      else if (count == 6) gather<V, T>(6, from, numbers, entries, w, stride, to)
      else if (count == 5) gather<V, T>(5, from, numbers, entries, w, stride, to)
      else if (count == 4) gather<V, T>(4, from, numbers, entries, w, stride, to)
      else if (count == 3) gather<V, T>(3, from, numbers, entries, w, stride, to)
      else if (count == 2) gather<V, T>(2, from, numbers, entries, w, stride, to)
      else gather<V, T>(1, from, numbers, entries, w, stride, to)
      v += count
    }
    out += stride
  }
}

// @ts-expect-error: decorator
@inline
function scatterRows<V, T>(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, from: usize, stride: usize, out: usize,
): void {
  const vectors: i32 = <i32>(stride >> 4)
  for (let r = 0; r < rows; r++) {
    const begin = load<i32>(begins + (<usize>r << 2))
    const entries = load<i32>(ends + (<usize>r << 2)) - begin
    const places = indices + (<usize>begin << 2)
    const numbers = values + <usize>begin * sizeof<V>()
    for (let v = 0; v < vectors; ) {
      const count = vectorsOf(vectors - v)
      const to = out + (<usize>v << 4)
      const c = from + (<usize>v << 4)
      if (count == 8) scatter<V, T>(8, places, numbers, entries, to, stride, c)
      else if (count == 7) scatter<V, T>(7, places, numbers, entries, to, stride, c)
      else if (count == 6) scatter<V, T>(6, places, numbers, entries, to, stride, c)
      else if (count == 5) scatter<V, T>(5, places, numbers, entries, to, stride, c)
      else if (count == 4) scatter<V, T>(4, places, numbers, entries, to, stride, c)
      else if (count == 3) scatter<V, T>(3, places, numbers, entries, to, stride, c)
      else if (count == 2) scatter<V, T>(2, places, numbers, entries, to, stride, c)
      else scatter<V, T>(1, places, numbers, entries, to, stride, c)
      v += count
    }
    from += stride
  }
}

export function gatherRows_f32_f32(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, weights: usize, stride: usize, out: usize,
): void {
  gatherRows<f32, f32>(begins, ends, rows, indices, values, weights, stride, out)
}
export function gatherRows_f32_f64(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, weights: usize, stride: usize, out: usize,
): void {
  gatherRows<f32, f64>(begins, ends, rows, indices, values, weights, stride, out)
}
export function gatherRows_f64_f32(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, weights: usize, stride: usize, out: usize,
): void {
  gatherRows<f64, f32>(begins, ends, rows, indices, values, weights, stride, out)
}
export function gatherRows_f64_f64(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, weights: usize, stride: usize, out: usize,
): void {
  gatherRows<f64, f64>(begins, ends, rows, indices, values, weights, stride, out)
}
export function scatterRows_f32_f32(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, from: usize, stride: usize, out: usize,
): void {
  scatterRows<f32, f32>(begins, ends, rows, indices, values, from, stride, out)
}
export function scatterRows_f32_f64(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, from: usize, stride: usize, out: usize,
): void {
  scatterRows<f32, f64>(begins, ends, rows, indices, values, from, stride, out)
}
export function scatterRows_f64_f32(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, from: usize, stride: usize, out: usize,
): void {
  scatterRows<f64, f32>(begins, ends, rows, indices, values, from, stride, out)
}
export function scatterRows_f64_f64(
  begins: usize, ends: usize, rows: i32, indices: usize, values: usize, from: usize, stride: usize, out: usize,
): void {
  scatterRows<f64, f64>(begins, ends, rows, indices, values, from, stride, out)
}
