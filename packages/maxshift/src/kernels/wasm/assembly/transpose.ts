/**
 * Four rows of float32 ↔ a tile with one vector per class, the rows in its lanes.
 */

// @ts-expect-error: decorator
@inline
export function lowPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
}

// @ts-expect-error: decorator
@inline
export function highPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
}

// @ts-expect-error: decorator
@inline
export function lowHalves(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
}

// @ts-expect-error: decorator
@inline
export function highHalves(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
}

/** tile[j] = (x[0, j], x[1, j], x[2, j], x[3, j]). */
export function loadTile(x: usize, classes: usize, tile: usize): void {
  const stride = classes << 2
  const end = x + ((classes & ~3) << 2)
  for (; x < end; x += 16) {
    const r0 = v128.load(x)
    const r1 = v128.load(x + stride)
    const r2 = v128.load(x + 2 * stride)
    const r3 = v128.load(x + 3 * stride)
    const a = lowPairs(r0, r1)
    const b = lowPairs(r2, r3)
    const c = highPairs(r0, r1)
    const d = highPairs(r2, r3)
    v128.store(tile, lowHalves(a, b))
    v128.store(tile, highHalves(a, b), 16)
    v128.store(tile, lowHalves(c, d), 32)
    v128.store(tile, highHalves(c, d), 48)
    tile += 64
  }
  for (let left = classes & 3; left > 0; left--) {
    let v = v128.load32_zero(x)
    v = v128.load32_lane(x + stride, v, 1)
    v = v128.load32_lane(x + 2 * stride, v, 2)
    v = v128.load32_lane(x + 3 * stride, v, 3)
    v128.store(tile, v)
    tile += 16
    x += 4
  }
}

/** The way back. */
export function storeTile(tile: usize, classes: usize, out: usize): void {
  const stride = classes << 2
  const end = out + ((classes & ~3) << 2)
  for (; out < end; out += 16) {
    const c0 = v128.load(tile)
    const c1 = v128.load(tile, 16)
    const c2 = v128.load(tile, 32)
    const c3 = v128.load(tile, 48)
    const a = lowPairs(c0, c1)
    const b = lowPairs(c2, c3)
    const c = highPairs(c0, c1)
    const d = highPairs(c2, c3)
    v128.store(out, lowHalves(a, b))
    v128.store(out + stride, highHalves(a, b))
    v128.store(out + 2 * stride, lowHalves(c, d))
    v128.store(out + 3 * stride, highHalves(c, d))
    tile += 64
  }
  for (let left = classes & 3; left > 0; left--) {
    const v = v128.load(tile)
    v128.store32_lane(out, v, 0)
    v128.store32_lane(out + stride, v, 1)
    v128.store32_lane(out + 2 * stride, v, 2)
    v128.store32_lane(out + 3 * stride, v, 3)
    tile += 16
    out += 4
  }
}
