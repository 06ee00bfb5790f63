/**
 * log(1 + s) as a double-double, good to 2^−99 relative.
 *
 * One step of Halley's method on expm1(y) = s from the float64 logarithm y₀: y = y₀ + 2 (s − e)/(2 + s + e) with
 * e = expm1(y₀). The step cubes the error of y₀ (2^−53), so what remains is the error of e; s − e is exact in its leading
 * part because both agree to 52 bits.
 */
import { normalize, type Pair } from './double-double.ts'
import { expm1Full } from './exp-full.ts'
import { log1p } from './log.ts'

/** log(1 + hi + lo) into `out`, for 2^−900 < hi < 2^900 (and negative hi > −½). */
export function log1pFull(hi: number, lo: number, out: Pair): void {
  const start = log1p(hi)
  expm1Full(start, 0, out)
  const remainder = hi - out.hi + (lo - out.lo)
  normalize(start, (2 * remainder) / (2 + hi + out.hi), out)
}
