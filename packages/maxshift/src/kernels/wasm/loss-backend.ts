/**
 * The WebAssembly backends of the losses, one per mode; who serves is decided as in backend.ts. Class weights are computed in accurate
 * mode in either case.
 */
import { dispatchLosses } from '../dispatch.ts'
import { referenceLosses } from '../js/reference-losses.ts'
import type { LossKernels } from '../kernels.ts'
import { type Arena, LONGEST_ROW } from './arena.ts'
import { FEW_CLASSES, isFar, isVeryFar } from './limits.ts'
import { lossesOf } from './loss-module.ts'
import { softLosses, wholeLosses } from './whole-losses.ts'

/** Accurate mode: the bits of the reference. */
export function accurateLossBackend(base: Arena): LossKernels {
  const single = {
    ...wholeLosses(base, (arena) => lossesOf(arena).accurateSingle),
    ...softLosses(base, (arena) => lossesOf(arena).softSingle),
  }
  const double = {
    ...wholeLosses(base, (arena) => lossesOf(arena).accurateDouble, true),
    ...softLosses(base, (arena) => lossesOf(arena).softDouble, true),
  }
  return dispatchLosses('wasm, accurate', (logits, classes, temperature) => {
    if (classes > LONGEST_ROW) return referenceLosses
    if (logits instanceof Float32Array) return single
    return isVeryFar(temperature) ? referenceLosses : double
  })
}

/** Fast mode. */
export function fastLossBackend(base: Arena): LossKernels {
  const accurate = accurateLossBackend(base)
  const single = {
    ...wholeLosses(base, (arena) => lossesOf(arena).fastSingle),
    ...softLosses(base, (arena) => lossesOf(arena).fastSoftSingle),
  }
  const double = {
    ...wholeLosses(base, (arena) => lossesOf(arena).fastDouble),
    ...softLosses(base, (arena) => lossesOf(arena).fastSoftDouble),
  }
  return dispatchLosses('wasm, fast', (logits, classes, temperature) => {
    if (classes > LONGEST_ROW || isFar(temperature)) return accurate
    if (logits instanceof Float64Array) return double
    return classes <= FEW_CLASSES ? accurate : single
  })
}
