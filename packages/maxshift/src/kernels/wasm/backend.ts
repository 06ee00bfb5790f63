/**
 * The WebAssembly backends, one per mode, for both dtypes. Rows longer than the areas of an arena, more than 2^18 entries, are
 * served by the reference.
 */
import { dispatch } from '../dispatch.ts'
import { referenceKernels } from '../js/reference.ts'
import type { Kernels } from '../kernels.ts'
import { type Arena, LONGEST_ROW } from './arena.ts'
import { doubleKernels } from './double-kernels.ts'
import { wholeKernels } from './whole-kernels.ts'

/** Accurate mode: the bits of the reference, which takes rows that are longer than the areas of an arena. */
export function accurateBackend(base: Arena): Kernels {
  const single = wholeKernels(base, 'wasm, float32', (arena) => arena.accurateSingle)
  const double = doubleKernels(base)
  return dispatch('wasm, accurate', (logits, classes, temperature) =>
    temperature !== 1 || classes > LONGEST_ROW ? referenceKernels : logits instanceof Float32Array ? single : double,
  )
}

/**
 * Up to this many classes, float32 rows are faster four side by side in accurate mode than one by one in fast mode: at 10 classes
 * 5.0 to 7.0 against 6.1 to 9.0 ns per logit, at 32 classes 5.2 against 2.5.
 */
const FEW_CLASSES = 16

/** Fast mode. */
export function fastBackend(base: Arena): Kernels {
  const few = wholeKernels(base, 'wasm, float32', (arena) => arena.accurateSingle)
  const many = wholeKernels(base, 'wasm, float32, fast', (arena) => arena.fastSingle)
  const double = wholeKernels(base, 'wasm, float64, fast', (arena) => arena.fastDouble)
  return dispatch('wasm, fast', (logits, classes, temperature) => {
    if (temperature !== 1 || classes > LONGEST_ROW) return referenceKernels
    if (logits instanceof Float64Array) return double
    return classes <= FEW_CLASSES ? few : many
  })
}
