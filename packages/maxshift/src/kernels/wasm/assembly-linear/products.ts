/**
 * logits = X·Wᵀ + b: the inner products of rows with classes.
 *
 * A block of registers is two rows × four classes with the features in the lanes: eight sums, two vectors of rows, one of weights
 * and a product. Five classes would fit V8's fifteen vector registers too, but V8 up to Node 20 moves all loads of a step before its
 * arithmetic, and then two of the sums wait in memory: half the speed. Every number of classes up to four has a loop of its own,
 * because `count` is a constant where the block is called.
 */
import { groupOf, upper } from './layout'

/** sum += the lanes of v, in float64: (lane 0 + lane 2) + (lane 1 + lane 3), or lane 0 + lane 1. */
// @ts-expect-error: decorator
@inline
function addLanes<T>(v: v128, sum: usize): void {
  const pair = sizeof<T>() == 8 ? v : f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(upper(v)))
  store<f64>(sum, load<f64>(sum) + (f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)))
}

/** Adds the products of two rows with `count` classes over `bytes` of features to their sums. */
// @ts-expect-error: decorator
@inline
function productBlock<T>(count: i32, x: usize, stride: usize, w: usize, bytes: usize, sums: usize, sumsStride: usize): void {
  let a0 = i64x2.splat(0)
  let a1 = a0
  let a2 = a0
  let a3 = a0
  let b0 = a0
  let b1 = a0
  let b2 = a0
  let b3 = a0
  let y = x + stride
  const end = x + bytes
  while (x < end) {
    const xa = v128.load(x)
    const xb = v128.load(y)
    let k = v128.load(w)
    a0 = v128.add<T>(a0, v128.mul<T>(xa, k))
    b0 = v128.add<T>(b0, v128.mul<T>(xb, k))
    if (count > 1) {
      k = v128.load(w, 16)
      a1 = v128.add<T>(a1, v128.mul<T>(xa, k))
      b1 = v128.add<T>(b1, v128.mul<T>(xb, k))
    }
    if (count > 2) {
      k = v128.load(w, 32)
      a2 = v128.add<T>(a2, v128.mul<T>(xa, k))
      b2 = v128.add<T>(b2, v128.mul<T>(xb, k))
    }
    if (count > 3) {
      k = v128.load(w, 48)
      a3 = v128.add<T>(a3, v128.mul<T>(xa, k))
      b3 = v128.add<T>(b3, v128.mul<T>(xb, k))
    }
    x += 16
    y += 16
    w += 16 * count
  }
  const next = sums + sumsStride
  addLanes<T>(a0, sums)
  addLanes<T>(b0, next)
  if (count > 1) {
    addLanes<T>(a1, sums + 8)
    addLanes<T>(b1, next + 8)
  }
  if (count > 2) {
    addLanes<T>(a2, sums + 16)
    addLanes<T>(b2, next + 16)
  }
  if (count > 3) {
    addLanes<T>(a3, sums + 24)
    addLanes<T>(b3, next + 24)
  }
}

/** All rows, two at a time, against the classes of one group. An odd row at the end takes the one behind it along. */
// @ts-expect-error: decorator
@inline
function productRows<T>(
  count: i32, x: usize, rows: i32, stride: usize, w: usize, bytes: usize, sums: usize, sumsStride: usize,
): void {
  for (let r = 0; r < rows; r += 2) {
    productBlock<T>(count, x, stride, w, bytes, sums, sumsStride)
    x += 2 * stride
    sums += 2 * sumsStride
  }
}

// @ts-expect-error: decorator
@inline
function products<T>(
  x: usize, rows: i32, stride: usize, w: usize, bias: usize, classes: i32, features: i32, block: i32, sums: usize, out: usize,
  outStride: usize,
): void {
  const sumsStride = <usize>classes << 3
  for (let r = 0; r < rows; r++) memory.copy(sums + <usize>r * sumsStride, bias, sumsStride)
  const padded = (features + 3) & ~3
  for (let first = 0; first < padded; first += block) {
    const bytes = <usize>min(block, padded - first) * sizeof<T>()
    const from = x + <usize>first * sizeof<T>()
    for (let k = 0; k < classes; ) {
      const count = groupOf(classes - k)
      // A group lies behind the whole groups before it, a block of features behind the blocks before it in its group.
      const panel = w + (<usize>(k * padded) + <usize>(first * count)) * sizeof<T>()
      const to = sums + (<usize>k << 3)
      if (count == 4) productRows<T>(4, from, rows, stride, panel, bytes, to, sumsStride)
      else if (count == 3) productRows<T>(3, from, rows, stride, panel, bytes, to, sumsStride)
      else if (count == 2) productRows<T>(2, from, rows, stride, panel, bytes, to, sumsStride)
      else productRows<T>(1, from, rows, stride, panel, bytes, to, sumsStride)
      k += count
    }
  }
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < classes; k++) {
      store<T>(out + <usize>k * sizeof<T>(), <T>load<f64>(sums))
      sums += 8
    }
    out += outStride
  }
}

export function products_f32(
  x: usize, rows: i32, stride: usize, w: usize, bias: usize, classes: i32, features: i32, block: i32, sums: usize, out: usize,
  outStride: usize,
): void {
  products<f32>(x, rows, stride, w, bias, classes, features, block, sums, out, outStride)
}

export function products_f64(
  x: usize, rows: i32, stride: usize, w: usize, bias: usize, classes: i32, features: i32, block: i32, sums: usize, out: usize,
  outStride: usize,
): void {
  products<f64>(x, rows, stride, w, bias, classes, features, block, sums, out, outStride)
}
