/**
 * The WebAssembly backends of the softmax family, one per mode, for both dtypes. Rows longer than the areas of an arena, more than 2^18
 * entries, and float64 at temperatures far from 1 are served by the reference.
 */
import { dispatch } from '../dispatch.ts'
import { referenceFamily } from '../js/reference-family.ts'
import type { FamilyKernels } from '../kernels.ts'
import { type Arena, LONGEST_ROW } from './arena.ts'
import { FEW_CLASSES, isFar, isVeryFar } from './limits.ts'
import { wholeKernels } from './whole-kernels.ts'

/**
 * The reference, but float32 log-sum-exps that cancel are computed as float64, as it does, in WebAssembly: 8 instead of 45 ns per logit.
 * Of 2^18 logits that is every row whose maximum and logarithm have opposite signs and are of one size.
 */
function referenceFor32(double: FamilyKernels): FamilyKernels {
  return {
    ...referenceFamily,
    logSumExp(logits, rows, classes, temperature, out) {
      const kernels = isVeryFar(temperature) ? referenceFamily : double
      const sums = new Float64Array(rows)
      kernels.logSumExp(new Float64Array(logits), rows, classes, temperature, sums)
      out.set(sums)
    },
  }
}

const doubleKernels = (base: Arena): FamilyKernels =>
  wholeKernels(base, 'wasm, float64', (arena) => arena.accurateDouble)

/** Accurate mode: the bits of the reference. */
export function accurateBackend(base: Arena): FamilyKernels {
  const double = doubleKernels(base)
  const single = wholeKernels(base, 'wasm, float32', (arena) => arena.accurateSingle, referenceFor32(double))
  return dispatch('wasm, accurate', (logits, classes, temperature) => {
    if (classes > LONGEST_ROW) return referenceFamily
    if (logits instanceof Float32Array) return single
    return isVeryFar(temperature) ? referenceFamily : double
  })
}

/** Fast mode. */
export function fastBackend(base: Arena): FamilyKernels {
  const accurate = accurateBackend(base)
  const others = referenceFor32(doubleKernels(base))
  const single = wholeKernels(base, 'wasm, float32, fast', (arena) => arena.fastSingle, others)
  const double = wholeKernels(base, 'wasm, float64, fast', (arena) => arena.fastDouble)
  return dispatch('wasm, fast', (logits, classes, temperature) => {
    if (classes > LONGEST_ROW || isFar(temperature)) return accurate
    if (logits instanceof Float64Array) return double
    return classes <= FEW_CLASSES ? accurate : single
  })
}
