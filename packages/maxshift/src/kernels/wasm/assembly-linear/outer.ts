/**
 * out += Cᵀ·X: the sum over rows of the outer products of a few coefficients per row with the features of that row. The gradient of
 * the weights is that with residuals as coefficients; the gradient of the features has the weights as rows.
 *
 * A block of registers is four coefficients × two vectors of features, for the reason given in products.ts.
 */
import { groupOf, upper } from './layout'

/** Adds the sums of one vector to the entries at `out`, which have the type `A`. */
// @ts-expect-error: decorator
@inline
function addVector<T, A>(v: v128, out: usize): void {
  if (sizeof<T>() == sizeof<A>()) {
    v128.store(out, v128.add<A>(v128.load(out), v))
  } else {
    v128.store(out, f64x2.add(v128.load(out), f64x2.promote_low_f32x4(v)))
    v128.store(out, f64x2.add(v128.load(out, 16), f64x2.promote_low_f32x4(upper(v))), 16)
  }
}

/** Adds the sums of two vectors, or the first `valid` of them. */
// @ts-expect-error: decorator
@inline
function addSums<T, A>(sums: usize, out: usize, valid: i32): void {
  const lanes: i32 = 16 / sizeof<T>()
  if (valid >= 2 * lanes) {
    addVector<T, A>(v128.load(sums), out)
    addVector<T, A>(v128.load(sums, 16), out + lanes * sizeof<A>())
    return
  }
  for (let i = 0; i < valid; i++) {
    const at = out + <usize>i * sizeof<A>()
    store<A>(at, load<A>(at) + <A>load<T>(sums + <usize>i * sizeof<T>()))
  }
}

/** Sums over `depth` rows of `count` coefficients · two vectors of features, added to `count` rows of `out`. */
// @ts-expect-error: decorator
@inline
function outerBlock<T, A>(
  count: i32, x: usize, stride: usize, depth: i32, c: usize, out: usize, outStride: usize, valid: i32, spare: usize,
): void {
  let a0 = i64x2.splat(0)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let b0 = a0
  let b1 = a0
  let b2 = a0
  let b3 = a0
  const end = c + <usize>(depth * count) * sizeof<T>()
  while (c < end) {
    const xa = v128.load(x)
    const xb = v128.load(x, 16)
    let s = v128.load_splat<T>(c)
    a0 = v128.add<T>(a0, v128.mul<T>(xa, s))
    b0 = v128.add<T>(b0, v128.mul<T>(xb, s))
    if (count > 1) {
      s = v128.load_splat<T>(c, sizeof<T>())
      a1 = v128.add<T>(a1, v128.mul<T>(xa, s))
      b1 = v128.add<T>(b1, v128.mul<T>(xb, s))
    }
    if (count > 2) {
      s = v128.load_splat<T>(c, 2 * sizeof<T>())
      a2 = v128.add<T>(a2, v128.mul<T>(xa, s))
      b2 = v128.add<T>(b2, v128.mul<T>(xb, s))
    }
    if (count > 3) {
      s = v128.load_splat<T>(c, 3 * sizeof<T>())
      a3 = v128.add<T>(a3, v128.mul<T>(xa, s))
      b3 = v128.add<T>(b3, v128.mul<T>(xb, s))
    }
    x += stride
    c += <usize>count * sizeof<T>()
  }
  v128.store(spare, a0)
  v128.store(spare, b0, 16)
  if (count > 1) {
    v128.store(spare, a1, 32)
    v128.store(spare, b1, 48)
  }
  if (count > 2) {
    v128.store(spare, a2, 64)
    v128.store(spare, b2, 80)
  }
  if (count > 3) {
    v128.store(spare, a3, 96)
    v128.store(spare, b3, 112)
  }
  for (let i = 0; i < count; i++) {
    addSums<T, A>(spare, out, valid)
    spare += 32
    out += outStride
  }
}

// @ts-expect-error: decorator
@inline
function addOuter<T, A>(
  x: usize, stride: usize, depth: i32, coefficients: usize, count: i32, features: i32, out: usize, spare: usize,
): void {
  const step: i32 = 32 / sizeof<T>()
  const outStride = <usize>features * sizeof<A>()
  for (let j = 0; j < features; j += step) {
    const valid = features - j
    const from = x + <usize>j * sizeof<T>()
    for (let k = 0; k < count; ) {
      const c = coefficients + <usize>(k * depth) * sizeof<T>()
      const to = out + <usize>k * outStride + <usize>j * sizeof<A>()
      const group = groupOf(count - k)
      if (group == 4) outerBlock<T, A>(4, from, stride, depth, c, to, outStride, valid, spare)
      else if (group == 3) outerBlock<T, A>(3, from, stride, depth, c, to, outStride, valid, spare)
      else if (group == 2) outerBlock<T, A>(2, from, stride, depth, c, to, outStride, valid, spare)
      else outerBlock<T, A>(1, from, stride, depth, c, to, outStride, valid, spare)
      k += group
    }
  }
}

export function addOuter_f32_f32(
  x: usize, stride: usize, depth: i32, coefficients: usize, count: i32, features: i32, out: usize, spare: usize,
): void {
  addOuter<f32, f32>(x, stride, depth, coefficients, count, features, out, spare)
}

export function addOuter_f32_f64(
  x: usize, stride: usize, depth: i32, coefficients: usize, count: i32, features: i32, out: usize, spare: usize,
): void {
  addOuter<f32, f64>(x, stride, depth, coefficients, count, features, out, spare)
}

export function addOuter_f64_f64(
  x: usize, stride: usize, depth: i32, coefficients: usize, count: i32, features: i32, out: usize, spare: usize,
): void {
  addOuter<f64, f64>(x, stride, depth, coefficients, count, features, out, spare)
}
