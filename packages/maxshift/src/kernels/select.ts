/**
 * Who serves: the one place where a backend is chosen, per call, from the mode and the size of the work. Losses have a twin of it,
 * select-losses.ts, so that who imports softmax alone does not get theirs.
 */
import { referenceFamily } from './js/reference-family.ts'
import type { FamilyKernels } from './kernels.ts'
import { baseArena } from './wasm/arena.ts'
import { accurateBackend, fastBackend } from './wasm/backend.ts'
import { loadModules } from './wasm/module.ts'

/** 'accurate': every digit, the same bits everywhere. 'fast': the differences x_i − m rounded once, as elsewhere. */
export type Mode = 'accurate' | 'fast'

/**
 * From this many entries on, WebAssembly serves; below, the way there costs more than it saves. Measured on one core, softmax in
 * nanoseconds per call, TypeScript against WebAssembly (accurate, fast):
 *
 * | rows × classes | float32           | float64            |
 * |----------------|-------------------|--------------------|
 * | 1 × 10         | 375 : 440, 424    | 869 : 950, 436     |
 * | 2 × 10         | 815 : 582, 533    | 1751 : 1358, 488   |
 * | 1 × 32         | 1108 : 477, 375   | 3222 : 2043, 878   |
 * | 1 × 256        | 9455 : 1428, 867  | 23387 : 7902, 1945 |
 */
export const SMALLEST = 16

type Backends = Record<Mode, FamilyKernels>
let backends: Backends | undefined

/** Made on first use, so that importing the library compiles nothing. */
function loadBackends(): Backends {
  const arena = baseArena()
  return arena === null
    ? { accurate: referenceFamily, fast: referenceFamily }
    : { accurate: accurateBackend(arena), fast: fastBackend(arena) }
}

/** The kernels of the softmax family for a call over `entries` numbers. Without WebAssembly the reference serves both modes. */
export function selectKernels(entries: number, mode: Mode = 'accurate'): FamilyKernels {
  if (entries < SMALLEST) return referenceFamily
  backends ??= loadBackends()
  return backends[mode]
}

/** What serves large inputs in each mode on this engine. */
export interface Backend {
  accurate: 'wasm-simd' | 'typescript'
  /** Relaxed SIMD fuses multiplications with additions; only its results may differ between machines. */
  fast: 'wasm-relaxed-simd' | 'wasm-simd' | 'typescript'
}

/**
 * Tells which kernels this engine gets. Accurate mode has the same bits with either; fast mode too, except with
 * 'wasm-relaxed-simd'. Small inputs are always computed in plain TypeScript.
 */
export function backend(): Backend {
  const modules = baseArena() === null ? null : loadModules()
  if (modules === null) return { accurate: 'typescript', fast: 'typescript' }
  return { accurate: 'wasm-simd', fast: modules.relaxed === undefined ? 'wasm-simd' : 'wasm-relaxed-simd' }
}
