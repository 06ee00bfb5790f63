/**
 * Who serves losses, and the softmax family beside them; see select.ts.
 */
import { referenceKernels } from './js/reference.ts'
import type { Kernels } from './kernels.ts'
import { type Mode, SMALLEST } from './select.ts'
import { baseArena } from './wasm/arena.ts'
import { accurateBackend, fastBackend } from './wasm/backend.ts'
import { accurateLossBackend, fastLossBackend } from './wasm/loss-backend.ts'
import { loadLossModules } from './wasm/loss-module.ts'

type Backends = Record<Mode, Kernels>
let backends: Backends | undefined

/** Made on first use, as for the softmax family. */
function loadBackends(): Backends {
  const arena = baseArena()
  return arena === null || loadLossModules() === null
    ? { accurate: referenceKernels, fast: referenceKernels }
    : {
        accurate: { ...accurateBackend(arena), ...accurateLossBackend(arena) },
        fast: { ...fastBackend(arena), ...fastLossBackend(arena) },
      }
}

/** The kernels for a call over `entries` logits, losses included. Without WebAssembly the reference serves both modes. */
export function selectLossKernels(entries: number, mode: Mode = 'accurate'): Kernels {
  if (entries < SMALLEST) return referenceKernels
  backends ??= loadBackends()
  return backends[mode]
}
