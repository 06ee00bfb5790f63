/**
 * How rows, weights and coefficients lie in memory, and the ways there (../../linear-products.ts has the description).
 */

/** How many classes, or rows of coefficients, are taken at once when `left` are left: four, or less so that none stays alone. */
export function groupOf(left: i32): i32 {
  return left == 5 || left == 6 ? 3 : min(4, left)
}

/** The upper two float32 of v, in the lower places. */
// @ts-expect-error: decorator
@inline
export function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)
}

/** Four numbers from one type to another; in float64 the second two of them go to `to` + `next`. */
// @ts-expect-error: decorator
@inline
function convertFour<From, To>(from: usize, to: usize, next: usize): void {
  if (sizeof<From>() == 8) {
    if (sizeof<To>() == 4) {
      const low = f32x4.demote_f64x2_zero(v128.load(from))
      v128.store(to, i64x2.shuffle(low, f32x4.demote_f64x2_zero(v128.load(from, 16)), 0, 2))
      return
    }
    v128.store(to, v128.load(from))
    v128.store(to + next, v128.load(from, 16))
    return
  }
  let v: v128
  if (sizeof<From>() == 1) {
    const integers = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)))
    if (sizeof<To>() == 8) {
      v128.store(to, f64x2.convert_low_i32x4_s(integers))
      v128.store(to + next, f64x2.convert_low_i32x4_s(upper(integers)))
      return
    }
    v = f32x4.convert_i32x4_s(integers)
  } else {
    v = v128.load(from)
    if (sizeof<To>() == 8) {
      v128.store(to, f64x2.promote_low_f32x4(v))
      v128.store(to + next, f64x2.promote_low_f32x4(upper(v)))
      return
    }
  }
  v128.store(to, v)
}

/** One row of `features` numbers, and zeros to the next multiple of four; each vector is `next` bytes after the one before. */
// @ts-expect-error: decorator
@inline
function convertRow<From, To>(from: usize, features: i32, to: usize, next: usize): void {
  const step = sizeof<To>() == 8 ? 2 * next : next
  let j = 4
  for (; j <= features; j += 4) {
    convertFour<From, To>(from, to, next)
    from += 4 * sizeof<From>()
    to += step
  }
  const left = features & 3
  if (left == 0) return
  const lanes: i32 = 16 / sizeof<To>()
  for (let i = 0; i < 4; i++) {
    const value: To = i < left ? <To>load<From>(from + i * sizeof<From>()) : <To>0
    store<To>(to + (i / lanes) * next + (i % lanes) * sizeof<To>(), value)
  }
}

// @ts-expect-error: decorator
@inline
function loadRows<From, To>(from: usize, rows: i32, features: i32, to: usize, stride: usize): void {
  for (let r = 0; r < rows; r++) {
    convertRow<From, To>(from, features, to, 16)
    from += <usize>features * sizeof<From>()
    to += stride
  }
}

export function loadRows_u8_f32(from: usize, rows: i32, features: i32, to: usize, stride: usize): void {
  loadRows<u8, f32>(from, rows, features, to, stride)
}
export function loadRows_f32_f32(from: usize, rows: i32, features: i32, to: usize, stride: usize): void {
  loadRows<f32, f32>(from, rows, features, to, stride)
}
export function loadRows_f64_f32(from: usize, rows: i32, features: i32, to: usize, stride: usize): void {
  loadRows<f64, f32>(from, rows, features, to, stride)
}
export function loadRows_u8_f64(from: usize, rows: i32, features: i32, to: usize, stride: usize): void {
  loadRows<u8, f64>(from, rows, features, to, stride)
}
export function loadRows_f32_f64(from: usize, rows: i32, features: i32, to: usize, stride: usize): void {
  loadRows<f32, f64>(from, rows, features, to, stride)
}
export function loadRows_f64_f64(from: usize, rows: i32, features: i32, to: usize, stride: usize): void {
  loadRows<f64, f64>(from, rows, features, to, stride)
}

// @ts-expect-error: decorator
@inline
function loadPanel<From, To>(from: usize, classes: i32, features: i32, to: usize): void {
  const rowBytes = (<usize>(features + 3) & ~3) * sizeof<To>()
  for (let k = 0; k < classes; ) {
    const count = groupOf(classes - k)
    for (let i = 0; i < count; i++) {
      convertRow<From, To>(from, features, to + (<usize>i << 4), <usize>count << 4)
      from += <usize>features * sizeof<From>()
    }
    to += <usize>count * rowBytes
    k += count
  }
}

export function loadPanel_f32_f32(from: usize, classes: i32, features: i32, to: usize): void {
  loadPanel<f32, f32>(from, classes, features, to)
}
export function loadPanel_f32_f64(from: usize, classes: i32, features: i32, to: usize): void {
  loadPanel<f32, f64>(from, classes, features, to)
}
export function loadPanel_f64_f64(from: usize, classes: i32, features: i32, to: usize): void {
  loadPanel<f64, f64>(from, classes, features, to)
}

// @ts-expect-error: decorator
@inline
function packCoefficients<T>(from: usize, depthStep: usize, countStep: usize, depth: i32, count: i32, to: usize): void {
  for (let k = 0; k < count; ) {
    const group = groupOf(count - k)
    let row = from + <usize>k * countStep
    for (let d = 0; d < depth; d++) {
      for (let i = 0; i < group; i++) {
        store<T>(to, load<T>(row + <usize>i * countStep))
        to += sizeof<T>()
      }
      row += depthStep
    }
    k += group
  }
}

export function packCoefficients_f32(
  from: usize, depthStep: usize, countStep: usize, depth: i32, count: i32, to: usize,
): void {
  packCoefficients<f32>(from, depthStep, countStep, depth, count, to)
}
export function packCoefficients_f64(
  from: usize, depthStep: usize, countStep: usize, depth: i32, count: i32, to: usize,
): void {
  packCoefficients<f64>(from, depthStep, countStep, depth, count, to)
}
